"""What a row of the table is, how rows are registered, and what they share."""

from __future__ import annotations

import operator
import os
import platform
import runpy
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SUPPORT = ROOT / "tests" / "support"
COMPARE = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Options:
    rows: int | None = None
    quick: bool = False
    chromium: str | None = None

    def count(self, usual: int) -> int:
        """How many files, rows or rounds: --rows, or a tenth with --quick."""
        return self.rows or (max(usual // 10, 1) if self.quick else usual)


@dataclass(frozen=True)
class Row:
    """One line of the table. `floor` is the bare measurement that the value is held against."""

    id: str
    what: str
    value: float
    unit: str
    target: tuple[str, float]
    floor: float | None = None
    # What the target is compared with: the value itself, or value / floor.
    by_ratio: bool = False

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    def as_json(self) -> dict[str, Any]:
        judged = self.ratio if self.by_ratio else self.value
        return {
            "id": self.id,
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "target": {"op": self.target[0], "value": self.target[1]},
            "floor": self.floor,
            "ratio": self.ratio,
            "ok": judged is not None and COMPARE[self.target[0]](judged, self.target[1]),
        }


@dataclass(frozen=True)
class Bench:
    id: str
    measure: Callable[[Options], Sequence[Row]]


BENCHES: list[Bench] = []


def bench(id: str) -> Callable[[Callable[[Options], Sequence[Row]]], Callable]:
    """Registers a function that measures; its rows have `id`, or begin with it."""

    def register(measure: Callable[[Options], Sequence[Row]]) -> Callable:
        BENCHES.append(Bench(id, measure))
        return measure

    return register


def load_pack() -> None:
    """Make the pack importable as `holaf`."""
    runpy.run_path(str(ROOT / "__main__.py"))["load_package"]("holaf")


def cache() -> Path:
    """Where corpora are kept between runs: outside the repository."""
    folder = Path(tempfile.gettempdir()) / f"holaf-bench-{os.getuid() if os.name == 'posix' else 0}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.4999) - 1))]


def machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
