"""What the values of each facet are, and which combinations of fields have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..holaf_database import ImageDatabase
from .generations import Generation
from .local_days import month_name
from .name_tables import Named, NameTables

Array = np.ndarray[Any, np.dtype[Any]]

RECIPE = ("model", "lora", "sampler", "scheduler", "shape")
PLACE = ("folder", "format", "resolution", "orientation", "month", "rating")
FACETS = (*RECIPE, *PLACE, "tag")
ORIENTATIONS = ("", "landscape", "portrait", "square")


def nothing() -> Array:
    return np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class Values:
    """Pairs of a code and the number of a value that it has: a recipe has several LoRAs. The codes
    ascend."""

    texts: Sequence[str]
    codes: Array
    numbers_of_codes: Array
    count: int  # of codes
    keys: Array = field(default_factory=nothing)  # of tags: their ids
    by_text: bool = False

    @cached_property
    def numbers(self) -> dict[str, int]:
        return {text: number for number, text in enumerate(self.texts)}

    @cached_property
    def folded(self) -> list[str]:
        return [text.casefold() for text in self.texts]

    @cached_property
    def single(self) -> bool:
        return len(self.codes) == self.count and bool((self.codes == np.arange(self.count)).all())

    @cached_property
    def firsts(self) -> Array:
        """Where the pairs of each code begin, and at the end how many there are."""
        return np.searchsorted(self.codes, np.arange(self.count + 1))

    def codes_of(self, texts: Sequence[str]) -> Array:
        """By code: whether it has one of the values."""
        chosen = np.zeros(len(self.texts) + 1, np.bool_)
        chosen[[self.numbers[one] for one in texts if one in self.numbers]] = True
        if self.single:
            return chosen.take(self.numbers_of_codes)
        found = np.zeros(self.count, np.bool_)
        found[self.codes[chosen.take(self.numbers_of_codes)]] = True
        return found

    def counts(self, by_code: Array, used: Array, of_used: Array) -> Array:
        """By value, of the counts by code; all codes but `used` have none, and those `of_used`."""
        numbers, weights = self.numbers_of_codes, by_code
        few = 2 * len(used) < self.count
        if self.single and few:
            numbers, weights = numbers.take(used), of_used
        elif not self.single and few:
            starts = self.firsts.take(used)
            many = self.firsts.take(used + 1) - starts
            within = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
            numbers = numbers.take(np.repeat(starts, many) + within)
            weights = np.repeat(of_used, many)
        elif not self.single:
            weights = by_code.take(self.codes)
        found = np.bincount(numbers, weights=weights, minlength=len(self.texts))
        return found.astype(np.int64)

    def matching(self, text: str) -> Array:
        words = text.casefold().split()
        return np.array([all(word in one for word in words) for one in self.folded], np.bool_)


def values_of(now: Generation, name: str, names: NameTables, database: ImageDatabase) -> Values:
    def make() -> Values:
        if name in ("model", "sampler", "scheduler"):
            return of_names(now.recipe.fields[name], names.names(name, now.rev))
        return MAKERS[name](now, names, database)

    return now.once(f"values.{name}", make)


def of_names(ids: Array, named: Named) -> Values:
    """ "" is number 0: no name, or one that is not known (any more)."""
    inside = ids < len(named.places)
    numbers = np.where(inside, named.places[np.where(inside, ids, 0)], -1) + 1
    return Values(("", *named.texts), np.arange(len(ids)), numbers, len(ids))


def loras(now: Generation, names: NameTables, database: ImageDatabase) -> Values:
    sets = now.recipe.fields["lora_set"]
    named, table = names.names("lora", now.rev), names.loras(now.rev)
    order = np.argsort(table.sets, kind="stable")
    members = table.sets[order]
    first = np.searchsorted(members, sets, "left")
    many = np.searchsorted(members, sets, "right") - first
    many[sets == 0] = 0
    codes = np.repeat(np.arange(len(sets)), many)
    within = np.arange(len(codes)) - np.repeat(np.cumsum(many) - many, many)
    numbers = named.places[table.names[order][np.repeat(first, many) + within]] + 1
    bare = np.flatnonzero(many == 0)
    codes = np.concatenate([codes, bare])
    numbers = np.concatenate([numbers, np.zeros(len(bare), np.int64)])
    by_code = np.argsort(codes, kind="stable")
    return Values(("", *named.texts), codes[by_code], numbers[by_code], len(sets))


def shapes(now: Generation, names: NameTables, database: ImageDatabase) -> Values:
    distinct, numbers = np.unique(now.recipe.fields["shape"], return_inverse=True)
    texts = ["" if one == 0 else str(one) for one in distinct.tolist()]
    return Values(texts, np.arange(len(numbers)), numbers, len(numbers))


def folders(now: Generation, names: NameTables, database: ImageDatabase) -> Values:
    ids, facts = now.place.fields["folder"], now.folders.facts
    order = np.argsort(facts.pair_ids, kind="stable")
    known = facts.pair_ids[order]
    first = np.searchsorted(known, ids, "left")
    many = np.searchsorted(known, ids, "right") - first
    codes = np.repeat(np.arange(len(ids)), many)
    within = np.arange(len(codes)) - np.repeat(np.cumsum(many) - many, many)
    numbers = facts.pair_values[order][np.repeat(first, many) + within]
    return Values(facts.values, codes, numbers, len(ids))


def formats(now: Generation, names: NameTables, database: ImageDatabase) -> Values:
    numbers = now.place.fields["format"].astype(np.int64)
    texts = (*now.formats, "")
    return Values(
        texts, np.arange(len(numbers)), np.minimum(numbers, len(now.formats)), len(numbers)
    )


def resolutions(now: Generation, names: NameTables, database: ImageDatabase) -> Values:
    fields = now.place.fields
    pixels = fields["width"].astype(np.uint64) << np.uint64(32) | fields["height"]
    pixels[(fields["width"] == 0) | (fields["height"] == 0)] = 0
    distinct, numbers = np.unique(pixels, return_inverse=True)
    texts = [f"{one >> 32}x{one & 0xFFFFFFFF}" if one else "" for one in distinct.tolist()]
    return Values(texts, np.arange(len(numbers)), numbers, len(numbers))


def orientations(now: Generation, names: NameTables, database: ImageDatabase) -> Values:
    width, height = (now.place.fields[one].astype(np.int64) for one in ("width", "height"))
    numbers = np.where(width > height, 1, np.where(width < height, 2, 3))
    numbers[(width == 0) | (height == 0)] = 0
    return Values(ORIENTATIONS, np.arange(len(numbers)), numbers, len(numbers))


def months(now: Generation, names: NameTables, database: ImageDatabase) -> Values:
    distinct, numbers = np.unique(now.place.fields["month"], return_inverse=True)
    texts = [month_name(one) for one in distinct.tolist()]
    return Values(texts, np.arange(len(numbers)), numbers, len(numbers), by_text=True)


def ratings(now: Generation, names: NameTables, database: ImageDatabase) -> Values:
    distinct, numbers = np.unique(now.place.fields["rating"], return_inverse=True)
    texts = [str(one) for one in distinct.tolist()]
    return Values(texts, np.arange(len(numbers)), numbers, len(numbers), by_text=True)


def tags(now: Generation, names: NameTables, database: ImageDatabase) -> Values:
    with database.read() as db:
        rows = db.execute("SELECT id, name FROM tags ORDER BY id").fetchall()
    keys = np.array([0, *(row[0] for row in rows)], np.int64)
    return Values(("", *(row[1] for row in rows)), nothing(), nothing(), 0, keys=keys)


MAKERS = {
    "lora": loras,
    "shape": shapes,
    "folder": folders,
    "format": formats,
    "resolution": resolutions,
    "orientation": orientations,
    "month": months,
    "rating": ratings,
    "tag": tags,
}
