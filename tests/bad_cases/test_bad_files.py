"""Files that are broken, huge, misnamed or gone: listed, and served or refused with a reason."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import struct
import threading
import time
import zlib

import aiohttp
import media_files
import psutil
import pytest

LONG_AGO = 1_700_000_000


def store(path, data):
    """A file that nobody is still writing."""
    path.write_bytes(data)
    os.utime(path, (LONG_AGO, LONG_AGO))


def sparse(path, start, size):
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)
    os.utime(path, (LONG_AGO, LONG_AGO))


def with_prompt(prompt):
    return media_files.png(media_files.text_chunk("prompt", prompt), side=8)


def huge_text(path, size):
    """A whole PNG whose text has `size` bytes, most of them a hole in the file."""
    start, rest = media_files.png(side=8)[:33], media_files.png(side=8)[33:]
    with path.open("wb") as file:
        file.write(start + struct.pack(">I", size) + b"tEXtprompt\0{")
        file.seek(33 + 8 + size)
        file.write(b"\0\0\0\0" + rest)  # its checksum is wrong: nobody reads 200 MB to find out
    os.utime(path, (LONG_AGO, LONG_AGO))


DEEP = '{"1":{"class_type":"X","inputs":{"a":' + "[" * 900 + "]" * 900 + "}}}"
DEEPER = '{"1":{"class_type":"X","inputs":{"a":' + "[" * 20_000 + "]" * 20_000 + "}}}"
NAN = '{"1": {"class_type": "KSampler", "inputs": {"cfg": NaN, "denoise": -Infinity, "seed": 1}}}'

# What each file is, and whether a picture of it can be shown.
SMALL = {
    "truncated.png": (media_files.png(side=64)[:-30], False),
    "header_only.png": (media_files.png(side=64)[:33], False),
    "empty.png": (b"", False),
    "empty.mp4": (b"", False),
    "one_byte.jpg": (b"\xff", False),
    "text.png": (b"This is no picture.\n" * 50, False),
    "page.webp": (b"<html><script>alert(1)</script>", False),
    "png_named.jpg": (media_files.png(side=8), True),
    "png_named.mp4": (media_files.png(side=8), None),
    "nan.png": (with_prompt(NAN), True),
    "no_json.png": (with_prompt('{"1": '), True),
    "a_list.png": (with_prompt("[1, 2]"), True),
    "a_number.png": (with_prompt("42"), True),
    "nulls.png": (with_prompt('{"1": null, "2": {"class_type": null, "inputs": null}}'), True),
    "loop.png": (
        with_prompt(
            '{"1": {"class_type": "KSampler", "inputs": {"positive": ["2", 0], "model": ["1", 0]}},'
            ' "2": {"class_type": "ConditioningCombine", "inputs": {"a": ["1", 0], "b": ["2", 0]}}}'
        ),
        True,
    ),
    "deep.png": (with_prompt(DEEP), True),
    "deeper.png": (with_prompt(DEEPER), True),
    "half_pair.png": (with_prompt(json.dumps(media_files.text_to_image("\ud800 fox"))), True),
    "long_number.png": (
        with_prompt('{"1": {"class_type": "X", "inputs": {"n": 1' + "0" * 5000 + "}}}"),
        True,
    ),
    "bomb.png": (
        media_files.png(
            media_files.chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b"x" * 50_000_000, 9)), side=8
        ),
        True,
    ),
    "garbage.mp4": (b"\0\0\0\x18ftypmp42" + os.urandom(4000), False),
    "garbage.webm": (b"\x1aE\xdf\xa3" + os.urandom(4000), False),
    "garbage.flac": (b"fLaC" + os.urandom(4000), False),
    "garbage.gif": (b"GIF89a" + b"\xff" * 3000, None),
    "garbage.avif": (b"\0\0\0\x1cftypavif" + os.urandom(3000), False),
}  # fmt: skip


@pytest.fixture
def bad_files(folder):
    for name, (data, _) in SMALL.items():
        store(folder / name, data)
    store(folder / "deep_beside.webp", b"RIFF\x04\0\0\0WEBP")
    store(folder / "deep_beside.webp.json", DEEPER.encode())
    store(folder / "beside.webp", b"RIFF\x04\0\0\0WEBP")
    store(folder / "beside.webp.json", DEEP.encode())
    return folder


async def outcome(client, row):
    """(status, answer) of its thumbnail, once it is known whether there can be one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        response = await client.get("/holaf/images/thumbnail", params={"id": row["id"]})
        if response.status != 202:
            return response.status, await response.read()
        await asyncio.sleep(0.05)
    raise AssertionError(f"nothing became of the thumbnail of {row['path_canon']}")


async def test_every_broken_file_is_listed_served_and_said_what_is_wrong(
    bad_files, client, indexed
):
    for name, (data, shown) in {**SMALL, "beside.webp": (None, None),
                                "deep_beside.webp": (None, None)}.items():  # fmt: skip
        row = await indexed(name)
        metadata = await client.get("/holaf/images/metadata", params={"id": row["id"]})
        text = await metadata.text()
        assert metadata.status == 200, (name, text)
        parsed = json.loads(text, parse_constant=lambda what, name=name: pytest.fail(name + what))
        assert await (await client.get(f"/holaf/images/metadata?raw=1&id={row['id']}")).json() != 1
        response = await client.get("/holaf/images/full", params={"path_canon": name})
        assert response.status == 200, name
        if data is not None:
            assert await response.read() == data, name
        status, answer = await outcome(client, row)
        assert status in (200, 415), name
        if shown is not None:
            assert (status == 200) is shown, (name, answer[:200])
        if status == 415:
            assert len(json.loads(answer)["error"]) > 10, name
            assert row["error"] or parsed["metadata_error"] or name.startswith("garbage"), name
    listed = await (await client.post("/holaf/images/list", json={})).json()
    assert {image["path_canon"] for image in listed["images"]} >= set(SMALL)


async def test_nan_in_a_prompt_becomes_null_and_the_rest_is_kept(bad_files, client, indexed):
    row = await indexed("nan.png")
    data = await (await client.get(f"/holaf/images/metadata?id={row['id']}")).json()
    assert data["prompt_graph"]["1"]["inputs"] == {"cfg": None, "denoise": None, "seed": 1}
    raw = await (await client.get(f"/holaf/images/metadata?raw=1&id={row['id']}")).json()
    assert raw["prompt"] == NAN


def memory():
    """Resident bytes of this process, where the server runs, and of its workers."""
    us = psutil.Process()
    return us.memory_info().rss, [
        child.memory_info().rss for child in us.children(recursive=True) if child.is_running()
    ]


async def test_huge_files_cost_no_memory_and_are_listed_like_others(folder, client, indexed):
    """Here the server is this process. Every limit is far below the size of one of the files."""
    before, _ = memory()
    sparse(folder / "huge.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", 2 << 30)
    sparse(folder / "huge.webm", b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", 2 << 30)
    sparse(folder / "huge.wav", b"RIFF\xff\xff\xff\x7fWAVEfmt ", 2 << 30)
    sparse(folder / "huge.avif", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", 1 << 30)
    huge_text(folder / "huge_text.png", 200 << 20)
    for name in ("huge.mp4", "huge.webm", "huge.wav", "huge.avif", "huge_text.png"):
        row = await indexed(name)
        metadata = await client.get("/holaf/images/metadata", params={"id": row["id"]})
        assert metadata.status == 200, name
        await metadata.read()
        status, answer = await outcome(client, row)
        assert status in (200, 415), name
        if name != "huge_text.png":
            assert status == 415, name
            assert json.loads(answer)["error"], name
        part = {"Range": "bytes=0-99"}
        response = await client.get(f"/holaf/images/full?id={row['id']}", headers=part)
        assert response.status == 206
        assert len(await response.read()) == 100
    after, workers = memory()
    assert after - before < 150 << 20
    assert all(worker < 400 << 20 for worker in workers), [one >> 20 for one in workers]


async def test_a_file_cut_short_while_it_is_sent_ends_the_connection(folder, client, indexed):
    sparse(folder / "long.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", 256 << 20)
    row = await indexed("long.mp4")
    response = await client.get(f"/holaf/images/full?id={row['id']}")
    assert response.status == 200
    await response.content.readexactly(1 << 20)
    os.truncate(folder / "long.mp4", 2 << 20)
    with pytest.raises(aiohttp.ClientPayloadError):
        await response.read()


async def test_files_that_vanish_while_they_are_read_are_gone_and_no_error(
    folder, client, indexed, pack
):
    row = await indexed("a.png")
    picture = (folder / "a.png").read_bytes()
    stop = threading.Event()

    def come_and_go():
        while not stop.is_set():
            for change in (
                lambda: (folder / "a.png").unlink(missing_ok=True),
                lambda: (folder / "a.png").write_bytes(picture),
                lambda: (folder / "a.png").write_bytes(b""),
                lambda: (folder / "a.png").write_bytes(picture[:40]),
                lambda: (folder / "part").write_bytes(picture),
                lambda: (folder / "part").replace(folder / "a.png"),
            ):
                change()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    seen = set()
    try:
        for _ in range(60):
            for path in ("full", "metadata", "thumbnail"):
                for query in (f"id={row['id']}", "path_canon=a.png"):
                    response = await client.get(f"/holaf/images/{path}?{query}")
                    seen.add(response.status)
                    # What was cut short on its way is an error at once, not a wait.
                    with contextlib.suppress(aiohttp.ClientPayloadError):
                        await response.read()
    finally:
        stop.set()
        thread.join()
    assert seen <= {200, 202, 404, 415}
    # When it is quiet again, so is the index, as soon as it has seen the last of what happened.
    store(folder / "a.png", picture)
    deadline = time.monotonic() + 30
    while (row := await indexed("a.png"))["mtime"] != LONG_AGO:
        assert time.monotonic() < deadline, row
        await asyncio.sleep(0.02)
    response = await client.get(f"/holaf/images/full?id={row['id']}")
    assert (response.status, await response.read()) == (200, picture)


@pytest.mark.parametrize("what", ["a folder", "a pipe", "a link to itself", "a socket"])
async def test_an_indexed_file_that_became_something_else_is_not_found(
    folder, client, indexed, what
):
    row = await indexed("a.png")
    path = folder / "a.png"
    path.unlink()
    if what == "a folder":
        path.mkdir()
    elif what == "a pipe":
        os.mkfifo(path)
    elif what == "a link to itself":
        path.symlink_to(path)
    else:
        import socket

        socket.socket(socket.AF_UNIX).bind(os.path.relpath(path))
    for route in ("full", "metadata"):
        response = await client.get(f"/holaf/images/{route}", params={"id": row["id"]})
        assert response.status == 404
        assert (await response.json())["error"]


async def test_a_file_that_cannot_be_read_says_so(folder, client, indexed, monkeypatch):
    """As root may read everything, the refusal is made up."""
    from pathlib import Path

    row = await indexed("a.png")
    opened = Path.open

    def refuse(self, *args, **kwargs):
        if self.name == "a.png":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    response = await client.get("/holaf/images/full", params={"id": row["id"]})
    assert response.status == 403
    assert "Permission denied" in (await response.json())["error"]


async def test_a_playlist_called_a_video_opens_no_other_file(folder, client, indexed):
    media_files.save_video(folder / "sub" / "private.mp4", {})
    store(folder / "concat.mp4", b"ffconcat version 1.0\nfile sub/private.mp4\n")
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n%s\n#EXT-X-ENDLIST\n"
    store(folder / "file.mp4", playlist % b"sub/private.mp4")
    store(folder / "address.mp4", playlist % b"http://127.0.0.1:9/private.mp4")
    for name in ("concat.mp4", "file.mp4", "address.mp4"):
        status, _ = await outcome(client, await indexed(name))
        assert status == 415, name
    status, _ = await outcome(client, await indexed("sub/private.mp4"))
    assert status == 200
