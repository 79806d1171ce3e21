"""Reads rows for the columns: SQLite packs thousands of them into one text.

A row fetched by itself is a turn of the interpreter's lock, which ComfyUI's loop needs too, and a
tuple that the next full garbage collection looks at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..holaf_image_rows import HAS_TAGS as HAS_ANY_TAGS
from ..holaf_image_undo import LABELS
from .generations import IS_FAVOURITE

Array = np.ndarray[Any, np.dtype[Any]]

INTEGERS = (
    "id",
    "mtime_ns",
    "size",
    "folder",
    "format",
    "width",
    "height",
    "flags",
    "prompt",
    "graph",
    "model",
    "sampler",
    "scheduler",
    "lora_set",
    "steps",
    "has_seed",
    "seed",
    "marks",
    "shape",
)
FLOATS = ("cfg", "denoise", "duration")
UNKNOWN = -1

_LABEL = "".join(f" WHEN '{name}' THEN {n << 4}" for n, name in enumerate(LABELS) if name)
# All that a picture's row in `marks` says, in one number; see `unpacked`.
MARKS_CODE = f"(min(max(rating, 0), 7) | ((favourite <> 0) << 3) | CASE label{_LABEL} ELSE 0 END)"

NUMBER = "CASE WHEN {0} IS NULL THEN 'nan' ELSE printf('%!.17g', {0}) END"
SELECT = f"""
    SELECT
        group_concat(printf('{",".join(["%d"] * len(INTEGERS))}',
            id, mtime_ns, size_bytes, folder_id, instr(:formats, '/' || format || '/'),
            width, height,
            has_prompt | (has_workflow << 1) | (has_edit_file << 2) | ({HAS_ANY_TAGS} << 3)
                | (is_trashed << 4) | (workflow_source << 6),
            prompt_id, graph_id, model_id, sampler_id, scheduler_id, lora_set_id,
            coalesce(steps, {UNKNOWN}), seed IS NOT NULL, seed,
            (SELECT {MARKS_CODE} FROM marks WHERE image_id = images.id),
            (SELECT shape_id FROM graphs WHERE graphs.id = images.graph_id))),
        group_concat({NUMBER.format("cfg")} || ',' || {NUMBER.format("denoise")} || ','
            || printf('%!.17g', duration)),
        group_concat(filename, '/')
    FROM images WHERE
"""

# Numbers parsed at a time: the interpreter's lock is held meanwhile.
PARSED_AT_ONCE = 40_000
ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class Rows:
    """`values` by the names of INTEGERS and FLOATS; `names` are joined by slashes."""

    values: dict[str, Array]
    names: str

    def __len__(self) -> int:
        return len(self.values["id"])


def numbers(text: str | None, dtype: type = np.int64) -> Array:
    """The numbers in a text with commas between them."""
    if not text:
        return np.empty(0, dtype)
    if len(text) <= PARSED_AT_ONCE:
        return np.fromstring(text, dtype, sep=",")
    parts, start = [], 0
    while start < len(text):
        end = text.find(",", start + PARSED_AT_ONCE)
        end = len(text) if end < 0 else end
        parts.append(np.fromstring(text[start:end], dtype, sep=","))
        start = end + 1
    return np.concatenate(parts)


def one_text(db: sqlite3.Connection, statement: str, parameters: Any = ()) -> str | None:
    """The only value of the only row: a group_concat."""
    cursor = db.execute(statement, parameters)
    cursor.row_factory = None
    return cursor.fetchone()[0]


def read_rows(
    db: sqlite3.Connection, formats: list[str], where: str, parameters: dict[str, Any]
) -> Rows | None:
    """The rows that `where` names, None when there are none. A new format joins `formats`."""
    while True:
        known = "/" + "".join(f"{one}/" for one in formats)
        cursor = db.execute(SELECT + where, {**parameters, "formats": known})
        cursor.row_factory = None
        integers, floats, names = cursor.fetchone()
        if integers is None:
            return None
        table = numbers(integers).reshape(-1, len(INTEGERS))
        values = {name: table[:, place] for place, name in enumerate(INTEGERS)}
        if (values["format"] == 0).any():
            found = one_text(
                db,
                f"SELECT group_concat(DISTINCT replace(format, ',', '')) FROM images WHERE {where}",  # noqa: S608
                parameters,
            )
            fresh = sorted(set((found or "").split(",")) - set(formats))
            if fresh and len(formats) + len(fresh) < 255:
                formats += fresh
                continue
        values["format"] = format_codes(values["format"], known)
        marks = unpacked(values["marks"])
        values.update(rating=marks["rating"], label=marks["label"])
        values["flags"] = values["flags"] | marks["favourite"] * IS_FAVOURITE
        fractions = numbers(floats, np.float64).reshape(-1, len(FLOATS))
        values.update((name, fractions[:, place]) for place, name in enumerate(FLOATS))
        return Rows(values, names)


def unpacked(codes: Array) -> dict[str, Array]:
    """{rating, favourite, label} by `MARKS_CODE`; a label is its place in LABELS."""
    return {"rating": codes & 7, "favourite": codes >> 3 & 1, "label": codes >> 4}


def format_codes(places: Array, known: str) -> Array:
    """From the place (1-based) where "/PNG/" begins in `known` to the number of the format."""
    by_place = np.full(len(known) + 1, 255, np.int64)
    slashes = [place for place, sign in enumerate(known) if sign == "/"]
    by_place[np.array(slashes) + 1] = np.arange(len(slashes))
    by_place[0] = 255
    return by_place[np.clip(places, 0, len(known))]


def id_ranges(ids: Array) -> list[tuple[int, int]]:
    """Inclusive ranges that hold ROWS_AT_ONCE of the sorted `ids` each."""
    return [
        (int(ids[start]), int(ids[min(start + ROWS_AT_ONCE, len(ids)) - 1]))
        for start in range(0, len(ids), ROWS_AT_ONCE)
    ]


def ids_where(db: sqlite3.Connection, statement: str, parameters: Sequence[Any] = ()) -> Array:
    """All the numbers of one column, sorted: `statement` selects a group_concat of it."""
    return np.sort(numbers(one_text(db, statement, tuple(parameters))))
