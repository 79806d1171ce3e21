"""Texts that come through nodes: literals, joins, replacements and whatever hands a text on."""

from __future__ import annotations

import re
from typing import Any

from .generation import MISSING, OK, PARTIAL, worse
from .graph_nodes import MAX_DEPTH, Graph

MAX_TEXT = 200_000
MAX_PARTS = 64
# Marks in a graph's JSON of nodes that take a text apart (LoRAs named in it, comments, words): what
# was learnt of one file then holds for no other that differs in its text only.
REWRITERS = (
    b"ildcard",
    b'"Text Multiline"',
    b'"StringConstantMultiline"',
    b'"StringFunction|pysssss"',
    b'"StringReplace"',
    b'"CaseConverter"',
)
Text = tuple[str | None, str]
_NO_TEXT: Text = (None, MISSING)
# Inputs that a node which hands a text on takes it from, the likeliest first.
_STRINGS = (
    "value",
    "text",
    "string",
    "prompt",
    "Text",
    "String",
    "STRING",
    "wildcard_text",
    "multiline_text",
    "any",
    "anything",
    "source",
    "input",
    "inStr",
    "",
    "*",
)
_DELIMITERS = ("delimiter", "separator", "delim")
_PART = re.compile(r"^(?:string|text|prompt|str)_?([a-z]|\d+)$|^text$|^string$", re.IGNORECASE)
# Nodes that write a text of their own, which is known only when they run.
_WRITERS = re.compile(
    r"caption|generat|llm|llama|florence|gpt|gemini|claude|qwenvl|describe|interrogat|tagger"
    r"|enhance|translat|random|chat|extract|regex",
    re.IGNORECASE,
)


def string(graph: Graph, value: Any, depth: int = 0) -> Text:
    """A text that is literal, linked, or put together by nodes that join."""
    if type(value) is str:
        return value[:MAX_TEXT], OK
    link = graph.link(value)
    if link is None or depth > MAX_DEPTH or graph.exhausted():
        return _NO_TEXT
    node_id = link[0]
    inputs = graph.inputs(node_id)
    choice = graph.chosen(node_id, inputs)
    if choice is not None:
        text, status = string(graph, choice[0], depth + 1)
        if status == PARTIAL:
            text = _given_to_writer(graph, inputs, choice[0], depth) or text
        return text, worse(status, choice[1]) if status != MISSING else MISSING
    if "populated_text" in inputs:
        return string(graph, inputs["populated_text"], depth + 1)
    kind = graph.kind(node_id)
    known = _KNOWN.get(kind)
    if known is not None:
        return known(graph, inputs, depth)
    parts = [name for name in inputs if _PART.match(name)]
    if len(parts) > 1:
        return _joined(graph, inputs, kind, parts, depth)
    written = _WRITERS.search(kind) is not None
    for name in _STRINGS:
        item = inputs.get(name)
        if type(item) is str or (type(item) is list and graph.link(item)):
            text, status = string(graph, item, depth + 1)
            # Other inputs beside the text may well change it.
            beside = sum(type(each) is str or graph.link(each) is not None or key == "seed"
                         for key, each in inputs.items())  # fmt: skip
            changed = beside > 1 or written
            return text, worse(status, PARTIAL) if changed and status == OK else status
    return _NO_TEXT


def _given_to_writer(graph: Graph, inputs: dict[str, Any], chosen: Any, depth: int) -> str | None:
    """What somebody typed, where a model rewrites it and a switch could have passed it on as it is:
    the model is also given instructions, which say nothing of the picture."""
    writer = graph.link(chosen)
    if writer is None:
        return None
    behind = _behind(graph, writer[0])
    if not any(_WRITERS.search(graph.kind(node_id)) for node_id in behind):
        return None
    for _name, link in graph.links(inputs):
        if link[0] != writer[0] and link[0] in behind:
            text, status = string(graph, link, depth + 1)
            if status == OK and text:
                return text
    return None


def _behind(graph: Graph, node_id: str) -> set[str]:
    """A node and all that it takes from."""
    found = {node_id}
    waiting = [node_id]
    while waiting and not graph.exhausted():
        for _name, link in graph.links(graph.inputs(waiting.pop())):
            if link[0] not in found:
                found.add(link[0])
                waiting.append(link[0])
    return found


def _joined(graph: Graph, inputs: dict[str, Any], kind: str, parts: list[str], depth: int) -> Text:
    parts.sort(key=_in_order)
    found = [string(graph, inputs[name], depth + 1) for name in parts[:MAX_PARTS]]
    status = worse(*(status for _text, status in found))
    pieces = [text or "" for text, _status in found]
    name = next((name for name in _DELIMITERS if name in inputs), None)
    delimiter = graph.scalar(inputs[name], name, 0)[0] if name else None
    if not isinstance(delimiter, str):
        delimiter, status = " ", worse(status, PARTIAL)
    if inputs.get("clean_whitespace") in ("true", True):
        pieces = [piece.strip() for piece in pieces]
    if not kind.startswith(("StringConcatenate", "JoinString")):
        pieces = [piece for piece in pieces if piece]
    return delimiter.replace("\\n", "\n").join(pieces)[:MAX_TEXT], status


def _in_order(name: str) -> tuple[int, str]:
    """text_2 before text_10."""
    digits = re.search(r"\d+$", name)
    return (int(digits[0]) if digits and len(digits[0]) < 9 else 0, name.lower())


def _given(
    graph: Graph, inputs: dict[str, Any], names: tuple[str, ...], depth: int
) -> tuple[list[str], str]:
    """The texts of these inputs; one that is not there is empty."""
    found = [
        string(graph, inputs[name], depth + 1) if name in inputs else ("", OK) for name in names
    ]
    return [text or "" for text, _status in found], worse(*(status for _text, status in found))


def _replace(graph: Graph, inputs: dict[str, Any], depth: int) -> Text:
    (text, old, new), status = _given(graph, inputs, ("string", "find", "replace"), depth)
    return text.replace(old, new)[:MAX_TEXT], status


def _trim(graph: Graph, inputs: dict[str, Any], depth: int) -> Text:
    (text, mode), status = _given(graph, inputs, ("string", "mode"), depth)
    if mode == "Left":
        return text.lstrip(), status
    return text.rstrip() if mode == "Right" else text.strip(), status


def _case(graph: Graph, inputs: dict[str, Any], depth: int) -> Text:
    (text, mode), status = _given(graph, inputs, ("string", "mode"), depth)
    change = {"UPPERCASE": str.upper, "lowercase": str.lower, "Capitalize": str.capitalize}.get(
        mode
    )
    return (change(text), status) if change else (text, PARTIAL)


def _function(graph: Graph, inputs: dict[str, Any], depth: int) -> Text:
    """StringFunction of pysssss: three texts appended, or one replaced by another."""
    texts, status = _given(graph, inputs, ("text_a", "text_b", "text_c"), depth)
    tidy = inputs.get("tidy_tags") == "yes"
    if inputs.get("action") == "replace":
        text, old, new = texts
        if old.startswith("/") and old.endswith("/") and len(old) > 1:
            return text, PARTIAL  # an expression
        text = text.replace(old, new)
    else:
        text = (", " if tidy else "").join(part for part in texts if part)
    if tidy:
        text = re.sub(r"(?:\s*,\s*)+", ", ", re.sub(r"[ \t]+", " ", text)).strip()
    return text[:MAX_TEXT], status


def _shown(graph: Graph, inputs: dict[str, Any], depth: int) -> Text:
    """Nodes that show a text keep that of the run before beside the one they hand on."""
    return string(graph, inputs.get("text"), depth + 1)


def _without_comments(graph: Graph, inputs: dict[str, Any], depth: int) -> Text:
    """Text Multiline of WAS drops lines that begin with #."""
    text, status = string(graph, inputs.get("text"), depth + 1)
    lines = (text or "").splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("#")), status


def _one_line(graph: Graph, inputs: dict[str, Any], depth: int) -> Text:
    """StringConstantMultiline of KJNodes."""
    text, status = string(graph, inputs.get("string"), depth + 1)
    if inputs.get("strip_newlines") is True and text is not None:
        text = "".join(line for line in text.splitlines() if line.strip())
    return text, status


_KNOWN = {
    "StringReplace": _replace,
    "StringTrim": _trim,
    "CaseConverter": _case,
    "StringFunction|pysssss": _function,
    "ShowText|pysssss": _shown,
    "Text Multiline": _without_comments,
    "StringConstantMultiline": _one_line,
}
