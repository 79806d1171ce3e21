"""The pack inside ComfyUI, as far as a stand-in with ComfyUI's own loader behaviour can show it."""

import shutil
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from comfy_stub import ComfyStub
from yarl import URL

ROOT = Path(__file__).resolve().parents[1]
NOT_INSTALLED = shutil.ignore_patterns(".*", "tests", "bench", "node_modules", "__pycache__")


@pytest.fixture
def installed(tmp_path):
    """Copies the pack below custom_nodes under a name."""

    def install(name="ComfyUI-Holaf-Utilities"):
        target = tmp_path / "custom_nodes" / name
        shutil.copytree(ROOT, target, ignore=NOT_INSTALLED)
        return target

    return install


@pytest.fixture
def comfy(monkeypatch, tmp_path, folder):
    comfy = ComfyStub(monkeypatch, tmp_path)
    yield comfy
    comfy.exit()


def files_below(folder):
    return {
        path.relative_to(folder) for path in folder.rglob("*") if "__pycache__" not in str(path)
    }


@pytest.mark.parametrize("name", ["holaf", "ComfyUI-Holaf-Utilities", "holaf.v1.2 (copy)", "é 漢"])
async def test_comfyui_loads_the_pack_whatever_its_folder_is_called(
    comfy, installed, aiohttp_client, name
):
    module = comfy.load(installed(name))

    assert module.NODE_CLASS_MAPPINGS is not None
    web_folder = Path(module.__file__).parent / module.WEB_DIRECTORY
    assert [file.name for file in web_folder.rglob("*.js")] == ["holaf.js"]
    client = await aiohttp_client(comfy.application())
    for prefix in ("", "/api"):
        response = await client.post(prefix + "/holaf/images/list", json={})
        assert response.status == 200
        assert "total_count" in await response.json()
        assert (await client.get(prefix + "/holaf/js/main.js")).status == 200
        assert (await client.get(prefix + "/holaf/view")).status == 200
    response = await client.get(URL(f"/extensions/{quote(name)}/holaf.js", encoded=True))
    assert response.status == 200
    assert "registerExtension" in await response.text()


def test_importing_the_pack_starts_no_thread_and_writes_nothing_into_its_folder(comfy, installed):
    folder = installed()
    before = files_below(folder)
    threads = set(threading.enumerate())
    comfy.load(folder)
    assert set(threading.enumerate()) <= threads  # one of another test may end meanwhile
    assert files_below(folder) == before


async def test_running_the_pack_writes_only_into_comfyuis_user_folder(
    comfy, installed, aiohttp_client, tmp_path
):
    folder = installed()
    before = files_below(folder), files_below(tmp_path / "output")
    comfy.load(folder)
    client = await aiohttp_client(comfy.application())
    assert (await client.post("/holaf/images/list", json={})).status == 200
    assert (files_below(folder), files_below(tmp_path / "output")) == before
    assert (
        tmp_path / "user" / "default" / "ComfyUI-Holaf-Utilities" / "holaf_utilities.sqlite"
    ).is_file()
    assert (tmp_path / "user" / "__holaf").is_dir()


async def test_secrets_go_where_comfyui_reserves_a_folder_for_them(
    comfy, installed, aiohttp_client, tmp_path
):
    comfy.reserve_system_folders(tmp_path / "protected")
    comfy.load(installed())
    await aiohttp_client(comfy.application())
    assert (tmp_path / "protected" / "__holaf").is_dir()
    assert not (tmp_path / "user" / "__holaf").exists()


async def test_other_packs_routes_are_left_alone(comfy, installed, aiohttp_client):
    from aiohttp import web

    @comfy.server.routes.post("/other/pack")
    async def other(request):
        return web.json_response({"host": request.headers["Host"]})

    comfy.load(installed())
    client = await aiohttp_client(comfy.application())
    evil = {"Host": "evil.test", "Origin": "http://evil.test"}
    assert (await client.post("/other/pack", headers=evil)).status == 200
    assert (await client.post("/holaf/images/list", json={}, headers=evil)).status == 421


async def test_a_prompt_that_runs_is_noticed(comfy, installed):
    from types import SimpleNamespace

    module = comfy.load(installed())
    host = module.holaf_comfy.host_of(comfy.server)
    assert host.is_running() is False, "ComfyUI has no queue yet while it loads packs"
    comfy.server.prompt_queue = SimpleNamespace(currently_running={})
    assert host.is_running() is False
    comfy.server.prompt_queue.currently_running = {1: "prompt"}
    assert host.is_running() is True


async def test_stopping_twice_is_harmless(comfy, installed, aiohttp_client):
    # Other tests of this process may have left theirs.
    before = set(threading.enumerate())
    comfy.load(installed())
    client = await aiohttp_client(comfy.application())
    # The thread that works passwords out begins with the first of them.
    answer = await client.post("/holaf/auth/login", json={"password": "wrong"})
    assert answer.status in (400, 401, 403, 409), await answer.text()
    comfy.exit()
    comfy.exit()
    ours = [one for one in set(threading.enumerate()) - before if one.name.startswith("holaf")]
    assert [one.name for one in ours] == []
