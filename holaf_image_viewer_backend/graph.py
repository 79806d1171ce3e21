"""Traces an API graph back from the node that saved a file to what made it.

A walk goes by what a node's inputs are called, so that it also passes nodes nobody listed here.
A field is `ok` only where the graph leaves no choice; a value that may be another is `partial`.
"""

from __future__ import annotations

import re
from typing import Any

from .generation import MISSING, OK, PARTIAL, UNKNOWN, Field, Generation
from .graph_models import all_loras, models, vae_name
from .graph_nodes import MAX_DEPTH, PIPES, Graph, Link, Nodes, is_api_graph
from .graph_prompts import Prompts, loose_texts
from .graph_sizes import size_behind

__all__ = ["Nodes", "is_api_graph", "outputs", "trace"]

Facts = dict[str, Field]
MAX_OUTPUTS = 8
# Inputs that never carry the picture itself; numbers may be those of another picture.
_SIDE = frozenset(
    (
        "width",
        "height",
        "length",
        "batch_size",
        "fps",
        "frame_rate",
        "scale_by",
        "seed",
        "noise_seed",
        "steps",
        "cfg",
        "denoise",
        "strength",
        "switch",
        "text",
        "prompt",
        "filename_prefix",
        "model",
        "clip",
        "vae",
        "positive",
        "negative",
        "conditioning",
        "control_net",
        "clip_vision",
        "style_model",
        "upscale_model",
        "mask",
        "audio",
        "pipe",
        "guider",
        "sigmas",
        "noise",
        "sampler",
    )
)
_LATENTS = (
    "latent_image",
    "latent",
    "samples",
    "image",
    "images",
    "pixels",
    "optional_latent",
    "input_latent",
    "upscaled_image",
    "init_image",
    "video_latent",
    "av_latent",
)
_OWN_LATENTS = (
    "latent_image",
    "latent",
    "samples",
    "latents",
    "optional_latent",
    "input_latent",
    "image_embeds",
    "init_image",
)
_LAST = (*PIPES, "audio")
_MODELS = ("model",)
_SAMPLERS = ("sampler_name", "sampler")


def trace(
    nodes: Nodes,
    file_name: str | None = None,
    *,
    saved_by: list[str] | None = None,
    size: tuple[int | None, int | None] | None = None,
) -> Generation:
    """What the graph says about the file that it saved as `file_name` (or by these nodes).

    size: of the picture, which tells two nodes apart that save under one name.
    """
    if saved_by is None:
        saved_by = outputs(nodes, file_name)
    tracer = _Tracer(nodes)
    if len(saved_by) > 1 and size and size[0]:
        saved_by = tracer.of_size(saved_by, list(size))
    results = [tracer.output(node_id) for node_id in saved_by]
    found = [result for result in results if result.samplers]
    result = _merge(found) if found else Generation()
    if result.positive.status == MISSING:
        result.positive = loose_texts(nodes, result.negative)
    return result


def outputs(nodes: Nodes, file_name: str | None) -> list[str]:
    """The nodes that may have written the file, the likeliest only where their prefix tells."""
    savers: list[str] = []
    previews: list[str] = []
    for node_id, node in nodes.items():
        kind = node.get("class_type")
        inputs = node.get("inputs")
        if type(kind) is not str or type(inputs) is not dict:
            continue
        if "Save" in kind or "filename_prefix" in inputs or "VideoCombine" in kind:
            savers.append(node_id)
        elif "Preview" in kind:
            previews.append(node_id)
    if previews and file_name and "_temp_" in file_name:
        savers = []  # what a preview is called
    if len(savers) > 1 and file_name:
        matched = [(_match(nodes[node_id]["inputs"], file_name), node_id) for node_id in savers]
        best = max(length for length, _ in matched)
        if best > 0:
            savers = [node_id for length, node_id in matched if length == best]
    return (savers or previews or _sinks(nodes))[:MAX_OUTPUTS]


def _match(inputs: dict[str, Any], file_name: str) -> int:
    prefix = inputs.get("filename_prefix")
    if not isinstance(prefix, str):
        return 0
    # Tokens such as %date:yyyy% were replaced when the file was written.
    start = re.split(r"[\\/]", prefix)[-1].partition("%")[0]
    return len(start) if start and file_name.startswith(start) else 0


def _sinks(nodes: Nodes) -> list[str]:
    used = set()
    for node in nodes.values():
        inputs = node.get("inputs")
        if isinstance(inputs, dict):
            used.update(str(v[0]) for v in inputs.values() if type(v) is list and len(v) == 2)
    return [
        node_id
        for node_id, node in nodes.items()
        if node_id not in used
        and isinstance(node.get("inputs"), dict)
        and any(type(value) is list for value in node["inputs"].values())
    ]


def _merge(found: list[Generation]) -> Generation:
    """Several nodes may have saved the file: where they disagree nothing is certain."""
    first = found[0]
    for other in found[1:]:
        first.positive = _either(first.positive, other.positive)
        first.negative = _either(first.negative, other.negative)
        first.facts = _either_facts(first.facts, other.facts)
        pairs = zip(first.samplers, other.samplers, strict=False)
        shared = [_either_facts(one, two) for one, two in pairs]
        # A pass that only one of them has may not have been.
        more = max(first.samplers, other.samplers, key=len)[len(shared) :]
        first.samplers = shared + [_either_facts(each, {}) for each in more]
    return first


def _either_facts(one: Facts, other: Facts) -> Facts:
    names = dict.fromkeys((*one, *other))
    return {name: _either(one.get(name, UNKNOWN), other.get(name, UNKNOWN)) for name in names}


def _either(one: Field, other: Field) -> Field:
    if one.value == other.value:
        return one if one.status != OK else other
    return Field(one.value if one.status != MISSING else other.value, PARTIAL)


class _Tracer(Graph):
    """The walk from a saving node to its samplers, with what it met on the way."""

    def __init__(self, nodes: Nodes) -> None:
        super().__init__(nodes)
        self.vae: Link | None = None
        self.branched = False
        self.known_models: dict[str, tuple[Field, Field]] = {}

    def of_size(self, saved_by: list[str], size: list[int | None]) -> list[str]:
        """Those nodes that save pictures of this size; all where none is known to."""
        made = [
            size_behind(self, self.first_link(self.inputs(each), _LATENTS)) for each in saved_by
        ]
        same = [each for each, found in zip(saved_by, made, strict=True) if found.value == size]
        unknown = [each for each, found in zip(saved_by, made, strict=True) if found.value is None]
        return same or unknown or saved_by

    def output(self, node_id: str) -> Generation:
        self.vae = None
        self.branched = False
        order: list[str] = []
        self._samplers(node_id, order, set(), 0)
        if not order:
            return Generation()
        passes = [self.sampler(sampler_id) for sampler_id in order]
        positive, negative = UNKNOWN, UNKNOWN
        for sampler_id, facts in zip(order, passes, strict=True):
            if positive.status == MISSING or self.branched:
                prompts = Prompts(self)
                more, less = prompts.of(sampler_id)
                facts["guidance"] = prompts.guidance
                if sampler_id == order[0]:
                    positive, negative = more, less
                elif self.branched:
                    # Pictures of several samplers were put together: no prompt is that of the file.
                    positive, negative = _either(positive, more), _either(negative, less)
                elif more.status != MISSING:
                    positive, negative = more, less
        facts = dict(passes[0])
        facts["size"] = self.size(order[0])
        facts["vae"] = vae_name(self, order, self.vae)
        facts["loras"] = all_loras(passes)
        if self.branched:
            for sampler_id, other in zip(order[1:], passes[1:], strict=True):
                other = {**other, "size": self.size(sampler_id)}
                for name in facts:
                    if name in other and name != "loras":
                        facts[name] = _either(facts[name], other[name])
        return Generation(positive, negative, facts, passes)

    def _samplers(self, node_id: str, order: list[str], seen: set[str], depth: int) -> None:
        """Append the samplers at or above a node, the first to run first."""
        if node_id in seen or depth > MAX_DEPTH:
            return
        seen.add(node_id)
        inputs = self.inputs(node_id)
        if self.is_sampler(node_id, inputs):
            for name in _LATENTS:
                link = self.link(inputs[name]) if name in inputs else None
                if link and not self._drowned(inputs, link):
                    self._samplers(link[0], order, seen, depth + 1)
            order.append(node_id)
            return
        if self.vae is None and "vae" in inputs:
            self.vae = self.link(inputs["vae"])
        choice = self.chosen(node_id, inputs)
        if choice is not None and choice[1] != PARTIAL:
            picked = self.link(choice[0])
            if picked:
                self._samplers(picked[0], order, seen, depth + 1)
            return
        # A node that also changes the conditioning takes pictures as hints; not so for inpainting.
        if "positive" in inputs and "npaint" not in self.kind(node_id):
            links = [(name, link) for name, link in self.links(inputs) if name in _OWN_LATENTS]
        else:
            links = self.links(inputs)
        branches = 0
        for name, link in links:
            if name in _SIDE:
                continue
            before = len(order)
            self._samplers(link[0], order, seen, depth + 1)
            branches += len(order) > before
        if branches > 1:
            self.branched = True
        elif not branches and not order:
            # A picture may also travel inside a pipe, and what is saved may be sound.
            link = self.first_link(inputs, _LAST)
            if link:
                self._samplers(link[0], order, seen, depth + 1)

    def _drowned(self, inputs: dict[str, Any], link: Link) -> bool:
        """Whether nothing is left of a picture: only its size matters under all of the noise."""
        kind = self.kind(self.through(link))
        if not kind.startswith("VAEEncode") or "npaint" in kind:
            return False
        sigmas = self.link(inputs.get("sigmas"))
        settings = self.inputs(sigmas[0]) if sigmas else inputs
        return settings.get("denoise") == 1 and "start_at_step" not in inputs

    def sampler(self, node_id: str) -> Facts:
        inputs = self.inputs(node_id)
        sampler, noise = self.link(inputs.get("sampler")), self.link(inputs.get("noise"))
        guider, sigmas = self.link(inputs.get("guider")), self.link(inputs.get("sigmas"))
        facts: Facts = {
            "steps": self.number(inputs, ("steps",), int),
            "cfg": self.number(inputs, ("cfg", "guidance_scale", "cfg_scale")),
            "denoise": self.number(inputs, ("denoise", "denoise_strength")),
            "seed": self.seed(self.inputs(noise[0]) if noise else inputs),
            "sampler": self._named(sampler) if sampler else self.word(inputs, _SAMPLERS),
            "scheduler": self.word(inputs, ("scheduler",)),
        }
        source = node_id
        if guider:
            source = self.through(guider)
            facts["cfg"] = self.number(self.inputs(source), ("cfg", "cfg_conds", "cfg1"))
        if sigmas:
            self._sigmas(sigmas, facts)
        if "start_at_step" in inputs and "denoise" not in inputs:
            # KSamplerAdvanced starts later instead; at step 0 with noise it is all of it.
            whole = inputs.get("start_at_step") == 0 and inputs.get("add_noise") != "disable"
            facts["denoise"] = Field(1.0, OK) if whole else UNKNOWN
        # Passes mostly share their model.
        own = self.first_link(self.inputs(source), _MODELS)
        key = own[0] if own else source
        if key not in self.known_models:
            self.known_models[key] = models(self, source)
        facts["checkpoint"], facts["loras"] = self.known_models[key]
        if MISSING == facts["steps"].status == facts["sampler"].status == facts["cfg"].status:
            self._from_pipe(inputs, facts)
        return facts

    def size(self, node_id: str) -> Field:
        """What a sampler makes."""
        inputs = self.inputs(node_id)
        latent = self.first_link(inputs, _OWN_LATENTS) or self.first_link(inputs, PIPES)
        return size_behind(self, latent)

    def _sigmas(self, link: Link, facts: Facts) -> None:
        for _ in range(MAX_DEPTH):
            inputs = self.inputs(link[0])
            choice = self.chosen_link(link[0], inputs)[0]
            if choice:
                link = choice
                continue
            further = self.first_link(inputs, ("sigmas", "sigma", "sigmas_1"))
            if not further:
                break
            # Splitting, flipping or multiplying sigmas changes what the numbers above mean.
            link = further
            for name in ("steps", "denoise"):
                facts[name] = Field(None, PARTIAL)
        inputs = self.inputs(link[0])
        steps = self.number(inputs, ("steps",), int)
        if steps.status == MISSING and type(inputs.get("sigmas")) is str:
            # The noise before each step, and what is left after the last.
            levels = re.findall(r"[\d.]+(?:e-?\d+)?", inputs["sigmas"])
            steps = Field(len(levels) - 1, OK) if len(levels) > 1 else UNKNOWN
        denoise = self.number(inputs, ("denoise",))
        changed = facts["steps"].status == PARTIAL
        facts["steps"] = Field(steps.value, PARTIAL) if changed and steps.value else steps
        facts["denoise"] = Field(denoise.value, PARTIAL) if changed and denoise.value else denoise
        facts["scheduler"] = self.word(inputs, ("scheduler",))
        if facts["scheduler"].status == MISSING and "steps" in inputs:
            facts["scheduler"] = Field(self.kind(link[0]), PARTIAL)

    def _from_pipe(self, inputs: dict[str, Any], facts: Facts) -> None:
        """Samplers that take their settings from a node before them, through a pipe."""
        link = self.first_link(inputs, PIPES)
        for _ in range(MAX_DEPTH):
            if not link:
                return
            inputs = self.inputs(link[0])
            found = {
                "steps": self.number(inputs, ("steps",), int),
                "cfg": self.number(inputs, ("cfg",)),
                "denoise": self.number(inputs, ("denoise",)),
                "seed": self.seed(inputs),
                "sampler": self.word(inputs, _SAMPLERS),
                "scheduler": self.word(inputs, ("scheduler",)),
            }
            for name, field in found.items():
                if facts[name].status == MISSING:
                    facts[name] = field
            link = self.first_link(inputs, PIPES)

    def _named(self, link: Link) -> Field:
        """The sampler that a SAMPLER link stands for: its name, or the node that makes it."""
        for _ in range(MAX_DEPTH):
            inputs = self.inputs(link[0])
            field = self.word(inputs, _SAMPLERS)
            if field.status != MISSING:
                return field
            further = self.chosen_link(link[0], inputs)[0] or self.first_link(inputs, ("sampler",))
            if not further:
                break
            link = further
        kind = self.kind(link[0])
        if kind.startswith("Sampler"):  # SamplerEulerAncestral and the like
            return Field(kind, PARTIAL)
        return UNKNOWN
