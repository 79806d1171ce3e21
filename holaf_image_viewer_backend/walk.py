"""One go of the scanner over a root: what is known of its folders, and which are to be read."""

from __future__ import annotations

import enum
import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from .listing import RootState
from .turns import Turn


class Tier(enum.Enum):
    NAMES = 2
    STATS = 3


class Queue:
    """Folders to read, those that changed last first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str, int]] = []
        self._in: set[str] = set()

    def __contains__(self, rel: str) -> bool:
        return rel in self._in

    def add(self, rel: str, mtime_ns: int, counted: int = 0) -> None:
        if rel not in self._in:
            self._in.add(rel)
            heapq.heappush(self._heap, (-mtime_ns, rel, counted))

    def pop(self) -> tuple[str, int] | None:
        if not self._heap:
            return None
        _, rel, counted = heapq.heappop(self._heap)
        return rel, counted


@dataclass(eq=False)
class Walk:
    """One go over a root, or over some of its folders. `known`: {path: time of its names}."""

    state: RootState
    known: dict[str, int]
    tier: Tier = Tier.NAMES
    confirm_empty: bool = False
    queue: Queue = field(default_factory=Queue)
    # The identities of the folders that were met.
    seen: set[tuple[int, int]] = field(default_factory=set)
    turn: Turn = field(default_factory=Turn)

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """By folder: the names of the known folders in it."""
        found = defaultdict(list)
        for rel in self.known:
            parent, _, name = rel.rpartition("/")
            if name:
                found[parent].append(name)
        return found
