"""A query's filters, before the choices of facets, as true or false for slots and for pairs."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from ..holaf_database import ImageDatabase
from .folder_paths import in_folders
from .generations import (
    HAS_EDITS,
    HAS_PROMPT,
    HAS_TAGS,
    HAS_WORKFLOW,
    SOURCE_SHIFT,
    TRASHED,
    Generation,
)
from .local_days import EPOCH
from .matching import Leaves, Matcher, PatternSearch
from .name_tables import NameTables
from .query import Query
from .query_terms import NameIs

Array = np.ndarray[Any, np.dtype[Any]]
Masks = tuple[Array | None, Array | None]

FLAG_BITS = {
    "has_prompt": HAS_PROMPT,
    "has_workflow": HAS_WORKFLOW,
    "has_edits": HAS_EDITS,
    "has_tags": HAS_TAGS,
}
TRASH = "trashcan"
# A view and its facets ask for the same one; a byte a row each.
MASKS_KEPT = 3


class Filters:
    def __init__(
        self, database: ImageDatabase, names: NameTables, patterns: PatternSearch | None
    ) -> None:
        self._database = database
        self._names = names
        self._patterns = patterns
        self._leaves = Leaves()
        self._kept: OrderedDict[Any, Masks] = OrderedDict()

    def masks(self, query: Query, now: Generation) -> Masks:
        """By slot, and by pair; a picture must pass both. `query` is a `Query.filter`."""
        key = (now.rev, now.epoch, query)
        found = self._kept.get(key)
        if found is None:
            # Nobody asks for an older library again.
            for old in [one for one in self._kept if one[0] < now.rev]:
                self._kept.pop(old, None)
            found = self._kept[key] = (self._by_slot(query, now), self._by_pair(query, now))
            while len(self._kept) > MASKS_KEPT:
                self._kept.popitem(last=False)
        return found

    def _by_slot(self, query: Query, now: Generation) -> Array | None:
        """The conditions for which each picture must be looked at; None where there are none."""
        found: Array | None = None
        if query.folders == (TRASH,):
            trashed = (now.pair.fields["flags"] & TRASHED) != 0
            found = now.alive & now.pair.rows(trashed)
        nodes = [NameIs("tag", tag, exact=True) for tag in query.tags]
        nodes += [*query.filename, *query.prompt, *query.workflow, *query.search.children]
        matcher = Matcher(now, self._database, self._names, self._patterns, self._leaves)
        for node in nodes:
            mask = matcher.mask(node)
            found = mask & (now.live if found is None else found)
        return found

    @staticmethod
    def _by_pair(query: Query, now: Generation) -> Array | None:
        """The conditions on what pictures have in common: see `generations.COMBINED`."""
        place, pair = now.place.fields, now.pair.fields
        wanted: list[Array] = []
        folders = tuple(one for one in query.folders if one != TRASH)
        if folders:
            below = in_folders(now.folders, folders).take(place["folder"])
            wanted.append(now.place.wide(below))
        if query.formats:
            numbers = [n for n, name in enumerate(now.formats) if name in query.formats]
            wanted.append(now.place.wide(np.isin(place["format"], numbers)))
        for name, value in query.flags:
            wanted.append(((pair["flags"] & FLAG_BITS[name]) != 0) == value)
        if query.workflow_sources:
            wanted.append(np.isin(pair["flags"] >> SOURCE_SHIFT, query.workflow_sources))
        if query.start:
            wanted.append(pair["day"] >= (query.start - EPOCH).days)
        if query.end:
            wanted.append(pair["day"] <= (query.end - EPOCH).days)
        return np.logical_and.reduce(wanted) if wanted else None
