"""What turns one view into its successor."""

from __future__ import annotations

from typing import Any

import numpy as np

from .generations import among


def difference(
    old: np.ndarray, new: np.ndarray, aspects: np.ndarray, changed: np.ndarray
) -> dict[str, Any] | None:
    """What turns `old` into `new`, when only the rows `changed` differ or have moved.

    None when others moved too: a new picture may take its whole group to the top.
    `removed` are positions in the old view, `inserted` [position in the new view, id, aspect];
    apply the removals first. A changed row that stays where it is, is only named in `changed`.
    """
    in_old, in_new = among(old, changed), among(new, changed)
    if not np.array_equal(old[~in_old], new[~in_new]):
        return None
    old_places, new_places = np.flatnonzero(in_old), np.flatnonzero(in_new)
    # How many unchanged rows come before: equal in both views for a row that did not move.
    old_before = dict(
        zip(
            old[old_places].tolist(),
            (old_places - np.arange(len(old_places))).tolist(),
            strict=True,
        )
    )
    new_before = dict(
        zip(
            new[new_places].tolist(),
            (new_places - np.arange(len(new_places))).tolist(),
            strict=True,
        )
    )
    stays = staying(list(old_before.items()), list(new_before.items()))
    return {
        "removed": [int(p) for p in old_places if int(old[p]) not in stays],
        "inserted": [
            [int(p), int(new[p]), int(aspects[p])] for p in new_places if int(new[p]) not in stays
        ],
        "changed": sorted(stays),
    }


def staying(old: list[tuple[int, int]], new: list[tuple[int, int]]) -> set[int]:
    """The ids that neither moved nor changed order among their neighbours.

    Both lists are (id, number of unchanged rows before it), in the order of their view.
    """
    by_gap: dict[int, tuple[list[int], list[int]]] = {}
    for side, pairs in enumerate((old, new)):
        for one, gap in pairs:
            by_gap.setdefault(gap, ([], []))[side].append(one)
    stays: set[int] = set()
    for before, after in by_gap.values():
        both = set(before) & set(after)
        first = [one for one in before if one in both]
        second = [one for one in after if one in both]
        if first == second:
            stays |= both
    return stays
