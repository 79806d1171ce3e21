"""How large the picture is that a link brings, as far as the graph says."""

from __future__ import annotations

import re
from typing import Any

from .generation import MISSING, OK, PARTIAL, UNKNOWN, Field, number, worse
from .graph_nodes import MAX_DEPTH, PIPES, Graph, Link

_SIDES = (
    ("width", "height"),
    ("empty_latent_width", "empty_latent_height"),
    ("target_width", "target_height"),
    ("latent_width", "latent_height"),
)
# Where a picture or latent comes into a node that changes or hands it on.
_SOURCES = (
    "samples",
    "latent_image",
    "latent",
    "latents",
    "pixels",
    "image",
    "images",
    "video_latent",
    "av_latent",
    "upscaled_image",
    "destination",
    "samples_to",
    "optional_latent",
    "input_latent",
    "image_embeds",
    "base_latent",
    "video",
)
_TEXT_SIZE = re.compile(r"(?<!\d)(\d{2,5})\s*[x\u00d7X*]\s*(\d{2,5})(?!\d)")
_TEXT_NAMES = ("resolution", "dimensions", "size", "preset", "size_selected", "dimension")
_FACTORS = ("scale_by", "upscale_by", "upscale_factor", "rescale_factor")
# Settings that turn, swap or multiply what the numbers say.
_DOUBTS = ("aspect_ratio", "orientation", "swap_dimensions", "ratio", "megapixels", "direction")


def size_behind(graph: Graph, link: Link | None) -> Field:
    """[width, height] of what comes through a link to a latent or picture."""
    scale = 1.0
    rounding = 1
    sure = OK
    for _ in range(MAX_DEPTH):
        if not link or graph.exhausted():
            return UNKNOWN
        node_id = link[0]
        inputs = graph.inputs(node_id)
        choice = graph.chosen(node_id, inputs)
        if choice is not None:
            sure = worse(sure, choice[1])
            link = graph.link(choice[0])
            continue
        named = _by_text(inputs)
        if named is not None:
            return _scaled(Field(named, sure), scale, rounding)
        kind = graph.kind(node_id)
        for across, down in _SIDES:
            # An encoder's own numbers tell the model a size; they make none.
            if across in inputs and down in inputs and "TextEncode" not in kind:
                found = _numbers(graph, inputs, across, down, sure)
                return _scaled(found, scale, rounding) if found.value else UNKNOWN
        further = graph.first_link(inputs, _SOURCES) or graph.first_link(inputs, PIPES)
        if further is None or _changes(kind):
            return UNKNOWN
        for name in _FACTORS:
            if name in inputs:
                factor = number(graph.scalar(inputs[name], name, 0)[0])
                if not factor or factor < 0:
                    return UNKNOWN
                scale *= factor
                # Latents have a cell for eight pixels.
                rounding = 8 if "samples" in inputs else 1
        link = further
    return UNKNOWN


def _changes(kind: str) -> bool:
    """Nodes whose result has another size that no number of theirs says."""
    if kind.startswith(("ImageUpscaleWithModel", "UpscaleModel")):
        return True
    return any(mark in kind for mark in ("Pad", "Rotate", "Resize", "ScaleTo", "Crop", "Stitch"))


def _numbers(graph: Graph, inputs: dict[str, Any], across: str, down: str, sure: str) -> Field:
    sides = []
    for name in (across, down):
        value, status = graph.scalar(inputs[name], name.rpartition("_")[2], 0)
        side = number(value, int)
        if not side or side < 0 or status == MISSING:
            return UNKNOWN
        sure = worse(sure, status)
        sides.append(side)
    if any(name in inputs and inputs[name] not in (False, "Off", "disabled") for name in _DOUBTS):
        sure = PARTIAL
    return Field(sides, sure)


def _by_text(inputs: dict[str, Any]) -> list[int] | None:
    """The size that a choice such as "832 x 1216 (2:3)" names, with its overrides."""
    for name in _TEXT_NAMES:
        value = inputs.get(name)
        match = _TEXT_SIZE.search(value) if type(value) is str else None
        if match:
            sides = [int(match[1]), int(match[2])]
            for at, override in enumerate(("width_override", "height_override")):
                given = inputs.get(override)
                if type(given) is int and given > 0:
                    sides[at] = given
            return sides
    return None


def _scaled(found: Field, scale: float, rounding: int) -> Field:
    if scale == 1.0 or found.status == MISSING:
        return found
    cells = [round(side / rounding * scale) * rounding for side in found.value]
    return Field(cells, found.status)
