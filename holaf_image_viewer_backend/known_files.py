"""What the database knows, as the index worker asks it: read only, and never for long."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from ..holaf_image_records import SIDECAR


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

    def files(self, root_id: str, folder: str) -> dict[str, KnownFile]:
        """The files directly in a folder, by their canonical names; those in the trash are not."""
        rows = self._db.execute(
            "SELECT filename, size_bytes, images.mtime_ns, parser, prompt_source, workflow_source, "
            "has_edit_file FROM images JOIN folders ON folders.id = folder_id "
            "WHERE folders.root_id = ? AND folders.path = ? AND is_trashed = 0",
            (root_id, folder),
        )
        return {
            row[0]: KnownFile(row[1], row[2], row[3], SIDECAR in (row[4], row[5]), bool(row[6]))
            for row in rows
        }

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
