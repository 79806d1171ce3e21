"""The fields of the search language: their names, what they take, and an example of each."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from ..holaf_image_undo import LABELS

# What a field takes decides how its value is read: see `query_language`.
TEXT, NAME, LORA, NUMBER, NODE, LIKE, HAS, KIND, MARK = (
    "text",
    "name",
    "lora",
    "number",
    "node",
    "like",
    "has",
    "kind",
    "mark",
)


@dataclass(frozen=True)
class Field:
    name: str
    takes: str
    target: str  # the text, the kind of name, or the number it means in `query_terms`
    example: str
    label: str
    also: tuple[str, ...] = ()


FIELDS = (
    Field("prompt", TEXT, "prompt", "prompt:castle", "Prompt", ("positive", "pos")),
    Field("neg", TEXT, "negative", "neg:blurry", "Negative prompt", ("negative",)),
    Field("file", TEXT, "file", "file:portrait", "File name", ("filename", "name")),
    Field("workflow", TEXT, "workflow", "workflow:upscale", "Workflow", ("graph",)),
    Field("model", NAME, "model", "model:flux", "Model", ("checkpoint", "ckpt", "unet")),
    Field("lora", LORA, "lora", "lora:detail>=0.6", "LoRA", ("loras",)),
    Field("sampler", NAME, "sampler", "sampler:euler", "Sampler"),
    Field("scheduler", NAME, "scheduler", "scheduler:karras", "Scheduler"),
    Field("vae", NAME, "vae", "vae:ae", "VAE"),
    Field("tag", NAME, "tag", "tag:best", "Tag", ("tags",)),
    Field("collection", NAME, "collection", "collection:best", "Collection", ("album",)),
    Field("folder", NAME, "folder", "folder:portraits", "Folder", ("path", "dir", "in")),
    Field("format", NAME, "format", "format:png", "Format"),
    Field("ext", NAME, "ext", "ext:webp", "Extension", ("extension",)),
    Field("kind", KIND, "kind", "kind:video", "Kind", ("type",)),
    Field("steps", NUMBER, "steps", "steps:20..30", "Steps", ("step",)),
    Field("cfg", NUMBER, "cfg", "cfg:<=4", "CFG", ("guidance",)),
    Field("seed", NUMBER, "seed", "seed:42", "Seed"),
    Field("denoise", NUMBER, "denoise", "denoise:<0.5", "Denoise"),
    Field("size", NUMBER, "size", "size:>1MP", "Size", ("resolution", "pixels")),
    Field("width", NUMBER, "width", "width:>=1024", "Width", ("w",)),
    Field("height", NUMBER, "height", "height:1024", "Height", ("h",)),
    Field("duration", NUMBER, "duration", "duration:>5s", "Duration", ("length",)),
    Field("date", NUMBER, "mtime", "date:2025-03..", "Date", ("mtime", "day")),
    Field("rating", NUMBER, "rating", "rating:>=4", "Rating", ("stars",)),
    Field("favourite", MARK, "favourite", "favourite:yes", "Favourite", ("fav", "favorite")),
    Field("label", MARK, "label", "label:red", "Label", ("colour", "color")),
    Field("note", TEXT, "note", "note:retouch", "Note", ("notes",)),
    Field("bytes", NUMBER, "bytes", "bytes:>2MB", "File size", ("filesize",)),
    Field("node", NODE, "node", "node:KSampler.denoise<0.5", "Node"),
    Field("like", LIKE, "like", "like:seed:123", "Like"),
    Field("has", HAS, "has", "has:workflow", "Has"),
)
BY_NAME = {name: one for one in FIELDS for name in (one.name, *one.also)}
BY_TARGET = {one.target: one for one in FIELDS}

HAS_NAMES = {
    "prompt": "prompt",
    "workflow": "workflow",
    "edits": "edits",
    "edit": "edits",
    "tags": "tags",
    "tag": "tags",
    "rating": "rating",
    "stars": "rating",
    "lora": "lora",
    "loras": "lora",
    "note": "note",
    "notes": "note",
}
MARK_VALUES = {
    "favourite": {"yes": "yes", "no": "no", "true": "yes", "false": "no"},
    "label": {name: name for name in (*LABELS[1:], "none", "any")},
}
LIKE_NAMES = {"prompt": "prompt", "seed": "seed", "workflow": "workflow"}


def nearest(name: str, known: list[str]) -> str | None:
    """The one of `known` that somebody who typed `name` may have meant."""
    name = name[:40].lower()
    close = difflib.get_close_matches(name, known, 1, 0.6)
    if close:
        return close[0]
    begins = [one for one in known if len(name) > 1 and one.startswith(name)]
    return begins[0] if begins else None
