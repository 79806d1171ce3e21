"""What the user thinks of pictures: ratings, favourites, labels, notes and tags, and undoing that.

All of it is done by statements over sets: 100,000 pictures are judged within a second. Nothing but
queries; see `holaf_database`.
"""

from __future__ import annotations

import json
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .holaf_core.errors import BadRequest, Conflict, NotFound
from .holaf_database import ImageDatabase
from .holaf_image_collections import collection_again, put_items
from .holaf_image_tags import (
    delete_tag,
    give_tag_anew,
    refuse_too_many_tags,
    rename_tag,
    tag,
    tags_of_names,
    take_tag,
    untag,
)
from .holaf_image_undo import (
    LABELS,
    UNTAG,
    Changed,
    Nothing,
    Replaced,
    Undoing,
    choose,
    choose_again,
    chosen_ids,
    packed,
    unpacked,
)

HIGHEST_RATING = 5
LONGEST_NOTE = 10_000
LONGEST_TAG = 100
MOST_AT_ONCE = 100  # tags that one request gives or takes


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
            for tag_id, _ in tags_of_names(db, change.remove_tags, make=False):
                untag(db, tag_id, replaced, changed)
            for tag_id, _ in tags_of_names(db, change.add_tags, make=True):
                tag(db, tag_id, replaced, changed)
            if change.add_tags:
                refuse_too_many_tags(db)
            count = changed.note(db, rev)
            if not count:
                raise Nothing
            return count, replaced

        try:
            count, replaced = self._database._change(job)
        except Nothing:
            return {"changed": 0, "undo": None}
        return {"changed": count, "undo": self._undoing.keep(replaced)}

    def undo(self, token: Any) -> tuple[int, bool]:
        """Put back what an operation replaced: (how many pictures, whether collections changed).

        What was changed again since stays: the newer one is somebody's wish too. Raises NotFound.
        """
        replaced = self._undoing.take(token)

        def job(db: sqlite3.Connection, rev: int) -> int:
            changed = Changed()
            put_back(db, replaced, changed)
            return changed.note(db, rev)

        try:
            count = self._database._change(job)
        except BaseException:
            self._undoing.give_back(token, replaced)
            raise
        return count, bool(replaced.items) or replaced.collection is not None

    def rename_tag(self, old: str, new: str, merge: bool) -> int:
        """How many pictures have it. Raises NotFound; Conflict where it must be merged."""

        def job(db: sqlite3.Connection, rev: int) -> int:
            changed = Changed()
            rename_tag(db, old, new, merge, changed)
            return changed.note(db, rev)

        return self._database._change(job)

    def delete_tag(self, name: str) -> dict[str, Any]:
        """{changed, undo}. Raises NotFound."""

        def job(db: sqlite3.Connection, rev: int) -> tuple[int, Replaced]:
            changed, replaced = Changed(), Replaced()
            delete_tag(db, name, replaced, changed)
            return changed.note(db, rev), replaced

        count, replaced = self._database._change(job)
        return {"changed": count, "undo": self._undoing.keep(replaced) if count else None}

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

    def formats(self, ids: Sequence[int]) -> set[str]:
        with self._database.read() as db:
            rows = db.execute(
                "SELECT DISTINCT format FROM json_each(?) AS wanted "
                "JOIN images ON images.id = wanted.value",
                (str(list(ids)),),
            ).fetchall()
        return {row[0] for row in rows}

    def facts(self, ids: Sequence[int]) -> list[tuple[str, int, list[str]]]:
        """(canonical path, rating, tags) of each of some pictures; those that are gone are left
        out."""
        with self._database.read() as db:
            rows = db.execute(
                "SELECT path_canon, coalesce(rating, 0), (SELECT json_group_array(name) FROM "
                "(SELECT name FROM imagetags JOIN tags ON tags.id = tag_id "
                "WHERE image_id = images.id ORDER BY name)) FROM json_each(?) AS wanted "
                "JOIN images ON images.id = wanted.value "
                "LEFT JOIN marks ON marks.image_id = images.id",
                (str(list(ids)),),
            ).fetchall()
        return [(row[0], row[1], json.loads(row[2])) for row in rows]

    def tags(self, find: str = "", limit: int = 1000) -> list[dict[str, Any]]:
        """[{name, count}]: those that have `find` in them, most frequent first."""
        wanted = find.casefold()
        found = [one for one in self._database.tags() if wanted in one["name"].casefold()]
        return found[:limit]

    # --- inside ---------------------------------------------------------------------------------

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
            changed.add(name, value, ids)
        set_mark(db, name, value, self._clock())


UNMARKED = {"rating": "0", "favourite": "0", "label": "''", "note": "''"}


def set_mark(db: sqlite3.Connection, name: str, value: Any, rated_at: float = 0.0) -> None:
    """Set a field of the chosen pictures' marks, unless it is that already."""
    more = ", rated_at" if name == "rating" else ""
    given = (value, rated_at) if more else (value,)
    also = ", rated_at = excluded.rated_at" if more else ""
    db.execute(
        f"INSERT INTO marks (image_id, {name}{more}) "  # noqa: S608
        f"SELECT id, ?{', ?' if more else ''} FROM temp.chosen WHERE true "
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


# --- undoing ----------------------------------------------------------------------------------


def put_back(db: sqlite3.Connection, replaced: Replaced, changed: Changed) -> None:
    if replaced.collection is not None:
        collection_again(db, *replaced.collection)
    for collection_id, inside, ids in replaced.items:
        choose_again(db, unpacked(ids))
        put_items(db, collection_id, inside, changed)
    for name, new, old, ids in reversed(replaced.marks):
        value, at = old if name == "rating" else (old, 0.0)
        choose_again(db, unpacked(ids))
        # Where it is another one by now, somebody wanted that one.
        db.execute(
            "DELETE FROM temp.chosen WHERE id NOT IN "
            f"(SELECT id FROM temp.chosen JOIN marks ON image_id = id WHERE {name} = ?)",  # noqa: S608
            (new,),
        )
        changed.add(name, value, chosen_ids(db))
        set_mark(db, name, value, at)
    for tag_id, from_file, ids in reversed(replaced.tags):
        choose_again(db, unpacked(ids))
        db.execute(
            "DELETE FROM temp.chosen WHERE id IN (SELECT id FROM temp.chosen "
            "LEFT JOIN imagetags ON image_id = id AND tag_id = ? WHERE from_file IS ?)",
            (tag_id, from_file),
        )
        if from_file is None:
            changed.add(UNTAG, tag_id, chosen_ids(db))
            take_tag(db, tag_id)
        else:
            give_tag_anew(db, tag_id, from_file, changed)


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
