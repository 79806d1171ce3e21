"""A row of the gallery, as Python reads it and as SQLite writes it into JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

# Asked for, not kept: to note it in the rows of 100,000 pictures takes seconds.
HAS_TAGS = "EXISTS (SELECT 1 FROM imagetags WHERE imagetags.image_id = images.id)"

ROW = f"""
    SELECT images.id, path_canon, filename, folders.path AS subfolder, images.root_id AS root,
        format, kind, mtime, size_bytes, width, height, duration, is_trashed, has_edit_file,
        has_workflow, has_prompt, {HAS_TAGS} AS has_tags, thumb_hash, thumbnail_status,
        thumbnail_error, placeholder, error, coalesce(rating, 0) AS rating,
        coalesce(favourite, 0) AS favourite, coalesce(label, '') AS label
    FROM images JOIN folders ON folders.id = images.folder_id
    LEFT JOIN marks ON marks.image_id = images.id
"""

FLAGS = {
    **{name: name for name in ("is_trashed", "has_edit_file", "has_workflow", "has_prompt")},
    "has_tags": HAS_TAGS,
}
TRUTHS = (*FLAGS, "favourite")
# What the user thinks of it; most rows have no such row.
MARKS = """
    CASE WHEN marks.image_id IS NULL THEN '"rating":0,"favourite":false,"label":"",'
    ELSE '"rating":' || rating || CASE WHEN favourite THEN ',"favourite":true'
        ELSE ',"favourite":false' END || ',"label":' || json_quote(label) || ',' END
"""

# What is neither JSON as it is nor nearly always the same.
PLAIN = {
    "id": "images.id",
    **{name: name for name in ("path_canon", "filename", "format", "mtime", "thumb_hash")},
    "subfolder": "folders.path",
    **{name: name for name in ("size_bytes", "width", "height", "thumbnail_status")},
    "placeholder": "CASE WHEN placeholder IS NOT NULL THEN lower(hex(placeholder)) END",
}
# Nearly all rows have these values. `duration` is last: see `_EACH`.
USUAL = {
    "root": ("images.root_id", "'output'", '"output"'),
    "kind": ("kind", "'image'", '"image"'),
    "thumbnail_error": ("thumbnail_error", "''", '""'),
    "error": ("error", "''", '""'),
    "duration": ("duration", "0", "0.0"),
}


def _object(columns: Mapping[str, str]) -> str:
    pairs = ", ".join(f"'{name}', {column}" for name, column in columns.items())
    return f"json_object({pairs})"


def _flags(names: Sequence[str]) -> str:
    """Truths, of which SQLite's `json_object` has none: all that the flags can be together."""
    together = " + ".join(
        f"({FLAGS[name]} <> 0) * {1 << place}" for place, name in enumerate(names)
    )
    whens = "".join(
        f" WHEN {bits} THEN '"
        + "".join(
            f'"{name}":{json.dumps(bool(bits >> place & 1))},' for place, name in enumerate(names)
        )
        + "'"
        for bits in range(1 << len(names))
    )
    return f"CASE {together}{whens} END"


_IS_USUAL = " AND ".join(f"{column} = {value}" for column, value, _ in USUAL.values())
_USUAL = "".join(f'"{name}":{value},' for name, (_, _, value) in USUAL.items())
# Without its braces; it ends with a number.
_EACH = _object({name: column for name, (column, _, _) in USUAL.items()})
_RARE = f"substr(rtrim({_EACH}, '}}}}'), 2) || ','"

# The same row as JSON; the order is that of the ids. A `printf` of all fields takes a third longer;
# in an array by `json_group_array`, each object would be parsed again.
ROWS_JSON = f"""
    SELECT '[' || coalesce(group_concat(CASE WHEN images.id IS NULL THEN 'null' ELSE
        '{{{{' || {_flags([*FLAGS][:2])} || {_flags([*FLAGS][2:])} || {MARKS}
        || CASE WHEN {_IS_USUAL} THEN '{_USUAL}' ELSE {_RARE} END
        || substr({_object(PLAIN)}, 2)
    END), '') || ']'
    FROM json_each(?) AS wanted
    {{join}} images ON images.id = wanted.value
    LEFT JOIN folders ON folders.id = images.folder_id
    LEFT JOIN marks ON marks.image_id = images.id
"""


def as_row(row: sqlite3.Row) -> dict[str, Any]:
    """A row in the shape that the gallery and outside clients get."""
    data = dict(row)
    for flag in TRUTHS:
        data[flag] = bool(data[flag])
    if data["placeholder"] is not None:
        data["placeholder"] = data["placeholder"].hex()
    return data
