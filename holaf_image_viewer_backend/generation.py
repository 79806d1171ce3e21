"""How a file was made, as far as its metadata says: one value and one status per field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

OK = "ok"
PARTIAL = "partial"
"""A part of the value, or one of several that the file may have been made with."""
MISSING = "unknown"

_LARGE = 1 << 63

FACTS = (
    "checkpoint",
    "loras",
    "vae",
    "sampler",
    "scheduler",
    "steps",
    "cfg",
    "seed",
    "denoise",
    "guidance",
    "size",
)


@dataclass(frozen=True, slots=True)
class Field:
    """seed: a decimal string. loras: [{name, strength_model, strength_clip}]. size: [w, h]."""

    value: Any = None
    status: str = MISSING


UNKNOWN = Field()


@dataclass(slots=True)
class Generation:
    """What one reader found. `samplers` has the facts of each pass, in the order they ran."""

    positive: Field = UNKNOWN
    negative: Field = UNKNOWN
    facts: dict[str, Field] = field(default_factory=dict)
    samplers: list[dict[str, Field]] = field(default_factory=list)
    tool: str = "ComfyUI"

    def fact(self, name: str) -> Field:
        return self.facts.get(name, UNKNOWN)


def ok(value: Any) -> Field:
    return UNKNOWN if value is None else Field(value, OK)


def number(value: Any, kind: type = float) -> int | float | None:
    """A number that a file gives as a number or as text; None for anything else (and NaN)."""
    if type(value) is kind and -_LARGE < value < _LARGE:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        if kind is int and isinstance(value, (int, str)) and str(value).strip().isdecimal():
            whole = int(value)
            return whole if whole < 1 << 63 else None
        result = float(value)
    except (ValueError, OverflowError):  # JSON's numbers may have any number of digits
        return None
    if result != result or result in (float("inf"), float("-inf")):
        return None
    if kind is int:
        return int(result) if abs(result) < 1 << 63 else None
    return result


def seed_text(value: Any) -> str | None:
    """A seed as a decimal string: JavaScript's numbers end at 2^53, seeds at 2^64."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return value.strip()
    return None


def worse(*statuses: str) -> str:
    """The status of something made of parts."""
    first = statuses[0] if statuses else OK
    for status in statuses:
        if status != first:
            return PARTIAL
    return first
