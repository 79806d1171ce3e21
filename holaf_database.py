"""The images database: every query on it, and nothing but queries."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from .holaf_core.errors import Unavailable
from .holaf_core.sqlite import SqliteFile
from .holaf_image_batch import Batch, encode
from .holaf_image_records import (
    FAILED,
    PENDING,
    QUEUED,
    READY,
    IndexedFile,
    IndexedFolder,
    ThumbnailResult,
)
from .holaf_image_rows import ROW, ROWS_JSON, as_row
from .holaf_image_schema import STEPS
from .holaf_image_store import ImageStore, StoreResult, chunks, marks

log = logging.getLogger("holaf.database")

T = TypeVar("T")

# What a user made for a picture outlives the picture itself for this long.
KEEP_DEPARTED_S = 30 * 24 * 3600


class ImageDatabase:
    """Reading methods may be called from any thread; writing ones wait for the writer thread.

    Never call either on an event loop.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._store = ImageStore(clock)
        self._file = SqliteFile(path, STEPS)
        self._listeners: list[Callable[[int], None]] = []

    @property
    def path(self) -> Path:
        return self._file.path

    @property
    def read_only_reason(self) -> str | None:
        """Why nothing can be written, for the user; None when all is well."""
        self.open()
        return self._file.read_only_reason

    def open(self) -> None:
        """Create or upgrade the file now rather than at the first use. Raises Unavailable."""
        with self._explained():
            self._file.open()

    def close(self) -> None:
        self._file.close()

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """Call `listener(rev)` on the writer thread after each commit that changed images."""
        self._listeners.append(listener)

    # --- writing: files -----------------------------------------------------------------------

    def store(
        self,
        files: Sequence[IndexedFile] = (),
        folders: Sequence[IndexedFolder] = (),
        removed: Sequence[str] = (),
    ) -> StoreResult:
        """Bring the rows in line with what the index worker saw, in one transaction.

        Removals come first, so that a file which moved within one batch keeps its id, its tags
        and its rating. Raises `Unavailable` when the disk is full or the database is read-only.
        """
        return self._change(
            lambda db, rev: self._store.store_files(db, rev, files, folders, removed)
        )

    def store_batches(self, batches: Sequence[Batch]) -> None:
        """The same for rows as the index worker sends them, which Python never looks at."""

        def job(db: sqlite3.Connection, rev: int) -> None:
            for batch in batches:
                self._store.store(db, rev, batch)

        self._change(job)

    def move(self, pairs: Sequence[tuple[str, IndexedFile]]) -> StoreResult:
        """Files that were renamed or moved: same id, same user data. An unknown old path is new."""
        batch = encode(file for _, file in pairs)
        return self.move_batch([(old, file.path_canon) for old, file in pairs], batch)

    def move_batch(self, names: Sequence[tuple[str, str]], batch: Batch) -> StoreResult:
        """The same for a batch; `names` are the old and the new paths of its files."""
        return self._change(lambda db, rev: self._store.move(db, rev, names, batch))

    def remove_folder(self, root_id: str, folder: str) -> StoreResult:
        """A folder that is gone although its parent was read: its rows and those below it."""
        return self._change(lambda db, rev: self._store.remove_folder(db, rev, root_id, folder))

    def move_folder(self, root_id: str, old: str, new_root_id: str, new: str) -> StoreResult:
        """A folder that was renamed: everything below it keeps its id and user data."""
        return self._change(
            lambda db, rev: self._store.move_folder(db, rev, root_id, old, new_root_id, new)
        )

    def forget_departed(self) -> int:
        """Drop the user data of files that have been gone for 30 days; how many there were."""

        def job(db: sqlite3.Connection) -> int:
            rows = db.execute(
                "SELECT id FROM departed WHERE left_at < ?", (self._clock() - KEEP_DEPARTED_S,)
            )
            old = [(row["id"],) for row in rows]
            db.executemany("DELETE FROM marks WHERE image_id = ?", old)
            db.executemany("DELETE FROM imagetags WHERE image_id = ?", old)
            db.executemany("DELETE FROM collection_items WHERE image_id = ?", old)
            db.executemany("DELETE FROM departed WHERE id = ?", old)
            return len(old)

        return self._write(job)

    # --- writing: roots, marks, thumbnails ------------------------------------------------------

    def set_root(
        self, root_id: str, label: str, path: str, reachable: bool, message: str = ""
    ) -> None:
        self._write(
            lambda db: db.execute(
                "INSERT INTO roots (root_id, label, path, reachable, message) VALUES (?,?,?,?,?) "
                "ON CONFLICT (root_id) DO UPDATE SET label = excluded.label, path = excluded.path, "
                "reachable = excluded.reachable, message = excluded.message",
                (root_id, label, path, reachable, message),
            )
        )

    def set_tags(self, image_id: int, names: Iterable[str]) -> None:
        """Replace the tags that the user gave (those read from a sidecar stay)."""

        def job(db: sqlite3.Connection, rev: int) -> None:
            self._store.set_tags(db, image_id, names, from_file=False)
            db.execute("UPDATE images SET rev = ? WHERE id = ?", (rev, image_id))

        self._change(job)

    def set_marks(
        self,
        image_id: int,
        *,
        rating: int = 0,
        favourite: bool = False,
        label: str = "",
        note: str = "",
    ) -> None:
        def job(db: sqlite3.Connection, rev: int) -> None:
            db.execute(
                "INSERT INTO marks (image_id, rating, favourite, label, note) VALUES (?,?,?,?,?) "
                "ON CONFLICT (image_id) DO UPDATE SET rating = excluded.rating, "
                "favourite = excluded.favourite, label = excluded.label, note = excluded.note",
                (image_id, rating, favourite, label, note),
            )
            db.execute("UPDATE images SET rev = ? WHERE id = ?", (rev, image_id))

        self._change(job)

    def set_thumbnails(self, results: Sequence[ThumbnailResult]) -> None:
        """Note what became of thumbnails; a result for a file that changed meanwhile is ignored.

        No new revision: thumbnails have an event of their own, and no view depends on them.
        """
        self._write(
            lambda db: db.executemany(
                "UPDATE images SET thumbnail_status = ?, thumbnail_error = ?, "
                "placeholder = coalesce(?, placeholder) WHERE id = ? AND thumb_hash = ?",
                [
                    (
                        FAILED if one.error else READY,
                        one.error,
                        one.placeholder,
                        one.image_id,
                        one.thumb_hash,
                    )
                    for one in results
                ],
            )
        )

    def reset_thumbnails(
        self, *, ids: Sequence[int] | None = None, failed: bool = False, everything: bool = False
    ) -> int:
        """Ask for thumbnails again: of `ids`, of the failed, or of all; how many that is."""
        change = "UPDATE images SET thumbnail_status = 0, thumbnail_error = '' WHERE "

        def job(db: sqlite3.Connection) -> int:
            if everything:
                return db.execute(change + "thumbnail_status <> 0").rowcount
            count = 0
            if failed:
                count += db.execute(change + "thumbnail_status = ?", (FAILED,)).rowcount
            for some in chunks(ids or ()):
                count += db.execute(change + f"id IN ({marks(some)})", some).rowcount
            return count

        return self._write(job)

    # --- reading ------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for the view engine's own queries: `with database.read() as db`.

        Raises Unavailable where there is no sound database to read.
        """
        with self._explained(), self._file.read() as db:
            yield db

    def rev(self) -> int:
        with self.read() as db:
            return db.execute("SELECT value FROM meta WHERE key = 'rev'").fetchone()[0]

    def identity(self) -> str | None:
        """A name that this database was given once, and no other has; None when read-only."""
        ask = "SELECT value FROM meta WHERE key = 'identity'"
        with self.read() as db:
            row = db.execute(ask).fetchone()
        if row is None and self.read_only_reason is None:
            self._write(
                lambda db: db.execute(
                    "INSERT OR IGNORE INTO meta VALUES ('identity', lower(hex(randomblob(16))))"
                )
            )
            with self.read() as db:
                row = db.execute(ask).fetchone()
        return row[0] if row else None

    def last_update(self) -> float:
        with self.read() as db:
            row = db.execute("SELECT value FROM meta WHERE key = 'last_update'").fetchone()
            return float(row[0]) if row else 0.0

    def roots(self) -> list[dict[str, Any]]:
        with self.read() as db:
            return [dict(row) for row in db.execute("SELECT * FROM roots ORDER BY root_id")]

    def known_folders(self, root_id: str) -> dict[str, int]:
        with self.read() as db:
            rows = db.execute("SELECT path, mtime_ns FROM folders WHERE root_id = ?", (root_id,))
            return {row["path"]: row["mtime_ns"] for row in rows}

    def tags(self) -> list[dict[str, Any]]:
        with self.read() as db:
            rows = db.execute(
                # Whoever is in the gallery is not departed: that list is shorter by far.
                "SELECT name, count FROM (SELECT tag_id, count(*) AS count FROM imagetags "
                "WHERE image_id NOT IN (SELECT id FROM departed) GROUP BY tag_id) "
                "JOIN tags ON tags.id = tag_id ORDER BY count DESC, name"
            )
            return [dict(row) for row in rows]

    def count(self) -> int:
        with self.read() as db:
            return db.execute("SELECT count(*) FROM images WHERE is_trashed = 0").fetchone()[0]

    def rows(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """What the gallery shows of each of `ids`, in their order; one that is gone is left out."""
        found: dict[int, dict[str, Any]] = {}
        with self.read() as db:
            for some in chunks(ids):
                for row in db.execute(ROW + f"WHERE images.id IN ({marks(some)})", some):
                    found[row["id"]] = as_row(row)
        return [found[one] for one in ids if one in found]

    def rows_json(self, ids: Sequence[int], *, keep_places: bool) -> str:
        """The JSON array of `rows(ids)`, written by SQLite itself.

        Python takes the interpreter's lock again for each row that it fetches, and waits for it
        while other threads are busy: a window of 200 rows is one such wait instead of 200.
        `keep_places` puts null where an id is gone.
        """
        kind = "LEFT JOIN" if keep_places else "JOIN"
        with self.read() as db:
            return db.execute(ROWS_JSON.format(join=kind), (json.dumps(list(ids)),)).fetchone()[0]

    def by_path(self, path_canon: str) -> dict[str, Any] | None:
        with self.read() as db:
            row = db.execute(ROW + "WHERE path_canon = ?", (path_canon,)).fetchone()
            return as_row(row) if row else None

    def by_id(self, image_id: int) -> dict[str, Any] | None:
        return next(iter(self.rows([image_id])), None)

    def image_tags(self, image_id: int) -> list[str]:
        with self.read() as db:
            rows = db.execute(
                "SELECT name FROM tags JOIN imagetags ON tag_id = tags.id WHERE image_id = ? "
                "ORDER BY name",
                (image_id,),
            )
            return [row["name"] for row in rows]

    def ids_of_paths(self, paths: Sequence[str]) -> dict[str, int]:
        found = {}
        with self.read() as db:
            for some in chunks(paths):
                query = f"SELECT id, path_canon FROM images WHERE path_canon IN ({marks(some)})"  # noqa: S608
                found.update((row["path_canon"], row["id"]) for row in db.execute(query, some))
        return found

    def thumbnail_work(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """What a thumbnail worker must know of each of `ids`, in their order."""
        found: dict[int, dict[str, Any]] = {}
        with self.read() as db:
            for some in chunks(ids):
                for row in db.execute(WORK + f"WHERE id IN ({marks(some)})", some):
                    found[row["id"]] = dict(row)
        return [found[one] for one in ids if one in found]

    def next_pending_thumbnails(self, limit: int) -> list[dict[str, Any]]:
        """The newest files that have no thumbnail yet."""
        with self.read() as db:
            rows = db.execute(
                WORK + "WHERE thumbnail_status = 0 ORDER BY mtime DESC LIMIT ?", (limit,)
            )
            return [dict(row) for row in rows]

    def thumbnail_counts(self) -> dict[str, int]:
        with self.read() as db:
            rows = db.execute(
                "SELECT thumbnail_status, count(*) FROM images GROUP BY thumbnail_status"
            )
            counts = dict(tuple(row) for row in rows)
        return {
            "pending": counts.get(PENDING, 0) + counts.get(QUEUED, 0),
            "ready": counts.get(READY, 0),
            "failed": counts.get(FAILED, 0),
            "total": sum(counts.values()),
        }

    def thumb_hashes(self) -> set[str]:
        with self.read() as db:
            return {row[0] for row in db.execute("SELECT DISTINCT thumb_hash FROM images")}

    # --- inside a transaction -------------------------------------------------------------------

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What is wrong with the file or its disk, in words; a mistake in a query stays one."""
        try:
            yield
        except (OSError, sqlite3.DatabaseError) as error:
            text = str(error)
            if any(sign in text for sign in ("malformed", "not a database")):
                raise Unavailable(
                    f"The database {self.path} is damaged ({text}). It was left as it is. Stop the "
                    "server and put the file aside, or a backup in its place: what is missing is "
                    "read from your files again."
                ) from error
            if isinstance(error, OSError) or any(
                sign in text for sign in ("unable to open", "full", "readonly", "disk I/O")
            ):
                raise Unavailable(
                    f"The database {self.path} cannot be opened ({text}). Make its folder one that "
                    "this server may write to, with some space: it goes on by itself."
                ) from error
            raise

    def _write(
        self, job: Callable[[sqlite3.Connection], T], then: Callable[[T], None] | None = None
    ) -> T:
        try:
            return self._file.write(job, then)
        except sqlite3.OperationalError as error:
            if any(word in str(error) for word in ("full", "readonly", "disk I/O")):
                raise Unavailable(
                    f"The database {self.path} could not be written ({error}). Nothing was lost: "
                    "free some space or fix the rights on its folder, and it goes on by itself."
                ) from error
            raise
        except sqlite3.Error:
            with self._explained():
                raise

    def _change(self, job: Callable[[sqlite3.Connection, int], T]) -> T:
        """A write that changes images: it gets a revision number, and the listeners hear of it."""

        def numbered(db: sqlite3.Connection) -> tuple[T, int]:
            db.execute("UPDATE meta SET value = value + 1 WHERE key = 'rev'")
            rev = db.execute("SELECT value FROM meta WHERE key = 'rev'").fetchone()[0]
            db.execute("UPDATE meta SET value = ? WHERE key = 'last_update'", (self._clock(),))
            return job(db, rev), rev

        def tell(outcome: tuple[T, int]) -> None:
            for listener in self._listeners:
                listener(outcome[1])

        return self._write(numbered, tell)[0]


WORK = (
    "SELECT id, path_canon, thumb_hash, kind, format, width, height, size_bytes, mtime_ns, "
    "thumbnail_status, thumbnail_error "
    "FROM images "
)
