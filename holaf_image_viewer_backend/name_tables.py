"""The names of models, LoRAs, samplers and schedulers, and which LoRAs a set is made of.

Rows of these tables are only ever added, so what was read stays true.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..holaf_database import ImageDatabase
from .column_rows import numbers

Array = np.ndarray[Any, np.dtype[Any]]

KINDS = ("model", "lora", "sampler", "scheduler")


@dataclass(frozen=True)
class Named:
    """The names of one kind; `places` gives the number of a name in `texts`, -1 for other ids."""

    ids: Array
    texts: tuple[str, ...]
    folded: tuple[str, ...]
    places: Array

    def matching(self, text: str, exact: bool) -> Array:
        """The ids of the names that are meant: see `query_terms.NameIs`."""
        wanted = text.casefold().strip()
        if exact:
            chosen = [wanted in spellings(one) for one in self.folded]
        else:
            words = wanted.split()
            chosen = [all(word in one for word in words) for one in self.folded]
        return self.ids[np.array(chosen, np.bool_)] if chosen else self.ids[:0]


@dataclass(frozen=True)
class LoraSets:
    """The members of all sets, one after the other."""

    sets: Array
    names: Array
    strengths: Array  # NaN where unknown


@dataclass(frozen=True)
class _Tables:
    rev: int
    highest_name: int
    highest_set: int
    by_kind: dict[str, Named]
    loras: LoraSets


NO_NAMES = Named(np.empty(0, np.int64), (), (), np.full(1, -1, np.int64))
NO_LORAS = LoraSets(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


class NameTables:
    def __init__(self, database: ImageDatabase) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._tables = _Tables(-1, 0, 0, dict.fromkeys(KINDS, NO_NAMES), NO_LORAS)
        self._ranks: dict[str, tuple[Named, Array]] = {}

    def names(self, kind: str, rev: int) -> Named:
        """At least those that pictures of the revision `rev` have."""
        return self._at(rev).by_kind[kind]

    def loras(self, rev: int) -> LoraSets:
        return self._at(rev).loras

    def ranks(self, kind: str, rev: int) -> Array:
        """By id: where the name stands among all, as people sort; 0 for none."""
        named = self.names(kind, rev)
        known = self._ranks.get(kind)
        if known is None or known[0] is not named:
            order = sorted(range(len(named.texts)), key=lambda n: (named.folded[n], named.texts[n]))
            ranks = np.zeros(int(named.ids.max(initial=0)) + 2, np.uint32)
            ranks[named.ids[order]] = np.arange(1, len(order) + 1)
            known = self._ranks[kind] = (named, ranks)
        return known[1]

    def _at(self, rev: int) -> _Tables:
        if self._tables.rev < rev:
            with self._lock:
                if self._tables.rev < rev:
                    self._tables = self._read(self._tables, rev)
        return self._tables

    def _read(self, old: _Tables, rev: int) -> _Tables:
        by_kind = dict(old.by_kind)
        with self._database.read() as db:
            name, member = "FROM names WHERE id > ?", "FROM lora_set_members WHERE set_id > ?"
            top, ids, kinds, texts = db.execute(
                "SELECT max(id), json_group_array(id), json_group_array(kind), "
                f"json_group_array(name) {name}",
                (old.highest_name,),
            ).fetchone()
            if top is not None:
                lists = (json.loads(one) for one in (ids, kinds, texts))
                fresh = list(zip(*lists, strict=True))
                for kind in KINDS:
                    more = [(one, text) for one, its, text in fresh if its == kind]
                    if more:
                        by_kind[kind] = with_more(by_kind[kind], more)
            last, sets, members, strengths = db.execute(
                "SELECT max(set_id), group_concat(set_id), group_concat(name_id), "
                "group_concat(CASE WHEN strength IS NULL THEN 'nan' "
                f"ELSE printf('%!.17g', strength) END) {member}",
                (old.highest_set,),
            ).fetchone()
            loras = old.loras
            if last is not None:
                loras = LoraSets(
                    np.concatenate([loras.sets, numbers(sets)]),
                    np.concatenate([loras.names, numbers(members)]),
                    np.concatenate([loras.strengths, numbers(strengths, np.float64)]),
                )
        return _Tables(rev, top or old.highest_name, last or old.highest_set, by_kind, loras)


def with_more(old: Named, more: list[tuple[int, str]]) -> Named:
    ids = np.concatenate([old.ids, np.array([one for one, _ in more], np.int64)])
    texts = (*old.texts, *(text for _, text in more))
    folded = (*old.folded, *(text.casefold() for _, text in more))
    places = np.full(int(ids.max()) + 1, -1, np.int64)
    places[ids] = np.arange(len(ids))
    return Named(ids, texts, folded, places)


def spellings(name: str) -> tuple[str, ...]:
    """How a model may be called exactly: with or without its folder and its extension.

    >>> spellings("xl/base.safetensors")
    ('xl/base.safetensors', 'xl/base', 'base.safetensors', 'base')
    """
    name_here = name.replace("\\", "/")
    last = name_here.rpartition("/")[2]
    return name_here, without_extension(name_here), last, without_extension(last)


def without_extension(name: str) -> str:
    head, dot, tail = name.rpartition(".")
    return head if dot and tail in EXTENSIONS else name


EXTENSIONS = frozenset(("safetensors", "ckpt", "pt", "pth", "bin", "gguf", "sft"))
