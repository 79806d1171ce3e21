"""What tracing a graph gave, for all that differ from it only in values which a trace hands on.

A plan is learnt by tracing a graph twice: as it is, and with a mark of its own in place of each
free value (see `graph_pieces.role_of`). Where a mark comes out, the value of any such graph would.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .generation import OK, Field, Generation
from .graph import outputs, trace
from .graph_nodes import DECIDING
from .graph_pieces import Nodes, Piece, as_nodes
from .graph_strings import REWRITERS
from .graph_words import GraphRecord
from .index_facts import IndexFacts, facts_of

# Where a free value lies: the place of its node in the graph, and the name of the input.
Source = tuple[int, str]
_VALUES = ("model", "vae", "sampler", "scheduler", "steps", "cfg", "denoise", "seed")
_MOST_FREE = 400
_REWRITERS = tuple(mark.strip(b'"').decode() for mark in REWRITERS)


@dataclass(slots=True)
class GraphFacts:
    """What the index keeps of a file with an API graph.

    seed: the file's own. That of `facts` may be of the file that the graph was learnt from.
    """

    graph: GraphRecord
    facts: IndexFacts
    positive: str | None
    negative: str | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """`known` holds of every graph of this plan but for what `sources` and `texts` say otherwise.

    strengths: for each LoRA where its two strengths come from, None where they are as known.
    """

    known: IndexFacts
    texts: tuple[str | Source | None, str | Source | None]
    sources: tuple[tuple[str, Source], ...]
    strengths: tuple[tuple[Source | None, Source | None], ...] | None

    def facts(self, pieces: Sequence[Piece], graph: GraphRecord) -> GraphFacts:
        positive, negative = [_text(pieces, text) for text in self.texts]
        facts = self.known
        if self.sources or self.strengths:
            given = {name: _at(pieces, source) for name, source in self.sources}
            loras = facts.loras
            if self.strengths is not None and loras is not None:
                loras = tuple(
                    [
                        (name, _either(pieces, source, model), _either(pieces, other, clip))
                        for (name, model, clip), (source, other) in zip(
                            loras, self.strengths, strict=True
                        )
                    ]
                )
            cfg, denoise = given.get("cfg", facts.cfg), given.get("denoise", facts.denoise)
            facts = IndexFacts(
                facts.model,
                facts.vae,
                facts.sampler,
                facts.scheduler,
                given.get("steps", facts.steps),
                None if cfg is None else float(cfg),
                None if denoise is None else float(denoise),
                given.get("seed", facts.seed),
                loras,
            )
        return GraphFacts(graph, facts, positive, negative, facts.seed)


def _at(pieces: Sequence[Piece], source: Source) -> Any:
    return pieces[source[0]].node["inputs"][source[1]]


def _text(pieces: Sequence[Piece], text: str | Source | None) -> str | None:
    return _at(pieces, text).strip() if isinstance(text, tuple) else text


def _either(pieces: Sequence[Piece], source: Source | None, known: float | None) -> float | None:
    return known if source is None else float(_at(pieces, source))


class Plans:
    """Belongs to one thread. bytes: what it keeps, roughly."""

    def __init__(self) -> None:
        # The places of the nodes that a trace may look at; () where there can be no plan.
        self._reached: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._plans: dict[tuple[int, ...], Plan | None] = {}
        self._once: set[tuple[int, ...]] = set()
        self.bytes = 0

    def facts(self, pieces: Sequence[Piece], graph: GraphRecord) -> GraphFacts | None:
        """The facts of a graph; None where it must be traced.

        A plan is made of the second graph of its kind: most kinds of others never come again.
        """
        wires = tuple([piece.wiring for piece in pieces])
        reached = self._reached.get(wires)
        if reached is None:
            reached = self._reached[wires] = _reached(pieces)
            self.bytes += 200 + 8 * len(wires) + 40 * len(reached)
        if not reached:
            return None
        key = (*wires, *[pieces[at].bare for at in reached])
        if key not in self._plans:
            if key not in self._once:
                self._once.add(key)
                self.bytes += 200 + 8 * len(key)
                return None
            self._plans[key] = _learnt(pieces, reached)
            self.bytes += 2_000
        plan = self._plans[key]
        return plan.facts(pieces, graph) if plan else None


def _reached(pieces: Sequence[Piece]) -> tuple[int, ...]:
    """The places of the node that saved the file and of all above it. Empty where several may have
    saved it, or where a value may decide which way a trace goes, or is changed on the way."""
    nodes = as_nodes(pieces)
    saved_by = outputs(nodes, None)
    if len(saved_by) != 1 or len(nodes) != len(pieces):
        return ()
    waiting, found = saved_by, set(saved_by)
    while waiting:
        node = nodes[waiting.pop()]
        if any(mark in node["class_type"] for mark in _REWRITERS):
            return ()
        for name, value in node["inputs"].items():
            if type(value) is not list or not value:
                continue
            if name in DECIDING:
                return ()
            target = str(value[0])
            if target in nodes and target not in found:
                found.add(target)
                waiting.append(target)
    return tuple([at for at, piece in enumerate(pieces) if piece.id in found])


def _learnt(pieces: Sequence[Piece], reached: Sequence[int]) -> Plan | None:
    nodes = as_nodes(pieces)
    marked, marks = _marked(pieces, reached)
    if len(marks) > _MOST_FREE:
        return None
    saved_by = outputs(nodes, None)
    traced, like = trace(nodes, saved_by=saved_by), trace(marked, saved_by=saved_by)
    if traced.positive.status != OK:
        # A text that was not traced may be that of any node.
        return None
    known, other = facts_of(traced), facts_of(like)
    digits, _ = _marked(pieces, reached, text="1")
    if facts_of(trace(digits, saved_by=saved_by)) != other:
        # A text that is linked to where a number belongs counts only if it is one.
        return None
    texts = []
    for one, two in ((traced.positive, like.positive), (traced.negative, like.negative)):
        text, mark = text_of_field(one), text_of_field(two)
        if text != mark and mark not in marks:
            return None
        texts.append(marks.get(mark, text))
    sources = []
    for name in _VALUES:
        value, mark = getattr(known, name), getattr(other, name)
        if mark in marks and type(mark) is not str:
            sources.append((name, marks[mark]))
        elif value != mark:
            return None
    plan = Plan(known, tuple(texts), tuple(sources), None)  # type: ignore[arg-type]
    if known.loras:
        strengths = _strengths(known, other, marks)
        if strengths is None:
            return None
        if any(each != (None, None) for each in strengths):
            plan = Plan(known, plan.texts, plan.sources, strengths)
    elif known.loras != other.loras:
        return None
    return plan if _agrees(plan, pieces, traced) else None


def _agrees(plan: Plan, pieces: Sequence[Piece], traced: Generation) -> bool:
    nothing = GraphRecord(b"", "", b"", "", b"")
    found = plan.facts(pieces, nothing)
    texts = text_of_field(traced.positive), text_of_field(traced.negative)
    return found.facts == plan.known and (found.positive, found.negative) == texts


def _strengths(
    known: IndexFacts, other: IndexFacts, marks: dict[Any, Source]
) -> tuple[tuple[Source | None, Source | None], ...] | None:
    """None where a LoRA is named twice: whether it counts once hangs on its strengths."""
    loras, like = known.loras or (), other.loras or ()
    names = [one[0] for one in loras]
    if names != [one[0] for one in like] or len(set(names)) != len(names):
        return None
    found = []
    for one, two in zip(loras, like, strict=True):
        pair = tuple([marks.get(mark) for mark in two[1:]])
        if any(mark is None and a != b for mark, a, b in zip(pair, one[1:], two[1:], strict=True)):
            return None
        found.append(pair)
    return tuple(found)  # type: ignore[return-value]


def _marked(
    pieces: Sequence[Piece], reached: Sequence[int], text: str | None = None
) -> tuple[Nodes, dict[Any, Source]]:
    """The graph with a mark of the same kind and type in place of each free value, with `text` in
    place of each text if given."""
    nodes = as_nodes(pieces)
    marks: dict[Any, Source] = {}
    for at in reached:
        piece = pieces[at]
        if not piece.free:
            continue
        inputs = dict(piece.node["inputs"])
        for name, role in piece.free.items():
            mark = _mark(role, type(inputs[name]), len(marks))
            marks[mark] = (at, name)
            inputs[name] = text if text is not None and role == "text" else mark
        nodes[piece.id] = {**piece.node, "inputs": inputs}
    return nodes, marks


def _mark(role: str, kind: type, number: int) -> Any:
    """A value that nothing else in a graph has, within the bounds of `graph_pieces.role_of`."""
    if kind is str:
        return f"§{number}§"
    if kind is int:
        return number + {"steps": 5_000, "cfg": 5_500, "strength": 6_000, "seed": 1 << 60}[role]
    return {"denoise": 0.25, "cfg": 31.25, "strength": 7.25}[role] + math.ldexp(number, -13)


def text_of_field(field: Field) -> str | None:
    return field.value if isinstance(field.value, str) and field.value else None
