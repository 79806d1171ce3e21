"""One writer, many readers, schema steps that happen once, and nothing lost on the way."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from holaf.holaf_core import sqlite as module
from holaf.holaf_core.errors import Unavailable
from holaf.holaf_core.sqlite import SqliteFile, statements
from indexing import eventually

ROOT = Path(__file__).resolve().parents[2]

CREATE = "CREATE TABLE t (n INTEGER);"


def values(file):
    with file.read() as db:
        return [row["n"] for row in db.execute("SELECT n FROM t ORDER BY n")]


@pytest.fixture
def opened():
    files = []

    def open_file(*arguments):
        files.append(SqliteFile(*arguments))
        return files[-1]

    yield open_file
    for file in files:
        file.close()


def test_making_one_touches_no_disk_and_starts_no_thread(tmp_path, opened):
    threads = threading.active_count()
    opened(tmp_path / "deep" / "x.db", [CREATE])
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads


def test_only_new_steps_run(tmp_path, opened):
    opened(tmp_path / "x.db", [CREATE]).open()
    file = opened(tmp_path / "x.db", [CREATE, "INSERT INTO t VALUES (7)"])
    assert values(file) == [7]


def test_a_step_may_be_a_function(tmp_path, opened):
    file = opened(tmp_path / "x.db", [CREATE, lambda db: db.execute("INSERT INTO t VALUES (3)")])
    assert values(file) == [3]


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path, opened):
    opened(tmp_path / "x.db", [CREATE]).open()
    broken = opened(tmp_path / "x.db", [CREATE, "INSERT INTO t VALUES (1); DROP TABLE nosuch"])
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        broken.open()
    assert values(opened(tmp_path / "x.db", [CREATE])) == []


def test_an_upgrade_keeps_a_copy_of_the_old_file(tmp_path, opened):
    old = opened(tmp_path / "x.db", [CREATE])
    old.write(lambda db: db.execute("INSERT INTO t VALUES (5)"))
    old.close()
    opened(tmp_path / "x.db", [CREATE, "DELETE FROM t"]).open()
    with sqlite3.connect(tmp_path / "x.db.schema1.bak") as copy:
        assert copy.execute("SELECT n FROM t").fetchall() == [(5,)]


def test_an_upgrade_without_room_for_a_copy_does_not_begin(tmp_path, opened, monkeypatch):
    opened(tmp_path / "x.db", [CREATE, "INSERT INTO t VALUES (5)"]).open()
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("holaf.holaf_core.sqlite.shutil.disk_usage", lambda path: usage)
    with pytest.raises(Unavailable, match="no room for a backup"):
        opened(tmp_path / "x.db", [CREATE, "INSERT INTO t VALUES (5)", "DELETE FROM t"]).open()
    assert values(opened(tmp_path / "x.db", [CREATE, "INSERT INTO t VALUES (5)"])) == [5]


@pytest.fixture
def another(tmp_path, opened, monkeypatch):
    """A second file object, as of another process, that waits for an upgrade of a first one."""
    monkeypatch.setattr(module, "LOCK_TIMEOUT_S", 0.01)
    monkeypatch.setattr(module, "LOOK_AGAIN_MS", 10)
    path, begun, go_on, threads = tmp_path / "x.db", threading.Event(), threading.Event(), []
    opened(path, [CREATE]).open()

    def slow(db):
        begun.set()
        assert go_on.wait(20)
        db.execute("ALTER TABLE t ADD COLUMN m")

    def start(job):
        threads.append(threading.Thread(target=job))
        threads[-1].start()

    def must_not_run(db):
        raise AssertionError("the step was taken twice")

    start(opened(path, [CREATE, slow]).open)
    assert begun.wait(20)
    yield opened(path, [CREATE, must_not_run]), go_on, start
    go_on.set()
    for thread in threads:
        thread.join(20)


def test_who_comes_during_an_upgrade_waits_for_it_and_says_so(another, caplog, tmp_path):
    file, go_on, start = another
    done = threading.Event()
    start(lambda: (file.open(), done.set()))
    eventually(lambda: "another process is at work" in caplog.text)
    copies = {one.name for one in tmp_path.glob("*.bak*")}
    assert not done.is_set()
    go_on.set()
    assert done.wait(20)
    assert file.read_only_reason is None
    assert {one.name for one in tmp_path.glob("*.bak*")} == copies == {"x.db.schema1.bak"}


def test_closing_ends_the_wait_for_an_upgrade(another, caplog):
    file, _, start = another
    raised = []

    def wait():
        with pytest.raises(Unavailable, match="stopping") as error:
            file.open()
        raised.append(error)

    start(wait)
    eventually(lambda: "another process is at work" in caplog.text)
    file.close()
    eventually(lambda: raised)


def test_a_transaction_that_raises_is_rolled_back_and_the_writer_lives_on(tmp_path, opened):
    file = opened(tmp_path / "x.db", [CREATE])

    def fail(db):
        db.execute("INSERT INTO t VALUES (1)")
        raise RuntimeError("stopped half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        file.write(fail)
    file.write(lambda db: db.execute("INSERT INTO t VALUES (2)"))
    assert values(file) == [2]


def test_many_threads_can_write(tmp_path, opened):
    file = opened(tmp_path / "x.db", [CREATE])
    threads = [
        threading.Thread(
            target=lambda n=n: file.write(lambda db: db.execute("INSERT INTO t VALUES (?)", (n,)))
        )
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values(file) == list(range(20))


def handles_of(path):
    """What this process has open of a file; `path` only has to begin so (the log beside it)."""
    handles = Path("/proc/self/fd").glob("*")
    names = [str(one.readlink()) for one in handles if one.is_symlink()]
    return [name for name in names if name.startswith(str(path))]


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files")


@needs_proc
def test_threads_that_have_ended_leave_no_open_file_behind(tmp_path, opened):
    file = opened(tmp_path / "x.db", [CREATE])
    values(file)
    at_first = len(handles_of(file.path))
    for _ in range(20):
        reader = threading.Thread(target=values, args=(file,))
        reader.start()
        reader.join()
    # The last one's connection is closed when the next one is opened.
    assert len(handles_of(file.path)) <= 2 * at_first


@needs_proc
def test_a_damaged_file_is_not_kept_open(tmp_path, opened):
    path = tmp_path / "x.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(sqlite3.DatabaseError, match="not a database") as held:
        opened(path, [CREATE]).open()
    assert held.value.__traceback__ is not None  # which would keep a connection alive
    assert handles_of(path) == []


def test_what_a_job_learnt_is_forgotten_before_the_next_job_runs(tmp_path):
    learnt = []
    file = SqliteFile(tmp_path / "x.db", [CREATE], undone=learnt.clear)

    def fail(db):
        learnt.append(1)
        raise OverflowError

    failing = file.submit(fail)
    seen = file.submit(lambda db: list(learnt)).result()
    file.close()
    assert isinstance(failing.exception(), OverflowError)
    assert seen == []


def test_what_follows_a_write_sees_it_committed(tmp_path, opened):
    file = opened(tmp_path / "x.db", [CREATE])
    seen = []
    file.write(
        lambda db: db.execute("INSERT INTO t VALUES (1)").lastrowid,
        then=lambda row: seen.append((row, values(file))),
    )
    assert seen == [(1, [1])]


def test_closing_finishes_what_was_submitted_and_can_be_repeated(tmp_path, opened):
    file = opened(tmp_path / "x.db", [CREATE])
    futures = [
        file.submit(lambda db, n=n: db.execute("INSERT INTO t VALUES (?)", (n,))) for n in range(50)
    ]
    file.close()
    file.close()
    assert all(future.done() for future in futures)
    assert values(opened(tmp_path / "x.db", [CREATE])) == list(range(50))
    with pytest.raises(Unavailable, match="stopping"):
        file.write(lambda db: None)


def test_a_file_of_a_newer_version_is_only_read(tmp_path, opened):
    opened(tmp_path / "x.db", [CREATE, "INSERT INTO t VALUES (1)"]).open()
    older = opened(tmp_path / "x.db", [CREATE])
    assert "newer version" in older.read_only_reason
    assert values(older) == [1]
    with pytest.raises(Unavailable, match="Update the pack"):
        older.write(lambda db: None)


OVERWRITTEN = """
import runpy, sqlite3, sys
from pathlib import Path
runpy.run_path(str(Path(sys.argv[1]) / "__main__.py"))["load_package"]("holaf")
from holaf.holaf_core.sqlite import SqliteFile
path = Path(sys.argv[2])
file = SqliteFile(path, ["CREATE TABLE t (n INTEGER, text)"])
rows = [(n, "x" * 3000) for n in range(5000)]
file.write(lambda db: db.executemany("INSERT INTO t VALUES (?, ?)", rows))
with file.read() as db:
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute("SELECT n FROM t LIMIT 1").fetchall()
path.write_bytes(b"gone")
try:
    with file.read() as db:
        db.execute("SELECT sum(length(text)) FROM t").fetchall()
except sqlite3.DatabaseError:
    print("an error, and alive")
"""


def test_a_file_that_is_written_over_is_an_error_and_not_the_end_of_the_process(tmp_path):
    command = [sys.executable, "-c", OVERWRITTEN, ROOT, tmp_path / "x.db"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "an error, and alive\n"), done.stderr


def test_a_script_is_split_where_its_statements_end():
    script = "CREATE TABLE a (x TEXT DEFAULT ';');\nINSERT INTO a VALUES (1);\n-- end\n"
    assert [one.split()[0] for one in statements(script)] == ["CREATE", "INSERT", "--"]
