"""The worker program's parts that a whole index shows only in bad times."""

from __future__ import annotations

import os
import queue
import threading

import pytest
from holaf.holaf_core import json
from holaf.holaf_database import ImageDatabase
from holaf.holaf_image_batch import Batch, encode, split, whole
from holaf.holaf_image_records import IndexedFile, IndexedFolder
from holaf.holaf_image_viewer_backend import index_worker as module
from holaf.holaf_image_viewer_backend import turns
from holaf.holaf_image_viewer_backend.index_frames import (
    IN_FLIGHT,
    MOST_BYTES,
    MOST_ROWS,
    Outbox,
    encodable,
)
from holaf.holaf_image_viewer_backend.index_worker import IndexWorker, InHand
from holaf.holaf_image_viewer_backend.indexer import apply_frame
from holaf.holaf_image_viewer_backend.watcher import LOST, Event, WatchLimit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from indexing import Bench, batch_files, eventually, png


def file(name="a.png", **values):
    return IndexedFile("output", "sub", name, 1, 2, **values)


texts = st.text().map(encodable)
names = st.none() | texts.filter(bool)
# SQLite reads a number near the ends of what a double holds with an error in its last place.
floats = st.none() | st.floats(-1e100, 1e100).filter(lambda one: one == 0 or abs(one) > 1e-100)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    database = ImageDatabase(tmp_path_factory.mktemp("rows") / "db.sqlite")
    yield database
    database.close()


@given(
    row=st.builds(
        file,
        prompt_hash=st.binary(min_size=16, max_size=16),
        graph_hash=st.binary(min_size=16, max_size=16),
        shape_hash=st.binary(min_size=16, max_size=16),
        graph_nodes=st.binary(min_size=1),
        shape_label=texts,
        prompt_text=texts,
        negative_text=texts,
        pixel_key=st.integers(-(2**63), 2**63 - 1),
        seed=st.none() | st.integers(0, 2**64 - 1),
        steps=st.none() | st.integers(-(2**80), 2**80),
        cfg=floats,
        denoise=floats,
        model=names,
        sampler=names,
        scheduler=names,
        loras=st.none() | st.lists(st.tuples(texts, floats, floats), unique_by=lambda x: x[0]),
        tags=st.sets(texts),
        error=st.text(alphabet="a\ud800é").map(encodable),
    )
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
)
def test_a_row_arrives_as_it_was_sent(database, row):
    row.loras = None if row.loras is None else tuple(row.loras)
    database.store_batches([sent(encode([row]))])
    with database.read() as db:
        found = db.execute(STORED, {"path": row.path_canon}).fetchone()
        loras = db.execute(LORAS, (found["lora_set_id"],)).fetchall()
        tags = db.execute("SELECT name FROM tags JOIN imagetags ON tag_id = id").fetchall()
    for name in ("pixel_key", "cfg", "denoise", "model", "sampler", "scheduler", "error"):
        assert found[name] == getattr(row, name), name
    assert found["steps"] == whole(row.steps)
    assert found["seed"] is None if row.seed is None else found["seed"] % 2**64 == row.seed
    assert (found["lora_set_id"] is None) == (row.loras is None)
    assert {tuple(each) for each in loras} == set(row.loras or ())
    assert {each[0] for each in tags} >= row.tags


STORED = """
    SELECT images.*, prompt_text, negative_text, shapes.label, nodes,
        (SELECT name FROM names WHERE id = model_id) AS model,
        (SELECT name FROM names WHERE id = sampler_id) AS sampler,
        (SELECT name FROM names WHERE id = scheduler_id) AS scheduler
    FROM images JOIN prompts ON prompts.id = prompt_id JOIN graphs ON graphs.id = graph_id
    JOIN shapes ON shapes.id = shape_id WHERE path_canon = :path
"""
LORAS = """
    SELECT name, strength, strength_clip FROM lora_set_members JOIN names ON names.id = name_id
    WHERE set_id = ?
"""


def sent(batch):
    """A batch as it comes out of the pipe."""
    return Batch(**json.loads(json.dumps(batch.head())), data=bytes(batch.data))


class Frames:
    """An outbox whose frames are acknowledged when somebody waits."""

    def __init__(self):
        self.sent = []
        self.blobs = []
        self.most_unanswered = 0
        self.answered = 0
        self.out = Outbox(self.send, self.wait)

    def send(self, frame, blob=b""):
        self.sent.append(frame)
        self.blobs.append(blob)
        self.most_unanswered = max(self.most_unanswered, len(self.sent) - self.answered)

    def wait(self):
        self.answered += 1
        self.out.acked(self.sent[self.answered - 1]["n"])

    def batch(self, at):
        return split(self.sent[at]["batches"], self.blobs[at])[0]

    def part(self, at, name):
        return json.loads(bytes(self.batch(at).part(name)))

    def files(self):
        return [file for at in range(len(self.sent)) for file in batch_files(self.batch(at))]

    def parts(self, name):
        return [row for at in range(len(self.sent)) for row in self.part(at, name)]


def test_frames_stay_small_and_few_are_on_their_way():
    frames = Frames()
    for number in range(5000):
        frames.out.file(
            file(f"{number}.png", prompt_hash=b"%016d" % number, prompt_text="x" * (number % 5000))
        )
    frames.out.flush()
    counts = [frame["batches"][0]["count"] for frame in frames.sent]
    assert sum(counts) == len(frames.files()) == 5000
    assert max(counts) <= MOST_ROWS
    assert max(map(len, frames.blobs)) < MOST_BYTES * 1.3
    assert frames.most_unanswered <= IN_FLIGHT


def test_a_text_of_a_graph_travels_once():
    frames = Frames()
    for number in range(600):
        frames.out.file(file(f"{number}.png", graph_hash=b"g" * 16, graph_text="KSampler"))
    frames.out.flush()
    assert [row[1] for row in frames.parts("graphs")] == ["KSampler"]
    assert {file["graph"] for file in frames.files()} == {"1"}


def test_a_file_that_is_taken_back_before_it_was_sent_does_not_take_the_text_along():
    frames = Frames()
    frames.out.file(file("a.png", graph_hash=b"g" * 16, graph_text="KSampler"))
    frames.out.remove("output", "sub", "a.png")
    frames.out.file(file("b.png", graph_hash=b"g" * 16, graph_text="KSampler"))
    frames.out.flush()
    assert frames.sent[0]["batches"][0]["removed"] == ["sub/a.png"]
    assert [row[1] for row in frames.part(0, "graphs")] == ["KSampler"]


def test_the_last_word_about_a_file_counts_within_a_frame():
    frames = Frames()
    frames.out.remove("output", "sub", "a.png")
    frames.out.file(file("a.png"))
    frames.out.folder(IndexedFolder("output", "sub", 5))
    frames.out.flush()
    assert frames.sent[0]["batches"][0]["removed"] == []
    assert frames.sent[0]["batches"][0]["count"] == 1


def test_settling_waits_for_what_was_sent_about_that_folder():
    frames = Frames()
    frames.out.file(file("a.png"))
    frames.out.settle("output", "elsewhere")
    assert frames.sent == []
    frames.out.settle("output", "sub")
    assert frames.answered == len(frames.sent) == 1
    frames.out.move_folder("output", "x", "output", "y")
    frames.out.settle("output", "anything")
    assert frames.answered == 2


def test_the_name_of_the_file_in_hand_survives_the_program(tmp_path):
    path = tmp_path / "hand"
    path.write_bytes(bytes(InHand.SIZE))
    hand = InHand(str(path))
    hand.take(b"/a/\xff.png")
    page = path.read_bytes()
    assert page[2 : 2 + int.from_bytes(page[:2], "little")] == b"/a/\xff.png"
    hand.put_down()
    assert path.read_bytes()[:2] == b"\0\0"


class InProcess:
    """The worker's loop on a thread of this process, over a Bench's database."""

    def __init__(self, bench, **config):
        self.bench = bench
        self.inbox = queue.SimpleQueue()
        self.roots = {}
        self.states = []
        self.checking = []
        self.worker = IndexWorker(
            self.answer,
            {
                "database": os.fsencode(bench.database.path).hex(),
                "roots": [["output", "Output", os.fsencode(bench.output).hex()]],
                "poll_s": 0.05,
                **config,
            },
            self.inbox,
        )
        self.thread = threading.Thread(target=self.worker.run)
        self.thread.start()

    def answer(self, message, blob=b""):
        if "n" in message:
            apply_frame(self.bench.database, json.loads(json.dumps(message)), blob)
            self.inbox.put({"ack": message["n"]})
        elif "roots" in message:
            self.roots = {row[0]: row[1:] for row in message["roots"]}
        else:
            self.states.append(message["progress"]["state"])
            self.checking.append(message["progress"]["checking"])

    def close(self):
        self.inbox.put(None)
        self.thread.join(10)


@pytest.fixture
def start(tmp_path):
    made = []

    def start(**config):
        bench = Bench(tmp_path)
        made.append((InProcess(bench, **config), bench))
        return made[-1]

    yield start
    for worker, bench in made:
        worker.close()
        bench.close()


def test_where_the_watch_limit_is_reached_it_polls_and_says_so(start, monkeypatch):
    class Limited:
        def __init__(self, put, roots):
            pass

        def add(self, path):
            if path.endswith("sub"):
                raise WatchLimit("The limit of watched folders is reached.")
            return True

        def forget(self, path): ...

        def close(self): ...

    monkeypatch.setattr(module, "open_watcher", Limited)
    worker, bench = start()
    (bench.output / "sub").mkdir()
    (bench.output / "sub" / "a.png").write_bytes(png())
    worker.inbox.put({"sync": {}})
    eventually(lambda: bench.paths() == ["sub/a.png"])
    eventually(lambda: worker.roots["output"][1] == "poll")
    assert "limit" in worker.roots["output"][2]
    (bench.output / "sub" / "b.png").write_bytes(png(shade=1))
    eventually(lambda: bench.paths() == ["sub/a.png", "sub/b.png"])


def test_a_network_share_is_watched_and_polled_and_says_so(start, monkeypatch):
    monkeypatch.setattr(module, "network_file_system", lambda path: "nfs4")
    worker, bench = start()
    eventually(lambda: worker.roots.get("output"))
    assert worker.roots["output"][1] == "poll"
    assert "nfs4" in worker.roots["output"][2]
    (bench.output / "a.png").write_bytes(png())
    eventually(lambda: bench.paths() == ["a.png"])


def test_polling_finds_a_file_overwritten_in_place(start):
    worker, bench = start(watch=False)
    (bench.output / "a.png").write_bytes(png())
    eventually(lambda: bench.paths() == ["a.png"])
    (bench.output / "a.png").write_bytes(png(5, 6))
    eventually(lambda: bench.row("a.png")["height"] == 6)


def test_after_an_overflow_everything_is_compared_with_the_disk(start, monkeypatch):
    class Deaf:
        def __init__(self, put, roots):
            self.put = put

        def add(self, path):
            return True

        def forget(self, path): ...

        def close(self): ...

    monkeypatch.setattr(module, "open_watcher", Deaf)
    worker, bench = start()
    eventually(lambda: worker.states and worker.states[-1] == "idle")
    (bench.output / "new").mkdir()
    (bench.output / "new" / "a.png").write_bytes(png())
    worker.inbox.put(Event(LOST, ""))
    eventually(lambda: bench.paths() == ["new/a.png"])
    (bench.output / "new" / "a.png").write_bytes(png(3, 3))
    worker.inbox.put(Event(LOST, ""))
    eventually(lambda: bench.row("new/a.png")["width"] == 3)


def test_a_live_file_does_not_wait_for_the_scan(start):
    worker, bench = start(watch=False, poll_s=1000)
    eventually(lambda: worker.states and worker.states[-1] == "idle")
    for folder in ("many", "late"):
        (bench.output / folder).mkdir()
    for number in range(3000):
        (bench.output / "many" / f"{number}.png").write_bytes(png())
    live = bench.output / "late" / "live.png"
    live.write_bytes(png())
    os.utime(live.parent, (1, 1))  # the scan comes here last
    seen = []

    def look(rev):
        seen.append((bench.database.count(), bench.database.by_path("late/live.png") is not None))
        if len(seen) == 1:
            worker.inbox.put({"nudge": [os.fsencode(live).hex()]})

    bench.database.on_commit(look)
    worker.inbox.put({"sync": {}})
    eventually(lambda: bench.database.count() == 3001, 30)
    assert next(count for count, there in seen if there) < 2500


def test_a_live_file_does_not_wait_until_all_known_files_were_compared(start, monkeypatch):
    monkeypatch.setattr(turns, "SLICE_S", 0.0)
    worker, bench = start(watch=False, poll_s=1000)
    folders = [bench.output / f"sub{number:02}" for number in range(20)]
    for folder in folders:
        folder.mkdir()
        (folder / "a.png").write_bytes(png())
        os.utime(folder, (1_000_000, 1_000_000))
    worker.inbox.put({"sync": {}})
    eventually(lambda: bench.database.count() == 20)
    eventually(lambda: worker.states[-1] == "idle" and not worker.checking[-1])
    live = folders[0] / "live.png"
    known, listed, told = worker.worker._known.files, [], []

    def files(root_id, folder):
        if not listed:
            live.write_bytes(png())
            worker.inbox.put({"nudge": [os.fsencode(live).hex()]})
        listed.append(bench.database.by_path("sub00/live.png") is not None)
        told.append((worker.states[-1], worker.checking[-1]))
        return known(root_id, folder)

    monkeypatch.setattr(worker.worker._known, "files", files)
    worker.inbox.put({"sync": {}})
    eventually(lambda: len(listed) > 20)
    eventually(lambda: worker.states[-1] == "idle" and not worker.checking[-1])
    assert True in listed, "it waited for all folders"
    assert ("idle", True) in told, "it was not said that files are being compared"


def test_what_was_to_be_done_for_a_root_ends_when_it_is_removed_or_lies_elsewhere(
    start, monkeypatch, tmp_path
):
    monkeypatch.setattr(turns, "SLICE_S", 0.0)
    monkeypatch.setattr(module, "processors", lambda: 1)
    removed, moved, elsewhere = (tmp_path / one for one in ("removed", "moved", "elsewhere"))
    for folder in [*(removed / f"{number:02}" for number in range(40)), moved, elsewhere]:
        folder.mkdir(parents=True)
        (folder / f"{folder.name}.png").write_bytes(png())

    def root(name, path):
        return [name, name, os.fsencode(path).hex()]

    read = []
    of_file = module.FileReader.read

    def reading(self, place):
        if not read:
            worker.inbox.put({"roots": [root("moved", elsewhere)]})
        read.append(place.path)
        return of_file(self, place)

    ready = threading.Event()
    monkeypatch.setattr(module.FileReader, "read", lambda *a: ready.wait(10) and reading(*a))
    worker, bench = start(
        watch=False, poll_s=1000, roots=[root("removed", removed), root("moved", moved)]
    )
    ready.set()
    eventually(lambda: any(path.endswith("elsewhere.png") for path in read))
    eventually(lambda: worker.states[-1] == "idle" and not worker.checking[-1])
    assert set(worker.roots) == {"moved"}
    assert os.fspath(moved / "moved.png") not in read
    assert len(read) < 10, "it went on in the folder that was removed"
    progress = worker.worker._scanner.progress
    assert progress.found == progress.done
