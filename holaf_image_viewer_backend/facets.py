"""How many pictures each value of each facet would show: exact, for all facets at once.

All facets but tags are fields of a picture's `recipe` or `place` (see combinations). The rows that
pass every other condition are counted once, by their pair of the two. What the choices of facets do
is then worked out over the pairs, the recipes and the places, which are few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..holaf_database import ImageDatabase
from .combinations import Combined
from .facet_values import PLACE, RECIPE, Values, values_of
from .generations import Generation, among
from .groups import SHAPES, texts_of
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


@dataclass(frozen=True)
class Tagged:
    """The slots that have tags, dead ones among them: few, so tags never look at all slots."""

    slots: Array
    pairs: Array  # the code of each
    which: Array  # of each of the generation's tags: the number of its slot


@dataclass(frozen=True)
class TagChoice:
    """What passes `any` and `none`, and what passes `none` alone; by number of a tagged slot."""

    passes: Array
    allows: Array
    untagged_passes: bool
    untagged_allowed: bool


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
        self._tag = self._tag_choice()
        self._recipe = self._conditions(RECIPE)
        self._place = self._conditions(PLACE)

    def values(self, name: str) -> Values:
        return values_of(self._now, name, self._names, self._database)

    def mask(self) -> Array:
        """By slot: what the grid shows."""
        found = self._base
        if self._tag is not None:
            slots = tagged_slots(self._now).slots
            if self._tag.untagged_passes:
                found = found.copy()
                found[slots[~self._tag.passes]] = False
            else:
                slots = slots[self._tag.passes]
                found = np.zeros(len(found), np.bool_)
                found[slots] = self._base[slots]
        wanted = self._all_pairs
        return found if wanted is None else found & wanted.take(self._now.pair.codes)

    def counts(self, names: Sequence[str]) -> tuple[int, dict[str, Array]]:
        """The total, and the counts by value of each of the facets `names`."""
        found: dict[str, Array] = {}
        by_pair = self._with_tags(self._by_pair)
        total = 0
        for kind, facets, mine, others in (
            ("recipe", RECIPE, self._recipe, self._pairs(self._wide_places)),
            ("place", PLACE, self._place, self._pairs(self._wide_recipes)),
        ):
            wanted = [name for name in names if name in facets]
            if wanted or kind == "recipe":
                by_code = self._by_code(kind, by_pair, others)
                passing = by_code if mine.all is None else by_code * mine.all
                total = passing.sum()
                spread = Spread(living(self._now, kind), passing)
                for name in wanted:
                    own = spread
                    if name in mine.passes:
                        own = Spread(spread.living, of_those(by_code, mine.without(name)))
                    found[name] = own.counts(self._now, name, self.values(name))
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

    @cached_property
    def _wide_recipes(self) -> Array | None:
        """By pair: whether its recipe is wanted."""
        return None if self._recipe.all is None else self._now.recipe.wide(self._recipe.all)

    @cached_property
    def _wide_places(self) -> Array | None:
        return None if self._place.all is None else self._now.place.wide(self._place.all)

    @cached_property
    def _all_pairs(self) -> Array | None:
        return self._pairs(self._wide_recipes, self._wide_places)

    def _pairs(self, *conditions: Array | None) -> Array | None:
        """By pair: whether it is wanted, and nothing else forbids it."""
        found = self._fixed
        for one in conditions:
            if one is not None:
                found = one if found is None else found & one
        return found

    @cached_property
    def _by_pair(self) -> Array:
        """How many of the pictures that pass all but facets have each pair."""
        now = self._now
        if self._plain:
            return now.living_pairs
        if 2 * int(np.count_nonzero(self._base)) > now.total:
            # The rest is quicker to count; unless the trash is looked at.
            rest = now.live & ~self._base
            if not (self._base & ~now.live).any():
                return now.living_pairs - now.count_pairs(rest)
        return now.count_pairs(self._base)

    def _with_tags(self, by_pair: Array) -> Array:
        """The counts `by_pair` of those that pass the choices of tags too."""
        if self._tag is None:
            return by_pair
        tagged = tagged_slots(self._now)
        keeps = self._tag.untagged_passes
        differs = self._base.take(tagged.slots) & (self._tag.passes != keeps)
        counted = np.bincount(tagged.pairs[differs], minlength=len(by_pair))
        return by_pair - counted if keeps else counted.astype(np.float64)

    def _by_code(self, kind: str, by_pair: Array, others: Array | None) -> Array:
        """How many pictures have each recipe or place, where only what the other kind wants and
        what is wanted of pairs counts."""
        now = self._now
        codes: Combined = getattr(now, kind)
        of_library = living(now, kind)
        whole = by_pair is now.living_pairs
        if others is None and whole:
            return of_library
        if others is None:
            places = places_with(by_pair)
        elif whole and 2 * int(np.count_nonzero(others)) > len(others):
            # The rest is quicker to count.
            rest = np.flatnonzero(~others)
            return of_library - counted(codes, by_pair, rest)
        else:
            places = np.flatnonzero(others)
        return counted(codes, by_pair, places)

    def _tag_choice(self) -> TagChoice | None:
        if "tag" not in self._choices:
            return None
        chosen, banned = self._choices["tag"]
        allows = ~self._tagged(banned)
        return TagChoice(
            allows & self._tagged(chosen) if chosen else allows,
            allows,
            "" not in banned and (not chosen or "" in chosen),
            "" not in banned,
        )

    def _tagged(self, texts: Sequence[str]) -> Array:
        """Of the slots with tags: whether it has one of `texts`."""
        now, values, tagged = self._now, self.values("tag"), tagged_slots(self._now)
        ids = values.keys[[values.numbers[one] for one in texts if one in values.numbers]]
        found = np.zeros(len(tagged.slots), np.bool_)
        found[tagged.which[among(now.tags.ids, ids[ids > 0])]] = True
        return found

    def _by_tag(self, total: int) -> Array:
        now, values, tagged = self._now, self.values("tag"), tagged_slots(self._now)
        wanted = self._all_pairs
        passing = self._base.take(tagged.slots)
        if wanted is not None:
            passing &= wanted.take(tagged.pairs)
        if self._tag is None:
            untagged = total - int(np.count_nonzero(passing))
        else:
            by_pair = self._by_pair if wanted is None else self._by_pair[wanted]
            untagged = int(by_pair.sum()) - int(np.count_nonzero(passing))
            untagged = untagged if self._tag.untagged_allowed else 0
            passing &= self._tag.allows
        ids = now.tags.ids[passing.take(tagged.which)]
        places = np.zeros(int(max(values.keys.max(initial=0), ids.max(initial=0))) + 1, np.int64)
        places[values.keys] = np.arange(len(values.keys))
        counts = np.bincount(places[ids], minlength=len(values.keys))
        counts[values.numbers[""]] = untagged
        return counts


class Spread:
    """Counts by code, given to the values that the codes have.

    What differs from the whole library is often less than what there is, and its values are known.
    """

    def __init__(self, of_library: Array, by_code: Array) -> None:
        self.living = of_library
        self._by_code = by_code
        self._used = places_with(by_code)
        self._missing: Array | None = None
        if 2 * len(self._used) > len(by_code):
            missing = of_library - by_code
            places = places_with(missing)
            if 2 * len(places) < len(self._used):
                self._missing, self._used = missing, places
        # The same for each of the facets.
        self._of_used = (by_code if self._missing is None else self._missing).take(self._used)

    def counts(self, now: Generation, name: str, values: Values) -> Array:
        if self._missing is None:
            return values.counts(self._by_code, self._used, self._of_used)

        def of_library() -> Array:
            used = places_with(self.living)
            return values.counts(self.living, used, self.living.take(used))

        everything = now.once(f"counts.{name}", of_library)
        return everything - values.counts(self._missing, self._used, self._of_used)


def living(now: Generation, kind: str) -> Array:
    """How many pictures outside the trash have each recipe or place."""

    def make() -> Array:
        codes: Combined = getattr(now, kind)
        return counted(codes, now.living_pairs, np.arange(now.pair.count))

    return now.once(f"living.{kind}", make)


def counted(codes: Combined, by_pair: Array, pairs: Array) -> Array:
    """By code, the counts of some of the `pairs`."""
    return np.bincount(codes.through_places.take(pairs), by_pair.take(pairs), codes.count)


def places_with(counts: Array) -> Array:
    """Where there are any: numpy finds what is true sooner than what is not 0."""
    return np.flatnonzero(counts != 0)


def of_those(by_code: Array, wanted: Array | None) -> Array:
    return by_code if wanted is None else by_code * wanted


def tagged_slots(now: Generation) -> Tagged:
    def make() -> Tagged:
        slots, which = np.unique(now.tags.slots, return_inverse=True)
        return Tagged(slots, now.pair.codes.take(slots), which)

    return now.once("tagged", make)


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
    states = {
        name: {**dict.fromkeys(banned, "none"), **dict.fromkeys(chosen, "any")}
        for name, chosen, banned in choices
    }
    facets = {}
    for name in wanted:
        values = faceted.values(name)
        state = states.get(name, {})
        places = shown(values, counts[name], find["text"] if find else "", limit)
        numbers: list[int] = places.tolist()
        texts = [values.texts[number] for number in numbers]
        frequency = counts[name][places].tolist()
        if not find:
            # Chosen ones stay in reach, also where there are none of them.
            for text in sorted(set(state).difference(texts) if state else ()):
                number = values.numbers.get(text)
                texts.append(text)
                frequency.append(0 if number is None else int(counts[name][number]))
        facets[name] = {
            "values": [
                {
                    "value": text,
                    "label": label,
                    "count": count,
                    "state": state.get(text),
                }
                for text, label, count in zip(texts, labels(name, texts), frequency, strict=True)
            ],
            "distinct": int(np.count_nonzero(counts[name])),
            "shown": len(texts),
        }
    return {"version": version, "total": total, "facets": facets}


def shown(values: Values, counts: Array, text: str, limit: int) -> Array:
    """The numbers of the values to show, the most frequent first."""
    places = places_with(counts)
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


def facet_labels(
    now: Generation, database: ImageDatabase, name: str, texts: Sequence[str]
) -> Sequence[str]:
    """What to show for the values of a facet."""
    if name != "shape":
        return texts
    known: dict[str, str] = now.once("labels.shape", dict)
    fresh = [one for one in texts if one not in known]
    if fresh:
        ids = [int(one) if one.isascii() and one.isdecimal() else 0 for one in fresh]
        known.update(zip(fresh, texts_of(database, SHAPES, ids), strict=True))
    return [known[one] for one in texts]
