"""The log of dangerous actions: who did what, when, from where, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from . import json
from .access_file import KEPT_RECORDS
from .sqlite import SqliteFile

if TYPE_CHECKING:
    from .access import Identity

LONGEST_DETAIL = 4000


class Audit:
    """Records are only ever added. Never put a password, a token or a code into `detail`."""

    def __init__(self, file: SqliteFile, *, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock

    def record(self, identity: Identity, action: str, detail: Any = None, result: str = "ok"):
        """Add one record; blocks on SQLite."""
        values = (
            self._clock(),
            identity.who,
            identity.address,
            action,
            json.dumps(detail).decode("utf-8", "replace")[:LONGEST_DETAIL],
            result[:LONGEST_DETAIL],
        )

        def job(db):
            number = db.execute(
                "INSERT INTO audit (at, who, address, action, detail, result)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            ).lastrowid
            if number % 1000 == 0:
                db.execute("DELETE FROM audit WHERE id <= ?", (number - KEPT_RECORDS,))

        self._file.write(job)

    @asynccontextmanager
    async def action(
        self, identity: Identity, action: str, detail: Any = None
    ) -> AsyncIterator[None]:
        """Exactly one record for what happens inside: "ok", or the error that ended it."""
        try:
            yield
        except BaseException as error:  # a request that is cancelled is on record too
            result = f"failed: {error or type(error).__name__}"
            await asyncio.shield(asyncio.to_thread(self.record, identity, action, detail, result))
            raise
        await asyncio.shield(asyncio.to_thread(self.record, identity, action, detail))

    def entries(self, limit: int = 200, before: int | None = None) -> list[dict[str, Any]]:
        """The newest `limit` records, or those older than the record `before`; blocks."""
        with self._file.read() as db:
            rows = db.execute(
                "SELECT * FROM audit WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?",
                (before, before, limit),
            ).fetchall()
        return [dict(row) for row in rows]
