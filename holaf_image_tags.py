"""Tags as such: giving and taking them, renaming, merging and deleting them everywhere.

Functions of a transaction; `holaf_image_judging` says when.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from .holaf_core.errors import BadRequest, Conflict, NotFound
from .holaf_image_undo import OTHER, TAG, UNTAG, Changed, Replaced, choose_again, packed

MOST_TAGS = 1000  # of a picture


def tags_of_names(
    db: sqlite3.Connection, names: Sequence[str], *, make: bool
) -> list[tuple[int, str]]:
    """(id, name as it is known) of each name; a new one is made, or left out.

    Tags that differ in case only are one, as far as the user makes them: the spelling of the one
    that pictures have counts, the same one first. A tag that no picture has keeps its row: ids are
    never given out twice, so what is undone finds the tag that it meant.
    """
    found: dict[int, str] = {}
    folded: dict[str, list[tuple[int, str]]] | None = None
    for name in names:
        row = db.execute("SELECT id, name FROM tags WHERE name = ?", (name,)).fetchone()
        if row is None or not is_used(db, row[0]):
            if folded is None:
                folded = {}
                for one in db.execute("SELECT id, name FROM tags ORDER BY id").fetchall():
                    folded.setdefault(one[1].casefold(), []).append((one[0], one[1]))
            alike = folded.get(name.casefold(), [])
            row = next((one for one in alike if is_used(db, one[0])), row)
            if row is None and alike and make:
                row = (alike[0][0], name)
                db.execute("UPDATE tags SET name = ? WHERE id = ?", row[::-1])
            elif row is None and make:
                made = db.execute("INSERT INTO tags (name) VALUES (?)", (name,)).lastrowid or 0
                row = (made, name)
        if row is not None:
            found[row[0]] = row[1]
    return list(found.items())


def is_used(db: sqlite3.Connection, tag_id: int) -> bool:
    return bool(
        db.execute(
            "SELECT EXISTS (SELECT 1 FROM imagetags WHERE tag_id = ?)", (tag_id,)
        ).fetchone()[0]
    )


def tag(db: sqlite3.Connection, tag_id: int, replaced: Replaced, changed: Changed) -> None:
    """Give a tag to the chosen pictures. One that a file had before is the user's from now on."""
    groups = db.execute(
        "SELECT from_file, group_concat(id) FROM temp.chosen "
        "LEFT JOIN imagetags ON image_id = id AND tag_id = ? "
        "WHERE from_file IS NOT 0 GROUP BY from_file",
        (tag_id,),
    ).fetchall()
    for from_file, ids in groups:
        replaced.tags.append((tag_id, from_file, packed(ids)))
        changed.add(TAG if from_file is None else OTHER, tag_id, ids)
    if groups:
        give_tag(db, tag_id, 0)


def untag(db: sqlite3.Connection, tag_id: int, replaced: Replaced, changed: Changed) -> None:
    """Take a tag from the chosen pictures."""
    groups = db.execute(
        "SELECT from_file, group_concat(id) FROM temp.chosen "
        "JOIN imagetags ON image_id = id AND tag_id = ? GROUP BY from_file",
        (tag_id,),
    ).fetchall()
    for from_file, ids in groups:
        replaced.tags.append((tag_id, from_file, packed(ids)))
        changed.add(UNTAG, tag_id, ids)
    if groups:
        take_tag(db, tag_id)


def give_tag(db: sqlite3.Connection, tag_id: int, from_file: int) -> None:
    db.execute(
        "INSERT INTO imagetags (image_id, tag_id, from_file) SELECT id, ?, ? FROM temp.chosen "
        "WHERE true ON CONFLICT (image_id, tag_id) DO UPDATE SET from_file = excluded.from_file "
        "WHERE from_file <> excluded.from_file",
        (tag_id, from_file),
    )


def give_tag_anew(db: sqlite3.Connection, tag_id: int, from_file: int, changed: Changed) -> None:
    """Give a tag to the chosen pictures, of which some may have it already, but otherwise."""
    for has, ids in db.execute(
        "SELECT tag_id IS NOT NULL AS has, group_concat(id) FROM temp.chosen "
        "LEFT JOIN imagetags ON image_id = id AND tag_id = ? GROUP BY has",
        (tag_id,),
    ).fetchall():
        changed.add(OTHER if has else TAG, tag_id, ids)
    give_tag(db, tag_id, from_file)


def take_tag(db: sqlite3.Connection, tag_id: int) -> None:
    db.execute(
        "DELETE FROM imagetags WHERE tag_id = ? AND image_id IN (SELECT id FROM temp.chosen)",
        (tag_id,),
    )


def refuse_too_many_tags(db: sqlite3.Connection) -> None:
    """Raises BadRequest where a chosen picture has more than 1,000."""
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


def rename_tag(db: sqlite3.Connection, old: str, new: str, merge: bool, changed: Changed) -> None:
    """Raises NotFound; Conflict with the `count` of pictures that have the new name already."""
    tag_id, _ = known_tag(db, old)
    having = "SELECT group_concat(image_id) FROM imagetags WHERE tag_id = ?"
    other = next((one for one in tags_of_names(db, [new], make=False) if one[0] != tag_id), None)
    if other is None:
        db.execute("UPDATE tags SET name = ? WHERE id = ?", (new, tag_id))
        changed.add(OTHER, tag_id, db.execute(having, (tag_id,)).fetchone()[0])
        return
    count = db.execute("SELECT count(*) FROM imagetags WHERE tag_id = ?", other[:1]).fetchone()[0]
    if count and not merge:
        raise Conflict(
            f"There is a tag “{other[1]}” already. Merge the two?", exists=True, count=count
        )
    for from_file, ids in db.execute(
        "SELECT from_file, group_concat(image_id) FROM imagetags WHERE tag_id = ? "
        "GROUP BY from_file ORDER BY from_file DESC",
        (tag_id,),
    ).fetchall():
        choose_again(db, f"[{ids}]")
        give_tag_anew(db, other[0], from_file, changed)
    changed.add(UNTAG, tag_id, db.execute(having, (tag_id,)).fetchone()[0])
    db.execute("DELETE FROM imagetags WHERE tag_id = ?", (tag_id,))


def delete_tag(db: sqlite3.Connection, name: str, replaced: Replaced, changed: Changed) -> None:
    """Take it from all pictures. Raises NotFound."""
    tag_id, name = known_tag(db, name)
    for from_file, ids in db.execute(
        "SELECT from_file, group_concat(image_id) FROM imagetags WHERE tag_id = ? "
        "GROUP BY from_file",
        (tag_id,),
    ).fetchall():
        replaced.tags.append((tag_id, from_file, packed(ids)))
        changed.add(UNTAG, tag_id, ids)
    db.execute("DELETE FROM imagetags WHERE tag_id = ?", (tag_id,))


def known_tag(db: sqlite3.Connection, name: str) -> tuple[int, str]:
    found = tags_of_names(db, [name], make=False)
    if not found or not is_used(db, found[0][0]):
        raise NotFound(f"There is no tag “{name}” (any more).")
    return found[0]
