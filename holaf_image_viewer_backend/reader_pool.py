"""Other processes that read files while the index worker scans, where there are processors.

What was given to them is out of the worker's hands for some milliseconds: `drain` before anything
is said about a file that may be among them.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from ..holaf_core.processes import WorkerEnded, WorkerProcess
from ..holaf_image_batch import Batch
from ..holaf_image_records import IndexedFolder, time_of
from .listing import Place

log = logging.getLogger("holaf.images")

PROGRAM = Path(__file__).with_name("index_reader.py")

# Files given at a time: some 20 ms of work, so that a live file does not wait for long.
CHUNK = 128

# Chunks on their way to one reader: one in work, one behind it.
WAITING = 2

MOST_PROCESSES = 4


def processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


class ReaderPool:
    """Belongs to the worker's thread. Readers start with the first chunk and end with `rest`.

    `read_here(place)` reads what a reader that died left: the worker itself, whose own death the
    server notes.
    """

    def __init__(
        self,
        count: int,
        forward: Callable[[Batch, str, str], None],
        note: Callable[[IndexedFolder], None],
        read_here: Callable[[Place], None],
        done: Callable[[int], None],
        skip: Sequence[str] = (),
    ) -> None:
        self._count = count
        self._forward = forward
        self._note = note
        self._read_here = read_here
        self._done = done
        self._skip = list(skip)
        self._readers: list[_Reader] = []
        self._failed = False
        self._given = 0
        # Folders that count as read once the chunks given before are back.
        self._notes: deque[tuple[int, IndexedFolder]] = deque()
        self.paused = False

    def has_room(self) -> bool:
        return not self.paused and not self._failed and self._idlest() is not None

    def give(self, places: Sequence[Place]) -> None:
        """Have files of one folder read, none of which has sidecars."""
        reader = self._idlest()
        assert reader is not None
        self._given += 1
        reader.chunks.append((self._given, places))
        message = {
            "root_id": places[0].root_id,
            "folder": places[0].folder,
            "files": [(one.filename, one.status.st_size, time_of(one.status)) for one in places],
        }
        try:
            reader.process.send(message, b"\0".join(os.fsencode(one.path) for one in places))
        except (WorkerEnded, OSError) as error:
            self._lose(reader, error)

    def collect(self, timeout: float = 0.0) -> None:
        """Pass on what came back; waits for `timeout` where nothing has yet."""
        for reader in list(self._readers):
            while reader.chunks:
                try:
                    head, data = reader.process.receive(timeout)
                except TimeoutError:
                    break
                except WorkerEnded as error:
                    self._lose(reader, error)
                    break
                timeout = 0.0
                _, places = reader.chunks.popleft()
                self._done(len(places))
                self._forward(Batch(**head, data=data), places[0].root_id, places[0].folder)
        self._tell_folders()

    def drain(self) -> None:
        """Wait until everything that was given is back."""
        while any(reader.chunks for reader in self._readers):
            self.collect(1.0)
        self._tell_folders()

    def note(self, folder: IndexedFolder) -> None:
        """A folder was read, but for what is still to come back."""
        self._notes.append((self._given, folder))
        self._tell_folders()

    def rest(self) -> None:
        """End the readers once all is back; the next chunk starts new ones."""
        self.drain()
        self.close()
        self._failed = False

    def close(self) -> None:
        """End the readers, whatever they do."""
        for reader in self._readers:
            reader.process.close()
        self._readers = []

    # --- inside -------------------------------------------------------------------------------

    def _idlest(self) -> _Reader | None:
        """The reader with the least to do, started where there is none; None: all are busy."""
        if len(self._readers) < self._count and all(one.chunks for one in self._readers):
            self._readers.append(_Reader(self._skip))
        best = min(self._readers, key=lambda one: len(one.chunks), default=None)
        return best if best is not None and len(best.chunks) < WAITING else None

    def _tell_folders(self) -> None:
        first = min(
            (reader.chunks[0][0] for reader in self._readers if reader.chunks),
            default=self._given + 1,
        )
        while self._notes and self._notes[0][0] < first:
            self._note(self._notes.popleft()[1])

    def _lose(self, reader: _Reader, error: Exception) -> None:
        """A file ended it. Read what it had here: the server finds out which file it is."""
        log.warning("a reader of the index ended: %s", error)
        self._readers.remove(reader)
        reader.process.close()
        self._failed = True
        for _, places in reader.chunks:
            for place in places:
                self._read_here(place)
            self._done(len(places))
        reader.chunks.clear()


class _Reader:
    def __init__(self, skip: list[str]) -> None:
        # The worker that starts it has the low priority already.
        self.process = WorkerProcess(PROGRAM, name="index-reader", nice=0)
        self.chunks: deque[tuple[int, Sequence[Place]]] = deque()
        self._skip = skip
        self.process.start()
        self.process.send({"skip": skip})
