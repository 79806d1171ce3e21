"""Walks the roots and finds what differs from the database, in tiers, newest first.

1. The times of known folders: a folder whose time did not change has the same names.
2. The names of folders that changed; files that are new are read, names that are gone removed.
3. Size and time of every file, slowly, for those overwritten in place while nobody watched.

Runs in the index worker. Nothing is removed because something could not be read: a row goes only
when its own folder was read and lacks the name, or its parent was read and lacks the folder.
"""

# Plain strings instead of Path objects: this runs once for each of a million files.
# ruff: noqa: PTH113, PTH114, PTH116, PTH208

from __future__ import annotations

import enum
import heapq
import logging
import os
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from ..holaf_image_records import IndexedFile, IndexedFolder, time_of
from . import media_types, sidecars
from .folder_reading import FolderReading, Progress
from .known_files import KnownFile, KnownFiles
from .library_paths import (
    Library,
    escape_name,
    escape_path,
    lies_below,
    unescape_name,
    unescape_path,
)
from .listing import (
    CASELESS,
    EDIT_PRODUCT,
    EMPTY,
    MISSED,
    NOT_LISTED_AT_TOP,
    SIDECARS,
    Listing,
    Place,
    RootState,
    forget_below,
    is_folder,
    is_gone,
    is_listed_file,
)
from .reader_pool import ReaderPool

log = logging.getLogger("holaf.images")

# A folder that changed this recently may change again without its time moving on: its names are
# not trusted for later (the clock of a file system ticks in steps, up to 2 s on FAT).
SETTLED_NS = 3_000_000_000


class Tier(enum.Enum):
    NAMES = 2
    STATS = 3


class Out(Protocol):
    """Where findings go; see `index_worker.Outbox`."""

    def file(self, file: IndexedFile) -> None: ...
    def folder(self, folder: IndexedFolder) -> None: ...
    def remove(self, root_id: str, folder: str, name: str) -> None: ...
    def remove_folder(self, root_id: str, folder: str) -> None: ...
    def settle(self, root_id: str, folder: str) -> None:
        """Wait until what was sent about a folder is in the database."""
        ...


class Scanner:
    def __init__(
        self,
        library: Library,
        known: KnownFiles,
        out: Out,
        read: Callable[[Place], IndexedFile],
        *,
        parser: int,
        watch: Callable[[RootState, str], None] = lambda state, path: None,
        wait_for: Callable[[RootState, str], None] | None = None,
        is_whole: Callable[[str], bool | None] = lambda path: True,
        clock_ns: Callable[[], int] = time.time_ns,
        pool: ReaderPool | None = None,
    ) -> None:
        self._known = known
        self._out = out
        self._parser = parser
        self._watch = watch
        self._clock_ns = clock_ns
        self._pool = pool
        self._reading = FolderReading(out, read, pool, wait_for, is_whole, clock_ns)
        self.progress = Progress()
        # When each sidecar that is newer than its folder had changed when it was read.
        self._sidecars_read: dict[str, int] = {}
        # The folder that was listed last and not read yet: a huge one is listed once.
        self._listed: tuple[RootState, str, int, Listing] | None = None
        self.states: dict[str, RootState] = {}
        self.set_library(library)

    def set_library(self, library: Library) -> None:
        old = self.states
        self.states = {}
        for root in library.roots:
            home = os.path.realpath(root.path)
            state = old.get(root.id)
            self.states[root.id] = state if state and state.home == home else RootState(root, home)

    # --- policy -------------------------------------------------------------------------------

    def locate(self, path: str) -> tuple[RootState, str] | None:
        """The root that lists `path` (the inner one of two) and the path below it."""
        best = None
        for state in self.states.values():
            below = state.below(path)
            if below is not None and (best is None or len(state.home) > len(best[0].home)):
                best = (state, below)
        return best

    def enters(self, state: RootState, rel: str) -> bool:
        """Whether the folder `rel` belongs to the listing, going by its name alone."""
        if not rel:
            return True
        names = rel.split("/")
        if names[0] in NOT_LISTED_AT_TOP or any(name.startswith(".") for name in names):
            return False
        path = state.path(rel)
        return all(
            other is state or not (path == other.home or lies_below(path, other.home))
            for other in self.states.values()
            if len(other.home) > len(state.home)
        )

    # --- roots --------------------------------------------------------------------------------

    def look_at(self, state: RootState, *, confirm_empty: bool = False) -> bool:
        """Whether the root can be read; sets its `reachable` and `message` for the user."""
        path = state.home
        message = ""
        try:
            status = os.stat(path)
            with os.scandir(path) as entries:
                empty = not any(not entry.name.startswith(".") for entry in entries)
        except FileNotFoundError:
            message = f"The folder {state.root.path} is missing, or its drive is not connected."
        except NotADirectoryError:
            message = f"{state.root.path} is not a folder."
        except OSError as error:
            message = f"The folder {state.root.path} cannot be read: {error.strerror or error}."
        else:
            state.identity = (status.st_dev, status.st_ino)
            if confirm_empty or state.found_empty != state.identity:
                state.found_empty = None
            suspicious = empty or state.found_empty
            count = self._known.count(state.root.id) if suspicious and not confirm_empty else 0
            if count and empty:
                state.found_empty = state.identity
                state.reachable = False
                state.message = EMPTY.format(path=state.root.path, count=count)
                state.times.clear()
                return False
            state.reachable = True
            state.message = MISSED.format(path=state.root.path) if count else ""
            return True
        state.reachable = False
        state.message = message + " What is known of its files is kept."
        state.times.clear()
        return False

    def moved_away(self, state: RootState) -> bool:
        """True when the root is no longer the folder that was scanned (unmounted, replaced)."""
        try:
            status = os.stat(state.home)
        except OSError:
            return True
        return state.identity is not None and state.identity != (status.st_dev, status.st_ino)

    # --- scanning: generators that yield between slices of work --------------------------------

    def scan(self, state: RootState, *, confirm_empty: bool = False) -> Iterator[None]:
        """Tiers 1 and 2 over a whole root."""
        if not self.look_at(state, confirm_empty=confirm_empty):
            return
        known = {
            unescape_path(path): mtime for path, mtime in self._known.folders(state.root.id).items()
        }
        known = {rel: mtime for rel, mtime in known.items() if self.enters(state, rel)}
        queue = _Queue()
        seen: set[tuple[int, int]] = set()
        lost_below: set[str] = set()
        for count, (rel, mtime) in enumerate(known.items()):
            self._watch(state, state.path(rel))
            try:
                status = os.stat(state.path(rel), follow_symlinks=not rel)
            except FileNotFoundError:
                lost_below.add(rel.rpartition("/")[0])
                continue
            except OSError as error:
                log.warning("%s cannot be read and is left as it is: %s", state.path(rel), error)
                continue
            seen.add((status.st_dev, status.st_ino))
            if time_of(status) != mtime:
                queue.add(rel, time_of(status))
            else:
                state.times[rel] = mtime
            if count % 500 == 499:
                yield
        for rel in lost_below:
            if rel in known:
                queue.add(rel, 0)
        if "" not in known:
            yield from self._discover(state, "", queue, seen)
        yield from self._work_off(state, queue, known, seen, confirm_empty=confirm_empty)

    def scan_folder(self, state: RootState, rel: str) -> Iterator[None]:
        """A folder that appeared or changed, with the new folders below it."""
        if not self.enters(state, rel):
            return
        known = {
            unescape_path(path): mtime for path, mtime in self._known.folders(state.root.id).items()
        }
        queue = _Queue()
        seen: set[tuple[int, int]] = set()
        if rel in known:
            queue.add(rel, 0)
            for one in known:
                # After a rename the rows below were moved, and each folder waits to be read.
                if one.startswith(rel + "/") and known[one] == 0:
                    queue.add(one, 0)
        else:
            yield from self._discover(state, rel, queue, seen)
        yield from self._work_off(state, queue, known, seen)

    def poll(self, state: RootState) -> Iterator[None]:
        """Folders whose time changed since their names were read: for roots nobody watches."""
        for count, (rel, mtime) in enumerate(list(state.times.items())):
            try:
                changed = time_of(os.stat(state.path(rel))) != mtime
            except FileNotFoundError:
                # The parent's time changed too; it says what became of this one.
                state.times.pop(rel, None)
                continue
            except OSError:
                continue
            if changed:
                yield from self.scan_folder(state, rel)
            if count % 500 == 499:
                yield

    def sweep(self, state: RootState, folders: int | None = None) -> Iterator[None]:
        """Tier 3, newest folders first; of all of them, or of the `folders` newest."""
        known = self._known.folders(state.root.id)
        order = sorted(known, key=lambda path: known[path] or 1 << 63, reverse=True)
        for path in order[:folders]:
            rel = unescape_path(path)
            if not state.reachable or not self.enters(state, rel):
                continue
            yield from self._folder(state, rel, True, Tier.STATS, _Queue(), {}, set())

    def _discover(
        self, state: RootState, rel: str, queue: _Queue, seen: set[tuple[int, int]]
    ) -> Iterator[None]:
        """Queue `rel` and every folder below it, counting their files for the progress."""
        stack = [rel]
        while stack:
            one = stack.pop()
            path = state.path(one)
            self._watch(state, path)
            try:
                status = os.stat(path)
                identity = (status.st_dev, status.st_ino)
                if identity in seen:
                    continue  # a loop of mounts
                seen.add(identity)
                listing = self.list_folder(state, one)
                self._listed = (state, one, time_of(status), listing)
            except OSError as error:
                log.warning("%s cannot be read: %s", path, error)
                continue
            queue.add(one, time_of(status), len(listing.files))
            self.progress.found += len(listing.files)
            stack += [f"{one}/{name}" if one else name for name in listing.folders]
            yield

    def _work_off(
        self,
        state: RootState,
        queue: _Queue,
        known: dict[str, int],
        seen: set[tuple[int, int]],
        *,
        confirm_empty: bool = False,
    ) -> Iterator[None]:
        while (item := queue.pop()) is not None:
            rel, counted = item
            yield from self._folder(
                state, rel, rel in known, Tier.NAMES, queue, known, seen, counted, confirm_empty
            )

    def _folder(
        self,
        state: RootState,
        rel: str,
        is_known: bool,
        tier: Tier,
        queue: _Queue,
        known: dict[str, int],
        seen: set[tuple[int, int]],
        counted: int = 0,
        confirm_empty: bool = False,
    ) -> Iterator[None]:
        root_id, folder, path = state.root.id, escape_path(rel), state.path(rel)
        self._watch(state, path)
        try:
            mtime = time_of(os.stat(path))
            rows: dict[str, KnownFile] = {}
            listed, self._listed = self._listed, None
            if not is_known and listed and listed[:3] == (state, rel, mtime):
                listing = listed[3]
            else:
                if is_known:
                    # First the rows, then the names: a file that is created in between must not
                    # look like one that is gone.
                    self._out.settle(root_id, folder)
                    rows = self._known.files(root_id, folder)
                listing = self.list_folder(state, rel)
        except OSError as error:
            self.progress.found -= counted
            if not isinstance(error, FileNotFoundError):
                log.warning("%s cannot be read and is left as it is: %s", path, error)
            return
        if not rel and listing.empty and rows and not confirm_empty:
            self.look_at(state)
            return
        if state.found_empty is None:
            missing = [name for name in rows if name not in listing.files]
            # Where names differ in case only, the old name still leads to the renamed file.
            same = {name.casefold() for name in listing.files} if missing and CASELESS else set()
            for name in missing:
                if name.casefold() in same or is_gone(state, folder, name):
                    self._out.remove(root_id, folder, name)
            self._remove_folders(state, rel, listing, known)
        wanted = self._wanted(rows, listing, tier, known.get(rel, 0))
        self.progress.found += len(wanted) - counted
        yield from self._reading.files(state, folder, listing, wanted, self.progress)
        if tier is Tier.STATS:
            return
        for name in listing.folders:
            child = f"{rel}/{name}" if rel else name
            if child not in known and child not in state.times and child not in queue:
                yield from self._discover(state, child, queue, seen)
            if child not in known and child not in state.times:
                # Its row must exist before its parent counts as read: after a crash the parent
                # is not listed again.
                self._note(IndexedFolder(root_id, escape_path(child), 0))
        settled = self._clock_ns() - mtime > SETTLED_NS
        state.times[rel] = mtime if settled else 0
        self._note(IndexedFolder(root_id, folder, state.times[rel]))

    def _note(self, folder: IndexedFolder) -> None:
        if self._pool is None:
            self._out.folder(folder)
        else:
            self._pool.note(folder)

    def list_folder(self, state: RootState, rel: str) -> Listing:
        """The names in a folder that belong to the library. Raises OSError."""
        listing = Listing()
        names = []
        in_edit = rel.rpartition("/")[2] == "edit"
        with os.scandir(state.path(rel)) as entries:
            for entry in entries:
                name = entry.name
                names.append(name)
                if name[0] == ".":
                    continue
                listing.empty = False
                if media_types.format_of(name) is not None:
                    if in_edit and EDIT_PRODUCT.search(name):
                        continue
                    if is_listed_file(entry, state.home):
                        listing.files[escape_name(name)] = entry
                        continue
                elif name[name.rfind(".") :].lower() in SIDECARS and not is_folder(entry):
                    listing.sidecars.append(entry)
                    continue
                if is_folder(entry):
                    child = f"{rel}/{name}" if rel else name
                    if self.enters(state, child):
                        listing.folders.append(name)
        if "edit" in listing.folders:
            try:
                edits = os.listdir(state.path(f"{rel}/edit" if rel else "edit"))
            except OSError:
                edits = []
            listing.edits = frozenset(edits)
        if listing.sidecars or listing.edits or any(name.endswith(".edt") for name in names):
            listing.names = frozenset(names)
        return listing

    def _remove_folders(
        self, state: RootState, rel: str, listing: Listing, known: dict[str, int]
    ) -> None:
        present = set(listing.folders)
        prefix = rel + "/" if rel else ""
        for child in known:
            name = child[len(prefix) :]
            if child.startswith(prefix) and name and "/" not in name and name not in present:
                path = state.path(child)
                if not os.path.lexists(path) or os.path.islink(path) or os.path.isfile(path):
                    self._out.remove_folder(state.root.id, escape_path(child))
                    forget_below(state.times, child)

    def _wanted(
        self, rows: dict[str, KnownFile], listing: Listing, tier: Tier, read_at: int
    ) -> list[str]:
        """The files to read, newest first where that is known."""
        if not rows:
            return list(listing.files)
        wanted = []
        touched = self._with_new_sidecars(rows, listing, read_at)
        for name, entry in listing.files.items():
            row = rows.get(name)
            if row is None or name in touched or row.parser < self._parser:
                wanted.append(name)
            elif tier is Tier.STATS:
                try:
                    status = entry.stat()
                except OSError:
                    continue
                if (status.st_size, time_of(status)) != (row.size_bytes, row.mtime_ns):
                    wanted.append(name)
        return wanted

    def _with_new_sidecars(
        self, rows: dict[str, KnownFile], listing: Listing, read_at: int
    ) -> set[str]:
        """Known files whose sidecars came, changed or went while nobody watched."""
        owners: set[str] = set()
        having: set[str] = set()
        for entry in listing.sidecars:
            stem = escape_name(entry.name).rpartition(".")[0]
            having.add(stem)
            try:
                status = entry.stat()
            except OSError:
                continue
            changed_at = max(status.st_mtime_ns, status.st_ctime_ns)
            # Written in place it stays newer than its folder for ever: once is enough.
            if changed_at > read_at and self._sidecars_read.get(entry.path) != changed_at:
                self._sidecars_read[entry.path] = changed_at
                owners.add(stem)
        edited = any(name.endswith(".edt") for name in (*listing.edits, *listing.names))
        changed = set()
        for name, row in rows.items():
            stem = name.rpartition(".")[0]
            if (
                name in owners
                or stem in owners
                or (row.from_sidecar and name not in having and stem not in having)
                or row.has_edit_file != (edited and has_edits(name, listing))
            ):
                changed.add(name)
        return changed


def has_edits(name: str, listing: Listing) -> bool:
    """Whether the file with this canonical name has edits, as its reader will find."""
    return sidecars.find(unescape_name(name), listing.names, listing.edits).edit is not None


class _Queue:
    """Folders to read, those that changed last first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str, int]] = []
        self._in: set[str] = set()

    def __contains__(self, rel: str) -> bool:
        return rel in self._in

    def add(self, rel: str, mtime_ns: int, counted: int = 0) -> None:
        if rel not in self._in:
            self._in.add(rel)
            heapq.heappush(self._heap, (-mtime_ns, rel, counted))

    def pop(self) -> tuple[str, int] | None:
        if not self._heap:
            return None
        _, rel, counted = heapq.heappop(self._heap)
        return rel, counted
