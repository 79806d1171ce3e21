"""What a search is made of once its text has been read: plain values; equal ones mean the same.

`query_language.parse` makes them, `matching` finds the pictures they mean. `span` is where a term
stands in the text that was typed; it counts neither in equality nor in hashes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]

# Where words are looked for. "any" is the prompt, the file's name and the workflow.
ANYWHERE = "any"
TEXTS = ("any", "prompt", "negative", "file", "workflow", "note")
REGEX_TEXTS = ("prompt", "negative", "file")
NAME_KINDS = (
    "model",
    "sampler",
    "scheduler",
    "vae",
    "tag",
    "collection",
    "folder",
    "format",
    "ext",
)
NUMBERS = (
    "steps",
    "cfg",
    "seed",
    "denoise",
    "size",
    "width",
    "height",
    "duration",
    "mtime",
    "rating",
    "bytes",
)
LIKE_KINDS = ("prompt", "seed", "workflow")
HAS_KINDS = ("prompt", "workflow", "edits", "tags", "rating", "lora", "note")
MARK_KINDS = ("favourite", "label")


@dataclass(frozen=True)
class All:
    """Every child. Without children: every picture. The root of a search is always one of these."""

    children: tuple[Node, ...] = ()
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class AnyOf:
    """At least one child; there are two or more."""

    children: tuple[Node, ...]
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Not:
    child: Node
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Words:
    """A word, found at the start of words, or an exact phrase. `where` is one of TEXTS."""

    text: str
    phrase: bool = False
    where: str = ANYWHERE
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Regex:
    """A Python expression, searched for without regard to case. `where` is one of REGEX_TEXTS."""

    pattern: str
    where: str = "prompt"
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Compare:
    """A number of the picture. A picture for which it is unknown never matches.

    `op` says how `low` and `high` bound it; the bound that is not used is None:
    "=" low (high is the same), ">" low, ">=" low, "<" high, "<=" high, ".." low to high, both
    inclusive (one of them may be None). `field` is one of NUMBERS:

    size      width x height in pixels
    duration  seconds
    mtime     days since 1970-01-01 in the server's time zone, always with ".."
    bytes     the size of the file
    seed      0 to 2**64 - 1, as the workflow has it
    cfg, denoise, duration may be fractions: "=" allows for the rounding of the stored number.
    """

    field: str
    op: str
    low: float | int | None
    high: float | int | None
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class NameIs:
    """Something with a name. `kind` is one of NAME_KINDS.

    Not exact: every word of `text` (split at white space) is part of the name, in any case.
    Exact: the name is `text`, in any case; a model's with or without its folder and extension.
    folder: not exact, the words are parts of the path; exact, this folder and what is below it.
    An exact "" is a picture that has none or for which it is unknown.
    """

    kind: str
    text: str
    exact: bool = False
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Lora:
    """A LoRA whose name has all words of `text`; with `op` (= < <= > >=) its strength as well."""

    text: str
    op: str | None = None
    strength: float | None = None
    exact: bool = False
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class NodeValue:
    """A workflow with a node of this type, and perhaps a value of one of its inputs.

    Types and inputs are compared in any case; `node_type` may be a part of the type. `value` is a
    number wherever it looks like one; with "=" a text is a part of the value.
    """

    node_type: str
    input: str | None = None
    op: str | None = None
    value: float | str | None = None
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Like:
    """Pictures with the same prompt, seed or workflow as the picture `image_id`."""

    kind: str
    image_id: int
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Has:
    """`what` is one of HAS_KINDS."""

    what: str
    span: Span = dataclasses.field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Mark:
    """What the user made of it. favourite: `value` is "yes". label: a colour, "none" or "any"."""

    what: str
    value: str
    span: Span = dataclasses.field(default=(0, 0), compare=False)


Leaf: TypeAlias = Words | Regex | Compare | NameIs | Lora | NodeValue | Like | Has | Mark
Node: TypeAlias = All | AnyOf | Not | Leaf
