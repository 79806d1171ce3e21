"""The ids of a view, in its order, without an array of its own where others have it already."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class ViewIds:
    """Ids; or, for a view of the whole library, the slots of an order and the ids of all slots.

    Those two are kept anyway, and would be four bytes a picture again for each such view.
    """

    def __init__(self, ids: Array, slots: Array | None = None) -> None:
        self._kept = (ids, slots)

    def __len__(self) -> int:
        ids, slots = self._kept
        return len(ids if slots is None else slots)

    def at(self, places: slice | Array) -> Array:
        ids, slots = self._kept
        return ids[places] if slots is None else ids.take(slots[places])

    def all(self) -> Array:
        return self.at(slice(None))

    def settle(self, column: Array) -> None:
        """`column` has the ids of all slots now. Where they lie elsewhere than when this was made,
        nobody else keeps the old column any more."""
        ids, slots = self._kept
        if slots is not None and ids.base is not column.base:
            self._kept = (ids.take(slots), None)
