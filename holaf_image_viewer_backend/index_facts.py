"""What the index keeps of how a file was made: single values, the shape of its graph, its widgets.

All of it is worked out once for each distinct graph, so it holds nothing that differs from file to
file but the facts themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from .generation import MISSING, Field, Generation, number

Nodes = dict[str, dict[str, Any]]
MAX_LINES = 16 * 1024
MAX_VALUE = 160
MAX_LABEL = 80
# How the names of inputs end that hold prompts: they are searched as prompts, not as the graph.
PROMPT_ENDINGS = (
    "text",
    "prompt",
    "text_g",
    "text_l",
    "clip_l",
    "t5xxl",
    "positive",
    "negative",
    "string",
)


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """Values as the graph has them; None where it does not say.

    seed: unsigned 64 bits. loras: (name, strength of the model, strength of the text encoder) in
    the order they are applied; () where there surely are none.
    """

    model: str | None = None
    vae: str | None = None
    sampler: str | None = None
    scheduler: str | None = None
    steps: int | None = None
    cfg: float | None = None
    denoise: float | None = None
    seed: int | None = None
    loras: tuple[tuple[str, float | None, float | None], ...] | None = None


NO_FACTS = IndexFacts()


def facts_of(generation: Generation) -> IndexFacts:
    """The facts of a generation that are certain, or true of a part of it."""
    fact = generation.fact
    return IndexFacts(
        model=_text(fact("checkpoint")),
        vae=_text(fact("vae")),
        sampler=_text(fact("sampler")),
        scheduler=_text(fact("scheduler")),
        steps=_steps(fact("steps")),
        cfg=_number(fact("cfg")),
        denoise=_number(fact("denoise")),
        seed=_seed(fact("seed")),
        loras=_loras(fact("loras")),
    )


def _text(field: Field) -> str | None:
    value = field.value
    return value if field.status != MISSING and isinstance(value, str) and value else None


def _steps(field: Field) -> int | None:
    value = field.value
    return value if field.status != MISSING and type(value) is int else None


def _number(field: Field) -> float | None:
    if field.status == MISSING:
        return None
    value = number(field.value)
    return None if value is None else float(value)


def _seed(field: Field) -> int | None:
    if field.status == MISSING or not isinstance(field.value, str) or len(field.value) > 20:
        return None
    try:
        seed = int(field.value)
    except ValueError:
        return None
    return seed if 0 <= seed < 1 << 64 else None


def _loras(field: Field) -> tuple[tuple[str, float | None, float | None], ...] | None:
    if field.status == MISSING or not isinstance(field.value, list):
        return None
    found: list[tuple[str, float | None, float | None]] = []
    for each in field.value:
        name = each.get("name") if isinstance(each, dict) else None
        if isinstance(name, str) and name:
            strengths = _strength(each, "strength_model"), _strength(each, "strength_clip")
            found.append((name, *strengths))
    return tuple(found)


def _strength(lora: dict[str, Any], name: str) -> float | None:
    value = number(lora.get(name))
    return None if value is None else float(value)


# -- shapes ------------------------------------------------------------------------------------

# What tells workflows apart at a glance: families of models, then what is done beside sampling.
_FAMILIES = (
    ("Qwen", "Qwen"),
    ("Wan", "Wan"),
    ("LTX", "LTX"),
    ("Hunyuan", "Hunyuan"),
    ("Flux", "Flux"),
    ("HiDream", "HiDream"),
    ("Chroma", "Chroma"),
    ("TripleCLIPLoader", "SD3"),
    ("EncodeSD3", "SD3"),
    ("SDXL", "SDXL"),
    ("Mochi", "Mochi"),
    ("Cosmos", "Cosmos"),
    ("AceStep", "ACE-Step"),
    ("StableCascade", "Cascade"),
    ("PixArt", "PixArt"),
    ("Lumina", "Lumina"),
    ("ADE_", "AnimateDiff"),
    ("SVD_", "SVD"),
)
_DEEDS = (
    ("ControlNetApply", "ControlNet"),
    ("IPAdapter", "IPAdapter"),
    ("PuLID", "PuLID"),
    ("Pulid", "PuLID"),
    ("InstantID", "InstantID"),
    ("FaceDetailer", "face detailer"),
    ("Detailer", "detailer"),
    ("ReActor", "face swap"),
    ("Inpaint", "inpaint"),
    ("Outpaint", "outpaint"),
    ("UltimateSDUpscale", "tiled upscale"),
    ("UpscaleWithModel", "upscale"),
    ("LatentUpscale", "latent upscale"),
    ("RIFE", "interpolation"),
    ("VideoCombine", "video"),
    ("CreateVideo", "video"),
    ("LoadVideo", "from video"),
    ("LoadImage", "from picture"),
    ("Audio", "audio"),
)
_DEED_WORDS = tuple(dict.fromkeys(word for _mark, word in _DEEDS))
# Nodes that nearly every graph has, or that only carry values.
_COMMON = (
    "Primitive",
    "Reroute",
    "Note",
    "Label",
    "Preview",
    "Save",
    "Load",
    "CLIP",
    "VAE",
    "UNET",
    "Unet",
    "Empty",
    "Checkpoint",
    "Conditioning",
    "Model",
    "Switch",
    "Show",
    "String",
    "Text",
    "Int",
    "Float",
    "Get",
    "Set",
    "Image",
)


def shape_of(nodes: Nodes) -> tuple[bytes, str]:
    """(hash of 16 bytes, label of at most 80 characters) of the kinds of nodes and their numbers.

    Graphs of one shape have the same nodes, whatever their widgets and links say.
    """
    kinds = [node.get("class_type") for node in nodes.values()]
    return shape_of_kinds(tuple([kind for kind in kinds if type(kind) is str and kind]))


@lru_cache(maxsize=1024)
def shape_of_kinds(every: tuple[str, ...]) -> tuple[bytes, str]:
    """The same of the kinds of all nodes, in the order of the graph."""
    kinds = Counter(every)
    line = "\n".join([f"{kind}\0{kinds[kind]}" for kind in sorted(kinds)])
    digest = blake2b(line.encode("utf-8", "replace"), digest_size=16).digest()
    return digest, _label(kinds)


def _label(kinds: Counter[str]) -> str:
    families: dict[str, None] = {}
    deeds: dict[str, None] = {}
    loras = samplers = 0
    others: list[str] = []
    for kind, count in kinds.items():
        family, deed, role = _telling(kind)
        if family:
            families[family] = None
        if deed:
            deeds[deed] = None
        if role == "lora":
            loras += count
        elif role == "sampler":
            samplers += count
        elif role == "other":
            others.append(kind)
    words = list(families)[:2]
    if loras:
        words.append("LoRA" if loras == 1 else f"{loras} LoRA")
    if samplers > 1:
        words.append(f"{samplers} passes")
    words += [word for word in _DEED_WORDS if word in deeds]
    if not words:
        # The longest names say most; the order must not hang on that of the graph.
        words = sorted(others, key=lambda kind: (-len(kind), kind))[:2] or ["text to picture"]
    total = kinds.total()
    end = "1 node" if total == 1 else f"{total} nodes"
    while words and len(" · ".join([*words, end])) > MAX_LABEL:
        words.pop()
    return " · ".join([*words, end])


@lru_cache(maxsize=4096)
def _telling(kind: str) -> tuple[str, str, str]:
    """(family of models, what it does, its role) of a kind of node; "" for nothing told."""
    # Empty latents and the shift of SD3 serve many families.
    shared = kind.startswith(("Empty", "ModelSamplingSD3"))
    family = "" if shared else next((word for mark, word in _FAMILIES if mark in kind), "")
    deed = next((word for mark, word in _DEEDS if mark in kind), "")
    role = ""
    if "Lora" in kind or "LoRA" in kind:
        role = "lora"
    elif "KSampler" in kind and "Select" not in kind or kind.startswith("SamplerCustom"):
        role = "sampler"
    elif not kind.startswith(_COMMON):
        role = "other"
    return family, deed, role


# -- widgets -----------------------------------------------------------------------------------


def widget_lines(nodes: Nodes) -> str:
    """`Class.input=value` for each widget, one a line; the bare `Class` of a node without any.

    Each line once, in the order of the graph, at most 16 KB of UTF-8. Prompts, seeds and values
    longer than 160 characters are left out. A widget that holds an object gives a line for each
    of its values, `Class.input.key=value`; true and false are written so.
    """
    return text_of_lines(
        (kind, lines_of(kind, node.get("inputs")))
        for node in nodes.values()
        if type(kind := node.get("class_type")) is str
    )


def lines_of(kind: str, inputs: Any) -> dict[str, None]:
    """The lines of the widgets of one node."""
    lines: dict[str, None] = {}
    for name, value in inputs.items() if type(inputs) is dict else ():
        of = type(value)
        if of is list:
            continue
        if of is dict:
            _object_lines(lines, f"{kind}.{name}", value)
        elif is_kept(name):
            if of is str:
                if not value or len(value) > MAX_VALUE:
                    continue
                if "\n" in value or "\r" in value:
                    value = " ".join(value.split())
            elif of is bool:
                value = "true" if value else "false"
            elif value is None:
                continue
            lines[f"{kind}.{name}={value}"] = None
    return lines


def text_of_lines(nodes: Iterable[tuple[str, dict[str, None]]]) -> str:
    """The lines of all nodes, from the kind and the lines of each."""
    lines: dict[str, None] = {}
    for kind, more in nodes:
        if not kind:
            continue
        before = len(lines)
        lines.update(more)
        if len(lines) == before:
            lines[kind] = None
    text = "\n".join(lines)
    if len(text) * 4 <= MAX_LINES:
        return text
    raw = text.encode("utf-8", "replace")
    if len(raw) <= MAX_LINES:
        return text
    return raw[: max(0, raw.rfind(b"\n", 0, MAX_LINES + 1))].decode("utf-8", "replace")


def _object_lines(lines: dict[str, None], head: str, value: dict[str, Any]) -> None:
    for key, item in value.items():
        rows = item if type(item) is list else ()
        for row in rows:
            if type(row) is dict:
                for inner, each in row.items():
                    _object_line(lines, head, inner, each)
        if type(item) is not list:
            _object_line(lines, head, key, item)


def _object_line(lines: dict[str, None], head: str, key: Any, value: Any) -> None:
    of = type(value)
    if of is bool:
        value = "true" if value else "false"
    elif of is str:
        if not 0 < len(value) <= MAX_VALUE or "\n" in value:
            return
    elif of is not int and of is not float:
        return
    if type(key) is str and is_kept(key):
        lines[f"{head}.{key}={value}"] = None


@lru_cache(maxsize=8192)
def is_kept(name: str) -> bool:
    """Whether an input's value is the graph's own, and no prompt or seed."""
    return not name.endswith(PROMPT_ENDINGS) and "seed" not in name
