"""Generation data that other tools write as JSON: Fooocus, RuinedFooocus, InvokeAI, NovelAI and
SwarmUI; and InvokeAI's command line of old."""

from __future__ import annotations

import re
from typing import Any

from .generation import OK, PARTIAL, UNKNOWN, Field, Generation, number, ok, seed_text

DREAM = "dream"
_PASS = ("sampler", "scheduler", "steps", "cfg", "seed", "denoise")
_NO_VAE = ("", "none", "automatic", "default (model)")
_SIZE = re.compile(r"\D*(\d{1,6})\D+(\d{1,6})\D*")
_FLAG = re.compile(r"\s-(s|S|W|H|C|A|f)\s+(\S+)")


def parse_json(value: Any) -> Generation | None:
    """Another tool's JSON, already parsed; None where no tool known here wrote it."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("sui_image_params"), dict):
        return _swarm(value["sui_image_params"])
    if "positive_prompt" in value and ("model" in value or "seed" in value):
        return _invoke(value)
    if isinstance(value.get("image"), dict) and ("model_weights" in value or "app_id" in value):
        return _old_invoke(value)
    if isinstance(value.get(DREAM), str):
        return _dream(value[DREAM])
    if "uc" in value or ("prompt" in value and "noise_schedule" in value):
        return _novel(value)
    if "base_model_name" in value and "Prompt" in value:
        return _ruined(value)
    if "base_model" in value or "fooocus_v2_expansion" in value or "metadata_scheme" in value:
        return _fooocus(value)
    return None


def _made(
    tool: str, positive: Any, negative: Any, facts: dict[str, Any], loras: list[dict[str, Any]]
) -> Generation:
    words = ("checkpoint", "vae", "sampler", "scheduler")
    found = {name: ok(_word(facts.get(name))) for name in words}
    if isinstance(found["vae"].value, str) and found["vae"].value.lower() in _NO_VAE:
        found["vae"] = UNKNOWN
    found["steps"] = ok(number(facts.get("steps"), int))
    found["cfg"] = ok(number(facts.get("cfg")))
    found["guidance"] = ok(number(facts.get("guidance")))
    found["denoise"] = ok(number(facts.get("denoise")))
    found["seed"] = ok(seed_text(facts.get("seed")))
    found["size"] = _size(facts)
    found["loras"] = Field(loras, OK)
    result = Generation(_text(positive), _text(negative), found, tool=tool)
    result.samplers = [{name: found[name] for name in _PASS}]
    return result


def _size(facts: dict[str, Any]) -> Field:
    sides = [number(facts.get(name), int) for name in ("width", "height")]
    if None in sides and isinstance(facts.get("resolution"), str):
        match = _SIZE.fullmatch(facts["resolution"][:40])  # "(768, 1280)" or "768x1280"
        sides = [int(match[1]), int(match[2])] if match else sides
    return UNKNOWN if None in sides else Field(sides, OK)


def _text(value: Any) -> Field:
    if isinstance(value, list):
        value = "\n".join(each for each in value if isinstance(each, str))
    return ok(value) if isinstance(value, str) else UNKNOWN


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _lora(name: Any, model: Any, clip: Any = None) -> list[dict[str, Any]]:
    """One weight is both that of the model and that of the text encoder."""
    if not isinstance(name, str) or name in ("", "None"):
        return []
    weight = number(model)
    both = weight if clip is None else number(clip)
    return [{"name": name, "strength_model": weight, "strength_clip": both}]


def _swarm(data: dict[str, Any]) -> Generation:
    weights, texts = _list(data.get("loraweights")), _list(data.get("loratencweights"))
    loras: list[dict[str, Any]] = []
    for at, name in enumerate(_list(data.get("loras"))):
        weight = weights[at] if at < len(weights) else 1
        loras += _lora(name, weight, texts[at] if at < len(texts) else None)
    facts = {
        "checkpoint": data.get("model"),
        "vae": data.get("vae"),
        "sampler": data.get("sampler"),
        "scheduler": data.get("scheduler"),
        "steps": data.get("steps"),
        "cfg": data.get("cfgscale"),
        "guidance": data.get("fluxguidancescale"),
        "seed": data.get("seed"),
        "denoise": data.get("initimagecreativity"),
        "width": data.get("width"),
        "height": data.get("height"),
    }
    result = _made("SwarmUI", data.get("prompt"), data.get("negativeprompt", ""), facts, loras)
    if "refinermethod" in data or "refinercontrolpercentage" in data:
        first = result.samplers[0]
        result.samplers.append(
            {
                "sampler": _of(data.get("refinersampler"), first["sampler"]),
                "scheduler": _of(data.get("refinerscheduler"), first["scheduler"]),
                "steps": _of(number(data.get("refinersteps"), int), first["steps"]),
                "cfg": _of(number(data.get("refinercfgscale")), first["cfg"]),
                "seed": _of(None, first["seed"]),
                "denoise": _of(None, ok(number(data.get("refinercontrolpercentage")))),
            }
        )
    return result


def _of(own: Any, before: Field) -> Field:
    """A second pass's value: its own, or perhaps that of the first."""
    if own is not None and not isinstance(own, (dict, list)):
        return Field(own, OK)
    return Field(before.value, PARTIAL) if before.value is not None else UNKNOWN


def _invoke(data: dict[str, Any]) -> Generation:
    loras = []
    for each in _list(data.get("loras")):
        if isinstance(each, dict):
            model = each.get("model") or each.get("lora")
            loras += _lora(_named(model), each.get("weight"))
    mode = data.get("generation_mode")
    # Text to image has no picture to keep something of.
    from_text = isinstance(mode, str) and mode.endswith("txt2img")
    facts = {
        "checkpoint": _named(data.get("model")),
        "vae": _named(data.get("vae")),
        # It calls its samplers schedulers.
        "sampler": data.get("scheduler"),
        "steps": data.get("steps"),
        "cfg": data.get("cfg_scale"),
        "guidance": data.get("guidance"),
        "seed": data.get("seed"),
        "denoise": None if from_text else data.get("strength"),
        "width": data.get("width"),
        "height": data.get("height"),
    }
    negative = data.get("negative_prompt")
    result = _made("InvokeAI", data["positive_prompt"], negative or "", facts, loras)
    if _named(data.get("refiner_model")):
        result.samplers.append(
            {
                "sampler": ok(_word(data.get("refiner_scheduler"))),
                "steps": ok(number(data.get("refiner_steps"), int)),
                "cfg": ok(number(data.get("refiner_cfg_scale"))),
                "checkpoint": ok(_named(data.get("refiner_model"))),
            }
        )
    return result


def _named(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("name") or value.get("model_name")
    return _word(value)


def _old_invoke(data: dict[str, Any]) -> Generation:
    """InvokeAI 2: `sd-metadata`."""
    image = data["image"]
    prompt = image.get("prompt")
    if isinstance(prompt, list):
        parts = [each.get("prompt") for each in prompt if isinstance(each, dict)]
        prompt = "\n".join(part for part in parts if isinstance(part, str))
    facts = {
        "checkpoint": data.get("model_weights"),
        "sampler": image.get("sampler"),
        "steps": image.get("steps"),
        "cfg": image.get("cfg_scale"),
        "seed": image.get("seed"),
        "denoise": image.get("strength") if image.get("type") == "img2img" else None,
        "width": image.get("width"),
        "height": image.get("height"),
    }
    return _bracketed(_made("InvokeAI", prompt, None, facts, []))


def _bracketed(made: Generation) -> Generation:
    """Versions 1 and 2: what stands in square brackets is the negative prompt."""
    prompt = made.positive.value
    if isinstance(prompt, str) and "[" in prompt:
        found = re.findall(r"\[([^\[\]]{0,10000})\]", prompt)
        if found:
            rest = re.sub(r"\s*\[[^\[\]]{0,10000}\]", "", prompt).strip()
            made.positive = Field(rest, PARTIAL)
            made.negative = Field(", ".join(found), PARTIAL)
    return made


def _dream(line: str) -> Generation | None:
    """InvokeAI 1: the command line, with the prompt in quotes before the flags."""
    line = line[:100_000].strip()
    end = line.rfind('"')
    if line[:1] != '"' or end <= 0:
        return None
    flags = dict(_FLAG.findall(line[end + 1 :]))
    facts = {
        "sampler": flags.get("A"),
        "steps": flags.get("s"),
        "cfg": flags.get("C"),
        "seed": flags.get("S"),
        "denoise": flags.get("f"),
        "width": flags.get("W"),
        "height": flags.get("H"),
    }
    return _bracketed(_made("InvokeAI", line[1:end], None, facts, []))


def _novel(data: dict[str, Any]) -> Generation:
    kind = data.get("request_type")
    # The strength is written for text to image as well, where it means nothing.
    from_picture = isinstance(kind, str) and ("Img2Img" in kind or "Infill" in kind)
    facts = {
        "checkpoint": data.get("Source"),
        "sampler": data.get("sampler"),
        "scheduler": data.get("noise_schedule"),
        "steps": data.get("steps"),
        "cfg": data.get("scale"),
        "seed": data.get("seed"),
        "denoise": data.get("strength") if from_picture else None,
        "width": data.get("width"),
        "height": data.get("height"),
    }
    positive = _captions(data.get("v4_prompt"), data.get("prompt"))
    negative = _captions(data.get("v4_negative_prompt"), data.get("uc"))
    return _made("NovelAI", positive, negative or "", facts, [])


def _captions(value: Any, otherwise: Any) -> Any:
    """Version 4: a text for the picture and one for each character."""
    caption = value.get("caption") if isinstance(value, dict) else None
    if not isinstance(caption, dict):
        return otherwise
    base = caption.get("base_caption")
    texts = [base if isinstance(base, str) and base else otherwise]
    for each in _list(caption.get("char_captions")):
        texts.append(each.get("char_caption") if isinstance(each, dict) else None)
    return "\n".join(text for text in texts if isinstance(text, str) and text) or otherwise


def _ruined(data: dict[str, Any]) -> Generation:
    loras: list[dict[str, Any]] = []
    for each in _list(data.get("loras")):
        # [hash, "0.8 - name"]
        if isinstance(each, list) and len(each) == 2 and isinstance(each[1], str):
            weight, _dash, name = each[1].partition(" - ")
            loras += _lora(name, weight)
    facts = {
        "checkpoint": data.get("base_model_name"),
        "sampler": data.get("sampler_name"),
        "scheduler": data.get("scheduler"),
        "steps": data.get("steps"),
        "cfg": data.get("cfg"),
        "seed": data.get("seed"),
        "denoise": data.get("denoise"),
        "width": data.get("width"),
        "height": data.get("height"),
    }
    return _made("RuinedFooocus", data.get("Prompt"), data.get("Negative", ""), facts, loras)


def _fooocus(data: dict[str, Any]) -> Generation:
    loras: list[dict[str, Any]] = []
    for each in _list(data.get("loras")):
        if isinstance(each, list) and len(each) >= 2:
            # (name, strength) or (name, strength, hash) by version
            loras += _lora(each[0], each[1])
    for name, value in data.items():
        if name.startswith("lora_combined") and isinstance(value, str):
            lora, _colon, weight = value.rpartition(" : ")
            # Versions that write the list write most of these as well.
            if lora not in [each["name"] for each in loras]:
                loras += _lora(lora, weight)
    facts = {
        "checkpoint": data.get("base_model"),
        "vae": data.get("vae"),
        "sampler": data.get("sampler"),
        "scheduler": data.get("scheduler"),
        "steps": data.get("steps"),
        "cfg": data.get("guidance_scale"),
        "seed": data.get("seed"),
        "resolution": data.get("resolution"),
    }
    return _made("Fooocus", data.get("prompt"), data.get("negative_prompt", ""), facts, loras)
