"""Listing pictures, and the pictures themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from ...holaf_core import json
from ...holaf_core.errors import BadRequest, Forbidden, NotFound
from ...holaf_core.file_response import FileAnswer
from ...holaf_core.http import Routes, Tier, body, json_bytes
from ...holaf_database import ImageDatabase
from .. import media_types
from ..folder_paths import folder_name
from ..library_paths import Library
from ..views import View, ViewEngine

MOST_ROWS = 500


def routes(library: Library, database: ImageDatabase, engine: ViewEngine) -> Routes:
    routes = Routes("/holaf/images")

    @routes.post("/list", Tier.VIEW)
    async def list_images(request):
        data = await body(request)
        return json_bytes(await engine.run(listing, data, database, engine))

    @routes.post("/view", Tier.VIEW)
    async def open_view(request):
        data = await body(request)
        return json_bytes(await engine.run(opening, data, engine))

    @routes.get("/view/{view}/layout", Tier.VIEW)
    async def layout(request):
        view = engine.get(request.match_info["view"])
        response = web.Response(
            body=await asyncio.to_thread(view.layout),
            content_type="application/octet-stream",
            headers={"Cache-Control": "no-store"},
        )
        return response

    @routes.get("/rows", Tier.VIEW)
    async def rows(request):
        start = number(request.query, "from")
        count = number(request.query, "count")
        if count > MOST_ROWS:
            raise BadRequest(f"At most {MOST_ROWS} rows at a time.", field="count")
        view = engine.get(request.query.get("view", ""))
        return json_bytes(await asyncio.to_thread(window, view, start, count, database))

    @routes.get("/locate", Tier.VIEW)
    async def locate(request):
        view = engine.get(request.query.get("view", ""))
        image_id = number(request.query, "id")
        return {"position": await asyncio.to_thread(view.position, image_id)}

    @routes.get("/marks", Tier.VIEW)
    async def marks(request):
        """?view=&at= → {by, exact, marks: [{start, value}]}: see `marks.marks_of`"""
        view = request.query.get("view", "")
        at = number(request.query, "at") if "at" in request.query else None
        return json_bytes(await engine.run(lambda: json.dumps(engine.marks(view, at))))

    @routes.get("/filter-options", Tier.VIEW)
    async def filter_options(request):
        return json_bytes(await asyncio.to_thread(options, library, database, engine))

    @routes.get("/full", Tier.VIEW)
    async def full(request):
        row, path = await asyncio.to_thread(find, request.query, library, database)
        return FileAnswer(path, headers=await asyncio.to_thread(file_headers, row, path))

    return routes


def listing(data: Mapping[str, Any], database: ImageDatabase, engine: ViewEngine) -> bytes:
    from ..query import parse, parse_page  # not before ComfyUI has started: see views.py

    query = parse(data, also=frozenset({"offset", "limit"}))
    offset, limit = parse_page(data)
    view = engine.open(query)
    rows = database.rows_json(view.window(offset, limit), keep_places=False)
    counts = f'"filtered_count":{view.total},"total_count":{view.total_count}'
    return f'{{"images":{rows},{counts}}}'.encode()


def opening(data: Mapping[str, Any], engine: ViewEngine) -> bytes:
    since = data.get("since")
    if not (since is None or isinstance(since, str)):
        raise BadRequest("since must be the id of a view.", field="since")
    first = data.get("first", 0)
    if type(first) is not int or not 0 <= first <= MOST_ROWS:
        raise BadRequest(f"first must be a number from 0 to {MOST_ROWS}.", field="first")
    from ..query import parse
    from ..query_language import chips

    query = parse(data, also=frozenset({"since", "first"}))
    view = engine.open(query)
    patch = engine.patch(since, view)
    head = json.dumps(
        {
            "view": view.id,
            "version": view.rev,
            "total": view.total,
            "total_count": view.total_count,
            "groups_left_out": view.groups.left_out,
            "chips": chips(query.search, query.text),
            "patch": patch,
            # What a screen shows of it, which need not wait for a layout of megabytes.
            "first": {"ids": view.window(0, first), "aspects": view.aspects[:first].tolist()},
        }
    ).decode()
    if patch is not None:  # its groups are in it: a new picture must not send thousands again
        return head.encode()
    # Their text is put together as it is.
    months = view.months.as_json(labels=False)
    return f'{head[:-1]},"groups":{view.groups.as_json()},"months":{months}}}'.encode()


def window(view: View, start: int, count: int, database: ImageDatabase) -> bytes:
    """A row that has gone since the view was opened is null: the others keep their places."""
    rows = database.rows_json(view.window(start, count), keep_places=True)
    return f'{{"version":{view.rev},"from":{start},"rows":{rows}}}'.encode()


def options(library: Library, database: ImageDatabase, engine: ViewEngine) -> bytes:
    folders = engine.folder_counts()
    known = {root["root_id"]: root for root in database.roots()}
    return json.dumps(
        {
            "subfolders": [
                {
                    "path": folder_name(one["root"], one["path"]),
                    "root": one["root"],
                    "folder": one["path"],
                    "count": one["count"],
                }
                for one in folders
            ],
            "formats": engine.format_counts(),
            "tags": database.tags(),
            "last_update_time": database.last_update(),
            "roots": [
                {
                    "id": root.id,
                    "label": root.label,
                    "path": str(root.path),
                    "count": sum(one["count"] for one in folders if one["root"] == root.id),
                    "reachable": bool(known.get(root.id, {}).get("reachable", True)),
                    "message": known.get(root.id, {}).get("message", ""),
                }
                for root in library.roots
            ],
        }
    )


def find(
    query: Mapping[str, str], library: Library, database: ImageDatabase
) -> tuple[dict[str, Any], Path]:
    """The row and the file that a request names by `id` or `path_canon`; NotFound otherwise.

    Only what the index knows is served: a file that is no picture, video or sound is not in it.
    """
    if "id" in query:
        row = database.by_id(number(query, "id"))
    else:
        row = database.by_path(query.get("path_canon", ""))
    if row is None:
        raise NotFound("This file is not in the gallery (any more).")
    path = library.resolve(row["path_canon"])
    if not path.is_file():
        raise NotFound(f"{row['path_canon']} has gone from the disk.")
    return row, path


def file_headers(row: Mapping[str, Any], path: Path) -> dict[str, str]:
    """A type that a browser shows; anything that it would run is sent as a download."""
    try:
        with path.open("rb") as file:
            head = file.read(256)
    except FileNotFoundError:
        raise NotFound(f"{row['path_canon']} has gone from the disk.") from None
    except OSError as error:
        raise Forbidden(
            f"The server may not read {row['path_canon']}: {error.strerror or error}."
        ) from error
    inline = media_types.may_show_inline(row["filename"], head)
    claimed = media_types.format_of(row["filename"])
    return {
        "Content-Type": media_types.mime_of(claimed)
        if inline and claimed
        else "application/octet-stream",
        "Content-Disposition": f"{'inline' if inline else 'attachment'}; "
        f"filename*=UTF-8''{quote(row['filename'], safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; "
        "media-src 'self'; style-src 'unsafe-inline'",
        "Cache-Control": "no-cache",
    }


def number(query: Mapping[str, str], name: str) -> int:
    """A whole number from 0 up in a query string."""
    text = query.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise BadRequest(f"{name} must be a whole number from 0 up.", field=name)
    return int(text)
