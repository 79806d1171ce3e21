"""What the index keeps of the nodes of a graph as text: one node at a time, then all together."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from ..holaf_core import json
from .index_facts import Nodes, lines_of, shape_of_kinds, text_of_lines

MAX_TEXT = 2_000
MAX_VALUE = 160
# How the names of inputs end that hold prompts: they are searched as prompts, not as the graph.
PROMPTS = (
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


@dataclass(slots=True)
class Words:
    """head: its type, and its title where the user gave one. line: with its texts. numbers: names
    and values in turn. lines: see `index_facts.widget_lines`."""

    kind: str
    head: str
    line: str
    numbers: list[Any]
    lines: dict[str, None]

    def key(self) -> list[Any]:
        return [self.kind, self.head, self.line, self.numbers, list(self.lines)]


@dataclass(frozen=True, slots=True)
class GraphRecord:
    """What the index keeps of a graph, however many files have it. nodes: packed widget lines."""

    hash: bytes
    text: str
    shape_hash: bytes
    shape_label: str
    nodes: bytes


def words_of(node: dict[str, Any]) -> Words:
    """Of a node with a type (`class_type` is a str)."""
    kind = node["class_type"]
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
    return Words(kind, head, line, numbers, lines_of(kind, inputs))


def all_words(nodes: Nodes) -> list[Words]:
    return [words_of(node) for node in nodes.values() if type(node.get("class_type")) is str]


def describe(nodes: Nodes) -> tuple[bytes, str]:
    """(hash of 16 bytes, text of at most 2 KB) of a graph, without its seeds and prompts.

    One line per distinct node: its type, its title where the user gave one, and `name=value` of
    its widgets. Of a large graph the numbers are left out, then all values.
    """
    return _described(all_words(nodes))


def _described(nodes: Iterable[Words]) -> tuple[bytes, str]:
    words: dict[str, list[Any]] = {}
    heads: dict[str, None] = {}
    for node in nodes:
        heads[node.head] = None
        numbers = node.numbers
        known = words.setdefault(node.line, numbers)
        if known is not numbers and known != numbers:
            words[node.line] = known + numbers
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
    return name.endswith(PROMPTS)


@lru_cache(maxsize=4096)
def _is_seed(name: str) -> bool:
    return "seed" in name


def _cut(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    return text[: text.rfind("\n", 0, MAX_TEXT) if "\n" in text[:MAX_TEXT] else MAX_TEXT]


def record_of(nodes: Nodes) -> GraphRecord:
    return record_of_words(all_words(nodes))


def record_of_words(words: list[Words]) -> GraphRecord:
    graph_hash, text = _described(words)
    lines = text_of_lines((node.kind, node.lines) for node in words).encode("utf-8", "replace")
    # Such lines are short: a small window takes a fifth of the time of the usual one.
    engine = zlib.compressobj(1, zlib.DEFLATED, 13, 6)
    packed = engine.compress(lines) + engine.flush()
    shape = shape_of_kinds(tuple([node.kind for node in words if node.kind]))
    return GraphRecord(graph_hash, text, *shape, packed)
