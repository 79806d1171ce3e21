"""Reads the files of a folder, newest first, in slices; alone, or with other processes."""

from __future__ import annotations

import contextlib
import heapq
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ..holaf_image_records import IndexedFile
from .listing import Listing, Place, RootState, natural
from .reader_pool import CHUNK, ReaderPool
from .turns import Turn

# A file that changed this recently may still be written.
YOUNG_NS = 5_000_000_000

# So many files first, when a huge folder would take long even to stat.
FIRST_SIGHT = 600

# What this process reads between two looks at the others.
MEANWHILE = 8

Found = tuple[os.stat_result, str, "os.DirEntry[str]"]


class Out(Protocol):
    def file(self, file: IndexedFile) -> None: ...


@dataclass
class Progress:
    found: int = 0
    done: int = 0


class FolderReading:
    """`pool` may be None: then this process reads alone."""

    def __init__(
        self,
        out: Out,
        read: Callable[[Place], IndexedFile],
        pool: ReaderPool | None,
        wait_for: Callable[[RootState, str], None] | None,
        is_whole: Callable[[str], bool | None],
        clock_ns: Callable[[], int],
    ) -> None:
        self._out = out
        self._read = read
        self._pool = pool
        self._wait_for = wait_for
        self._is_whole = is_whole
        self._clock_ns = clock_ns

    def files(
        self,
        state: RootState,
        folder: str,
        listing: Listing,
        wanted: list[str],
        progress: Progress,
        turn: Turn,
    ) -> Iterator[None]:
        if len(wanted) > 10 * FIRST_SIGHT:
            # Names that count up are the rule: the last ones are the newest pictures.
            first = heapq.nlargest(FIRST_SIGHT, wanted, key=natural)
            yield from self._some(state, folder, listing, first, progress, turn)
            already = set(first)
            wanted = [name for name in wanted if name not in already]
        yield from self._some(state, folder, listing, wanted, progress, turn)

    def _some(
        self,
        state: RootState,
        folder: str,
        listing: Listing,
        wanted: list[str],
        progress: Progress,
        turn: Turn,
    ) -> Iterator[None]:
        found: list[Found] = []
        for name in wanted:
            entry = listing.files[name]
            try:
                found.append((entry.stat(), name, entry))
            except OSError:  # it vanished
                progress.done += 1
            if turn.over:
                yield
                turn.begin()
        found.sort(key=lambda one: one[0].st_mtime_ns, reverse=True)
        young = self._clock_ns() - YOUNG_NS
        root_id = state.root.id
        files = deque(found)
        # Others are given no sidecars: their names would have to go along.
        pool = None if listing.names or listing.edits else self._pool
        while files:
            if pool is not None and len(files) > CHUNK:
                while len(files) > CHUNK and files[0][0].st_mtime_ns <= young and pool.has_room():
                    pool.give([self._place(root_id, folder, listing, *files.popleft())
                               for _ in range(CHUNK)])  # fmt: skip
                pool.collect()
            for _ in range(min(MEANWHILE, len(files))):
                status, name, entry = files.popleft()
                progress.done += 1
                if status.st_mtime_ns > young and self._is_unfinished(state, entry.path):
                    continue
                with contextlib.suppress(FileNotFoundError):
                    self._out.file(
                        self._read(self._place(root_id, folder, listing, status, name, entry))
                    )
            if turn.over:
                yield
                turn.begin()

    @staticmethod
    def _place(
        root_id: str,
        folder: str,
        listing: Listing,
        status: os.stat_result,
        name: str,
        entry: os.DirEntry[str],
    ) -> Place:
        return Place(root_id, folder, name, entry.path, status, listing.names, listing.edits)

    def _is_unfinished(self, state: RootState, path: str) -> bool:
        if self._wait_for is None:
            return False
        try:
            if self._is_whole(path) is not False:
                return False
        except FileNotFoundError:
            return True
        except OSError:
            return False
        self._wait_for(state, path)
        return True
