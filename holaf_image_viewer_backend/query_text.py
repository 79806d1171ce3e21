"""The way back: terms as text that can be typed, and as the chips that stand for them."""

from __future__ import annotations

import re
from typing import Any

from . import query_values as values
from .query_fields import BY_NAME, BY_TARGET
from .query_terms import (
    All,
    AnyOf,
    Compare,
    Has,
    Like,
    Lora,
    Mark,
    NameIs,
    Node,
    NodeValue,
    Not,
    Regex,
    Words,
)

# Needs no quotes in any place where a name or a value may stand.
PLAIN = re.compile(r"[\w./+-]*\w")


def unparse(node: Node) -> str:
    """A text that `query_language.parse` reads as `node` again.

    >>> unparse(All((Words("red"), Not(Lora("detail", ">=", 0.5)))))
    'red -lora:detail>=0.5'
    """
    if isinstance(node, All):
        return " ".join(_part(child) for child in node.children)
    if isinstance(node, AnyOf):
        return " OR ".join(_part(child) for child in node.children)
    if isinstance(node, Not):
        inner = unparse(node.child)
        return f"-({inner})" if isinstance(node.child, (All, AnyOf, Not)) else f"-{inner}"
    return _leaf(node)


def chips(node: Node, text: str) -> list[dict[str, Any]]:
    """What the search consists of, for the page: [{start, end, text, label, kind, excluded}].

    Cutting text[start:end] out of the text takes the term away. `kind` is a field's name, "word",
    "phrase", "regex", or "group" for several things of which any one will do.
    """
    found: list[dict[str, Any]] = []
    for child in node.children if isinstance(node, All) else (node,):
        start, end = child.span
        excluded = isinstance(child, Not)
        meant = child.child if isinstance(child, Not) else child
        if found and (found[-1]["start"], found[-1]["end"]) == (start, end):
            continue  # one typed term may be two, such as size:1024x768
        typed = text[start:end]
        found.append(
            {
                "start": start,
                "end": end,
                "text": typed,
                "label": _label(meant, typed[_minus(typed) :] if excluded else typed),
                "kind": _kind(meant),
                "excluded": excluded,
            }
        )
    return found


def _minus(typed: str) -> int:
    """How much of an excluded term only says that it is one."""
    found = re.match(r"NOT\s*|[-−*]*", typed)
    return found.end() if found else 0


def _part(node: Node) -> str:
    text = unparse(node)
    return f"({text})" if isinstance(node, (All, AnyOf)) else text


def _leaf(node: Node) -> str:
    if isinstance(node, Words):
        text = _quoted(node.text) if node.phrase else _word(node.text)
        return text if node.where == "any" else f"{BY_TARGET[node.where].name}:{text}"
    if isinstance(node, Regex):
        text = "/" + re.sub(r"\\(.)|/", _slash, node.pattern, flags=re.DOTALL) + "/"
        return text if node.where == "prompt" else f"{BY_TARGET[node.where].name}:{text}"
    if isinstance(node, Compare):
        return f"{BY_TARGET[node.field].name}:{_bounds(node)}"
    if isinstance(node, NameIs):
        if node.exact:
            return f"{node.kind}:={quoted_if_needed(node.text)}"
        return f"{node.kind}:{quoted_if_needed(node.text) if node.text else '*'}"
    if isinstance(node, Lora):
        # In quotes, or an exact name of digits would be a strength.
        name = f"={_quoted(node.text)}" if node.exact else node.text and quoted_if_needed(node.text)
        strength = "" if node.strength is None else values.written(node.strength)
        return f"lora:{name}{node.op or ''}{strength}"
    if isinstance(node, NodeValue):
        return f"node:{_node(node)}"
    if isinstance(node, Like):
        return f"like:{node.kind}:{node.image_id}"
    if isinstance(node, Mark):
        return f"{node.what}:{node.value}"
    assert isinstance(node, Has)
    return f"has:{node.what}"


def _node(node: NodeValue) -> str:
    text = quoted_if_needed(node.node_type, dots=False) if node.node_type else ""
    if node.input is not None:
        text += "." + quoted_if_needed(node.input, dots=False)
    if node.op is None:
        return text
    if isinstance(node.value, str):
        return f"{text}{node.op}{_quoted(node.value)}"
    return f"{text}{node.op}{values.written(node.value or 0)}"


def _bounds(node: Compare) -> str:
    written = values.day_written if node.field == "mtime" else values.written
    low = "" if node.low is None else written(node.low)
    high = "" if node.high is None else written(node.high)
    if node.op == "..":
        return f"{low}..{high}"
    if node.op == "=":
        # A duration that is typed without a range stands for what rounds to it.
        return f"{low}..{high}" if node.field == "duration" else low
    return f"{node.op}{low or high}"


def _slash(found: re.Match[str]) -> str:
    return "\\/" if found[0] == "/" else found[0]


def quoted_if_needed(text: str, dots: bool = True) -> str:
    plain = PLAIN.fullmatch(text) and (dots or "." not in text)
    return text if plain and not text.startswith("-") else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _word(text: str) -> str:
    """A word with parentheses in it that do not belong together needs backslashes."""
    if text in ("OR", "AND", "NOT") or text.endswith("\\"):
        text += "*"  # which says nothing, but makes it a word
    opened = 0
    for one in text:
        opened += (one == "(") - (one == ")")
        if opened < 0:
            break
    if opened == 0 and "\\(" not in text and "\\)" not in text and not text.startswith("("):
        return text
    return text.replace("(", "\\(").replace(")", "\\)")


def _label(node: Node, typed: str) -> str:
    if isinstance(node, Words):
        text = f"“{node.text}”" if node.phrase else node.text
        return text if node.where == "any" else f"{BY_TARGET[node.where].label}: {text}"
    if isinstance(node, Regex):
        text = typed[typed.find("/") :]
        return text if node.where == "prompt" else f"{BY_TARGET[node.where].label}: {text}"
    if isinstance(node, NameIs):
        label = BY_TARGET[node.kind].label
        if node.exact and node.text:
            return f"{label} is {node.text}"
        return f"{label}: {node.text or ('none' if node.exact else 'any')}"
    if isinstance(node, Lora):
        strength = "" if node.strength is None else f" {node.op} {values.written(node.strength)}"
        name = f" is {node.text}" if node.exact and node.text else f": {node.text or 'any'}"
        return f"LoRA{name}{strength}"
    if isinstance(node, NodeValue):
        return f"Node: {typed.partition(':')[2].strip(' )')}"
    if isinstance(node, Like):
        return f"Same {node.kind} as picture {node.image_id}"
    if isinstance(node, Has):
        return f"Has {node.what}"
    if isinstance(node, Mark):
        return f"{BY_TARGET[node.what].label}: {node.value}"
    one = ONE_FIELD.fullmatch(typed)
    if one and one[1].lower() in BY_NAME:
        return f"{BY_NAME[one[1].lower()].label}: {one[2].replace(',', ', ')}"
    return typed


# A field and all of its value: steps:20..30, cfg<=4, model:"sd xl",flux.
ONE_FIELD = re.compile(r"""[( ]*([A-Za-z_]+)(?:[:：]|(?=[<>=!≤≥≠]))((?:[^\s"()|]|"[^"]*")+)[ )]*""")


def _kind(node: Node) -> str:
    if isinstance(node, Words):
        if node.where != "any":
            return BY_TARGET[node.where].name
        return "phrase" if node.phrase else "word"
    if isinstance(node, Regex):
        return "regex"
    if isinstance(node, Compare):
        return BY_TARGET[node.field].name
    if isinstance(node, NameIs):
        return node.kind
    if isinstance(node, Mark):
        return node.what
    if isinstance(node, (All, AnyOf)):
        kinds = {_kind(child) for child in node.children}
        return kinds.pop() if len(kinds) == 1 else "group"
    return type(node).__name__.lower().replace("nodevalue", "node")
