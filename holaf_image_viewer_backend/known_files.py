"""What the database knows, as the index worker asks it: read only, and never for long."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..holaf_image_records import SIDECAR

# Rows read in one go: a few ms. Never a statement that stays open over other work, which would
# see the database as it was.
PAGE = 500


@dataclass(frozen=True, slots=True)
class KnownFile:
    size_bytes: int
    mtime_ns: int
    parser: int
    from_sidecar: bool
    has_edit_file: bool


class KnownFiles:
    """A reading connection of its own: the main process is the only writer.

    Not `mode=ro`: such a connection cannot make the two files that go with a WAL database, and
    opens nothing when it is the first to come.
    """

    def __init__(self, database: Path) -> None:
        self._db = sqlite3.connect(
            f"{database.resolve().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=30.0,
            check_same_thread=False,
        )
        self._db.execute("PRAGMA query_only = ON")

    def close(self) -> None:
        self._db.close()

    def folders(self, root_id: str) -> dict[str, int]:
        """{canonical path: modification time when its names were read, 0 if they were not}"""
        rows = self._db.execute("SELECT path, mtime_ns FROM folders WHERE root_id = ?", (root_id,))
        return dict(rows.fetchall())

    def files(self, root_id: str, folder: str) -> Iterator[dict[str, KnownFile]]:
        """The files directly in a folder, by their canonical names; those in the trash are not.

        In pages, so that others get their turn in a huge folder. What is committed between two of
        them may be missing, or there with what it was.
        """
        last = 0
        while True:
            rows = self._db.execute(
                "SELECT id, filename, size_bytes, mtime_ns, parser, prompt_source, "
                "workflow_source, has_edit_file FROM images WHERE folder_id = "
                "(SELECT id FROM folders WHERE root_id = ? AND path = ?) "
                "AND id > ? AND is_trashed = 0 ORDER BY id LIMIT ?",
                (root_id, folder, last, PAGE),
            ).fetchall()
            yield {
                row[1]: KnownFile(row[2], row[3], row[4], SIDECAR in (row[5], row[6]), bool(row[7]))
                for row in rows
            }
            if len(rows) < PAGE:
                return
            last = rows[-1][0]

    def of_stem(self, root_id: str, folder: str, stem: str) -> list[str]:
        """Names in a folder that are `stem` and an extension."""
        rows = self._db.execute(
            "SELECT filename FROM images JOIN folders ON folders.id = folder_id "
            "WHERE filename >= ?1 || '.' AND filename < ?1 || '/' "
            "AND folders.root_id = ?2 AND folders.path = ?3 AND is_trashed = 0",
            (stem, root_id, folder),
        )
        return [row[0] for row in rows if row[0].rpartition(".")[0] == stem]

    def count(self, root_id: str) -> int:
        return self._db.execute(
            "SELECT count(*) FROM images WHERE root_id = ? AND is_trashed = 0", (root_id,)
        ).fetchone()[0]
