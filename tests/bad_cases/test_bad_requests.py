"""Clients that forge, flood or never finish: refused in words, and everybody else is served."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re

import media_files
import pytest
from library_rows import indexed_file


@pytest.fixture
def rows(pack):
    async def fill(count, **changes):
        files = [indexed_file(number, **changes) for number in range(count)]
        return (await asyncio.to_thread(pack.images.store, files)).added_ids

    return fill


async def post(client, path, data, **how):
    response = await client.post("/holaf/images/" + path, json=data, **how)
    return response.status, await response.json()


def path_of(route):
    return re.sub(r"\{[^}]*\}", "1", route.path)


async def test_a_foreign_host_gets_neither_pages_nor_data_and_reads_which_line_to_add(client, pack):
    for route in pack.routes():
        headers = {"Host": "evil.test", "Origin": "http://evil.test"}
        how = {"json": {}} if route.method == "POST" else {}
        answer = await client.request(route.method, path_of(route), headers=headers, **how)
        assert answer.status == 421, route.path
        assert "allowed_hosts = evil.test" in (await answer.json())["add_line"]


async def test_no_answer_lets_another_origin_read_it(client, pack, indexed):
    row = await indexed("a.png")
    for route in pack.routes():
        if route.method == "GET" and not route.socket:
            for origin in ("null", "http://evil.test"):
                answer = await client.get(path_of(route), headers={"Origin": origin})
                assert "Access-Control-Allow-Origin" not in answer.headers, route.path
    answer = await client.get(f"/holaf/images/full?id={row['id']}", headers={"Origin": "null"})
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_every_answer_says_what_it_is_and_is_not_guessed_at(client, pack, indexed):
    row = await indexed("a.png")
    view = (await post(client, "view", {}))[1]["view"]
    paths = [
        path_of(route) for route in pack.routes() if route.method == "GET" and not route.socket
    ]
    paths += [f"/holaf/images/{one}?id={row['id']}" for one in ("full", "metadata", "thumbnail")]
    paths += [f"/holaf/images/view/{view}/layout", f"/holaf/images/thumb/{row['thumb_hash']}"]
    paths += ["/holaf/js/main.js", "/holaf/view"]
    for path in paths:
        answer = await client.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["Content-Type"], path


async def test_a_page_in_the_output_folder_is_never_served(folder, client, indexed):
    await indexed("a.png")
    pages = ["x.html", "x.svg", "x.js", "x.htm", "x.xml", "x.pdf", "x.png.html"]
    for name in pages:
        (folder / name).write_text("<html><script>alert(1)</script>")
    (folder / "last.png").write_bytes(media_files.png())
    await indexed("last.png")
    for name in pages:
        for path in ("full", "metadata", "thumbnail"):
            answer = await client.get(f"/holaf/images/{path}", params={"path_canon": name})
            assert answer.status == 404, (path, name)


async def test_markup_with_the_name_of_a_picture_is_a_download_that_no_browser_runs(
    folder, client, indexed
):
    starts = (b"<html>", b"\xef\xbb\xbf<svg onload=alert(1)>", b" \n\t<script>", b"<?xml ?><svg/>",
              b"<!-- --><body>", b"GIF89a<script>alert(1)</script>")  # fmt: skip
    for number, start in enumerate(starts):
        made = folder.parent / "made.gif"
        made.write_bytes(start + b"x" * 500)
        os.utime(made, (1_700_000_000,) * 2)  # nobody is still writing it
        made.rename(folder / f"{number}.gif")
        row = await indexed(f"{number}.gif")
        answer = await client.get(f"/holaf/images/full?id={row['id']}")
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
        if not start.startswith(b"GIF"):
            assert answer.headers["Content-Type"] == "application/octet-stream", start
            assert answer.headers["Content-Disposition"].startswith("attachment"), start
        else:
            assert answer.headers["Content-Type"] == "image/gif"


@pytest.mark.parametrize(
    "path",
    ["../pack.txt", ".?./pack.txt", "..%2fpack.txt", "%2e%2e/pack.txt", "....//pack.txt",
     "core/../../README.md", "..\\README.md", "/etc/passwd", "//etc/passwd", "core", "."],
)  # fmt: skip
async def test_no_path_leads_out_of_the_scripts_folder(client, path):
    from yarl import URL

    answer = await client.get(URL(f"/holaf/js/{path}".replace("?", "%3F"), encoded=True))
    assert answer.status == 404


async def test_a_client_with_many_sockets_that_say_nothing_keeps_nobody_waiting(quiet_client, rows):
    await rows(100)
    async with contextlib.AsyncExitStack() as stack:
        for number in range(400):
            _, writer = await asyncio.open_connection("127.0.0.1", quiet_client.port)
            stack.callback(writer.close)
            if number % 2:
                writer.write(
                    b"POST /holaf/images/list HTTP/1.1\r\nHost: localhost\r\n"
                    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
                )
        for _ in range(5):
            status, data = await asyncio.wait_for(post(quiet_client, "list", {}), 20)
            assert (status, data["total_count"]) == (200, 100)


async def test_200_clients_at_once_get_pictures_thumbnails_rows_and_metadata(client, indexed):
    rows = [await indexed("a.png"), await indexed("sub/b.png")]

    async def one(number):
        row = rows[number % 2]["id"]
        statuses = []
        for path in (f"full?id={row}", f"thumbnail?id={row}", f"metadata?id={row}"):
            answer = await client.get("/holaf/images/" + path)
            await answer.read()
            statuses.append(answer.status)
        statuses.append((await post(client, "list", {"limit": number}))[0])
        return statuses

    # Two requests for thumbnails once locked the server for good.
    answers = await asyncio.wait_for(asyncio.gather(*(one(number) for number in range(200))), 120)
    for full, thumbnail, metadata, listed in answers:
        assert (full, metadata, listed) == (200, 200, 200)
        assert thumbnail in (200, 202)


async def test_many_different_views_do_not_fill_the_memory(quiet_client, rows, pack):
    await rows(3000)
    for number in range(300):
        status, _ = await post(quiet_client, "view", {"search": f"-nothing{number}"})
        assert status == 200
    assert len(pack.engine._views) <= 32


async def test_a_search_of_thousands_of_words_is_refused_with_its_limit(quiet_client, rows):
    await rows(10)
    for name in ("search", "filename_search", "prompt_search", "workflow_search"):
        words = " ".join(f"w{number}" for number in range(1000))
        status, data = await post(quiet_client, "list", {name: words})
        assert (status, data["field"]) == (400, name)
        assert "words" in data["error"]
    # The same word again and again is one word.
    assert (await post(quiet_client, "list", {"search": "fox " * 2000}))[0] == 200


async def test_wishes_of_many_clients_are_bounded(quiet_client, rows, pack):
    ids = await rows(2000)
    for number in range(150):
        body = {"client": f"tab {number}", "ids": ids}
        assert (await post(quiet_client, "prioritize-thumbnails", body))[0] == 200
    assert len(pack.thumbnails._choice._wishes._clients) <= 64


async def test_neither_settings_nor_anything_else_tells_a_secret(client, pack):
    accounts = pack.accounts
    code = accounts.setup_code
    await asyncio.to_thread(accounts.passwords.replace, "correct horse battery", first=True)
    assert code is not None
    private = b"".join(
        path.read_bytes() for path in pack.host.system_dir.rglob("*") if path.is_file()
    )
    hashes = [one for one in re.findall(rb"scrypt[^\0\"'\n]{40,200}|\$argon2[^\0\"'\n]+", private)]
    assert hashes, "the hash of the password is somewhere in there"
    for route in pack.routes():
        if route.method == "GET" and not route.socket:
            data = await (await client.get(path_of(route))).read()
            for secret in hashes:
                assert secret[:40] not in data, route.path
    for name in (
        "security.ini",
        "private/security.ini",
        "../private/security.ini",
        "settings.json",
    ):
        for path in ("full", "metadata", "thumbnail"):
            answer = await client.get(f"/holaf/images/{path}", params={"path_canon": name})
            assert answer.status == 404
