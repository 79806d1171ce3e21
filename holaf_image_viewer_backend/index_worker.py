"""The index worker: a program of its own that reads folders and headers and sends back rows.

It never writes to the database. From the server come `start`, `ack`, `sync`, `nudge`, `roots`,
`slow`; to the server go numbered frames of rows (see `index_frames.py`), `progress` and `roots`.
"""

from __future__ import annotations

import contextlib
import gc
import heapq
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..holaf_core.worker_side import Channel
from ..holaf_image_records import IndexedFile
from ..holaf_image_store import PARSER
from .file_reader import FileReader
from .folder_reading import Progress
from .half_written import looks_whole
from .in_hand import InHand
from .index_frames import Outbox, Send
from .index_reader import UNREAD
from .known_files import KnownFiles
from .library_paths import Library, Root
from .listing import Place, RootState
from .live_changes import LiveChanges
from .reader_pool import MOST_PROCESSES, ReaderPool, processors
from .scanner import Scanner
from .watcher import CLOSED, Event, Watcher, WatchLimit, network_file_system, open_watcher

log = logging.getLogger("holaf.images")

# Between two looks at whether the roots are still there.
ROOT_CHECK_S = 2.0

PROGRESS_S = 0.2

# Rows wait this long for company while a scan runs.
FLUSH_S = 0.08

# A prompt runs on the processor: for each slice of work, so long a rest.
REST_S = 0.1

# A poll over a slow share must not become all that this process does.
POLL_SHARE = 0.1

# What is urgent comes first: a folder that just appeared, before the first index goes on.
FOLDER, ROOT, POLL, SWEEP = range(4)


class IndexWorker:
    """One thread does the work; a second one listens to the server, the watcher has a third."""

    def __init__(
        self,
        send: Send,
        config: dict[str, Any],
        inbox: queue.SimpleQueue[Event | dict[str, Any] | None],
    ) -> None:
        self._send = send
        self._inbox = inbox
        self._backlog: list[Event | dict[str, Any]] = []
        self._poll_s = float(config.get("poll_s", 2.0))
        self._force_poll = config.get("watch", True) is False
        self._skip = set(config.get("skip", ()))
        self._hand = InHand(config.get("hand"))
        self._slow = False
        self._stopped = False
        self._tasks: list[tuple[int, int, tuple[str, str, str], Iterator[None]]] = []
        self._keys: set[tuple[str, str, str]] = set()
        self._count = 0
        self._scanning_since: float | None = None
        self._scanned_before = 0
        self._told_at = 0.0
        self._told: Any = None
        self._flushed_at = 0.0
        self._modes: dict[str, tuple[str, str]] = {}
        self._next_poll: dict[str, float] = {}
        self._polls = 0
        self._next_check = 0.0

        self._known = KnownFiles(Path(os.fsdecode(bytes.fromhex(config["database"]))))
        self._out = Outbox(send, self._wait)
        self._reader = FileReader()
        self._pool = ReaderPool(
            min(MOST_PROCESSES, processors()) - 1,
            self._out.forward,
            self._out.folder,
            self._read_for_pool,
            self._count_done,
            sorted(self._skip),
        )
        self._out.drain = self._pool.drain
        library = Library(roots_from(config["roots"]))
        self._scanner = Scanner(
            library,
            self._known,
            self._out,
            self._read,
            parser=PARSER,
            watch=self._watch,
            wait_for=lambda state, path: self._live.wait_for(state, path),
            is_whole=looks_whole,
            pool=self._pool,
        )
        self._watcher: Watcher | None = None
        self._live = LiveChanges(
            self._scanner,
            self._known,
            self._out,
            self._read,
            looks_whole,
            rescan=self._rescan,
            forget=self._forget,
        )
        self._open_watcher()

    # --- the loop -----------------------------------------------------------------------------

    def run(self) -> None:
        try:
            self._loop()
        finally:
            self._pool.close()
            if self._watcher:
                self._watcher.close()
            self._known.close()

    def _loop(self) -> None:
        for state in self._scanner.states.values():
            self._begin_root(state)
        self._tell_roots()
        while not self._stopped:
            self._hear(self._patience())
            self._run_due()
            if not self._tasks or time.monotonic() - self._flushed_at > FLUSH_S:
                self._out.flush()
                self._flushed_at = time.monotonic()
            self._check_roots()
            self._poll()
            self._step()
            self._tell_progress()

    def _run_due(self) -> None:
        due = self._live.due()
        if due is not None and due <= time.monotonic():
            self._pool.drain()
            self._live.run_due()

    def _patience(self) -> float:
        """How long the loop may sleep when nobody says anything."""
        if self._tasks:
            return REST_S if self._slow else 0.0
        now = time.monotonic()
        wakes = [self._next_check, *self._next_poll.values()]
        due = self._live.due()
        if due is not None:
            wakes.append(due)
        return max(0.0, min(wakes) - now)

    def _hear(self, timeout: float) -> None:
        """Take everything that arrived, after waiting for the first of it."""
        entries: list[Event | dict[str, Any] | None] = [*self._backlog]
        self._backlog = []
        try:
            if not entries:
                entries.append(self._inbox.get(timeout > 0, timeout or None))
            while True:
                entries.append(self._inbox.get_nowait())
        except queue.Empty:
            pass
        events = []
        for entry in entries:
            if isinstance(entry, Event):
                events.append(entry)
            elif entry is None:
                self._stopped = True
            else:
                self._obey(entry, events)
        if events:
            # What a reader has in hand is older than what is read now.
            self._pool.drain()
            self._live.handle(events)
            self._out.flush()

    def _wait(self) -> None:
        """Until something is acknowledged; what else arrives meanwhile is kept for later."""
        while not self._stopped:
            entry = self._inbox.get()
            if entry is None:
                self._stopped = True
                raise SystemExit
            if isinstance(entry, dict) and "ack" in entry:
                self._out.acked(entry["ack"])
                return
            self._backlog.append(entry)

    def _obey(self, message: dict[str, Any], events: list[Event]) -> None:
        if "ack" in message:
            self._out.acked(message["ack"])
        elif "slow" in message:
            self._slow = self._pool.paused = message["slow"]
        elif "nudge" in message:
            events += [Event(CLOSED, os.fsdecode(bytes.fromhex(one))) for one in message["nudge"]]
        elif "sync" in message:
            for state in self._scanner.states.values():
                self._scan_root(state, confirm_empty=bool(message["sync"].get("confirm_empty")))
                self._add(SWEEP, ("sweep", state.root.id, ""), self._scanner.sweep(state))
        elif "roots" in message:
            self._replace_roots(Library(roots_from(message["roots"])))

    def _add(self, priority: int, key: tuple[str, str, str], task: Iterator[None]) -> None:
        if key not in self._keys:
            self._keys.add(key)
            self._count += 1
            heapq.heappush(self._tasks, (priority, self._count, key, task))

    def _step(self) -> None:
        if not self._tasks:
            return
        priority, _, key, task = self._tasks[0]
        if priority <= ROOT and self._scanning_since is None:
            self._scanning_since = time.monotonic()
            if priority == ROOT:
                self._scanner.progress = Progress()
            self._scanned_before = self._scanner.progress.done
        began = time.perf_counter()
        # Asked for again from now on means: once more after this.
        self._keys.discard(key)
        try:
            next(task)
            done = False
        except StopIteration:
            done = True
        if done:
            self._tasks = [one for one in self._tasks if one[3] is not task]
            heapq.heapify(self._tasks)
            if key[0] == "scan":
                self._tell_roots()
            self._end_scan()
        elif priority == SWEEP:
            self._hear(time.perf_counter() - began)

    def _end_scan(self) -> None:
        if not any(one[0] <= ROOT for one in self._tasks):
            self._pool.rest()
            self._out.flush()
            self._scanning_since = None

    # --- roots --------------------------------------------------------------------------------

    def _open_watcher(self) -> None:
        if self._force_poll:
            return
        homes = [state.home for state in self._scanner.states.values()]
        try:
            self._watcher = open_watcher(self._inbox.put, homes)
        except WatchLimit as limit:
            for root_id in self._scanner.states:
                self._modes[root_id] = ("poll", str(limit))

    def _begin_root(self, state: RootState) -> None:
        root_id = state.root.id
        if self._force_poll:
            self._modes[root_id] = ("poll", "Polling was chosen in the settings.")
        elif kind := network_file_system(state.home):
            self._modes[root_id] = (
                "poll",
                f"The folder lies on a network file system ({kind}): changes made by other "
                "machines are found by polling.",
            )
        else:
            self._modes.setdefault(root_id, ("watch", ""))
        self._scan_root(state)

    def _scan_root(self, state: RootState, *, confirm_empty: bool = False) -> None:
        key = ("scan", state.root.id, "confirmed" if confirm_empty else "")
        self._add(ROOT, key, self._scan_then_sweep(state, confirm_empty))

    def _scan_then_sweep(self, state: RootState, confirm_empty: bool) -> Iterator[None]:
        new = not self._known.folders(state.root.id)
        yield from self._scanner.scan(state, confirm_empty=confirm_empty)
        if not new and state.reachable:
            self._add(SWEEP, ("sweep", state.root.id, ""), self._scanner.sweep(state))

    def _replace_roots(self, library: Library) -> None:
        before = dict(self._scanner.states)
        self._scanner.set_library(library)
        gone = {one for one in before if self._scanner.states.get(one) is not before[one]}
        self._drop_tasks(gone)
        for root_id in gone:
            self._forget(before[root_id].home)
            self._modes.pop(root_id, None)
            self._next_poll.pop(root_id, None)
        for root_id, state in self._scanner.states.items():
            if before.get(root_id) is not state:
                self._begin_root(state)
        self._tell_roots()

    def _drop_tasks(self, root_ids: set[str]) -> None:
        """Of roots that are gone, or that lie elsewhere now."""
        dropped = [one for one in self._tasks if one[2][1] in root_ids]
        if not dropped:
            return
        self._pool.drain()
        if self._tasks[0] is dropped[0]:
            # The one that is under way: what it found is not read any more.
            self._scanner.progress.found = self._scanner.progress.done
        self._tasks = [one for one in self._tasks if one not in dropped]
        heapq.heapify(self._tasks)
        self._keys.difference_update(one[2] for one in dropped)
        self._end_scan()

    def _check_roots(self) -> None:
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + ROOT_CHECK_S
        for state in self._scanner.states.values():
            if state.reachable and not self._scanner.moved_away(state):
                continue
            was = (state.reachable, state.message, state.identity)
            self._forget(state.home)
            if self._scanner.look_at(state):
                self._scan_root(state)
            if (state.reachable, state.message, state.identity) != was:
                self._tell_roots()

    def _poll(self) -> None:
        now = time.monotonic()
        for root_id, state in self._scanner.states.items():
            if self._mode(root_id) != "poll" or now < self._next_poll.get(root_id, 0.0):
                continue
            key = ("poll", root_id, "")
            if state.reachable and not any(one[2][1] == root_id for one in self._tasks):
                self._add(POLL, key, self._poll_root(state))
            self._next_poll[root_id] = now + self._poll_s

    def _poll_root(self, state: RootState) -> Iterator[None]:
        began = time.monotonic()
        self._polls += 1
        yield from self._scanner.poll(state)
        if self._polls % 3 == 0:
            # In place, a file changes without its folder's time: look at the newest folders.
            yield from self._scanner.sweep(state, folders=2)
        took = time.monotonic() - began
        self._next_poll[state.root.id] = time.monotonic() + max(
            self._poll_s, took * (1 / POLL_SHARE - 1)
        )

    def _mode(self, root_id: str) -> str:
        return self._modes.get(root_id, ("watch", ""))[0]

    def _watch(self, state: RootState, path: str) -> None:
        if self._watcher is None:
            return
        try:
            self._watcher.add(path)
        except WatchLimit as limit:
            if self._mode(state.root.id) != "poll":
                log.warning("%s: %s", state.root.path, limit)
                self._modes[state.root.id] = ("poll", str(limit))
                self._tell_roots()

    def _forget(self, path: str) -> None:
        if self._watcher is not None:
            self._watcher.forget(path)

    def _rescan(self, state: RootState, rel: str | None) -> None:
        if rel is None:
            self._scan_root(state)
        else:
            key = ("folder", state.root.id, rel)
            self._add(FOLDER, key, self._scanner.scan_folder(state, rel))

    # --- reading and telling ---------------------------------------------------------------------

    def _read(self, place: Place) -> IndexedFile:
        name = os.fsencode(place.path)
        if self._skip and name.hex() in self._skip:
            return self._reader.unread(place, UNREAD)
        self._hand.take(name)
        try:
            return self._reader.read(place)
        finally:
            self._hand.put_down()

    def _read_for_pool(self, place: Place) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._out.file(self._read(place))

    def _count_done(self, count: int) -> None:
        self._scanner.progress.done += count

    def _tell_roots(self) -> None:
        self._out.flush()
        roots = []
        for root_id, state in self._scanner.states.items():
            mode, why = self._modes.get(root_id, ("watch", ""))
            message = state.message or why
            roots.append([root_id, state.reachable, mode, message, state.found_empty is not None])
        self._send({"roots": roots})

    def _tell_progress(self) -> None:
        now = time.monotonic()
        scanning = self._scanning_since is not None
        waiting = any(one[0] <= ROOT for one in self._tasks)
        state = "scanning" if scanning or waiting else "idle"
        progress = self._scanner.progress
        checking = any(one[0] == SWEEP for one in self._tasks)
        told = (state, checking, progress.found, progress.done)
        if told == self._told or (
            self._told and told[:2] == self._told[:2] and now - self._told_at < PROGRESS_S
        ):
            return
        self._told, self._told_at = told, now
        rate = 0.0
        if self._scanning_since is not None:
            passed = now - self._scanning_since
            rate = (progress.done - self._scanned_before) / passed if passed > 0 else 0.0
        self._send(
            {"progress": {"state": state, "found": progress.found, "done": progress.done,
                          "per_second": round(rate, 1), "checking": checking}}
        )  # fmt: skip


def roots_from(rows: list[list[str]]) -> list[Root]:
    """[id, label, path as hexadecimal bytes]"""
    return [Root(one, label, Path(os.fsdecode(bytes.fromhex(path)))) for one, label, path in rows]


def main(channel: Channel, arguments: list[str]) -> None:
    """The program: `start` is its first message."""
    first = channel.receive()
    if first is None:
        return
    # Graphs come and go by the thousand, without circles: looking at them all is in vain.
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    # A watcher's thread must not wait 5 ms for the interpreter while the main one reads headers.
    sys.setswitchinterval(0.0005)
    inbox: queue.SimpleQueue[Event | dict[str, Any] | None] = queue.SimpleQueue()

    def listen() -> None:
        while (received := channel.receive()) is not None:
            inbox.put(received[0])
        os._exit(0)  # the server is gone or wants an end: whatever runs now ends with it

    threading.Thread(target=listen, name="holaf-listener", daemon=True).start()
    with contextlib.suppress(SystemExit):
        IndexWorker(channel.send, first[0]["start"], inbox).run()
