"""Tells the pages which thumbnails were made and writes them down, on a thread of its own."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

from ..holaf_core.errors import Unavailable
from ..holaf_core.events import EventBus
from ..holaf_database import ImageDatabase
from ..holaf_image_records import ThumbnailResult
from .thumbnail_choice import Choice, Made
from .thumbnail_store import ThumbnailStore

log = logging.getLogger("holaf.thumbnails")

THUMBS = "images.thumbs"
STATUS = "thumbnails.status"
BATCH_S = 0.05


class Recorder:
    """`record` may be called on any thread and costs nothing; no worker waits for a disk."""

    def __init__(
        self,
        choice: Choice,
        database: ImageDatabase,
        store: ThumbnailStore,
        events: EventBus,
        status: Callable[[], dict[str, Any]],
    ) -> None:
        self._choice = choice
        self._database = database
        self._store = store
        self._events = events
        self._status = status
        self._made: queue.SimpleQueue[Made | None] = queue.SimpleQueue()
        self._lost = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._status_after = 0.0

    def start(self) -> None:
        # Found out while reading, perhaps under a lock: this thread writes.
        self._store.on_lost = self._lost.set
        self._thread = threading.Thread(target=self._run, name="holaf-thumbnails", daemon=True)
        self._thread.start()

    def hurry(self) -> None:
        """The end is near: wait for nothing more to come."""
        self._stopped.set()

    def stop(self) -> None:
        """Write down what was handed over, and end."""
        self._stopped.set()
        self._made.put(None)
        if self._thread is not None:
            self._thread.join(3.0)

    def record(self, made: Made) -> None:
        self._made.put(made)

    def _run(self) -> None:
        ended = False
        self._open_store()
        while not ended:
            if self._lost.is_set() and not self._stopped.is_set():
                self._make_all_again()
            try:
                first = self._made.get(timeout=0.25)
                batch = [first]
                while not self._made.empty():
                    batch.append(self._made.get())
                ended = None in batch
                begun = time.monotonic()
                made = [one for one in batch if one is not None]
                if made:
                    self._announce(made)
                    self._record(made)
                    if not ended:
                        # Together what comes within a moment; the first one did not wait.
                        self._stopped.wait(max(0.0, BATCH_S - (time.monotonic() - begun)))
            except queue.Empty:
                pass
            except Exception:
                log.exception("thumbnails could not be recorded; it goes on")
            self._tell_status()

    def _open_store(self) -> None:
        try:
            self._store.open()
        except (OSError, sqlite3.Error) as error:
            self._choice.trouble(f"Thumbnails cannot be kept in {self._store.path} ({error}).")
        if self._store.new:
            self._lost.set()

    def _announce(self, batch: list[Made]) -> None:
        ready, failed = [], []
        for one in batch:
            row = one.row
            if one.stored is not None:
                tiny = one.stored.placeholder.hex()
                ready.append([row["id"], row["thumb_hash"], tiny])
            else:
                failed.append([row["id"], one.error])
        self._events.publish(THUMBS, {"ready": ready, "failed": failed})

    def _record(self, batch: list[Made]) -> None:
        recorded = False
        try:
            self._store.put(
                [
                    (one.row["thumb_hash"], one.stored)
                    for one in batch
                    if one.stored and not one.kept
                ]
            )
            self._database.set_thumbnails(
                [
                    ThumbnailResult(
                        one.row["id"],
                        one.row["thumb_hash"],
                        one.stored.placeholder if one.stored else None,
                        one.error,
                    )
                    for one in batch
                ]
            )
            recorded = True
        except Unavailable as error:
            # They stay pending, and are tried again when there may be room.
            self._choice.trouble(str(error))
        finally:
            self._choice.done([one.row for one in batch], recorded)

    def _make_all_again(self) -> None:
        self._lost.clear()
        try:
            count = self._database.reset_thumbnails(everything=True)
        except Unavailable as error:
            self._choice.trouble(str(error))
            return
        self._store.new = False
        if count:
            log.info("%d thumbnails are not in the store and will be made again", count)
        self._choice.look_again()

    def _tell_status(self) -> None:
        """At most twice a second, and less often where counting takes long."""
        now = time.monotonic()
        if self._choice.status_changed(tell=now >= self._status_after):
            self._events.publish(STATUS, self._status(), keep=True)
            self._status_after = time.monotonic() + max(0.5, 20 * (time.monotonic() - now))
