"""The database killed, full, newer, damaged or shared: nothing is lost, and it is said plainly."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import media_files
import pytest
from indexing import png
from running_server import standalone

ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals and mounts")


def ask(server, path, body=None):
    """(status, data) of a JSON request to a server in another process."""
    host = server.url.removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(host, timeout=30)) as connection:
        headers = {"Content-Type": "application/json"}
        data = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, data, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def names(server):
    status, data = ask(server, "/holaf/images/list", {"limit": 5000})
    assert status == 200, data
    return {image["path_canon"] for image in data["images"]}


def until(check, seconds=60, rest=0.05):
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(rest)
    return found


def made(server):
    return ask(server, "/holaf/images/thumbnail-stats")[1]["generated_thumbnails_count"]


def database_of(data_dir):
    (found,) = data_dir.glob("libraries/*/holaf_utilities.sqlite")
    return found


def fill(folder, count):
    for number in range(count):
        (folder / f"sub{number % 5}").mkdir(parents=True, exist_ok=True)
        (folder / f"sub{number % 5}" / f"{number}.png").write_bytes(png(shade=number))


@linux
def test_a_server_killed_during_its_first_index_is_complete_after_the_next_start(tmp_path):
    folder, data = tmp_path / "pictures", tmp_path / "data"
    fill(folder, 3000)
    with standalone(folder, data) as server:

        def some():
            return ask(server, "/holaf/images/list", {"limit": 1})[1]["total_count"]

        assert until(some)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(10)
    with sqlite3.connect(database_of(data)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert 0 < db.execute("SELECT count(*) FROM images").fetchone()[0] <= 3000
    with standalone(folder, data) as server:
        until(lambda: len(names(server)) == 3000)
        until(lambda: ask(server, "/holaf/images/index-status")[1]["state"] == "idle")
        assert server.stop() in (0, -signal.SIGTERM, 130, 143)


def test_two_servers_on_one_folder_and_one_database_agree_and_stop_cleanly(tmp_path):
    folder, data = tmp_path / "pictures", tmp_path / "data"
    fill(folder, 300)
    with contextlib.ExitStack() as stack:
        # Together, so that both make the database: neither may fail.
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            starting = [pool.submit(standalone, folder, data) for _ in range(2)]
        servers = [stack.enter_context(one.result()) for one in starting]
        for server in servers:
            until(lambda server=server: len(names(server)) == 300)
        assert names(servers[0]) == names(servers[1])
        (folder / "new.png").write_bytes(png())
        (folder / "sub1" / "1.png").unlink()
        for server in servers:
            until(lambda server=server: "new.png" in names(server))
            until(lambda server=server: "sub1/1.png" not in names(server))
        assert names(servers[0]) == names(servers[1])
        for server in servers:
            until(lambda server=server: made(server) == 300)
        lines = "".join(servers[0].lines + servers[1].lines)
        assert "Traceback" not in lines, lines
        assert "locked" not in lines, lines
        # The first to end does not take what the other needs.
        assert servers[0].stop() in (0, -signal.SIGTERM, 130, 143)
        (folder / "later.png").write_bytes(png())
        until(lambda: "later.png" in names(servers[1]))
        assert servers[1].stop() in (0, -signal.SIGTERM, 130, 143)
        assert "Traceback" not in "".join(servers[1].lines)


SLOW_STEP = """
import runpy, sys, time
runpy.run_path({main!r})["load_package"]("holaf")
from pathlib import Path
from holaf.holaf_core.sqlite import SqliteFile

def slow(db):
    for number in range(1000):
        db.execute("UPDATE kept SET text = text || 'changed' WHERE id = ?", (number,))
    db.execute("ALTER TABLE kept ADD COLUMN more TEXT NOT NULL DEFAULT 'x'")
    print("half", flush=True)
    time.sleep(60)

SqliteFile(Path({path!r}), ["CREATE TABLE kept (id INTEGER PRIMARY KEY, text)", slow]).open()
"""


@linux
def test_a_server_killed_during_an_upgrade_leaves_the_old_file_and_the_next_one_upgrades_it(
    tmp_path,
):
    from holaf.holaf_core.sqlite import SqliteFile

    path = tmp_path / "x.sqlite"
    first = "CREATE TABLE kept (id INTEGER PRIMARY KEY, text)"
    file = SqliteFile(path, [first])
    rows = [(number, "t" * 2000) for number in range(1000)]
    file.write(lambda db: db.executemany("INSERT INTO kept VALUES (?, ?)", rows))
    file.close()
    program = SLOW_STEP.format(main=str(ROOT / "__main__.py"), path=str(path))
    command = [sys.executable, "-B", "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"half\n"
        process.kill()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("PRAGMA user_version").fetchone()[0] == 1
        assert db.execute("SELECT * FROM kept").fetchall() == rows
    file = SqliteFile(path, [first, "ALTER TABLE kept ADD COLUMN more TEXT"])
    with file.read() as db:
        assert db.execute("SELECT count(*) FROM kept WHERE more IS NULL").fetchone()[0] == 1000
    file.close()


def store_rows(host, count):
    """A database of the pack with rows in it; its path."""
    from holaf.holaf_database import ImageDatabase
    from library_rows import indexed_file

    database = ImageDatabase(host.data_dir / "holaf_utilities.sqlite")
    database.store([indexed_file(number) for number in range(count)])
    database.close()
    return database.path


@pytest.fixture
def newer_database(host):
    """As a newer version has left it."""
    path = store_rows(host, 5)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 999")
        db.execute("ALTER TABLE images ADD COLUMN of_a_newer_version TEXT")
        db.commit()
    return path


async def test_a_database_of_a_newer_version_is_served_and_the_status_says_why_nothing_changes(
    newer_database, pack, client
):
    before = newer_database.read_bytes()

    async def status():
        return await (await client.get("/holaf/images/index-status")).json()

    deadline = time.monotonic() + 30
    while (await status())["state"] != "error":
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    message = (await status())["message"]
    assert "newer version" in message
    assert "Update the pack" in message
    data = await (await client.post("/holaf/images/list", json={})).json()
    assert len(data["images"]) == 5
    options = await client.get("/holaf/images/filter-options")
    assert options.status == 200
    stats = await client.get("/holaf/images/thumbnail-stats")
    assert stats.status == 200
    refused = await client.post("/holaf/images/maintenance/sync-database", json={})
    assert refused.status == 503
    assert "newer version" in (await refused.json())["error"]
    one = data["images"][0]["id"]
    refused = await client.post("/holaf/images/regenerate-thumbnail", json={"id": one})
    assert refused.status == 503
    assert newer_database.read_bytes() == before


async def test_a_data_folder_that_cannot_be_made_is_said_and_the_gallery_comes_when_it_can(
    folder, tmp_path, aiohttp_client
):
    from aiohttp import web
    from holaf.holaf_app import Pack
    from holaf.holaf_core.host import Host

    (tmp_path / "full").write_text("a file where a folder should be")
    pack = Pack(Host("standalone", folder, tmp_path / "full" / "data", tmp_path / "private"))
    app = web.Application()
    app.add_routes(pack.route_defs())
    client = await aiohttp_client(app)
    for method, path in (("POST", "list"), ("POST", "view"), ("GET", "filter-options"),
                         ("GET", "full?id=1"), ("GET", "thumbnail?id=1")):  # fmt: skip
        body = {} if method == "POST" else None
        response = await client.request(method, f"/holaf/images/{path}", json=body)
        assert response.status == 503, path
        assert str(tmp_path / "full") in (await response.json())["error"]
    (tmp_path / "full").unlink()
    assert (await client.post("/holaf/images/list", json={})).status == 200
    await asyncio.to_thread(pack.stop)


@pytest.fixture(params=[0, 8192], ids=["no database at all", "damaged in the middle"])
def damaged_database(request, host):
    path = store_rows(host, 2000)
    content = path.read_bytes()
    path.write_bytes(content[: request.param].ljust(len(content), b"\xa5"))
    return path


async def test_a_damaged_database_is_said_and_left_alone(damaged_database, client):
    content = damaged_database.read_bytes()
    for path in ("list", "view"):
        response = await client.post(f"/holaf/images/{path}", json={})
        assert response.status == 503, path
        error = (await response.json())["error"]
        assert str(damaged_database) in error
        assert "damaged" in error

    async def status():
        return await (await client.get("/holaf/images/index-status")).json()

    deadline = time.monotonic() + 30
    while (await status())["state"] != "error":
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    assert "damaged" in (await status())["message"]
    assert damaged_database.read_bytes() == content


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 3 MB, for the data."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError:
        done = None
    if done is None or done.returncode:
        pytest.skip("mounting needs root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], capture_output=True, check=False)


@linux
def test_on_a_full_disk_the_state_says_what_to_do_and_it_goes_on_by_itself(tmp_path, small_disk):
    folder = tmp_path / "pictures"
    fill(folder, 200)
    with standalone(folder, small_disk / "data") as server:
        until(lambda: ask(server, "/holaf/images/index-status")[1]["state"] == "idle")
        before = names(server)
        assert len(before) == 200
        with contextlib.suppress(OSError), (small_disk / "hog").open("wb", buffering=0) as hog:
            while hog.write(b"x" * 4096):
                pass
        texts = [media_files.text_chunk("parameters", f"{n} {'word ' * 3000}\nSteps: 20")
                 for n in range(200)]  # fmt: skip
        for number, text in enumerate(texts):
            (folder / f"more_{number}.png").write_bytes(media_files.png(text))
        status = until(
            lambda: (
                (found := ask(server, "/holaf/images/index-status")[1])["state"] == "error"
                and found
            )
        )
        assert "free some space" in status["message"].lower()
        # What was there is still shown.
        assert before <= names(server)
        assert ask(server, "/holaf/auth/status")[0] == 200
        subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
        (small_disk / "hog").unlink()
        until(lambda: len(names(server)) == 400)
        until(lambda: ask(server, "/holaf/images/index-status")[1]["state"] == "idle")
        assert ask(server, "/holaf/images/index-status")[1]["message"] == ""
    with contextlib.closing(sqlite3.connect(database_of(small_disk / "data"))) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_folder_of_100000_files_is_listed_whole_while_it_is_asked_for(tmp_path):
    folder = tmp_path / "pictures" / "all"
    folder.mkdir(parents=True)
    for half in range(2):  # ext4 takes 65,000 links to one file
        first = folder / f"{half}_00000.png"
        first.write_bytes(png(shade=half))
        os.utime(first, (1_700_000_000,) * 2)
        for number in range(1, 50_000):
            os.link(first, folder / f"{half}_{number:05}.png")
    with standalone(folder.parent, tmp_path / "data") as server:
        counts = []

        def complete():
            status, data = ask(server, "/holaf/images/list", {"limit": 1})
            assert status == 200
            counts.append(data["total_count"])
            return data["total_count"] == 100_000

        until(complete, 300, rest=0.5)
        assert len(set(counts)) > 2, "the first ones are listed while the rest is read"
        query = {"offset": 99_990, "limit": 10**9, "sort": "name_asc"}
        _, data = ask(server, "/holaf/images/list", query)
        assert [row["filename"] for row in data["images"]][-1] == "1_49999.png"
        _, data = ask(server, "/holaf/images/list", {"limit": 10**9})
        assert len(data["images"]) == 5000
