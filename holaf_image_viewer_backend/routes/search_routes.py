"""Help with searching: suggestions while typing, counts of every facet, and saved searches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from ...holaf_core import json
from ...holaf_core.errors import BadRequest
from ...holaf_core.http import Routes, Tier, body, json_bytes
from ...holaf_image_searches import SavedSearches
from ..views import ViewEngine

LONGEST_TEXT = 10_000


def routes(
    engine: ViewEngine,
    suggest_at: Callable[[str, int], dict[str, Any]],
    saved: SavedSearches,
    publish: Callable[..., None],
) -> Routes:
    routes = Routes("/holaf/images")

    @routes.get("/suggest", Tier.VIEW)
    async def suggest(request):
        """?text=&at= → {start, end, items: [{insert, label, kind, count}]}, in code points."""
        text = request.query.get("text", "")
        if len(text) > LONGEST_TEXT:
            raise BadRequest(f"text has at most {LONGEST_TEXT:,} characters.", field="text")
        at = request.query.get("at", str(len(text)))
        if not (at.isascii() and at.isdecimal() and len(at) < 10):
            raise BadRequest("at must be a whole number from 0 up.", field="at")
        return await engine.run(suggest_at, text, int(at))

    @routes.post("/facets", Tier.VIEW)
    async def facets(request):
        """{…query, names?, limit?, find?} → {version, total, facets: {name: {values, …}}}"""
        data = await body(request)
        return json_bytes(await engine.run(lambda: json.dumps(engine.facets(data))))

    @routes.get("/saved-searches", Tier.VIEW)
    async def saved_searches(request):
        """→ {searches: [{id, name, query, created_at}]} by name"""
        return json_bytes(await asyncio.to_thread(lambda: json.dumps({"searches": saved.all()})))

    @routes.post("/saved-searches/save", Tier.CHANGE)
    async def save(request):
        """{name, query} → {id}; a search of the same name is replaced."""
        data = await body(request)
        found = await asyncio.to_thread(saved.save, data.get("name"), data.get("query"))
        return announced(id=found)

    @routes.post("/saved-searches/rename", Tier.CHANGE)
    async def rename(request):
        """{id, name} → {}; a name that another one has is refused."""
        data = await body(request)
        await asyncio.to_thread(saved.rename, data.get("id"), data.get("name"))
        return announced()

    @routes.post("/saved-searches/delete", Tier.CHANGE)
    async def delete(request):
        """{id} → {}"""
        data = await body(request)
        await asyncio.to_thread(saved.delete, data.get("id"))
        return announced()

    def announced(**answer: Any) -> dict[str, Any]:
        # Every tab reads the list again: it may be larger than an event should be.
        publish("images.saved-searches", {"changed_at": time.time()}, keep=True)
        return answer

    return routes
