"""The thumbnails of a library: made by real workers, written down, told and served."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import struct
import textwrap
import threading
import time

import pytest
from aiohttp import web
from holaf.holaf_core.host import Host
from PIL import Image


class Library:
    """A folder of pictures, its database, and everything that makes thumbnails of it."""

    def __init__(self, base):
        from holaf.holaf_core.events import EventBus
        from holaf.holaf_database import ImageDatabase
        from holaf.holaf_image_viewer_backend.library_paths import Library, Root

        self.folder = base / "output"
        self.folder.mkdir()
        self.data = base / "data"
        self.running = False
        self.events = EventBus()
        self.heard = []
        self.told = threading.Condition()
        self.events.subscribe(self._hear)
        self.database = ImageDatabase(self.data / "images.sqlite")
        self.paths = Library([Root("output", "Output", self.folder)])
        self.store = None
        self.thumbnails = None

    def open(self, *, on_cpu=False, background=True, start=True, workers=1, **more):
        from holaf.holaf_image_viewer_backend.thumbnail_store import ThumbnailStore
        from holaf.holaf_image_viewer_backend.thumbnails import DefaultSettings, Thumbnails

        host = Host(
            kind="standalone",
            output_dir=self.folder,
            data_dir=self.data,
            system_dir=self.data,
            is_running=lambda: self.running,
            on_cpu=on_cpu,
        )
        self.store = ThumbnailStore(self.data / ".cache" / "thumbnails" / "thumbnails.sqlite")
        self.thumbnails = Thumbnails(
            self.paths,
            self.database,
            self.store,
            self.events,
            host,
            lambda: DefaultSettings(background, workers),
            **more,
        )
        if start:
            self.thumbnails.start()
        return self.thumbnails

    def close(self):
        if self.thumbnails is not None:
            self.thumbnails.stop()
            self.thumbnails.stop()
        if self.store is not None:
            self.store.close()

    def add(self, *names, old=False, kind="image", data=None):
        """Files as the indexer reports them; their ids."""
        from holaf.holaf_image_records import IndexedFile

        files = []
        for name in names:
            path = self.folder / os.fsdecode(name)
            if data is not None:
                path.write_bytes(data)
            elif not path.exists():
                tint = hashlib.sha256(os.fsencode(name)).digest()
                with path.open("wb") as file:
                    Image.new("RGB", (640, 480), tuple(tint[:3])).save(file, "PNG")
            if old:
                os.utime(path, (1_600_000_000, 1_600_000_000))
            status = path.stat()
            key = f"{name}{status.st_mtime_ns}{status.st_size}"
            canon = self.paths.canon("output", os.fsencode(name))
            files.append(
                IndexedFile(
                    "output",
                    "",
                    canon,
                    mtime_ns=status.st_mtime_ns,
                    size_bytes=status.st_size,
                    format="PNG",
                    kind=kind,
                    width=640,
                    height=480,
                    pixel_key=hash(key) >> 2,
                    thumb_hash=hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[
                        :16
                    ],
                )
            )
        self.database.store(files)
        ids = self.database.ids_of_paths([file.path_canon for file in files])
        return [ids[file.path_canon] for file in files]

    def _hear(self, topic, data):
        with self.told:
            self.heard.append((topic, data))
            self.told.notify_all()

    def told_of(self, kind):
        return [
            one[0] for topic, data in self.heard if topic == "images.thumbs" for one in data[kind]
        ]

    def wait(self, condition, what="it did not happen"):
        with self.told:
            deadline = time.monotonic() + 30
            while not condition():
                assert time.monotonic() < deadline, what
                self.told.wait(0.05)

    def wait_for(self, ids, status=2):
        self.wait(lambda: {row["thumbnail_status"] for row in self.work(ids)} == {status})

    def work(self, ids):
        return self.database.thumbnail_work(ids)


@pytest.fixture
def library(tmp_path):
    library = Library(tmp_path)
    yield library
    library.close()
    library.database.close()


CRASHING = """
    import os, time
    def main(channel, arguments):
        channel.send({"engine": "test"})
        while (got := channel.receive()) is not None:
            job, path = got
            name = os.path.basename(path)
            if name == b"crash.png":
                os.abort()
            if name == b"hang.png":
                time.sleep(600)
            channel.send({"type": 1, "dhash": "0" * 16}, b"p" * 48 + path)
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "crashing_worker.py"
    path.write_text(textwrap.dedent(CRASHING))
    return path


def test_every_file_gets_its_thumbnail_and_the_pages_hear_of_it(library):
    ids = library.add("a.png", "b.png", "naïve 100%.png", old=True)
    library.open()
    library.wait_for(ids)
    assert sorted(library.told_of("ready")) == sorted(ids)
    for row in library.database.rows(ids):
        stored = library.store.get(row["thumb_hash"])
        assert Image.open(io.BytesIO(stored.data)).size == (320, 240)
        assert row["placeholder"]
    assert library.thumbnails.statistics()["generated_thumbnails_count"] == 3


@pytest.mark.skipif(os.name != "posix", reason="names are Unicode there")
def test_a_name_that_is_not_utf8_is_no_obstacle(library):
    ids = library.add(b"caf\xe9 \n'.png")
    library.open()
    library.wait_for(ids)


def test_a_new_file_is_made_at_once_though_the_background_is_off(library):
    library.open(background=False)
    old = library.add("old.png", old=True)
    new = library.add("new.png")
    library.wait_for(new)
    assert library.work(old)[0]["thumbnail_status"] == 0
    library.thumbnails.wish("tab", old)
    library.wait_for(old)


def test_while_a_prompt_runs_on_the_processor_only_wishes_are_made(library):
    library.running = True
    ids = library.add("a.png", "b.png", old=True)
    library.open(on_cpu=True)
    library.thumbnails.wish("tab", [ids[1]])
    library.wait_for([ids[1]])
    assert library.work([ids[0]])[0]["thumbnail_status"] == 0
    assert library.thumbnails.status()["paused"]
    library.running = False
    library.wait_for(ids)


def test_a_prompt_that_begins_or_ends_is_told(library):
    def told():
        return [data["paused"] for topic, data in library.heard if topic == "thumbnails.status"]

    library.open(on_cpu=True)
    for running in (True, False):
        library.running = running
        with library.told:
            assert library.told.wait_for(lambda: told()[-1:] == [library.running], 30)


def test_the_background_waits_until_the_library_is_read(library):
    library.events.publish("images.index", {"state": "scanning"}, keep=True)
    library.open()
    library.events.publish("images.index", {"state": "scanning"}, keep=True)
    ids = library.add("a.png", old=True)
    assert library.thumbnails.status()["paused"]
    library.events.publish("images.index", {"state": "idle"}, keep=True)
    library.wait_for(ids)


def test_a_file_that_cannot_be_decoded_keeps_its_reason_and_is_tried_when_it_changes(library):
    library.open()
    (bad,) = library.add("bad.png", data=b"no picture")
    library.wait_for([bad], 3)
    assert "picture" in library.work([bad])[0]["thumbnail_error"]
    assert library.told_of("failed") == [bad]
    (library.folder / "bad.png").unlink()
    library.add("bad.png")
    library.wait_for([bad], 2)
    assert library.work([bad])[0]["thumbnail_error"] == ""


def test_a_crash_of_the_worker_blames_only_the_file_in_hand(library, program):
    ids = library.add("1.png", "crash.png", "3.png", "4.png", old=True)
    library.open(program=program)
    library.wait_for([ids[0], *ids[2:]])
    library.wait_for([ids[1]], 3)
    reason = library.work([ids[1]])[0]["thumbnail_error"]
    assert "crashed" in reason or "ended" in reason


def test_a_file_that_takes_too_long_is_given_up(library, program):
    ids = library.add("1.png", "hang.png", "3.png", old=True)
    library.open(program=program, time_limits={"image": 0.5})
    library.wait_for([ids[0], ids[2]])
    library.wait_for([ids[1]], 3)
    assert "longer than 0.5 seconds" in library.work([ids[1]])[0]["thumbnail_error"]


def test_a_program_that_cannot_start_blames_no_file(library, tmp_path):
    broken = tmp_path / "broken_worker.py"
    broken.write_text("raise SystemExit(7)")
    ids = library.add("a.png", old=True)
    library.open(program=broken)
    library.wait(lambda: "cannot be made" in library.thumbnails.status()["message"])
    assert library.work(ids)[0]["thumbnail_status"] == 0


def test_a_file_that_vanished_or_changed_is_left_to_the_index(library):
    ids = library.add("gone.png", "changed.png", "fine.png", old=True)
    (library.folder / "gone.png").unlink()
    os.utime(library.folder / "changed.png", (1_700_000_000, 1_700_000_000))
    library.open()
    library.wait_for(ids[2:])
    assert [row["thumbnail_status"] for row in library.work(ids)] == [0, 0, 2]
    assert not library.told_of("failed")


def test_thumbnails_that_are_gone_from_the_disk_are_made_again(library):
    ids = library.add("a.png", old=True)
    library.open()
    library.wait_for(ids)
    library.close()
    for file in library.store.path.parent.iterdir():
        file.unlink()
    library.heard.clear()
    library.open()
    library.wait(lambda: library.told_of("ready") == ids)
    library.wait_for(ids)
    assert library.store.get(library.work(ids)[0]["thumb_hash"])


def test_what_is_in_the_store_is_not_made_again(library, program):
    ids = library.add("a.png", old=True)
    library.open()
    library.wait_for(ids)
    real = library.store.get(library.work(ids)[0]["thumb_hash"])
    library.close()
    library.database.reset_thumbnails(everything=True)
    library.open(program=program)
    library.wait_for(ids)
    assert library.store.get(library.work(ids)[0]["thumb_hash"]) == real


def test_all_can_be_made_again_and_one_and_the_failed(library, program):
    from holaf.holaf_core.tasks import Tasks

    tasks = Tasks(library.events)
    ids = library.add("a.png", "b.png", old=True)
    (bad,) = library.add("bad.png", data=b"no picture", old=True)
    library.open()
    library.wait_for(ids)
    library.wait_for([bad], 3)
    real = library.store.get(library.work(ids)[0]["thumb_hash"])
    library.close()
    # Another maker, so that one sees which were made anew.
    thumbnails = library.open(program=program, background=False)
    assert thumbnails.regenerate([ids[1]]) == 1
    library.wait_for(ids)
    assert library.store.get(library.work(ids)[1]["thumb_hash"]).data.endswith(b"b.png")
    assert library.store.get(library.work(ids)[0]["thumb_hash"]) == real

    task = tasks.wait(tasks.start("t", "t", thumbnails.regenerate_failed).id, 30)
    assert (task.state, task.result["failed"]) == ("done", 0)
    library.wait_for([bad])

    task = tasks.wait(tasks.start("t", "t", thumbnails.regenerate_all).id, 30)
    assert (task.state, task.result) == ("done", {"total": 3, "ready": 3, "failed": 0})
    assert library.store.get(library.work(ids)[0]["thumb_hash"]).data.endswith(b"a.png")
    tasks.stop()


def test_several_workers_make_each_file_once(library):
    ids = library.add(*(f"{n}.png" for n in range(60)), old=True)
    library.open(workers=3)
    library.wait_for(ids)
    assert sorted(library.told_of("ready")) == sorted(ids)


def test_a_full_disk_is_told_and_the_files_stay_to_be_made(library):
    from holaf.holaf_core.errors import Unavailable

    ids = library.add("a.png", old=True)
    thumbnails = library.open(start=False)

    def full(made):
        raise Unavailable("Thumbnails cannot be kept: the disk is full.")

    put, library.store.put = library.store.put, full
    thumbnails.start()
    library.wait(lambda: "disk is full" in thumbnails.status()["message"])
    assert library.work(ids)[0]["thumbnail_status"] == 0
    library.store.put = put

    def looked_at():
        thumbnails.wish("tab", ids)
        return library.work(ids)[0]["thumbnail_status"] == 2

    library.wait(looked_at)


# --- over HTTP ---------------------------------------------------------------------------------


class OpenGate:
    async def admit(self, request, route):
        pass


@pytest.fixture
async def client(library, aiohttp_client):
    from holaf.holaf_core.http import bind
    from holaf.holaf_core.tasks import Tasks
    from holaf.holaf_image_viewer_backend.routes import thumbnail_routes
    from holaf.holaf_image_viewer_backend.views import ViewEngine

    tasks = Tasks(library.events)
    library.open(start=False, background=False)
    engine = ViewEngine(library.database, library.events.publish)
    app = web.Application()
    app.add_routes(
        bind(route, OpenGate())
        for route in thumbnail_routes.routes(
            library.thumbnails,
            library.database,
            tasks,
            engine,
        )
    )
    app[TASKS] = tasks
    app[ENGINE] = engine
    yield await aiohttp_client(app)
    tasks.stop()


TASKS = web.AppKey("tasks", object)
ENGINE = web.AppKey("engine", object)


async def until_ready(library, ids, status=2):
    await asyncio.to_thread(library.wait_for, ids, status)


async def test_a_thumbnail_that_is_being_made_is_promised_and_then_served(library, client):
    (one,) = library.add("100% é.png", old=True)
    canon = library.work([one])[0]["path_canon"]
    url = "/holaf/images/thumbnail"
    response = await client.get(url, params={"path_canon": canon})
    assert response.status == 202
    assert response.headers["Retry-After"] == "1"
    library.thumbnails.start()
    await until_ready(library, [one])
    response = await client.get(url, params={"id": str(one)})
    assert response.status == 200
    assert response.content_type == "image/jpeg"
    assert "immutable" not in response.headers["Cache-Control"]
    tag = response.headers["ETag"]
    again = await client.get(url, params={"id": str(one)}, headers={"If-None-Match": tag})
    assert again.status == 304
    name = library.work([one])[0]["thumb_hash"]
    response = await client.get(url, params={"path_canon": canon, "v": name})
    assert "immutable" in response.headers["Cache-Control"]
    response = await client.get(f"/holaf/images/thumb/{name}")
    assert "immutable" in response.headers["Cache-Control"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert Image.open(io.BytesIO(await response.read())).size == (320, 240)


async def test_what_is_not_there_is_404_and_what_failed_is_415_with_the_reason(library, client):
    for query in ({"path_canon": "no.png"}, {"id": "77"}, {"path_canon": "../x.png"}, {}):
        assert (await client.get("/holaf/images/thumbnail", params=query)).status == 404
    assert (await client.get("/holaf/images/thumbnail", params={"id": "-1"})).status == 400
    for name in ("0" * 16, "nothing", "..%2f..%2fetc"):
        assert (await client.get(f"/holaf/images/thumb/{name}")).status == 404
    (bad,) = library.add("bad.png", data=b"no picture")
    library.thumbnails.start()
    await until_ready(library, [bad], 3)
    response = await client.get("/holaf/images/thumbnail", params={"id": str(bad)})
    assert response.status == 415
    assert "picture" in (await response.json())["error"]


async def test_many_thumbnails_come_in_one_answer(library, client):
    ids = library.add("a.png", "b.png")
    (bad,) = library.add("bad.png", data=b"no picture")
    library.thumbnails.start()
    await until_ready(library, ids)
    await until_ready(library, [bad], 3)
    (late,) = library.add("late.png", old=True)
    asked = [ids[1], 999_999, bad, late, ids[0]]
    response = await client.post("/holaf/images/thumbnails", json={"ids": asked})
    data = await response.read()
    (count,) = struct.unpack_from("<I", data)
    at, found = 4, []
    for _ in range(count):
        one, status, kind, length = struct.unpack_from("<IBBI", data, at)
        at += 10
        found.append((one, status, kind, data[at : at + length]))
        at += length
    assert at == len(data)
    assert [entry[:3] for entry in found] == [
        (ids[1], 2, 1),
        (bad, 3, 0),
        (late, 0, 0),
        (ids[0], 2, 1),
    ]
    assert found[3][3] == library.store.get(library.work(ids)[0]["thumb_hash"]).data
    for wrong in ({"ids": "all"}, {"ids": [-1]}, {"ids": [True]}, {"ids": list(range(201))}):
        response = await client.post("/holaf/images/thumbnails", json=wrong)
        assert response.status == 400
        assert (await response.json())["field"] == "ids"


async def batch(client, ids):
    """[(id, status, bytes)] of an answer to `ids`."""
    response = await client.post("/holaf/images/thumbnails", json={"ids": ids})
    assert response.status == 200
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    data = await response.read()
    at, found = 4, []
    while at < len(data):
        one, status, _, length = struct.unpack_from("<IBBI", data, at)
        found.append((one, status, data[at + 10 : at + 10 + length]))
        at += 10 + length
    assert len(found) == struct.unpack_from("<I", data)[0]
    return found


async def test_a_batch_that_was_sent_before_touches_no_file_until_the_library_changes(
    library, client, monkeypatch
):
    ids = library.add("a.png", "b.png")
    library.thumbnails.start()
    await until_ready(library, ids)
    first = await batch(client, ids)
    reads = []
    read = library.database.read
    monkeypatch.setattr(library.database, "read", lambda: reads.append(1) or read())
    assert await batch(client, ids[::-1]) == first[::-1]
    assert not reads
    # The file is another one now, and its thumbnail another name.
    (library.folder / "a.png").write_bytes(b"no picture")
    library.add("a.png")
    await until_ready(library, ids[:1], 3)
    assert await batch(client, ids) == [(ids[0], 3, b""), first[1]]
    assert reads


async def test_a_large_batch_is_sent_in_pieces_and_arrives_whole(library, client):
    from holaf.holaf_image_viewer_backend.thumbnail_shelf import PIECE
    from holaf.holaf_image_viewer_backend.thumbnail_store import JPEG, Stored

    ids = library.add(*(f"{n}.png" for n in range(9)))
    rows = library.work(ids)
    pictures = [os.urandom(PIECE // 3 + n) for n in range(9)]
    library.store.put(
        [
            (row["thumb_hash"], Stored(JPEG, data, b"p" * 48))
            for row, data in zip(rows, pictures, strict=True)
        ]
    )
    assert await batch(client, ids) == [
        (one, 2, data) for one, data in zip(ids, pictures, strict=True)
    ]


async def test_many_at_once_each_get_the_thumbnail_they_asked_for(library, client):
    from holaf.holaf_image_viewer_backend.thumbnail_store import JPEG, Stored

    names = [f"{n:016x}" for n in range(40)]
    library.store.put([(name, Stored(JPEG, name.encode(), b"p" * 48)) for name in names[::2]])
    library.store.close()
    fresh = type(library.store)(library.store.path, remembered_bytes=0)
    library.thumbnails.shelf._store = fresh

    async def get(name):
        response = await client.get(f"/holaf/images/thumb/{name}")
        return response.status, await response.read() if response.status == 200 else b""

    found = await asyncio.gather(*map(get, names))
    assert found[::2] == [(200, name.encode()) for name in names[::2]]
    assert {status for status, _ in found[1::2]} == {404}
    fresh.close()


async def test_wishes_come_by_id_or_by_path_and_are_made(library, client):
    ids = library.add("a.png", "b.png", old=True)
    library.thumbnails.start()
    url = "/holaf/images/prioritize-thumbnails"
    response = await client.post(url, json={"client": "tab", "ids": ids[:1]})
    assert await response.json() == {"queued": 1}
    await until_ready(library, ids[:1])
    await client.post(url, json={"paths_canon": ["b.png", "unknown.png"]})
    await until_ready(library, ids)
    assert (await client.post(url, json={"client": 7, "ids": []})).status == 400


async def test_making_again_and_cleaning_answer_with_figures(library, client):
    from holaf.holaf_image_viewer_backend.query import parse

    tasks = client.app[TASKS]
    ids = library.add("a.png", "b.png")
    library.thumbnails.start()
    await until_ready(library, ids)
    url = "/holaf/images/regenerate-thumbnail"
    response = await client.post(url, json={"path_canon": "a.png"})
    assert await response.json() == {"queued": 1}
    assert (await client.post(url, json={"path_canon": "no.png"})).status == 404
    await until_ready(library, ids)
    for path in ("regenerate-failed", "regenerate-all"):
        response = await client.post(f"/holaf/images/{path}", json={})
        number = (await response.json())["task"]
        task = await asyncio.to_thread(tasks.wait, number, 30)
        assert task.state == "done"
    await until_ready(library, ids)
    everything_but = {"filter": {"sort": "mtime_asc", "group": "day"}, "except": ids[:1]}
    shown = {"view": client.app[ENGINE].open(parse({})).id, "ranges": [[1, 1]]}
    for wanted, count in (
        ({"filter": {"format_filters": ["PNG"]}}, 2),
        (everything_but, 1),
        (shown, 1),
        ({"view": shown["view"], "bits": "Ag=="}, 1),
    ):
        response = await client.post(url, json=wanted)
        number = (await response.json())["task"]
        task = await asyncio.to_thread(tasks.wait, number, 30)
        assert (task.state, task.result["total"]) == ("done", count)
    for wrong in (
        {"filter": "all"},
        {"filter": {"no": 1}},
        {"filter": {}, "except": "x"},
        {"ranges": [[0, 1]]},
        {**shown, "ranges": [[0]]},
        {**shown, "ranges": [[-1, 5]]},
        {**shown, "ranges": [[1, 1]] * 10_001},
        {**shown, "bits": "A"},
        {**shown, "bits": 3},
        {"bits": "Ag=="},
    ):
        assert (await client.post(url, json=wrong)).status == 400
    assert (await client.post(url, json={"filter": {"format_filters": ["MP4"]}})).status == 404
    forgotten = await client.post(url, json={**shown, "view": "nosuch"})
    assert (forgotten.status, (await forgotten.json())["expired"]) == (404, True)
    forgotten = await client.post(url, json={"view": "nosuch", "bits": "Ag=="})
    assert (forgotten.status, (await forgotten.json())["expired"]) == (404, True)
    await until_ready(library, ids)
    library.database.store(removed=["a.png"])
    response = await client.post("/holaf/images/maintenance/clean-thumbnails", json={})
    figures = await response.json()
    assert (figures["removed"], figures["kept"]) == (1, 1)
    response = await client.get("/holaf/images/thumbnail-stats")
    figures = await response.json()
    assert figures["total_db_count"] == figures["generated_thumbnails_count"] == 1
    assert figures["failed_count"] == figures["pending_count"] == 0
    assert figures["store_bytes"] > 0


async def test_asking_for_one_never_waits_on_the_event_loop(library, client, monkeypatch):
    (one,) = library.add("a.png", old=True)
    threads = []
    monkeypatch.setattr(
        library.thumbnails, "urge", lambda ids: threads.append(threading.current_thread())
    )
    answer = await client.get("/holaf/images/thumbnail", params={"id": str(one)})
    assert answer.status == 202
    assert threads
    assert threading.current_thread() not in threads
