"""Files below one folder, and bodies that can be read without holding the server up."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from aiohttp import web
from holaf.holaf_core import json
from holaf.holaf_core.errors import NotFound
from holaf.holaf_core.file_response import FileAnswer
from holaf.holaf_core.http import LARGEST_BODY, Routes, Tier, bind, body, file_inside, leaves


class Open:
    async def admit(self, request, route):
        pass


@pytest.fixture
async def client(aiohttp_client, tmp_path):
    routes = Routes("/t")

    @routes.post("/body", Tier.VIEW)
    async def sent(request):
        return {"members": len(await body(request))}

    (tmp_path / "page.html").write_text('<p data-server="">page</p>')
    routes.page("/page", tmp_path / "page.html", server="comfyui")
    app = web.Application()
    app.add_routes([bind(route, Open()) for route in routes])
    return await aiohttp_client(app)


@pytest.mark.parametrize(
    "relative", ["//host/share/x", r"\\host\share\x", r"\\?\UNC\host\share", "C:/x", "C:x", "/x"]
)
def test_a_path_to_elsewhere_is_not_even_looked_for_on_windows(relative):
    assert leaves(relative, PureWindowsPath)


@pytest.mark.parametrize("flavour", [PurePosixPath, PureWindowsPath])
def test_a_path_below_the_folder_is_looked_for_everywhere(flavour):
    assert not leaves("ui/panel.js", flavour)
    assert leaves("/etc/passwd", flavour)


@pytest.mark.parametrize(
    "relative", ["/etc/passwd", "../x", "a/../../x", "link/x", "\0", "a" * 5000]
)
def test_what_lies_outside_the_folder_does_not_exist(tmp_path, relative):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(NotFound):
        file_inside(folder, relative)


async def test_a_swarm_of_arrays_is_refused_before_it_is_read(client):
    kind = {"Content-Type": "application/json"}
    swarm = b'{"a":[' + b"[]," * json.MOST_PARTS + b"[]]}"
    assert len(swarm) < LARGEST_BODY
    answer = await client.post("/t/body", data=swarm, headers=kind)
    assert (answer.status, "objects and arrays" in (await answer.json())["error"]) == (400, True)
    numbers = b'{"ids":[' + b"1234567," * 100_000 + b"1]}"
    assert (await client.post("/t/body", data=numbers, headers=kind)).status == 200


async def test_a_page_is_html_whatever_this_machine_thinks_of_its_name(client, monkeypatch):
    monkeypatch.setattr(
        "aiohttp.web_fileresponse.CONTENT_TYPES.guess_type", lambda name: ("x/y", None)
    )
    answer = await client.get("/t/page")
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_a_page_knows_which_kind_of_server_it_comes_from(client):
    assert await (await client.get("/t/page")).text() == '<p data-server="comfyui">page</p>'


async def test_a_file_that_vanishes_before_it_is_opened_is_not_there(aiohttp_client, monkeypatch):
    async def too_late(self, request):
        raise FileNotFoundError

    async def picture(request):
        return FileAnswer("picture.png", headers={"Cache-Control": "immutable"})

    app = web.Application()
    app.router.add_get("/", picture)
    client = await aiohttp_client(app)
    monkeypatch.setattr(web.FileResponse, "prepare", too_late)
    answer = await client.get("/")
    assert (answer.status, answer.headers["Cache-Control"]) == (404, "no-store")
    assert await answer.read() == b""
