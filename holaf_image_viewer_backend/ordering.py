"""The orders that a gallery can have. Each is kept, and takes new rows in without sorting anew."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..holaf_core.memory import release
from ..holaf_database import ImageDatabase
from .column_rows import numbers, one_text
from .combinations import scattered
from .generations import Generation, among
from .name_tables import NameTables
from .snapshot import Parts

Array = np.ndarray[Any, np.dtype[Any]]

# Four bytes a row each.
MOST_ORDERS = 3
# Names are not in memory: a few new ones are placed by asking SQLite for those they come between.
FEW_NAMES = 300
KEPT_IN_SNAPSHOT = ("mtime", "name")


@dataclass(frozen=True)
class Order:
    epoch: int
    rev: int
    ids: Array  # of all slots there were
    slots: Array  # ascending: all that were living


class Orders:
    def __init__(self, database: ImageDatabase, names: NameTables) -> None:
        self._database = database
        self._names = names
        self._kept: OrderedDict[tuple[str, int], Order] = OrderedDict()
        # Held while something is sorted. No commit waits for it.
        self._lock = threading.Lock()

    def ascending(self, now: Generation, key: str, seed: int = 0) -> Array:
        """All living slots by `key`, ties by id."""
        name = (key, seed if key == "random" else 0)
        with self._lock:
            known = self._kept.get(name)
            if known is not None and known.rev > now.rev:
                # It may lack slots that were alive then.
                return self._sorted(now, key, seed)
            if known is None or (key == "rating" and known.rev < now.judged_rev):
                slots = self._sorted(now, key, seed)
            elif known.epoch == now.epoch and known.rev == now.rev:
                slots = known.slots
            else:
                slots = self._brought_forward(now, key, seed, known)
            self._kept[name] = Order(now.epoch, now.rev, now["id"], slots)
            self._kept.move_to_end(name)
            while len(self._kept) > MOST_ORDERS:
                # The order that the gallery opens with stays.
                self._kept.pop(next(one for one in self._kept if one != ("mtime", 0)))
            return slots

    def parts(self, now: Generation) -> Parts:
        """For the snapshot of `now`: the orders that take long to make."""
        found: Parts = {}
        for key in KEPT_IN_SNAPSHOT:
            if key == "mtime" or (key, 0) in self._kept:
                found[f"order.{key}"] = self.ascending(now, key)
        return found

    def restore(self, parts: Parts, epoch: int) -> None:
        """Take over the orders of a snapshot whose columns were just loaded as `epoch`."""
        size = len(parts["alive"])
        for key in KEPT_IN_SNAPSHOT:
            slots = parts.get(f"order.{key}")
            if slots is not None and slots.dtype == np.int32:
                in_range = len(slots) <= size and slots.min(initial=0) >= 0
                if in_range and slots.max(initial=-1) < size:
                    self._kept[key, 0] = Order(
                        epoch, int(parts["rev"][0]), parts["slot.id"][:size], slots
                    )

    # --- inside ---------------------------------------------------------------------------------

    def _sorted(self, now: Generation, key: str, seed: int) -> Array:
        if key == "name":
            return self._by_name(now)
        slots = by_id(now)
        values = self._values(now, key, seed)(slots)
        if values.dtype.itemsize <= 2:
            values = values.astype(np.uint16)  # sorted in one pass
        slots = slots[np.argsort(values, kind="stable")]
        del values
        release()
        return slots

    def _brought_forward(self, now: Generation, key: str, seed: int, known: Order) -> Array:
        if known.epoch == now.epoch:
            slots = known.slots
            fresh = np.arange(len(known.ids), now.size, dtype=np.int32)
            fresh = fresh[now.alive[fresh]]
            if len(slots) + len(fresh) > now.size - now.dead:
                slots = slots[now.alive.take(slots)]
        else:  # the slots were moved: the ids say where to
            places = np.full(int(now["id"].max(initial=0)) + 1, -1, np.int32)
            living = np.flatnonzero(now.alive).astype(np.int32)
            places[now["id"][living]] = living
            ids = known.ids[known.slots]
            slots = places[ids[ids < len(places)]]
            slots = slots[slots >= 0]
            fresh = np.setdiff1d(living, slots).astype(np.int32)
            changed = now.changes_since(known.rev)
            if changed is None:
                return self._sorted(now, key, seed)
            # Where a row that changed stood says nothing about where it belongs.
            stale = among(now["id"][slots], changed)
            stale |= np.bincount(slots, minlength=1)[slots] > 1
            fresh = np.union1d(fresh, slots[stale]).astype(np.int32)
            slots = slots[~stale]
        if not len(fresh):
            return slots
        if len(fresh) > len(slots) // 8 + 64 or (key == "name" and len(fresh) > FEW_NAMES):
            return self._sorted(now, key, seed)
        if key == "name":
            return self._named_in(now, slots, fresh)
        values = self._values(now, key, seed)
        fresh = fresh[np.lexsort((now["id"][fresh], values(fresh)))]
        return merged(slots, fresh, places_of(slots, fresh, values, now["id"]))

    def _values(self, now: Generation, key: str, seed: int) -> Callable[[Array], Array]:
        """What slots are sorted by."""
        if key == "size":
            return now.sizes
        if key == "resolution":
            pixels = now.place.fields["width"].astype(np.uint64) * now.place.fields["height"]
            return lambda slots: now.place.by_code(pixels, slots)
        if key == "rating":
            return lambda slots: now.place.of("rating", slots)
        if key == "model":
            ranks = self._names.ranks("model", now.rev)
            return lambda slots: ranks.take(now.recipe.of("model", slots), mode="clip")
        if key == "random":
            start = scattered(np.array([seed], np.uint64))[0]
            return lambda slots: scattered(now["id"][slots] ^ start)
        if key == "duration":
            return now.durations.of
        if key == "seed":
            return lambda slots: seeds(now, slots)
        return lambda slots: now["mtime_ns" if key == "mtime" else key][slots]

    def _by_name(self, now: Generation) -> Array:
        living = np.flatnonzero(now.alive).astype(np.int32)
        highest = int(now["id"].max(initial=0))
        places = np.full(highest + 1, -1, np.int32)
        places[now["id"][living]] = living
        slots = np.empty(len(living), np.int32)
        size = 0
        with self._database.read() as db:
            for ids in ids_by_name(db):
                found = places[ids[ids <= highest]]
                found = found[found >= 0][: len(slots) - size]
                slots[size : size + len(found)] = found
                places[now["id"][found]] = -1  # one that was renamed meanwhile comes twice
                size += len(found)
        # Removed ones have no name any more: the next commit that is taken over drops them.
        missing = places[places >= 0]
        slots[size : size + len(missing)] = missing
        release()
        return slots

    def _named_in(self, now: Generation, slots: Array, fresh: Array) -> Array:
        """`slots` with `fresh` where their names belong."""
        slots = slots[now.alive[slots]]  # a name of a dead one cannot be asked for
        key = "SELECT name_key FROM images WHERE id = ?"
        wanted = []
        with self._database.read() as db:

            def name(slot: int) -> tuple[str, int] | None:
                image_id = int(now["id"][slot])
                row = db.execute(key, (image_id,)).fetchone()
                return None if row is None else (row[0], image_id)

            for slot in fresh.tolist():
                own = name(slot)
                low, high = 0, len(slots) if own else 0
                while own and low < high:
                    middle = (low + high) // 2
                    other = name(int(slots[middle]))
                    if other is None:  # gone since: read all again
                        return self._by_name(now)
                    low, high = (middle + 1, high) if other < own else (low, middle)
                wanted.append((low, own or ("", 0), slot))
        wanted.sort()
        places = np.array([one[0] for one in wanted], np.int64)
        return merged(slots, np.array([one[2] for one in wanted], np.int32), places)


def ids_by_name(db: sqlite3.Connection) -> Iterator[Array]:
    """All ids in the natural order of names, some thousand at a time."""
    text, last = "", -1
    while True:
        found = numbers(one_text(db, BY_NAME, (text, text, last)))
        if not len(found):
            return
        yield found
        last = int(found[-1])
        row = db.execute("SELECT name_key FROM images WHERE id = ?", (last,)).fetchone()
        if row is None:
            return  # gone since; so the rest is left as it is
        text = row[0]


BY_NAME = """
    SELECT group_concat(id) FROM (
        SELECT id FROM images WHERE name_key >= ? AND (name_key > ? OR id > ?)
        ORDER BY name_key, id LIMIT 20000
    )
"""


def seeds(now: Generation, slots: Array) -> Array:
    """Seeds one higher, so that 0 is an unknown one. The highest two are the same then."""
    found = now["seed"][slots]
    found += (found != np.iinfo(np.uint64).max).astype(np.uint64)
    found[now.settings.of("has_seed", slots) == 0] = 0
    return found


def by_id(now: Generation) -> Array:
    """The living slots by id."""
    living = np.flatnonzero(now.alive).astype(np.int32)
    ids = now["id"][living]
    if len(ids) and not (ids[1:] > ids[:-1]).all():
        living = living[np.argsort(ids, kind="stable")]
    return living


def places_of(slots: Array, fresh: Array, values: Callable[[Array], Array], ids: Array) -> Array:
    """Before how many of the sorted `slots` each of `fresh` belongs: a binary search of all."""
    wanted, wanted_ids = values(fresh), ids[fresh]
    low = np.zeros(len(fresh), np.int64)
    high = np.full(len(fresh), len(slots), np.int64)
    while (open_ := low < high).any():
        middle = (low + high) // 2
        others = slots[np.minimum(middle, len(slots) - 1)]
        found = values(others)
        less = (found < wanted) | ((found == wanted) & (ids[others] < wanted_ids))
        low = np.where(open_ & less, middle + 1, low)
        high = np.where(open_ & ~less, middle, high)
    return low


def merged(slots: Array, fresh: Array, places: Array) -> Array:
    """`slots` with `fresh` put in before those at `places`, which ascend."""
    if len(fresh) > 64:
        return np.insert(slots, places, fresh)
    out = np.empty(len(slots) + len(fresh), np.int32)
    start = 0
    for number, place in enumerate(places.tolist()):
        out[start + number : place + number] = slots[start:place]
        out[place + number] = fresh[number]
        start = place
    out[start + len(fresh) :] = slots[start:]
    return out
