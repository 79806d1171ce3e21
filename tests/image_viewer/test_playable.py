"""Versions that a browser can show: of videos as a task, of pictures at once."""

from __future__ import annotations

import asyncio
import io
import os
import time
from dataclasses import replace

import av
import media_files
import numpy as np
import pytest
from odd_media import save_old_video
from PIL import Image

PROGRESS_S = 60


@pytest.fixture
def library(folder, client, indexed):
    """`await library(name)`: the id of a file in the picture folder, once it is indexed."""

    async def find(name):
        return (await indexed(name))["id"]

    return find


async def get(client, path):
    response = await client.get("/holaf/images/" + path)
    return response.status, await response.json()


async def made(client, id):
    """Asks for a version and waits for the end of the task."""
    response = await client.post("/holaf/images/playable", json={"id": id})
    task = (await response.json())["task"]
    deadline = time.monotonic() + PROGRESS_S
    while time.monotonic() < deadline:
        tasks = (await (await client.get("/holaf/utilities/tasks")).json())["tasks"]
        found = next(one for one in tasks if one["id"] == task)
        if found["state"] != "running":
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(found)


async def test_a_video_of_an_old_kind_is_made_into_one_that_browsers_play(folder, client, library):
    save_old_video(folder / "old.mov", size=(97, 65))
    id = await library("old.mov")
    assert (await get(client, f"playable?id={id}"))[1]["state"] == "none"
    assert (await client.get(f"/holaf/images/playable/file?id={id}")).status == 404
    task = await made(client, id)
    assert (task["state"], task["error"]) == ("done", "")
    assert (await get(client, f"playable?id={id}"))[1]["state"] == "ready"
    response = await client.get(
        f"/holaf/images/playable/file?id={id}", headers={"Range": "bytes=0-"}
    )
    assert (response.status, response.content_type) == (206, "video/mp4")
    with av.open(io.BytesIO(await response.read())) as version:
        video, sound = version.streams.video[0], version.streams.audio[0]
        assert (video.codec.canonical_name, video.width, video.height) == ("h264", 96, 64)
        assert video.pix_fmt == "yuv420p"
        assert sound.codec.canonical_name == "aac"
        assert version.duration / av.time_base == pytest.approx(1, abs=0.15)
        shades = [frame.to_ndarray(format="gray").mean() for frame in version.decode(video)]
    assert len(shades) == 24
    assert shades == sorted(shades)
    # It is there now: nothing is made again.
    again = await client.post("/holaf/images/playable", json={"id": id})
    assert await again.json() == {"task": None}
    # Another file of that name needs another version.
    save_old_video(folder / "old.mov", seconds=2, sound=False)
    assert (await get(client, f"playable?id={id}"))[1]["state"] == "none"


async def test_what_is_no_video_inside_ends_with_the_reason_and_leaves_nothing(
    folder, client, library, pack
):
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(5000))
    task = await made(client, await library("broken.mp4"))
    assert task["state"] == "failed"
    assert "could not be decoded" in task["error"]
    assert list((pack.host.data_dir / ".cache" / "playable").iterdir()) == []


async def test_one_is_made_at_a_time_waits_for_a_prompt_and_can_be_cancelled(
    folder, client, library, pack
):
    save_old_video(folder / "long.mov", seconds=2)
    save_old_video(folder / "other.mov")
    running = asyncio.Event()
    pack.playable._host = replace(pack.host, on_cpu=True, is_running=lambda: not running.is_set())
    id, other = await library("long.mov"), await library("other.mov")
    task = (await (await client.post("/holaf/images/playable", json={"id": id})).json())["task"]
    same = await (await client.post("/holaf/images/playable", json={"id": id})).json()
    assert same == {"task": task}
    assert (await get(client, f"playable?id={id}"))[1]["state"] == "making"
    refused = await client.post("/holaf/images/playable", json={"id": other})
    assert refused.status == 409
    assert "being made" in (await refused.json())["error"]
    deadline = time.monotonic() + PROGRESS_S
    while not pack.tasks.get(task).message.startswith("Waiting"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    await client.post("/holaf/utilities/tasks/cancel", json={"id": task})
    ended = await asyncio.to_thread(pack.tasks.wait, task, PROGRESS_S)
    assert ended.state == "cancelled"
    assert list((pack.host.data_dir / ".cache" / "playable").iterdir()) == []
    running.set()
    assert (await made(client, other))["state"] == "done"


async def test_the_oldest_versions_go_when_there_are_too_many(folder, client, library, pack):
    kept = pack.host.data_dir / ".cache" / "playable"
    kept.mkdir(parents=True)
    for number, name in enumerate(("first.mp4", "second.mp4", "left.part")):
        (kept / name).write_bytes(bytes(60_000))
        os.utime(kept / name, (1e9 + number, 1e9 + number))
    pack.playable._most_bytes = 100_000
    save_old_video(folder / "old.mov", sound=False)
    assert (await made(client, await library("old.mov")))["state"] == "done"
    names = {one.name for one in kept.iterdir()}
    assert "second.mp4" in names
    assert names & {"first.mp4", "left.part"} == set()


async def test_a_picture_that_no_browser_shows_is_drawn_upright_as_png(folder, client, library):
    deep = np.linspace(0, 65535, 64 * 32, dtype=np.uint16).reshape(32, 64)
    Image.fromarray(deep).save(folder / "deep.tif")
    ink = Image.new("CMYK", (30, 20), (0, 255, 255, 0))
    exif = ink.getexif()
    exif[0x0112] = 6
    ink.save(folder / "ink.tif", exif=exif)
    for name, size, mode in (("deep.tif", (64, 32), "L"), ("ink.tif", (20, 30), "RGB")):
        id = await library(name)
        response = await client.get(f"/holaf/images/rendered?id={id}")
        assert (response.status, response.content_type) == (200, "image/png")
        with Image.open(io.BytesIO(await response.read())) as drawn:
            assert (drawn.size, drawn.mode) == (size, mode)
            pixel = drawn.getpixel((5, 5))
    red, *others = pixel
    assert red > 200
    assert max(others) < 60


async def test_a_picture_that_is_damaged_or_gone_says_so(folder, client, library, pack):
    (folder / "bad.tif").write_bytes(b"II*\0" + bytes(300))
    status, data = await get(client, f"rendered?id={await library('bad.tif')}")
    assert status == 415
    assert data["error"]
    id = await library("a.png")
    (folder / "a.png").unlink()
    status, data = await get(client, f"rendered?id={id}")
    assert status == 404
    assert (await get(client, "playable?id=nonsense"))[0] == 400
    other = media_files.save_picture(folder / "b.png")
    assert (await get(client, f"playable?id={await library(other.name)}"))[0] == 400


async def test_a_server_without_pyav_says_what_is_missing(folder, client, library, monkeypatch):
    from holaf.holaf_image_viewer_backend import video_engine

    save_old_video(folder / "old.mov", sound=False)
    id = await library("old.mov")
    monkeypatch.setattr(video_engine, "available", lambda: False)
    assert "pip install av" in (await get(client, f"playable?id={id}"))[1]["reason"]
    response = await client.post("/holaf/images/playable", json={"id": id})
    assert response.status == 503


async def test_pictures_are_drawn_one_after_the_other_and_not_for_a_crowd(
    folder, client, library, pack, monkeypatch
):
    from holaf.holaf_image_viewer_backend.routes import playback_routes

    id = await library("a.png")
    drawing, most, free = [], [], asyncio.Event()
    loop = asyncio.get_running_loop()

    def picture(row, path):
        drawing.append(row["id"])
        most.append(len(drawing))
        asyncio.run_coroutine_threadsafe(free.wait(), loop).result(PROGRESS_S)
        drawing.pop()
        return path

    monkeypatch.setattr(pack.playable, "picture", picture)
    monkeypatch.setattr(playback_routes, "MOST_WAITING", 3)
    asked = [asyncio.ensure_future(client.get(f"/holaf/images/rendered?id={id}")) for _ in range(8)]
    done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    assert {one.result().status for one in done} == {429}
    free.set()
    statuses = [(await one).status for one in asked]
    assert sorted(statuses) == [200] * 3 + [429] * 5
    assert set(most) == {1}
