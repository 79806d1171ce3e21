"""A setting that was saved counts at once, in the running pack."""

from __future__ import annotations

import asyncio
import time

SAVE = "/holaf/utilities/save-all-settings"


async def eventually(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await asyncio.to_thread(condition):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not become true")


def modes(pack):
    status = pack.indexer.status()
    return status["state"], {(root["mode"], root["message"]) for root in status["roots"]}


async def test_watching_and_polling_change_places_without_a_restart(client, pack, indexed, folder):
    await indexed("a.png")
    await eventually(lambda: modes(pack)[1] == {("watch", "")})
    answer = await client.post(SAVE, json={"indexing": {"watch": False, "poll_seconds": 1}})
    assert answer.status == 200
    polling = {("poll", "Polling was chosen in the settings.")}
    await eventually(lambda: modes(pack) == ("idle", polling))
    (folder / "polled.png").write_bytes((folder / "a.png").read_bytes())
    await indexed("polled.png")
    await client.post(SAVE, json={"indexing": {"watch": True}})
    await eventually(lambda: modes(pack) == ("idle", {("watch", "")}))
    (folder / "watched.png").write_bytes((folder / "a.png").read_bytes())
    await indexed("watched.png")


async def test_a_setting_of_another_section_leaves_the_index_alone(client, pack, indexed):
    await indexed("a.png")
    await eventually(lambda: modes(pack)[0] == "idle")
    worker = pack.indexer._worker.pid
    await client.post(SAVE, json={"gallery": {"tile_size": 320}})
    await client.post(SAVE, json={"indexing": {"watch": True}})
    await asyncio.sleep(0)
    assert pack.indexer._worker.pid == worker


async def test_the_number_of_thumbnail_workers_follows_its_setting(client, pack):
    for wanted in (3, 1, 2):
        await client.post(SAVE, json={"thumbnails": {"workers": wanted}})
        assert (await asyncio.to_thread(pack.thumbnails.statistics))["workers"] == wanted


async def test_making_in_the_background_pauses_and_goes_on_with_its_setting(client, pack, indexed):
    await client.post(SAVE, json={"thumbnails": {"background": False}})
    await indexed("a.png")
    paused = "Only what is in view is made: the setting says so."
    await eventually(lambda: pack.thumbnails.status()["message"] == paused)
    await client.post(SAVE, json={"thumbnails": {"background": True}})
    await eventually(lambda: pack.thumbnails.status()["ready"] == 2)
