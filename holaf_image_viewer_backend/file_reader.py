"""Makes the row of one file: what its header, its metadata and its sidecars tell."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from hashlib import blake2b

from ..holaf_image_records import IndexedFile, time_of
from . import media_types, sidecars
from .graph_text import GraphCache
from .index_frames import encodable
from .listing import Place
from .metadata import read_file


class FileReader:
    """Belongs to one thread: it remembers the graphs it met."""

    def __init__(self) -> None:
        self._cache = GraphCache()

    def read(self, place: Place) -> IndexedFile:
        """Raises FileNotFoundError for a file that vanished; every other trouble is in `error`."""
        status = place.status
        siblings, edits = place.names, place.edits
        if siblings is None or edits is None:
            siblings, edits = sidecars.names_beside(place.path)
        facts = read_file(
            place.path,
            os.path.basename(place.path),  # noqa: PTH119 - a string operation per file
            size=status.st_size,
            siblings=siblings,
            edits=edits,
            cache=self._cache,
        )
        prompt = encodable(facts.prompt_text or "")
        negative = encodable(facts.negative_text or "")
        pixel_key = facts.pixel_key or 0
        mtime_ns, size = time_of(status), status.st_size
        graph, made = facts.graph, facts.made
        rating = None if facts.rating is None else max(facts.rating, 0)  # -1: rejected
        return IndexedFile(
            root_id=place.root_id,
            folder=place.folder,
            filename=place.filename,
            mtime_ns=mtime_ns,
            size_bytes=size,
            format=facts.format,
            kind=facts.kind,
            width=facts.width or 0,
            height=facts.height or 0,
            duration=facts.duration or 0.0,
            pixel_key=pixel_key,
            thumb_hash=thumb_hash(size, mtime_ns, pixel_key),
            prompt_hash=prompt_hash(prompt, negative) if prompt or negative else None,
            prompt_text=prompt,
            negative_text=negative,
            graph_hash=graph and graph.hash,
            graph_text=encodable(graph.text) if graph else "",
            graph_nodes=graph and graph.nodes,
            shape_hash=graph and graph.shape_hash,
            shape_label=encodable(graph.shape_label) if graph else "",
            model=made.model and encodable(made.model),
            sampler=made.sampler and encodable(made.sampler),
            scheduler=made.scheduler and encodable(made.scheduler),
            steps=made.steps,
            cfg=made.cfg,
            denoise=made.denoise,
            seed=facts.seed,
            loras=made.loras and tuple((encodable(one[0]), *one[1:]) for one in made.loras),
            has_workflow=facts.has_workflow,
            has_prompt=facts.has_prompt,
            prompt_source=facts.prompt_source,
            workflow_source=facts.workflow_source,
            has_edit_file=facts.has_edit_file,
            error=encodable(facts.error or ""),
            tags=tuple(map(encodable, facts.tags)),
            rating=rating,
            rated_at=0.0 if rating is None else rated_at(place.path, siblings, status),
        )

    def unread(self, place: Place, error: str) -> IndexedFile:
        """The row of a file that must not be opened."""
        status = place.status
        claimed = media_types.format_of(place.filename) or "PNG"
        return IndexedFile(
            root_id=place.root_id,
            folder=place.folder,
            filename=place.filename,
            mtime_ns=time_of(status),
            size_bytes=status.st_size,
            format=claimed,
            kind=media_types.kind_of(claimed),
            thumb_hash=thumb_hash(status.st_size, time_of(status), 0),
            error=error,
        )


def rated_at(path: str, siblings: Collection[str], status: os.stat_result) -> float:
    """When its XMP was written: that beside it counts more than that in it."""
    folder, name = os.path.split(path)
    beside = sidecars.find(name, siblings).xmp
    if beside:
        with contextlib.suppress(OSError):
            return os.stat(os.path.join(folder, beside)).st_mtime  # noqa: PTH116, PTH118
    return status.st_mtime


def thumb_hash(size: int, mtime_ns: int, pixel_key: int) -> str:
    """Names the content: thumbnails are cached under it for ever."""
    return blake2b(b"%d:%d:%d" % (size, mtime_ns, pixel_key), digest_size=8).hexdigest()


def prompt_hash(positive: str, negative: str) -> bytes:
    digest = blake2b(positive.encode("utf-8"), digest_size=16)
    digest.update(b"\0")
    digest.update(negative.encode("utf-8"))
    return digest.digest()
