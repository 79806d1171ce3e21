"""Where thumbnails are kept: one SQLite file, by the content that they show.

A file each would be served at a fifth of the speed and fill the disk's table of files. All of this
can be made again: a store that is damaged, or newer than this pack, is put aside and begun anew.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ..holaf_core.errors import Unavailable
from ..holaf_core.sqlite import SqliteFile
from .thumbnail_names import is_hash, key_of, keys_of, marks, signed

log = logging.getLogger("holaf.thumbnails")

T = TypeVar("T")

STEPS = (
    """
    CREATE TABLE thumbnails (
        key INTEGER PRIMARY KEY,
        type INTEGER NOT NULL,
        made_at REAL NOT NULL,
        placeholder BLOB NOT NULL,
        dhash INTEGER NOT NULL,
        data BLOB NOT NULL
    );
    CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    """,
)

NONE, JPEG, WEBP = 0, 1, 2
MIME = {JPEG: "image/jpeg", WEBP: "image/webp"}

# The newest and the last shown, about two thousand of them.
REMEMBERED_BYTES = 32 * 1024 * 1024
CHUNK = 500
# A picture is read from the file the first time it is asked for again among so many others, and
# kept in memory after that: to keep each costs half as much as to read it.
ASKED = 1000
# What is read once gains nothing from SQLite's memory of pages. A small one stays in the
# processor's, and a third less time is spent. It has room for the upper levels of the tree.
CACHE_PAGES = 40


class Picture(NamedTuple):
    """What is shown of a thumbnail. `type` is JPEG or WEBP."""

    type: int
    data: bytes


# Made from (type, data) in a third of the time.
picture = partial(tuple.__new__, Picture)


class Stored(NamedTuple):
    """As `Picture`, with what is known besides. `dhash` has 64 bits, without a sign."""

    type: int
    data: bytes
    placeholder: bytes
    dhash: int = 0


class ThumbnailStore:
    """Reading may be done on any thread; `put` waits for the disk. Never on an event loop.

    `on_lost()` is called, on the thread that found out, when the thumbnails were lost.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        on_lost: Callable[[], None] | None = None,
        remembered_bytes: int = REMEMBERED_BYTES,
    ) -> None:
        self.path = path
        self._clock = clock
        self.on_lost = on_lost
        self._lock = threading.Lock()
        self._repairing = threading.Lock()
        self._recent: OrderedDict[str, Picture | Stored] = OrderedDict()
        self._recent_bytes = 0
        # Of what was read from the file lately, in two halves.
        self._asked: set[str] = set()
        self._asked_before: set[str] = set()
        self._most_bytes = remembered_bytes
        self._closed = False
        # True when there was no store, so that nothing of what was made before is left.
        self.new = False
        self._opened: SqliteFile | None = None
        self._opening = threading.Lock()

    @property
    def _file(self) -> SqliteFile:
        """Opened when first needed: making a store touches no disk."""
        file = self._opened
        if file is None:
            with self._opening:
                file = self._opened
                if file is None:
                    self._opened = file = self._open()
        return file

    def open(self) -> None:
        """Open or begin the file now. Raises OSError, sqlite3.Error where that is impossible."""
        _ = self._file

    def close(self) -> None:
        self._closed = True
        if self._opened is not None:
            self._opened.close()

    # --- writing ------------------------------------------------------------------------------

    def remember(self, thumb_hash: str, stored: Stored) -> None:
        """Have it ready to be served before it is on the disk; it costs no time."""
        with self._lock:
            self._remember(thumb_hash, stored)

    def put(self, made: Sequence[tuple[str, Stored]]) -> None:
        """Keep thumbnails, in one transaction. Raises Unavailable when the disk is full."""
        now = self._clock()
        rows = [
            (key_of(name), one.type, now, one.placeholder, signed(one.dhash), one.data)
            for name, one in made
        ]
        self._write(
            lambda db: db.executemany(
                "INSERT OR REPLACE INTO thumbnails "
                "(key, type, made_at, placeholder, dhash, data) VALUES (?,?,?,?,?,?)",
                rows,
            )
        )
        with self._lock:
            for name, one in made:
                self._remember(name, one)

    def remove(self, thumb_hashes: Iterable[str]) -> None:
        names = list(thumb_hashes)
        keys = [(key_of(name),) for name in names]
        self._write(lambda db: db.executemany("DELETE FROM thumbnails WHERE key = ?", keys))
        with self._lock:
            for name in names:
                self._forget(name)

    def remake_all(self) -> None:
        """From now on `has` knows none of those made before; they are served until replaced."""
        self._set("remake_before", self._clock())

    def keep_all(self) -> None:
        """Take back `remake_all`."""
        self._set("remake_before", 0.0)

    def clean(self, wanted: Iterable[str]) -> dict[str, int]:
        """Drop every thumbnail whose name is not in `wanted`, and give the space back."""
        keys = {key_of(name) for name in wanted}
        with self._file.read() as db:
            stored = [row[0] for row in db.execute("SELECT key FROM thumbnails")]
        before = self.size()
        gone = [(key,) for key in stored if key not in keys]
        for start in range(0, len(gone), CHUNK):
            some = gone[start : start + CHUNK]
            self._write(
                lambda db, some=some: db.executemany("DELETE FROM thumbnails WHERE key = ?", some)
            )
        if gone:
            with self._lock:
                self._recent.clear()
                self._recent_bytes = 0
        self._write(give_space_back)
        after = self.size()
        return {
            "removed": len(gone),
            "kept": len(stored) - len(gone),
            "freed_bytes": max(0, before - after),
            "store_bytes": after,
        }

    # --- reading ------------------------------------------------------------------------------

    def remembered(self, thumb_hashes: Sequence[str]) -> list[Picture | Stored] | None:
        """These thumbnails when all of them are in memory, else None; for the event loop."""
        recent = self._recent
        with self._lock:
            try:
                found = [recent[name] for name in thumb_hashes]
            except KeyError:
                return None
            for name in thumb_hashes:
                recent.move_to_end(name)
        return found

    def get(self, thumb_hash: str) -> Stored | None:
        with self._lock:
            stored = self._recent.get(thumb_hash)
        return stored if isinstance(stored, Stored) else self._whole(thumb_hash)

    def get_many(self, thumb_hashes: Sequence[str]) -> dict[str, Picture | Stored]:
        found: dict[str, Picture | Stored] = {}
        others = []
        recent = self._recent
        with self._lock:
            for name in thumb_hashes:
                stored = recent.get(name)
                if stored is not None:
                    recent.move_to_end(name)
                    found[name] = stored
                else:
                    others.append(name)
        names = keys_of(others)
        keys = list(names)
        read: dict[str, Picture] = {}
        for start in range(0, len(keys), CHUNK):
            some = keys[start : start + CHUNK]
            rows = self._read(
                f"SELECT key, type, data FROM thumbnails WHERE key IN ({marks(len(some))})", some
            )
            read.update((names[row[0]], picture(row[1:])) for row in rows)
        with self._lock:
            for name in read:
                if name in self._asked or name in self._asked_before:
                    self._remember(name, read[name])
                else:
                    self._note(name)
        found.update(read)
        return found

    def has(self, thumb_hash: str) -> Stored | None:
        """The thumbnail, unless it is one that `remake_all` wants made again."""
        return self._whole(
            thumb_hash,
            "AND made_at >= coalesce((SELECT value FROM meta WHERE name = 'remake_before'), 0)",
        )

    def size(self) -> int:
        """Bytes on the disk."""
        total = 0
        for end in ("", "-wal"):
            try:
                total += self.path.with_name(self.path.name + end).stat().st_size
            except FileNotFoundError:
                continue
        return total

    # --- inside -------------------------------------------------------------------------------

    def _open(self) -> SqliteFile:
        self.new = self.new or not self.path.exists()
        try:
            file = self._open_once()
            if not file.read_only_reason:
                return file
            reason = file.read_only_reason
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, a folder without rights
                raise
            reason = str(error)
        self._put_aside(reason)
        return self._open_once()

    def _open_once(self) -> SqliteFile:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists() or not self.path.stat().st_size:
            # Can be said only before there is a table: then deleted pages can be given back.
            connection = sqlite3.connect(self.path)
            try:
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("CREATE TABLE first (unused)")
                connection.execute("DROP TABLE first")
            finally:
                connection.close()
        file = SqliteFile(self.path, STEPS, name="holaf-thumbnail-store", cache_pages=CACHE_PAGES)
        try:
            file.open()
        except sqlite3.Error:
            file.close()
            raise
        if file.read_only_reason:
            file.close()
        return file

    def _whole(self, thumb_hash: str, condition: str = "") -> Stored | None:
        if not is_hash(thumb_hash):
            return None
        for kind, data, placeholder, dhash in self._read(
            f"SELECT type, data, placeholder, dhash FROM thumbnails WHERE key = ? {condition}",
            [key_of(thumb_hash)],
        ):
            return Stored(kind, data, placeholder, dhash & (1 << 64) - 1)
        return None

    def _read(self, query: str, values: Sequence[Any]) -> list[tuple]:
        file = self._file
        try:
            with file.read() as db:
                cursor = db.cursor()
                cursor.row_factory = None
                return cursor.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            self._repair(error, file)
            return []

    def _write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        for attempt in (1, 2):
            file = self._file
            try:
                return file.write(job)
            except sqlite3.DatabaseError as error:
                text = str(error)
                if any(word in text for word in ("full", "readonly", "disk I/O")):
                    raise Unavailable(
                        f"Thumbnails cannot be kept in {self.path} ({text}). Free some space, or "
                        "fix the rights on the folder: it goes on by itself."
                    ) from error
                if attempt == 2:
                    raise
                self._repair(error, file)
        raise AssertionError

    def _set(self, name: str, value: Any) -> None:
        self._write(
            lambda db: db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
        )

    def _repair(self, error: sqlite3.DatabaseError, file: SqliteFile) -> None:
        """Begin a new store when the error says that the file is damaged; else raise it."""
        text = str(error)
        if not any(word in text for word in ("malformed", "not a database", "no such table")):
            raise error
        with self._repairing:
            if file is not self._opened or self._closed:
                return
            file.close()
            self._put_aside(error)
            self._opened = self._open()
        if self.on_lost is not None:
            self.on_lost()

    def _put_aside(self, why: object) -> None:
        self.new = True
        aside = self.path.with_name(f"{self.path.name}.damaged-{int(self._clock())}")
        for end in ("-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        self.path.replace(aside)
        with self._lock:
            self._recent.clear()
            self._recent_bytes = 0
        log.warning(
            "the thumbnails' file %s cannot be used (%s). It was put aside as %s, which you may "
            "delete; the thumbnails are being made again.",
            self.path,
            why,
            aside.name,
        )

    def _note(self, name: str) -> None:
        if len(self._asked) >= ASKED:
            self._asked, self._asked_before = set(), self._asked
        self._asked.add(name)

    def _remember(self, name: str, stored: Picture | Stored) -> None:
        self._forget(name)
        self._recent[name] = stored
        self._recent_bytes += len(stored.data)
        while self._recent_bytes > self._most_bytes and self._recent:
            self._recent_bytes -= len(self._recent.popitem(last=False)[1].data)

    def _forget(self, name: str) -> None:
        old = self._recent.pop(name, None)
        if old is not None:
            self._recent_bytes -= len(old.data)


def give_space_back(db: sqlite3.Connection) -> None:
    """Return the free pages to the disk; in the transaction of a write job."""
    # Python's `execute` would give back one page. A script runs to the end, but commits first.
    db.executescript("PRAGMA incremental_vacuum")
    db.execute("BEGIN")
