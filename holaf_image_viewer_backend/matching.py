"""Which pictures a search means: its terms become one true or false for each slot."""

from __future__ import annotations

import contextlib
import operator
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from ..holaf_database import ImageDatabase
from ..holaf_image_undo import LABELS
from .column_rows import ids_where
from .folder_paths import below
from .generations import (
    HAS_EDITS,
    HAS_PROMPT,
    HAS_TAGS,
    HAS_WORKFLOW,
    IS_FAVOURITE,
    Generation,
    among,
)
from .name_tables import NameTables
from .query_terms import (
    All,
    AnyOf,
    Compare,
    Has,
    Like,
    Lora,
    Mark,
    NameIs,
    Node,
    NodeValue,
    Not,
    Regex,
    Words,
)
from .text_search import file_names, words

Array = np.ndarray[Any, np.dtype[Any]]

FLAG_BITS = {
    "prompt": HAS_PROMPT,
    "workflow": HAS_WORKFLOW,
    "edits": HAS_EDITS,
    "tags": HAS_TAGS,
}
COMPARE = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
FRACTIONS = ("cfg", "denoise", "duration")
LEAVES_KEPT = 24  # a bit a row each


class PatternSearch(Protocol):
    """Expressions and values of nodes, which a worker process looks for: see regex_search."""

    def prompts(self, pattern: str, where: str, rev: int) -> Array: ...
    def files(self, pattern: str, rev: int) -> Array: ...
    def graphs(self, node: NodeValue, rev: int) -> Array: ...


class Leaves:
    """The bits of terms that take long to find, for the next search at the same revision.

    Several threads may search at once, and not all in the same generation: the key names it.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int, Node], Array] = OrderedDict()

    def get(self, now: Generation, node: Node, find: Callable[[], Array]) -> Array:
        key = (now.rev, now.epoch, node)
        packed = self._kept.get(key)
        if packed is not None:
            return np.unpackbits(packed, count=now.size).view(np.bool_)
        found = find()
        self._kept[key] = np.packbits(found)
        with contextlib.suppress(KeyError):  # another thread took the last one out
            while len(self._kept) > LEAVES_KEPT:
                self._kept.popitem(last=False)
        return found


class Matcher:
    """Finds the pictures of one generation. Dead slots may be among them: mask with `live`."""

    def __init__(
        self,
        now: Generation,
        database: ImageDatabase,
        names: NameTables,
        patterns: PatternSearch | None,
        leaves: Leaves | None = None,
    ) -> None:
        self._now = now
        self._database = database
        self._names = names
        self._patterns = patterns
        self._leaves = leaves or Leaves()
        self._readers: dict[type, Callable[[Any], Array]] = {
            All: self._all,
            AnyOf: self._any,
            Not: lambda node: ~self.mask(node.child),
            Words: self._words,
            Regex: self._regex,
            Compare: self._compare,
            NameIs: self._named,
            Lora: self._lora,
            NodeValue: self._node_value,
            Like: self._like,
            Has: self._has,
            Mark: self._mark,
        }

    def mask(self, node: Node) -> Array:
        """By slot."""
        return self._readers[type(node)](node)

    def _all(self, node: All) -> Array:
        found = np.ones(self._now.size, np.bool_)
        for child in node.children:
            found &= self.mask(child)
        return found

    def _any(self, node: AnyOf) -> Array:
        found = np.zeros(self._now.size, np.bool_)
        for child in node.children:
            found |= self.mask(child)
        return found

    def _nothing(self) -> Array:
        return np.zeros(self._now.size, np.bool_)

    # --- texts ----------------------------------------------------------------------------------

    def _words(self, node: Words) -> Array:
        def find() -> Array:
            with self._database.read() as db:
                return words(self._now, db, node)

        return self._leaves.get(self._now, node, find)

    def _regex(self, node: Regex) -> Array:
        patterns, now = self._patterns, self._now
        if patterns is None:
            return self._nothing()
        if node.where == "file":
            return self._leaves.get(
                now, node, lambda: now.rows_of(patterns.files(node.pattern, now.rev))
            )

        def find() -> Array:
            ids = patterns.prompts(node.pattern, node.where, now.rev)
            return among(now["prompt"], ids[ids > 0])

        return self._leaves.get(now, node, find)

    def _node_value(self, node: NodeValue) -> Array:
        patterns, now = self._patterns, self._now
        if patterns is None:
            return self._nothing()

        def find() -> Array:
            ids = patterns.graphs(node, now.rev)
            return among(now["graph"], ids[ids > 0])

        return self._leaves.get(now, node, find)

    # --- numbers --------------------------------------------------------------------------------

    def _compare(self, node: Compare) -> Array:
        now, field = self._now, node.field
        settings, place = now.settings, now.place
        if field in ("steps", "cfg", "denoise"):
            values = settings.fields[field]
            known = values >= 0 if field == "steps" else ~np.isnan(values)
            return settings.rows(known & compared(values, node))
        if field in ("width", "height", "size"):
            width = place.fields["width"].astype(np.int64)
            height = place.fields["height"].astype(np.int64)
            values = {"width": width, "height": height, "size": width * height}[field]
            return place.rows((values > 0) & compared(values, node))
        if field == "rating":
            return place.rows(compared(place.fields["rating"], node))
        if field == "seed":
            return settings.rows(settings.fields["has_seed"] > 0) & compared(now["seed"], node)
        if field == "duration":
            found = self._nothing()
            found[now.durations.slots[compared(now.durations.values, node)]] = True
            return found
        if field == "bytes":
            return compared(now.sizes(np.arange(now.size)), node)
        return now.pair.rows(compared(now.pair.fields["day"], node))

    # --- names ----------------------------------------------------------------------------------

    def _named(self, node: NameIs) -> Array:
        now = self._now
        if node.kind in ("model", "sampler", "scheduler"):
            values = now.recipe.fields[node.kind]
            if node.exact and not node.text:
                return now.recipe.rows(values == 0)
            ids = self._names.names(node.kind, now.rev).matching(node.text, node.exact)
            return now.recipe.rows(among(values, ids))
        if node.kind == "tag":
            return self._tagged(node)
        if node.kind == "collection":
            return self._leaves.get(now, node, lambda: self._collected(node))
        if node.kind == "folder":
            return now.place.rows(self._in_folder(node).take(now.place.fields["folder"]))
        if node.kind == "ext":
            return self._extension(node)
        if node.kind == "format":
            wanted = node.text.casefold()
            chosen = np.zeros(256, np.bool_)
            for number, name in enumerate(now.formats):
                known = name.casefold()
                chosen[number] = known == wanted if node.exact else has_words(known, wanted)
            return now.place.rows(chosen.take(now.place.fields["format"]))
        # Nothing keeps the VAE of a picture, but its workflow names it.
        if not node.text:
            return self._nothing()
        return self._words(Words(node.text, phrase=True, where="workflow"))

    def _tagged(self, node: NameIs) -> Array:
        now = self._now
        if node.exact and not node.text:
            return now.pair.rows((now.pair.fields["flags"] & HAS_TAGS) == 0)
        wanted = node.text.casefold()
        with self._database.read() as db:
            rows = db.execute("SELECT id, name FROM tags").fetchall()
        ids = [
            row[0]
            for row in rows
            if (row[1].casefold() == wanted if node.exact else has_words(row[1].casefold(), wanted))
        ]
        return tagged(now, np.array(ids, np.int64))

    def _collected(self, node: NameIs) -> Array:
        """An exact "" is a picture that is in none."""
        wanted = node.text.casefold()
        with self._database.read() as db:
            chosen = [
                row[0]
                for row in db.execute("SELECT id, name FROM collections")
                if (
                    not wanted
                    or row[1].casefold() == wanted
                    or (not node.exact and has_words(row[1].casefold(), wanted))
                )
            ]
            listed = ",".join(map(str, chosen))
            found = self._now.rows_of(
                ids_where(
                    db,
                    "SELECT group_concat(image_id) FROM collection_items "  # noqa: S608
                    f"WHERE collection_id IN ({listed})",
                )
            )
        return ~found if node.exact and not node.text else found

    def _in_folder(self, node: NameIs) -> Array:
        facts = self._now.folders.facts
        if node.exact:
            return below(facts, node.text, any_case=True)
        chosen = np.zeros(facts.highest + 1, np.bool_)
        for folder_id, path in zip(facts.ids.tolist(), facts.paths, strict=True):
            chosen[folder_id] = has_words(path.casefold(), node.text.casefold())
        return chosen

    def _extension(self, node: NameIs) -> Array:
        with self._database.read() as db:
            return file_names(self._now, db, "." + node.text.lstrip("."), at_end=True)

    def _lora(self, node: Lora) -> Array:
        now = self._now
        sets = now.recipe.fields["lora_set"]
        loras = self._names.loras(now.rev)
        if node.exact and not node.text:
            return now.recipe.rows(~among(sets, loras.sets))
        ids = self._names.names("lora", now.rev).matching(node.text, node.exact)
        chosen = among(loras.names, ids)
        if node.op is not None and node.strength is not None:
            if node.op == "=":
                chosen &= np.isclose(loras.strengths, node.strength, rtol=1e-5, atol=1e-6)
            else:
                chosen &= COMPARE[node.op](loras.strengths, node.strength)
        return now.recipe.rows(among(sets, loras.sets[chosen]))

    # --- the rest -------------------------------------------------------------------------------

    def _like(self, node: Like) -> Array:
        now = self._now
        slot = now.slot_of(node.image_id)
        if slot is None:
            return self._nothing()
        here = np.array([slot])
        if node.kind == "seed":
            if not now.settings.of("has_seed", here)[0]:
                return self._nothing()
            same = now["seed"] == now["seed"][slot]
            return same & now.settings.rows(now.settings.fields["has_seed"] > 0)
        if node.kind == "workflow":
            shape = now.recipe.of("shape", here)[0]
            if shape:
                return now.recipe.rows(now.recipe.fields["shape"] == shape)
        column = now["prompt" if node.kind == "prompt" else "graph"]
        return column == column[slot] if column[slot] else self._nothing()

    def _has(self, node: Has) -> Array:
        now = self._now
        if node.what == "note":
            return self._leaves.get(now, node, self._noted)
        if node.what == "rating":
            return now.place.rows(now.place.fields["rating"] > 0)
        if node.what == "lora":
            return now.recipe.rows(
                among(now.recipe.fields["lora_set"], self._names.loras(now.rev).sets)
            )
        return now.pair.rows((now.pair.fields["flags"] & FLAG_BITS[node.what]) != 0)

    def _noted(self) -> Array:
        with self._database.read() as db:
            return self._now.rows_of(
                ids_where(db, "SELECT group_concat(image_id) FROM marks WHERE note <> ''")
            )

    def _mark(self, node: Mark) -> Array:
        now = self._now
        if node.what == "favourite":
            return now.pair.rows((now.pair.fields["flags"] & IS_FAVOURITE) != 0)
        labels = now.place.fields["label"]
        if node.value in ("none", "any"):
            return now.place.rows((labels > 0) == (node.value == "any"))
        return now.place.rows(labels == LABELS.index(node.value))


def compared(values: Array, node: Compare) -> Array:
    low, high = node.low, node.high
    if node.op == "=" and node.field in FRACTIONS and low is not None:
        return np.isclose(values, low, rtol=1e-5, atol=1e-6)
    if node.op == "=":
        return within(values, low, low)
    if node.op == "..":
        return within(values, low, high)
    bound = low if low is not None else high
    return COMPARE[node.op](values, fitting(values, bound))


def within(values: Array, low: float | None, high: float | None) -> Array:
    found = np.ones(len(values), np.bool_)
    if low is not None:
        found &= values >= fitting(values, low)
    if high is not None:
        found &= values <= fitting(values, high)
    return found


def fitting(values: Array, bound: float | int | None) -> Any:
    """`bound` so that numpy compares it exactly: 64-bit seeds are no floats."""
    assert bound is not None
    if values.dtype.kind == "f":
        return float(bound)
    if isinstance(bound, int) or float(bound).is_integer():
        whole = int(bound)
        limits = np.iinfo(values.dtype)
        if limits.min <= whole <= limits.max:
            return values.dtype.type(whole)
    return np.float64(bound)


def tagged(now: Generation, tag_ids: Array) -> Array:
    """By slot: whether it has one of the tags."""
    found = np.zeros(now.size, np.bool_)
    found[now.tags.slots[among(now.tags.ids, tag_ids)]] = True
    return found


def has_words(text: str, wanted: str) -> bool:
    return all(word in text for word in wanted.split())
