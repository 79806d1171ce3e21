"""The texts behind a sampler's conditioning."""

from __future__ import annotations

from typing import Any

from .generation import MISSING, PARTIAL, UNKNOWN, Field, worse
from .graph_nodes import MAX_DEPTH, PIPES, Graph, Link, Nodes
from .graph_strings import MAX_TEXT, string

# In the order in which several of one node are put together.
_TEXTS = (
    "text",
    "prompt",
    "positive_prompt",
    "text_positive",
    "text_g",
    "text_l",
    "t5xxl",
    "clip_l",
    "clip_g",
    "llama",
    "bert",
    "mt5xl",
    "qwen25_7b",
    "system_prompt",
    "user_prompt",
    "string",
    "text_input",
    "tags",
    "lyrics",
    "wildcard_text",
)
_TEXT_NAMES = frozenset(_TEXTS)
_NEGATIVE_TEXTS = ("negative_prompt", "text_negative", "negative")
_POSITIVE_LINKS = ("positive", "conditioning", "cond1", "text_embeds")
_NEGATIVE_LINKS = ("negative", "uncond", "text_embeds")
_CONDITIONINGS = ("cond", "text_embeds", "prompt_embeds")

Texts = tuple[list[str], str]


class Prompts:
    """The walk from a sampler to its texts. guidance: of the node nearest to the sampler."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.guidance = UNKNOWN

    def of(self, node_id: str) -> tuple[Field, Field]:
        """The positive and the negative text of a sampler."""
        inputs = self.graph.inputs(node_id)
        guider = self.graph.link(inputs.get("guider"))
        if guider:
            node_id = self.graph.through(guider)
            inputs = self.graph.inputs(node_id)
        self.guidance = self.graph.number(inputs, ("guidance",))
        return self._side(inputs, "positive"), self._side(inputs, "negative")

    def _side(self, inputs: dict[str, Any], role: str) -> Field:
        graph = self.graph
        positive = role == "positive"
        link = graph.first_link(inputs, _POSITIVE_LINKS if positive else _NEGATIVE_LINKS)
        if link is None:
            for name in ("prompt", "positive", "text") if positive else _NEGATIVE_TEXTS:
                if name in inputs:
                    text, status = string(graph, inputs[name])
                    return _field(([text or ""], status))
            link = graph.first_link(inputs, PIPES)
            if link is None:
                return UNKNOWN
            return _field(self._behind(link, role, set(), 0, True))
        return _field(self._behind(link, role, set(), 0, False))

    def _behind(
        self, link: Link, role: str, seen: set[tuple[str, int]], depth: int, piped: bool
    ) -> Texts:
        """The texts behind a link to a conditioning; `piped` says that a pipe carries it."""
        graph = self.graph
        node_id = link[0]
        key = (node_id, link[1])
        if key in seen or depth > MAX_DEPTH or graph.exhausted():
            return [], MISSING
        seen.add(key)
        inputs = graph.inputs(node_id)
        if "ZeroOut" in graph.kind(node_id):
            return [], MISSING  # nothing of the text is left
        choice = graph.chosen(node_id, inputs)
        if choice is not None:
            further = graph.link(choice[0])
            if further is None:
                return [], MISSING
            texts, status = self._behind(further, role, seen, depth + 1, piped)
            return texts, worse(status, choice[1]) if status != MISSING else MISSING
        if role == "positive" and "guidance" in inputs and self.guidance.status == MISSING:
            self.guidance = graph.number(inputs, ("guidance",))
        positive = graph.link(inputs["positive"]) if "positive" in inputs else None
        negative = graph.link(inputs["negative"]) if "negative" in inputs else None
        if positive or negative:
            side = role
            by_slot = positive and negative and not piped and link[1] < 2
            if by_slot and not graph.is_sampler(node_id, inputs):
                # Nodes that change both sides give them out in this order.
                side = "negative" if link[1] else "positive"
            further = positive if side == "positive" else negative
            if further:
                return self._behind(further, role, seen, depth + 1, False)
        own = self._own_texts(inputs, role)
        links = [found for name, found in graph.links(inputs) if name.startswith(_CONDITIONINGS)]
        if own is not None:
            # Some add a text of their own to a conditioning, such as one for a part of the picture.
            before = [self._behind(each, role, seen, depth + 1, piped) for each in links]
            return _together([*before, own])
        if not links:
            pipe = graph.first_link(inputs, PIPES)
            if pipe is None:
                pipe, piped = graph.only(inputs), piped
            else:
                piped = True
            if pipe is None:
                return [], MISSING
            return self._behind(pipe, role, seen, depth + 1, piped)
        if len(links) == 1:
            return self._behind(links[0], role, seen, depth + 1, piped)
        return _together([self._behind(each, role, seen, depth + 1, piped) for each in links])

    def _own_texts(self, inputs: dict[str, Any], role: str) -> Texts | None:
        """Texts that the node itself holds or is given; None where it has none."""
        graph = self.graph
        if "populated_text" in inputs:
            text, status = string(graph, inputs["populated_text"])
            return ([text] if text is not None else []), status
        if role == "negative":
            names = [name for name in _NEGATIVE_TEXTS if name in inputs]
        elif type(inputs.get("positive")) is str:
            names = ["positive"]
        else:
            names = []
        if not names:
            if _TEXT_NAMES.isdisjoint(inputs):
                return None
            names = [name for name in _TEXTS if name in inputs]
        found = []
        for name in names:
            value = inputs[name]
            if type(value) is str or graph.link(value):
                text, status = string(graph, value)
                found.append(([text] if text is not None else [], status))
        return _together(found) if found else None


def _together(parts: list[Texts]) -> Texts:
    if len(parts) == 1:
        return parts[0]
    texts: list[str] = []
    for part, _status in parts:
        texts += [text for text in part if text not in texts]
    return texts, worse(*(status for _texts, status in parts))


def _field(found: Texts) -> Field:
    texts, status = found
    if status == MISSING:
        return UNKNOWN
    return Field("\n".join(text.strip() for text in texts if text.strip())[:MAX_TEXT], status)


def loose_texts(nodes: Nodes, negative: Field) -> Field:
    """Whatever the text encoders hold, where none of them could be traced: better than nothing."""
    texts: list[str] = []
    for node in nodes.values():
        inputs = node.get("inputs")
        if not isinstance(inputs, dict) or "Encode" not in str(node.get("class_type")):
            continue
        meta = node.get("_meta")
        if isinstance(meta, dict) and "negative" in str(meta.get("title")).lower():
            continue
        for name in _TEXTS:
            text = inputs.get(name)
            if isinstance(text, str) and text.strip() not in ("", negative.value):
                texts.append(text)
    return _field((list(dict.fromkeys(texts)), PARTIAL)) if texts else UNKNOWN
