"""What judging changed and what it replaced: for those who follow it, and for undoing it."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .holaf_core.errors import NotFound

# What of its pictures a row of `judged` says: they have this rating now, this tag (its id) …
RATING, FAVOURITE, LABEL, NOTE = "rating", "favourite", "label", "note"
TAG, UNTAG, OTHER = "tag", "untag", "other"
LABELS = ("", "red", "orange", "yellow", "green", "blue", "purple")
# Who lags behind by more reads everything again.
MOST_JUDGED = 2000
LARGEST_JUDGED = 16 << 20
FORGET_EVERY = 50

UNDONE_OPERATIONS = 20
LARGEST_UNDO = 32 << 20


@dataclass
class Replaced:
    """What an operation replaced. `bytes` are ids, see `packed`."""

    # (name of the field, what it became, what it was, ids); a rating was (rating, rated_at)
    marks: list[tuple[str, Any, Any, bytes]] = field(default_factory=list)
    # (id of the tag, what `from_file` was: None where there was none, ids)
    tags: list[tuple[int, int | None, bytes]] = field(default_factory=list)
    # (id of the collection, whether the pictures were in it, ids)
    items: list[tuple[int, bool, bytes]] = field(default_factory=list)
    # (id, name, created_at) of one that was deleted
    collection: tuple[int, str, float] | None = None

    @property
    def size(self) -> int:
        return sum(len(one[-1]) for one in (*self.marks, *self.tags, *self.items))


class Undoing:
    """The last operations, each under a token. In memory: a restart forgets them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Replaced] = OrderedDict()

    def keep(self, replaced: Replaced) -> str | None:
        """A token; None where so much cannot be kept."""
        if replaced.size > LARGEST_UNDO:
            return None
        token = secrets.token_urlsafe(9)
        self.give_back(token, replaced)
        return token

    def take(self, token: Any) -> Replaced:
        """Raises NotFound."""
        with self._lock:
            found = self._kept.pop(token, None) if isinstance(token, str) else None
        if found is None:
            raise NotFound(
                "This can no longer be undone: it was undone already, too much has been done "
                "since, or the server was restarted.",
                gone=True,
            )
        return found

    def give_back(self, token: str, replaced: Replaced) -> None:
        """Keep it (again: it could not be undone just now)."""
        with self._lock:
            self._kept[token] = replaced
            while (
                len(self._kept) > UNDONE_OPERATIONS
                or sum(one.size for one in self._kept.values()) > LARGEST_UNDO
            ):
                self._kept.popitem(last=False)


class Nothing(Exception):
    """The operation changes nothing: no revision is made of it."""


class Changed:
    """The pictures that an operation changes, by what of them."""

    def __init__(self) -> None:
        self._ids: list[tuple[str, int, array[int]]] = []

    def add(self, what: str, value: int | str, ids: str | None) -> None:
        """`ids` as `group_concat` gives them; a label is noted as its place in LABELS."""
        if not ids:
            return
        if what == LABEL:
            value = LABELS.index(value) if value in LABELS else 0
        number = value if isinstance(value, int) else 0
        self._ids.append((what, number, array("I", map(int, ids.split(",")))))

    def note(self, db: sqlite3.Connection, rev: int) -> int:
        """Let those who follow the revisions know; how many pictures that are."""
        for what, value, ids in self._ids:
            data = (ids if LITTLE else swapped(ids)).tobytes()
            row = db.execute("INSERT INTO judged VALUES (?, ?, ?, ?)", (rev, what, value, data))
            if (row.lastrowid or 0) % FORGET_EVERY == 0:
                forget_judged(db)
        if len(self._ids) == 1:
            return len(self._ids[0][2])
        return len(set().union(*(ids for _, _, ids in self._ids)))


LITTLE = array("H", [1]).tobytes() == b"\x01\x00"


def swapped(ids: array[int]) -> array[int]:
    copy = array("I", ids)
    copy.byteswap()
    return copy


def forget_judged(db: sqlite3.Connection) -> None:
    """Keep the newest rows: nobody lags behind by more for long."""
    last = db.execute(
        "SELECT rev FROM (SELECT rev, rowid AS place, row_number() OVER newest AS number, "
        "sum(length(ids)) OVER newest AS bytes FROM judged WINDOW newest AS (ORDER BY rowid DESC)) "
        "WHERE number > ? OR bytes > ? ORDER BY place DESC LIMIT 1",
        (MOST_JUDGED, LARGEST_JUDGED),
    ).fetchone()
    if last is not None:
        db.execute("DELETE FROM judged WHERE rev <= ?", (last[0],))
        db.execute("UPDATE meta SET value = ? WHERE key = 'judged_since'", (last[0],))


def choose(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Fill temp.chosen with those of `ids` that are in the gallery."""
    choose_again(db, str(list(ids)))
    # An id that was given out is in the gallery unless it is noted as removed. To look for the rows
    # of `images` would read most of the database for 100,000 of them.
    db.execute(
        "DELETE FROM temp.chosen WHERE id < 1 OR id > "
        "(SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'images') "
        "OR EXISTS (SELECT 1 FROM removed_images WHERE image_id = chosen.id)"
    )


def choose_again(db: sqlite3.Connection, ids: str) -> None:
    """Fill temp.chosen with a JSON array of ids that were chosen once. Some of their pictures may
    be away: they get back what is theirs when they return."""
    db.execute("CREATE TEMP TABLE IF NOT EXISTS chosen (id INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM temp.chosen")
    db.execute("INSERT OR IGNORE INTO temp.chosen SELECT value FROM json_each(?)", (ids,))


def chosen_ids(db: sqlite3.Connection) -> str | None:
    return db.execute("SELECT group_concat(id) FROM temp.chosen").fetchone()[0]


def packed(ids: str) -> bytes:
    """What `group_concat` gave: of a million pictures it would be seven megabytes."""
    return zlib.compress(ids.encode(), 1)


def unpacked(ids: bytes) -> str:
    """As a JSON array."""
    return f"[{zlib.decompress(ids).decode()}]"
