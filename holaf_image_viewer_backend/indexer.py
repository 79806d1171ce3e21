"""The server's side of the index: owns the worker, writes what it finds, tells how far it is."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..holaf_core.errors import HolafError, Unavailable
from ..holaf_core.events import EventBus
from ..holaf_core.host import Host
from ..holaf_core.processes import WorkerEnded, WorkerProcess
from ..holaf_database import ImageDatabase
from ..holaf_image_batch import split
from .in_hand import InHand
from .library_paths import Library

log = logging.getLogger("holaf.images")

PROGRAM = Path(__file__).with_name("index_worker.py")

TOPIC = "images.index"

# At most five times a second.
TELL_EVERY_S = 0.2

# Rests between attempts to write to a disk that is full.
FIRST_REST_S = 0.5
LONGEST_REST_S = 15.0

OWED_EVERY_S = 5.0

# Tags and ratings of files that have been gone for 30 days are dropped this often.
FORGET_EVERY_S = 24 * 3600.0

# A file whose reading ended the worker so often is listed unread.
MOST_CRASHES = 2

LEFT_BEHIND_S = 24 * 3600.0


class IndexSettingsLike(Protocol):
    @property
    def watch(self) -> bool: ...

    @property
    def poll_seconds(self) -> float: ...


@dataclass(frozen=True)
class IndexSettings:
    """`watch` False: poll although watching works. `poll_seconds` counts where it does not."""

    watch: bool = True
    poll_seconds: float = 2.0


@dataclass
class _Status:
    state: str = "starting"
    found: int = 0
    done: int = 0
    per_second: float = 0.0
    checking: bool = False
    message: str = ""
    roots: dict[str, tuple[bool, str, str, bool]] = field(default_factory=dict)


class Indexer:
    """`start` returns at once; `stop` within seconds. All methods may be called from any thread."""

    def __init__(
        self,
        library: Library,
        database: ImageDatabase,
        events: EventBus,
        settings: IndexSettingsLike,
        host: Host,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._library = library
        self._database = database
        self._events = events
        self._settings = settings
        self._host = host
        self._clock = clock
        self._lock = threading.Lock()
        self._status = _Status()
        self._told: dict[str, Any] | None = None
        self._told_at = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._worker: WorkerProcess | None = None
        self._slow = False
        self._renew = threading.Event()
        self._forgot_at: float | None = None
        # When to write the roots again, and the state before that failed.
        self._owed: tuple[float, str] | None = None
        self._crashes: dict[str, int] = {}
        # One for each server: two may share the data, and a file that is cut short under the other
        # one's map would end its worker.
        self._hand = host.data_dir / f"index-in-hand-{secrets.token_hex(4)}"

    # --- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            self._stop.clear()
            self._status = _Status()
            self._worker = WorkerProcess(PROGRAM, name="index")
            self._thread = threading.Thread(target=self._run, name="holaf-index", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the worker and the thread. What was committed stays; the next start goes on."""
        self._stop.set()
        with self._lock:
            thread, self._thread = self._thread, None
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5.0)
        with contextlib.suppress(OSError):
            self._hand.unlink(missing_ok=True)

    # --- for routes and hosts ------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """The topic `images.index`."""
        with self._lock:
            status = self._status
            left = status.found - status.done
            busy = status.state == "scanning" and status.per_second > 0
            return {
                "state": status.state,
                "found": status.found,
                "done": status.done,
                "per_second": status.per_second,
                "remaining_s": round(max(0, left) / status.per_second, 1) if busy else None,
                # Every folder's names agree; the sizes and times of files are still compared.
                "checking": status.checking,
                "roots": [self._root_status(root.id) for root in self._library.roots],
                "message": status.message,
            }

    def sync_now(self, *, confirm_empty: bool = False) -> None:
        """Compare every folder and file with the disk. Raises Unavailable while it cannot.

        `confirm_empty`: the user says that a root which is empty now is meant to be.
        """
        if self._database.read_only_reason:
            raise Unavailable(self._database.read_only_reason)
        if not self._send({"sync": {"confirm_empty": confirm_empty}}):
            raise Unavailable("The index is not running. Try again in a moment.")

    def nudge(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        """Files that somebody has just finished: they are read before anything else."""
        names = [os.fsencode(os.path.abspath(path)).hex() for path in paths]  # noqa: PTH100
        if names:
            self._send({"nudge": names})

    def roots_changed(self) -> None:
        """The library has other roots now (`Library.replace`)."""
        self._write_roots()
        self._send({"roots": self._root_rows()})
        self._tell(now=True)

    def use(self, settings: IndexSettingsLike) -> None:
        """Watch and poll as these settings say from now on."""
        with self._lock:
            before, self._settings = self._settings, settings
        if (before.watch, before.poll_seconds) != (settings.watch, settings.poll_seconds):
            self._renew.set()

    # --- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        worker = self._worker
        assert worker is not None
        while not self._stop.is_set():
            try:
                # The first look at the database, here because it may be upgraded first.
                if reason := self._database.read_only_reason:
                    self._fail(reason)
                    return
                self._prepare()
                self._renew.clear()
                worker.send({"start": self._config()})
                self._slow = False
                self._listen(worker)
            except WorkerEnded as end:
                if self._stop.is_set():
                    return
                self._note_crash(str(end))
            except (OSError, sqlite3.Error, HolafError) as error:
                # No frame is lost here: `_store` has retries of its own.
                self._fail(f"The index could not be started: {error}")
                worker.kill()
                self._stop.wait(LONGEST_REST_S)
            except Exception as error:
                # A mistake of ours, perhaps about one file. Without this thread nothing would be
                # indexed any more, and nobody would know.
                log.exception("the index stumbled")
                self._fail(f"The index stumbled ({type(error).__name__}: {error}). It tries again.")
                worker.kill()
                self._stop.wait(LONGEST_REST_S)

    def _listen(self, worker: WorkerProcess) -> None:
        while not self._stop.is_set():
            if self._renew.is_set():
                # A new worker compares the folders anew, so what this one had not sent yet is not
                # lost, and what happens between the two is not missed.
                worker.kill()
                self._begin_again()
                return
            try:
                message, data = worker.receive(timeout=0.5)
            except TimeoutError:
                pass
            else:
                self._handle(worker, message, data)
            self._keep_pace(worker)
            self._forget_departed()
            self._write_owed_roots()
            self._tell()

    def _handle(self, worker: WorkerProcess, message: dict[str, Any], data: bytes) -> None:
        number = message.get("n")
        if number is not None:
            if self._store(message, data):
                worker.send({"ack": number})
        elif "progress" in message:
            progress = message["progress"]
            with self._lock:
                changed = (self._status.state, self._status.checking) != (
                    progress["state"], progress["checking"]
                )  # fmt: skip
                self._status.state = progress["state"]
                self._status.found = progress["found"]
                self._status.done = progress["done"]
                self._status.per_second = progress["per_second"]
                self._status.checking = progress["checking"]
                self._status.message = ""
            if progress["state"] == "idle":
                worker.worked()
            self._tell(now=changed)
        elif "roots" in message:
            with self._lock:
                self._status.roots = {row[0]: tuple(row[1:]) for row in message["roots"]}
            self._write_roots()
            self._tell(now=True)

    def _store(self, frame: dict[str, Any], data: bytes) -> bool:
        """Write one frame, again and again while the disk is full. False when told to stop."""
        rest = FIRST_REST_S
        before = self._status.state
        while not self._stop.is_set():
            try:
                apply_frame(self._database, frame, data)
            except HolafError as error:
                message = str(error)
            except sqlite3.Error as error:
                message = f"The database could not be written: {error}."
                log.exception("a batch could not be written")
            else:
                if rest != FIRST_REST_S:
                    self._recover(before)
                return True
            self._fail(message)
            self._stop.wait(rest)
            rest = min(LONGEST_REST_S, rest * 2)
        return False

    def _recover(self, state: str) -> None:
        """The worker, which knows of no trouble, is where it was: it tells only what changes."""
        with self._lock:
            self._status.state = "idle" if state == "error" else state
            self._status.message = ""
        self._tell(now=True)

    def _keep_pace(self, worker: WorkerProcess) -> None:
        slow = self._host.on_cpu and self._host.is_running()
        if slow != self._slow:
            self._slow = slow
            worker.send({"slow": slow})

    def _forget_departed(self) -> None:
        if self._forgot_at is None or self._clock() - self._forgot_at > FORGET_EVERY_S:
            self._forgot_at = self._clock()
            try:
                self._database.forget_departed()
            except (HolafError, sqlite3.Error) as error:
                log.warning("the user data of deleted files could not be cleaned up: %s", error)

    def _send(self, message: dict[str, Any]) -> bool:
        with self._lock:
            worker = self._worker
        if worker is None or not worker.running:
            return False
        try:
            worker.send(message)
        except (WorkerEnded, OSError):
            return False
        return True

    # --- the worker's start and end -----------------------------------------------------------

    def _config(self) -> dict[str, Any]:
        return {
            "database": os.fsencode(self._database.path).hex(),
            "roots": self._root_rows(),
            "watch": self._settings.watch,
            "poll_s": self._settings.poll_seconds,
            "hand": str(self._hand),
            "skip": [name for name, count in self._crashes.items() if count >= MOST_CRASHES],
        }

    def _root_rows(self) -> list[list[str]]:
        return [
            [root.id, root.label, os.fsencode(os.path.abspath(root.path)).hex()]  # noqa: PTH100
            for root in self._library.roots
        ]

    def _prepare(self) -> None:
        self._write_roots()
        self._hand.parent.mkdir(parents=True, exist_ok=True)
        for left in self._hand.parent.glob("index-in-hand*"):
            # Of a server that was killed. One that runs has its map, whatever becomes of the name.
            if left != self._hand and time.time() - left.stat().st_mtime > LEFT_BEHIND_S:
                left.unlink(missing_ok=True)
        self._hand.write_bytes(bytes(InHand.SIZE))

    def _note_crash(self, reason: str) -> None:
        """Remember what was being read, so that it cannot end the worker for ever."""
        try:
            page = self._hand.read_bytes()
        except OSError:
            page = b"\0\0"
        length = int.from_bytes(page[:2], "little")
        if length:
            name = page[2 : 2 + length]
            self._crashes[name.hex()] = self._crashes.get(name.hex(), 0) + 1
            log.warning("the index worker ended while reading %r: %s", os.fsdecode(name), reason)
        self._begin_again(f"{reason} It starts again.")

    def _begin_again(self, message: str = "") -> None:
        with self._lock:
            self._status.state = "starting"
            self._status.checking = False
            self._status.message = message
        self._tell(now=True)

    # --- telling ------------------------------------------------------------------------------

    def _root_status(self, root_id: str) -> dict[str, Any]:
        root = self._library.root(root_id)
        reachable, mode, message, emptied = self._status.roots.get(
            root_id, (True, "watch", "", False)
        )
        return {
            "id": root.id,
            "label": root.label,
            "path": printable(root.path),
            "reachable": reachable,
            "mode": mode,
            "message": printable(message),
            # Files are kept that are no longer there: `sync_now(confirm_empty=True)` lets them go.
            "emptied": emptied,
        }

    def _write_roots(self) -> None:
        with self._lock:
            rows = [self._root_status(root.id) for root in self._library.roots]
        current = {row["root_id"]: row for row in self._database.roots()}
        try:
            for row in rows:
                known = current.pop(row["id"], None)
                wanted = (row["label"], row["path"], row["reachable"], row["message"])
                if known is None or wanted != (
                    known["label"], known["path"], bool(known["reachable"]), known["message"]
                ):  # fmt: skip
                    self._database.set_root(row["id"], *wanted)
            for gone in current.values():
                if gone["reachable"]:
                    text = "This folder is not in the settings any more."
                    self._database.set_root(
                        gone["root_id"], gone["label"], gone["path"], False, text
                    )
        except HolafError as error:
            if self._owed is None:
                self._owed = (self._clock() + OWED_EVERY_S, self._status.state)
            self._fail(str(error))
            return
        if self._owed is not None:
            (_, before), self._owed = self._owed, None
            self._recover(before)

    def _write_owed_roots(self) -> None:
        """Again what a full disk did not take."""
        if self._owed is not None and self._clock() > self._owed[0]:
            self._owed = (self._clock() + OWED_EVERY_S, self._owed[1])
            self._write_roots()

    def _fail(self, message: str) -> None:
        with self._lock:
            again = self._status.message == message
            self._status.state = "error"
            self._status.message = message
        if not again:
            log.error(message)
        self._tell(now=True)

    def _tell(self, *, now: bool = False) -> None:
        at = self._clock()
        if not now and at - self._told_at < TELL_EVERY_S:
            return
        status = self.status()
        if status != self._told:
            self._told, self._told_at = status, at
            self._events.publish(TOPIC, status, keep=True)


def apply_frame(database: ImageDatabase, frame: dict[str, Any], data: bytes = b"") -> None:
    """Write what one frame says (see `index_frames.Outbox`). Doing it twice does no harm."""
    if "remove_folder" in frame:
        database.remove_folder(*frame["remove_folder"])
    elif "move_folder" in frame:
        database.move_folder(*frame["move_folder"])
    else:
        batches = split(frame["batches"], data)
        if "move" in frame:
            database.move_batch([(old, new) for old, new in frame["move"]], batches[0])
        else:
            database.store_batches(batches)


def printable(path: object) -> str:
    """Text for people: what is not UTF-8 in a path is shown as a replacement sign."""
    return str(path).encode("utf-8", "replace").decode("utf-8")
