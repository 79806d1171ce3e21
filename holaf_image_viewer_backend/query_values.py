"""Numbers, sizes, durations and days as people type them, and the bounds that they mean."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

EPOCH = date(1970, 1, 1)
FIRST_DAY = (date(1900, 1, 1) - EPOCH).days
LAST_DAY = (date(2999, 12, 31) - EPOCH).days
LARGEST_SEED = 2**64 - 1
# Larger numbers are no longer exact as fractions, and the columns hold no such thing.
LARGEST = 2**53

Number = float | int
# (op, low, high), see query_terms.Compare
Bounds = tuple[str, "Number | None", "Number | None"]

_OP = re.compile(r"(>=|=>|≥|<=|=<|≤|!=|≠|==|=|>|<)\s*")
_OPS = {"=>": ">=", "≥": ">=", "=<": "<=", "≤": "<=", "≠": "!=", "==": "="}
_NUMBER = re.compile(r"([0-9]{0,24})(?:\.([0-9]{1,12}))?\s*([a-z%★*]*)", re.IGNORECASE)
_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-9]{1,2})")
_AREA = re.compile(r"([0-9]{1,7})\s*(?:px)?\s*[x×*]\s*([0-9]{1,7})\s*(?:px)?", re.IGNORECASE)
_DAY = re.compile(r"([0-9]{4})(?:[-/]([0-9]{1,2})(?:[-/]([0-9]{1,2}))?)?")
_LAST = re.compile(r"([0-9]{1,5})\s*(d|day|days|w|week|weeks|m|month|months|y|year|years)")
_DASH = re.compile(r"([0-9.]{1,24})-([0-9.]{1,24}[a-z]*)", re.IGNORECASE)

_PIXELS = {"": 1, "px": 1, "pixel": 1, "pixels": 1, "mp": 10**6, "mpx": 10**6}
_PIXELS |= {"megapixel": 10**6, "megapixels": 10**6}
_BYTES = {"": 1, "b": 1, "byte": 1, "bytes": 1}
for _power, _letter in enumerate("kmgt", 1):
    _BYTES |= dict.fromkeys((_letter, _letter + "b", _letter + "ib"), 1024**_power)
_SECONDS = {"": 1, "s": 1, "sec": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "mins": 60}
_SECONDS |= {"minute": 60, "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600}
_PLAIN = {"": 1}
UNITS = {
    "size": _PIXELS,
    "bytes": _BYTES,
    "duration": _SECONDS,
    "width": {"": 1, "px": 1},
    "height": {"": 1, "px": 1},
    "rating": {"": 1, "*": 1, "★": 1, "stars": 1, "star": 1},
}
# "2MP" is what rounds to 2 MP: nobody means exactly 2,000,000 pixels.
ROUNDED = ("duration", "bytes", "size")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


class Wrong(Exception):
    """The value cannot be read; the text says why."""


def split_op(text: str) -> tuple[str | None, str]:
    """(operator or None, the rest)."""
    found = _OP.match(text)
    if found is None:
        return None, text
    return _OPS.get(found[1], found[1]), text[found.end() :]


def number(text: str) -> Number | None:
    """A plain number with an optional sign, or None.

    >>> number("20"), number("-0.50"), number("1e5")
    (20, -0.5, None)
    """
    sign, digits = (-1, text[1:]) if text[:1] in ("-", "−") else (1, text.removeprefix("+"))
    found = _NUMBER.fullmatch(digits)
    if found is None or found[3] or not (found[1] or found[2]):
        return None
    return sign * _value(found, 1)


def written(value: Number) -> str:
    """
    >>> written(20.0), written(0.00000001), written(2**64 - 1)
    ('20', '0.00000001', '18446744073709551615')
    """
    if isinstance(value, int) or value == int(value):
        return str(int(value))
    return format(Decimal(repr(value)), "f")


def day_written(day: Number) -> str:
    return (EPOCH + timedelta(days=int(day))).isoformat()


def bounds(field: str, text: str, today: date) -> list[tuple[str, Bounds]]:
    """What `text` (an operator and a number, or a range) means for `field`: all of these hold.

    "!=" is left to the caller: `text` has no such operator. Raises Wrong.

    >>> bounds("steps", "20..30", EPOCH)
    [('steps', ('..', 20, 30))]
    >>> bounds("size", "1024x768", EPOCH)
    [('width', ('=', 1024, 1024)), ('height', ('=', 768, 768))]
    """
    op, rest = split_op(text)
    rest = rest.strip()
    if not rest:
        raise Wrong("A number is missing.")
    if field == "mtime":
        return [(field, _days(op, rest, today))]
    if field == "size":
        area = _AREA.fullmatch(rest)
        if area is not None:
            width, height = int(area[1]), int(area[2])
            if op in (None, "="):
                return [("width", ("=", width, width)), ("height", ("=", height, height))]
            return [(field, _bounded(op, width * height))]
        if any(_unit_of(part) in _BYTES.keys() - _PIXELS.keys() for part in _ends(rest) or (rest,)):
            field = "bytes"
    ends = _ends(rest)
    if ends is None and op is None and field != "seed":
        dash = _DASH.fullmatch(rest)
        ends = (dash[1], dash[2]) if dash is not None else None
    if ends is not None and op in (None, "="):
        return [(field, _range(field, *ends))]
    value, half = _measure(field, rest)
    if half and op in (None, "="):
        return [(field, ("..", _whole(max(0, value - half)), _whole(value + half)))]
    return [(field, _bounded(op or "=", value))]


def _bounded(op: str, value: Number) -> Bounds:
    if op == "=":
        return op, value, value
    return (op, value, None) if op in (">", ">=") else (op, None, value)


def _ends(text: str) -> tuple[str, str] | None:
    """The two ends of a range; either may be empty."""
    for dots in ("...", "…", ".."):
        low, found, high = text.partition(dots)
        if found:
            return low.strip(), high.strip()
    return None


def _range(field: str, low_text: str, high_text: str) -> Bounds:
    if not (low_text or high_text):
        raise Wrong("A range needs at least one end.")
    unit = _unit_of(high_text)
    if low_text and unit and not _unit_of(low_text):
        low_text += unit
    low = _measure(field, low_text)[0] if low_text else None
    high = _measure(field, high_text)[0] if high_text else None
    if low is not None and high is not None and low > high:
        low, high = high, low
    return "..", low, high


def _unit_of(text: str) -> str:
    found = _NUMBER.fullmatch(text)
    return found[3].lower() if found is not None else ""


def _measure(field: str, text: str) -> tuple[Number, Number]:
    """(value, half of its last digit where it stands for what rounds to it, else 0)."""
    units = UNITS.get(field, _PLAIN)
    if field == "duration":
        clock = _CLOCK.fullmatch(text)
        if clock is not None:
            return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + int(clock[3]), 0.5
    found = _NUMBER.fullmatch(text)
    if found is None or not (found[1] or found[2]):
        raise Wrong(f"“{text[:40]}” is not a number.")
    unit = found[3].lower().rstrip("*★") if field == "rating" else found[3].lower()
    if unit not in units:
        known = ", ".join(sorted(one for one in units if one))
        raise Wrong(f"“{found[3][:20]}” is no unit here" + (f" (but {known})." if known else "."))
    scale = units[unit]
    value = _value(found, scale)
    if field == "seed":
        if found[2] or value > LARGEST_SEED:
            raise Wrong(f"A seed is a whole number up to {LARGEST_SEED}.")
        return value, 0
    if value > LARGEST:
        raise Wrong("This number is too large.")
    if field in ROUNDED and (unit not in ("", "px", "b") or field == "duration"):
        return value, _whole(scale * 0.5 * 10 ** -len(found[2] or ""))
    return value, 0


def _value(found: re.Match[str], scale: int) -> Number:
    if found[2]:
        return _whole(float(f"{found[1] or 0}.{found[2]}") * scale)
    return int(found[1]) * scale


def _whole(value: Number) -> Number:
    value = round(value, 9)
    return int(value) if value == int(value) else value


def _days(op: str | None, text: str, today: date) -> Bounds:
    ends = _ends(text)
    if ends is not None and op in (None, "="):
        if not any(ends):
            raise Wrong("A range needs at least one end.")
        first = _span_of_days(ends[0], today) if ends[0] else None
        last = _span_of_days(ends[1], today) if ends[1] else None
        if first is not None and last is not None and first[0] > last[1]:
            first, last = last, first
        return "..", first and first[0], last and last[1]
    low, high = _span_of_days(text, today)
    if op in (None, "="):
        return "..", low, high
    return {
        ">": ("..", min(high + 1, LAST_DAY), None),
        ">=": ("..", low, None),
        "<": ("..", None, max(low - 1, FIRST_DAY)),
        "<=": ("..", None, high),
    }[op]


def _span_of_days(text: str, today: date) -> tuple[int, int]:
    """First and last day that `text` names, as days since 1970."""
    now = (today - EPOCH).days
    text = text.lower()
    last = {"today": 1, "week": 7, "month": 30, "year": 365}.get(text)
    if text == "yesterday":
        return now - 1, now - 1
    found = _LAST.fullmatch(text)
    if found is not None:
        last = int(found[1]) * _DAYS[found[2][0]]
    if last is not None:
        return max(0, now - max(1, last) + 1), now
    named = _DAY.fullmatch(text)
    if named is None:
        raise Wrong(f"“{text[:40]}” is not a day, a month or a year.")
    year, month, day = (int(part) if part else None for part in named.groups())
    assert year is not None
    if not 1900 <= year <= 2999:
        raise Wrong("The year must be from 1900 to 2999.")
    try:
        first = date(year, month or 1, day or 1)
    except ValueError:
        raise Wrong(f"There is no {text}.") from None
    if day is not None:
        end = first
    elif month is not None:
        end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    else:
        end = date(year, 12, 31)
    return (first - EPOCH).days, (end - EPOCH).days
