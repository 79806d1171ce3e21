"""Makes thumbnails: what is looked at first, then the newest, in worker processes.

Each worker process has a thread here that hands it one file after the other. What is next says
thumbnail_choice.py, and thumbnail_recorder.py writes down what was made.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ..holaf_core.errors import NotFound
from ..holaf_core.events import EventBus
from ..holaf_core.host import Host
from ..holaf_core.processes import WorkerEnded, WorkerProcess
from ..holaf_core.tasks import Progress
from ..holaf_database import ImageDatabase
from .library_paths import Library
from .thumbnail_choice import RETRY_S, Choice, DefaultSettings, Made, Settings
from .thumbnail_recorder import Recorder
from .thumbnail_shelf import Shelf
from .thumbnail_store import Stored, ThumbnailStore

log = logging.getLogger("holaf.thumbnails")

PROGRAM = Path(__file__).with_name("thumbnail_worker.py")
# Here and not read from the program, which imports Pillow and NumPy. See there for the reasons.
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 28),
    "MALLOC_TOP_PAD_": str(1 << 26),
    "OPENBLAS_NUM_THREADS": "1",
}

INDEX = "images.index"

MOST_WORKERS = 16
# A file that takes longer is given up, and its worker ended.
TIME_LIMITS = {"image": 30.0, "video": 60.0, "audio": 60.0}
START_LIMIT_S = 60.0
# One is made while the next lies ready, so that a worker never waits for us.
AHEAD = 2
IDLE_S = 120.0
REGENERATE_AT_ONCE = 5000


def automatic_workers() -> int:
    return max(1, min((os.cpu_count() or 1) - 1, 4))


class Thumbnails:
    """`start` returns at once; `stop` ends the workers within seconds and may be called twice."""

    def __init__(
        self,
        library: Library,
        database: ImageDatabase,
        store: ThumbnailStore,
        events: EventBus,
        host: Host,
        settings: Callable[[], Settings] = DefaultSettings,
        *,
        clock: Callable[[], float] = time.time,
        program: Path = PROGRAM,
        arguments: Sequence[str] = (),
        time_limits: dict[str, float] = TIME_LIMITS,
    ) -> None:
        self._library = library
        self._database = database
        self.store = store
        self.shelf = Shelf(database, store)
        self._events = events
        self._settings = settings
        self._program = program
        self._arguments = arguments
        self._limits = time_limits
        self._choice = Choice(database, store, host, settings, self._most_workers, clock)
        self._recorder = Recorder(self._choice, database, store, events, self.status)
        self._choice.on_kept = self._recorder.record
        self._engine = ""
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._workers: list[WorkerProcess] = []
        self._unsubscribe: Callable[[], None] | None = None

    # --- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        if self._threads or self._stopped.is_set():
            return
        self._unsubscribe = self._events.subscribe(self._heard)
        self._database.on_commit(self._committed)
        self._recorder.start()
        self._add_workers()

    def settings_changed(self) -> None:
        """Work as the settings say now: more workers at once, fewer as they end their files."""
        with self._choice.changed:
            if self._threads and not self._stopped.is_set():
                self._add_workers()
        self._choice.settings_changed()

    def _add_workers(self) -> None:
        for number in range(len(self._workers), self._most_workers()):
            name = f"thumbnails-{number}"
            self._workers.append(
                WorkerProcess(self._program, self._arguments, env=ENVIRONMENT, name=name)
            )
            self._begin_thread(
                threading.Thread(target=self._serve, args=(number,), name=f"holaf-{name}")
            )

    def _begin_thread(self, thread: threading.Thread) -> None:
        self._threads.append(thread)
        thread.daemon = True
        thread.start()

    def _most_workers(self) -> int:
        return min(self._settings().workers or automatic_workers(), MOST_WORKERS)

    def stop(self) -> None:
        self._stopped.set()
        self.shelf.stop()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._recorder.hurry()
        self._choice.stop()
        for worker in self._workers:
            worker.close()
        for thread in self._threads:
            thread.join(3.0)
        self._recorder.stop()
        self._threads = []

    # --- what is wanted -------------------------------------------------------------------------

    def wish(self, client: str, ids: Iterable[int]) -> None:
        """What `client` looks at, in its order; it replaces what that client wished before."""
        self._choice.wish(client, ids)

    def urge(self, ids: Iterable[int]) -> None:
        """Make these first, whoever asks."""
        self._choice.urge(ids)

    def regenerate(self, ids: Sequence[int]) -> int:
        """Make these again, at once; how many there are of them."""
        rows = self._database.thumbnail_work(ids)
        self.store.remove([row["thumb_hash"] for row in rows])
        found = [row["id"] for row in rows]
        self._database.reset_thumbnails(ids=found)
        self._choice.try_again(rows)
        self._choice.look_again()
        self.urge(found)
        return len(found)

    def regenerate_failed(self, progress: Progress) -> dict[str, int]:
        """Work for a task: try those again that could not be made."""
        return self._regenerate(lambda: self._database.reset_thumbnails(failed=True), progress)

    def regenerate_all(self, progress: Progress) -> dict[str, int]:
        """Work for a task: make all again. Until each is replaced, the old one is shown."""
        self.store.remake_all()
        try:
            return self._regenerate(
                lambda: self._database.reset_thumbnails(everything=True), progress
            )
        except BaseException:
            self.store.keep_all()
            raise

    def regenerate_many(self, ids: Sequence[int], progress: Progress) -> dict[str, int]:
        """Work for a task: make these again."""
        for start in range(0, len(ids), REGENERATE_AT_ONCE):
            rows = self._database.thumbnail_work(ids[start : start + REGENERATE_AT_ONCE])
            self.store.remove([row["thumb_hash"] for row in rows])
            progress.check()
        return self._regenerate(lambda: self._database.reset_thumbnails(ids=ids), progress)

    def _regenerate(self, reset: Callable[[], int], progress: Progress) -> dict[str, int]:
        before = self._database.thumbnail_counts()["pending"]
        total = reset() + before
        with self._choice.everything() as start:
            self._choice.look_again()
            checked = time.monotonic()
            while not self._stopped.is_set():
                done = min(total, self._choice.recorded - start)
                progress(done, total, self._choice.problem or None)
                if done >= total or time.monotonic() - checked > 2:
                    # Files that vanished meanwhile are never done.
                    checked = time.monotonic()
                    if not self._database.thumbnail_counts()["pending"]:
                        break
                progress.wait(0.1)
        counts = self._database.thumbnail_counts()
        return {"total": total, "ready": counts["ready"], "failed": counts["failed"]}

    def clean(self) -> dict[str, int]:
        """Drop thumbnails that no file has any more; what that gave, see `ThumbnailStore.clean`."""
        return self.store.clean(self._database.thumb_hashes())

    def statistics(self) -> dict[str, Any]:
        counts = self._database.thumbnail_counts()
        return {
            "total_db_count": counts["total"],
            "generated_thumbnails_count": counts["ready"],
            "failed_count": counts["failed"],
            "pending_count": counts["pending"],
            "store_bytes": self.store.size(),
            "engine": self._engine,
            "workers": min(self._most_workers(), len(self._workers)),
        }

    def status(self) -> dict[str, Any]:
        counts = self._database.thumbnail_counts()
        running, paused = self._choice.state()
        return {
            "pending": counts["pending"],
            "ready": counts["ready"],
            "failed": counts["failed"],
            "running": running,
            "paused": bool(paused),
            "message": paused,
        }

    # --- what others tell us ---------------------------------------------------------------------

    def _heard(self, topic: str, data: Any) -> None:
        if topic == INDEX and isinstance(data, dict):
            self._choice.set_indexing(data.get("state") in ("starting", "scanning"))

    def _committed(self, rev: int) -> None:
        self._choice.look_again()

    # --- one worker ------------------------------------------------------------------------------

    def _serve(self, number: int) -> None:
        worker = self._workers[number]
        while not self._stopped.is_set():
            try:
                if number:
                    self._choice.wait_for_backlog(number)
                self._begin(worker)
                self._work(number, worker)
            except WorkerEnded as error:
                if not self._stopped.is_set():
                    self._choice.trouble(f"Thumbnails cannot be made now. {error}")
            except OSError as error:
                self._choice.trouble(
                    f"The program that makes thumbnails could not be started ({error})."
                )
                self._stopped.wait(RETRY_S)
            except Exception:
                log.exception("a thumbnail worker's thread failed; it goes on")
                worker.kill()
                self._stopped.wait(1.0)

    def _begin(self, worker: WorkerProcess) -> None:
        """Start it and wait until it is ready. Raises WorkerEnded, OSError."""
        worker.start()
        try:
            message, _ = worker.receive(START_LIMIT_S)
        except TimeoutError:
            worker.kill()
            raise WorkerEnded("The program that makes thumbnails did not start.") from None
        if not self._engine:
            log.info("thumbnails are made with %s", message.get("engine"))
        self._engine = message.get("engine", "")

    def _work(self, number: int, worker: WorkerProcess) -> None:
        """Hand it files until it ends, is ended, or has nothing to do for long.

        Raises WorkerEnded when it ended without any file to blame.
        """
        sent: deque[dict[str, Any]] = deque()
        try:
            self._hand_out(number, worker, sent)
        finally:
            self._choice.give_back(sent)

    def _hand_out(self, number: int, worker: WorkerProcess, sent: deque[dict[str, Any]]) -> None:
        idle_since = time.monotonic()
        while not self._stopped.is_set():
            try:
                self._send_ahead(number, worker, sent)
            except WorkerEnded:
                if not sent:
                    raise
            except TimeoutError:
                worker.kill()
                raise WorkerEnded("The program that makes thumbnails did not start.") from None
            if not sent:
                if number and time.monotonic() - idle_since > IDLE_S:
                    worker.kill()
                    return
                if not worker.running:
                    return
                continue
            row = sent[0]
            limit = self._limits.get(row["kind"], 60.0)
            try:
                message, blob = worker.receive(limit)
            except TimeoutError:
                worker.kill()
                self._give_up(sent, f"It took longer than {limit:g} seconds and was given up.")
                return
            except WorkerEnded as error:
                if self._stopped.is_set():
                    return
                self._give_up(sent, f"{error} It did so on this file.")
                return
            sent.popleft()
            worker.worked()
            self._answered(row, message, blob)
            idle_since = time.monotonic()

    def _send_ahead(self, number: int, worker: WorkerProcess, sent: deque[dict[str, Any]]) -> None:
        while len(sent) < AHEAD and all(row["kind"] == "image" for row in sent):
            row = self._choice.take(number, 0 if sent else 1.0)
            if row is None:
                return
            try:
                path = self._library.resolve(row["path_canon"])
            except NotFound:
                self._choice.skip(row)
                continue
            job = {one: row[one] for one in ("kind", "size_bytes", "mtime_ns")}
            before = worker.pid
            try:
                worker.send(job, os.fsencode(path))
                if worker.pid != before:
                    # It had ended meanwhile, and this began a new one, which says so first.
                    if sent:
                        self._give_up(sent, "The worker ended. It did so on this file.")
                    worker.receive(START_LIMIT_S)
            except (WorkerEnded, TimeoutError):
                self._choice.give_back([row])
                raise
            sent.append(row)

    def _answered(self, row: dict[str, Any], message: dict[str, Any], blob: bytes) -> None:
        if message.get("gone"):
            self._choice.skip(row)
            return
        stored = None
        error = message.get("error", "")
        if not error:
            stored = Stored(message["type"], blob[48:], blob[:48], int(message["dhash"], 16))
            self.store.remember(row["thumb_hash"], stored)
        self._finished(Made(row, stored, error))

    def _finished(self, made: Made) -> None:
        self._choice.finished(made.row)
        self._recorder.record(made)

    def _give_up(self, sent: deque[dict[str, Any]], reason: str) -> None:
        """The first of `sent` is to blame; the others go back into the queue."""
        self._finished(Made(sent.popleft(), None, reason))
