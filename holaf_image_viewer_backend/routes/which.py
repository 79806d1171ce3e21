"""Which pictures a request is about: `ids`, or what a page has selected in a view."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ...holaf_core.errors import BadRequest
from ..views import ViewEngine

MOST_RANGES = 10_000
MOST_IDS = 200_000


def which(data: Mapping[str, Any], engine: ViewEngine) -> list[int]:
    """`{ids}`, `{view, ranges}` or `{view, bits}`. Raises BadRequest; NotFound, see `within`."""
    if "view" in data:
        return within(data, engine)
    if "ids" not in data:
        raise BadRequest("Say which pictures: ids, or a view with ranges or bits.", field="ids")
    return ids_in(data, MOST_IDS)


def within(data: Mapping[str, Any], engine: ViewEngine) -> list[int]:
    """The ids at some positions of the view `view`: what a page has shown.

    They are named by `ranges`, [start, count] each, or by `bits`, where a selection is scattered:
    base64 of one for each picture of the view, the lowest of a byte first.

    Raises NotFound with `expired` when the view is forgotten: open it again, and say it anew.
    """
    view = data.get("view")
    if not isinstance(view, str):
        raise BadRequest("view must be the id of a view.", field="view")
    if "bits" in data:
        try:
            bits = base64.b64decode(data["bits"], validate=True)
        except (TypeError, ValueError) as error:
            raise BadRequest("bits must be base64.", field="bits") from error
        return engine.ids_with(view, bits)
    ranges = data.get("ranges")
    if not isinstance(ranges, list) or not all(map(is_range, ranges)):
        raise BadRequest("ranges must be a list of [start, count].", field="ranges")
    if len(ranges) > MOST_RANGES:
        raise BadRequest(f"At most {MOST_RANGES} ranges at a time.", field="ranges")
    return engine.ids_of(view, ranges)


def is_range(value: Any) -> bool:
    numbers = isinstance(value, list) and len(value) == 2
    return numbers and all(type(one) is int and 0 <= one < 1 << 53 for one in value)


def ids_in(data: Mapping[str, Any], most: int) -> list[int]:
    """The member `ids`, each once, in its order. Raises BadRequest."""
    ids = data.get("ids", [])
    if not isinstance(ids, list) or set(map(type, ids)) - {int}:
        raise BadRequest("ids must be a list of whole numbers.", field="ids")
    if ids and not 0 <= min(ids) <= max(ids) < 1 << 53:
        raise BadRequest("ids must be a list of whole numbers.", field="ids")
    if len(ids) > most:
        raise BadRequest(f"At most {most} ids at a time.", field="ids")
    return list(dict.fromkeys(ids))
