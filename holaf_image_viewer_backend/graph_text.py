"""What is searched of a graph: a short text of its nodes, made once for each distinct graph.

Most files of a library come from few graphs that differ in their seeds and prompts. `GraphCache`
compares a file's JSON with those met before, leaving out just these, so that such a file costs no
JSON parsing and no tracing at all.
"""

from __future__ import annotations

import json as plain_json
import zlib
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from ..holaf_core import json
from .generation import Field
from .graph import Nodes, is_api_graph, outputs, trace
from .graph_strings import REWRITERS
from .index_facts import IndexFacts, facts_of, shape_of, widget_lines

MAX_TEXT = 2_000
MAX_VALUE = 160
# How the names of inputs end that hold prompts: they are searched as prompts, not as the graph.
_PROMPTS = (
    "text",
    "prompt",
    "text_g",
    "text_l",
    "clip_l",
    "t5xxl",
    "positive",
    "negative",
    "string",
)
_SEED_LIMIT = 10**9


def describe(nodes: Nodes) -> tuple[bytes, str]:
    """(hash of 16 bytes, text of at most 2 KB) of a graph, without its seeds and prompts.

    One line per distinct node: its type, its title where the user gave one, and `name=value` of
    its widgets. Of a large graph the numbers are left out, then all values.
    """
    words: dict[str, list[Any]] = {}
    heads: dict[str, None] = {}
    for node in nodes.values():
        kind = node.get("class_type")
        if type(kind) is not str:
            continue
        head = kind
        meta = node.get("_meta")
        if type(meta) is dict:
            title = meta.get("title")
            if title and title != kind and type(title) is str:
                head = f'{kind} "{title[:MAX_VALUE]}"'
        line = head
        numbers: list[Any] = []
        inputs = node.get("inputs")
        for name, value in inputs.items() if type(inputs) is dict else ():
            of = type(value)
            if of is list or of is bool:
                continue
            if of is str:
                if value and len(value) <= MAX_VALUE and not _left_out(name):
                    line += f" {name}={value}"
            elif of is int or of is float:
                if -_SEED_LIMIT < value < _SEED_LIMIT and not _is_seed(name):
                    numbers += (name, value)
            elif of is dict:
                for item in value.values():
                    if type(item) is str and 0 < len(item) <= MAX_VALUE:
                        line += f" {item}"
        heads[head] = None
        known = words.setdefault(line, numbers)
        if known is not numbers and known != numbers:
            known += numbers
    text = "\n".join(words)
    # Writing a number as text costs more than all else here, and is in vain for a large graph.
    digest = blake2b(text.encode("utf-8", "replace"), digest_size=16)
    numbers_only = list(words.values())
    try:
        digest.update(json.dumps(numbers_only))
    except (TypeError, ValueError):  # a name that is no Unicode text
        digest.update(repr(numbers_only).encode("utf-8", "replace"))
    if len(text) > MAX_TEXT:
        text = "\n".join(heads)
    elif len(text) + sum(map(len, words.values())) * 4 <= MAX_TEXT:
        full = "\n".join(map(_with_numbers, words, words.values()))
        text = full if len(full) <= MAX_TEXT else text
    return digest.digest(), _cut(text)


def _with_numbers(line: str, numbers: list[Any]) -> str:
    for at in range(0, len(numbers), 2):
        line += f" {numbers[at]}={numbers[at + 1]}"
    return line


@lru_cache(maxsize=4096)
def _left_out(name: str) -> bool:
    return name.endswith(_PROMPTS)


@lru_cache(maxsize=4096)
def _is_seed(name: str) -> bool:
    return "seed" in name


def _cut(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    return text[: text.rfind("\n", 0, MAX_TEXT) if "\n" in text[:MAX_TEXT] else MAX_TEXT]


@dataclass(frozen=True, slots=True)
class GraphRecord:
    """What the index keeps of a graph, however many files have it. nodes: packed widget lines."""

    hash: bytes
    text: str
    shape_hash: bytes
    shape_label: str
    nodes: bytes


def record_of(nodes: Nodes) -> GraphRecord:
    graph_hash, text = describe(nodes)
    lines = widget_lines(nodes).encode("utf-8", "replace")
    return GraphRecord(graph_hash, text, *shape_of(nodes), zlib.compress(lines, 1))


@dataclass(slots=True)
class GraphFacts:
    """What the index keeps of a file with an API graph. seed: unsigned 64 bits, None if unknown;
    that in `facts` is of the file from which the graph was learnt."""

    graph: GraphRecord
    facts: IndexFacts
    positive: str | None
    negative: str | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class _Template:
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
_TEXT_KEYS = tuple(f'{name}": '.encode() for name in _PROMPTS)


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


def _template(raw: bytes, facts: GraphFacts) -> _Template | None:
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
    return _Template(tuple(pieces), roles, facts, pieces[-1])


# Graphs that begin, end and count alike are few; more than this is a library where none recurs,
# and trying them all takes as long as reading the graph.
MAX_ALIKE = 48


class NotAGraph(ValueError):
    """JSON, but not ComfyUI's API graph."""


class GraphCache:
    """Graphs met lately. Belongs to one thread; `max_bytes` bounds the JSON that it keeps.

    A file is recognised by comparing it with templates that begin and end alike and have as many
    nodes, the one that was met last first: files of one graph mostly lie together.
    """

    def __init__(self, max_bytes: int = 8 * 1024 * 1024) -> None:
        self._templates: dict[bytes, list[_Template]] = {}
        self._bytes = 0
        self._limit = max_bytes
        self.hits = 0
        self.misses = 0

    def read(self, raw: bytes, file_name: str | None = None) -> GraphFacts:
        """The facts of an API graph from its JSON. Raises ValueError, NotAGraph."""
        # Short enough to end before the first seed or prompt; the number of nodes tells most
        # graphs apart, which matters where pictures of many graphs alternate.
        mark = b"%b%d%b" % (raw[:18], raw.count(b'"class_type"'), raw[-24:])
        alike = self._templates.get(mark)
        if alike is not None:
            for at, template in enumerate(alike):
                # Most that are not it differ behind the last hole too, and this costs nothing.
                if not raw.endswith(template.end):
                    continue
                facts = template.read(raw)
                if facts is not None:
                    self.hits += 1
                    if at:
                        alike.insert(0, alike.pop(at))
                    return facts
        self.misses += 1
        nodes = json.loads_lenient(raw)
        if not is_api_graph(nodes):
            raise NotAGraph
        saved_by = outputs(nodes, None)
        alone = len(saved_by) <= 1  # else the file's name decides what made it
        generation = trace(nodes, saved_by=saved_by if alone else outputs(nodes, file_name))
        told = facts_of(generation)
        facts = GraphFacts(
            record_of(nodes),
            told,
            _value(generation.positive),
            _value(generation.negative),
            told.seed,
        )
        if alone:
            self._keep(mark, raw, facts)
        return facts

    def _keep(self, mark: bytes, raw: bytes, facts: GraphFacts) -> None:
        if len(raw) > self._limit // 8:
            return
        template = _template(raw, facts)
        if template is None:
            return
        if self._bytes + len(raw) > self._limit:
            self._templates.clear()
            self._bytes = 0
        alike = self._templates.setdefault(mark, [])
        alike.insert(0, template)
        self._bytes += len(raw) + 3_000
        if len(alike) > MAX_ALIKE:
            dropped = alike.pop()
            self._bytes -= sum(map(len, dropped.pieces)) + 3_000


def _value(field: Field) -> str | None:
    return field.value if isinstance(field.value, str) and field.value else None
