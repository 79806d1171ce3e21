"""Turns what the watcher heard into rows; half-written files wait until they are whole.

Runs in the index worker. Except for renames an event only says where to look; what is on the disk
then decides, so lost, doubled or disordered events do no harm.
"""

# Plain strings instead of Path objects: this runs once for each of a million files.
# ruff: noqa: PTH110, PTH112, PTH113, PTH114, PTH116, PTH118, PTH120

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from ..holaf_image_records import IndexedFile, canon
from . import media_types
from .known_files import KnownFiles
from .library_paths import escape_name, escape_path, lies_below, unescape_path
from .listing import EDIT_PRODUCT, SIDECARS, Place, RootState, forget_below, is_gone
from .scanner import Scanner
from .watcher import CLOSED, CREATED, DELETED, LOST, MOVED, Event

log = logging.getLogger("holaf.images")

# Seconds between looks at a file that is not whole. After the last one without any change the file
# is listed as it is, with the reason.
LOOKS = (0.12, 0.25, 0.5, 1.0, 2.0)

UNFINISHED = "The file is incomplete: its writer stopped."


class LiveOut(Protocol):
    def file(self, file: IndexedFile) -> None: ...
    def remove(self, root_id: str, folder: str, name: str) -> None: ...
    def move(self, old: str, old_folder: str, file: IndexedFile) -> None: ...
    def remove_folder(self, root_id: str, folder: str) -> None: ...
    def move_folder(self, root_id: str, old: str, new_root_id: str, new: str) -> None: ...
    def settle(self, root_id: str, folder: str) -> None: ...


@dataclass(slots=True)
class Waiting:
    due: float
    look: int
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Spot:
    """A path inside the listing: its root, its raw folder and name."""

    state: RootState
    rel: str
    name: str

    @property
    def folder(self) -> str:
        return escape_path(self.rel)

    @property
    def filename(self) -> str:
        return escape_name(self.name)

    @property
    def canon(self) -> str:
        return canon(self.state.root.id, self.folder, self.filename)


class LiveChanges:
    """`rescan(state, rel)` asks for a folder to be read, rel None for the whole root."""

    def __init__(
        self,
        scanner: Scanner,
        known: KnownFiles,
        out: LiveOut,
        read: Callable[[Place], IndexedFile],
        is_whole: Callable[[str], bool | None],
        rescan: Callable[[RootState, str | None], None],
        forget: Callable[[str], None] = lambda path: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scanner = scanner
        self._known = known
        self._out = out
        self._read = read
        self._is_whole = is_whole
        self._rescan = rescan
        self._forget = forget
        self._clock = clock
        self._waiting: dict[str, Waiting] = {}

    def due(self) -> float | None:
        """When the next look is due, by the clock; None when nothing waits."""
        return min((one.due for one in self._waiting.values()), default=None)

    def wait_for(self, state: RootState, path: str) -> None:
        """A file that the scanner found half-written."""
        self._look_later(path)

    def handle(self, events: Iterable[Event]) -> None:
        """All of a burst: each file is read once, however many events it had."""
        closed: dict[str, None] = {}
        sidecars: dict[str, None] = {}
        # Renamed to a name that is not there (any more): the next rename of it may say more.
        missing: dict[str, str] = {}
        for event in events:
            if event.kind == LOST:
                self._lost(event)
            elif event.is_dir:
                self._read_all(closed)
                self._folder(event)
            elif event.kind == MOVED:
                self._read_all(closed)
                self._moved(event, closed, sidecars, missing)
            elif is_sidecar(event.path):
                sidecars[event.path] = None
            elif media_types.format_of(event.path) is None:
                continue
            elif event.kind == CLOSED:
                closed[event.path] = None
            elif event.kind == CREATED:
                if event.path not in closed and event.path not in self._waiting:
                    self._look_later(event.path)
            elif event.kind == DELETED and event.path not in closed:
                self._gone(event.path)
        self._read_all(closed)
        for path in missing.values():
            self._gone(path)
        self._read_owners(sidecars)

    def run_due(self) -> None:
        """Look again at the files that wait."""
        now = self._clock()
        for path in [path for path, one in self._waiting.items() if one.due <= now]:
            self._look(path, self._waiting.pop(path), now)

    # --- files --------------------------------------------------------------------------------

    def _spot(self, path: str) -> Spot | None:
        """Where a media file lies in the listing; None for what is not listed."""
        found = self._scanner.locate(path)
        if found is None or media_types.format_of(path) is None:
            return None
        state, below = found
        rel, _, name = below.rpartition("/")
        if name.startswith(".") or not self._scanner.enters(state, rel):
            return None
        if rel.rpartition("/")[2] == "edit" and EDIT_PRODUCT.search(name):
            return None
        return Spot(state, rel, name)

    def _read_all(self, closed: dict[str, None]) -> None:
        for path in closed:
            waiting = self._waiting.pop(path, None)
            try:
                whole = self._is_whole(path)
            except OSError:
                whole = True  # reading says why it cannot be read, or that it is gone
            if whole is False:
                self._look_later(path, waiting)
            else:
                self._index(path)
        closed.clear()

    def _index(self, path: str, error: str = "") -> None:
        spot = self._spot(path)
        if spot is None:
            return
        file = self._read_spot(spot, path)
        if file is None:
            self._gone(path)
            return
        self._out.file(replace(file, error=file.error or error) if error else file)

    def _read_spot(self, spot: Spot, path: str) -> IndexedFile | None:
        """The row of a file; None when it is gone or leads out of its root."""
        try:
            if os.path.islink(path) and not lies_below(os.path.realpath(path), spot.state.home):
                return None
            status = os.stat(path)
            if not os.path.isfile(path):
                return None
            return self._read(Place(spot.state.root.id, spot.folder, spot.filename, path, status))
        except OSError:
            return None

    def _gone(self, path: str) -> None:
        self._waiting.pop(path, None)
        spot = self._spot(path)
        if spot and is_gone(spot.state, spot.folder, spot.filename):
            self._out.remove(spot.state.root.id, spot.folder, spot.filename)

    def _moved(
        self,
        event: Event,
        closed: dict[str, None],
        sidecars: dict[str, None],
        missing: dict[str, str],
    ) -> None:
        was_waiting = self._waiting.pop(event.path, None)
        for path in (event.path, event.other):
            if is_sidecar(path):
                sidecars[path] = None
        first = missing.pop(event.path, event.path)
        old, new = self._spot(first), self._spot(event.other)
        if new is None:
            if old is not None:
                self._gone(first)
        elif old is None or was_waiting is not None:
            closed[event.other] = None
        else:
            file = self._read_spot(new, event.other)
            if file is None:
                missing[event.other] = first
            else:
                self._out.move(old.canon, old.folder, file)

    # --- files that are not whole -----------------------------------------------------------------

    def _look_later(self, path: str, before: Waiting | None = None) -> None:
        try:
            status = os.stat(path)
        except OSError:
            return
        same = before is not None and (before.size, before.mtime_ns) == (
            status.st_size,
            status.st_mtime_ns,
        )
        look = before.look if same and before else 0
        self._waiting[path] = Waiting(
            self._clock() + LOOKS[look], look, status.st_size, status.st_mtime_ns
        )

    def _look(self, path: str, one: Waiting, now: float) -> None:
        try:
            status = os.stat(path)
            whole = self._is_whole(path)
        except FileNotFoundError:
            self._gone(path)
            return
        except OSError:
            self._index(path)
            return
        still = (status.st_size, status.st_mtime_ns) == (one.size, one.mtime_ns)
        if whole or (whole is None and still):
            self._index(path)
        elif still and one.look + 1 >= len(LOOKS):
            self._index(path, UNFINISHED)
        else:
            look = one.look + 1 if still else 0
            self._waiting[path] = Waiting(
                now + LOOKS[look], look, status.st_size, status.st_mtime_ns
            )

    # --- sidecars -----------------------------------------------------------------------------

    def _read_owners(self, sidecars: dict[str, None]) -> None:
        """Read again the media files whose sidecars came, changed or went."""
        owners: dict[str, None] = {}
        for path in sidecars:
            found = self._scanner.locate(path)
            if found is None:
                continue
            state, below = found
            rel, _, name = below.rpartition("/")
            stem, _, extension = name.rpartition(".")
            if extension.lower() == "edt" and rel.rpartition("/")[2] == "edit":
                rel = rel.rpartition("/")[0]
            if not self._scanner.enters(state, rel):
                continue
            folder = escape_path(rel)
            if media_types.format_of(stem):  # a.png.txt
                owners[os.path.join(state.path(rel), stem)] = None
                continue
            self._out.settle(state.root.id, folder)
            for owner in self._known.of_stem(state.root.id, folder, escape_name(stem)):
                place = canon("output", folder, owner)
                owners[state.path(unescape_path(place))] = None
        for path in owners:
            if path not in self._waiting and os.path.exists(path):
                self._index(path)

    # --- folders ------------------------------------------------------------------------------

    def _lost(self, event: Event) -> None:
        found = self._scanner.locate(event.path) if event.path else None
        for state in [found[0]] if found else list(self._scanner.states.values()):
            self._rescan(state, None)

    def _folder(self, event: Event) -> None:
        old = self._scanner.locate(event.path)
        if old is None:
            return
        state, rel = old
        if not rel or any(event.path == one.home for one in self._scanner.states.values()):
            self._rescan(state, None)  # the root itself went or came
        elif event.kind == CREATED:
            self._appeared(state, rel)
        elif event.kind == DELETED:
            self._disappeared(state, rel)
        elif event.kind == MOVED:
            self._folder_moved(event, state, rel)

    def _appeared(self, state: RootState, rel: str) -> None:
        if rel.rpartition("/")[2] == "edit":
            self._rescan(state, rel.rpartition("/")[0])
        if self._scanner.enters(state, rel):
            self._rescan(state, rel)

    def _disappeared(self, state: RootState, rel: str) -> None:
        path = state.path(rel)
        if self._scanner.enters(state, rel) and not os.path.lexists(path):
            if not os.path.isdir(os.path.dirname(path)):
                return  # the whole place is gone: its parent, or the root's check, decides
            self._forget(path)
            forget_below(state.times, rel)
            self._out.remove_folder(state.root.id, escape_path(rel))

    def _folder_moved(self, event: Event, state: RootState, rel: str) -> None:
        new = self._scanner.locate(event.other)
        was_listed = self._scanner.enters(state, rel)
        is_listed = new is not None and self._scanner.enters(*new)
        if not is_listed:
            self._forget(event.other)
        if new is None or not is_listed:
            if was_listed:
                self._disappeared(state, rel)
            return
        if was_listed:
            forget_below(state.times, rel)
            self._out.move_folder(
                state.root.id, escape_path(rel), new[0].root.id, escape_path(new[1])
            )
        self._rescan(*new)


def is_sidecar(path: str) -> bool:
    extension = media_types.extension(path)
    return extension in SIDECARS or extension == ".edt"
