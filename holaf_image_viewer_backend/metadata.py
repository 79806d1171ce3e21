"""From a file's embedded texts and sidecars to what the index keeps and the info panel shows."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import asdict, dataclass
from math import gcd
from typing import Any

from ..holaf_core import json
from . import sidecars
from .generation import FACTS, OK, UNKNOWN, Field, Generation
from .graph import is_api_graph, trace
from .graph_text import GraphCache, GraphRecord, NotAGraph, record_of
from .header import Header, text_of
from .headers import read_header
from .index_facts import NO_FACTS, IndexFacts, facts_of
from .infotext import parse_infotext, parse_json
from .media_types import FORMATS
from .other_tools import DREAM
from .sidecars import Sidecars
from .source import MAX_TEXT
from .workflow_graph import is_workflow, to_api

NONE, EMBEDDED, SIDECAR = 0, 1, 2
SOURCES = ("none", "embedded", "sidecar")
MAX_PROMPT = 200_000
# What somebody looks at may be larger than what is indexed.
MOST_SHOWN = 40 * 1024 * 1024
# What is nested deeper can be read and not written again.
DEEPEST = 200


# Not frozen: see IndexedFile.
@dataclass(slots=True)
class FileFacts:
    """What the index keeps of one file.

    pixel_key: signed 64 bits, the same for a copy with other metadata. prompt_source and
    workflow_source: 0 none, 1 embedded, 2 sidecar. graph: what is searched of its graph. made: how
    it was made, but for the seed. duration: seconds. error: why something could not be read.
    """

    format: str
    kind: str
    width: int | None
    height: int | None
    duration: float | None
    alpha: bool
    animated: bool
    pixel_key: int | None
    prompt_text: str | None
    negative_text: str | None
    prompt_source: int
    workflow_source: int
    has_workflow: bool
    has_prompt: bool
    graph: GraphRecord | None
    made: IndexFacts
    seed: int | None
    has_edit_file: bool
    tags: tuple[str, ...]
    rating: int | None
    error: str | None


@dataclass(slots=True)
class Embedded:
    """Embedded texts by what they are: raw JSON of both graphs, A1111 text, other tools' JSON."""

    prompt: bytes | None = None
    workflow: bytes | None = None
    parameters: str | None = None
    other: dict[str, Any] | None = None


def read_file(
    path: bytes | str,
    name: str,
    *,
    size: int | None = None,
    siblings: Collection[str] = (),
    edits: Collection[str] = (),
    cache: GraphCache | None = None,
) -> FileFacts:
    """The facts of one file for the index.

    name, siblings, edits: names as os.fsdecode gives them (see sidecars.find). Pass one cache per
    thread for all files. Raises FileNotFoundError for a file that vanished; what is unreadable
    gives facts with an error.
    """
    header = read_header(path, name, size)
    error = header.error
    positive = negative = graph = seed = None
    made = NO_FACTS
    prompt_source = workflow_source = NONE
    if header.texts:
        embedded = classify(header.texts)
        if embedded.workflow is not None:
            workflow_source = EMBEDDED
        if embedded.prompt is not None:
            try:
                facts = (cache or GraphCache()).read(embedded.prompt, name)
            except NotAGraph:
                error = error or "The embedded prompt is not a graph of ComfyUI."
            except (ValueError, RecursionError):
                error = error or "The embedded prompt is not valid JSON."
            else:
                positive, negative = facts.positive, facts.negative
                graph, made, seed = facts.graph, facts.facts, facts.seed
        if graph is None and embedded.workflow is not None:
            try:
                workflow = json.loads_lenient(embedded.workflow)
                nodes = to_api(workflow) if is_workflow(workflow) else {}
            except (ValueError, RecursionError):
                error = error or "The embedded workflow is not valid JSON."
            else:
                graph = record_of(nodes)
                generation = trace(nodes, name)
                made = facts_of(generation)
                seed = made.seed
                positive, negative = _text(generation.positive), _text(generation.negative)
        if positive is None:
            generation = _foreign(embedded)
            if generation is not None:
                if made == NO_FACTS:
                    made = facts_of(generation)
                    seed = made.seed
                positive, negative = _text(generation.positive), _text(generation.negative)
        if positive:
            prompt_source = EMBEDDED
    tags: tuple[str, ...] = ()
    rating = None
    if header.xmp:
        found, rating = sidecars.parse_xmp(header.xmp)
        tags = tuple(found)
    beside = sidecars.find(name, siblings, edits) if siblings or edits else sidecars.NONE
    if beside is not sidecars.NONE:
        folder = os.path.dirname(os.fsdecode(path))  # noqa: PTH120
        if beside.xmp:
            found, beside_rating = sidecars.parse_xmp(sidecars.read_text(folder, beside.xmp) or "")
            tags = tuple(dict.fromkeys((*found, *tags)))
            rating = beside_rating if beside_rating is not None else rating
        text = sidecars.read_text(folder, beside.prompt) if beside.prompt else None
        if text:
            generation = parse_infotext(text)
            positive = _text(generation.positive) if generation else text
            negative = _text(generation.negative) if generation else negative
            prompt_source = SIDECAR
            if generation and made == NO_FACTS:
                made = facts_of(generation)
                seed = made.seed
        found_beside = _sidecar_graph(folder, beside)
        if found_beside is not None:
            workflow, nodes = found_beside
            if workflow is not None:
                workflow_source = SIDECAR
            graph = record_of(nodes)
            generation = trace(nodes, name)
            if made == NO_FACTS:
                made = facts_of(generation)
                seed = made.seed
            if not positive:
                positive, negative = _text(generation.positive), _text(generation.negative)
                prompt_source = SIDECAR if positive else NONE
    return FileFacts(
        header.format,
        FORMATS[header.format][0],
        header.width,
        header.height,
        header.duration,
        header.alpha,
        header.animated,
        header.pixel_key,
        positive[:MAX_PROMPT] if positive else None,
        negative[:MAX_PROMPT] if negative else None,
        prompt_source,
        workflow_source,
        workflow_source != NONE,
        bool(positive),
        graph,
        made,
        seed,
        beside.edit is not None,
        tags,
        rating,
        error,
    )


def _text(field: Field) -> str | None:
    return field.value if isinstance(field.value, str) and field.value else None


# -- embedded texts ----------------------------------------------------------------------------


def classify(texts: dict[str, bytes | str]) -> Embedded:
    """Sort embedded texts into what they are, whatever key a format or tool gave them."""
    found = Embedded()
    novel = None
    for key, value in texts.items():
        name = key.lower()
        if name == "prompt":
            if _starts_json(value):
                found.prompt = _bytes(value)
            elif found.parameters is None:
                found.parameters = text_of(value)
        elif name == "workflow":
            if _starts_json(value):
                found.workflow = _bytes(value)
        elif name == "parameters":
            if _starts_json(value):
                found.other = _object(value) or found.other
            else:
                found.parameters = text_of(value)
        elif name in (
            "comment",
            "usercomment",
            "description",
            "imagedescription",
            "generation_data",
        ):
            _take_comment(found, value)
        elif name in ("invokeai_metadata", "sd-metadata", "fooocus_metadata"):
            found.other = _object(value) or found.other
        elif name == "dream":
            found.other = found.other or {DREAM: text_of(value)}
        elif name == "software" and b"NovelAI" in _bytes(value):
            novel = True
    if novel and found.other is not None:
        # The model, and in old versions the prompt, have chunks of their own.
        for key, chunk in (("Source", "Source"), ("prompt", "Description")):
            if key not in found.other and chunk in texts:
                found.other[key] = text_of(texts[chunk])
    return found


def _take_comment(found: Embedded, value: bytes | str) -> None:
    """A comment may be a text, A1111's text, or JSON with one or both graphs inside."""
    if not _starts_json(value):
        text = text_of(value)
        if found.parameters is None and ("Steps:" in text or "Negative prompt:" in text):
            found.parameters = text
        return
    data = _object(value)
    if data is None:
        return
    if is_api_graph(data):
        found.prompt = found.prompt or _bytes(value)
        return
    if is_workflow(data):
        found.workflow = found.workflow or _bytes(value)
        return
    taken = False
    for name in ("prompt", "workflow"):
        inner = data.get(name)
        # VideoHelperSuite writes the graphs as JSON inside the JSON.
        raw = inner if isinstance(inner, str) else json.dumps(inner) if inner else ""
        if _starts_json(raw) and isinstance(_object(raw), dict):
            taken = True
            if getattr(found, name) is None:
                setattr(found, name, _bytes(raw))
    if not taken:
        found.other = data


def _starts_json(value: bytes | str) -> bool:
    start = value[:16].lstrip()
    return start[:1] in (b"{", "{") and len(value) > 2


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "replace")


def _object(value: bytes | str) -> dict[str, Any] | None:
    try:
        data = json.loads_lenient(value)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and not json.nested_deeper(data, DEEPEST) else None


def _foreign(embedded: Embedded) -> Generation | None:
    """What another tool than ComfyUI wrote."""
    if embedded.parameters:
        generation = parse_infotext(embedded.parameters)
        if generation is not None:
            return generation
        return Generation(Field(embedded.parameters, "partial"), tool="unknown")
    return parse_json(embedded.other) if embedded.other else None


def _sidecar_graph(folder: str, beside: Sidecars) -> tuple[Any, Any] | None:
    """(workflow or None, API graph) of a `.json` sidecar: either format, or both in one object."""
    text = sidecars.read_text(folder, beside.workflow) if beside.workflow else None
    data = _object(text) if text else None
    if data is None:
        return None
    if is_api_graph(data):
        return None, data
    if is_workflow(data):
        return data, to_api(data)
    workflow, prompt = data.get("workflow"), data.get("prompt")
    workflow = workflow if is_workflow(workflow) else None
    if is_api_graph(prompt):
        return workflow, prompt
    return (workflow, to_api(workflow)) if workflow else None


# -- for the info panel ------------------------------------------------------------------------


def read_metadata(path: str, name: str | None = None) -> dict[str, Any]:
    """Everything GET /holaf/images/metadata says about one file (shape: compat.md).

    Raises FileNotFoundError. Broken metadata gives `metadata_error`, never an exception.
    """
    name = name or os.path.basename(path)  # noqa: PTH119
    header = read_header(path, name, most_text=MOST_SHOWN)
    folder = os.path.dirname(path)  # noqa: PTH120
    beside = sidecars.find(name, *sidecars.names_beside(path))
    embedded = classify(header.texts)
    error = header.error
    prompt_graph, prompt_error = _parsed(embedded.prompt, "prompt")
    workflow, workflow_error = _parsed(embedded.workflow, "workflow")
    error = error or prompt_error or workflow_error
    workflow_source = EMBEDDED if workflow is not None else NONE
    if prompt_graph is not None and not is_api_graph(prompt_graph):
        error = error or "The embedded prompt is not a graph of ComfyUI."
    beside_graph = _sidecar_graph(folder, beside)
    nodes = prompt_graph if is_api_graph(prompt_graph) else None
    if beside_graph is not None:
        if beside_graph[0] is not None:
            workflow, workflow_source = beside_graph[0], SIDECAR
        elif prompt_graph is None:
            prompt_graph = beside_graph[1]
        nodes = nodes or beside_graph[1]
    if nodes is None and workflow is not None and is_workflow(workflow):
        nodes = to_api(workflow)
    size = header.width, header.height
    generation = trace(nodes, name, size=size) if nodes else _foreign(embedded)
    if generation is None or (generation.positive == UNKNOWN and not generation.samplers):
        generation = _foreign(embedded) or generation or Generation()
    positive, negative = generation.positive, generation.negative
    prompt_source = EMBEDDED if _text(positive) else NONE
    if prompt_source and beside_graph is not None and embedded.prompt is None and not header.texts:
        prompt_source = SIDECAR
    text = sidecars.read_text(folder, beside.prompt) if beside.prompt else None
    if text:
        parsed = parse_infotext(text)
        positive = parsed.positive if parsed else Field(text, OK)
        negative = parsed.negative if parsed else negative
        prompt_source = SIDECAR
        if parsed and not generation.facts:
            generation = parsed
    tags, rating = sidecars.parse_xmp(header.xmp) if header.xmp else ([], None)
    if beside.xmp:
        more, beside_rating = sidecars.parse_xmp(sidecars.read_text(folder, beside.xmp) or "")
        tags = list(dict.fromkeys((*more, *tags)))
        rating = beside_rating if beside_rating is not None else rating
    return {
        "prompt": _text(positive),
        "prompt_status": positive.status,
        "negative_prompt": _text(negative),
        "negative_prompt_status": negative.status,
        "prompt_graph": prompt_graph,
        "workflow": workflow,
        # What of it a canvas can load.
        "graph": _loadable(embedded, workflow, prompt_graph),
        "nodes": len(workflow["nodes"]) if workflow and is_workflow(workflow) else None,
        # Bytes of each embedded text.
        "stored": {key: len(value) for key, value in header.texts.items()},
        "prompt_source": SOURCES[prompt_source],
        "workflow_source": SOURCES[workflow_source],
        "facts": {key: asdict(generation.fact(key)) for key in FACTS},
        "samplers": [
            {key: asdict(field) for key, field in each.items()} for each in generation.samplers
        ],
        "tool": generation.tool if _text(positive) or generation.facts else None,
        "format": header.format,
        "kind": FORMATS[header.format][0],
        "width": header.width,
        "height": header.height,
        "ratio": ratio(header.width, header.height),
        "duration": header.duration,
        "alpha": header.alpha,
        "animated": header.animated,
        "tags": tags,
        "rating": rating,
        "sidecars": {key: value for key, value in asdict(beside).items() if value is not None},
        "metadata_error": error,
    }


def _loadable(embedded: Embedded, workflow: Any, prompt_graph: Any) -> str | None:
    """ "workflow" (the canvas's own format), "prompt" (what is queued), or None."""
    if is_workflow(workflow) or len(embedded.workflow or b"") > MAX_TEXT:
        return "workflow"
    if is_api_graph(prompt_graph) or len(embedded.prompt or b"") > MAX_TEXT:
        return "prompt"
    return None


def _parsed(raw: bytes | None, what: str) -> tuple[Any, str | None]:
    if raw is None:
        return None, None
    if len(raw) > MAX_TEXT:
        return None, f"The embedded {what} of {len(raw) >> 20} MB is too large to be followed."
    try:
        data = json.loads_lenient(raw)
    except (ValueError, RecursionError):
        return None, f"The embedded {what} is not valid JSON."
    if json.nested_deeper(data, DEEPEST):
        return None, f"The embedded {what} is nested too deeply to be shown."
    return data, None


def ratio(width: int | None, height: int | None) -> str | None:
    """ "16:9" of a size; sizes that reduce to nothing short are given as "1.37:1"."""
    if not width or not height:
        return None
    divisor = gcd(width, height)
    across, down = width // divisor, height // divisor
    return f"{across}:{down}" if max(across, down) <= 50 else f"{width / height:.2f}:1"


def raw_texts(path: str, name: str | None = None) -> dict[str, str]:
    """The embedded texts unchanged, by their keys, for `?raw=1`. Raises FileNotFoundError."""
    name = name or os.path.basename(path)  # noqa: PTH119
    header: Header = read_header(path, name, most_text=MOST_SHOWN)
    texts = {key: text_of(value) for key, value in header.texts.items()}
    embedded = classify(header.texts)
    for key in ("prompt", "workflow"):
        value = getattr(embedded, key)
        if value is not None:
            texts.setdefault(key, text_of(value))
    if header.xmp:
        texts.setdefault("xmp", text_of(header.xmp))
    return texts
