"""Settings as fields of a dataclass: each says its default, what it accepts, and its label."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence
from typing import Any

from .errors import BadRequest

LONGEST_TEXT = 1000


def switch(default: bool, label: str, help: str = "") -> Any:
    return _field("boolean", default, label, help)


def whole(default: int, low: int, high: int, label: str, help: str = "") -> Any:
    return _field("integer", default, label, help, min=low, max=high)


def number(default: float, low: float, high: float, label: str, help: str = "") -> Any:
    return _field("number", default, label, help, min=low, max=high)


def choice(default: str, choices: Sequence[str], label: str, help: str = "") -> Any:
    return _field("choice", default, label, help, choices=list(choices))


def text(default: str, label: str, help: str = "") -> Any:
    return _field("text", default, label, help)


def _field(kind: str, default: Any, label: str, help: str, **limits: Any) -> Any:
    return dataclasses.field(
        default=default, metadata={"type": kind, "label": label, "help": help, **limits}
    )


def describe(section: type) -> dict[str, dict[str, Any]]:
    """{key: {type, default, min, max, choices, label, help}} of a settings dataclass."""
    return {
        field.name: {
            "min": None,
            "max": None,
            "choices": None,
            **field.metadata,
            "default": field.default,
        }
        for field in dataclasses.fields(section)
    }


def check(name: str, field: dataclasses.Field[Any], value: Any) -> Any:
    """`value` as the field's own type. Raises BadRequest(field=name) when it does not fit."""
    about = field.metadata
    kind = about["type"]
    if isinstance(value, str):
        _refuse_control_characters(name, value)
    if kind == "boolean":
        if not isinstance(value, bool):
            raise BadRequest(f"{name} must be true or false.", field=name)
        return value
    if kind in ("integer", "number"):
        return _check_number(name, about, value)
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a text.", field=name)
    if kind == "choice" and value not in about["choices"]:
        raise BadRequest(f"{name} must be one of {', '.join(about['choices'])}.", field=name)
    if len(value) > LONGEST_TEXT:
        raise BadRequest(f"{name} is longer than {LONGEST_TEXT} characters.", field=name)
    return value


def _check_number(name: str, about: Any, value: Any) -> int | float:
    whole_only = about["type"] == "integer"
    wrong = BadRequest(
        f"{name} must be a {'whole ' if whole_only else ''}number "
        f"from {about['min']} to {about['max']}.",
        field=name,
    )
    # bool is an int to Python, and 3.0 is how JavaScript may write 3.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong
    if not about["min"] <= value <= about["max"]:  # also false for NaN
        raise wrong
    if whole_only and value != int(value):
        raise wrong
    return int(value) if whole_only else float(value)


def _refuse_control_characters(name: str, value: str) -> None:
    """A line break in a value once wrote extra lines into another pack's settings file."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in value):
        raise BadRequest(f"{name} must not contain control characters.", field=name)
