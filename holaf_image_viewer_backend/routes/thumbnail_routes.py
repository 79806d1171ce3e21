"""Thumbnails: one, many at once, which are wanted first, and making them again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aiohttp import web

from ...holaf_core.errors import BadRequest, NotFound, UnsupportedMedia
from ...holaf_core.http import Routes, Tier, body, json_response
from ...holaf_core.tasks import Tasks, Work
from ...holaf_database import ImageDatabase
from ...holaf_image_records import FAILED
from ..thumbnail_shelf import pieces
from ..thumbnail_store import MIME, Picture, Stored, is_hash
from ..thumbnails import Thumbnails
from ..views import ViewEngine
from .which import ids_in, within

MOST_IN_A_BATCH = 200
MOST_IDS = 2000
MOST_EXCEPTIONS = 20_000

# A thumbnail's name is made from its content, so what it names never changes.
FOR_EVER = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"


def routes(
    thumbnails: Thumbnails, database: ImageDatabase, tasks: Tasks, engine: ViewEngine
) -> Routes:
    routes = Routes("/holaf/images")
    shelf = thumbnails.shelf

    @routes.get("/thumbnail", Tier.VIEW)
    async def thumbnail(request):
        row, stored = await asyncio.to_thread(find, request.query, thumbnails, database)
        name = row["thumb_hash"]
        if stored is None:
            # Not here: their lock is held while a database is read.
            await asyncio.to_thread(thumbnails.urge, [row["id"]])
            response = json_response({"status": "pending"}, 202)
            response.headers["Retry-After"] = "1"
            return response
        if request.query.get("v") == name:
            return picture(stored, FOR_EVER)
        if request.headers.get("If-None-Match") == f'"{name}"':
            return web.Response(status=304, headers={"ETag": f'"{name}"'})
        response = picture(stored, ASK_AGAIN)
        response.headers["ETag"] = f'"{name}"'
        return response

    @routes.get("/thumb/{thumb_hash}", Tier.VIEW)
    async def thumb(request):
        name = request.match_info["thumb_hash"]
        stored = shelf.at_hand(name) or await shelf.one(name, still_there(request))
        if stored is None:
            raise NotFound("There is no such thumbnail (any more).")
        return picture(stored, FOR_EVER)

    @routes.post("/thumbnails", Tier.VIEW)
    async def batch(request):
        ids = ids_in(await body(request), MOST_IN_A_BATCH)
        return await send(request, await shelf.batch(ids, still_there(request)))

    @routes.post("/prioritize-thumbnails", Tier.VIEW)
    async def prioritize(request):
        data = await body(request)
        client = data.get("client", "")
        if not isinstance(client, str) or len(client) > 100:
            raise BadRequest("client must be a text of at most 100 characters.", field="client")
        ids = await asyncio.to_thread(named, data, database)
        await asyncio.to_thread(thumbnails.wish, client, ids)
        return {"queued": len(ids)}

    @routes.post("/regenerate-thumbnail", Tier.CHANGE)
    async def regenerate(request):
        data = await body(request)
        if data.get("all") is True:
            return start_all()
        shown = "ranges" in data or "bits" in data
        many = "filter" in data or shown
        if shown:
            ids = await asyncio.to_thread(within, data, engine)
        elif many:
            ids = await asyncio.to_thread(matching, data, engine)
        else:
            ids = await asyncio.to_thread(named, data, database)
        if not ids:
            raise NotFound("None of these files is in the gallery (any more).")
        if many:
            return start("Make thumbnails again", partial(thumbnails.regenerate_many, ids))
        return {"queued": await asyncio.to_thread(thumbnails.regenerate, ids)}

    @routes.post("/regenerate-failed", Tier.CHANGE)
    async def regenerate_failed(request):
        if (await body(request)).get("all") is True:
            return start_all()
        return start("Make failed thumbnails again", thumbnails.regenerate_failed)

    @routes.post("/regenerate-all", Tier.CHANGE)
    async def regenerate_all(request):
        await body(request)
        return start_all()

    def start_all() -> dict[str, int]:
        return start("Make all thumbnails again", thumbnails.regenerate_all)

    def start(title: str, work: Work) -> dict[str, int]:
        return {"task": tasks.start("images.thumbnails", title, work, alone=True).id}

    @routes.post("/maintenance/clean-thumbnails", Tier.CHANGE)
    async def clean(request):
        await body(request)
        return await asyncio.to_thread(thumbnails.clean)

    @routes.get("/thumbnail-stats", Tier.VIEW)
    async def statistics(request):
        return await asyncio.to_thread(thumbnails.statistics)

    return routes


def still_there(request: web.Request) -> Callable[[], bool]:
    """Whether the client waits for the answer: a page that scrolls on gives up its requests."""
    return lambda: request.transport is not None


async def send(request: web.Request, parts: list[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Length": str(sum(map(len, parts))),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
    )
    # A page that scrolled on has closed its connection: nothing is wrong.
    with contextlib.suppress(ConnectionResetError):
        await response.prepare(request)
        # The count alone: what goes with the headers is copied once more.
        await response.write(parts[0])
        for piece in pieces(parts[1:]):
            await response.write(piece)
        await response.write_eof()
    return response


def picture(stored: Picture | Stored, caching: str) -> web.Response:
    return web.Response(
        body=stored.data, content_type=MIME[stored.type], headers={"Cache-Control": caching}
    )


def find(
    query: Mapping[str, str], thumbnails: Thumbnails, database: ImageDatabase
) -> tuple[dict[str, Any], Stored | None]:
    """The row that a request names and its thumbnail, None while there is none yet.

    Raises NotFound, or UnsupportedMedia with the reason why there will be none.
    """
    text = query.get("id")
    if text is None:
        image_id = database.ids_of_paths([query.get("path_canon", "")]).get(
            query.get("path_canon", "")
        )
    elif text.isascii() and text.isdigit() and len(text) < 16:
        image_id = int(text)
    else:
        raise BadRequest("id must be a whole number from 0 up.", field="id")
    rows = database.thumbnail_work([image_id]) if image_id is not None else []
    if not rows:
        raise NotFound("This file is not in the gallery (any more).")
    row = rows[0]
    stored = thumbnails.store.get(row["thumb_hash"]) if is_hash(row["thumb_hash"]) else None
    if stored is None and row["thumbnail_status"] == FAILED:
        raise UnsupportedMedia(row["thumbnail_error"] or "It has no thumbnail.")
    return row, stored


def matching(data: Mapping[str, Any], engine: ViewEngine) -> list[int]:
    """The ids of all that match `filter` now, without those in `except`."""
    wanted = data["filter"]
    if not isinstance(wanted, dict):
        raise BadRequest("filter must be an object.", field="filter")
    without = set(ids_in({"ids": data.get("except", [])}, MOST_EXCEPTIONS))
    from ..query import parse  # not before ComfyUI has started: see views.py

    found = engine.open(parse(wanted, also=frozenset({"group"}))).ids.tolist()
    return [one for one in found if one not in without]


def named(data: Mapping[str, Any], database: ImageDatabase) -> list[int]:
    """The ids that `ids`, `id`, `paths_canon` or `path_canon` name; unknown paths are left out."""
    ids = ids_in({"ids": [data["id"]]} if "id" in data else data, MOST_IDS)
    paths = [data["path_canon"]] if "path_canon" in data else data.get("paths_canon", [])
    if not isinstance(paths, list) or not all(isinstance(one, str) for one in paths):
        raise BadRequest("paths_canon must be a list of texts.", field="paths_canon")
    if len(paths) > MOST_IDS:
        raise BadRequest(f"At most {MOST_IDS} paths at a time.", field="paths_canon")
    known = database.ids_of_paths(paths) if paths else {}
    return list(dict.fromkeys([*ids, *(known[one] for one in paths if one in known)]))
