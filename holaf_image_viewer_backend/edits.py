"""What a file's `.edt` says: read in the three shapes that the pack has written (see compat.md)."""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..holaf_core import json
from . import sidecars

# What browsers play.
SLOWEST, FASTEST = 0.0625, 16.0
MOST_FPS = 1000.0


@dataclass(frozen=True)
class Playing:
    """How a video is to be played; the names are those of the file."""

    playbackRate: float = 1.0  # noqa: N815
    targetFps: float | None = None  # noqa: N815
    interpolate: bool = False  # noqa: N815


def of_file(path: Path) -> dict[str, Any] | None:
    """The edits of a media file, None where it has none that can be read. Blocks."""
    siblings, edited = sidecars.names_beside(os.fspath(path))
    name = sidecars.find(path.name, siblings, edited).edit
    if name is None:
        return None
    # The oldest ones lie beside the file, and the folder need not be there.
    folder = path.parent if name.startswith("../") else path.parent / "edit"
    text = sidecars.read_text(str(folder), name.removeprefix("../"))
    return None if text is None else read(text)


def read(text: str) -> dict[str, Any] | None:
    """The edits in a file's text; None for what is no JSON object.

    All shapes have these members at their top; a wrong value counts as absent, as each file
    may have been written by hand.

    >>> read('{"v": 2, "playbackRate": 2}')
    {'playbackRate': 2.0, 'targetFps': None, 'interpolate': False}
    >>> read('{"playbackRate": "fast", "targetFps": 48}')
    {'playbackRate': 1.0, 'targetFps': 48.0, 'interpolate': False}
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    rate = number(data.get("playbackRate"))
    fps = number(data.get("targetFps"))
    return asdict(
        Playing(
            playbackRate=rate if rate is not None and SLOWEST <= rate <= FASTEST else 1.0,
            targetFps=fps if fps is not None and 0 < fps <= MOST_FPS else None,
            interpolate=data.get("interpolate") is True,
        )
    )


def number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
