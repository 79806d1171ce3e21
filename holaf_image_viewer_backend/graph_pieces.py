"""A graph's JSON in pieces of one node each: a graph that differs from others in a few nodes costs
the reading of these few.

Pieces that are each valid JSON make one valid object when they are put together again, so it does
not matter whether a separator was found inside of a text: such a piece is not valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..holaf_core import json
from .graph_words import Words, words_of

Nodes = dict[str, dict[str, Any]]

# Between two nodes as ComfyUI writes them. Others are read in one piece.
_BETWEEN = b'}}, "'
_FIRST, _LAST = b'{"', b"}}}"

# Values that a trace hands on as they are, whatever they are, within these bounds: what else may be
# asked of them (whether a strength is zero, whether all is denoised) has the same answer for all.
_NUMBERS = {
    "steps": ("steps", 2, 7000),
    "cfg": ("cfg", 0.01, 7000),
    "denoise": ("denoise", 0.01, 0.99),
    "strength_model": ("strength", 0.001, 7000),
    "strength_clip": ("strength", 0.001, 7000),
    "seed": ("seed", 0, (1 << 63) - 1),
    "noise_seed": ("seed", 0, (1 << 63) - 1),
}
_TEXTS = frozenset(
    ("text", "prompt", "text_g", "text_l", "clip_l", "t5xxl", "positive", "negative", "string",
     "value")
)  # fmt: skip
_LONGEST_TEXT = 50_000


class Piece:
    """One node. `wiring`: the same for nodes of one id and type whose inputs have the same names,
    types and links. `bare`: the same for those that differ only in `free`, {name: kind of value}.
    `look`: the same for nodes that look alike in the index. `words` is what they look like there.
    """

    __slots__ = ("bare", "free", "id", "look", "node", "wiring", "words")

    def __init__(self, node_id: str, node: dict[str, Any], number: Numbers) -> None:
        inputs = node["inputs"]
        kind = node["class_type"]
        free: dict[str, str] = {}
        wires: list[Any] = [node_id, kind]
        rest: list[Any] = []
        for name, value in inputs.items():
            of = type(value)
            if of is list or of is dict:
                wires += (name, value)
                continue
            wires += (name, of.__name__)
            role = role_of(name, value)
            if role is None:
                rest += (name, value)
            else:
                free[name] = role
        self.id = node_id
        self.node = node
        self.free = free
        self.words: Words = words_of(node)
        self.wiring = number("wiring", wires)
        # Which of them are free is part of the key: a value must not pass for the absence of one.
        self.bare = number("bare", [self.wiring, rest, list(free.items())])
        self.look = number("look", self.words.key())


def role_of(name: str, value: Any) -> str | None:
    """What kind of free value an input is; None for one that a trace may go by."""
    of = type(value)
    if of is str:
        free = name in _TEXTS and len(value) <= _LONGEST_TEXT and value.strip()
        return "text" if free else None
    known = _NUMBERS.get(name)
    if known is None or of is not int and of is not float or not known[1] <= value <= known[2]:
        return None
    role = known[0]
    if of is float and role in ("steps", "seed"):
        return None
    return role


class Numbers:
    """Small numbers instead of long keys."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], int] = {}
        self.bytes = 0

    def __call__(self, kind: str, what: Any) -> int:
        key = kind, json.dumps(what)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self._known)
            self.bytes += len(key[1]) + 200
        return number


class Pieces:
    """The pieces met lately. Belongs to one thread. bytes: what it keeps, roughly."""

    def __init__(self) -> None:
        self._numbers = Numbers()
        self.forget()

    def forget(self) -> None:
        """Drop the pieces. Those that are read again get the numbers that they had."""
        self._known: dict[bytes, Piece] = {}
        self._once: set[int] = set()
        self._kept = 0

    @property
    def bytes(self) -> int:
        return self._kept + self._numbers.bytes

    def of(self, raw: bytes) -> list[Piece] | None:
        """The nodes of a graph's JSON in their order; None where it must be read in one piece."""
        if not raw.startswith(_FIRST) or not raw.endswith(_LAST):
            return None
        known = self._known
        found = []
        for part in raw[2:-3].split(_BETWEEN):
            piece = known.get(part)
            if piece is None:
                piece = self._read(part)
                if piece is None:
                    return None
            found.append(piece)
        return found

    def _read(self, part: bytes) -> Piece | None:
        try:
            nodes = json.loads(b'{"%b}}}' % part)
        except (ValueError, RecursionError):
            return None
        if len(nodes) != 1:
            return None
        ((node_id, node),) = nodes.items()
        if type(node) is not dict or type(node.get("inputs")) is not dict:
            return None
        if type(node.get("class_type")) is not str:
            return None
        try:
            piece = Piece(node_id, node, self._numbers)
        except (TypeError, ValueError, RecursionError):  # what JSON can hold and not be written as
            return None
        # Most that are new have a seed or a text of their own: they do not come again.
        if hash(part) in self._once:
            self._known[part] = piece
            self._kept += len(part) + 2_000
        else:
            self._once.add(hash(part))
            self._kept += 100
        return piece


def as_nodes(pieces: Sequence[Piece]) -> Nodes:
    return {piece.id: piece.node for piece in pieces}
