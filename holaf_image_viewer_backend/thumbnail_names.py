"""A thumbnail's name, the hash of what it shows, and what SQLite is given of it."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=500)
def marks(count: int) -> str:
    """
    >>> marks(3)
    '?,?,?'
    """
    return ",".join("?" * count)


_HASH = re.compile("[0-9a-f]{16}")


def is_hash(name: str) -> bool:
    """
    >>> is_hash("00ff00ff00ff00ff"), is_hash("../../etc/passwd"), is_hash("")
    (True, False, False)
    """
    return _HASH.fullmatch(name) is not None


def key_of(thumb_hash: str) -> int:
    """The hash as SQLite's own row number."""
    return signed(int(thumb_hash, 16))


def signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number
