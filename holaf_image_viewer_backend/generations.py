"""All pictures as of one revision: arrays that nobody changes any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from .combinations import Combined
from .file_stems import Stems
from .folder_paths import FolderNames

Array = np.ndarray[Any, np.dtype[Any]]
T = TypeVar("T")

HAS_PROMPT, HAS_WORKFLOW, HAS_EDITS, HAS_TAGS, TRASHED, IS_FAVOURITE = 1, 2, 4, 8, 16, 32
SOURCE_SHIFT = 6  # workflow_source, two bits

# By slot.
TYPES: dict[str, Any] = {
    "id": np.uint32,
    "mtime_ns": np.int64,
    "size": np.uint32,  # 2**32 - 1: see Generation.big_sizes
    "prompt": np.uint32,  # 0: none
    "graph": np.uint32,
    "seed": np.uint64,
}
# By code. A slot has a code of `pair` and one of `settings`; the others are found through `pair`.
# The fields of facets are in the first two. Ids are 0 where a thing is unknown or absent.
COMBINED: dict[str, dict[str, Any]] = {
    "recipe": {
        "model": np.uint32,
        "sampler": np.uint32,
        "scheduler": np.uint32,
        "lora_set": np.uint32,
        "shape": np.uint32,
    },
    "place": {
        "folder": np.uint32,
        "format": np.uint8,
        "width": np.uint32,
        "height": np.uint32,
        "rating": np.uint8,
        "label": np.uint8,  # its place in holaf_image_undo.LABELS
        "month": np.uint16,
    },
    # A picture's recipe and place by their codes, and what else filters ask for: what a slot has.
    "pair": {
        "recipe": np.uint32,
        "place": np.uint32,
        "day": np.uint16,  # since 1970-01-01 in the server's time zone
        "flags": np.uint8,
    },
    "settings": {
        "steps": np.int32,  # -1: unknown
        "cfg": np.float64,  # NaN: unknown
        "denoise": np.float64,
        "has_seed": np.uint8,
    },
}
BY_SLOT = ("pair", "settings")

# Clients that lag behind by more changes than this get the whole view again.
REMEMBERED_CHANGES = 20_000


@dataclass(frozen=True)
class Tags:
    """Pairs of a slot and a tag; those of dead slots stay until slots are moved together."""

    slots: Array
    ids: Array

    def with_more(self, slots: Array, ids: Array) -> Tags:
        return Tags(
            np.concatenate([self.slots, slots]).astype(np.int32),
            np.concatenate([self.ids, ids]).astype(np.int32),
        )

    def without(self, slots: Array, tag_id: int, size: int) -> Tags:
        """With the tag taken from some of the `size` slots."""
        chosen = np.zeros(size, np.bool_)
        chosen[slots] = True
        kept = (self.ids != tag_id) | ~chosen.take(self.slots)
        return Tags(self.slots[kept], self.ids[kept])

    def moved(self, places: Array) -> Tags:
        """With the slots that they have now, by those that they had; -1 is gone."""
        slots = places[self.slots]
        return Tags(slots[slots >= 0], self.ids[slots >= 0])


@dataclass(frozen=True)
class Durations:
    """The seconds of the slots that have any, which ascend: most libraries have few videos."""

    slots: Array
    values: Array

    def with_more(self, parts: Sequence[tuple[Array, Array]]) -> Durations:
        if not parts:
            return self
        slots, values = zip(*parts, strict=True)
        return Durations(
            np.concatenate([self.slots, *slots]).astype(np.int32),
            np.concatenate([self.values, *values]).astype(np.float32),
        )

    def moved(self, places: Array) -> Durations:
        """With the slots that they have now, by those that they had; -1 is gone."""
        slots = places[self.slots]
        return Durations(slots[slots >= 0], self.values[slots >= 0])

    def parts(self) -> dict[str, Array]:
        return {"durations.slots": self.slots, "durations.values": self.values}

    def of(self, slots: Array) -> Array:
        """0 where there is none."""
        found = np.zeros(len(slots), np.float32)
        if len(self.slots):
            places = np.minimum(np.searchsorted(self.slots, slots), len(self.slots) - 1)
            has = self.slots[places] == slots
            found[has] = self.values[places[has]]
        return found


@dataclass(frozen=True)
class Changes:
    """The ids that changed, came or went after the revision `since`, with their revisions."""

    since: int
    revs: Array
    ids: Array

    @property
    def nothing(self) -> tuple[Array, Array]:
        return np.empty(0, np.int64), np.empty(0, np.uint32)

    def with_more(self, before: int, rev: int, ids: Array) -> Changes:
        if len(ids) > REMEMBERED_CHANGES:
            return Changes(rev, *self.nothing)
        since = self.since if len(self.revs) or self.since <= before else before
        revs = np.concatenate([self.revs, np.full(len(ids), rev, np.int64)])
        ids = np.concatenate([self.ids, ids])
        if len(ids) > REMEMBERED_CHANGES:
            # A revision is known whole or not at all.
            since = int(revs[len(revs) - REMEMBERED_CHANGES - 1])
            keep = revs > since
            revs, ids = revs[keep], ids[keep]
        return Changes(since, revs, ids)


NO_DURATIONS = Durations(np.empty(0, np.int32), np.empty(0, np.float32))
NO_CHANGES = Changes(0, np.empty(0, np.int64), np.empty(0, np.uint32))


@dataclass(frozen=True, eq=False)
class Generation:
    rev: int
    size: int
    # Slots of equal epochs are the same ones.
    epoch: int
    data: Mapping[str, Array]
    alive: Array
    pair: Combined
    recipe: Combined
    place: Combined
    settings: Combined
    stems: Stems | None
    stem_codes: Array | None
    formats: tuple[str, ...]
    folders: FolderNames
    tags: Tags
    durations: Durations
    big_sizes: Mapping[int, int]
    changes: Changes
    # The newest revision that changed what slots of this epoch have: see `Columns`.
    judged_rev: int
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> Array:
        """One column of all slots, dead ones included: see `alive`."""
        return self.data[name]

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """What `make` gives, worked out once for this generation."""
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = make()
        return found

    @cached_property
    def live(self) -> Array:
        """By slot: in the gallery and not in the trash."""
        trashed = (self.pair.fields["flags"] & TRASHED) != 0
        return self.alive & ~self.pair.rows(trashed) if trashed.any() else self.alive

    @cached_property
    def total(self) -> int:
        return int(np.count_nonzero(self.live))

    @cached_property
    def dead(self) -> int:
        return self.size - int(np.count_nonzero(self.alive))

    @cached_property
    def living_pairs(self) -> Array:
        """How many pictures outside the trash have each pair."""
        return self.count_pairs(self.live)

    def count_pairs(self, mask: Array) -> Array:
        codes = self.pair.codes.take(np.flatnonzero(mask))
        return np.bincount(codes, minlength=self.pair.count).astype(np.float64)

    def live_counts(self, field: str) -> Array:
        """How many pictures have each value of a field of `place`."""
        weights = self.living_pairs
        values = self.place.fields[field].take(self.pair.fields["place"])
        return np.bincount(values, weights=weights).astype(np.int64)

    def sizes(self, slots: Array) -> Array:
        """Bytes of the files."""
        found = self.data["size"][slots].astype(np.int64)
        if self.big_sizes:
            for place in np.flatnonzero(found == (1 << 32) - 1):
                found[place] = self.big_sizes[int(slots[place])]
        return found

    def slot_of(self, image_id: int) -> int | None:
        if not 0 <= image_id < 1 << 32:
            return None
        found = np.flatnonzero((self.data["id"] == image_id) & self.alive)
        return int(found[0]) if len(found) else None

    def rows_of(self, ids: Array) -> Array:
        """By slot: whether its row's id is among `ids`."""
        return among(self.data["id"], ids)

    def changes_since(self, rev: int) -> Array | None:
        """The ids that changed after `rev`; None when that is too long ago to know."""
        if rev == self.rev:
            return np.empty(0, np.uint32)
        if rev < self.changes.since:
            return None
        return np.unique(self.changes.ids[self.changes.revs > rev])

    @cached_property
    def aspects(self) -> Array:
        """By code of `place`: see `aspect_bytes`."""
        fields = self.place.fields
        return aspect_bytes(fields["width"].astype(float), fields["height"].astype(float))


def among(values: Array, wanted: Array) -> Array:
    """Of each of `values` (unsigned, not huge): whether it is one of `wanted`."""
    if not len(wanted):
        return np.zeros(len(values), np.bool_)
    hit = np.zeros(max(int(values.max(initial=0)), int(wanted.max())) + 1, np.bool_)
    hit[wanted] = True
    return hit.take(values)


def aspect_bytes(widths: Array, heights: Array) -> Array:
    """width / height in one byte: 2 ** ((byte - 128) / 32), within 1.1 %; 0 where unknown.

    >>> aspect_bytes(np.array([512.0, 1024.0, 0.0]), np.array([512.0, 512.0, 9.0])).tolist()
    [128, 160, 0]
    """
    known = (widths > 0) & (heights > 0)
    ratio = np.where(known, widths, 1.0) / np.where(known, heights, 1.0)
    steps = np.rint(np.log2(ratio) * 32 + 128)
    return np.where(known, np.clip(steps, 1, 255), 0).astype(np.uint8)


def grown(old: Array, size: int, capacity: int) -> Array:
    """A new array with the first `size` of `old` and room for more."""
    new = np.zeros(capacity, old.dtype)
    if old[:size].any():
        new[:size] = old[:size]
    return new


def checked(array: Array, size: int, dtype: Any) -> Array:
    """`array` if it can be a column of `size`. Raises ValueError."""
    if len(array) < size or array.dtype != np.dtype(dtype):
        raise ValueError(f"a column of {len(array)} {array.dtype} where {size} are wanted")
    return array
