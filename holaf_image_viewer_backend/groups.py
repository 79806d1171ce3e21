"""Puts a view's rows into groups: by day, month, folder, model, prompt or workflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from ..holaf_core import json
from ..holaf_database import ImageDatabase
from ..holaf_image_records import canon
from .column_rows import numbers
from .generations import Generation
from .local_days import day_name, month_name
from .name_tables import NameTables

Array = np.ndarray[Any, np.dtype[Any]]

GROUPS = ("day", "month", "folder", "model", "prompt", "workflow")
LONGEST_LABEL = 120
# A library of a million pictures may have more prompts than a page can show headers for.
MOST_GROUPS = 20_000


@dataclass(frozen=True)
class Groups:
    """One after the other. Texts and arrays, no object for each: a garbage collection looks at
    those, and there may be thousands in each of many views."""

    keys: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    starts: Array = field(default_factory=lambda: np.empty(0, np.int64))
    counts: Array = field(default_factory=lambda: np.empty(0, np.int64))
    # How many groups there are, when they are too many to name.
    left_out: int = 0

    def as_json(self, *, labels: bool = True) -> str:
        """[{key, label, start, count}]"""
        parts = []
        for key, label, start, count in zip(
            self.keys, self.labels, self.starts.tolist(), self.counts.tolist(), strict=True
        ):
            text = f'"label":{json.dumps(label).decode()},' if labels else ""
            parts.append(
                f'{{"key":{json.dumps(key).decode()},{text}"start":{start},"count":{count}}}'
            )
        return f"[{','.join(parts)}]"

    def as_list(self) -> list[dict[str, Any]]:
        return json.loads(self.as_json().encode())

    def difference(self, old: Groups) -> dict[str, Any]:
        """{before, after, between: [[key, label, count]]}: how many of `old` stay at its beginning
        and at its end, and what is between them. Starts follow from the counts."""
        mine = list(zip(self.keys, self.labels, self.counts.tolist(), strict=True))
        theirs = list(zip(old.keys, old.labels, old.counts.tolist(), strict=True))
        shorter = min(len(mine), len(theirs))
        before = alike(mine, theirs, shorter)
        after = alike(mine[::-1], theirs[::-1], shorter - before)
        return {"before": before, "after": after, "between": mine[before : len(mine) - after]}


def alike(one: Sequence[Any], other: Sequence[Any], most: int) -> int:
    """How many both begin with, at most `most`."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(islice(pairs, most)) if a != b), most)


def grouped(
    now: Generation,
    slots: Array,
    group: str,
    newest_first: bool,
    names: NameTables,
    database: ImageDatabase,
) -> tuple[Array, Groups]:
    """`slots` with the members of a group together, in their order; and the groups."""
    if not len(slots):
        return slots, Groups()
    values = value_of(now, slots, group)
    ranks = rank(now, values, group, newest_first, names)
    if (ranks[1:] < ranks[:-1]).any():
        places = np.argsort(ranks, kind="stable")
        slots, values = slots[places], values[places]
    starts, counts = runs(values)
    if len(starts) > MOST_GROUPS:
        return slots, Groups(left_out=len(starts))
    found = values[starts].tolist()
    keys, labels = named(now, group, found, names, database)
    return slots, Groups(tuple(keys), tuple(labels), starts, counts)


def months_of(now: Generation, slots: Array) -> Groups:
    """The months of slots that are in the order of their dates."""
    if not len(slots):
        return Groups()
    values = now.place.of("month", slots)
    starts, counts = runs(values)
    keys = tuple(month_name(one) for one in values[starts].tolist())
    return Groups(keys, keys, starts, counts)


def runs(values: Array) -> tuple[Array, Array]:
    """Where each run of equal values starts, and how long it is."""
    starts = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
    return starts, np.diff(np.concatenate([starts, [len(values)]]))


def value_of(now: Generation, slots: Array, group: str) -> Array:
    if group == "day":
        return now.pair.of("day", slots)
    if group in ("month", "folder"):
        return now.place.of(group, slots)
    if group == "prompt":
        return now["prompt"].take(slots)
    return now.recipe.of("model" if group == "model" else "shape", slots)


def rank(
    now: Generation, values: Array, group: str, newest_first: bool, names: NameTables
) -> Array:
    """What the groups are sorted by: time, name, or where their first picture is."""
    if group in ("day", "month"):
        found = values.astype(np.int32)
        return -found if newest_first else found
    if group == "folder":
        ids = sorted(now.folders, key=lambda one: path_of(now, one).casefold())
        places = np.zeros(max(ids, default=0) + 1, np.int32)
        places[ids] = np.arange(len(ids))
        return places.take(values, mode="clip")
    if group == "model":
        ranks = names.ranks("model", now.rev).take(values, mode="clip").astype(np.int64)
        ranks[values == 0] = np.iinfo(np.int32).max  # without one: at the end
        return ranks
    # The last write to a place wins: written backwards, that is the first row.
    first = np.zeros(int(values.max(initial=0)) + 1, np.int32)
    first[values[::-1]] = np.arange(len(values), dtype=np.int32)[::-1]
    first[0] = len(values)
    return first.take(values)


def path_of(now: Generation, folder_id: int) -> str:
    root, path = now.folders.get(folder_id, ("output", ""))
    return canon(root, "", path)


def named(
    now: Generation, group: str, values: list[int], names: NameTables, database: ImageDatabase
) -> tuple[list[str], list[str]]:
    """Keys and labels of the groups."""
    if group == "day":
        texts = [day_name(one) for one in values]
    elif group == "month":
        texts = [month_name(one) for one in values]
    elif group == "folder":
        texts = [path_of(now, one) for one in values]
    elif group == "model":
        table = names.names("model", now.rev)
        texts = [
            table.texts[table.places[one]]
            if one < len(table.places) and table.places[one] >= 0
            else ""
            for one in values
        ]
    else:
        keys = ["" if one == 0 else str(one) for one in values]
        statement = PROMPTS if group == "prompt" else SHAPES
        return keys, texts_of(database, statement, values)
    return texts, texts


PROMPTS = f"SELECT id, substr(prompt_text, 1, {LONGEST_LABEL}) AS text FROM prompts"
SHAPES = "SELECT id, label AS text FROM shapes"


def texts_of(database: ImageDatabase, statement: str, ids: list[int]) -> list[str]:
    """The text of each id, "" where there is none: packed into two values."""
    with database.read() as db:
        found, texts = db.execute(
            f"SELECT group_concat(id), json_group_array(text) FROM ({statement} "
            "WHERE id IN (SELECT value FROM json_each(?)))",
            (json.dumps(ids).decode(),),
        ).fetchone()
    known = dict(zip(numbers(found).tolist(), json.loads(texts.encode()), strict=True))
    return [known.get(one, "") for one in ids]
