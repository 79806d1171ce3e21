"""Collections that the user puts together by hand. Nothing but queries; see `holaf_database`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any

from .holaf_core.errors import BadRequest, Conflict, NotFound
from .holaf_database import ImageDatabase
from .holaf_image_searches import checked_name
from .holaf_image_undo import (
    OTHER,
    Changed,
    Nothing,
    Replaced,
    Undoing,
    choose,
    chosen_ids,
    packed,
)

MOST_COLLECTIONS = 1000


class Collections:
    """Every method blocks: not on an event loop."""

    def __init__(
        self, database: ImageDatabase, undoing: Undoing, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._undoing = undoing
        self._clock = clock

    def all(self) -> list[dict[str, Any]]:
        """[{id, name, count, created_at}] by name; `count` is of those in the gallery."""
        with self._database.read() as db:
            rows = db.execute(
                "SELECT id, name, (SELECT count(*) FROM collection_items WHERE collection_id = "
                "collections.id AND image_id NOT IN (SELECT id FROM departed)) AS count, "
                "created_at FROM collections"
            ).fetchall()
        return sorted(map(dict, rows), key=lambda one: (one["name"].casefold(), one["id"]))

    def create(self, name: Any) -> int:
        """Its id. Raises BadRequest with the `field`; Conflict when another one has the name."""
        name = checked_name(name, "A collection")

        def job(db: sqlite3.Connection) -> int:
            refuse_taken(db, name)
            if db.execute("SELECT count(*) FROM collections").fetchone()[0] >= MOST_COLLECTIONS:
                raise Conflict(f"There are {MOST_COLLECTIONS:,} collections. Delete one first.")
            row = db.execute(
                "INSERT INTO collections (name, created_at) VALUES (?, ?)", (name, self._clock())
            )
            return row.lastrowid or 0

        return self._database._write(job)

    def rename(self, collection_id: Any, name: Any) -> None:
        """Raises NotFound; Conflict when another one has the name."""
        number, name = checked_id(collection_id), checked_name(name, "A collection")

        # Searches name collections, so it is a change of all that follows the revisions.
        def job(db: sqlite3.Connection, rev: int) -> None:
            known(db, number)
            refuse_taken(db, name, number)
            db.execute("UPDATE collections SET name = ? WHERE id = ?", (name, number))

        self._database._change(job)

    def delete(self, collection_id: Any) -> dict[str, Any]:
        """{undo}; its pictures stay where they are. Raises NotFound."""
        number = checked_id(collection_id)

        def job(db: sqlite3.Connection, rev: int) -> Replaced:
            name, created_at = known(db, number)
            replaced, changed = Replaced(collection=(number, name, created_at)), Changed()
            ids = db.execute(
                "SELECT group_concat(image_id) FROM collection_items WHERE collection_id = ?",
                (number,),
            ).fetchone()[0]
            if ids:
                replaced.items.append((number, True, packed(ids)))
            changed.add(OTHER, number, ids)
            db.execute("DELETE FROM collection_items WHERE collection_id = ?", (number,))
            db.execute("DELETE FROM collections WHERE id = ?", (number,))
            changed.note(db, rev)
            return replaced

        return {"undo": self._undoing.keep(self._database._change(job))}

    def add(self, collection_id: Any, ids: Sequence[int]) -> dict[str, Any]:
        """{changed, undo}. Raises NotFound when there is no such collection."""
        return self._put(collection_id, ids, inside=True)

    def remove(self, collection_id: Any, ids: Sequence[int]) -> dict[str, Any]:
        """{changed, undo}. Raises NotFound when there is no such collection."""
        return self._put(collection_id, ids, inside=False)

    def _put(self, collection_id: Any, ids: Sequence[int], *, inside: bool) -> dict[str, Any]:
        number = checked_id(collection_id)

        def job(db: sqlite3.Connection, rev: int) -> tuple[int, Replaced]:
            known(db, number)
            choose(db, ids)
            changed = Changed()
            moved = put_items(db, number, inside, changed)
            if not moved:
                raise Nothing
            replaced = Replaced(items=[(number, not inside, packed(moved))])
            return changed.note(db, rev), replaced

        try:
            count, replaced = self._database._change(job)
        except Nothing:
            return {"changed": 0, "undo": None}
        return {"changed": count, "undo": self._undoing.keep(replaced)}


def put_items(
    db: sqlite3.Connection, collection_id: int, inside: bool, changed: Changed
) -> str | None:
    """Put the chosen pictures into a collection, or take them out; those that it changes."""
    if not db.execute("SELECT 1 FROM collections WHERE id = ?", (collection_id,)).fetchone():
        return None  # deleted since
    db.execute(
        "DELETE FROM temp.chosen WHERE (id IN (SELECT image_id FROM collection_items "
        "WHERE collection_id = ?)) = ?",
        (collection_id, inside),
    )
    ids = chosen_ids(db)
    if inside:
        db.execute(
            "INSERT INTO collection_items (collection_id, image_id) SELECT ?, id FROM temp.chosen",
            (collection_id,),
        )
    else:
        db.execute(
            "DELETE FROM collection_items WHERE collection_id = ? "
            "AND image_id IN (SELECT id FROM temp.chosen)",
            (collection_id,),
        )
    changed.add(OTHER, collection_id, ids)
    return ids


def collection_again(
    db: sqlite3.Connection, collection_id: int, name: str, created_at: float
) -> None:
    """One that was deleted. Where another one has the name by now, it gets a number behind it."""
    taken = {row[0].casefold() for row in db.execute("SELECT name FROM collections")}
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{name} {number}"
    db.execute("INSERT INTO collections VALUES (?, ?, ?)", (collection_id, free, created_at))


def known(db: sqlite3.Connection, collection_id: int) -> tuple[str, float]:
    row = db.execute(
        "SELECT name, created_at FROM collections WHERE id = ?", (collection_id,)
    ).fetchone()
    if row is None:
        raise NotFound("This collection is gone already.")
    return row[0], row[1]


def refuse_taken(db: sqlite3.Connection, name: str, but: int = 0) -> None:
    for row in db.execute("SELECT id, name FROM collections").fetchall():
        if row[0] != but and row[1].casefold() == name.casefold():
            raise Conflict(f"There is a collection “{row[1]}” already.", field="name")


def checked_id(collection_id: Any) -> int:
    if type(collection_id) is not int:
        raise BadRequest("id must be the number of a collection.", field="id")
    # SQLite has no larger numbers; nothing has the number 0.
    return collection_id if abs(collection_id) < 1 << 63 else 0
