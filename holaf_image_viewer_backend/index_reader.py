"""A process that reads files for the index worker: a first index is mostly that.

It gets the names of files in one folder and sends back a batch of their rows. It knows nothing of
folders, changes and the database; see `reader_pool.py`.
"""

from __future__ import annotations

import contextlib
import gc
import os
from typing import Any, NamedTuple

from ..holaf_core.worker_side import Channel
from ..holaf_image_batch import Batch, Sent, encode
from .file_reader import FileReader
from .listing import Place

UNREAD = "Reading this file ended the program twice."

NOTHING: frozenset[str] = frozenset()


class Stat(NamedTuple):
    """What of a file's status is read."""

    st_size: int
    st_mtime_ns: int


class Reading:
    """Belongs to one thread. `skip`: files that must not be opened, as hexadecimal bytes.

    Nobody notes which file it reads: when one ends it, the worker reads what it had.
    """

    def __init__(self, skip: set[str]) -> None:
        self._skip = skip
        self._reader = FileReader()
        self._sent = Sent()

    def answer(self, message: dict[str, Any], blob: bytes) -> Batch:
        """The rows of a chunk (see `ReaderPool.give`); files that vanished are left out."""
        rows = []
        for path, (name, size, mtime_ns) in zip(blob.split(b"\0"), message["files"], strict=True):
            status: Any = Stat(size, mtime_ns)
            place = Place(
                message["root_id"], message["folder"], name, os.fsdecode(path), status,
                NOTHING, NOTHING,
            )  # fmt: skip
            if self._skip and path.hex() in self._skip:
                rows.append(self._reader.unread(place, UNREAD))
                continue
            with contextlib.suppress(FileNotFoundError):
                rows.append(self._reader.read(place))
        return encode(rows, sent=self._sent)


def main(channel: Channel, arguments: list[str]) -> None:
    """The program. The first message says which files end it."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    first = channel.receive()
    if first is None:
        return
    reading = Reading(set(first[0]["skip"]))
    while (received := channel.receive()) is not None:
        batch = reading.answer(*received)
        channel.send(batch.head(), batch.data)
