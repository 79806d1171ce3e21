"""The checkpoint, LoRAs and VAE behind a sampler."""

from __future__ import annotations

import re
from typing import Any

from .generation import MISSING, OK, PARTIAL, UNKNOWN, Field, number, worse
from .graph_nodes import MAX_DEPTH, PIPES, Graph, Link

_MODEL_FILES = (
    "ckpt_name",
    "unet_name",
    "checkpoint",
    "checkpoint_name",
    "base_ckpt_name",
    "model_name",
    "gguf_name",
    "diffusion_model",
    "unet",
    "model",
    "model_path",
    "ckpt",
    "transformer",
)
_MODEL_LINKS = ("model", "model1", "base_model", "unet", "optional_model", "model_a", "m1")
_LORA_SLOT = re.compile(r"^lora(?:_name)?_?(\d+)(?:_name)?$")
_TAG = re.compile(r"<lora:([^:<>]{1,300})(?::(-?[\d.]+))?(?::(-?[\d.]+))?[^<>]{0,100}>")
_MODEL_STRENGTHS = (
    "strength_model",
    "lora_model_strength",
    "model_strength",
    "lora_strength",
    "strength",
    "weight",
)
_CLIP_STRENGTHS = ("strength_clip", "lora_clip_strength", "clip_strength")
_SLOT_MODEL = (
    "model_weight_{}",
    "model_str_{}",
    "strength_model_{}",
    "model_strength_{}",
    "lora_{}_model_strength",
)
_SLOT_CLIP = (
    "clip_weight_{}",
    "clip_str_{}",
    "strength_clip_{}",
    "clip_strength_{}",
    "lora_{}_clip_strength",
)
_SLOT_BOTH = ("lora_wt_{}", "strength_{}", "weight_{}", "lora_strength_{}", "lora_{}_strength")
_STACKS = ("lora_stack", "optional_lora_stack", "lora", "prev_lora", "loras")
_LORA_NAMES = frozenset(("lora", "Lora", "LORA"))
_LORA_INPUTS = frozenset(("prev_lora", "optional_lora_stack", "populated_text"))
_NO_VAE = ("baked vae", "default", "none", "from checkpoint")


def models(graph: Graph, node_id: str) -> tuple[Field, Field]:
    """(checkpoint, loras in the order they are applied) above a sampler or guider."""
    loras: list[dict[str, Any]] = []
    status = OK
    sure = OK
    link: Link | None = [node_id, 0]
    seen: set[str] = set()
    checkpoint = UNKNOWN
    while link and link[0] not in seen and len(seen) < MAX_DEPTH:
        node_id = link[0]
        seen.add(node_id)
        inputs = graph.inputs(node_id)
        if _concerns_loras(graph.kind(node_id), inputs):
            here, lora_status = loras_of(graph, node_id, inputs, 0)
            loras[:0] = here
            status = worse(status, lora_status)
        choice = graph.chosen(node_id, inputs)
        if choice is not None:
            sure = worse(sure, choice[1])
            link = graph.link(choice[0])
            continue
        further = graph.first_link(inputs, _MODEL_LINKS)
        if further:
            if "model2" in inputs:
                sure = PARTIAL  # a merge of two
        else:
            checkpoint = model_file(graph, inputs)
            if checkpoint.status == MISSING:
                further = graph.first_link(inputs, PIPES) or graph.only(inputs)
        link = further
    if checkpoint.status == OK and sure != OK:
        checkpoint = Field(checkpoint.value, PARTIAL)
    if checkpoint.status == MISSING:
        # The walk ended early: there may be more of them.
        return checkpoint, Field(loras, PARTIAL) if loras else UNKNOWN
    return checkpoint, Field(loras, worse(status, sure))


def model_file(graph: Graph, inputs: dict[str, Any]) -> Field:
    for name in _MODEL_FILES:
        if name in inputs:
            value, status = graph.scalar(inputs[name], name, 0)
            if isinstance(value, str) and value and value != "None":
                return Field(value, status)
    return UNKNOWN


def loras_of(
    graph: Graph, node_id: str, inputs: dict[str, Any], depth: int
) -> tuple[list[dict[str, Any]], str]:
    """The LoRAs that one node applies, with those of the stacks linked to it, in their order."""
    if inputs.get("toggle") is False:
        return [], OK
    own, status = _own_loras(graph, inputs)
    kind = graph.kind(node_id)
    if not own and _is_untold(kind, inputs):
        status = PARTIAL
    if "ildcard" in kind:
        own += _tagged(graph, inputs)
    before: list[dict[str, Any]] = []
    if depth < 50 and not graph.exhausted():
        for name in _STACKS:
            link = graph.link(inputs.get(name)) if name in inputs else None
            if link and link[0] != node_id:
                more, sure = loras_of(graph, link[0], graph.inputs(link[0]), depth + 1)
                before += more
                status = worse(status, sure)
    # Efficiency's nodes apply their own first, all others those that come in.
    first = kind.startswith(("LoRA Stacker", "Efficient"))
    return (own + before if first else before + own), status


def _concerns_loras(kind: str, inputs: dict[str, Any]) -> bool:
    if "Lora" in kind or "LoRA" in kind:
        return True
    return any(name[:4] in _LORA_NAMES or name in _LORA_INPUTS for name in inputs)


def _is_untold(kind: str, inputs: dict[str, Any]) -> bool:
    """Whether a node is there for LoRAs and names none at all: a workflow without its widgets."""
    if "lora" not in kind.lower() or kind.startswith("Power Lora"):
        return False
    return not any("lora" in name.lower() for name in inputs)


def _own_loras(graph: Graph, inputs: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    found: list[dict[str, Any]] = []
    status = OK
    for name, value in inputs.items():
        if name[:4] not in _LORA_NAMES:
            continue
        if type(value) is dict:
            found += _entries(value, "clip" not in inputs)
            continue
        if name == "lora_name" or name == "lora":
            lora = _lora(graph, inputs, value)
        else:
            match = _LORA_SLOT.match(name)
            if not match or _switched_off(inputs, match[1]):
                continue
            lora = _lora(graph, inputs, value, match[1])
        if lora is None:
            continue
        if lora["strength_model"] is None:
            status = PARTIAL
        if lora["strength_model"] or lora["strength_clip"] or status != OK:
            found.append(lora)
    return found, status


def _lora(
    graph: Graph, inputs: dict[str, Any], value: Any, slot: str = ""
) -> dict[str, Any] | None:
    name, _status = graph.scalar(value, "lora_name", 0)
    if not isinstance(name, str) or name in ("", "None", "none"):
        return None
    if not slot:
        model = _strength(graph, inputs, _MODEL_STRENGTHS)
        clip = _strength(graph, inputs, _CLIP_STRENGTHS)
        return {"name": name, "strength_model": model, "strength_clip": clip}
    model = clip = None
    if inputs.get("input_mode") != "simple" and inputs.get("mode") != "simple":
        model = _strength(graph, inputs, tuple([each.format(slot) for each in _SLOT_MODEL]))
        clip = _strength(graph, inputs, tuple([each.format(slot) for each in _SLOT_CLIP]))
    if model is None:
        model = _strength(graph, inputs, tuple([each.format(slot) for each in _SLOT_BOTH]))
        clip = model if clip is None else clip
    return {"name": name, "strength_model": model, "strength_clip": clip}


def _strength(graph: Graph, inputs: dict[str, Any], names: tuple[str, ...]) -> float | None:
    for name in names:
        if name in inputs:
            value = inputs[name]
            if type(value) is list:
                value = graph.scalar(value, name, 0)[0]
            if value is not None:
                return number(value)
    return None


def vae_name(graph: Graph, order: list[str], link: Link | None) -> Field:
    """The VAE's file; None with `ok` where the checkpoint's own is used."""
    for node_id in reversed(order):
        link = link or graph.first_link(graph.inputs(node_id), ("vae", "optional_vae", *PIPES))
    sure = OK
    for _ in range(MAX_DEPTH):
        if not link:
            return UNKNOWN
        inputs = graph.inputs(link[0])
        for name in ("vae_name", "vae"):
            # A link called vae is followed below: the file behind it may be a checkpoint's.
            if name in inputs and (name != "vae" or type(inputs[name]) is str):
                value, status = graph.scalar(inputs[name], name, 0)
                if isinstance(value, str) and value:
                    own = value.lower() in _NO_VAE
                    return Field(None if own else value, worse(status, sure))
        choice = graph.chosen(link[0], inputs)
        if choice is not None:
            sure = worse(sure, choice[1])
            link = graph.link(choice[0])
            continue
        further = graph.first_link(inputs, ("vae", "optional_vae", *PIPES))
        if not further:
            file = model_file(graph, inputs)
            if file.status != MISSING:
                # A loader of VAEs calls its file a model too; any other brings its own VAE.
                return file if "VAE" in graph.kind(link[0]) else Field(None, sure)
            further = graph.only(inputs)
        link = further
    return UNKNOWN


def all_loras(passes: list[dict[str, Field]]) -> Field:
    """Those of every pass, each once."""
    loras: list[dict[str, Any]] = []
    for facts in passes:
        loras += [lora for lora in facts["loras"].value or [] if lora not in loras]
    return Field(loras, worse(*(facts["loras"].status for facts in passes)))


def _switched_off(inputs: dict[str, Any], slot: str) -> bool:
    switch = inputs.get(f"switch_{slot}")
    if switch in ("Off", False):
        return True
    count = inputs.get("lora_count", inputs.get("num_loras"))
    return type(count) is int and int(slot) > count


def _entries(value: dict[str, Any], model_only: bool) -> list[dict[str, Any]]:
    """LoRAs that a widget keeps as objects: one of rgthree's rows, or a list under `__value__`."""
    rows = value.get("__value__", [value])
    found = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict) or row.get("on") is False or row.get("active") is False:
            continue
        name = row.get("lora") or row.get("name") or row.get("content")
        if not isinstance(name, str) or name in ("", "None"):
            continue
        model = number(row.get("strength"))
        clip = number(row.get("strengthTwo", row.get("clipStrength")))
        if clip is None and not model_only:
            clip = model
        if model or clip or model is None:
            found.append({"name": name, "strength_model": model, "strength_clip": clip})
    return found


def _tagged(graph: Graph, inputs: dict[str, Any]) -> list[dict[str, Any]]:
    """`<lora:name:0.8>` in the text of encoders that load them."""
    text, _status = graph.scalar(inputs.get("populated_text"), "populated_text", 0)
    if not isinstance(text, str):
        return []
    return [
        {
            "name": name,
            "strength_model": number(model or 1),
            "strength_clip": number(clip or model or 1),
        }
        for name, model, clip in _TAG.findall(text)
    ]
