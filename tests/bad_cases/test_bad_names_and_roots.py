"""Names that are hard to write, folders that are missing, huge, empty, looped or not ours."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time

import media_files
import pytest

NAMES = (
    b"100%.png", b"%41.png", b"%FF.png", b"a%00b.png", b"it's.png", b'say "x".png', b"a\nb.png",
    b"a\tb.png", b" leading.png", b"two  spaces.png", "😀👍🏽.png".encode(), "été.png".encode(),
    "été.png".encode(), b"caf\xe9.png", b"\xff\xfe.png", b"\xed\xa0\x80.png", b"input:a.png",
    b"12:30.png", b"a\\b.png", b"a?b#c&d=e+f;g.png", b"<b>x.png", b"*.png", b"con.png", b"-rf.png",
    b"[a-z]_%_.png", b"x" * 251 + b".png", b"~.png", b"$HOME`id`.png", "ﬁ‮gnp.png".encode(),
    b"a\rb\x7f\x1b[31m.png",
)  # fmt: skip


async def listed(client, count, **query):
    """The list, once it has that many files."""
    deadline = time.monotonic() + 60
    while True:
        response = await client.post("/holaf/images/list", json={"limit": 5000, **query})
        data = await response.json()
        assert response.status == 200
        if data["filtered_count"] == count:
            return data["images"]
        assert time.monotonic() < deadline, (count, data["filtered_count"])
        await asyncio.sleep(0.05)


async def eventually(check, seconds=30):
    deadline = time.monotonic() + seconds
    while not (found := await check()):
        assert time.monotonic() < deadline, check
        await asyncio.sleep(0.05)
    return found


async def index_status(client):
    return await (await client.get("/holaf/images/index-status")).json()


@pytest.fixture
def odd_names(folder):
    """{path as bytes: content}; no two contents are the same, so that a mix-up shows."""
    shutil.rmtree(folder)
    contents = {}
    for directory in (b".", "50% 'off'\n😀".encode(), b"d\xff"):
        (folder / os.fsdecode(directory)).mkdir()
        for name in NAMES:
            path = folder / os.fsdecode(directory) / os.fsdecode(name)
            path.write_bytes(media_files.png(side=8) + bytes(len(contents)))
            os.utime(path, (1_700_000_000 + len(contents),) * 2)
            contents[os.fsencode(path)] = path.read_bytes()
    return contents


async def test_every_name_is_listed_and_served_by_id_and_by_path(odd_names, client):
    rows = await listed(client, len(odd_names))
    assert len({row["path_canon"] for row in rows}) == len(odd_names)
    seen = []
    for row in rows:
        by_path = {"path_canon": row["path_canon"]}
        for query in ({"id": row["id"]}, by_path):
            response = await client.get("/holaf/images/full", params=query)
            assert response.status == 200, row["path_canon"]
            data = await response.read()
            assert len(data) == row["size_bytes"]
            assert "\n" not in response.headers["Content-Disposition"]
        seen.append(data)
        response = await client.get("/holaf/images/metadata", params=by_path)
        assert response.status == 200
        assert (await response.json())["width"] == 8
    assert sorted(seen) == sorted(odd_names.values())

    async def all_made():
        statuses = [
            (
                await client.get(
                    "/holaf/images/thumbnail", params={"path_canon": row["path_canon"]}
                )
            ).status
            for row in rows
        ]
        assert set(statuses) <= {200, 202}
        return set(statuses) == {200}

    await eventually(all_made, 60)


async def test_a_new_file_with_the_longest_name_that_there_is_appears(folder, client, indexed):
    await indexed("a.png")
    for name in ("é" * 125 + "x.png", "y" * 251 + ".png"):
        (folder / name).write_bytes(media_files.png())
        await indexed(name)


async def test_sidecars_that_are_pipes_or_lead_out_of_the_folder_are_not_read(
    folder, client, indexed
):
    await indexed("a.png")
    secret = folder.parent / "secret.txt"
    secret.write_text("the secret")
    for ending in (".txt", ".json", ".xmp"):
        os.mkfifo(folder / ("pipe.png" + ending))
        (folder / ("link.png" + ending)).symlink_to(secret)
        (folder / ("loop.png" + ending)).symlink_to(folder / ("loop.png" + ending))
        (folder / ("folder.png" + ending)).mkdir()
    for name in ("pipe.png", "link.png", "loop.png", "folder.png"):
        (folder / name).write_bytes(media_files.png())
        row = await indexed(name)
        data = await (await client.get(f"/holaf/images/metadata?id={row['id']}")).json()
        assert (data["prompt"], data["workflow"], data["tags"]) == (None, None, []), name
        assert not row["has_prompt"]


async def test_folders_of_odd_names_can_be_chosen_as_they_are_offered(odd_names, client):
    await listed(client, len(odd_names))
    options = await (await client.get("/holaf/images/filter-options")).json()
    assert len(options["subfolders"]) == 3
    for folder in options["subfolders"]:
        await listed(client, folder["count"], folder_filters=[folder["path"]])


async def test_links_out_of_the_root_and_loops_are_neither_listed_nor_served(folder, client):
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(media_files.png())
    (folder / "out").symlink_to(outside)
    (folder / "up").symlink_to(folder.parent)
    (folder / "loop").symlink_to(folder)
    (folder / "sub" / "loop").symlink_to(folder / "sub")
    (folder / "self").symlink_to(folder / "self")
    (folder / "secret.png").symlink_to(outside / "secret.png")
    (folder / "self.png").symlink_to(folder / "self.png")
    (folder / "dangling.png").symlink_to(folder / "nothing.png")
    (folder / "passwd.png").symlink_to("/etc/passwd")
    (folder / "last.png").write_bytes(media_files.png())
    # The last one is there: so whatever else is to be found was found.
    rows = await eventually(lambda: paths_with(client, "last.png"))
    assert rows == {"a.png", "sub/b.png", "last.png"}
    for path in ("out/secret.png", "up/outside/secret.png", "secret.png", "self.png", "loop/a.png",
                 "passwd.png", "dangling.png", "sub/loop/b.png"):  # fmt: skip
        for route in ("full", "metadata", "thumbnail"):
            response = await client.get(f"/holaf/images/{route}", params={"path_canon": path})
            assert response.status == 404, (route, path)


async def paths_with(client, wanted):
    response = await client.post("/holaf/images/list", json={})
    found = {row["path_canon"] for row in (await response.json())["images"]}
    return found if wanted in found else None


@pytest.fixture
def no_folder(folder):
    shutil.rmtree(folder)
    return folder


async def root_of(client):
    return (await index_status(client))["roots"][0]


async def test_a_folder_that_is_missing_from_the_start_is_said_and_found_when_it_comes(
    no_folder, client
):
    async def said():
        return not (await root_of(client))["reachable"]

    await eventually(said)
    assert "missing" in (await root_of(client))["message"]
    await listed(client, 0)
    no_folder.mkdir()
    (no_folder / "new.png").write_bytes(media_files.png())
    await listed(client, 1)
    root = await root_of(client)
    assert (root["reachable"], root["message"]) == (True, "")


async def test_a_folder_that_goes_away_keeps_its_rows_tags_and_thumbnails(
    folder, client, pack, indexed
):
    row = await indexed("a.png")
    await indexed("sub/b.png")
    await asyncio.to_thread(pack.images.set_tags, row["id"], ["kept"])
    folder.rename(folder.parent / "elsewhere")

    async def said():
        return not (await root_of(client))["reachable"]

    async def offered():
        options = await (await client.get("/holaf/images/filter-options")).json()
        return options["roots"][0]["reachable"] is False and options["roots"][0]["message"]

    await eventually(said)
    # The database has it a moment after the status.
    assert "missing" in await eventually(offered)
    assert len(await listed(client, 2)) == 2
    for route in ("full", "metadata"):
        response = await client.get(f"/holaf/images/{route}?id={row['id']}")
        assert response.status == 404
        assert (await response.json())["error"]
    # An empty folder in its place, as an unmounted drive leaves it.
    folder.mkdir()

    async def empty():
        return "is empty" in (await root_of(client))["message"]

    await eventually(empty)
    await listed(client, 2)
    folder.rmdir()
    (folder.parent / "elsewhere").rename(folder)

    async def back():
        root = await root_of(client)
        return root["reachable"] and not root["message"]

    await eventually(back)
    assert (await asyncio.to_thread(pack.images.image_tags, row["id"])) == ["kept"]
    assert (await client.get(f"/holaf/images/full?id={row['id']}")).status == 200


@pytest.fixture
def mounted(folder):
    """A real file system on the folder: what a USB drive or a share is."""
    shutil.rmtree(folder)
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError:
        done = None
    if done is None or done.returncode:
        pytest.skip("mounting needs root")
    (folder / "a.png").write_bytes(media_files.png())
    yield folder
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


async def test_an_unmounted_drive_deletes_nothing_and_comes_back(mounted, client, indexed):
    row = await indexed("a.png")
    subprocess.run(["umount", "-l", str(mounted)], check=True)

    async def said():
        return not (await root_of(client))["reachable"]

    await eventually(said)
    message = (await root_of(client))["message"]
    assert "Nothing was removed" in message or "is kept" in message
    # A ComfyUI that goes on saving where the drive should be.
    (mounted / "meanwhile.png").write_bytes(media_files.png())
    await listed(client, 2)
    assert (await client.get(f"/holaf/images/full?id={row['id']}")).status == 404
    again = ["mount", "-t", "tmpfs", "tmpfs", str(mounted)]
    subprocess.run(again, check=True)
    (mounted / "a.png").write_bytes(media_files.png())

    async def back():
        return (await client.get("/holaf/images/full?path_canon=a.png")).status == 200

    await eventually(back)


async def test_a_drive_mounted_read_only_is_listed_and_its_thumbnails_are_made(mounted, client):
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    (row,) = await listed(client, 1)
    with pytest.raises(OSError, match="Read-only"):
        (mounted / "x").write_bytes(b"")

    async def made():
        return (await client.get(f"/holaf/images/thumbnail?id={row['id']}")).status == 200

    await eventually(made)


async def test_an_empty_folder_is_an_empty_gallery_and_no_error(no_folder, client):
    no_folder.mkdir()

    async def idle():
        return (await index_status(client))["state"] == "idle"

    await eventually(idle)
    await listed(client, 0)
    options = await (await client.get("/holaf/images/filter-options")).json()
    assert options["subfolders"] == []
    view = await (await client.post("/holaf/images/view", json={"group": "day"})).json()
    assert (view["total"], view["groups"]) == (0, [])
    layout = await client.get(f"/holaf/images/view/{view['view']}/layout")
    assert await layout.read() == b"\0\0\0\0"


async def test_5000_files_created_in_a_burst_while_ten_clients_list_all_arrive(folder, client):
    picture = media_files.png()

    def burst():
        for number in range(5000):
            (folder / f"burst_{number:05}.png").write_bytes(picture)

    stop = asyncio.Event()
    seen = [0] * 10

    async def look(number):
        while not stop.is_set():
            offset = number * 100
            body = {"offset": offset, "limit": 50, "search": "burst" if number % 2 else ""}
            response = await client.post("/holaf/images/list", json=body)
            assert response.status == 200
            data = await response.json()
            assert len(data["images"]) == min(50, max(0, data["filtered_count"] - offset))
            seen[number] += 1
            await asyncio.sleep(0.1)  # a quick reader, not an attack

    clients = [asyncio.create_task(look(number)) for number in range(10)]
    await asyncio.to_thread(burst)
    await listed(client, 5002, offset=4999)
    stop.set()
    await asyncio.gather(*clients)
    assert all(seen)


@pytest.fixture
def forced_polling(pack):
    pack.indexer._settings = type(pack.indexer._settings)(watch=False, poll_seconds=0.2)


async def test_without_a_watcher_a_new_file_comes_by_polling_and_it_is_said(
    folder, forced_polling, client, indexed
):
    await indexed("a.png")
    root = await root_of(client)
    assert root["mode"] == "poll"
    assert "olling" in root["message"]
    (folder / "sub" / "new.png").write_bytes(media_files.png())
    await indexed("sub/new.png")
    (folder / "a.png").unlink()

    async def gone():
        return (await client.get("/holaf/images/full?path_canon=a.png")).status == 404

    await eventually(gone)
