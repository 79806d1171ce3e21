"""Rating, tagging and sorting pictures, many at once, and undoing that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ...holaf_core.errors import BadRequest
from ...holaf_core.http import Routes, Tier, body, json_bytes
from ...holaf_core.json import dumps
from ...holaf_image_judging import Judging, checked_change
from ..views import ViewEngine
from .image_routes import number
from .which import which

LONGEST_FIND = 200


def routes(engine: ViewEngine, judging: Judging) -> Routes:
    routes = Routes("/holaf/images")

    @routes.post("/judge", Tier.CHANGE)
    async def judge(request):
        """{…which, rating?, favourite?, label?, note?, note_before?, add_tags?, remove_tags?}
        → {changed, undo: token or null, tags?: of a single picture}"""
        return await asyncio.to_thread(judged, await body(request), engine, judging)

    @routes.post("/judge/undo", Tier.CHANGE)
    async def undo(request):
        """{undo} → {changed}"""
        data = await body(request)
        return await asyncio.to_thread(judging.undo, data.get("undo"))

    @routes.get("/judged", Tier.VIEW)
    async def judged_one(request):
        """?id= → {id, rating, favourite, label, note, tags: [{name, from_file}], collections}"""
        image_id = number(request.query, "id")
        return await asyncio.to_thread(judging.judged, image_id)

    @routes.get("/tags", Tier.VIEW)
    async def tags(request):
        """?find= → {tags: [{name, count}]}, most frequent first"""
        find = request.query.get("find", "")
        if len(find) > LONGEST_FIND:
            raise BadRequest(f"find has at most {LONGEST_FIND} characters.", field="find")
        return json_bytes(await asyncio.to_thread(lambda: dumps({"tags": judging.tags(find)})))

    return routes


def judged(data: Mapping[str, Any], engine: ViewEngine, judging: Judging) -> dict[str, Any]:
    change = checked_change(data)
    ids = which(data, engine)
    answer = judging.judge(ids, change)
    if len(ids) == 1 and (change.add_tags or change.remove_tags):
        answer["tags"] = judging.judged(ids[0])["tags"]
    return answer
