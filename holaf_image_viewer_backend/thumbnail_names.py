"""A thumbnail's name, the hash of what it shows, and what SQLite is given of it."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=500)
def marks(count: int) -> str:
    """
    >>> marks(3)
    '?,?,?'
    """
    return ",".join("?" * count)


_HASH = re.compile("[0-9a-f]{16}")
_HEXADECIMAL = re.compile("[0-9a-f]*")


def is_hash(name: str) -> bool:
    """
    >>> is_hash("00ff00ff00ff00ff"), is_hash("../../etc/passwd"), is_hash("")
    (True, False, False)
    """
    return _HASH.fullmatch(name) is not None


def key_of(thumb_hash: str) -> int:
    """The hash as SQLite's own row number."""
    return signed(int(thumb_hash, 16))


def keys_of(names: Sequence[str]) -> dict[int, str]:
    """{`key_of` a name: the name}, without those that are none: in a tenth of the time of each.

    >>> keys_of(["00000000000000ff", "no name", "ffffffffffffffff"])
    {255: '00000000000000ff', -1: 'ffffffffffffffff'}
    """
    text = "".join(names)
    if set(map(len, names)) != {16} or not _HEXADECIMAL.fullmatch(text):
        names = [name for name in names if is_hash(name)]
        text = "".join(names)
    keys = struct.unpack(f">{len(names)}q", bytes.fromhex(text))
    return dict(zip(keys, names, strict=True))


def signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number
