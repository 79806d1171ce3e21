"""Generation data as text: A1111, Forge, SD.Next, Fooocus, Civitai and those that write alike.

What other tools write as JSON is read by other_tools.py.
"""

from __future__ import annotations

import json as plain_json
import re
from typing import Any

from ..holaf_core import json
from .generation import MISSING, OK, PARTIAL, UNKNOWN, Field, Generation, number, ok, seed_text
from .other_tools import parse_json

__all__ = ["parse_infotext", "parse_json"]

MAX_LENGTH = 1_000_000
MAX_SETTINGS = 30_000
_PAIR = re.compile(r'\s*([A-Za-z][\w \-/]{0,60}):\s*("(?:\\.|[^"\\]){0,4000}"|[^,]*)(?:,|$)')
_LORA = re.compile(r"<(?:lora|lyco):([^:<>]{1,300})((?::[^:<>]{0,100}){0,6})>")
_LORA_SETTING = re.compile(r"\s*([^:,]{1,300}):\s*([^,]{1,100})(?:,|$)")
_RESOURCES = re.compile(r"Civitai resources:\s*(?=\[)")
_NEGATIVE = "Negative prompt:"
_NO_VAE = ("", "none", "automatic", "default (model)")


def parse_infotext(text: str) -> Generation | None:
    """A1111's `parameters`, or None where the text is none."""
    text = text[:MAX_LENGTH].strip("\0 \r\n")
    lines = text.splitlines()
    settings: dict[str, str] = {}
    resources: list[Any] = []
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].lstrip().startswith("Steps:"):
            line, resources = _without_resources(", ".join(lines[at:])[:MAX_SETTINGS])
            settings = _pairs(line)
            if len(settings) >= 3:
                lines = lines[:at]
                break
            settings = {}
    positive, negative = _split(lines)
    if not settings and negative is None:
        return None
    # Without a line of its own the negative prompt may be empty, or there may be none at all.
    result = Generation(ok(positive), ok(negative), tool="A1111")
    if settings:
        result.facts = _facts(positive, settings, resources)
        result.samplers = _passes(result.facts, settings)
    return result


def _facts(positive: str, settings: dict[str, str], resources: list[Any]) -> dict[str, Field]:
    size = re.fullmatch(r"(\d{1,6})x(\d{1,6})", settings.get("Size", ""))
    scheduler = settings.get("Schedule type") or settings.get("Scheduler")
    if scheduler and scheduler.endswith("Scheduler"):
        scheduler = None  # SD.Next names a class of diffusers: its sampler once more
    vae = settings.get("VAE", "")
    denoise = ok(number(settings.get("Denoising strength", settings.get("Denoise"))))
    if denoise.status == OK and _second_pass(settings):
        # It is the second pass's; the first one has no such number.
        denoise = Field(denoise.value, PARTIAL)
    guidance = settings.get("Distilled CFG Scale", settings.get("Guidance"))
    return {
        "checkpoint": _checkpoint(settings, resources),
        "loras": _loras(positive, settings, resources),
        "vae": UNKNOWN if vae.lower() in _NO_VAE else ok(vae),
        "sampler": ok(settings.get("Sampler") or None),
        "scheduler": ok(scheduler or None),
        "steps": ok(number(settings.get("Steps"), int)),
        "cfg": ok(number(settings.get("CFG scale"))),
        "guidance": ok(number(guidance)),
        "seed": ok(seed_text(settings.get("Seed"))),
        "denoise": denoise,
        "size": ok([int(size[1]), int(size[2])] if size else None),
    }


def _second_pass(settings: dict[str, str]) -> bool:
    return any(name in settings for name in ("Hires upscale", "Hires upscaler", "Hires steps"))


def _passes(facts: dict[str, Field], settings: dict[str, str]) -> list[dict[str, Field]]:
    names = ("sampler", "scheduler", "steps", "cfg", "seed", "denoise")
    first = {name: facts[name] for name in names}
    if not _second_pass(settings):
        return [first]
    denoise = settings.get("Denoising strength", settings.get("Hires strength"))
    second = {
        # Where nothing else is said, the first pass's are used again.
        "sampler": _again(settings.get("Hires sampler"), facts["sampler"]),
        "scheduler": _again(settings.get("Hires schedule type"), facts["scheduler"]),
        "steps": _again(number(settings.get("Hires steps"), int), facts["steps"]),
        "cfg": _again(number(settings.get("Hires CFG Scale")), facts["cfg"]),
        "seed": _again(None, facts["seed"]),
        "denoise": ok(number(denoise)),
    }
    first["denoise"] = UNKNOWN
    return [first, second]


def _again(own: Any, before: Field) -> Field:
    if own:
        return Field(own, OK)
    return Field(before.value, PARTIAL) if before.status != MISSING else UNKNOWN


def _checkpoint(settings: dict[str, str], resources: list[Any]) -> Field:
    if settings.get("Model"):
        return Field(settings["Model"], OK)
    for each in resources:
        if each.get("type") == "checkpoint" and isinstance(each.get("modelName"), str):
            return Field(each["modelName"], PARTIAL)  # what the site calls it, not the file
    named = settings.get("Model hash")
    return Field(named, PARTIAL) if named else UNKNOWN


def _loras(positive: str, settings: dict[str, str], resources: list[Any]) -> Field:
    """From the tags in the prompt; where a tool takes them out, from what it names instead."""
    found = [_tag(name, values) for name, values in _LORA.findall(positive)]
    if found:
        return Field(found, OK)
    for name, weight in _LORA_SETTING.findall(settings.get("Lora weights", "")):
        found += _lora(name, number(weight))
    if found:
        return Field(found, OK)
    for at in range(1, 11):  # the extension Additional Networks
        name = settings.get(f"AddNet Model {at}")
        if name:
            model = number(settings.get(f"AddNet Weight A {at}"))
            clip = number(settings.get(f"AddNet Weight B {at}"))
            name = re.sub(r"\([0-9a-f]{6,}\)$", "", name)
            found.append({"name": name, "strength_model": model, "strength_clip": clip})
    for each in resources:
        if each.get("type") in ("lora", "lycoris", "dora"):
            found += _lora(each.get("modelName"), number(each.get("weight")))
    if not found:
        # Names alone, of a prompt that is not here: that of a face or of a second pass.
        for name, _hash in _LORA_SETTING.findall(settings.get("Lora hashes", "")):
            found += _lora(name, None)
    if found:
        return Field(found, PARTIAL)
    # Tags among the settings: a grid tries them one after the other.
    elsewhere = any(_LORA.search(value) for value in settings.values())
    return UNKNOWN if elsewhere else Field([], OK)


def _lora(name: Any, weight: Any) -> list[dict[str, Any]]:
    if not isinstance(name, str) or not name.strip():
        return []
    # One weight is both that of the model and that of the text encoder.
    return [{"name": name, "strength_model": weight, "strength_clip": weight}]


def _tag(name: str, values: str) -> dict[str, Any]:
    """`<lora:name:text encoder:model>`; one number is both, te= and unet= name them."""
    given: dict[str, Any] = {}
    for at, value in enumerate(values.split(":")[1:]):
        key, equals, named = value.partition("=")
        if equals:
            given[key.strip()] = number(named)
        else:
            given[("te", "unet", "dyn")[at] if at < 3 else ""] = number(value)
    clip = given.get("te")
    model = given.get("unet")
    if model is None:
        model = clip
    if clip is None:
        clip = model
    return {
        "name": name,
        "strength_model": 1.0 if model is None else model,
        "strength_clip": 1.0 if clip is None else clip,
    }


def _without_resources(line: str) -> tuple[str, list[Any]]:
    """Civitai writes JSON among the settings, without quotes around it."""
    match = _RESOURCES.search(line)
    if not match:
        return line, []
    try:
        found, end = plain_json.JSONDecoder().raw_decode(line, match.end())
    except (ValueError, RecursionError):
        return line, []
    listed = found if isinstance(found, list) else []
    return line[: match.start()] + line[end:], [each for each in listed if isinstance(each, dict)]


def _pairs(line: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in _PAIR.findall(line):
        value = value.strip()
        if value[:1] == '"':
            try:
                value = json.loads(value)
            except ValueError:
                value = value.strip('"')
        found.setdefault(key.strip(), value)
    return found


def _split(lines: list[str]) -> tuple[str, str | None]:
    for at, line in enumerate(lines):
        if line.strip().startswith(_NEGATIVE):
            first = line.strip()[len(_NEGATIVE) :]
            negative = "\n".join([first, *lines[at + 1 :]]).strip()
            return "\n".join(lines[:at]).strip(), negative
    return "\n".join(lines).strip(), None
