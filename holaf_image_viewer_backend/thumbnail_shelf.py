"""Thumbnails as the handlers send them: from memory at once, else from the files by a thread."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..holaf_database import ImageDatabase
from ..holaf_image_records import FAILED, READY
from .gather import Gather, always
from .thumbnail_names import marks
from .thumbnail_store import Picture, Stored, ThumbnailStore

BATCH_READY, BATCH_FAILED, BATCH_PENDING = 2, 3, 0
# What is sent at once: the batch of a page, about 800 KB. Each piece wakes the client, and in eight
# of them a batch takes half as long again.
PIECE = 1024 * 1024
# Of how many pictures the name of the thumbnail is remembered, until the library changes.
MOST_NAMES = 20_000
CHUNK = 500

_count = struct.Struct("<I")
_item = struct.Struct("<IBBI")


class Shelf:
    def __init__(self, database: ImageDatabase, store: ThumbnailStore) -> None:
        self._database = database
        self._store = store
        self._lock = threading.Lock()
        # Only of pictures whose thumbnail is made. A change of the library empties it.
        self._names: dict[int, str] = {}
        self._changes = 0
        self._one: Gather[str, Picture | Stored | None] = Gather(self._read_ones, "holaf-thumb")
        self._many: Gather[Sequence[int], list[bytes]] = Gather(self._read_batches, "holaf-thumbs")
        database.on_commit(self._forget)

    def stop(self) -> None:
        self._one.stop()
        self._many.stop()

    def at_hand(self, thumb_hash: str) -> Picture | Stored | None:
        """A thumbnail that is in memory; None says nothing about the others."""
        found = self._store.remembered((thumb_hash,))
        return found[0] if found else None

    async def one(
        self, thumb_hash: str, wanted: Callable[[], bool] = always
    ) -> Picture | Stored | None:
        """A thumbnail by its name; None when there is none."""
        return self.at_hand(thumb_hash) or await self._one.ask(thumb_hash, wanted)

    async def batch(self, ids: Sequence[int], wanted: Callable[[], bool] = always) -> list[bytes]:
        """The parts of the answer: u32 count; then of each: u32 id, u8 status (2 ready, 3 failed,
        0 pending), u8 type (1 JPEG, 2 WebP, 0 none), u32 length, the bytes. Little-endian, in the
        order of `ids`; a file that is gone is left out.
        """
        names = self._names
        try:
            found = self._store.remembered([names[one] for one in ids])
        except KeyError:
            found = None
        if found is not None:
            return packed(zip(ids, found, strict=True))
        return await self._many.ask(ids, wanted)

    def _forget(self, rev: int) -> None:
        with self._lock:
            self._changes += 1
            self._names = {}

    # --- on a thread --------------------------------------------------------------------------

    def _read_ones(self, thumb_hashes: Sequence[str]) -> list[Picture | Stored | None]:
        found = self._store.get_many(thumb_hashes)
        return [found.get(one) for one in thumb_hashes]

    def _read_batches(self, batches: Sequence[Sequence[int]]) -> list[list[bytes]]:
        rows = self._rows({one for ids in batches for one in ids})
        found = self._store.get_many([row[1] for row in rows.values()])
        return [
            packed((one, found.get(rows[one][1]) or rows[one][2]) for one in ids if one in rows)
            for ids in batches
        ]

    def _rows(self, ids: set[int]) -> dict[int, tuple[int, str, int]]:
        """{id: (id, name of the thumbnail, status)} of the pictures that there are."""
        names, changes = self._names, self._changes
        rows = {one: (one, names[one], READY) for one in ids & names.keys()}
        missing = list(ids - rows.keys())
        read: list[tuple[int, str, int]] = []
        with self._database.read() as db:
            cursor = db.cursor()
            cursor.row_factory = None
            for start in range(0, len(missing), CHUNK):
                some = missing[start : start + CHUNK]
                read += cursor.execute(
                    "SELECT id, thumb_hash, thumbnail_status FROM images "
                    f"WHERE id IN ({marks(len(some))})",
                    some,
                ).fetchall()
        rows.update((row[0], row) for row in read)
        with self._lock:
            # What was read before a change may be wrong after it.
            if changes == self._changes:
                if len(self._names) > MOST_NAMES:
                    self._names = {}
                self._names.update((row[0], row[1]) for row in read if row[2] == READY)
        return rows


def packed(items: Iterable[tuple[int, Picture | Stored | int]]) -> list[bytes]:
    """See `Shelf.batch`; of each item the id, and the thumbnail or the status of the picture."""
    parts = [b""]
    head = _item.pack
    for image_id, found in items:
        if isinstance(found, tuple):
            data = found[1]
            parts += (head(image_id, BATCH_READY, found[0], len(data)), data)
        else:
            status = BATCH_FAILED if found == FAILED else BATCH_PENDING
            parts += (head(image_id, status, 0, 0), b"")
    parts[0] = _count.pack(len(parts) // 2)
    return parts


def pieces(parts: Iterable[bytes], size: int = PIECE) -> Iterator[bytes]:
    """The parts put together as far as each piece has `size` bytes, but for the last.

    >>> list(pieces([b"12", b"3", b"4567", b"89"], size=3))
    [b'123', b'4567', b'89']
    """
    together: list[bytes] = []
    length = 0
    for part in parts:
        together.append(part)
        length += len(part)
        if length >= size:
            yield b"".join(together)
            together = []
            length = 0
    if together:
        yield b"".join(together)
