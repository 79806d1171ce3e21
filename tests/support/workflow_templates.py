"""Reads the parameters of ComfyUI's own workflow templates: graphs by others, as the editor saves.

They carry no API graph and nothing says what inputs a node has (`/object_info` of their nodes is
not here), so this is what a picture is read by whose prompt graph was stripped.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holaf.holaf_image_viewer_backend.generation import MISSING, OK
from holaf.holaf_image_viewer_backend.graph import is_api_graph, trace
from holaf.holaf_image_viewer_backend.graph_prompts import loose_texts
from holaf.holaf_image_viewer_backend.graph_words import record_of
from holaf.holaf_image_viewer_backend.index_facts import facts_of
from holaf.holaf_image_viewer_backend.workflow_graph import is_workflow, to_api

PACKAGE = "comfyui_workflow_templates_json"


@dataclass(frozen=True)
class Traced:
    """kind: "ui", "api" or "" (no graph). encodes: it has a text encoder and a sampler. found: a
    positive prompt was reached by links from what was saved; certain: and can be no other."""

    name: str
    kind: str
    encodes: bool = False
    found: bool = False
    certain: bool = False
    failed: str = ""


def files() -> list[Path]:
    """All templates; none where the package is not installed."""
    package = importlib.util.find_spec(PACKAGE)
    folders = (package and package.submodule_search_locations) or ()
    return sorted(path for each in folders for path in Path(each, "templates").glob("*.json"))


def traced(path: Path) -> Traced:
    graph = json.loads(path.read_bytes())
    kind = "ui" if is_workflow(graph) else "api" if is_api_graph(graph) else ""
    try:
        nodes = to_api(graph) if kind == "ui" else graph if kind == "api" else {}
        generation = trace(nodes)
        record_of(nodes)
        facts_of(generation)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return Traced(path.stem, kind, failed=repr(error))
    positive = generation.positive
    # What no link led to is only what all encoders hold.
    guessed = positive == loose_texts(nodes, generation.negative)
    found = positive.status != MISSING and bool(positive.value) and not guessed
    encodes = kind == "ui" and has_encoder_and_sampler(graph)
    return Traced(path.stem, kind, encodes, found, found and positive.status == OK)


def has_encoder_and_sampler(graph: dict[str, Any]) -> bool:
    """By what goes in and out of its nodes, in sub-graphs too; the tracer has no say in it."""
    encoder = sampler = False
    for node in all_nodes(graph):
        given, made = types(node.get("inputs")), types(node.get("outputs"))
        encoder |= "CLIP" in given and "CONDITIONING" in made
        sampler |= "LATENT" in made and ("GUIDER" in given or {"MODEL", "CONDITIONING"} <= given)
    return encoder and sampler


def all_nodes(graph: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from graph["nodes"]
    for each in (graph.get("definitions") or {}).get("subgraphs") or ():
        yield from each["nodes"]


def types(slots: Any) -> set[str]:
    return {str(slot.get("type")) for slot in slots or () if isinstance(slot, dict)}
