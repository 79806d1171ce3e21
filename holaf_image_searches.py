"""Searches that a user keeps under a name. Nothing but queries; see `holaf_database`."""

from __future__ import annotations

import json
import sqlite3
import time
import unicodedata
from collections.abc import Callable
from typing import Any

from .holaf_core.errors import BadRequest, Conflict, NotFound
from .holaf_database import ImageDatabase

LONGEST_NAME = 80
# The longest search is 10,000 characters; the rest are chosen facets.
LARGEST_QUERY = 32_000
MOST_SEARCHES = 200


class SavedSearches:
    """Every method blocks: not on an event loop."""

    def __init__(self, database: ImageDatabase, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def all(self) -> list[dict[str, Any]]:
        """[{id, name, query, created_at}] by name."""
        with self._database.read() as db:
            rows = db.execute("SELECT id, name, query, created_at FROM saved_searches").fetchall()
        found = [{**dict(row), "query": json.loads(row["query"])} for row in rows]
        return sorted(found, key=lambda one: (one["name"].casefold(), one["id"]))

    def save(self, name: Any, query: Any) -> int:
        """Keep `query` (a JSON object) under a name; one of the same name is replaced. Its id.

        Raises BadRequest with the `field` that is wrong; Conflict when there are too many.
        """
        name, text = checked_name(name), checked_query(query)

        def job(db: sqlite3.Connection) -> int:
            rows = db.execute("SELECT id, name FROM saved_searches").fetchall()
            for row in rows:
                if row["name"].casefold() == name.casefold():
                    db.execute(
                        "UPDATE saved_searches SET name = ?, query = ? WHERE id = ?",
                        (name, text, row["id"]),
                    )
                    return row["id"]
            if len(rows) >= MOST_SEARCHES:
                raise Conflict(
                    f"There are {MOST_SEARCHES} saved searches already. Delete one first."
                )
            row = db.execute(
                "INSERT INTO saved_searches (name, query, created_at) VALUES (?, ?, ?)",
                (name, text, self._clock()),
            )
            return row.lastrowid or 0

        return self._database._write(job)

    def rename(self, search_id: Any, name: Any) -> None:
        """Raises NotFound; Conflict when another one has the name."""
        number, name = checked_id(search_id), checked_name(name)

        def job(db: sqlite3.Connection) -> int:
            for row in db.execute("SELECT id, name FROM saved_searches").fetchall():
                if row["id"] != number and row["name"].casefold() == name.casefold():
                    raise Conflict(f"There is a saved search “{row['name']}” already.")
            statement = "UPDATE saved_searches SET name = ? WHERE id = ?"
            return db.execute(statement, (name, number)).rowcount

        if not self._database._write(job):
            raise NotFound("This saved search is gone already.")

    def delete(self, search_id: Any) -> None:
        """Raises NotFound."""
        number = checked_id(search_id)

        def job(db: sqlite3.Connection) -> int:
            return db.execute("DELETE FROM saved_searches WHERE id = ?", (number,)).rowcount

        if not self._database._write(job):
            raise NotFound("This saved search is gone already.")


def checked_id(search_id: Any) -> int:
    if isinstance(search_id, bool) or not isinstance(search_id, int):
        raise BadRequest("id must be the number of a saved search.", field="id")
    # SQLite has no larger numbers; nothing has the number 0.
    return search_id if abs(search_id) < 1 << 63 else 0


def checked_name(name: Any, of: str = "A saved search") -> str:
    """
    >>> checked_name("  my  search ")
    'my search'
    """
    if not isinstance(name, str):
        raise BadRequest("name must be a text.", field="name")
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise BadRequest(f"{of} needs a name.", field="name")
    if len(name) > LONGEST_NAME:
        raise BadRequest(f"A name has at most {LONGEST_NAME} characters.", field="name")
    if any(unicodedata.category(one) in ("Cc", "Cs", "Co", "Cn") for one in name):
        raise BadRequest("The name has signs in it that cannot be shown.", field="name")
    return name


def checked_query(query: Any) -> str:
    if not isinstance(query, dict):
        raise BadRequest("query must be a JSON object.", field="query")
    text = json.dumps(query, separators=(",", ":"))
    if len(text) > LARGEST_QUERY:
        raise BadRequest(f"A saved search has at most {LARGEST_QUERY:,} characters.", field="query")
    return text
