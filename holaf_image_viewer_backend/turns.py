"""How long one piece of work may take before others are looked at."""

from __future__ import annotations

import time

# Work between two looks at what happened meanwhile.
SLICE_S = 0.02

# Steps of some microseconds between two looks at the clock.
STEPS = 256


class Turn:
    """Of a generator that yields when its turn is `over`, and then begins another.

    >>> Turn().over
    False
    """

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self._until = time.perf_counter() + SLICE_S

    @property
    def over(self) -> bool:
        return time.perf_counter() > self._until
