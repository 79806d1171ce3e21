"""Rating, tagging and sorting pictures, many at once, and undoing that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from ...holaf_core.errors import BadRequest
from ...holaf_core.http import Routes, Tier, body, json_bytes
from ...holaf_core.json import dumps
from ...holaf_core.tasks import Tasks, Work
from ...holaf_image_collections import Collections
from ...holaf_image_judging import Judging, checked_change, checked_tag
from ..library_paths import Library
from ..views import ViewEngine
from .image_routes import number
from .which import which

LONGEST_FIND = 200


def routes(
    library: Library,
    engine: ViewEngine,
    judging: Judging,
    collections: Collections,
    tasks: Tasks,
    publish: Callable[..., None],
) -> Routes:
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
        count, collections_changed = await asyncio.to_thread(judging.undo, data.get("undo"))
        if collections_changed:
            announce()
        return {"changed": count}

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

    @routes.post("/tags/rename", Tier.CHANGE)
    async def rename_tag(request):
        """{from, to, merge?} → {changed}; 409 {exists, count} where `to` must be merged with"""
        data = await body(request)
        old, new = (checked_tag(data.get(one), one) for one in ("from", "to"))
        merge = data.get("merge", False)
        if not isinstance(merge, bool):
            raise BadRequest("merge must be true or false.", field="merge")
        return {"changed": await asyncio.to_thread(judging.rename_tag, old, new, merge)}

    @routes.post("/tags/delete", Tier.CHANGE)
    async def delete_tag(request):
        """{name} → {changed, undo}"""
        name = checked_tag((await body(request)).get("name"), "name")
        return await asyncio.to_thread(judging.delete_tag, name)

    @routes.get("/collections", Tier.VIEW)
    async def all_collections(request):
        """→ {collections: [{id, name, count, created_at}]} by name"""
        return json_bytes(
            await asyncio.to_thread(lambda: dumps({"collections": collections.all()}))
        )

    @routes.post("/collections/create", Tier.CHANGE)
    async def create(request):
        """{name} → {id}"""
        data = await body(request)
        return announced(id=await asyncio.to_thread(collections.create, data.get("name")))

    @routes.post("/collections/rename", Tier.CHANGE)
    async def rename(request):
        """{id, name} → {}"""
        data = await body(request)
        await asyncio.to_thread(collections.rename, data.get("id"), data.get("name"))
        return announced()

    @routes.post("/collections/delete", Tier.CHANGE)
    async def delete(request):
        """{id} → {undo}"""
        data = await body(request)
        return announced(**await asyncio.to_thread(collections.delete, data.get("id")))

    @routes.post("/collections/add", Tier.CHANGE)
    async def add(request):
        """{id, …which} → {changed, undo}"""
        data = await body(request)
        return announced(**await asyncio.to_thread(moved, collections.add, data, engine))

    @routes.post("/collections/remove", Tier.CHANGE)
    async def remove(request):
        """{id, …which} → {changed, undo}"""
        data = await body(request)
        return announced(**await asyncio.to_thread(moved, collections.remove, data, engine))

    @routes.post("/xmp/write", Tier.CHANGE)
    async def write_xmp(request):
        """{…which, where: "sidecar" or "file"} → {task}; its result: see `xmp_writing.work`"""
        data = await body(request)

        def prepared() -> Work:
            from ..xmp_writing import work  # not before ComfyUI has started

            return work(library, judging, which(data, engine), data.get("where"))

        task = tasks.start("images.xmp", "Write XMP", await asyncio.to_thread(prepared), alone=True)
        return {"task": task.id}

    def announce() -> None:
        publish("images.collections", {"changed_at": time.time()}, keep=True)

    def announced(**answer: Any) -> dict[str, Any]:
        announce()
        return answer

    return routes


def moved(put: Callable[..., Any], data: Mapping[str, Any], engine: ViewEngine) -> Any:
    return put(data.get("id"), which(data, engine))


def judged(data: Mapping[str, Any], engine: ViewEngine, judging: Judging) -> dict[str, Any]:
    change = checked_change(data)
    ids = which(data, engine)
    answer = judging.judge(ids, change)
    if len(ids) == 1 and (change.add_tags or change.remove_tags):
        answer["tags"] = judging.judged(ids[0])["tags"]
    return answer
