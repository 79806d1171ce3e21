"""What the user thinks of pictures: ratings, favourites, labels, notes and tags, and undoing that.

All of it is done by statements over sets: 100,000 pictures are judged within a second. Nothing but
queries; see `holaf_database`.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
import unicodedata
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .holaf_core.errors import BadRequest, Conflict, NotFound
from .holaf_database import ImageDatabase

LABELS = ("", "red", "orange", "yellow", "green", "blue", "purple")
HIGHEST_RATING = 5
LONGEST_NOTE = 10_000
LONGEST_TAG = 100
MOST_TAGS = 1000  # of a picture
MOST_AT_ONCE = 100  # tags that one request gives or takes

# What of `judged` a row is about: see `columns`.
MARKS, TAGS, OTHER = 1, 2, 4
# Who lags behind by more reads everything again.
MOST_JUDGED = 2000
LARGEST_JUDGED = 16 << 20
FORGET_EVERY = 50

UNDONE_OPERATIONS = 20
LARGEST_UNDO = 32 << 20

NOTHING_CHANGED = "nothing changed"


@dataclass(frozen=True)
class Change:
    """What to make of some pictures; None leaves a thing as it is."""

    rating: int | None = None
    favourite: bool | None = None
    label: str | None = None
    note: str | None = None
    # What the note was when the user began to write.
    note_before: str | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


@dataclass
class Replaced:
    """What an operation replaced, in the order in which it is put back.

    Texts are JSON arrays of ids, packed: a million of them are some megabytes otherwise.
    """

    # (name of the field, what it became, what it was, ids); a rating is (rating, rated_at)
    marks: list[tuple[str, Any, Any, bytes]] = field(default_factory=list)
    # (id of the tag, its name, what `from_file` was: None where there was none, ids)
    tags: list[tuple[int, str, int | None, bytes]] = field(default_factory=list)
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
        with self._lock:
            self._kept[token] = replaced
            while (
                len(self._kept) > UNDONE_OPERATIONS
                or sum(one.size for one in self._kept.values()) > LARGEST_UNDO
            ):
                self._kept.popitem(last=False)
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
        """It could not be undone just now."""
        with self._lock:
            self._kept[token] = replaced


class Nothing(Exception):
    """The operation changes nothing: no revision is made of it."""


class Judging:
    """Every method blocks: not on an event loop."""

    def __init__(
        self, database: ImageDatabase, undoing: Undoing, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._undoing = undoing
        self._clock = clock

    def judge(self, ids: Sequence[int], change: Change) -> dict[str, Any]:
        """{changed, undo}. Raises Conflict with the `note` that is there when it is another one.

        All or nothing. Ids that are gone are left out.
        """

        def job(db: sqlite3.Connection, rev: int) -> tuple[int, Replaced]:
            choose(db, ids)
            replaced = Replaced()
            changed = Changed()
            if change.note_before is not None:
                refuse_other_note(db, change.note_before)
            values = {
                "rating": change.rating,
                "favourite": None if change.favourite is None else int(change.favourite),
                "label": change.label,
                "note": change.note,
            }
            for name, value in values.items():
                if value is not None:
                    self._mark(db, name, value, replaced, changed)
            for tag_id, name in tags_of_names(db, change.remove_tags, make=False):
                untag(db, tag_id, name, replaced, changed)
            for tag_id, name in tags_of_names(db, change.add_tags, make=True):
                tag(db, tag_id, name, replaced, changed)
            if change.add_tags:
                refuse_too_many_tags(db)
            return changed.note(db, rev), replaced

        return self._done(job)

    def undo(self, token: Any) -> dict[str, Any]:
        """{changed}: put back what an operation replaced.

        What was changed again since stays: the newer one is somebody's wish too. Raises NotFound.
        """
        replaced = self._undoing.take(token)

        def job(db: sqlite3.Connection, rev: int) -> int:
            changed = Changed()
            put_back(db, replaced, changed)
            return changed.note(db, rev)

        try:
            return {"changed": self._database._change(job)}
        except Nothing:
            return {"changed": 0}
        except BaseException:
            self._undoing.give_back(token, replaced)
            raise

    def judged(self, image_id: int) -> dict[str, Any]:
        """All that is known of a picture in this regard. Raises NotFound."""
        with self._database.read() as db:
            row = db.execute(
                "SELECT images.id, coalesce(rating, 0) AS rating, "
                "coalesce(favourite, 0) AS favourite, coalesce(label, '') AS label, "
                "coalesce(note, '') AS note "
                "FROM images LEFT JOIN marks ON image_id = images.id WHERE images.id = ?",
                (image_id,),
            ).fetchone()
            if row is None:
                raise NotFound("This file is not in the gallery (any more).")
            tags = db.execute(
                "SELECT name, from_file FROM imagetags JOIN tags ON tags.id = tag_id "
                "WHERE image_id = ? ORDER BY name",
                (image_id,),
            ).fetchall()
            collections = db.execute(
                "SELECT collections.id, name FROM collection_items "
                "JOIN collections ON collections.id = collection_id "
                "WHERE image_id = ? ORDER BY name",
                (image_id,),
            ).fetchall()
        return {
            **dict(row),
            "favourite": bool(row["favourite"]),
            "tags": [{"name": one[0], "from_file": bool(one[1])} for one in tags],
            "collections": [dict(one) for one in collections],
        }

    def tags(self, find: str = "", limit: int = 1000) -> list[dict[str, Any]]:
        """[{name, count}]: those that have `find` in them, most frequent first."""
        wanted = find.casefold()
        found = [one for one in self._database.tags() if wanted in one["name"].casefold()]
        return found[:limit]

    # --- inside ---------------------------------------------------------------------------------

    def _done(
        self, job: Callable[[sqlite3.Connection, int], tuple[int, Replaced]]
    ) -> dict[str, Any]:
        try:
            count, replaced = self._database._change(job)
        except Nothing:
            return {"changed": 0, "undo": None}
        return {"changed": count, "undo": self._undoing.keep(replaced)}

    def _mark(
        self,
        db: sqlite3.Connection,
        name: str,
        value: Any,
        replaced: Replaced,
        changed: Changed,
    ) -> None:
        """Set one field of the chosen pictures' marks."""
        was = f"coalesce({name}, {UNMARKED[name]})"
        rated_at = "coalesce(rated_at, 0)" if name == "rating" else "0"
        groups = db.execute(
            f"SELECT {was} AS was, {rated_at} AS at, group_concat(id) FROM temp.chosen "  # noqa: S608
            f"LEFT JOIN marks ON image_id = id WHERE {was} <> ? GROUP BY was, at",
            (value,),
        ).fetchall()
        for before, at, ids in groups:
            old = (before, at) if name == "rating" else before
            replaced.marks.append((name, value, old, packed(ids)))
            changed.add(MARKS if name != "note" else OTHER, ids)
        set_mark(db, "temp.chosen", name, value, self._clock())


class Changed:
    """The pictures that an operation changes, by what of them."""

    def __init__(self) -> None:
        self._ids: list[tuple[int, array[int]]] = []

    def add(self, what: int, ids: str | None) -> None:
        """`ids` as `group_concat` gives them."""
        if ids:
            self._ids.append((what, array("I", map(int, ids.split(",")))))

    def note(self, db: sqlite3.Connection, rev: int) -> int:
        """Let those who follow the revisions know; how many pictures that are. Raises Nothing."""
        if not self._ids:
            raise Nothing
        for what, ids in self._ids:
            data = ids if LITTLE else swapped(ids)
            row = db.execute("INSERT INTO judged VALUES (?, ?, ?)", (rev, what, data.tobytes()))
        if (row.lastrowid or 0) % FORGET_EVERY < len(self._ids):
            forget_judged(db)
        if len(self._ids) == 1:
            return len(self._ids[0][1])
        return len(set().union(*(ids for _, ids in self._ids)))


LITTLE = array("H", [1]).tobytes() == b"\x01\x00"


def swapped(ids: array[int]) -> array[int]:
    copy = array("I", ids)
    copy.byteswap()
    return copy


def forget_judged(db: sqlite3.Connection) -> None:
    """Keep the newest rows that are of use: nobody lags behind by more for long."""
    last = db.execute(
        "SELECT rev FROM (SELECT rev, rowid, row_number() OVER newest AS number, "
        "sum(length(ids)) OVER newest AS bytes FROM judged WINDOW newest AS (ORDER BY rowid DESC)) "
        "WHERE number > ? OR bytes > ? ORDER BY rowid DESC LIMIT 1",
        (MOST_JUDGED, LARGEST_JUDGED),
    ).fetchone()
    if last is not None:
        db.execute("DELETE FROM judged WHERE rev <= ?", (last[0],))
        db.execute("UPDATE meta SET value = ? WHERE key = 'judged_since'", (last[0],))


UNMARKED = {"rating": "0", "favourite": "0", "label": "''", "note": "''"}


def choose(db: sqlite3.Connection, ids: Iterable[int] | str) -> None:
    """Fill temp.chosen with those of `ids` (or a JSON array of them) that are in the gallery."""
    text = ids if isinstance(ids, str) else json.dumps(list(ids))
    db.execute("CREATE TEMP TABLE IF NOT EXISTS chosen (id INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM temp.chosen")
    db.execute(
        "INSERT OR IGNORE INTO temp.chosen SELECT images.id FROM json_each(?) AS wanted "
        "CROSS JOIN images ON images.id = wanted.value",
        (text,),
    )


def set_mark(
    db: sqlite3.Connection, table: str, name: str, value: Any, rated_at: float = 0.0
) -> None:
    """Set a field for all `id` of `table`, unless it is that already."""
    more = ", rated_at" if name == "rating" else ""
    given = (value, rated_at) if more else (value,)
    also = ", rated_at = excluded.rated_at" if more else ""
    db.execute(
        f"INSERT INTO marks (image_id, {name}{more}) "  # noqa: S608
        f"SELECT id, ?{', ?' if more else ''} FROM {table} WHERE true "
        f"ON CONFLICT (image_id) DO UPDATE SET {name} = excluded.{name}{also} "
        f"WHERE {name} <> excluded.{name}",
        given,
    )


def refuse_other_note(db: sqlite3.Connection, before: str) -> None:
    row = db.execute(
        "SELECT coalesce(note, '') FROM temp.chosen LEFT JOIN marks ON image_id = id "
        "WHERE coalesce(note, '') <> ? LIMIT 1",
        (before,),
    ).fetchone()
    if row is not None:
        raise Conflict(
            "The note was changed elsewhere meanwhile. Nothing was saved: look at what it says "
            "now, and save again.",
            note=row[0],
        )


# --- tags -------------------------------------------------------------------------------------


def tags_of_names(
    db: sqlite3.Connection, names: Sequence[str], *, make: bool
) -> list[tuple[int, str]]:
    """(id, name as it is known) of each name; a new one is made, or left out.

    The same spelling counts first, then one that differs in case only.
    """
    if not names:
        return []
    found: dict[int, str] = {}
    folded: dict[str, tuple[int, str]] | None = None
    for name in names:
        row = db.execute("SELECT id, name FROM tags WHERE name = ?", (name,)).fetchone()
        if row is None:
            if folded is None:
                known = db.execute("SELECT id, name FROM tags ORDER BY id DESC")
                folded = {one[1].casefold(): (one[0], one[1]) for one in known}
            row = folded.get(name.casefold())
        if row is None and make:
            made = db.execute("INSERT INTO tags (name) VALUES (?)", (name,)).lastrowid
            row = (made, name)
            if folded is not None:
                folded[name.casefold()] = row
        if row is not None:
            found[row[0]] = row[1]
    return list(found.items())


def tag(
    db: sqlite3.Connection, tag_id: int, name: str, replaced: Replaced, changed: Changed
) -> None:
    """Give a tag to the chosen pictures. One that a file had before is the user's from now on."""
    groups = db.execute(
        "SELECT from_file, group_concat(id) FROM temp.chosen "
        "LEFT JOIN imagetags ON image_id = id AND tag_id = ? "
        "WHERE from_file IS NOT 0 GROUP BY from_file",
        (tag_id,),
    ).fetchall()
    for from_file, ids in groups:
        replaced.tags.append((tag_id, name, from_file, packed(ids)))
        changed.add(TAGS if from_file is None else OTHER, ids)
    if groups:
        give_tag(db, "temp.chosen", tag_id, 0)


def untag(
    db: sqlite3.Connection, tag_id: int, name: str, replaced: Replaced, changed: Changed
) -> None:
    groups = db.execute(
        "SELECT from_file, group_concat(id) FROM temp.chosen "
        "JOIN imagetags ON image_id = id AND tag_id = ? GROUP BY from_file",
        (tag_id,),
    ).fetchall()
    for from_file, ids in groups:
        replaced.tags.append((tag_id, name, from_file, packed(ids)))
        changed.add(TAGS, ids)
    if groups:
        take_tag(db, "temp.chosen", tag_id)


def give_tag(db: sqlite3.Connection, table: str, tag_id: int, from_file: int) -> None:
    db.execute(
        f"INSERT INTO imagetags (image_id, tag_id, from_file) SELECT id, ?, ? FROM {table} "  # noqa: S608
        "WHERE true ON CONFLICT (image_id, tag_id) DO UPDATE SET from_file = excluded.from_file "
        "WHERE from_file <> excluded.from_file",
        (tag_id, from_file),
    )


def take_tag(db: sqlite3.Connection, table: str, tag_id: int) -> None:
    db.execute(
        f"DELETE FROM imagetags WHERE tag_id = ? AND image_id IN (SELECT id FROM {table})",  # noqa: S608
        (tag_id,),
    )


def refuse_too_many_tags(db: sqlite3.Connection) -> None:
    if db.execute("SELECT count(*) FROM tags").fetchone()[0] <= MOST_TAGS:
        return
    row = db.execute(
        "SELECT path_canon, count(*) AS number FROM temp.chosen "
        "JOIN imagetags ON image_id = chosen.id JOIN images ON images.id = image_id "
        "GROUP BY image_id HAVING number > ? LIMIT 1",
        (MOST_TAGS,),
    ).fetchone()
    if row is not None:
        raise BadRequest(
            f"{row[0]} would have {row[1]:,} tags; {MOST_TAGS:,} are the most. Nothing was "
            "changed: take some away first.",
            field="add_tags",
        )


# --- undoing ----------------------------------------------------------------------------------


def put_back(db: sqlite3.Connection, replaced: Replaced, changed: Changed) -> None:
    for name, new, old, ids in reversed(replaced.marks):
        value, at = old if name == "rating" else (old, 0.0)
        choose(db, unpacked(ids))
        # Where it is another one by now, somebody wanted that one.
        db.execute(
            "DELETE FROM temp.chosen WHERE id NOT IN "
            f"(SELECT id FROM temp.chosen JOIN marks ON image_id = id WHERE {name} = ?)",  # noqa: S608
            (new,),
        )
        changed.add(MARKS if name != "note" else OTHER, chosen_ids(db))
        set_mark(db, "temp.chosen", name, value, at)
    for tag_id, name, from_file, ids in reversed(replaced.tags):
        put_back_tag(db, tag_id, name, from_file, unpacked(ids), changed)


def put_back_tag(
    db: sqlite3.Connection,
    tag_id: int,
    name: str,
    from_file: int | None,
    ids: str,
    changed: Changed,
) -> None:
    known = db.execute("SELECT id FROM tags WHERE id = ?", (tag_id,)).fetchone()
    if known is None:
        if from_file is None:
            return  # it was taken from all pictures since
        tag_id = tag_again(db, tag_id, name)
    choose(db, ids)
    db.execute(
        "DELETE FROM temp.chosen WHERE id IN (SELECT id FROM temp.chosen "
        "LEFT JOIN imagetags ON image_id = id AND tag_id = ? WHERE from_file IS ?)",
        (tag_id, from_file),
    )
    changed.add(TAGS, chosen_ids(db))
    if from_file is None:
        take_tag(db, "temp.chosen", tag_id)
    else:
        give_tag(db, "temp.chosen", tag_id, from_file)


def tag_again(db: sqlite3.Connection, tag_id: int, name: str) -> int:
    """The tag of a name that was deleted; it gets its number again where it has no other one."""
    db.execute("INSERT OR IGNORE INTO tags (id, name) VALUES (?, ?)", (tag_id, name))
    return db.execute("SELECT id FROM tags WHERE name = ?", (name,)).fetchone()[0]


def chosen_ids(db: sqlite3.Connection) -> str | None:
    return db.execute("SELECT group_concat(id) FROM temp.chosen").fetchone()[0]


def packed(ids: str) -> bytes:
    return zlib.compress(ids.encode(), 1)


def unpacked(ids: bytes) -> str:
    return f"[{zlib.decompress(ids).decode()}]"


# --- what a request may say -------------------------------------------------------------------


def checked_change(data: Mapping[str, Any]) -> Change:
    """Raises BadRequest with the `field` that is wrong."""
    rating, favourite, label = (data.get(one) for one in ("rating", "favourite", "label"))
    if rating is not None and (type(rating) is not int or not 0 <= rating <= HIGHEST_RATING):
        raise BadRequest("rating must be a whole number from 0 to 5.", field="rating")
    if favourite is not None and type(favourite) is not bool:
        raise BadRequest("favourite must be true or false.", field="favourite")
    if label is not None and label not in LABELS:
        raise BadRequest(f"label must be one of {', '.join(LABELS[1:])}, or “”.", field="label")
    found = Change(
        rating,
        favourite,
        label,
        checked_note(data, "note"),
        checked_note(data, "note_before"),
        checked_tags(data, "add_tags"),
        checked_tags(data, "remove_tags"),
    )
    if found.note is None and found.note_before is not None:
        raise BadRequest("note_before says nothing without note.", field="note_before")
    if found == Change():
        raise BadRequest("Say what to change: rating, favourite, label, note, tags.")
    return found


def checked_note(data: Mapping[str, Any], name: str) -> str | None:
    note = data.get(name)
    if note is None:
        return None
    if not isinstance(note, str):
        raise BadRequest(f"{name} must be a text.", field=name)
    note = note.replace("\r\n", "\n").replace("\r", "\n")
    if len(note) > LONGEST_NOTE:
        raise BadRequest(f"A note has at most {LONGEST_NOTE:,} characters.", field=name)
    if any(unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t" for one in note):
        raise BadRequest("The note has signs in it that cannot be shown.", field=name)
    return note


def checked_tags(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Each once, in any case."""
    given = data.get(name)
    if given is None:
        return ()
    if not isinstance(given, list):
        raise BadRequest(f"{name} must be a list of texts.", field=name)
    if len(given) > MOST_AT_ONCE:
        raise BadRequest(f"At most {MOST_AT_ONCE} tags at a time.", field=name)
    found: dict[str, str] = {}
    for one in given:
        text = checked_tag(one, name)
        found.setdefault(text.casefold(), text)
    return tuple(found.values())


def checked_tag(tag: Any, name: str) -> str:
    """
    >>> checked_tag("  two  words ", "add_tags")
    'two words'
    """
    if not isinstance(tag, str):
        raise BadRequest("A tag must be a text.", field=name)
    text = " ".join(unicodedata.normalize("NFC", tag).split(" ")).strip()
    text = " ".join(part for part in text.split(" ") if part)
    if not text:
        raise BadRequest("A tag has at least one character.", field=name)
    if len(text) > LONGEST_TAG:
        raise BadRequest(f"A tag has at most {LONGEST_TAG} characters.", field=name)
    if any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in text):
        raise BadRequest("A tag has no line breaks and no control characters.", field=name)
    return text
