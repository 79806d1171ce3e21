"""A row of the gallery, as Python reads it and as SQLite writes it into JSON."""

from __future__ import annotations

import sqlite3
from typing import Any

ROW = """
    SELECT images.id, path_canon, filename, folders.path AS subfolder, images.root_id AS root,
        format, kind, mtime, size_bytes, width, height, duration, is_trashed, has_edit_file,
        has_workflow, has_prompt, has_tags, thumb_hash, thumbnail_status, thumbnail_error,
        placeholder, error
    FROM images JOIN folders ON folders.id = images.folder_id
"""

FLAGS = ("is_trashed", "has_edit_file", "has_workflow", "has_prompt", "has_tags")

# Nearly all rows have the same text here. SQLite takes a good while to quote one.
USUAL = {
    "root": ("images.root_id", "output"),
    "format": ("format", "PNG"),
    "kind": ("kind", "image"),
    "thumbnail_error": ("thumbnail_error", ""),
    "error": ("error", ""),
}
AS_JSON = {
    **{
        name: "json_quote({})".format({"subfolder": "folders.path"}.get(name, name))
        for name in ("path_canon", "filename", "subfolder", "mtime", "thumb_hash")
    },
    **{
        name: f"CASE {column} WHEN '{usual}' THEN '\"{usual}\"' ELSE json_quote({column}) END"
        for name, (column, usual) in USUAL.items()
    },
    **{name: f"CASE {name} WHEN 0 THEN 'false' ELSE 'true' END" for name in FLAGS},
    "duration": "CASE duration WHEN 0 THEN '0.0' ELSE json_quote(duration) END",
    "placeholder": "CASE WHEN placeholder IS NULL THEN 'null' "
    "ELSE '\"' || lower(hex(placeholder)) || '\"' END",
}
NUMBERS = ("size_bytes", "width", "height", "thumbnail_status")

_PLACES = [f'"{name}":%s' for name in AS_JSON] + [f'"{name}":%d' for name in NUMBERS]
_OBJECT = f'{{{{"id":%d,{",".join(_PLACES)}}}}}'

# The same row as JSON; the order is that of the ids. One `printf` takes two thirds of the time of
# a `json_object`, which is parsed again to become part of an array.
ROWS_JSON = f"""
    SELECT '[' || coalesce(group_concat(CASE WHEN images.id IS NULL THEN 'null' ELSE
        printf('{_OBJECT}',
        images.id, {", ".join(AS_JSON.values())}, {", ".join(NUMBERS)})
    END), '') || ']'
    FROM json_each(?) AS wanted
    {{join}} images ON images.id = wanted.value
    LEFT JOIN folders ON folders.id = images.folder_id
"""


def as_row(row: sqlite3.Row) -> dict[str, Any]:
    """A row in the shape that the gallery and outside clients get."""
    data = dict(row)
    for flag in FLAGS:
        data[flag] = bool(data[flag])
    if data["placeholder"] is not None:
        data["placeholder"] = data["placeholder"].hex()
    return data
