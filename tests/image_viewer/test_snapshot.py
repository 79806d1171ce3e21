"""A restart reads the snapshot, and never believes one that is not of this database as it is."""

import logging
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeClock
from holaf.holaf_database import ImageDatabase
from holaf.holaf_image_viewer_backend import columns, snapshot_keeper
from holaf.holaf_image_viewer_backend.columns import Columns
from holaf.holaf_image_viewer_backend.query import parse
from holaf.holaf_image_viewer_backend.snapshot_keeper import AT_MOST_EVERY_S, MANY_CHANGES, QUIET_S
from holaf.holaf_image_viewer_backend.views import ViewEngine
from library_rows import indexed_file, made_with, set_made_with

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "images.sqlite"


@pytest.fixture
def database(file):
    database = ImageDatabase(file)
    yield database
    database.close()


@pytest.fixture
def snapshot(file):
    return file.with_name("images.columns")


def fill(database, count=400, start=0):
    ids = database.store([indexed_file(n) for n in range(start, start + count)]).added_ids
    set_made_with(database, {one: made_with(one) for one in ids})
    database.set_tags(ids[0], ["x"])
    return ids


def saved(database):
    """Write the snapshot, as a server that stops does."""
    engine = ViewEngine(database)
    engine.load()
    engine.save_snapshot()
    answers = everything(engine)
    engine.stop()
    return answers


def everything(engine):
    """What the engine answers: orders, groups and facets."""
    views = [
        engine.open(parse({"sort": sort, "group": group}))
        for sort in ("mtime_desc", "name_asc", "size_asc", "seed_desc", "model_asc")
        for group in (None, "folder", "prompt")
    ]
    facets = {**engine.facets({"limit": 1000}), "version": None}
    return [(view.ids.tolist(), view.groups.as_list()) for view in views], facets


def test_a_restart_answers_the_same_from_the_snapshot_alone(database, snapshot, monkeypatch):
    fill(database)
    known = saved(database)
    assert snapshot.exists()
    monkeypatch.setattr(Columns, "_read_all", lambda self: pytest.fail("read from the database"))
    assert everything(ViewEngine(database)) == known


def test_what_was_committed_after_the_snapshot_is_taken_over(database, snapshot, monkeypatch):
    ids = fill(database)
    saved(database)
    fill(database, 30, start=1000)
    database.store(removed=[database.by_id(ids[5])["path_canon"]])
    database.set_tags(ids[7], ["x", "y"])
    database.set_marks(ids[8], rating=4)
    fresh = ViewEngine(database)
    with monkeypatch.context() as patched:
        patched.setattr(Columns, "_read_all", lambda self: pytest.fail("read from the database"))
        found = everything(fresh)
    snapshot.unlink()
    assert found == everything(ViewEngine(database))


def test_a_snapshot_that_was_loaded_takes_changes_like_any_other(database):
    ids = fill(database)
    saved(database)
    engine = ViewEngine(database)
    old = engine.open(parse({}))
    database.set_marks(ids[3], rating=5)
    patch = engine.patch(old.id, engine.open(parse({})))
    assert (patch["removed"], patch["inserted"], patch["changed"]) == ([], [], [ids[3]])


DAMAGE = {
    "empty": lambda data: b"",
    "cut short": lambda data: data[: len(data) // 2],
    "one bit of a column": lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
    "one bit of the header": lambda data: data[:30] + bytes([data[30] ^ 1]) + data[31:],
    "not a snapshot": lambda data: b"PNG" * 1000,
    "a header of four gigabytes": lambda data: data[:8] + b"\xff" * 4 + data[12:],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_snapshot_is_said_and_the_database_read(database, snapshot, caplog, damage):
    fill(database)
    known = saved(database)
    snapshot.write_bytes(DAMAGE[damage](snapshot.read_bytes()))
    with caplog.at_level(logging.WARNING, "holaf.images"):
        assert everything(ViewEngine(database)) == known
    assert "snapshot" in caplog.text
    assert "made anew" in caplog.text


def test_any_damaged_byte_is_found_or_does_no_harm(database, snapshot):
    fill(database, 60)
    known = saved(database)
    whole = snapshot.read_bytes()
    pick = random.Random(1)
    for _ in range(60):
        place = pick.randrange(len(whole))
        changed = bytes([whole[place] ^ (1 << pick.randrange(8))])
        snapshot.write_bytes(whole[:place] + changed + whole[place + 1 :])
        assert everything(ViewEngine(database)) == known, place


def restored_after_more(database, file):
    """The database as it was before 50 more files came and a snapshot was taken of them."""
    database.close()
    earlier = file.read_bytes()
    later = ImageDatabase(file)
    fill(later, 50, start=2000)
    saved(later)
    later.close()
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    file.write_bytes(earlier)
    return ImageDatabase(file)


def test_a_snapshot_of_a_later_revision_is_not_used(database, file, snapshot, caplog):
    fill(database)
    restored = restored_after_more(database, file)
    # The identity was given after the copy was made; a backup has it.
    with caplog.at_level(logging.WARNING, "holaf.images"):
        assert len(ViewEngine(restored).open(parse({})).ids) == 400
    assert "made anew" in caplog.text
    restored.close()


def test_a_backup_with_the_same_identity_is_told_by_its_revision(database, file, snapshot, caplog):
    fill(database)
    saved(database)
    restored = restored_after_more(database, file)
    with caplog.at_level(logging.WARNING, "holaf.images"):
        assert len(ViewEngine(restored).open(parse({})).ids) == 400
    assert "later revision" in caplog.text
    restored.close()


def test_the_snapshot_of_another_database_is_not_used(database, snapshot, tmp_path, caplog):
    fill(database, 50)
    saved(database)
    other = ImageDatabase(tmp_path / "other" / "images.sqlite")
    fill(other, 80)
    (tmp_path / "other" / "images.columns").write_bytes(snapshot.read_bytes())
    with caplog.at_level(logging.WARNING, "holaf.images"):
        assert len(ViewEngine(other).open(parse({})).ids) == 80
    assert "another database" in caplog.text
    other.close()


def test_after_an_upgrade_of_the_schema_the_snapshot_is_made_anew(database, caplog):
    fill(database)
    known = saved(database)
    with database.read() as db:
        done = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute("ALTER TABLE images ADD COLUMN made_up INTEGER")
        db.execute(f"PRAGMA user_version={done + 1}")
    with caplog.at_level(logging.WARNING, "holaf.images"):
        assert everything(ViewEngine(database)) == known
    assert "another schema" in caplog.text


def test_a_column_that_an_earlier_version_did_not_keep_is_read(database, monkeypatch, caplog):
    fill(database)
    known = saved(database)
    with monkeypatch.context() as older:
        older.setattr(snapshot_keeper.snapshot, "read", without_seeds(snapshot_keeper))
        with caplog.at_level(logging.WARNING, "holaf.images"):
            assert everything(ViewEngine(database)) == known
    assert "does not fit together" in caplog.text


def without_seeds(module):
    read = module.snapshot.read

    def changed(path, origin):
        parts = read(path, origin)
        del parts["slot.seed"]
        return parts

    return changed


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has one time zone a process")
def test_another_time_zone_makes_the_days_anew(database, monkeypatch, caplog):
    fill(database)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        saved(database)
        monkeypatch.setenv("TZ", "America/Los_Angeles")
        time.tzset()
        with caplog.at_level(logging.WARNING, "holaf.images"):
            engine = ViewEngine(database)
            days = [one["key"] for one in engine.open(parse({"group": "day"})).groups.as_list()]
        assert "another time zone" in caplog.text
        fresh = ViewEngine(database)
        assert days == [one["key"] for one in fresh.open(parse({"group": "day"})).groups.as_list()]
    finally:
        monkeypatch.undo()
        time.tzset()


CRASH = """
import runpy, os, sys
runpy.run_path(sys.argv[1])["load_package"]("holaf")
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from holaf.holaf_database import ImageDatabase
from holaf.holaf_image_viewer_backend.views import ViewEngine
from library_rows import indexed_file
database = ImageDatabase(Path(sys.argv[3]))
engine = ViewEngine(database)
database.store([indexed_file(n) for n in range(100)])
engine.load()
engine.save_snapshot()
database.store([indexed_file(n) for n in range(100, 130)], removed=[])
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_kill_9_between_a_commit_and_the_snapshot_loses_nothing(file, snapshot):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            CRASH,
            str(ROOT / "__main__.py"),
            str(ROOT / "tests" / "support"),
            str(file),
        ],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert snapshot.exists()
    database = ImageDatabase(file)
    assert len(ViewEngine(database).open(parse({})).ids) == 130
    database.close()


def test_a_half_written_snapshot_never_has_the_name(database, snapshot, monkeypatch, caplog):
    fill(database)
    saved(database)
    before = snapshot.read_bytes()
    fill(database, 20, start=900)
    engine = ViewEngine(database)
    engine.load()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshot_keeper.snapshot.os, "fsync", full)
    with caplog.at_level(logging.WARNING, "holaf.images"):
        engine.save_snapshot()
    assert "could not be written" in caplog.text
    assert snapshot.read_bytes() == before


def test_a_snapshot_that_misses_pictures_is_found_out(database, caplog):
    ids = fill(database)
    saved(database)
    # As no version of ours does: rows that change without a revision.
    with database.read() as db:
        db.execute("DELETE FROM images WHERE id = ?", (ids[4],))
    engine = ViewEngine(database)
    assert len(engine.open(parse({})).ids) == 400
    with caplog.at_level(logging.WARNING, "holaf.images"):
        engine._snapshot.look()
    assert "misses pictures" in caplog.text
    assert engine._columns.current.total == 399


def test_the_snapshot_is_written_after_a_run_of_changes_and_not_for_each_picture(database):
    clock = FakeClock(1000.0)
    engine = ViewEngine(database, clock=clock)
    engine.load()
    fill(database, 10)
    keeper = engine._snapshot
    assert not keeper.is_due(), "more may follow"
    clock.now += QUIET_S
    assert keeper.is_due()
    keeper.look()
    assert not keeper.is_due(), "it is there"
    fill(database, 10, start=50)
    clock.now += QUIET_S
    assert not keeper.is_due(), "ten pictures are quickly read again"
    database.store([indexed_file(n) for n in range(100, 100 + MANY_CHANGES)])
    clock.now += QUIET_S
    assert keeper.is_due()
    keeper.look()
    fill(database, 10, start=9000)
    clock.now += AT_MOST_EVERY_S
    assert keeper.is_due()


def test_a_clock_that_is_set_back_does_not_keep_the_snapshot_from_being_written(database):
    clock = FakeClock(1000.0)
    engine = ViewEngine(database, clock=clock)
    engine.load()
    clock.now = -5000.0
    fill(database, MANY_CHANGES)
    clock.now += QUIET_S
    assert engine._snapshot.is_due()


def test_slots_are_moved_together_when_many_are_dead(database, monkeypatch):
    monkeypatch.setattr(columns, "FEW_DEAD", 0)
    ids = fill(database, 300)
    engine = ViewEngine(database)
    held = engine.open(parse({}))
    old = engine._now()
    ids_before = old["id"].copy()
    for one in ids[:200]:
        database.set_marks(one, rating=2)
    now = engine._now()
    assert now.epoch > old.epoch
    assert now.size < 400
    assert np.array_equal(old["id"], ids_before), "who holds a generation sees it unchanged"
    assert engine.open(parse({})).ids.tolist() == held.ids.tolist()
    assert everything(engine) == everything(ViewEngine(database))
