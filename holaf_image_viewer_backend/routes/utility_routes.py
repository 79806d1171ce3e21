"""The index: how far it is, when it last changed something, and "synchronise now"."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ...holaf_core.errors import BadRequest
from ...holaf_core.http import Routes, Tier, body
from ...holaf_database import ImageDatabase
from ..indexer import Indexer


def routes(indexer: Indexer, database: ImageDatabase) -> Routes:
    routes = Routes("/holaf/images")

    @routes.post("/maintenance/sync-database", Tier.CHANGE)
    async def sync_database(request: web.Request):
        """{confirm_empty?: bool} → the index's status; it goes on in the background."""
        data = await body(request)
        confirm_empty = data.get("confirm_empty", False)
        if not isinstance(confirm_empty, bool):
            raise BadRequest("confirm_empty must be true or false.", field="confirm_empty")
        await asyncio.to_thread(indexer.sync_now, confirm_empty=confirm_empty)
        return indexer.status()

    @routes.get("/index-status", Tier.VIEW)
    async def index_status(request: web.Request):
        """The same object as the topic `images.index`."""
        return await asyncio.to_thread(indexer.status)

    @routes.get("/last-update-time", Tier.VIEW)
    async def last_update_time(request: web.Request):
        """{last_update}: seconds since 1970 of the last change to the index, 0 before the first."""
        return {"last_update": await asyncio.to_thread(database.last_update)}

    return routes
