"""Stand-ins for what a test must not wait for, or does not have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class FakeClock:
    now: float

    def __call__(self) -> float:
        return self.now
