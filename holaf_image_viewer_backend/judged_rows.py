"""What was judged since some revision, as the database keeps it for the columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..holaf_image_undo import FAVOURITE, LABEL, RATING, TAG, UNTAG

Array = np.ndarray[Any, np.dtype[Any]]

# What the columns keep of it.
KEPT = (RATING, FAVOURITE, LABEL, TAG, UNTAG)


@dataclass(frozen=True)
class Judgement:
    """`what` became `value` for `ids`, which ascend."""

    what: str
    value: int
    ids: Array


def judged_since(db: sqlite3.Connection, rev: int, known: Array) -> list[Judgement] | None:
    """In their order, without the ids `known`; None where they are forgotten by now."""
    if rev < db.execute("SELECT value FROM meta WHERE key = 'judged_since'").fetchone()[0]:
        return None
    rows = db.execute(
        "SELECT what, value, ids FROM judged WHERE rev > ? ORDER BY rowid", (rev,)
    ).fetchall()
    return [
        Judgement(
            row[0], row[1], np.setdiff1d(np.frombuffer(row[2], "<u4"), known).astype(np.int64)
        )
        for row in rows
    ]


def ids_of(judged: Sequence[Judgement]) -> Array:
    """All of them, each once, ascending."""
    if len(judged) == 1:
        return judged[0].ids
    found = [one.ids for one in judged]
    return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
