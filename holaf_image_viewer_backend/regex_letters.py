"""Which ASCII characters the items of an expression stand for, and rows of such characters.

A text of ASCII is translated, each character to whether it is one of them, and the row looked for
as a plain text: a third of the time that an expression takes.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Any

try:  # Python 3.11
    from re import _constants as sre  # type: ignore[attr-defined]
except ImportError:
    import sre_constants as sre

ASCII = frozenset(map(chr, range(128)))
# `\s` has more characters in texts than in bytes, so it is not here.
CATEGORIES = {
    sre.CATEGORY_DIGIT: frozenset(string.digits),
    sre.CATEGORY_NOT_DIGIT: ASCII.difference(string.digits),
    sre.CATEGORY_WORD: frozenset(string.ascii_letters + string.digits + "_"),
    sre.CATEGORY_NOT_WORD: ASCII.difference(string.ascii_letters + string.digits + "_"),
}
REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, getattr(sre, "POSSESSIVE_REPEAT", None))
LONGEST_ROW = 64
# Nearly every text has some characters of a larger set in a row.
FEW, MANY_IN_A_ROW = 16, 8


@dataclass(frozen=True)
class Row:
    """So many characters in a row that are `letters`. `whole`: the expression says no more."""

    letters: frozenset[str]
    length: int
    whole: bool = False

    @property
    def worth(self) -> int:
        """0 where most texts have such a row."""
        if len(self.letters) > FEW:
            return self.length if self.length >= MANY_IN_A_ROW else 0
        alone = self.length == 1 and any(one.isalpha() for one in self.letters)
        return 0 if alone else 2 * self.length

    def table(self) -> bytes:
        """For `bytes.translate`."""
        return bytes(chr(code) in self.letters for code in range(256))


def letters(op: Any, value: Any, cased: bool) -> frozenset[str] | None:
    """The characters of ASCII that an item of one character matches; None where unknown."""
    kinds: list[tuple[Any, Any]]
    if op is sre.LITERAL or op is sre.NOT_LITERAL:
        kinds, inverted = [(sre.LITERAL, value)], op is sre.NOT_LITERAL
    elif op is sre.IN:
        inverted = value[0][0] is sre.NEGATE
        kinds = value[inverted:]
    else:
        return None
    found: set[str] = set()
    for kind, one in kinds:
        if kind is sre.CATEGORY and one in CATEGORIES:
            found |= CATEGORIES[one]
            continue
        if kind is not sre.LITERAL and kind is not sre.RANGE:
            return None
        first, last = one if kind is sre.RANGE else (one, one)
        if last > 127:  # some such letters are ASCII in another case
            return None
        found.update(map(chr, range(first, last + 1)))
    if not cased:
        found |= {one.swapcase() for one in found}
    return ASCII - found if inverted else frozenset(found)


def repeated(op: Any, value: Any, cased: bool, inlined: Any) -> tuple[frozenset[str] | None, int]:
    """The characters of which alone an item consists, and how many there are at least."""
    if op not in REPEATS:
        return letters(op, value, cased), 1
    body, least = list(inlined(value[2])), min(value[0], LONGEST_ROW)
    if len(body) != 1:
        return None, least
    inner, of_inner = body[0]
    return letters(inner, of_inner, cased), least


def best_row(items: Any, cased: bool, inlined: Any) -> Row | None:
    """The row that the fewest texts have of those that every match has."""
    best: Row | None = None
    now: Row | None = None
    parts = list(inlined(items))
    for op, value in parts:
        if op is sre.AT or op is sre.ASSERT or op is sre.ASSERT_NOT:
            continue
        found, least = repeated(op, value, cased, inlined)
        if found and least:
            together = now is not None and now.letters == found
            length = min(least + (now.length if now and together else 0), LONGEST_ROW)
            whole = len(parts) == 1 and least < LONGEST_ROW
            candidate = now = Row(found, length, whole)
        else:
            now = None
            inside = op in REPEATS and least > 0 and found is None
            candidate = best_row(value[2], cased, inlined) if inside else None
            candidate = candidate and Row(candidate.letters, candidate.length)
        if candidate is not None and candidate.worth > (best.worth if best else 0):
            best = candidate
    return best
