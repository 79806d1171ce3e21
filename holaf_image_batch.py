"""How rows reach the database: as texts and bytes that SQLite takes apart itself.

A batch of some hundred files is a handful of SQL statements. Python never makes an object for a
row, so the interpreter's lock stays free for the host's event loop meanwhile, and the garbage
collector has nothing more to look at.

What there are few of is JSON, also what many files share. The rest of each file is a row of numbers
of fixed width, because `substr` and `CAST` take less time than `json_extract`.
"""

from __future__ import annotations

import json as plain_json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from math import isfinite
from typing import Any

from .holaf_image_records import IndexedFile, IndexedFolder, Loras, canon

try:
    import orjson
except ImportError:  # no wheel for this platform
    orjson = None

# Han, kana, Hangul and their punctuation are written without spaces: each sign becomes a word.
UNSPACED = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")

DIGITS = re.compile("[0-9]+")

HASH = 16

# What a hash is of, in `Sent`.
PROMPT, GRAPH, SHAPE, LORAS = range(4)

# The parts of a batch, in the order of their bytes. Those in JSON are arrays of arrays.
JSON_PARTS = (
    "listed",
    "folders",
    "names",
    "shared",
    "sets",
    "members",
    "shapes",
    "graphs",
    "prompts",
    "tags",
    "ratings",
)
PARTS = (*JSON_PARTS, "hashes", "nodes", "texts", "files")

# A row of `shared`. Most files have the same as others before them in their batch.
SHARED = (
    "root_id",
    "folder",
    "top_level_subfolder",
    "format",
    "kind",
    "error",
    "model",
    "sampler",
    "scheduler",
    "width",
    "height",
    "duration",
    "has_workflow",
    "has_prompt",
    "has_edit_file",
    "prompt_source",
    "workflow_source",
)

# A row of `files`: the width of each field, and how it is written. Texts lie in `texts` one after
# the other, from `text_at`; `shared` is a place there, from 1; blanks are no value.
FIELDS = {
    "text_at": (8, "d"),
    "path_length": (6, "d"),
    "name_length": (6, "d"),
    "key_length": (6, "d"),
    "thumb_length": (3, "d"),
    "shared": (6, "d"),
    "prompt": (8, "d"),
    "graph": (8, "d"),
    "loras": (8, "d"),
    "mtime_ns": (20, "d"),
    "size_bytes": (20, "d"),
    "pixel_key": (20, "d"),
    "steps": (20, "s"),
    "cfg": (24, "s"),
    "denoise": (24, "s"),
    "seed": (20, "s"),
}
_ROW = "".join(f"%{width}{how}" for width, how in FIELDS.values())
WIDTH = sum(width for width, _ in FIELDS.values())


@dataclass(frozen=True, slots=True)
class Batch:
    """`data` is the parts, one after the other; `lengths` says how long each is."""

    count: int
    removed: Sequence[str]
    lengths: Sequence[int]
    data: bytes | memoryview

    def head(self) -> dict[str, Any]:
        """All but `data`, as JSON: what travels in front of it."""
        return {"count": self.count, "removed": self.removed, "lengths": self.lengths}

    def part(self, name: str) -> memoryview:
        at = PARTS.index(name)
        start = sum(self.lengths[:at])
        return memoryview(self.data)[start : start + self.lengths[at]]


def split(heads: Iterable[dict[str, Any]], data: bytes) -> list[Batch]:
    """Batches whose data came in one piece."""
    batches, start = [], 0
    for head in heads:
        end = start + sum(head["lengths"])
        batches.append(Batch(**head, data=memoryview(data)[start:end]))
        start = end
    return batches


class Sent:
    """What one sender has sent already: it is in the database, or on its way before the rest."""

    def __init__(self) -> None:
        self._known: set[object] = set()

    def __contains__(self, what: object) -> bool:
        return what in self._known

    def first(self, what: object) -> bool:
        if what in self._known:
            return False
        if len(self._known) >= 200_000:  # about 30 MB; what is alike comes in runs, so start afresh
            self._known.clear()
        self._known.add(what)
        return True


def encode(
    files: Iterable[IndexedFile],
    folders: Iterable[IndexedFolder] = (),
    removed: Sequence[str] = (),
    sent: Sent | None = None,
) -> Batch:
    """Rows as a batch. Each path once. Raises OverflowError, ValueError for what is no such row."""
    sent = sent or Sent()
    first = sent.first
    parts: dict[str, list[Any]] = {name: [] for name in JSON_PARTS}
    prompts, graphs, tags = (parts[one] for one in ("prompts", "graphs", "tags"))
    rows: list[str] = []
    texts: list[bytes] = []
    text_at = 1
    hashes = bytearray()
    nodes = bytearray()
    places: dict[bytes, int] = {}
    lora_hashes: dict[Loras, bytes] = {}
    shared: dict[tuple[Any, ...], int] = {}
    found_in: set[tuple[str, str]] = set()

    def share(values: tuple[Any, ...]) -> int:
        """A new place in `shared`."""
        root_id, folder = values[:2]
        if (root_id, folder) not in found_in:
            found_in.add((root_id, folder))
            parts["folders"].append((root_id, folder))
        for kind, name in zip(("model", "sampler", "scheduler"), values[6:9], strict=True):
            if name is not None and first((kind, name)):
                parts["names"].append((kind, name))
        shared[values] = len(shared) + 1
        return len(shared)

    def place(digest: bytes | None) -> int | None:
        """Where `digest` is in `hashes`, as SQLite counts."""
        if digest is None:
            return None
        found = places.get(digest)
        if found is None:
            found = places[digest] = len(hashes) + 1
            hashes.extend(digest)
        return found

    for file in files:
        folder = file.folder
        root_id = file.root_id
        path = canon(root_id, folder, file.filename)
        prompt = place(file.prompt_hash)
        if prompt is not None and first((PROMPT, file.prompt_hash)):
            positive, negative = file.prompt_text, file.negative_text
            plain = positive.isascii() and negative.isascii()
            searched = () if plain else (searchable(positive), searchable(negative))
            prompts.append((prompt, positive, negative, *searched))
        graph = place(file.graph_hash)
        if graph is not None and first((GRAPH, file.graph_hash)):
            shape = place(file.shape_hash)
            if shape is not None and first((SHAPE, file.shape_hash)):
                parts["shapes"].append((shape, file.shape_label))
            packed = file.graph_nodes or b""
            graphs.append(
                (graph, searchable(file.graph_text), shape, len(nodes) + 1, len(packed) or None)
            )
            nodes += packed
        loras = None
        if file.loras is not None:
            digest = lora_hashes.get(file.loras)
            if digest is None:
                digest = lora_hashes[file.loras] = lora_hash(file.loras)
            loras = place(digest)
            if first((LORAS, digest)):
                parts["sets"].append((loras,))
                for name, strength, strength_clip in file.loras:
                    if first(("lora", name)):
                        parts["names"].append(("lora", name))
                    parts["members"].append((loras, name, strength, strength_clip))
        if file.tags:
            tags.extend((path, tag) for tag in file.tags)
        if file.rating is not None:
            parts["ratings"].append((path, file.rating, file.rated_at))
        duration = file.duration
        values = (
            root_id,
            folder,
            folder.split("/", 1)[0],
            file.format,
            file.kind,
            file.error,
            file.model,
            file.sampler,
            file.scheduler,
            file.width,
            file.height,
            duration if isfinite(duration) else 0.0,
            file.has_workflow,
            file.has_prompt,
            file.has_edit_file,
            file.prompt_source,
            file.workflow_source,
        )
        name = file.filename.encode()
        own = (path.encode(), name_key(file.filename).encode(), file.thumb_hash.encode())
        lengths = [len(one) for one in own]
        texts.extend(own)
        row = _ROW % (
            text_at,
            lengths[0],
            len(name),
            lengths[1],
            lengths[2],
            shared.get(values) or share(values),
            prompt or 0,
            graph or 0,
            loras or 0,
            file.mtime_ns,
            file.size_bytes,
            file.pixel_key,
            blank(whole(file.steps)),
            blank(file.cfg),
            blank(file.denoise),
            blank(signed(file.seed)),
        )
        if len(row) != WIDTH:
            raise OverflowError(f"{path} has a number that is too large")
        text_at += sum(lengths)
        rows.append(row)
    parts["shared"] = list(shared)
    parts["listed"] = [(one.root_id, one.path, one.mtime_ns) for one in folders]
    pieces: list[bytes] = [dumps(part) for part in parts.values()]
    pieces += (bytes(hashes), bytes(nodes), b"".join(texts), "".join(rows).encode("ascii"))
    return Batch(len(rows), removed, [len(piece) for piece in pieces], b"".join(pieces))


def blank(value: float | None) -> str:
    return "" if value is None or not isfinite(value) else repr(value)


def dumps(value: Any) -> bytes:
    """JSON with numbers of at most 64 bits and whole text: SQLite keeps no others."""
    if orjson is None:
        for row in value:
            for one in row:
                if type(one) is int and not -(1 << 63) <= one < 1 << 63:
                    raise OverflowError("a number beyond 64 bits")
        text = plain_json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8")
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise OverflowError(str(error)) from error


def signed(seed: int | None) -> int | None:
    """The 64 bits of `seed` as a signed number, which is all that SQLite has.

    >>> signed(5), signed(2**64 - 1), signed(2**64)
    (5, -1, None)
    """
    if seed is None or not 0 <= seed < 1 << 64:
        return None
    return seed if seed < 1 << 63 else seed - (1 << 64)


def whole(value: int | None) -> int | None:
    """`value`, or None where SQLite cannot keep it."""
    return value if value is not None and -(1 << 63) <= value < 1 << 63 else None


@lru_cache(maxsize=4096)
def lora_hash(loras: Loras) -> bytes:
    """The same for the same LoRAs with the same strengths, in whatever order."""
    digest = blake2b(digest_size=HASH)
    for one in sorted(map(repr, loras)):
        digest.update(one.encode("utf-8", "replace") + b"\0")
    return digest.digest()


def searchable(text: str) -> str:
    """`text` as the full-text index wants it.

    >>> searchable("a 猫 on 屋根")
    'a  猫  on  屋  根 '
    """
    return text if text.isascii() else UNSPACED.sub(r" \g<0> ", text)


def name_key(name: str) -> str:
    """A text that sorts as people count: each number is preceded by its number of digits.

    >>> sorted(["b10", "b9", "B009", "a"], key=name_key)
    ['a', 'b9', 'B009', 'b10']
    """
    return DIGITS.sub(_counted, name.casefold())


def _counted(found: re.Match[str]) -> str:
    digits = found[0].lstrip("0")
    return f"{chr(min(len(digits), 90) + 33)}{digits}"
