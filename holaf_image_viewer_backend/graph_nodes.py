"""An API graph and how to ask it: links, switches, and values that come through primitives."""

from __future__ import annotations

import re
from typing import Any

from .generation import MISSING, OK, PARTIAL, UNKNOWN, Field, number, seed_text, worse

Nodes = dict[str, dict[str, Any]]
Link = list[Any]
Choice = tuple[Any, str]
MAX_DEPTH = 100
MAX_STEPS = 4_000

_NUMBERS = ("value", "seed", "noise_seed", "int", "float", "number", "Number", "Value", "INT")
_SLOT_NUMBER = re.compile(r"(\d+)$")
_CHOICE = ("select", "index", "Input", "input_index", "selected", "choice")
_TRUTH = ("boolean", "switch", "condition", "bool", "boolean_value", "use_true")
_SETTINGS = frozenset(
    (
        "seed",
        "noise_seed",
        "seed_num",
        "steps",
        "cfg",
        "sampler_name",
        "scheduler",
        "denoise",
        "width",
        "height",
        "batch_size",
        "steps_total",
        "refiner_step",
    )
)
DECIDING = frozenset(_CHOICE + _TRUTH)
_ANY_SWITCH = ("Any Switch (rgthree)", "Context Switch (rgthree)", "Context Switch Big (rgthree)")
PIPES = ("pipe", "basic_pipe", "context", "base_ctx", "ctx", "ctx_01", "sdxl_pipe", "base_pipe")


def is_api_graph(value: Any) -> bool:
    """Whether this is ComfyUI's API format: {id: {class_type, inputs}}."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(node, dict) for node in value.values())
        and any("class_type" in node for node in value.values())
    )


class Graph:
    """One API graph. Links are [id, output]; ids are str."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self._steps = 0

    def exhausted(self) -> bool:
        """True once a graph has asked for too many steps: joins of joins grow without bound."""
        self._steps += 1
        return self._steps > MAX_STEPS

    def inputs(self, node_id: str) -> dict[str, Any]:
        node = self.nodes.get(node_id)
        inputs = node.get("inputs") if node else None
        return inputs if type(inputs) is dict else {}

    def kind(self, node_id: str) -> str:
        kind = self.nodes[node_id].get("class_type")
        return kind if type(kind) is str else ""

    def link(self, value: Any) -> Link | None:
        """[id, slot] where `value` is a link to a node that exists."""
        if type(value) is list and len(value) == 2 and type(value[1]) is int:
            target = value[0]
            if type(target) is str:
                return value if target in self.nodes else None
            target = str(target)
            if target in self.nodes:
                return [target, value[1]]
        return None

    def links(self, inputs: dict[str, Any]) -> list[tuple[str, Link]]:
        found = []
        for name, value in inputs.items():
            if type(value) is list:
                link = self.link(value)
                if link:
                    found.append((name, link))
        return found

    def first_link(self, inputs: dict[str, Any], names: tuple[str, ...]) -> Link | None:
        for name in names:
            if name in inputs:
                link = self.link(inputs[name])
                if link:
                    return link
        return None

    def only(self, inputs: dict[str, Any]) -> Link | None:
        links = self.links(inputs)
        return links[0][1] if len(links) == 1 else None

    def chosen(self, node_id: str, inputs: dict[str, Any], depth: int = 0) -> Choice | None:
        """What a switch passes on (a link, a literal or None) and how sure; None: no switch."""
        node = self.nodes[node_id]
        kind = node.get("class_type")
        named = type(kind) is str and "witch" in kind
        if not named and DECIDING.isdisjoint(inputs):
            return None
        links = [each for each in self.links(inputs) if each[0] not in DECIDING]
        if kind in _ANY_SWITCH:
            return (links[0][1], OK) if links else None
        for name in _CHOICE:
            if name not in inputs:
                continue
            value, status = self.scalar(inputs[name], name, depth + 1)
            if type(value) is int:
                for key, link in links:
                    match = _SLOT_NUMBER.search(key)
                    if match and int(match[1]) == value:
                        return link, status
                if named:
                    return (links[0][1], PARTIAL) if links else (None, MISSING)
        for name in _TRUTH:
            if name not in inputs:
                continue
            value, status = self.scalar(inputs[name], name, depth + 1)
            sides = [key for key in inputs if key.endswith(("true", "false")) and key != name]
            if type(value) is bool and sides:
                for key in sides:
                    if key.endswith("true" if value else "false"):
                        return inputs[key], status
                return None, MISSING
            if sides:
                # What decides is only known at run time.
                return inputs[sides[0]], PARTIAL
        if named and links:
            return links[0][1], OK if len(links) == 1 else PARTIAL
        return None

    def chosen_link(self, node_id: str, inputs: dict[str, Any]) -> tuple[Link | None, str]:
        """The link that a switch passes on, and how sure that is; (None, ok) for other nodes."""
        choice = self.chosen(node_id, inputs)
        if choice is None:
            return None, OK
        return self.link(choice[0]), choice[1]

    def through(self, link: Link) -> str:
        """The node that a link leads to behind switches."""
        for _ in range(MAX_DEPTH):
            further = self.chosen_link(link[0], self.inputs(link[0]))[0]
            if further is None:
                break
            link = further
        return link[0]

    def scalar(self, value: Any, name: str, depth: int) -> tuple[Any, str]:
        """A literal, or the literal that a link leads to through primitives and switches."""
        if type(value) is not list:
            if type(value) is dict:
                value = value.get("content")
            return (None, MISSING) if value is None or type(value) is dict else (value, OK)
        link = self.link(value)
        if link is None or depth > MAX_DEPTH or self.exhausted():
            return None, MISSING
        inputs = self.inputs(link[0])
        choice = self.chosen(link[0], inputs, depth)
        if choice is not None:
            if choice[0] is None:
                return None, MISSING
            found, status = self.scalar(choice[0], name, depth + 1)
            return found, worse(status, choice[1]) if status != MISSING else MISSING
        if name in inputs:
            found, status = self.scalar(inputs[name], name, depth + 1)
            return found, status if len(inputs) == 1 or status != OK else self._same(inputs, name)
        links = self.links(inputs)
        literals = [key for key, item in inputs.items() if type(item) not in (list, dict)]
        if len(links) == 1 and not literals:
            return self.scalar(links[0][1], name, depth + 1)
        if not links and len(literals) == 1:
            return inputs[literals[0]], OK
        if not links:
            for key in _NUMBERS:
                if key in literals:
                    return inputs[key], OK if len(literals) <= 2 else PARTIAL
        pipe = self.first_link(inputs, PIPES)
        return self.scalar(pipe, name, depth + 1) if pipe else (None, MISSING)

    def _same(self, inputs: dict[str, Any], name: str) -> str:
        """How sure it is that an output carries the input of the same name: no slot says so."""
        if name not in _SETTINGS:
            return PARTIAL
        # A number beside it that is no setting may be an offset or a factor.
        others = (key for key in inputs if key not in _SETTINGS)
        return PARTIAL if any(type(inputs[key]) in (int, float) for key in others) else OK

    def number(self, inputs: dict[str, Any], names: tuple[str, ...], kind: type = float) -> Field:
        for name in names:
            if name in inputs:
                value, status = self.scalar(inputs[name], name, 0)
                result = number(value, kind)
                return Field(result, status) if result is not None else UNKNOWN
        return UNKNOWN

    def seed(self, inputs: dict[str, Any]) -> Field:
        for name in ("noise_seed", "seed", "seed_num"):
            if name in inputs:
                value, status = self.scalar(inputs[name], name, 0)
                result = seed_text(value)
                # A negative one asks for a new seed at each run: what was used is not here.
                if result is None or result.startswith("-"):
                    return UNKNOWN
                return Field(result, status)
        return UNKNOWN

    def word(self, inputs: dict[str, Any], names: tuple[str, ...]) -> Field:
        for name in names:
            if name in inputs:
                value, status = self.scalar(inputs[name], name, 0)
                if isinstance(value, str) and value:
                    # A list of several: which of them it was is not said.
                    return Field(value, PARTIAL if "," in value or "\n" in value else status)
        return UNKNOWN

    def is_sampler(self, node_id: str, inputs: dict[str, Any]) -> bool:
        if "steps" in inputs or "sigmas" in inputs or "sampler_name" in inputs or "cfg" in inputs:
            if "positive" in inputs and (
                "model" in inputs or "latent_image" in inputs or "image" in inputs
            ):
                return True
            if "guider" in inputs:
                return True
            if "text_embeds" in inputs and "model" in inputs:
                return True
        kind = self.kind(node_id)
        if "ampler" in kind:
            if self.first_link(inputs, PIPES) and "Pre" not in kind and "pre" not in kind:
                return True
            if "model" in inputs and ("steps" in inputs or "seed" in inputs):
                return self.link(inputs["model"]) is not None
        # Nodes that call a service: a prompt, and neither a text encoder nor a model of one's own.
        return (
            "prompt" in inputs
            and "clip" not in inputs
            and ("seed" in inputs or "model" in inputs or "negative_prompt" in inputs)
            and self.link(inputs.get("model")) is None
            and "Encode" not in kind
        )
