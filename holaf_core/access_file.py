"""The SQLite file of the access gate: the password, the sessions, the throttle, the audit log."""

from __future__ import annotations

import logging
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from .errors import Unavailable
from .files import make_private_folder
from .sqlite import SqliteFile

T = TypeVar("T")

log = logging.getLogger("holaf.access")

# The newest records of the audit log can be neither changed nor deleted; older ones can go.
KEPT_RECORDS = 200_000

FIRST = f"""
CREATE TABLE password (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    hash TEXT NOT NULL,
    generation INTEGER NOT NULL,
    set_at REAL NOT NULL
);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash BLOB NOT NULL UNIQUE,
    generation INTEGER NOT NULL,
    created_at REAL NOT NULL,
    seen_at REAL NOT NULL,
    proved_at REAL NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL
);
CREATE TABLE throttle (key TEXT PRIMARY KEY, tokens REAL NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    who TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    result TEXT NOT NULL
);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.id > (SELECT max(id) FROM audit) - {KEPT_RECORDS}
BEGIN SELECT RAISE(ABORT, 'the audit log is kept'); END;
"""

STEPS = [FIRST]


class AccessFile(SqliteFile):
    """Raises `Unavailable`, in words, where the disk or the file refuses."""

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        with self._explained(), super().read() as db:
            yield db

    def write(
        self, job: Callable[[sqlite3.Connection], T], then: Callable[[T], None] | None = None
    ) -> T:
        with self._explained():
            return super().write(job, then)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise
        except (sqlite3.DatabaseError, OSError) as error:
            raise Unavailable(
                f"{self.path}, which keeps the sign-ins, cannot be used ({error}). Free some space "
                "on its disk or mend its rights; it goes on by itself."
            ) from error


def open_access_file(system_dir: Path) -> AccessFile:
    """`<system_dir>/access.sqlite`, readable by its owner only.

    A damaged file is put aside: the password is then set up again with a code from the console.
    Where the disk refuses, a temporary file lets the server run until its end.
    """
    path = system_dir / "access.sqlite"
    try:
        make_private_folder(system_dir)
        return _open(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            problem: Exception = error
        else:
            broken = path.with_name(path.name + ".broken")
            log.error("%s is damaged (%s): kept as %s, set a new password", path, error, broken)
            path.replace(broken)
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            return _open(path)
    except OSError as error:
        problem = error
    log.error(
        "%s cannot be opened (%s): signing in lasts only until the server ends. "
        "Make its folder writable and restart.",
        *(path, problem),
    )
    return _open(Path(tempfile.mkdtemp(prefix="holaf-access-")) / path.name)


def _open(path: Path) -> AccessFile:
    # SQLite makes its files with the umask; the -wal and -shm beside it take this file's mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if os.name == "posix":
        path.chmod(0o600)
    file = AccessFile(path, STEPS, name="holaf-access")
    file.open()  # now: what is wrong with it must come to light here
    return file
