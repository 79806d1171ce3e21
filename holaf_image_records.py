"""The values that travel between the indexer, the database and the routes."""

from __future__ import annotations

import os
from dataclasses import dataclass

OUTPUT = "output"

# thumbnail_status, as users of earlier versions know it
PENDING, QUEUED, READY, FAILED = 0, 1, 2, 3

# prompt_source and workflow_source
NONE, EMBEDDED, SIDECAR = 0, 1, 2


Loras = tuple[tuple[str, float | None, float | None], ...]


# Not frozen: a frozen one takes three times as long to make, and there are a million.
@dataclass(slots=True)
class IndexedFile:
    """One media file as the index worker saw it.

    `folder` is the POSIX path of its folder below the root, "" for the root itself; both names are
    canonical (bytes that are not UTF-8 are percent-escaped). `thumb_hash` names the content: size,
    modification time and `pixel_key`. Hashes are 16 bytes.
    """

    root_id: str
    folder: str
    filename: str
    mtime_ns: int
    size_bytes: int
    format: str = ""
    kind: str = "image"
    width: int = 0
    height: int = 0
    duration: float = 0.0
    pixel_key: int = 0
    thumb_hash: str = ""
    prompt_hash: bytes | None = None
    prompt_text: str = ""
    negative_text: str = ""
    graph_hash: bytes | None = None
    graph_text: str = ""
    # What is kept of the graph beside its text: see `index_facts.py`. `graph_nodes` is packed.
    graph_nodes: bytes | None = None
    shape_hash: bytes | None = None
    shape_label: str = ""
    # How it was made; None where that is unknown. seed: unsigned 64 bits.
    model: str | None = None
    sampler: str | None = None
    scheduler: str | None = None
    steps: int | None = None
    cfg: float | None = None
    denoise: float | None = None
    seed: int | None = None
    loras: Loras | None = None
    has_workflow: bool = False
    has_prompt: bool = False
    prompt_source: int = NONE
    workflow_source: int = NONE
    has_edit_file: bool = False
    error: str = ""
    tags: tuple[str, ...] = ()
    # As its XMP says, None where that says nothing; and when that was written.
    rating: int | None = None
    rated_at: float = 0.0

    @property
    def path_canon(self) -> str:
        return canon(self.root_id, self.folder, self.filename)


@dataclass(frozen=True, slots=True)
class IndexedFolder:
    """A folder whose names were read, with the modification time it had just before that."""

    root_id: str
    path: str
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class ThumbnailResult:
    """What became of one thumbnail: `error` is empty and `placeholder` 48 bytes, or the reason."""

    image_id: int
    thumb_hash: str
    placeholder: bytes | None = None
    error: str = ""


def time_of(status: os.stat_result) -> int:
    """Modification time in nanoseconds, as far as SQLite can keep it: from 1677 to April 2262.

    File systems can go on for much longer, and clocks and archives are wrong at times.
    """
    return max(-(1 << 63), min(status.st_mtime_ns, (1 << 63) - 1))


def canon(root_id: str, folder: str, filename: str) -> str:
    """The name that users know a file by; `library_paths.py` says how it is written.

    >>> canon("output", "a/b", "c.png"), canon("input", "", "c.png")
    ('a/b/c.png', 'input:c.png')
    """
    below = f"{folder}/{filename}" if folder else filename
    return below if root_id == OUTPUT else f"{root_id}:{below}"
