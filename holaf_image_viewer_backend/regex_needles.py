"""Texts that must occur in whatever an expression matches, so that most prompts need no look.

Python tries an expression without regard to case at every letter (10 ns each), but finds a plain
text at a billion letters a second. Only places where such a text, a needle, occurs are then tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

try:  # Python 3.11
    from re import _constants as sre  # type: ignore[attr-defined]
    from re import _parser as sre_parse  # type: ignore[attr-defined]
except ImportError:
    import sre_constants as sre
    import sre_parse

from .regex_letters import REPEATS as _REPEATS
from .regex_letters import Row, best_row, repeated

Lead = frozenset[str] | None

# A match that begins at most so far before the needle is tried right there.
FARTHEST = 24
# Each is looked for in all prompts.
MOST_NEEDLES = 6
LONGEST_REPEAT = 64

_ATOMIC = getattr(sre, "ATOMIC_GROUP", None)


@dataclass(frozen=True)
class Needles:
    """Every match has one of `texts`, `low` to `high` characters after it begins.

    `high` is None where that may be any number. `lead`: what of ASCII may stand between; None
    where that is not known.
    """

    texts: tuple[str, ...]
    low: int
    high: int | None
    lead: str | None = None

    @property
    def worth(self) -> float:
        """Longer ones are rarer; those near the beginning of the match are cheaper to try."""
        shortest = min(map(len, self.texts))
        return shortest - 0.4 * (len(self.texts) - 1) + (self.high is not None and shortest > 1)

    @property
    def effort(self) -> int | None:
        """How much is tried around each; None where trying the whole text is better."""
        if self.high is None or min(map(len, self.texts)) < 2:
            return None
        return len(self.texts) + self.high - self.low


@dataclass(frozen=True)
class Plan:
    """How to find an expression.

    `cased`: the texts must be searched as they are written, else `folded`. `flags` is what the
    expression is to be compiled with for such texts. Every match has one of `needles`, and one of
    each of `also`; None: any text may match, or any with `row`. `near`: those of them around which
    to try. `core`: what begins with a plain text and matches wherever the expression does.
    `whole`: the needles are all that the expression says. `anchored`: it matches at the beginning
    or not at all.
    """

    cased: bool
    flags: int
    needles: Needles | None = None
    also: tuple[Needles, ...] = ()
    near: Needles | None = None
    core: str | None = None
    whole: bool = False
    row: Row | None = None
    anchored: bool = False


def plan(pattern: str) -> Plan:
    """The plan for a valid expression that is used with IGNORECASE.

    >>> plan("(blue|green) eyes").needles
    Needles(texts=('blue eyes', 'green eyes'), low=0, high=0, lead=None)
    """
    try:
        tree: Any = sre_parse.parse(pattern, re.IGNORECASE)
        cased = _case_matters(tree, True)
        if cased is None:  # some of it
            return Plan(True, re.IGNORECASE)
        finder = _Finder(cased)
        # Letters of which nearly every text has one tell nothing.
        choices = [one for one in finder.choices(tree, 0, 0, frozenset()) if one.worth > 0]
        choices.sort(key=lambda one: -one.worth)
        # Comparing letters as they are is several times as fast.
        flags = 0 if not cased and _is_folded(tree) else re.IGNORECASE
        first = choices[0] if choices else None
        anchored = _is_anchored(tree)
        if first is None:
            return Plan(cased, flags, row=best_row(tree, cased, _inlined), anchored=anchored)
        whole = finder.listed(tree)
        if whole is not None and all(whole):
            return Plan(cased, flags, Needles(tuple(whole), 0, 0), whole=True)
        also = tuple(choices[1:4])
        near = [one for one in (first, *also) if one.effort is not None]
        best = min(near, key=lambda one: one.effort or 0, default=None)
        several = len(first.texts) > 1 and not also
        core = _core(pattern, tree) if several and not flags else None
        return Plan(cased, flags, first, also, best, core, anchored=anchored)
    except Exception:  # noqa: BLE001 - another Python's parser: the expression itself is still right
        return Plan(True, re.IGNORECASE)


class _Run:
    """Texts that stand at one place of a match; there is more than one after a choice."""

    def __init__(self, low: int, high: int | None, lead: Lead = None) -> None:
        self.texts = [""]
        self.low = low
        self.high = high
        self.lead = None if high is not None or lead is None else "".join(sorted(lead))

    def add(self, ways: list[str]) -> bool:
        """False where that would be too many."""
        if len(self.texts) * len(ways) > MOST_NEEDLES:
            return False
        self.texts = list(dict.fromkeys(old + new for old in self.texts for new in ways))
        return True

    def needles(self) -> list[Needles]:
        if not all(self.texts):
            return []
        # A text has a longer one only where it has what that begins with.
        texts = [
            one
            for one in self.texts
            if not one.startswith(tuple(other for other in self.texts if other != one))
        ]
        return [Needles(tuple(texts), self.low, self.high, self.lead)]


class _Finder:
    def __init__(self, cased: bool) -> None:
        self._cased = cased

    def choices(
        self, items: Iterable[Any], low: int, high: int | None, lead: Lead
    ) -> list[Needles]:
        """The needles of a sequence that begins `low` to `high` after the match."""
        found: list[Needles] = []
        run = _Run(low, high, lead)
        for op, value in _inlined(items):
            if op is sre.AT or op is sre.ASSERT_NOT:
                continue
            if op is sre.ASSERT:
                found += self.choices(value[1], 0, None, None)
                continue
            ways = self._ways(op, value)
            least, most = _width(op, value)
            if ways is None or not run.add(ways):
                found += run.needles()
                run = _Run(low, high, lead)
                if ways is None or not run.add(ways):
                    found += self._inside(op, value, low, high, lead)
                    low, high, lead = low + least, _plus(high, most), self._past(lead, op, value)
                    run = _Run(low, high, lead)
                    continue
            low, high, lead = low + least, _plus(high, most), self._past(lead, op, value)
        return found + run.needles()

    def _ways(self, op: Any, value: Any) -> list[str] | None:
        """The texts that one item can be; None for too many to list."""
        if op is sre.LITERAL:
            letter = self._letter(value)
            return None if letter is None else [letter]
        if op is sre.IN and all(one is sre.LITERAL for one, _ in value):
            return _listed([self._ways(*one) for one in value])
        if op is sre.BRANCH:
            return _listed([self.listed(branch) for branch in value[1]])
        if op in _REPEATS and value[1] == 1:
            once = self.listed(value[2])
            return once if once is None or value[0] else _listed([[""], once])
        if op in _REPEATS and value[0] == value[1] <= LONGEST_REPEAT:
            once = self.listed(value[2])
            return [once[0] * value[0]] if once is not None and len(once) == 1 else None
        return None

    def listed(self, items: Iterable[Any]) -> list[str] | None:
        """All texts that a sequence matches, and nothing else."""
        run = _Run(0, 0)
        for op, value in _inlined(items):
            ways = self._ways(op, value)
            if ways is None or not run.add(ways):
                return None
        return run.texts

    def _past(self, lead: Lead, op: Any, value: Any) -> Lead:
        if lead is None:
            return None
        mine, _ = repeated(op, value, self._cased, _inlined)
        if mine is None:
            return None
        # Texts that are searched without regard to case have no capitals.
        return lead | (mine if self._cased else {one.lower() for one in mine})

    def _inside(self, op: Any, value: Any, low: int, high: int | None, lead: Lead) -> list[Needles]:
        """Needles of an item that is no plain text."""
        if op in _REPEATS and value[0] > 0:
            return self.choices(value[2], low, high, lead)
        if op is not sre.BRANCH:
            return []
        together: list[str] = []
        places: list[Needles] = []
        for branch in value[1]:
            inside = self.choices(branch, low, high, None)
            best = max(inside, key=lambda one: one.worth, default=None)
            if best is None:
                return []
            places.append(best)
            together += best.texts
        if len(together) > MOST_NEEDLES:
            return []
        highs = [one.high for one in places]
        farthest = None if None in highs else max(one for one in highs if one is not None)
        return [Needles(tuple(together), min(one.low for one in places), farthest)]

    def _letter(self, code: int) -> str | None:
        one = chr(code)
        if self._cased or not (one.lower() != one or one.upper() != one):
            return one
        # Beyond ASCII, letters have more than two forms.
        return one.lower() if one.isascii() else None


def _listed(ways: list[list[str] | None]) -> list[str] | None:
    found: list[str] = []
    for way in ways:
        if way is None:
            return None
        found += way
    return found if 0 < len(found) <= MOST_NEEDLES else None


def _core(pattern: str, tree: Any) -> str | None:
    """Without the boundary of a word before a letter: with it, Python stops at each character."""
    boundary = pattern.startswith(r"\b") and len(tree) > 1 and tree[1][0] is sre.LITERAL
    return pattern[2:] if boundary else None


def _is_anchored(tree: Any) -> bool:
    if not len(tree) or tree.state.flags & re.MULTILINE:
        return False
    return tree[0] in ((sre.AT, sre.AT_BEGINNING), (sre.AT, sre.AT_BEGINNING_STRING))


def _is_folded(items: Iterable[Any]) -> bool:
    """Whether no letter in it could mean an upper-case one: then case need not be ignored."""
    for op, value in _inlined(items):
        if op in (sre.LITERAL, sre.NOT_LITERAL):
            if not _one_form(value):
                return False
        elif op is sre.IN:
            for kind, one in value:
                if kind is sre.LITERAL and not _one_form(one):
                    return False
                if kind is sre.RANGE and not any(
                    first <= one[0] <= one[1] <= last for first, last in ((48, 57), (97, 122))
                ):
                    return False
        elif op is sre.BRANCH:
            if not all(map(_is_folded, value[1])):
                return False
        elif op in _REPEATS:
            if not _is_folded(value[2]):
                return False
        elif op in (sre.ASSERT, sre.ASSERT_NOT):
            if not _is_folded(value[1]):
                return False
        elif op not in (sre.AT, sre.ANY, sre.GROUPREF):
            return False
    return True


def _one_form(code: int) -> bool:
    one = chr(code)
    return one.lower() == one and (one.isascii() or one.upper() == one)


def folded(text: str) -> str:
    """`text` as it is searched without regard to case."""
    if text.isascii():
        return text.lower()
    # Python's expressions take these for forms of s and i; `lower` does not.
    return text.lower().replace("ſ", "s").replace("ı", "i")


def _inlined(items: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    """The items of a sequence, with those of its groups in their places."""
    for op, value in items:
        if op is sre.SUBPATTERN:
            yield from _inlined(value[3])
        elif _ATOMIC is not None and op is _ATOMIC:
            yield from _inlined(value)
        else:
            yield op, value


def _width(op: Any, value: Any) -> tuple[int, int | None]:
    if op in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN):
        return 1, 1
    if op is sre.BRANCH:
        return _of_all([branch.getwidth() for branch in value[1]])
    if op in _REPEATS:
        least, most = value[2].getwidth()
        return least * value[0], _small(most * value[1])
    return 0, None


def _of_all(widths: list[tuple[int, int]]) -> tuple[int, int | None]:
    return min(low for low, _ in widths), _small(max(high for _, high in widths))


def _small(width: int) -> int | None:
    return width if width <= FARTHEST else None


def _plus(high: int | None, more: int | None) -> int | None:
    return None if high is None or more is None else _small(high + more)


def _case_matters(items: Iterable[Any], ignored: bool) -> bool | None:
    """True where all letters mind case, False where none does, None for both."""
    seen: set[bool | None] = set()
    for op, value in items:
        if op is sre.SUBPATTERN:
            still = (ignored or bool(value[1] & sre.SRE_FLAG_IGNORECASE)) and not (
                value[2] & sre.SRE_FLAG_IGNORECASE
            )
            seen.add(_case_matters(value[3], still))
        elif op is sre.BRANCH:
            seen.update(_case_matters(branch, ignored) for branch in value[1])
        elif op in _REPEATS:
            seen.add(_case_matters(value[2], ignored))
        elif op in (sre.ASSERT, sre.ASSERT_NOT):
            seen.add(_case_matters(value[1], ignored))
        elif _ATOMIC is not None and op is _ATOMIC:
            seen.add(_case_matters(value, ignored))
        elif op is not sre.AT and op is not sre.ANY:
            seen.add(not ignored)
    if not seen:
        return False
    return seen.pop() if len(seen) == 1 else None
