"""JSON in and out: orjson where it is installed, the standard library where it is not."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

try:
    import orjson
except ImportError:  # no wheel for this platform
    orjson = None


def dumps(value: Any) -> bytes:
    """`value` as compact JSON in UTF-8. Dataclasses become objects; NaN and infinities, null.

    What pictures carry is written too: whole numbers of any size, and halves of surrogate pairs
    (as escapes).
    """
    if orjson is not None:
        try:
            return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
        except TypeError:
            pass  # beyond 64 bits, or text that is no UTF-8: the slow way knows them
    return json.dumps(_plain(value), allow_nan=False, separators=(",", ":")).encode("ascii")


def loads(data: bytes | str) -> Any:
    """Parse JSON. Raises ValueError, also for what only JavaScript would accept (NaN).

    Without orjson, RecursionError for what is nested a thousand deep.
    """
    if orjson is not None:
        return orjson.loads(data)
    parsed = json.loads(data, parse_constant=_refuse)
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    if "\\u" in text:
        # As orjson: half of a surrogate pair is no text. This raises UnicodeEncodeError.
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    return parsed


def loads_lenient(data: bytes | str) -> Any:
    """Parse JSON as found in pictures: Python writes NaN and Infinity there. Raises ValueError."""
    try:
        return loads(data)
    except ValueError:
        return json.loads(data)


# Objects and arrays in what a browser sends: the largest that is of use has a few hundred.
MOST_PARTS = 20_000


def loads_sent(data: bytes | str) -> Any:
    """As `loads`, for what a client sends. Raises ValueError for a swarm of objects or arrays.

    Both parsers hold the interpreter's lock until they are done, so no thread helps: 8 MB of `[],`
    would stop the server, and ComfyUI with it, for seconds.
    """
    opening = ("[", "{") if isinstance(data, str) else (b"[", b"{")
    if sum(map(data.count, opening)) > MOST_PARTS:  # type: ignore[arg-type]
        raise ValueError(f"it has more than {MOST_PARTS} objects and arrays")
    return loads(data)


def nested_deeper(value: Any, levels: int) -> bool:
    """Whether objects and arrays lie in each other more than `levels` deep.

    >>> nested_deeper([[[1]]], 3), nested_deeper([[[1]]], 2)
    (False, True)
    """
    level = [value]
    for _ in range(levels):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return any(isinstance(one, (dict, list)) for one in level)


def _plain(value: Any) -> Any:
    """`value` as what the standard library writes as valid JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    to_list = getattr(value, "tolist", None)  # numpy
    if to_list is not None:
        return _plain(to_list())
    return value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
