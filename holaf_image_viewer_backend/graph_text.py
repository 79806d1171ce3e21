"""What the index keeps of a file's graph, read with as little work as the graphs before allow.

Most files of a library come from few graphs that differ in their seeds and prompts, and most of the
others differ from one met before in a few widgets.
"""

from __future__ import annotations

from ..holaf_core import json
from .graph import Nodes, is_api_graph, outputs, trace
from .graph_pieces import Pieces, as_nodes
from .graph_plans import GraphFacts, Plans, text_of_field
from .graph_templates import Template, template_of
from .graph_words import GraphRecord, record_of, record_of_words
from .graph_words import describe as describe
from .index_facts import facts_of

# Graphs that begin, end and count alike are few; more than this is a library where none recurs,
# and trying them all takes as long as reading the graph.
MAX_ALIKE = 48

# What a record, a plan and the like take beside their texts, roughly.
_OVERHEAD = 3_000


class NotAGraph(ValueError):
    """JSON, but not ComfyUI's API graph."""


class GraphCache:
    """Graphs met lately. Belongs to one thread; `max_bytes` bounds the JSON that it keeps.

    A file of a graph that was met twice is recognised by comparing it with templates that begin and
    end alike and have as many nodes, the one that was met last first: files of one graph mostly lie
    together. Of any other only the nodes that are new are read, and it is traced only if none with
    the same links was. `misses` counts those that were traced.
    """

    def __init__(self, max_bytes: int = 8 * 1024 * 1024) -> None:
        self._limit = max_bytes
        self.hits = 0
        self.misses = 0
        self._forget()

    def _forget(self) -> None:
        self._bytes = 0
        self._templates: dict[bytes, list[Template]] = {}
        self._pieces = Pieces()
        self._plans = Plans()
        self._records: dict[tuple[int, ...], GraphRecord] = {}
        self._once: set[int] = set()

    @property
    def bytes(self) -> int:
        """What it keeps, roughly."""
        return self._bytes + self._pieces.bytes + self._plans.bytes

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
        if self.bytes > self._limit:
            # Nodes are soon read again; what traces taught takes ten times as long to learn.
            self._pieces.forget()
            if self.bytes > self._limit * 3 // 4:
                self._forget()
        pieces = self._pieces.of(raw)
        if pieces is None:
            nodes = json.loads_lenient(raw)
            if not is_api_graph(nodes):
                raise NotAGraph
            record = record_of(nodes)
            again = self._was_met(hash(record.hash))
            facts, alone = self._traced(nodes, record, file_name)
            if again and alone:
                self._keep(mark, raw, facts)
            return facts
        looks = tuple([piece.look for piece in pieces])
        record = self._records.get(looks)
        again = record is not None or self._was_met(hash(looks))
        if record is None:
            record = record_of_words([piece.words for piece in pieces])
            if again:
                self._records[looks] = record
                self._bytes += len(record.text) + _OVERHEAD + 8 * len(looks)
        facts = self._plans.facts(pieces, record)
        alone = True
        if facts is None:
            facts, alone = self._traced(as_nodes(pieces), record, file_name)
        else:
            self.hits += 1
        if again and alone:
            self._keep(mark, raw, facts)
        return facts

    def _was_met(self, graph: int) -> bool:
        """Whether this graph comes for the second time at least: most never do."""
        if graph in self._once:
            return True
        self._once.add(graph)
        self._bytes += 100
        return False

    def _traced(
        self, nodes: Nodes, record: GraphRecord, file_name: str | None
    ) -> tuple[GraphFacts, bool]:
        """The facts, and whether they are those of any file with this graph."""
        self.misses += 1
        saved_by = outputs(nodes, None)
        alone = len(saved_by) <= 1  # else the file's name decides what made it
        generation = trace(nodes, saved_by=saved_by if alone else outputs(nodes, file_name))
        told = facts_of(generation)
        texts = text_of_field(generation.positive), text_of_field(generation.negative)
        return GraphFacts(record, told, *texts, told.seed), alone

    def _keep(self, mark: bytes, raw: bytes, facts: GraphFacts) -> None:
        if len(raw) > self._limit // 8:
            return
        template = template_of(raw, facts)
        if template is None:
            return
        alike = self._templates.setdefault(mark, [])
        alike.insert(0, template)
        self._bytes += len(raw) + _OVERHEAD
        if len(alike) > MAX_ALIKE:
            dropped = alike.pop()
            self._bytes -= sum(map(len, dropped.pieces)) + _OVERHEAD
