"""What stands where in a view: a few hundred places of it, each with what its order is about.

A gallery with a million pictures in the order of their seeds can then say which seed is where,
before it has read a single row there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..holaf_database import ImageDatabase
from .generations import Generation
from .groups import named, runs, texts_of, value_of
from .name_tables import NameTables

if TYPE_CHECKING:
    from .views import View

Array = np.ndarray[Any, np.dtype[Any]]

# The bar beside the pictures has not many more pixels.
MOST_MARKS = 400
NAMES = "SELECT id, filename AS text FROM images"


def marks_of(
    view: View,
    now: Generation,
    names: NameTables,
    database: ImageDatabase,
    at: int | None = None,
) -> dict[str, Any]:
    """{by, exact, marks: [{start, value}]}, of one position if `at` is given.

    `by` is what the groups are of when there are too many to name, else what the order is by.
    Where `exact`, each mark begins where its value does; else they are spread over the view, and
    what is between two of them may be either's or something in between. A `value` is a text, but
    a number for ratings, sizes and durations, and [width, height] for resolutions; a seed that is
    not known is "". A random order has no marks.
    """
    query = view.query
    by = query.group if query.group and view.groups.left_out else query.sort
    if by == "random" or not view.total or (at is not None and at >= view.total):
        return {"by": by, "exact": False, "marks": []}
    exact = False
    if at is not None:
        places = np.array([at])
    else:
        starts = beginnings(by, view, now)
        exact = starts is not None
        places = spread(view.total) if starts is None else starts
    ids = view.shown.at(places)
    values = values_at(by, ids, now, names, database)
    marks = [
        {"start": start, "value": value}
        for start, value in zip(places.tolist(), values, strict=True)
        if value is not None
    ]
    return {"by": by, "exact": exact, "marks": marks}


def spread(total: int) -> Array:
    return np.unique(np.linspace(0, total - 1, MOST_MARKS).astype(np.int64))


def beginnings(by: str, view: View, now: Generation) -> Array | None:
    """Where the values begin; None where there are too many, or where nobody needs to know."""
    if by not in ("model", "rating", "resolution"):
        return None
    slots = slots_of(now, view.ids)
    there = np.flatnonzero(slots >= 0)
    slots = slots[there]
    if by == "model":
        values = now.recipe.of("model", slots)
    elif by == "rating":
        values = now.place.of("rating", slots)
    else:
        width, height = (now.place.of(one, slots).astype(np.int64) for one in ("width", "height"))
        values = width << 32 | height
    starts = runs(values)[0] if len(there) else there
    return there[starts] if len(starts) <= MOST_MARKS else None


def slots_of(now: Generation, ids: Array) -> Array:
    """Where the rows of `ids` are; -1 of one that has gone since."""
    living = np.flatnonzero(now.alive)
    places = np.full(int(max(now["id"].max(initial=0), ids.max(initial=0))) + 1, -1, np.int32)
    places[now["id"][living]] = living
    return places[ids]


def values_at(
    by: str, ids: Array, now: Generation, names: NameTables, database: ImageDatabase
) -> Sequence[Any]:
    """What the order `by` is about, of a few pictures; None of one that has gone."""
    if by == "name":
        return [name or None for name in texts_of(database, NAMES, ids.tolist())]
    slots = slots_of(now, ids)
    there = slots >= 0
    if not there.any():
        return [None] * len(ids)
    values = iter(of_slots(by, slots[there], now, names, database))
    return [next(values) if known else None for known in there.tolist()]


def of_slots(
    by: str, slots: Array, now: Generation, names: NameTables, database: ImageDatabase
) -> Sequence[Any]:
    if by in ("model", "folder", "prompt", "workflow"):
        return named(now, by, value_of(now, slots, by).tolist(), names, database)[1]
    if by == "rating":
        return now.place.of("rating", slots).tolist()
    if by == "resolution":
        width, height = (now.place.of(one, slots).tolist() for one in ("width", "height"))
        return list(zip(width, height, strict=True))
    if by == "size":
        return now.sizes(slots).tolist()
    if by == "seed":
        known = now.settings.of("has_seed", slots)
        # JavaScript has no such large numbers.
        return [
            str(seed) if has else ""
            for seed, has in zip(now["seed"][slots].tolist(), known.tolist(), strict=True)
        ]
    if by == "duration":
        return now.durations.of(slots).tolist()
    return [day / 1e9 for day in now["mtime_ns"][slots].tolist()]
