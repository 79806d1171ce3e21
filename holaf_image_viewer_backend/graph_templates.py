"""Graphs met before, as their JSON with holes where the seeds and prompts were: a file of such a
graph costs no parsing and no tracing at all."""

from __future__ import annotations

import json as plain_json
from dataclasses import dataclass

from ..holaf_core import json
from .graph_plans import GraphFacts
from .graph_strings import REWRITERS
from .graph_words import PROMPTS


@dataclass(frozen=True, slots=True)
class Template:
    """A graph met before: its JSON in pieces, with holes where its seeds and prompts were.

    roles: what lies behind each piece but the last: a seed, or the positive or negative text.
    """

    pieces: tuple[bytes, ...]
    roles: tuple[int, ...]
    facts: GraphFacts
    end: bytes

    def read(self, raw: bytes) -> GraphFacts | None:
        """The facts of JSON that differs from this graph's only in the holes; None otherwise."""
        at = 0
        known = self.facts
        texts = [known.positive, known.negative]
        told = None
        for piece, role in zip(self.pieces, self.roles, strict=False):
            if not raw.startswith(piece, at):
                return None
            at += len(piece)
            if role >= _SEED:
                digits = raw[at : at + 24]
                length = len(digits) - len(digits.lstrip(b"0123456789"))
                if not length:
                    return None
                at += length
                if role == _TOLD:
                    digits = digits[:length]
                    if told is not None and told != digits:
                        return None  # which of them is told was not learnt
                    told = digits
                continue
            end = _closing_quote(raw, at + 1)
            if end < 0 or raw[at : at + 1] != b'"':
                return None
            try:
                text = json.loads(raw[at : end + 1]).strip()
            except ValueError:
                return None
            if not text:  # an empty text may change which way a trace goes
                return None
            texts[role] = text
            at = end + 1
        last = self.pieces[-1]
        if not raw.startswith(last, at) or at + len(last) != len(raw):
            return None
        seed = known.seed
        if told is not None:
            seed = int(told)
            if seed >= _SEEDS_END:
                return None
        return GraphFacts(known.graph, known.facts, texts[0], texts[1], seed)


# _TOLD: a seed that is the file's own, of those in its graph.
_POSITIVE, _NEGATIVE, _SEED, _TOLD = range(4)
_SEEDS_END = 1 << 64
_SEED_KEYS = (b'seed": ', b'seed_num": ')
# As JSON has them. `describe` leaves out every input whose name ends like this, so what it says
# of one file holds for all that differ only there.
_TEXT_KEYS = tuple(f'{name}": '.encode() for name in PROMPTS)


def _closing_quote(raw: bytes, at: int) -> int:
    """The offset of the quote that ends the JSON string whose content starts at `at`, or -1."""
    end = raw.find(b'"', at)
    while end > at and raw[end - 1] == 92:
        slash = end - 1
        while slash >= at and raw[slash] == 92:
            slash -= 1
        if (end - 1 - slash) % 2 == 0:
            break
        end = raw.find(b'"', end + 1)
    return end


def _place(raw: bytes, text: str) -> tuple[int, int]:
    """Where the one JSON string with this text lies, quotes included; (-1, -1) if not just one."""
    for ascii_only in (True, False):
        quoted = plain_json.dumps(text, ensure_ascii=ascii_only).encode("utf-8", "replace")
        start = raw.find(quoted)
        if start >= 0:
            return (-1, -1) if raw.find(quoted, start + 1) >= 0 else (start, start + len(quoted))
        # A prompt is given without the spaces around it.
        inner = quoted[1:-1]
        at = raw.find(inner)
        if at >= 0:
            start = raw.rfind(b'"', 0, at)
            end = _closing_quote(raw, start + 1) + 1
            alone = start >= 0 and end >= at + len(inner) and raw.find(inner, at + 1) < 0
            return (start, end) if alone else (-1, -1)
    return -1, -1


def template_of(raw: bytes, facts: GraphFacts) -> Template | None:
    """None where a prompt is not exactly one string of the graph: such files are each traced."""
    if any(mark in raw for mark in REWRITERS):
        return None
    holes: list[tuple[int, int, int]] = []
    told = b"" if facts.seed is None else b"%d" % facts.seed
    places = 0
    for key in _SEED_KEYS:
        at = raw.find(key)
        while at >= 0:
            at += len(key)
            digits = raw[at : at + 24]
            length = len(digits) - len(digits.lstrip(b"0123456789"))
            if length >= len("18446744073709551615"):
                return None  # perhaps no seed that the index keeps
            if length:
                mine = digits[:length] == told
                places += mine
                holes.append((at, at + length, _TOLD if mine else _SEED))
            at = raw.find(key, at)
    if places and raw.count(b": %b," % told) + raw.count(b": %b}" % told) > places:
        return None  # the seed may be told by another number that happens to be the same
    for role, text in ((_POSITIVE, facts.positive), (_NEGATIVE, facts.negative)):
        if text is None:
            continue
        start, end = _place(raw, text)
        if start < 0 or not raw.endswith(_TEXT_KEYS, 0, start):
            return None
        try:
            if json.loads(raw[start:end]).strip() != text:
                return None
        except ValueError:
            return None
        holes.append((start, end, role))
    holes.sort()
    pieces: list[bytes] = []
    last = 0
    for start, end, _role in holes:
        if start < last:
            return None
        pieces.append(raw[last:start])
        last = end
    pieces.append(raw[last:])
    roles = tuple(role for _start, _end, role in holes)
    return Template(tuple(pieces), roles, facts, pieces[-1])
