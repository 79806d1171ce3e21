"""The one transaction that brings image rows in line with the files: runs on the writer thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from . import holaf_image_sql as sql
from .holaf_image_batch import Batch, encode
from .holaf_image_batch import name_key as name_key
from .holaf_image_batch import searchable as searchable
from .holaf_image_records import IndexedFile, IndexedFolder, canon

# Raised when the reader of metadata learns something new: older rows are read again.
PARSER = 3

# SQLite allows 32,766 parameters since 3.32 and 999 before; short lists keep the plans simple too.
CHUNK = 900

# A name alone says little: ComfyUI gives that of a deleted picture to the next one it makes. Only
# a file that was away this shortly is the same one, saved anew by some program.
SAVED_ANEW_S = 60.0


@dataclass(frozen=True)
class StoreResult:
    added_ids: list[int]
    updated_ids: list[int]
    removed_ids: list[int]


class ImageStore:
    """Belongs to one connection's thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def store(self, db: sqlite3.Connection, rev: int, batch: Batch) -> None:
        """Bring the rows in line with a batch. Removals come first, folders last."""
        self.remove(db, rev, batch.removed)
        self.upsert(db, rev, batch)
        db.execute(sql.LISTED, {"listed": batch.part("listed")})

    def store_files(
        self,
        db: sqlite3.Connection,
        rev: int,
        files: Iterable[IndexedFile],
        folders: Iterable[IndexedFolder] = (),
        removed: Sequence[str] = (),
    ) -> StoreResult:
        """The same for rows that Python has. A file may occur twice: the last word counts."""
        latest = {file.path_canon: file for file in files}
        batch = encode(latest.values(), folders, removed)
        gone = self.remove(db, rev, removed)
        before = last_id(db)
        self.upsert(db, rev, batch)
        db.execute(sql.LISTED, {"listed": batch.part("listed")})
        added, updated = [], []
        if batch.count:
            given = {name: batch.part(name) for name in ("texts", "files")}
            rows = db.execute(sql.IDS, {**given, "before": before})
            for image_id, is_new in rows.fetchall():
                (added if is_new else updated).append(image_id)
        return StoreResult(added, updated, gone)

    def upsert(self, db: sqlite3.Connection, rev: int, batch: Batch) -> None:
        """Write the rows of a batch, with all that they refer to."""
        if not batch.count:
            return
        part = {
            name: batch.part(name)
            for name, length in zip(sql.PARTS, batch.lengths, strict=True)
            if name not in sql.JSON_PARTS or length > len("[]")
        }
        hashes = part["hashes"]
        for name, statement in sql.INSERTS:
            if name in part:
                db.execute(statement, {name: part[name], "hashes": hashes})
        for name, statement, words in sql.TEXTS:
            if name in part:
                newest = db.execute(f"SELECT coalesce(max(id), 0) FROM {name}").fetchone()[0]  # noqa: S608
                given = {name: part[name], "hashes": hashes, "nodes": part["nodes"]}
                db.execute(statement, given)
                db.execute(words, {name: part[name], "hashes": hashes, "newest": newest})
        for statement in sql.SCRATCH:
            db.execute(statement)
        db.execute(sql.SHARED_ROWS, {"shared": part["shared"]})
        db.execute(sql.ROWS, {"numbers": numbers(batch.count)})
        files = {"files": part["files"], "texts": part["texts"]}
        found = db.execute(sql.KNOWN, files).rowcount
        found += self._returning(db, files)
        db.execute(sql.FILES, {**files, "hashes": hashes, "rev": rev, "parser": PARSER})
        # Tags are looked up only where there may be any.
        if found or "tags" in part:
            db.execute(sql.FORGET_TAGS)
            if "tags" in part:
                db.execute(sql.NEW_TAGS, {"tags": part["tags"]})
                db.execute(sql.TAGS, {"tags": part["tags"]})
        if "ratings" in part:
            db.execute(sql.RATINGS, {"ratings": part["ratings"]})

    def move(
        self, db: sqlite3.Connection, rev: int, names: Sequence[tuple[str, str]], batch: Batch
    ) -> StoreResult:
        """`names`: (old path, new path) of the batch's files."""
        gone: list[int] = []
        for old, new in names:
            if old == new:
                continue
            row = db.execute("SELECT id FROM images WHERE path_canon = ?", (old,)).fetchone()
            if row is None:
                continue
            # What lay under the new name was overwritten by the move.
            gone += self.remove(db, rev, [new])
            db.execute("UPDATE images SET path_canon = ? WHERE id = ?", (new, row[0]))
        self.upsert(db, rev, batch)
        return StoreResult([], [], gone)

    def remove(self, db: sqlite3.Connection, rev: int, paths: Sequence[str]) -> list[int]:
        """Delete rows; what the user made for them is kept aside, or goes to the same picture."""
        ids = []
        for some in chunks(paths):
            rows = db.execute(
                "SELECT id, path_canon, size_bytes, pixel_key FROM images "
                f"WHERE path_canon IN ({marks(some)})",
                some,
            ).fetchall()
            for row in rows:
                ids.append(row[0])
                db.execute("DELETE FROM images WHERE id = ?", (row[0],))
                if not has_user_data(db, row[0]):
                    # Tags of its sidecar; ids are never given out twice, so nobody else has them.
                    db.execute("DELETE FROM imagetags WHERE image_id = ?", (row[0],))
                elif not self._hand_over(db, row, rev):
                    db.execute(
                        "INSERT OR REPLACE INTO departed VALUES (?, ?, ?, ?, ?)",
                        (*tuple(row), self._clock()),
                    )
        db.executemany(
            "INSERT INTO removed_images (rev, image_id) VALUES (?, ?)", [(rev, one) for one in ids]
        )
        return ids

    def remove_folder(
        self, db: sqlite3.Connection, rev: int, root_id: str, folder: str
    ) -> StoreResult:
        gone = []
        for folder_id in folders_below(db, root_id, folder):
            paths = db.execute("SELECT path_canon FROM images WHERE folder_id = ?", (folder_id,))
            gone += self.remove(db, rev, [row[0] for row in paths.fetchall()])
            db.execute("DELETE FROM folders WHERE id = ?", (folder_id,))
        return StoreResult([], [], gone)

    def move_folder(
        self, db: sqlite3.Connection, rev: int, root_id: str, old: str, new_root_id: str, new: str
    ) -> StoreResult:
        moved: list[int] = []
        for folder_id in folders_below(db, root_id, old):
            path = db.execute("SELECT path FROM folders WHERE id = ?", (folder_id,)).fetchone()[0]
            target = (new + path[len(old) :]).strip("/")
            taken = db.execute(
                "SELECT 1 FROM folders WHERE root_id = ? AND path = ?", (new_root_id, target)
            ).fetchone()
            if taken:
                continue  # the new place was scanned first: its rows took the user data over
            db.execute(
                "UPDATE folders SET root_id = ?, path = ?, mtime_ns = 0 WHERE id = ?",
                (new_root_id, target, folder_id),
            )
            db.execute(
                "UPDATE images SET path_canon = ? || filename, root_id = ?, "
                "top_level_subfolder = ?, rev = ? WHERE folder_id = ?",
                (
                    canon(new_root_id, target, ""),
                    new_root_id,
                    target.split("/", 1)[0],
                    rev,
                    folder_id,
                ),
            )
            rows = db.execute("SELECT id FROM images WHERE folder_id = ?", (folder_id,))
            moved += [row[0] for row in rows]
        return StoreResult([], moved, [])

    def set_tags(
        self, db: sqlite3.Connection, image_id: int, names: Iterable[str], *, from_file: bool
    ) -> None:
        db.execute(
            "DELETE FROM imagetags WHERE image_id = ? AND from_file = ?", (image_id, from_file)
        )
        for name in names:
            db.execute("INSERT OR IGNORE INTO tags (name) VALUES (?)", (name,))
            # A tag that the user gives is theirs, even if a sidecar had it before.
            db.execute(
                "INSERT INTO imagetags (image_id, tag_id, from_file) "
                "SELECT ?, id, ? FROM tags WHERE name = ? ON CONFLICT (image_id, tag_id) "
                "DO UPDATE SET from_file = min(from_file, excluded.from_file)",
                (image_id, from_file, name),
            )

    def _returning(self, db: sqlite3.Connection, files: dict[str, memoryview]) -> int:
        """Give files that were gone and are back the ids they had, and so their user data.

        Returns how many.
        """
        if not db.execute("SELECT EXISTS (SELECT 1 FROM departed)").fetchone()[0]:
            return 0
        count = 0
        for place, path, pixel_key, size_bytes in db.execute(sql.MAY_RETURN, files).fetchall():
            row = db.execute(
                # 0: nothing is known of the pixels, as of every empty file.
                "SELECT id FROM departed WHERE pixel_key = ? AND size_bytes = ? "
                "AND (pixel_key <> 0 OR path_canon = ?) "
                "ORDER BY path_canon = ? DESC, left_at DESC LIMIT 1",
                (pixel_key, size_bytes, path, path),
            ).fetchone()
            if row is None:
                # The same name with other pixels: the user worked on the picture elsewhere.
                row = db.execute(
                    "SELECT id FROM departed WHERE path_canon = ? AND left_at BETWEEN ? AND ? "
                    "ORDER BY left_at DESC LIMIT 1",
                    (path, self._clock() - SAVED_ANEW_S, self._clock() + SAVED_ANEW_S),
                ).fetchone()
            if row is not None:
                db.execute("DELETE FROM departed WHERE id = ?", (row[0],))
                db.execute("DELETE FROM removed_images WHERE image_id = ?", (row[0],))
                db.execute("INSERT INTO temp.batch_known VALUES (?, ?, 1)", (place, row[0]))
                count += 1
        return count

    def _hand_over(self, db: sqlite3.Connection, row: sqlite3.Row, rev: int) -> bool:
        """Give the user data of a removed row to the same picture under another path.

        A move that the watcher sees as "new file" first and "file gone" later arrives like this.
        """
        for twin in db.execute(
            "SELECT id FROM images WHERE pixel_key = ? AND pixel_key <> 0 AND size_bytes = ? "
            "ORDER BY id DESC",
            (row[3], row[2]),
        ).fetchall():
            if not has_user_data(db, twin[0]):
                db.execute("UPDATE marks SET image_id = ? WHERE image_id = ?", (twin[0], row[0]))
                for table in ("imagetags", "collection_items"):
                    db.execute(
                        f"UPDATE OR REPLACE {table} SET image_id = ? WHERE image_id = ?",  # noqa: S608
                        (twin[0], row[0]),
                    )
                db.execute("UPDATE images SET rev = ? WHERE id = ?", (rev, twin[0]))
                return True
        return False


def has_user_data(db: sqlite3.Connection, image_id: int) -> bool:
    return bool(
        db.execute(
            "SELECT EXISTS (SELECT 1 FROM marks WHERE image_id = ?1) OR "
            "EXISTS (SELECT 1 FROM imagetags WHERE image_id = ?1 AND from_file = 0) OR "
            "EXISTS (SELECT 1 FROM collection_items WHERE image_id = ?1)",
            (image_id,),
        ).fetchone()[0]
    )


def folders_below(db: sqlite3.Connection, root_id: str, folder: str) -> list[int]:
    """The ids of a folder and of all folders below it."""
    rows = db.execute("SELECT id, path FROM folders WHERE root_id = ?", (root_id,))
    return [row[0] for row in rows if row[1] == folder or row[1].startswith(folder + "/")]


def numbers(count: int) -> str:
    """0 to count - 1 as JSON."""
    return str(list(range(count)))


def last_id(db: sqlite3.Connection) -> int:
    """The highest id that an image ever had."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'images'").fetchone()
    return row[0] if row else 0


def chunks(items: Sequence) -> Iterator[tuple]:
    iterator = iter(items)
    while some := tuple(islice(iterator, CHUNK)):
        yield some


def marks(items: Sequence) -> str:
    return ",".join("?" * len(items))
