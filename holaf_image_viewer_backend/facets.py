"""How many pictures each value of each facet would show: exact, for all facets at once.

All facets but tags are fields of a picture's `recipe` or `place` (see combinations). The rows that
pass every other condition are counted once, by their pair of the two. What the choices of facets do
is then worked out over the pairs, the recipes and the places, which are few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..holaf_database import ImageDatabase
from .facet_values import PLACE, RECIPE, Values, values_of
from .generations import HAS_TAGS, Generation
from .groups import SHAPES, texts_of
from .matching import tagged
from .name_tables import NameTables

Array = np.ndarray[Any, np.dtype[Any]]

Choice = tuple[str, tuple[str, ...], tuple[str, ...]]  # name, any, none


@dataclass(frozen=True)
class Conditions:
    """The choices of one kind of combination, by its codes."""

    passes: dict[str, Array]  # `any` and `none` of the facet
    allows: dict[str, Array]  # `none` alone

    @property
    def all(self) -> Array | None:
        found: Array | None = None
        for one in self.passes.values():
            found = one if found is None else found & one
        return found

    def without(self, name: str) -> Array | None:
        """Everything but the facet's own `any`."""
        found: Array | None = None
        for other, one in self.passes.items():
            mine = self.allows[other] if other == name else one
            found = mine if found is None else found & mine
        return found


class Faceted:
    """The choices of a query's facets over the pictures `base` that its other filters let pass."""

    def __init__(
        self,
        now: Generation,
        base: Array | None,
        fixed: Array | None,
        choices: Sequence[Choice],
        database: ImageDatabase,
        names: NameTables,
    ) -> None:
        """`base` is by slot, `fixed` by pair; both must be true. None: of the whole library."""
        self._now = now
        self._fixed = fixed
        self._database = database
        self._names = names
        self._choices = {name: (chosen, banned) for name, chosen, banned in choices}
        self._plain = base is None
        self._base = now.live if base is None else base
        self._tags = self._tag_masks()
        self._untagged = self._base
        if self._tags is not None:
            self._plain = False
            self._base = self._base & self._tags[0]
        self._recipe = self._conditions(RECIPE)
        self._place = self._conditions(PLACE)

    def values(self, name: str) -> Values:
        return values_of(self._now, name, self._names, self._database)

    def mask(self) -> Array:
        """By slot: what the grid shows."""
        wanted = self._pairs(self._recipe.all, self._place.all)
        return self._base if wanted is None else self._base & wanted.take(self._now.pair.codes)

    def counts(self, names: Sequence[str]) -> tuple[int, dict[str, Array]]:
        """The total, and the counts by value of each of the facets `names`."""
        now = self._now
        found: dict[str, Array] = {}
        by_pair = self._by_pair()
        total = 0
        for kind, facets, mine, others in (
            (now.recipe, RECIPE, self._recipe, self._pairs(None, self._place.all)),
            (now.place, PLACE, self._place, self._pairs(self._recipe.all, None)),
        ):
            wanted = [name for name in names if name in facets]
            if wanted or kind is now.recipe:
                weights = by_pair if others is None else by_pair * others
                assert kind.through is not None
                by_code = np.bincount(kind.through, weights=weights, minlength=kind.count)
                total = by_code.sum() if mine.all is None else by_code[mine.all].sum()
                used = np.flatnonzero(by_code)
                for name in wanted:
                    found[name] = self._spread(by_code, used, mine, name)
        if "tag" in names:
            found["tag"] = self._by_tag(int(total))
        return int(total), found

    # --- inside ---------------------------------------------------------------------------------

    def _conditions(self, facets: Sequence[str]) -> Conditions:
        passes, allows = {}, {}
        for name in facets:
            if name not in self._choices:
                continue
            chosen, banned = self._choices[name]
            values = self.values(name)
            allows[name] = ~values.codes_of(banned)
            passes[name] = allows[name] & values.codes_of(chosen) if chosen else allows[name]
        return Conditions(passes, allows)

    def _pairs(self, recipes: Array | None, places: Array | None) -> Array | None:
        """By pair: whether its recipe and its place are wanted, and nothing else forbids it."""
        found = self._fixed
        for kind, wanted in ((self._now.recipe, recipes), (self._now.place, places)):
            if wanted is not None:
                wide = kind.wide(wanted)
                found = wide if found is None else found & wide
        return found

    def _by_pair(self) -> Array:
        """How many of the pictures that pass all but the conditions on pairs have each pair."""
        now = self._now

        if self._plain:
            return now.living_pairs
        if 2 * int(np.count_nonzero(self._base)) > now.total:
            # The rest is quicker to count; unless the trash is looked at.
            rest = now.live & ~self._base
            if not (self._base & ~now.live).any():
                return now.living_pairs - now.count_pairs(rest)
        return now.count_pairs(self._base)

    def _spread(self, by_code: Array, used: Array, conditions: Conditions, name: str) -> Array:
        wanted = conditions.without(name)
        weights = by_code if wanted is None else by_code * wanted
        return self.values(name).counts(weights, used)

    def _tag_masks(self) -> tuple[Array, Array] | None:
        """By slot: passes `any` and `none`, and passes `none`."""
        if "tag" not in self._choices:
            return None
        chosen, banned = self._choices["tag"]
        allowed = ~self._tagged(banned)
        return (allowed & self._tagged(chosen) if chosen else allowed), allowed

    def _tagged(self, texts: Sequence[str]) -> Array:
        values = self.values("tag")
        ids = values.keys[[values.numbers[one] for one in texts if one in values.numbers]]
        found = tagged(self._now, ids[ids > 0])
        if "" in texts:
            pair = self._now.pair
            found |= pair.rows((pair.fields["flags"] & HAS_TAGS) == 0)
        return found

    def _by_tag(self, total: int) -> Array:
        now, values = self._now, self.values("tag")
        base = self._untagged if self._tags is None else self._untagged & self._tags[1]
        wanted = self._pairs(self._recipe.all, self._place.all)

        def passing(slots: Array) -> Array:
            found = base.take(slots)
            return found if wanted is None else found & wanted.take(now.pair.codes.take(slots))

        if self._tags is not None:
            mask = base if wanted is None else base & wanted.take(now.pair.codes)
            total = int(np.count_nonzero(mask))
        # Dead slots have tags too; `passing` is false of them.
        tagged_slots, which = now.once(
            "tagged", lambda: np.unique(now.tags.slots, return_inverse=True)
        )
        passes = passing(tagged_slots)
        pairs = now.tags.ids[passes.take(which)]
        places = np.zeros(int(max(values.keys.max(initial=0), pairs.max(initial=0))) + 1, np.int64)
        places[values.keys] = np.arange(len(values.keys))
        counts = np.bincount(places[pairs], minlength=len(values.keys))
        counts[values.numbers[""]] = total - np.count_nonzero(passes)
        return counts


def facet_counts(
    faceted: Faceted,
    version: int,
    choices: Sequence[Choice],
    names: Sequence[str],
    limit: int,
    find: Mapping[str, str] | None,
    labels: Callable[[str, Sequence[str]], Sequence[str]],
) -> dict[str, Any]:
    """The answer of POST /holaf/images/facets."""
    wanted = [find["name"]] if find else list(names)
    total, counts = faceted.counts(wanted)
    states = {name: (set(chosen), set(banned)) for name, chosen, banned in choices}
    facets = {}
    for name in wanted:
        values = faceted.values(name)
        chosen, banned = states.get(name, (set(), set()))
        places = shown(values, counts[name], find["text"] if find else "", limit)
        texts = [values.texts[int(place)] for place in places]
        frequency = counts[name][places].tolist()
        if not find:
            # Chosen ones stay in reach, also where there are none of them.
            for text in sorted((chosen | banned).difference(texts)):
                number = values.numbers.get(text)
                texts.append(text)
                frequency.append(0 if number is None else int(counts[name][number]))
        facets[name] = {
            "values": [
                {
                    "value": text,
                    "label": label,
                    "count": count,
                    "state": "any" if text in chosen else "none" if text in banned else None,
                }
                for text, label, count in zip(texts, labels(name, texts), frequency, strict=True)
            ],
            "distinct": int(np.count_nonzero(counts[name])),
            "shown": len(texts),
        }
    return {"version": version, "total": total, "facets": facets}


def shown(values: Values, counts: Array, text: str, limit: int) -> Array:
    """The numbers of the values to show, the most frequent first."""
    places = np.flatnonzero(counts)
    if text.strip():
        found = values.matching(text)
        places = places[found[places]]
    if values.by_text:  # months and ratings have an order of their own
        return places[::-1][:limit]
    # Of those that are equally frequent, the ones that were met first.
    rank = places - counts[places] * (len(counts) + 1)
    if len(places) > limit > 0:
        best = np.argpartition(rank, limit)[:limit]
        places, rank = places[best], rank[best]
    return places[np.argsort(rank)][:limit]


def facet_labels(database: ImageDatabase, name: str, texts: Sequence[str]) -> Sequence[str]:
    """What to show for the values of a facet."""
    if name != "shape":
        return texts
    ids = [int(one) if one.isascii() and one.isdecimal() else 0 for one in texts]
    return texts_of(database, SHAPES, ids)
