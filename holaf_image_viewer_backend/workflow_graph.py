"""Turns a workflow as the editor saves it into the API graph that it would queue.

Only files without the API graph need this. Sub-graphs are unfolded; reroutes, primitives, Set/Get
pairs, bypassed and muted nodes are resolved. A value that an instance of a sub-graph holds wins
over the one inside.
"""

from __future__ import annotations

from typing import Any

from .workflow_widgets import widget_values

MAX_NODES = 20_000
MAX_DEPTH = 16
MAX_SCOPES = 2_000
MAX_HOPS = 100
_BYPASSED, _MUTED = 4, 2
_INPUT_NODE, _OUTPUT_NODE = -10, -20
# What a link brings that leads to a muted node: not even the widget's own value counts.
_GONE: tuple[Any, ...] = ()
_SETS = ("SetNode", "easy setNode")
_GETS = ("GetNode", "easy getNode")
_NOT_QUEUED = frozenset(
    (
        "Note",
        "MarkdownNote",
        "Reroute",
        "PrimitiveNode",
        *_GETS,
        *_SETS,
        "Fast Groups Muter (rgthree)",
        "Fast Groups Bypasser (rgthree)",
        "Label (rgthree)",
    )
)


def is_workflow(value: Any) -> bool:
    """Whether this is the editor's format: a list of nodes, and links between them."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("nodes"), list)
        and ("links" in value or "version" in value or "definitions" in value)
    )


def to_api(workflow: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """{id: {class_type, inputs, _meta: {title}}}; nodes in sub-graphs have ids like "12:3"."""
    definitions: dict[str, Any] = {}
    found = workflow.get("definitions")
    if isinstance(found, dict):
        for each in _dicts(found.get("subgraphs")):
            if isinstance(each.get("id"), str):
                definitions[each["id"]] = each
    out: dict[str, dict[str, Any]] = {}
    _Scope(workflow, definitions, "", None, None, 0, [MAX_SCOPES]).write(out)
    return out


class _Scope:
    """One level of nodes: the workflow itself or an instance of a sub-graph."""

    def __init__(
        self,
        graph: dict[str, Any],
        definitions: dict[str, Any],
        prefix: str,
        parent: _Scope | None,
        instance: dict[str, Any] | None,
        depth: int,
        budget: list[int],
    ) -> None:
        self.definitions = definitions
        self.prefix = prefix
        self.parent = parent
        self.instance = instance
        self.depth = depth
        self.graph = graph
        self.nodes: dict[str, dict[str, Any]] = {}
        for node in _dicts(graph.get("nodes")):
            if isinstance(node.get("type"), str) and "id" in node:
                self.nodes[str(node["id"])] = node
        self.setters = {
            str(_first_value(node)): node_id
            for node_id, node in self.nodes.items()
            if node["type"] in _SETS
        }
        links = graph.get("links")
        self.rows: list[Any] = links if isinstance(links, list) else []
        self.links = dict(found for found in map(_link, self.rows) if found)
        # What the instance holds for the sub-graph's inputs, and for widgets of nodes in it.
        self.given: dict[str, Any] = {}
        self.overrides: dict[str, dict[str, Any]] = {}
        if instance is not None:
            self._take_outer_values(instance)
        self.inner: dict[str, _Scope] = {}
        for node_id, node in self.nodes.items():
            if node["type"] in definitions and node.get("mode") != _BYPASSED:
                # A definition may hold instances of another that hold instances of another.
                budget[0] -= 1
                if depth >= MAX_DEPTH or budget[0] < 0:
                    continue
                self.inner[node_id] = _Scope(
                    definitions[node["type"]],
                    definitions,
                    f"{prefix}{node_id}:",
                    self,
                    node,
                    depth + 1,
                    budget,
                )

    def write(self, out: dict[str, dict[str, Any]]) -> None:
        for node_id, node in self.nodes.items():
            if node.get("mode") in (_BYPASSED, _MUTED) or len(out) > MAX_NODES:
                continue
            if node_id in self.inner:
                self.inner[node_id].write(out)
            elif node["type"] not in _NOT_QUEUED:
                title = node.get("title")
                out[self.prefix + node_id] = {
                    "class_type": node["type"],
                    "inputs": self.inputs(node),
                    "_meta": {"title": title if isinstance(title, str) else node["type"]},
                }

    def _take_outer_values(self, instance: dict[str, Any]) -> None:
        found = widget_values(instance) if self._is_named(instance) else None
        if found is not None:
            self.given = found
            return
        values = instance.get("widgets_values")
        if not isinstance(values, list):
            return
        properties = instance.get("properties")
        shown = properties.get("proxyWidgets") if isinstance(properties, dict) else None
        if isinstance(shown, list):
            # Versions 1.28 to 1.46: the widgets in the order they are shown, each an input ("-1")
            # or one of a node inside.
            for each, value in zip(shown, values, strict=False):
                if value is None or not isinstance(each, list) or len(each) != 2:
                    continue
                node_id, name = str(each[0]), str(each[1])
                if node_id == "-1":
                    self.given[name] = value
                else:
                    self.overrides.setdefault(node_id, {})[name] = value
            return
        names = self._widget_inputs()
        if len(names) == len(values):
            pairs = zip(names, values, strict=True)
            self.given = {name: value for name, value in pairs if value is not None}

    @staticmethod
    def _is_named(instance: dict[str, Any]) -> bool:
        named = isinstance(instance.get("widgets_values_named"), dict)
        return named or isinstance(instance.get("widgets_values"), dict)

    def _widget_inputs(self) -> list[str]:
        """The sub-graph's inputs that lead to widgets, in their order."""
        targets: dict[str, list[tuple[str, int]]] = {}
        for row in self.rows:
            if isinstance(row, dict) and type(row.get("target_slot")) is int:
                target = str(row.get("target_id")), row["target_slot"]
                targets.setdefault(str(row.get("id")), []).append(target)
        names = []
        for each in _dicts(self.graph.get("inputs")):
            ids = each.get("linkIds")
            for link_id in ids if isinstance(ids, list) else ():
                if any(self._is_widget(*target) for target in targets.get(str(link_id), ())):
                    names.append(str(each.get("name")))
                    break
        return names

    def _is_widget(self, node_id: str, slot: int) -> bool:
        inputs = _dicts(self.nodes.get(node_id, {}).get("inputs"))
        return 0 <= slot < len(inputs) and isinstance(inputs[slot].get("widget"), dict)

    def inputs(self, node: dict[str, Any]) -> dict[str, Any]:
        values = widget_values(node)
        values.update(self.overrides.get(str(node["id"]), ()))
        for each in _dicts(node.get("inputs")):
            name = each.get("name")
            if not isinstance(name, str) or each.get("link") is None:
                continue
            source = self.source(each["link"], 0)
            if source is _GONE:
                values.pop(name, None)
            elif source is not None:
                values[name] = source[0]
        return values

    def source(self, link_id: Any, depth: int) -> tuple[Any, ...] | None:
        """What a link brings, as a tuple of one: [id, slot] or a literal; None for nothing."""
        link = self.links.get(str(link_id))
        if link is None or depth > MAX_HOPS:
            return None
        origin, slot = link
        if origin == str(_INPUT_NODE):
            return self.from_outside(slot, depth + 1)
        return self.output(origin, slot, depth + 1)

    def from_outside(self, slot: int, depth: int) -> tuple[Any, ...] | None:
        """What comes into a sub-graph through the input with this number."""
        if self.parent is None or self.instance is None:
            return None
        names = [each.get("name") for each in _dicts(self.graph.get("inputs"))]
        if not 0 <= slot < len(names) or not isinstance(names[slot], str):
            return None
        name = names[slot]
        for each in _dicts(self.instance.get("inputs")):
            if each.get("name") == name and each.get("link") is not None:
                found = self.parent.source(each["link"], depth)
                if found is not None:
                    return found
        own = self.parent.overrides.get(str(self.instance["id"]))
        if own and name in own:
            return (own[name],)
        return (self.given[name],) if name in self.given else None

    def output(self, node_id: str, slot: int, depth: int) -> tuple[Any, ...] | None:
        node = self.nodes.get(node_id)
        if node is None or depth > MAX_HOPS:
            return None
        if node.get("mode") == _MUTED:
            return _GONE
        kind = node["type"]
        if node.get("mode") == _BYPASSED:
            return self.bypass(node, slot, depth)
        if kind == "Reroute" or kind in _SETS:
            for each in _dicts(node.get("inputs")):
                if each.get("link") is not None:
                    return self.source(each["link"], depth)
            return None
        if kind == "PrimitiveNode":
            values = node.get("widgets_values")
            return (values[0],) if isinstance(values, list) and values else None
        if kind in _GETS:
            return self.named(_first_value(node), depth)
        inner = self.inner.get(node_id)
        if inner:
            for target, number in inner.outputs():
                if number == slot:
                    return inner.source(target, depth)
            return None
        return ([self.prefix + node_id, slot],)

    def outputs(self) -> list[tuple[str, int]]:
        """(link, number of the output) of everything that leaves this sub-graph."""
        found = []
        for each in self.rows:
            if isinstance(each, dict) and each.get("target_id") == _OUTPUT_NODE:
                found.append((str(each.get("id")), each.get("target_slot")))
            elif isinstance(each, list) and len(each) > 4 and each[3] == _OUTPUT_NODE:
                found.append((str(each[0]), each[4]))
        return found

    def named(self, name: Any, depth: int) -> tuple[Any, ...] | None:
        scope: _Scope | None = self
        while scope:
            if str(name) in scope.setters:
                return scope.output(scope.setters[str(name)], 0, depth + 1)
            scope = scope.parent
        return None

    def bypass(self, node: dict[str, Any], slot: int, depth: int) -> tuple[Any, ...] | None:
        """A bypassed node passes on its first linked input of the output's type."""
        outputs = _dicts(node.get("outputs"))
        if not 0 <= slot < len(outputs):
            return None
        wanted = outputs[slot].get("type")
        inputs = _dicts(node.get("inputs"))
        for each in inputs[slot : slot + 1] + inputs:
            if each.get("type") == wanted and each.get("link") is not None:
                return self.source(each["link"], depth)
        return None


def _link(each: Any) -> tuple[str, tuple[str, int]] | None:
    if isinstance(each, list) and len(each) >= 5 and type(each[2]) is int:
        return str(each[0]), (str(each[1]), each[2])
    if isinstance(each, dict) and type(each.get("origin_slot")) is int:
        return str(each.get("id")), (str(each.get("origin_id")), each["origin_slot"])
    return None


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _first_value(node: dict[str, Any]) -> Any:
    values = node.get("widgets_values")
    return values[0] if isinstance(values, list) and values else None
