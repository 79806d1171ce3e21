"""The names of all files without their numbers: a million files have some hundred such stems.

`ComfyUI_00042_.png` and `ComfyUI_00043_.png` are both `comfyui_0_.png`. A search for a text without
digits is answered here, exactly; only one with digits must look at every name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# More than this and names are rather random: SQLite looks at each of them then.
MOST_STEMS = 20_000
DIGITS = re.compile(rb"[0-9]+")
SEPARATOR = b"/"  # in no file name


@dataclass(frozen=True)
class Stems:
    """What readers see. `joined` is every stem between two separators."""

    joined: bytes
    starts: Array

    def find(self, text: str, *, at_end: bool = False) -> Array:
        """By stem: whether it has the stem of `text` in it (or ends with it)."""
        hits = np.zeros(len(self.starts), np.bool_)
        wanted = stem(text.encode("utf-8", "replace"))
        if SEPARATOR in wanted:
            return hits
        wanted = wanted + SEPARATOR if at_end else wanted
        places = [found.start() for found in re.finditer(re.escape(wanted), self.joined)]
        if places and wanted:
            hits[np.searchsorted(self.starts, places, "right") - 1] = True
        return hits


class StemCodes:
    def __init__(self) -> None:
        self._codes: dict[bytes, int] | None = {}
        self._view: Stems | None = None

    @property
    def given_up(self) -> bool:
        return self._codes is None

    def encode(self, names: str) -> Array | None:
        """Of each of the `names`, which are joined by slashes; None once there are too many."""
        if self._codes is None:
            return None
        stems = stem(names.encode("utf-8", "replace")).split(SEPARATOR)
        known = self._codes
        before = len(known)
        codes = np.array([known.setdefault(one, len(known)) for one in stems], np.uint16)
        if len(known) != before:
            self._view = None
        if len(known) > MOST_STEMS:
            self._codes = self._view = None
            return None
        return codes

    def view(self) -> Stems | None:
        if self._codes is None:
            return None
        if self._view is None:
            lengths = np.fromiter((len(one) + 1 for one in self._codes), np.int64)
            starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]) if len(lengths) else lengths
            joined = b"".join(one + SEPARATOR for one in self._codes)
            self._view = Stems(joined, starts)
        return self._view

    def joined(self) -> bytes | None:
        view = self.view()
        return None if view is None else view.joined

    def restore(self, joined: bytes | None) -> None:
        self._view = None
        if joined is None:
            self._codes = None
        else:
            self._codes = {one: n for n, one in enumerate(joined.split(SEPARATOR)[:-1])}


def stem(names: bytes) -> bytes:
    """Lower case as SQLite's LIKE has it, that is of ASCII alone; numbers are 0.

    >>> stem("Été_0042.PNG".encode()).decode()
    'Été_0.png'
    """
    return DIGITS.sub(b"0", names.lower())
