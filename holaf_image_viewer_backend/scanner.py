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

import logging
import os
import time
from collections.abc import Callable, Generator, Iterator
from typing import Protocol

from ..holaf_image_records import IndexedFile, IndexedFolder, time_of
from .differences import Differences
from .folder_names import list_folder
from .folder_reading import FolderReading, Progress
from .known_files import KnownFile, KnownFiles
from .library_paths import Library, escape_path, lies_below, unescape_path
from .listing import (
    CASELESS,
    EMPTY,
    MISSED,
    NOT_LISTED_AT_TOP,
    Listing,
    Place,
    RootState,
    forget_below,
    is_gone,
)
from .reader_pool import ReaderPool
from .turns import Turn
from .walk import Tier, Walk

log = logging.getLogger("holaf.images")

# A folder that changed this recently may change again without its time moving on: its names are
# not trusted for later (the clock of a file system ticks in steps, up to 2 s on FAT).
SETTLED_NS = 3_000_000_000

# Names of folders that wait to be read, which are kept so that these are not listed twice: some
# 10 MB.
MOST_KEPT = 32_000


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
        self._differences = Differences(parser)
        self._watch = watch
        self._clock_ns = clock_ns
        self._pool = pool
        self._reading = FolderReading(out, read, pool, wait_for, is_whole, clock_ns)
        self.progress = Progress()
        # The folder that was listed last and not read yet: a huge one is listed once.
        self._listed: tuple[RootState, str, int, Listing] | None = None
        # Others before it, by root and folder.
        self._kept: dict[tuple[str, str], tuple[RootState, str, int, Listing]] = {}
        self._kept_names = 0
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
        known = self._known_folders(state)
        walk = Walk(
            state,
            {rel: mtime for rel, mtime in known.items() if self.enters(state, rel)},
            confirm_empty=confirm_empty,
        )
        lost_below: set[str] = set()
        for rel, mtime in walk.known.items():
            if walk.turn.over:
                yield
                walk.turn.begin()
            self._watch(state, state.path(rel))
            try:
                status = os.stat(state.path(rel), follow_symlinks=not rel)
            except FileNotFoundError:
                lost_below.add(rel.rpartition("/")[0])
                continue
            except OSError as error:
                log.warning("%s cannot be read and is left as it is: %s", state.path(rel), error)
                continue
            walk.seen.add((status.st_dev, status.st_ino))
            if time_of(status) != mtime:
                walk.queue.add(rel, time_of(status))
            else:
                state.times[rel] = mtime
        for rel in lost_below:
            if rel in walk.known:
                walk.queue.add(rel, 0)
        if "" not in walk.known:
            yield from self._discover(walk, "")
        yield from self._work_off(walk)

    def scan_folder(self, state: RootState, rel: str) -> Iterator[None]:
        """A folder that appeared or changed, with the new folders below it."""
        if not self.enters(state, rel):
            return
        walk = Walk(state, self._known_folders(state))
        if rel in walk.known:
            walk.queue.add(rel, 0)
            for one in walk.known:
                # After a rename the rows below were moved, and each folder waits to be read.
                if one.startswith(rel + "/") and walk.known[one] == 0:
                    walk.queue.add(one, 0)
        else:
            yield from self._discover(walk, rel)
        yield from self._work_off(walk)

    def poll(self, state: RootState) -> Iterator[None]:
        """Folders whose time changed since their names were read: for roots nobody watches."""
        turn = Turn()
        for rel, mtime in list(state.times.items()):
            if turn.over:
                yield
                turn.begin()
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

    def sweep(self, state: RootState, folders: int | None = None) -> Iterator[None]:
        """Tier 3, newest folders first; of all of them, or of the `folders` newest."""
        known = self._known_folders(state)
        order = sorted(known, key=lambda rel: known[rel] or 1 << 63, reverse=True)
        walk = Walk(state, {}, Tier.STATS)
        for rel in order[:folders]:
            if state.reachable and self.enters(state, rel):
                yield from self._folder(walk, rel, is_known=True)

    def _known_folders(self, state: RootState) -> dict[str, int]:
        known = self._known.folders(state.root.id)
        return {unescape_path(path): mtime for path, mtime in known.items()}

    def _discover(self, walk: Walk, rel: str) -> Iterator[None]:
        """Queue `rel` and every folder below it, counting their files for the progress."""
        state, stack = walk.state, [rel]
        while stack:
            one = stack.pop()
            path = state.path(one)
            self._watch(state, path)
            try:
                status = os.stat(path)
                identity = (status.st_dev, status.st_ino)
                if identity in walk.seen:
                    continue  # a loop of mounts
                walk.seen.add(identity)
                listing = yield from self._names(walk, one)
                self._listed = (state, one, time_of(status), listing)
                self._keep_listed()
            except OSError as error:
                log.warning("%s cannot be read: %s", path, error)
                continue
            walk.queue.add(one, time_of(status), len(listing.files))
            self.progress.found += len(listing.files)
            stack += [f"{one}/{name}" if one else name for name in listing.folders]
            yield
            walk.turn.begin()

    def _work_off(self, walk: Walk) -> Iterator[None]:
        while (item := walk.queue.pop()) is not None:
            rel, counted = item
            yield from self._folder(walk, rel, rel in walk.known, counted)
        # What another go had kept is listed again.
        self._kept.clear()
        self._kept_names = 0

    def _keep_listed(self) -> None:
        """Keep what was listed last until its folder is read, where names may be that old."""
        assert self._listed is not None
        state, rel, mtime, listing = self._listed
        settled = self._clock_ns() - mtime > SETTLED_NS
        # What lies in a folder `edit` changes without the time of the folder above it.
        if settled and not listing.names and "edit" not in listing.folders:
            count = self._kept_names + len(listing.files)
            if count <= MOST_KEPT:
                self._kept[state.root.id, rel] = self._listed
                self._kept_names = count

    def _folder(
        self, walk: Walk, rel: str, is_known: bool, counted: int = 0
    ) -> Generator[None, None, None]:
        state = walk.state
        root_id, folder, path = state.root.id, escape_path(rel), state.path(rel)
        if walk.turn.over:
            yield
            walk.turn.begin()
        self._watch(state, path)
        try:
            mtime = time_of(os.stat(path))
            rows: dict[str, KnownFile] = {}
            listing = None if is_known else self._take_listed(state, rel, mtime)
            if listing is None:
                if is_known:
                    # First the rows, then the names: a file that is created in between must not
                    # look like one that is gone.
                    self._out.settle(root_id, folder)
                    for page in self._known.files(root_id, folder):
                        rows.update(page)
                        if walk.turn.over:
                            yield
                            walk.turn.begin()
                listing = yield from self._names(walk, rel)
        except OSError as error:
            self.progress.found -= counted
            if not isinstance(error, FileNotFoundError):
                log.warning("%s cannot be read and is left as it is: %s", path, error)
            return
        if not rel and listing.empty and rows and not walk.confirm_empty:
            self.look_at(state)
            return
        if state.found_empty is None:
            missing = [name for name in rows if name not in listing.files]
            # Where names differ in case only, the old name still leads to the renamed file.
            same = {name.casefold() for name in listing.files} if missing and CASELESS else set()
            for name in missing:
                if name.casefold() in same or is_gone(state, folder, name):
                    self._out.remove(root_id, folder, name)
            self._remove_folders(walk, rel, listing)
        wanted = yield from self._differences.find(
            rows, listing, walk.known.get(rel, 0), walk.turn, stats=walk.tier is Tier.STATS
        )
        self.progress.found += len(wanted) - counted
        yield from self._reading.files(state, folder, listing, wanted, self.progress, walk.turn)
        if walk.tier is Tier.STATS:
            return
        for name in listing.folders:
            child = f"{rel}/{name}" if rel else name
            if child not in walk.known and child not in state.times and child not in walk.queue:
                yield from self._discover(walk, child)
            if child not in walk.known and child not in state.times:
                # Its row must exist before its parent counts as read: after a crash the parent
                # is not listed again.
                self._note(IndexedFolder(root_id, escape_path(child), 0))
        settled = self._clock_ns() - mtime > SETTLED_NS
        state.times[rel] = mtime if settled else 0
        self._note(IndexedFolder(root_id, folder, state.times[rel]))

    def _take_listed(self, state: RootState, rel: str, mtime: int) -> Listing | None:
        """The names of a folder that was listed and has not changed since."""
        last, self._listed = self._listed, None
        kept = self._kept.pop((state.root.id, rel), None)
        if kept is not None:
            self._kept_names -= len(kept[3].files)
        for listed in (last, kept):
            if listed is not None and listed[:3] == (state, rel, mtime):
                return listed[3]
        return None

    def _names(self, walk: Walk, rel: str) -> Generator[None, None, Listing]:
        return list_folder(walk.state, rel, self.enters, walk.turn)

    def _note(self, folder: IndexedFolder) -> None:
        if self._pool is None:
            self._out.folder(folder)
        else:
            self._pool.note(folder)

    def _remove_folders(self, walk: Walk, rel: str, listing: Listing) -> None:
        state, present = walk.state, set(listing.folders)
        for name in walk.children.get(rel, ()):
            if name not in present:
                child = f"{rel}/{name}" if rel else name
                path = state.path(child)
                if not os.path.lexists(path) or os.path.islink(path) or os.path.isfile(path):
                    self._out.remove_folder(state.root.id, escape_path(child))
                    forget_below(state.times, child)
