"""What a picture says about how it was made, read from the file itself when somebody asks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from ...holaf_core import json
from ...holaf_core.errors import NotFound
from ...holaf_core.http import Routes, Tier, json_bytes
from ...holaf_database import ImageDatabase
from ..library_paths import Library
from .image_routes import find


def routes(library: Library, database: ImageDatabase) -> Routes:
    routes = Routes("/holaf/images")

    @routes.get("/metadata", Tier.VIEW)
    async def metadata(request):
        read = raw if request.query.get("raw") == "1" else parsed
        return json_bytes(await asyncio.to_thread(read, request.query, library, database))

    return routes


def parsed(query: Mapping[str, str], library: Library, database: ImageDatabase) -> bytes:
    """Everything, or with `graphs=0` all but the graphs themselves."""
    # A dozen parsers, which ComfyUI's start does not wait for.
    from ..metadata import read_metadata

    row, path = find(query, library, database)
    try:
        data = read_metadata(os.fspath(path), path.name)
    except FileNotFoundError:
        raise NotFound(f"{row['path_canon']} has gone from the disk.") from None
    tags: list[Any] = database.image_tags(row["id"])
    data["tags"] = sorted({*data.get("tags", ()), *tags})
    if query.get("graphs") == "0":
        # Of megabytes, for a page that only says whether there is one.
        del data["workflow"], data["prompt_graph"]
    return json.dumps(data)


def raw(query: Mapping[str, str], library: Library, database: ImageDatabase) -> bytes:
    """{key: text}: each embedded text exactly as it stands in the file."""
    from ..metadata import raw_texts

    row, path = find(query, library, database)
    try:
        return json.dumps(raw_texts(os.fspath(path), path.name))
    except FileNotFoundError:
        raise NotFound(f"{row['path_canon']} has gone from the disk.") from None
