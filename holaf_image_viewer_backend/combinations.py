"""Several fields of each row kept as one code: rows that agree in all of them share it.

Pictures come in batches, so a million rows have some ten thousand different combinations. A
condition on any of the fields is decided once for each combination, and one count of the codes
gives the counts of every value of every field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Combined:
    """What readers see: never changes."""

    codes: Array  # by slot
    fields: Mapping[str, Array]  # by code of this combination
    count: int
    # Where `codes` are those of a combination of combinations: this one's code, by those.
    through: Array | None = None

    def of(self, name: str, slots: Array) -> Array:
        return self.by_code(self.fields[name], slots)

    def by_code(self, values: Array, slots: Array) -> Array:
        """The one of `values`, which are by code, that each slot has."""
        return self.wide(values).take(self.codes.take(slots))

    def rows(self, wanted: Array) -> Array:
        """By slot: whether `wanted`, by code, is true of it."""
        return self.wide(wanted).take(self.codes)

    @cached_property
    def through_places(self) -> Array:
        """`through` as numpy takes places: it would make a copy like this one at each use."""
        assert self.through is not None
        return self.through.astype(np.intp)

    def wide(self, wanted: Array) -> Array:
        """`wanted`, by code, for each of the values that `codes` may have."""
        return wanted if self.through is None else wanted.take(self.through_places)


class Combinations:
    """Gives out the codes. One thread at a time; what was given out never changes."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._dtypes = dict(fields)
        self.count = 0
        self._tables: dict[str, Array] = {name: np.zeros(256, one) for name, one in fields.items()}
        # Found by a hash of the fields; equal hashes of different fields get another one.
        self._keys = np.empty(0, np.uint64)
        self._codes = np.empty(0, np.int64)

    def table(self, name: str) -> Array:
        return self._tables[name][: self.count]

    def view(self, codes: Array, through: Array | None = None) -> Combined:
        fields = {name: self.table(name) for name in self._dtypes}
        return Combined(codes, fields, self.count, through)

    def encode(self, columns: Mapping[str, Array]) -> Array:
        """The code of each row; `columns` has the fields, all of one length."""
        rows = {name: columns[name].astype(dtype) for name, dtype in self._dtypes.items()}
        codes = np.full(len(next(iter(rows.values()))), -1, np.int64)
        pending = np.arange(len(codes))
        salt = 0
        while len(pending):
            keys = mixed([one[pending] for one in rows.values()], salt)
            distinct, first, where = np.unique(keys, return_index=True, return_inverse=True)
            self._add(distinct, {name: one[pending[first]] for name, one in rows.items()})
            found = self._codes[np.searchsorted(self._keys, distinct)][where]
            same = np.ones(len(pending), np.bool_)
            for name, one in rows.items():
                same &= bits(self._tables[name][found]) == bits(one[pending])
            codes[pending[same]] = found[same]
            pending = pending[~same]
            salt += 1
        return codes

    def _add(self, keys: Array, rows: Mapping[str, Array]) -> None:
        places = np.searchsorted(self._keys, keys)
        known = np.zeros(len(keys), np.bool_)
        inside = places < len(self._keys)
        known[inside] = self._keys[places[inside]] == keys[inside]
        fresh = np.flatnonzero(~known)
        if not len(fresh):
            return
        size = self.count + len(fresh)
        for name, one in rows.items():
            table = self._tables[name]
            if size > len(table):
                # A new array: readers go on with the old one.
                grown = np.zeros(max(size, len(table) * 3 // 2), table.dtype)
                grown[: self.count] = table[: self.count]
                table = self._tables[name] = grown
            table[self.count : size] = one[fresh]
        codes = np.arange(self.count, size)
        self._keys = np.insert(self._keys, places[fresh], keys[fresh])
        self._codes = np.insert(self._codes, places[fresh], codes)
        self.count = size

    # --- the snapshot ---------------------------------------------------------------------------

    def parts(self, name: str) -> dict[str, Array]:
        tables = {f"{name}.{field}": self.table(field) for field in self._dtypes}
        return {**tables, f"{name}#keys": self._keys, f"{name}#codes": self._codes}

    def restore(self, name: str, parts: Mapping[str, Array]) -> None:
        self._tables = {field: parts[f"{name}.{field}"] for field in self._dtypes}
        self._keys, self._codes = parts[f"{name}#keys"], parts[f"{name}#codes"]
        self.count = len(self._keys)
        for field, dtype in self._dtypes.items():
            if len(self._tables[field]) != self.count or self._tables[field].dtype != dtype:
                raise ValueError(f"{name}.{field} does not fit")


def code_type(count: int) -> type:
    if count <= 1 << 8:
        return np.uint8
    return np.uint16 if count <= 1 << 16 else np.uint32


def bits(values: Array) -> Array:
    """Comparable also where a number is unknown: NaN differs from itself."""
    return values.view(np.int64) if values.dtype == np.float64 else values


def mixed(columns: list[Array], salt: int) -> Array:
    """64 bits of each row that depend on all of its columns."""
    result = np.full(len(columns[0]), salt + 1, np.uint64)
    for column in columns:
        result ^= bits(column).astype(np.uint64)
        result = scattered(result)
    return result


def scattered(values: Array) -> Array:
    """Steele, Lea and Flood's SplitMix64 finaliser: one to one on 64 bits."""
    values = (values + np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
