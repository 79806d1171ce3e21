"""What the large view needs beyond the file: its edits, and a version that a browser shows."""

from __future__ import annotations

import asyncio

from ...holaf_core.errors import NotFound, TooManyRequests
from ...holaf_core.file_response import FileAnswer
from ...holaf_core.http import Routes, Tier, body
from ...holaf_database import ImageDatabase
from .. import edits
from ..library_paths import Library
from ..playable import ENDINGS, Playable
from .image_routes import find

MOST_WAITING = 16

# As long as the file is the same, so is its version; who asks names neither.
HEADERS = {
    "Content-Disposition": "inline",
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; media-src 'self'",
    "Cache-Control": "no-cache",
}


def routes(library: Library, database: ImageDatabase, playable: Playable) -> Routes:
    routes = Routes("/holaf/images")
    drawing = asyncio.Lock()
    waiting = 0

    @routes.get("/load-edits", Tier.VIEW)
    async def load_edits(request):
        _, path = await asyncio.to_thread(find, request.query, library, database)
        return {"edits": await asyncio.to_thread(edits.of_file, path)}

    @routes.get("/rendered", Tier.VIEW)
    async def rendered(request):
        """A picture as PNG: one at a time, in a process of its own, not beyond 256 megapixels."""
        nonlocal waiting
        row, path = await asyncio.to_thread(find, request.query, library, database)
        if waiting >= MOST_WAITING:
            raise TooManyRequests("Too many pictures are being drawn. Try again.", 5)
        waiting += 1
        try:
            # Here, not on threads: they would be missed elsewhere.
            async with drawing:
                if request.transport is None:
                    raise NotFound("Nobody waits for this picture any more.")
                return answer(await asyncio.to_thread(playable.picture, row, path))
        finally:
            waiting -= 1

    @routes.get("/playable", Tier.VIEW)
    async def state(request):
        row, path = await asyncio.to_thread(find, request.query, library, database)
        return await asyncio.to_thread(playable.state, row, path)

    @routes.get("/playable/file", Tier.VIEW)
    async def file(request):
        row, path = await asyncio.to_thread(find, request.query, library, database)
        found = await asyncio.to_thread(playable.find, row, path)
        if found is None:
            raise NotFound("There is no other version of this file (any more).")
        return answer(found)

    # Minutes of all processors and gigabytes of disk: no matter of looking.
    @routes.post("/playable", Tier.CHANGE)
    async def make(request):
        data = await body(request)
        named = {name: str(data[name]) for name in ("id", "path_canon") if name in data}
        row, path = await asyncio.to_thread(find, named, library, database)
        return await asyncio.to_thread(playable.make, row, path)

    return routes


def answer(path):
    return FileAnswer(path, headers={**HEADERS, "Content-Type": ENDINGS[path.suffix]})
