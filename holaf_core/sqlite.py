"""One SQLite file: its schema steps, its single writer thread, a reading connection per thread."""

from __future__ import annotations

import logging
import queue
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from .errors import Unavailable

log = logging.getLogger("holaf.sqlite")

T = TypeVar("T")
Step = str | Callable[[sqlite3.Connection], None]
Entry = tuple[Callable[..., Any], Callable[[Any], None] | None, "Future[Any]"]

# Another process of ours may hold the lock for one batch, never for long.
LOCK_TIMEOUT_S = 30.0
# An upgrade of a large file takes minutes, and another process that starts meanwhile waits for it.
LOOK_AGAIN_MS = 500
TELL_AGAIN_S = 60.0


class SqliteFile:
    """`steps` are SQL scripts or functions; the file remembers how many of them it has had.

    Never change a step that has been released: append another. Every write is a function run on
    one thread inside one transaction: SQLite has one writer anyway, and a queue in front of it
    means that no caller ever sees "database is locked".

    A file written by a newer version of the pack is opened for reading only; `read_only_reason`
    then says so, and writing raises `Unavailable` with that text.

    Nothing touches the disk before the first use, because ComfyUI makes us while it starts.
    """

    def __init__(
        self,
        path: Path,
        steps: Sequence[Step],
        *,
        name: str = "holaf-database",
        undone: Callable[[], None] = lambda: None,
        cache_pages: int | None = None,
    ) -> None:
        """`undone` is called on the writer thread after a job that was rolled back.

        `cache_pages` of the file are kept by each connection, where SQLite's own 2 MB do not suit.
        """
        self.path = path
        self._undone = undone
        self._cache_pages = cache_pages
        self._steps = steps
        self._ready = False
        self._opening = threading.Lock()
        self._read_only_reason: str | None = None
        self._name = name
        self._local = threading.local()
        self._lock = threading.Lock()
        self._opened: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._closed = False
        self._jobs: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def read_only_reason(self) -> str | None:
        """Why nothing can be written, for the user; None when all is well."""
        self.open()
        return self._read_only_reason

    def open(self) -> None:
        """Create or upgrade the file now; later calls return at once. Blocks: not on an event loop.

        Raises sqlite3.DatabaseError when the file is damaged, OSError when it cannot be made.
        """
        if self._ready:
            return
        with self._opening:
            if not self._ready:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._migrate(self._steps)
                self._ready = True

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """This thread's own connection. Rows are `sqlite3.Row`."""
        yield self._connection()

    def write(
        self, job: Callable[[sqlite3.Connection], T], then: Callable[[T], None] | None = None
    ) -> T:
        """Run `job(connection)` in a transaction on the writer thread and wait for its result.

        Committed when it returns, rolled back when it raises; the exception reaches the caller.
        `then(result)` runs on the writer thread right after the commit, before anyone is told.
        Never call it on an event loop.
        """
        return self.submit(job, then).result()

    def submit(
        self, job: Callable[[sqlite3.Connection], T], then: Callable[[T], None] | None = None
    ) -> Future[T]:
        """Like `write`, without waiting. Jobs run in the order they were given."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                future.set_exception(Unavailable("The database is closed: the server is stopping."))
                return future
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._jobs.put((job, then, future))
        return future

    def close(self, timeout: float = 5.0) -> None:
        """Finish what was submitted, then close. May be called twice."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join(timeout)
        while self._opened:
            self._opened.pop()[1].close()
        self._local = threading.local()

    def _run(self) -> None:
        while (entry := self._jobs.get()) is not None:
            job, then, future = entry
            if not future.set_running_or_notify_cancel():
                continue
            try:
                connection = self._connection()
                if self._read_only_reason:
                    raise Unavailable(self._read_only_reason)
                try:
                    result = transact(connection, job)
                except BaseException:
                    # Here, not where the caller waits: the next job may run before that wakes up.
                    self._undone()
                    raise
                if then is not None:
                    then(result)
                future.set_result(result)
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the future
                future.set_exception(error)

    def _connection(self) -> sqlite3.Connection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            self.open()
            connection = self._connect()
            with self._lock:
                self._close_abandoned()
                self._opened.append((threading.current_thread(), connection))
            self._local.connection = connection
        return connection

    def _close_abandoned(self) -> None:
        """Close the connections of threads that have ended: each task runs on a thread of its own.

        Two open files each; a server that runs for weeks would come to the end of them.
        """
        kept = [one for one in self._opened if one[0].is_alive()]
        for one in self._opened:
            if one not in kept:
                one[1].close()
        self._opened = kept

    def _connect(self) -> sqlite3.Connection:
        if self._read_only_reason:
            connection = sqlite3.connect(
                f"{self.path.resolve().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
        else:
            connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=LOCK_TIMEOUT_S
            )
        try:
            self._prepare(connection)
        except BaseException:
            # Windows does not let anyone put a damaged file aside while it is open.
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if not self._read_only_reason:
            connection.execute("PRAGMA journal_mode=WAL")
            # With WAL a power cut may lose the last commits but never damages the file.
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA temp_store=MEMORY")
        if self._cache_pages is not None:
            connection.execute(f"PRAGMA cache_size={self._cache_pages}")
        # Mapped pages are no faster here, and a file that is cut short beneath them (a share that
        # goes away, ComfyUI's own /userdata writing over it) would end the whole process: SIGBUS.
        connection.execute("PRAGMA mmap_size=0")

    def _migrate(self, steps: Sequence[Step]) -> None:
        connection = self._connect()
        try:
            if version(connection) < len(steps):
                transact(connection, lambda db: self._upgrade(db, steps), self._begin_upgrade)
            if (done := version(connection)) > len(steps):
                self._read_only_reason = (
                    f"The database {self.path} was written by a newer version of Holaf Utilities "
                    f"(schema {done}, this version knows {len(steps)}). It was opened for reading "
                    "only. Update the pack, or restore the backup beside the database."
                )
                log.error(self._read_only_reason)
        finally:
            connection.close()

    def _begin_upgrade(self, connection: sqlite3.Connection) -> None:
        """BEGIN IMMEDIATE, however long another process is at work: its end frees the lock."""
        connection.execute(f"PRAGMA busy_timeout={LOOK_AGAIN_MS}")
        tell_at = 0.0
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
            if self._closed:
                raise Unavailable("The database is closed: the server is stopping.")
            if time.monotonic() >= tell_at:
                tell_at = time.monotonic() + TELL_AGAIN_S
                log.warning(
                    "%s must be upgraded, and another process is at work on it: perhaps another "
                    "ComfyUI that upgrades it, which takes minutes where the library is large. "
                    "This one goes on by itself when the other is done or has ended.",
                    self.path,
                )

    def _upgrade(self, connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
        # Read again: another process may have taken the steps while this one waited for the lock.
        done = version(connection)
        if 0 < done < len(steps):
            self._back_up(done)
        _run_steps(connection, steps, done)

    def _back_up(self, done: int) -> None:
        """Keep a copy of the file as it was before this version changed its schema."""
        copy = self.path.with_name(f"{self.path.name}.schema{done}.bak")
        free = shutil.disk_usage(self.path.parent).free
        # The copy, and what the upgrade writes before it counts.
        needed = self.path.stat().st_size * 2
        if free < needed:
            raise Unavailable(
                f"The database {self.path} must be upgraded, and there is no room for a backup "
                f"first: {(needed >> 20) + 1} MiB are needed on its disk."
            )
        part = copy.with_name(copy.name + ".part")
        part.unlink(missing_ok=True)
        # Not by the connection that holds the lock: SQLite waits until that writes no more.
        source = self._connect()
        target = sqlite3.connect(part)
        try:
            source.backup(target)
        finally:
            target.close()
            source.close()
        part.replace(copy)
        log.info("kept a copy of the database before its upgrade: %s", copy)


def begin(connection: sqlite3.Connection) -> None:
    """BEGIN IMMEDIATE, again when another process wins the race for the lock."""
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def transact(
    connection: sqlite3.Connection,
    job: Callable[[sqlite3.Connection], T],
    begin: Callable[[sqlite3.Connection], None] = begin,
) -> T:
    """Run `job(connection)` between BEGIN IMMEDIATE and COMMIT; roll back when it raises."""
    begin(connection)
    try:
        result = job(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _run_steps(connection: sqlite3.Connection, steps: Sequence[Step], done: int) -> None:
    for number, step in enumerate(steps[done:], start=done + 1):
        if callable(step):
            step(connection)
        else:
            for statement in statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={number}")


def statements(script: str) -> Iterator[str]:
    """The statements of an SQL script; unlike `executescript`, this leaves the transaction open."""
    pending = ""
    for piece in re.findall("[^;]*;|[^;]+$", script):
        pending += piece
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending
