"""The only module that knows ComfyUI: its folders, its routes, its queue, its life cycle."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import folder_paths
from aiohttp import web
from server import PromptServer

from .holaf_app import Pack
from .holaf_core.host import Host

log = logging.getLogger("holaf.comfy")

PACK_FOLDER = "ComfyUI-Holaf-Utilities"


def start() -> Pack:
    """Build the pack and hand its routes to ComfyUI. Called once, when ComfyUI imports us."""
    server = PromptServer.instance
    pack = Pack(host_of(server))
    add_routes(server.routes, pack.route_defs())
    serve_page_file(server.routes, Path(__file__).resolve().parent)

    async def start_tools(app: web.Application) -> None:
        pack.start()

    server.app.on_startup.append(start_tools)
    # ComfyUI never cleans its application up: Ctrl-C ends the process.
    atexit.register(pack.stop)
    return pack


def host_of(server: Any) -> Host:
    return Host(
        kind="comfyui",
        output_dir=Path(folder_paths.get_output_directory()),
        input_dir=Path(folder_paths.get_input_directory()),
        data_dir=Path(folder_paths.get_user_directory()) / "default" / PACK_FOLDER,
        system_dir=system_dir(),
        version=comfyui_version(),
        is_running=lambda: is_running(server),
        on_cpu=on_cpu(),
    )


def system_dir() -> Path:
    """A folder that no user-data route of ComfyUI reaches, in every version of it.

    ComfyUI 0.3.76 and later reserve `<user>/__name` for this; before, such a folder would only be
    reachable to a user of that very name, which ComfyUI does not create.
    """
    reserve = getattr(folder_paths, "get_system_user_directory", None)
    if reserve is not None:
        return Path(reserve("holaf"))
    return Path(folder_paths.get_user_directory()) / "__holaf"


def is_running(server: Any) -> bool:
    """Whether a prompt runs right now; called from any thread."""
    queue = getattr(server, "prompt_queue", None)
    return bool(getattr(queue, "currently_running", None))


def on_cpu() -> bool:
    """Whether prompts need the processor: then our background work waits for them."""
    try:
        from comfy import model_management

        return model_management.get_torch_device().type == "cpu"
    except Exception:  # noqa: BLE001 - a private module of ComfyUI may raise anything
        log.debug("ComfyUI does not say which device it uses", exc_info=True)
        return False


def comfyui_version() -> str:
    try:
        from comfyui_version import __version__
    except ImportError:
        return "unknown"
    return __version__


def add_routes(table: web.RouteTableDef, defs: Iterable[web.RouteDef]) -> None:
    """Add to ComfyUI's own table, which also serves each route under /api."""
    for route in defs:
        table.route(route.method, route.path, **route.kwargs)(route.handler)


def serve_page_file(table: web.RouteTableDef, folder: Path) -> None:
    """Serve the file that ComfyUI's page loads, where ComfyUI cannot.

    It lists /extensions/<our folder's name>/holaf.js, but aiohttp (3.14) finds no folder of files
    whose name has to be quoted in an address: a space is enough.
    """
    name = folder.name
    if quote(name) == name or not {"{", "}", "%"}.isdisjoint(name):
        return

    @table.get(f"/extensions/{name}/holaf.js")
    async def page_file(request: web.Request) -> web.StreamResponse:
        headers = {"Cache-Control": "no-cache"}
        return web.FileResponse(folder / "js" / "comfyui" / "holaf.js", headers=headers)
