"""The days and months that times fall into, in the server's time zone."""

from __future__ import annotations

import time
import zlib
from datetime import date
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

EPOCH = date(1970, 1, 1)
LAST_SECOND = 32_503_680_000  # the year 3000: Windows cannot convert later times
LAST_DAY = (1 << 16) - 1  # in June 2149; columns keep days in 16 bits


def local_days(mtime_ns: Array) -> Array:
    """The day of each time, as days since 1970-01-01.

    The offset from UTC is looked up once a day of UTC; only where it changes within the day
    (daylight saving) are the times of that day looked up one by one.
    """
    seconds = np.clip(mtime_ns // 1_000_000_000, 0, LAST_SECOND)
    utc_days = seconds // 86400
    distinct, where = np.unique(utc_days, return_inverse=True)
    first = np.array([offset_at(int(day) * 86400) for day in distinct], np.int64)
    last = np.array([offset_at(int(day) * 86400 + 86399) for day in distinct], np.int64)
    offsets = first[where]
    for place in np.flatnonzero((first != last)[where]):
        offsets[place] = offset_at(int(seconds[place]))
    return ((seconds + offsets) // 86400).astype(np.int32)


def months(days: Array) -> Array:
    """Months since January 1970.

    >>> months(np.array([0, 30, 31, 365])).tolist()
    [0, 0, 1, 12]
    """
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


@cache
def month_name(month: int) -> str:
    return f"{1970 + month // 12}-{month % 12 + 1:02}"


@cache  # of at most 65,536: a list of a million pictures has thousands
def day_name(day: int) -> str:
    return date.fromordinal(EPOCH.toordinal() + day).isoformat()


def offset_at(second: int) -> int:
    return time.localtime(second).tm_gmtoff or 0


def zone() -> int:
    """A number that differs between time zones: days that were kept under another are wrong."""
    seconds = range(0, 2_208_988_800, 15 * 86400)  # every half month to 2040
    return zlib.crc32(repr([offset_at(second) for second in seconds]).encode())
