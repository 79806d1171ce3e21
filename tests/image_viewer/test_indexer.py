"""The index with its real worker process, over real folders that change."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from holaf.holaf_core.errors import Unavailable
from holaf.holaf_core.host import Host
from holaf.holaf_database import ImageDatabase
from holaf.holaf_image_viewer_backend.indexer import Indexer, IndexSettings
from holaf.holaf_image_viewer_backend.library_paths import Library, Root, roots_of
from holaf.holaf_image_viewer_backend.reader_pool import CHUNK, processors
from indexing import eventually, png

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals and /proc")


class Events:
    """Keeps the latest of each topic, and how many there were."""

    def __init__(self):
        self.latest = {}
        self.count = 0

    def publish(self, topic, data=None, *, keep=False):
        assert keep
        self.latest[topic] = data
        self.count += 1


class Running:
    """An index over `tmp_path/output`; `paths()` are the rows there are."""

    def __init__(self, tmp_path, *, watch=True, poll_seconds=0.1, on_cpu=False):
        self.output = tmp_path / "output"
        self.output.mkdir(exist_ok=True)
        self.tmp_path = tmp_path
        self.prompt_runs = False
        self.host = Host(
            "standalone",
            self.output,
            tmp_path / "data",
            tmp_path / "private",
            is_running=lambda: self.prompt_runs,
            on_cpu=on_cpu,
        )
        self.database = ImageDatabase(tmp_path / "data" / "db.sqlite")
        self.events = Events()
        self.library = Library(roots_of(self.host))
        self.indexer = Indexer(
            self.library,
            self.database,
            self.events,
            IndexSettings(watch=watch, poll_seconds=poll_seconds),
            self.host,
        )

    def start(self):
        self.indexer.start()
        return self

    def close(self):
        self.indexer.stop()
        self.database.close()

    def idle(self):
        """Wait for the end of the first scan."""
        eventually(lambda: self.indexer.status()["state"] == "idle", 30)
        return self

    def paths(self):
        with self.database.read() as db:
            return sorted(row[0] for row in db.execute("SELECT path_canon FROM images"))

    def become(self, *paths, seconds=15):
        wanted = sorted(paths)
        eventually(lambda: self.paths() == wanted, seconds)

    def row(self, path):
        return self.database.by_path(path)

    def worker_pid(self):
        return self.indexer._worker.pid


@pytest.fixture
def make(tmp_path):
    made = []

    def start(where=None, **options):
        running = Running(where or tmp_path, **options)
        made.append(running)
        return running

    yield start
    for running in made:
        running.close()


def test_the_first_index_lists_every_file_and_tells_how_far_it_is(make):
    index = make()
    for number in range(300):
        folder = index.output / f"sub{number % 3}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.png").write_bytes(png(shade=number))
    index.start().idle()
    assert index.database.count() == 300
    status = index.indexer.status()
    eventually(lambda: index.events.latest["images.index"] == status)
    assert (status["found"], status["done"], status["remaining_s"]) == (300, 300, None)
    root = status["roots"][0]
    assert (root["id"], root["reachable"], root["mode"]) == ("output", True, "watch")
    assert index.database.roots()[0]["reachable"] == 1


def test_a_prompt_in_a_picture_becomes_text_that_can_be_searched(make):
    index = make()
    graph = (
        '{"1":{"class_type":"CLIPTextEncode","inputs":{"text":"a red lighthouse"}},'
        '"2":{"class_type":"KSampler","inputs":{"seed":1,"positive":["1",0]}},'
        '"3":{"class_type":"SaveImage","inputs":{"images":["2",0]}}}'
    )
    (index.output / "a.png").write_bytes(png(prompt=graph, workflow='{"nodes":[],"links":[]}'))
    index.start().idle()
    row = index.row("a.png")
    assert (row["has_prompt"], row["has_workflow"], row["width"]) == (True, True, 4)
    with index.database.read() as db:
        found = db.execute("SELECT rowid FROM prompts_fts WHERE prompts_fts MATCH 'lighthouse'")
        assert len(found.fetchall()) == 1


@pytest.mark.parametrize("watch", [True, False])
def test_files_that_come_change_move_and_go_are_followed(make, watch):
    index = make(watch=watch).start().idle()
    (index.output / "a.png").write_bytes(png())
    (index.output / "new" / "deep").mkdir(parents=True)
    (index.output / "new" / "deep" / "b.png").write_bytes(png(shade=1))
    index.become("a.png", "new/deep/b.png")
    (index.output / "a.png").write_bytes(png(9, 3))
    eventually(lambda: index.row("a.png")["width"] == 9)
    (index.output / "a.png").rename(index.output / "new" / "c.png")
    index.become("new/c.png", "new/deep/b.png")
    (index.output / "new" / "c.png").unlink()
    index.become("new/deep/b.png")
    (index.output / "new").rename(index.output / "renamed")
    index.become("renamed/deep/b.png")
    (index.output / "other.png").write_bytes(png())
    shutil.rmtree(index.output / "renamed")
    index.become("other.png")
    mode = index.indexer.status()["roots"][0]["mode"]
    assert mode == ("watch" if watch else "poll")


def test_a_renamed_file_and_a_renamed_folder_keep_their_ids_and_tags(make):
    index = make()
    (index.output / "sub" / "deep").mkdir(parents=True)
    (index.output / "a.png").write_bytes(png(shade=1))
    (index.output / "sub" / "deep" / "b.png").write_bytes(png(shade=2))
    index.start().idle()
    ids = {path: index.row(path)["id"] for path in ("a.png", "sub/deep/b.png")}
    for image_id in ids.values():
        index.database.set_tags(image_id, ["keeper"])
    (index.output / "a.png").rename(index.output / "sub" / "z.png")
    (index.output / "sub").rename(index.output / "bus")
    index.become("bus/deep/b.png", "bus/z.png")
    assert index.row("bus/z.png")["id"] == ids["a.png"]
    assert index.row("bus/deep/b.png")["id"] == ids["sub/deep/b.png"]
    assert index.row("bus/z.png")["has_tags"] is True
    (index.output / "bus" / "deep" / "c.png").write_bytes(png())
    index.become("bus/deep/b.png", "bus/deep/c.png", "bus/z.png")


def test_what_is_moved_into_the_trash_or_out_of_the_library_leaves_and_may_come_back(
    make, tmp_path
):
    index = make()
    for name in ("trashcan", "sub", ".hidden"):
        (index.output / name).mkdir()
    for name in ("a.png", "sub/b.png", "sub/c.png", "stays.png"):
        (index.output / name).write_bytes(png(shade=len(name)))
    index.start().idle()
    (index.output / "a.png").rename(index.output / "trashcan" / "a.png")
    (index.output / "sub").rename(index.output / ".hidden" / "sub")
    index.become("stays.png")
    (index.output / "stays.png").rename(tmp_path / "stays.png")
    index.become()
    (index.output / "trashcan" / "a.png").rename(index.output / "a.png")
    (index.output / ".hidden" / "sub").rename(index.output / "back")
    (tmp_path / "stays.png").rename(index.output / "stays.png")
    index.become("a.png", "back/b.png", "back/c.png", "stays.png")


def test_a_file_written_under_another_name_first_appears_once_under_its_own(make):
    index = make().start().idle()
    part = index.output / "a.png.part"
    part.write_bytes(png())
    part.rename(index.output / "a.png")
    index.become("a.png")
    (index.output / ".b.tmp").write_bytes(png(shade=3))
    (index.output / ".b.tmp").replace(index.output / "a.png")
    key = png(shade=3)
    eventually(lambda: index.row("a.png")["size_bytes"] == len(key))
    assert index.paths() == ["a.png"]


def test_a_half_written_file_waits_until_it_is_whole(make):
    index = make().start().idle()
    data = png(200, 200)
    with (index.output / "a.png").open("wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        (index.output / "b.png").write_bytes(png())
        index.become("b.png")
        file.write(data[len(data) // 2 :])
    index.become("a.png", "b.png")
    assert index.row("a.png")["error"] == ""


def test_a_file_whose_writer_gave_up_is_listed_with_the_reason(make):
    index = make().start().idle()
    (index.output / "cut.png").write_bytes(png(64, 64)[:60])
    index.become("cut.png")
    assert index.row("cut.png")["error"]


def test_a_file_that_was_linked_into_place_is_found_without_a_writer(make, tmp_path):
    index = make().start().idle()
    (tmp_path / "elsewhere.png").write_bytes(png())
    os.link(tmp_path / "elsewhere.png", index.output / "a.png")
    index.become("a.png")


def test_five_thousand_files_created_in_a_burst_all_arrive(make):
    index = make().start().idle()
    data = png()
    for number in range(5000):
        (index.output / f"{number}.png").write_bytes(data)
    eventually(lambda: index.database.count() == 5000, 60)
    for number in range(0, 5000, 2):
        (index.output / f"{number}.png").unlink()
    eventually(lambda: index.database.count() == 2500, 60)


def test_sidecars_and_edits_that_come_and_go_change_their_picture(make):
    index = make()
    (index.output / "a.png").write_bytes(png())
    index.start().idle()
    (index.output / "a.txt").write_text("a cat")
    eventually(lambda: index.row("a.png")["has_prompt"])
    (index.output / "edit").mkdir()
    (index.output / "edit" / "a.edt").write_text("{}")
    eventually(lambda: index.row("a.png")["has_edit_file"])
    (index.output / "a.txt").unlink()
    (index.output / "edit" / "a.edt").unlink()
    eventually(
        lambda: not index.row("a.png")["has_prompt"] and not index.row("a.png")["has_edit_file"]
    )


def test_a_root_that_goes_away_keeps_its_rows_and_comes_back_by_itself(make):
    index = make()
    (index.output / "a.png").write_bytes(png())
    index.start().idle()
    away = index.output.rename(index.output.with_name("away"))
    eventually(lambda: index.indexer.status()["roots"][0]["reachable"] is False)
    assert "missing" in index.indexer.status()["roots"][0]["message"]
    assert index.paths() == ["a.png"]
    (away / "b.png").write_bytes(png(shade=1))
    away.rename(index.output)
    index.become("a.png", "b.png")
    eventually(lambda: index.indexer.status()["roots"][0]["reachable"] is True)
    (index.output / "c.png").write_bytes(png(shade=2))
    index.become("a.png", "b.png", "c.png")


def test_a_root_found_empty_is_emptied_only_when_the_user_confirms(make):
    index = make()
    (index.output / "a.png").write_bytes(png())
    index.start().idle()
    index.indexer.stop()
    (index.output / "a.png").unlink()
    index.start()
    eventually(lambda: index.indexer.status()["roots"][0]["reachable"] is False)
    index.indexer.sync_now()
    eventually(lambda: index.indexer.status()["state"] == "idle")
    assert index.paths() == ["a.png"]
    index.indexer.sync_now(confirm_empty=True)
    index.become()


def test_synchronise_now_finds_a_file_overwritten_while_nobody_watched(make):
    index = make()
    (index.output / "a.png").write_bytes(png())
    index.start().idle()
    index.indexer.stop()
    status = (index.output / "a.png").stat()
    (index.output / "a.png").write_bytes(png(7, 7))
    os.utime(index.output, ns=(status.st_atime_ns, index.output.stat().st_mtime_ns))
    index.start()
    eventually(lambda: index.row("a.png")["width"] == 7)
    index.indexer.sync_now()


def test_a_finished_file_that_comfyui_tells_of_is_read(make):
    index = make(watch=False, poll_seconds=1000).start().idle()
    (index.output / "a.png").write_bytes(png())
    index.indexer.nudge([index.output / "a.png", "/nowhere/b.png"])
    index.become("a.png")


def test_a_folder_that_is_added_is_listed_and_one_that_is_taken_away_is_left(make, tmp_path):
    index = make().start().idle()
    more = tmp_path / "more"
    more.mkdir()
    (more / "a.png").write_bytes(png())
    index.library.replace([*index.library.roots, Root("more", "More", more)])
    index.indexer.roots_changed()
    index.become("more:a.png")
    (more / "b.png").write_bytes(png(shade=1))
    index.become("more:a.png", "more:b.png")
    index.library.replace(roots_of(index.host))
    index.indexer.roots_changed()
    assert [root["id"] for root in index.indexer.status()["roots"]] == ["output"]
    gone = next(root for root in index.database.roots() if root["root_id"] == "more")
    assert gone["reachable"] == 0
    assert index.paths() == ["more:a.png", "more:b.png"]


def test_stopping_is_quick_and_may_happen_twice_and_starting_again_goes_on(make):
    index = make().start().idle()
    index.indexer.stop()
    index.indexer.stop()
    with pytest.raises(Unavailable):
        index.indexer.sync_now()
    index.indexer.nudge([index.output / "a.png"])
    (index.output / "a.png").write_bytes(png())
    index.start()
    index.become("a.png")


@linux
def test_a_killed_worker_is_replaced_and_nothing_is_missed(make):
    index = make()
    for number in range(400):
        (index.output / f"{number}.png").write_bytes(png(shade=number))
    index.start()
    eventually(lambda: index.database.count() > 0)
    os.kill(index.worker_pid(), signal.SIGKILL)
    (index.output / "late.png").write_bytes(png())
    eventually(lambda: index.database.count() == 401)
    (index.output / "later.png").write_bytes(png())
    eventually(lambda: index.row("later.png"))


@linux
def test_a_file_that_ends_the_worker_twice_is_listed_unread(make, monkeypatch):
    index = make()
    (index.output / "a.png").write_bytes(png())
    (index.output / "bad.png").write_bytes(png())
    name = os.fsencode(index.output / "bad.png")

    def crash():
        index.indexer._hand.write_bytes(len(name).to_bytes(2, "little") + name)
        index.indexer._note_crash("The worker crashed.")

    index.host.data_dir.mkdir(exist_ok=True)
    crash()
    crash()
    index.start().idle()
    assert "twice" in index.row("bad.png")["error"]
    assert index.row("a.png")["error"] == ""


HOST = """
import runpy, sys, time
from pathlib import Path
runpy.run_path({main!r})["load_package"]("holaf")
sys.path.insert(0, {tests!r})
from holaf.holaf_core.events import EventBus
from holaf.holaf_core.host import Host
from holaf.holaf_database import ImageDatabase
from holaf.holaf_image_viewer_backend.indexer import Indexer, IndexSettings
from holaf.holaf_image_viewer_backend.library_paths import Library, roots_of
base = Path({base!r})
host = Host("standalone", base / "output", base / "data", base / "private")
database = ImageDatabase(base / "data" / "db.sqlite")
database.on_commit(lambda rev: print("commit", flush=True))
Indexer(Library(roots_of(host)), database, EventBus(), IndexSettings(), host).start()
time.sleep(60)
"""


@linux
def test_a_server_killed_during_the_first_index_leaves_a_sound_database_and_no_worker(
    make, tmp_path
):
    output = tmp_path / "output"
    for number in range(2000):
        folder = output / f"sub{number % 5}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(png(shade=number))
    root = Path(__file__).resolve().parents[2]
    program = HOST.format(
        main=str(root / "__main__.py"), tests=str(root / "tests"), base=str(tmp_path)
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as server:
        assert server.stdout.readline() == b"commit\n"
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
        workers = [
            int(pid)
            for task in Path(f"/proc/{server.pid}/task").iterdir()
            for pid in (task / "children").read_text().split()
        ]
        assert workers, children
        server.kill()
    eventually(lambda: not any(alive(pid) for pid in workers))
    index = make()
    with index.database.read() as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert 0 < index.database.count() <= 2000
    index.start().idle()
    assert index.database.count() == 2000


# Found by every Python that is started with its folder in PYTHONPATH: what opening a file does.
ON_OPEN = """
import os, sys, time
def hook(event, arguments):
    if event != "open" or not isinstance(arguments[0], (str, bytes)):
        return
    command = " ".join(sys.orig_argv)
    if os.fsdecode(arguments[0]).endswith({name!r}) and {where!r} in command:
        with open({log!r}, "a") as log:
            print(command, file=log)
        {deed}
sys.addaudithook(hook)
"""
DIE = "os.kill(os.getpid(), 9)"
HANG = "time.sleep(3600)"

readers = pytest.mark.skipif(
    processors() < 2, reason="only where there are processors to read with"
)


def many_pictures(folder, newest, count=5 * CHUNK):
    """The first chunk, which a reader gets, has the newest."""
    folder.mkdir(parents=True, exist_ok=True)
    then = time.time() - 1000
    for number in range(count - 1):
        path = folder / f"{number:04}.png"
        path.write_bytes(png(shade=number))
        os.utime(path, (then, then))
    (folder / newest).write_bytes(png())
    os.utime(folder / newest, (then + 100, then + 100))
    return count


def with_hook(folder, **values):
    folder.mkdir()
    text = ON_OPEN.format(log=str(folder / "log"), **values)
    (folder / "sitecustomize.py").write_text(text)
    return {"PYTHONPATH": str(folder)}


@linux
@readers
def test_a_file_that_ends_every_reader_is_listed_unread_and_the_others_are_read(
    make, tmp_path, monkeypatch
):
    index = make()
    count = many_pictures(index.output, "deadly.png")
    for name, value in with_hook(
        tmp_path / "hook", name="deadly.png", where="index_", deed=DIE
    ).items():
        monkeypatch.setenv(name, value)
    index.start()
    eventually(lambda: index.row("deadly.png"), 60)
    index.idle()
    assert "ended the program twice" in index.row("deadly.png")["error"]
    assert index.database.count() == count
    with index.database.read() as db:
        unread = db.execute("SELECT count(*) FROM images WHERE error <> ''").fetchone()[0]
    assert unread == 1
    victims = (tmp_path / "hook" / "log").read_text()
    assert "index_reader.py" in victims
    assert "index_worker.py" in victims


@linux
@readers
def test_a_server_killed_while_readers_read_leaves_none_of_them_and_misses_nothing(make, tmp_path):
    count = many_pictures(tmp_path / "output", "slow.png")
    hook = with_hook(tmp_path / "hook", name="slow.png", where="index_reader.py", deed=HANG)
    root = Path(__file__).resolve().parents[2]
    program = HOST.format(
        main=str(root / "__main__.py"), tests=str(root / "tests"), base=str(tmp_path)
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.DEVNULL, env={**os.environ, **hook}
    ) as server:
        # A reader is in the middle of its work from now on.
        eventually((tmp_path / "hook" / "log").exists, 30)
        below = descendants(server.pid)
        commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in below]
        server.kill()
    assert any(b"index_worker.py" in command for command in commands)
    assert any(b"index_reader.py" in command for command in commands)
    eventually(lambda: not any(alive(pid) for pid in below))
    index = make()
    assert index.database.count() < count
    index.start().idle()
    assert index.database.count() == count


def descendants(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found


def alive(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_two_servers_on_one_database_agree(make, tmp_path):
    one = make()
    other = make()
    for number in range(200):
        (one.output / f"{number}.png").write_bytes(png(shade=number))
    one.start()
    other.start()
    one.idle()
    other.idle()
    (one.output / "late.png").write_bytes(png())
    (one.output / "0.png").unlink()
    eventually(lambda: one.row("late.png") and one.row("0.png") is None)
    eventually(lambda: one.database.count() == 200)


def test_a_full_disk_is_told_of_and_nothing_is_lost(make, monkeypatch):
    index = make()
    monkeypatch.setattr("holaf.holaf_image_viewer_backend.indexer.FIRST_REST_S", 0.05)
    store = index.database.store_batches
    full = [True]

    def store_if_there_is_room(*args):
        if full[0]:
            raise Unavailable("The disk is full.")
        return store(*args)

    monkeypatch.setattr(index.database, "store_batches", store_if_there_is_room)
    (index.output / "a.png").write_bytes(png())
    index.start()
    eventually(lambda: index.indexer.status()["state"] == "error")
    assert index.events.latest["images.index"]["message"] == "The disk is full."
    full[0] = False
    index.become("a.png")
    eventually(lambda: index.indexer.status()["state"] == "idle")
    assert index.indexer.status()["message"] == ""


def test_a_database_of_a_newer_version_is_left_alone_and_said_so(make):
    index = make()
    index.database.open()
    index.database.close()
    import sqlite3

    with contextlib.closing(sqlite3.connect(index.database.path)) as db:
        db.execute("PRAGMA user_version = 999")
        db.commit()
    newer = make()
    newer.start()
    eventually(lambda: newer.indexer.status()["state"] == "error")
    assert "newer version" in newer.indexer.status()["message"]
    with pytest.raises(Unavailable, match="newer version"):
        newer.indexer.sync_now()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_root_is_indexed(make):
    index = make()
    (index.output / "a.png").write_bytes(png())
    index.output.chmod(0o500)
    try:
        index.start().idle()
        assert index.paths() == ["a.png"]
    finally:
        index.output.chmod(0o700)


def test_indexing_writes_nothing_among_the_pictures(make):
    index = make()
    (index.output / "a.png").write_bytes(png())
    before = index.output.stat().st_mtime_ns
    index.start().idle()
    assert sorted(path.name for path in index.output.iterdir()) == ["a.png"]
    assert index.output.stat().st_mtime_ns == before


def test_while_a_prompt_needs_the_processor_live_files_still_arrive(make):
    index = make(on_cpu=True)
    index.prompt_runs = True
    for number in range(500):
        (index.output / f"{number}.png").write_bytes(png(shade=number))
    index.start()
    eventually(lambda: index.indexer._slow)
    (index.output / "live.png").write_bytes(png())
    eventually(lambda: index.row("live.png"))
    index.prompt_runs = False
    eventually(lambda: index.database.count() == 501)


def test_the_index_goes_on_after_a_mistake_in_writing_what_it_found(make, monkeypatch):
    monkeypatch.setattr("holaf.holaf_image_viewer_backend.indexer.LONGEST_REST_S", 0.05)
    index = make()
    store = index.database.store_batches
    mistakes = []

    def stumble_once(*batch):
        if not mistakes:
            mistakes.append(batch)
            raise OverflowError("too large")
        return store(*batch)

    monkeypatch.setattr(index.database, "store_batches", stumble_once)
    (index.output / "a.png").write_bytes(png())
    index.start()
    index.become("a.png")
    assert len(mistakes) == 1
    eventually(lambda: index.indexer.status()["state"] == "idle")
