"""Which thumbnail is made next, and which are in hand: one lock, and what stands under it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from ..holaf_core.host import Host
from ..holaf_database import ImageDatabase
from ..holaf_image_records import FAILED, READY
from .thumbnail_queue import Wishes
from .thumbnail_store import Stored, ThumbnailStore

log = logging.getLogger("holaf.thumbnails")

# A second worker starts only when this much waits: starting takes as long as making ten.
BACKLOG_FOR_ANOTHER = 8
FILL = 128
# A file this young was made while the user waits for it.
FRESH_S = 120.0
# After a full disk, or a file that was not what the index knows.
RETRY_S = 30.0


class Settings(Protocol):
    @property
    def background(self) -> bool: ...  # make thumbnails that nobody looks at yet

    @property
    def workers(self) -> int: ...  # 0: as many as suit the machine


@dataclass(frozen=True)
class DefaultSettings:
    background: bool = True
    workers: int = 0


@dataclass(frozen=True)
class Made:
    row: dict[str, Any]
    stored: Stored | None = None
    error: str = ""
    kept: bool = False  # it lay in the store already


class Choice:
    """What the workers are given; every method may be called on any thread.

    Whoever holds `changed` may read the databases, never write: the writer calls us back.
    """

    def __init__(
        self,
        database: ImageDatabase,
        store: ThumbnailStore,
        host: Host,
        settings: Callable[[], Settings],
        most_workers: Callable[[], int],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._store = store
        self._host = host
        self._settings = settings
        self._most_workers = most_workers
        self._clock = clock
        self.changed = threading.Condition()
        self.stopped = False
        # What lay in the store already, for whoever writes that down.
        self.on_kept: Callable[[Made], None] = lambda made: None
        self._wishes = Wishes()
        self._fill: deque[dict[str, Any]] = deque()
        self._fill_stale = True
        self._nothing_pending = False
        self._in_hand: dict[int, dict[str, Any]] = {}
        self._unrecorded: set[tuple[int, str]] = set()
        self._skipped: dict[tuple[int, str], float] = {}
        self._fill_anyway = 0
        self._indexing = False
        self._problem = ""
        self._problem_until = 0.0
        # How many were written down since the start.
        self.recorded = 0
        self._status_dirty = True
        self._said = ""  # the last reason for a pause that was told

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    # --- what others tell us ---------------------------------------------------------------------

    def wish(self, client: str, ids: Iterable[int]) -> None:
        with self.changed:
            self._wishes.replace(client, ids)
            self.changed.notify_all()

    def urge(self, ids: Iterable[int]) -> None:
        with self.changed:
            self._wishes.urge(ids)
            self.changed.notify_all()

    def look_again(self) -> None:
        """The library, or what is known of its thumbnails, has changed."""
        with self.changed:
            self._fill_stale = True
            self._nothing_pending = False
            self._status_dirty = True
            self.changed.notify_all()

    def settings_changed(self) -> None:
        with self.changed:
            self._status_dirty = True
            self.changed.notify_all()

    def set_indexing(self, indexing: bool) -> None:
        with self.changed:
            if indexing != self._indexing:
                self._indexing = indexing
                self._status_dirty = True
                self.changed.notify_all()

    def try_again(self, rows: Sequence[dict[str, Any]]) -> None:
        with self.changed:
            for row in rows:
                self._skipped.pop((row["id"], row["thumb_hash"]), None)

    @contextmanager
    def everything(self) -> Iterator[int]:
        """Meanwhile make all that is pending, whatever the settings say; gives `recorded`."""
        with self.changed:
            start = self.recorded
            self._skipped.clear()
            self._fill_anyway += 1
        try:
            yield start
        finally:
            with self.changed:
                self._fill_anyway -= 1

    def trouble(self, text: str) -> None:
        with self.changed:
            if text != self._problem:
                log.warning("%s", text)
            self._problem = text
            self._problem_until = self._clock() + RETRY_S
            self._status_dirty = True

    # --- what it says ----------------------------------------------------------------------------

    @property
    def problem(self) -> str:
        return self._problem

    def state(self) -> tuple[int, str]:
        """(how many are in hand, why nothing is made that nobody looks at)"""
        with self.changed:
            return len(self._in_hand), self._paused()

    def status_changed(self, tell: bool) -> bool:
        """Whether there is something to tell that was not told; with `tell`, it now is."""
        with self.changed:
            # Nobody tells us when a prompt begins or ends.
            if (paused := self._paused()) != self._said:
                self._said = paused
                self._status_dirty = True
            if not self._status_dirty or not tell or self.stopped:
                return False
            self._status_dirty = False
            return True

    def _paused(self) -> str:
        """Why nothing is made that nobody looks at; "" when it is."""
        if self._problem and self._clock() < self._problem_until:
            return self._problem
        if self._slowed():
            return "A prompt is running on this processor: only what is in view is made."
        if self._fill_anyway:
            return ""
        if self._indexing:
            return "The library is being read first."
        if not self._settings().background:
            return "Only what is in view is made: the setting says so."
        return ""

    def _slowed(self) -> bool:
        return self._host.on_cpu and self._host.is_running()

    # --- choosing, under the lock ----------------------------------------------------------------

    def _choose(self, number: int) -> dict[str, Any] | None:
        if number and (self._slowed() or number >= self._most_workers()):
            return None
        while (image_id := self._wishes.next()) is not None:
            if image_id in self._in_hand:
                continue
            row = next(iter(self._database.thumbnail_work([image_id])), None)
            if row is not None and row["thumbnail_status"] != FAILED and self._needed(row):
                return row
        fresh_only = bool(self._paused())
        while (row := self._next_of_fill(fresh_only)) is not None:
            if row["id"] not in self._in_hand and self._needed(row):
                return row
        return None

    def _needed(self, row: dict[str, Any]) -> bool:
        """False for what is made already, or was not there a moment ago."""
        key = (row["id"], row["thumb_hash"])
        if key in self._unrecorded or self._clock() < self._skipped.get(key, 0):
            return False
        stored = self._store.has(row["thumb_hash"])
        if stored is None:
            return True
        if row["thumbnail_status"] != READY:
            self._unrecorded.add(key)
            self.on_kept(Made(row, stored, kept=True))
        return False

    def _next_of_fill(self, fresh_only: bool) -> dict[str, Any] | None:
        if self._fill_stale or (not self._fill and not self._nothing_pending):
            self._fill_stale = False
            now = self._clock()
            self._skipped = {key: end for key, end in self._skipped.items() if end > now}
            busy = len(self._skipped) + len(self._unrecorded) + len(self._in_hand)
            rows = self._database.next_pending_thumbnails(FILL + busy)
            self._fill = deque(
                row
                for row in rows
                if row["id"] not in self._in_hand
                and (row["id"], row["thumb_hash"]) not in self._unrecorded
                and (row["id"], row["thumb_hash"]) not in self._skipped
            )
            self._nothing_pending = not self._fill
        if not self._fill:
            return None
        # The newest first, so when this one is not fresh, none is.
        if fresh_only and self._clock() - self._fill[0]["mtime_ns"] / 1e9 > FRESH_S:
            return None
        return self._fill.popleft()

    # --- giving and taking -----------------------------------------------------------------------

    def take(self, number: int, wait_s: float) -> dict[str, Any] | None:
        """The next file for a worker, or None when there is none within `wait_s`."""
        with self.changed:
            row = self._choose(number)
            if row is None and wait_s and not self.stopped:
                self.changed.wait(wait_s)
                row = None if self.stopped else self._choose(number)
            if row is not None:
                self._in_hand[row["id"]] = row
            return row

    def give_back(self, rows: Iterable[dict[str, Any]]) -> None:
        with self.changed:
            for row in rows:
                self._in_hand.pop(row["id"], None)
                self._wishes.urge([row["id"]])
            self.changed.notify_all()

    def wait_for_backlog(self, number: int) -> None:
        """Until there is enough to do for another worker, this one."""
        with self.changed:
            while not self.stopped:
                waiting = len(self._wishes) + (0 if self._paused() else len(self._fill))
                wanted = number < self._most_workers() and not self._slowed()
                if wanted and waiting >= BACKLOG_FOR_ANOTHER:
                    return
                self.changed.wait(5.0)

    def finished(self, row: dict[str, Any]) -> None:
        """It is out of hand, and will be written down."""
        with self.changed:
            self._in_hand.pop(row["id"], None)
            self._unrecorded.add((row["id"], row["thumb_hash"]))

    def skip(self, row: dict[str, Any]) -> None:
        """Not what the index knows, so the index will say more about it."""
        with self.changed:
            self._in_hand.pop(row["id"], None)
            self._skipped[row["id"], row["thumb_hash"]] = self._clock() + RETRY_S

    def done(self, rows: Sequence[dict[str, Any]], recorded: bool) -> None:
        """These were written down, or could not be."""
        with self.changed:
            if recorded:
                self.recorded += len(rows)
            for row in rows:
                self._unrecorded.discard((row["id"], row["thumb_hash"]))
            if self._problem:
                self._fill.clear()
            self._nothing_pending = False
            self._status_dirty = True
            self.changed.notify_all()
