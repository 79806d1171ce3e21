"""Slows guessing down: a bucket of attempts for each address, and one for all together."""

from __future__ import annotations

import ipaddress
import math
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass

from .errors import TooManyRequests
from .hosts import address_of
from .sqlite import SqliteFile


@dataclass(frozen=True)
class Bucket:
    size: float
    seconds_each: float  # until one attempt has come back


EACH = Bucket(5, 30.0)
ALL = Bucket(20, 3.0)

# Refusals are remembered in memory, so that a flood of them never reaches the disk.
REMEMBERED = 10_000


class Throttle:
    """Blocks on SQLite: call it in a thread. What was used up stays so across a restart."""

    def __init__(self, file: SqliteFile, *, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()
        self._refused_until: dict[str, float] = {}

    def take(self, address: str) -> None:
        """Use up one attempt of `address`. Raises TooManyRequests when none is left."""
        now = self._clock()
        keys = {key_of(address): EACH, "all": ALL}
        with self._lock:
            known = max((self._refused_until.get(key, 0.0) - now for key in keys), default=0.0)
        if 0 < known <= EACH.seconds_each:
            raise _refusal(known)

        def job(db: sqlite3.Connection) -> dict[str, float]:
            left = {key: _left(db, key, bucket, now) for key, bucket in keys.items()}
            waits = {
                key: (1 - tokens) * keys[key].seconds_each
                for key, tokens in left.items()
                if tokens < 1
            }
            if not waits:
                for key, tokens in left.items():
                    db.execute(
                        "INSERT OR REPLACE INTO throttle VALUES (?, ?, ?)", (key, tokens - 1, now)
                    )
                # A bucket that has been left alone this long is full again.
                full = now - EACH.size * EACH.seconds_each
                db.execute("DELETE FROM throttle WHERE at < ?", (full,))
            return waits

        waits = self._file.write(job)
        if waits:
            with self._lock:
                if len(self._refused_until) > REMEMBERED:
                    self._refused_until.clear()
                for key, wait in waits.items():
                    self._refused_until[key] = now + wait
            raise _refusal(max(waits.values()))

    def give_back(self, address: str) -> None:
        """The attempt was right: it does not count."""
        now = self._clock()

        def job(db: sqlite3.Connection) -> None:
            for key, bucket in ((key_of(address), EACH), ("all", ALL)):
                tokens = min(bucket.size, _left(db, key, bucket, now) + 1)
                db.execute("INSERT OR REPLACE INTO throttle VALUES (?, ?, ?)", (key, tokens, now))

        self._file.write(job)


def key_of(address: str) -> str:
    """What shares one bucket: an IPv4 address, or the /64 that one IPv6 subscriber has.

    >>> key_of("2001:db8::1") == key_of("2001:db8::2")
    True
    """
    literal = address_of(address)
    if literal is None:
        return "unknown"
    if literal.version == 4:
        return str(literal)
    return str(ipaddress.ip_network((literal, 64), strict=False))


def _left(db: sqlite3.Connection, key: str, bucket: Bucket, now: float) -> float:
    row = db.execute("SELECT tokens, at FROM throttle WHERE key = ?", (key,)).fetchone()
    if row is None:
        return bucket.size
    # A clock that was set back must not lock anyone out for years.
    elapsed = max(0.0, now - row["at"])
    return min(bucket.size, row["tokens"] + elapsed / bucket.seconds_each)


def _refusal(wait: float) -> TooManyRequests:
    seconds = max(1, math.ceil(wait - 1e-6))
    return TooManyRequests(
        f"Too many attempts. Wait {seconds} seconds, then try again.", retry_after=seconds
    )
