"""ComfyUI's real frontend over a stand-in for its server, with the pack mounted as ComfyUI does.

    python frontend_host.py FRONTEND_FOLDER FOLDER DATA_DIR [--strict] [--light] [--prefix /path]
                            [--name NAME]

Prints "Listening on http://…". It answers what the frontend asks while it starts, and when a prompt
is queued it saves a picture into FOLDER and sends the events of a run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import runpy
import signal
import sys
import time
import urllib.parse
import uuid
from pathlib import Path

from aiohttp import WSMsgType, web

ROOT = Path(__file__).resolve().parents[2]
PACK_NAME = "ComfyUI-Holaf-Utilities"

# What ComfyUI sends with --disable-api-nodes: no blob: media, no blob: connections.
STRICT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self' data:; frame-src 'self'; object-src 'self';"
)


def node(name: str, required: dict, outputs: list[str], *, saves: bool = False) -> dict:
    return {
        "name": name,
        "display_name": name,
        "description": "",
        "category": "image",
        "python_module": "nodes",
        "input": {"required": required},
        "input_order": {"required": list(required)},
        "output": outputs,
        "output_name": outputs,
        "output_is_list": [False for _ in outputs],
        "output_node": saves,
    }


NODES = [
    node(
        "EmptyImage",
        {
            "width": ["INT", {"default": 512, "min": 1, "max": 16384}],
            "height": ["INT", {"default": 512, "min": 1, "max": 16384}],
            "batch_size": ["INT", {"default": 1, "min": 1, "max": 4096}],
            "color": ["INT", {"default": 0, "min": 0, "max": 0xFFFFFF}],
        },
        ["IMAGE"],
    ),
    node("LoadImage", {"image": [["example.png"], {"image_upload": True}]}, ["IMAGE", "MASK"]),
    node("LoadVideo", {"file": [["example.mp4"], {"video_upload": True}]}, ["VIDEO"]),
    node("LoadAudio", {"audio": [["example.mp3"], {"audio_upload": True}]}, ["AUDIO"]),
    node(
        "SaveImage",
        {"images": ["IMAGE", {}], "filename_prefix": ["STRING", {"default": "ComfyUI"}]},
        [],
        saves=True,
    ),
]


def version_of(static: Path) -> str:
    """The version is in the name of a folder above; the frontend compares it with its own."""
    return next((part for part in reversed(static.parts) if re.fullmatch(r"[0-9.]+", part)), "")


class FrontendHost:
    def __init__(
        self, static: Path, folder: Path, data_dir: Path, *, strict: bool, light: bool, name: str
    ):
        self.static, self.folder, self.name = static, folder, name
        self.settings: dict = {
            "Comfy.TutorialCompleted": True,
            "Comfy.InstalledVersion": version_of(static),
            "Comfy.VersionCompatibility.DisableWarnings": True,
            # The workflow that it opens with has nodes that we do not.
            "Comfy.Workflow.ShowMissingNodesWarning": False,
            "Comfy.Workflow.ShowMissingModelsWarning": False,
            "Comfy.ColorPalette": "light" if light else "dark",
        }
        self.strict = strict
        self.input = folder.with_name("input")
        self.sockets: dict[str, web.WebSocketResponse] = {}
        self.number = 0
        self.runs: set[asyncio.Task] = set()
        self.pack = self.make_pack(data_dir)

    def make_pack(self, data_dir: Path):
        runpy.run_path(str(ROOT / "__main__.py"))["load_package"]("holaf")
        from holaf.holaf_app import Pack
        from holaf.holaf_core.host import Host

        return Pack(
            Host(
                kind="comfyui",
                output_dir=self.folder,
                data_dir=data_dir,
                system_dir=data_dir / "__holaf",
                version="0.33.0",
            )
        )

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self.policy], client_max_size=100 << 20)
        for path, answer in self.answers().items():
            app.router.add_get(f"/api/{path}", self.always(answer))
        app.router.add_get("/api/settings", self.get_settings)
        app.router.add_post("/api/settings", self.save_settings)
        app.router.add_post("/api/settings/{id}", self.save_setting)
        app.router.add_post("/api/prompt", self.queue_prompt)
        app.router.add_get("/api/view", self.view)
        app.router.add_post("/api/upload/image", self.upload)
        app.router.add_get("/ws", self.events)
        app.router.add_get("/api/ws", self.events)
        for route in self.pack.route_defs():
            app.router.add_route(route.method, route.path, route.handler)
            app.router.add_route(route.method, "/api" + route.path, route.handler)
        app.router.add_get(f"/extensions/{self.name}/holaf.js", self.page_file)
        app.router.add_get("/", self.index)
        app.router.add_static("/", self.static)
        app.cleanup_ctx.append(self.run_pack)
        return app

    async def run_pack(self, app: web.Application):
        self.pack.start()
        yield
        await asyncio.to_thread(self.pack.stop)

    def answers(self) -> dict:
        return {
            "system_stats": {
                "system": {
                    "os": "posix",
                    "comfyui_version": "0.33.0",
                    "python_version": "3",
                    "pytorch_version": "0",
                    "embedded_python": False,
                    "argv": [],
                    "ram_total": 1,
                    "ram_free": 1,
                },
                "devices": [],
            },
            "object_info": {node["name"]: node for node in NODES},
            "extensions": [f"/extensions/{urllib.parse.quote(self.name)}/holaf.js"],
            "users": {"storage": "server", "migrated": True},
            "features": {"supports_preview_metadata": True, "max_upload_size": 100 << 20},
            "queue": {"queue_running": [], "queue_pending": []},
            "jobs": {
                "jobs": [],
                "pagination": {"offset": 0, "limit": 200, "total": 0, "has_more": False},
            },
            "prompt": {"exec_info": {"queue_remaining": 0}},
            **{
                path: {}
                for path in (
                    "history",
                    "i18n",
                    "workflow_templates",
                    "global_subgraphs",
                    "node_replacements",
                )
            },
            **{
                path: []
                for path in ("embeddings", "experiment/models", "models", "userdata", "v2/userdata")
            },
        }

    @staticmethod
    def always(answer):
        async def handler(request: web.Request) -> web.Response:
            return web.json_response(answer)

        return handler

    @property
    def policy(self):
        @web.middleware
        async def policy(request: web.Request, handler):
            response = await handler(request)
            if self.strict and not response.prepared:
                response.headers.setdefault("Content-Security-Policy", STRICT_POLICY)
            return response

        return policy

    async def index(self, request: web.Request) -> web.StreamResponse:
        headers = {"Content-Security-Policy": STRICT_POLICY} if self.strict else None
        return web.FileResponse(self.static / "index.html", headers=headers)

    async def page_file(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(ROOT / "js" / "comfyui" / "holaf.js")

    async def view(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        folder = self.input if query.get("type") == "input" else self.folder
        path = (folder / query.get("subfolder", "") / query["filename"]).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path)

    async def upload(self, request: web.Request) -> web.Response:
        """As ComfyUI's: under a name that is free, or that the same file has."""
        data = await request.post()
        file = data["image"]
        assert isinstance(file, web.FileField)
        folder = self.input
        folder.mkdir(exist_ok=True)
        path, sent = Path(file.filename), file.file.read()
        name = next(
            name
            for name in (path.name, *(f"{path.stem} ({n}){path.suffix}" for n in range(1, 99)))
            if not (folder / name).exists() or (folder / name).read_bytes() == sent
        )
        await asyncio.to_thread((folder / name).write_bytes, sent)
        return web.json_response({"name": name, "subfolder": "", "type": "input"})

    async def get_settings(self, request: web.Request) -> web.Response:
        return web.json_response(self.settings)

    async def save_settings(self, request: web.Request) -> web.Response:
        self.settings.update(await request.json())
        return web.Response()

    async def save_setting(self, request: web.Request) -> web.Response:
        self.settings[request.match_info["id"]] = await request.json()
        return web.Response()

    async def events(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client = request.query.get("clientId") or uuid.uuid4().hex
        self.sockets[client] = socket
        status = {"status": {"exec_info": {"queue_remaining": 0}}, "sid": client}
        await socket.send_json({"type": "status", "data": status})
        async for message in socket:
            is_text = message.type == WSMsgType.TEXT
            if is_text and json.loads(message.data).get("type") == "feature_flags":
                flags = {"supports_preview_metadata": True}
                await socket.send_json({"type": "feature_flags", "data": flags})
        self.sockets.pop(client, None)
        return socket

    async def queue_prompt(self, request: web.Request) -> web.Response:
        body = await request.json()
        prompt_id = body.get("prompt_id") or str(uuid.uuid4())
        run = asyncio.create_task(self.play(prompt_id, body))
        self.runs.add(run)
        run.add_done_callback(self.runs.discard)
        return web.json_response({"prompt_id": prompt_id, "number": 0, "node_errors": {}})

    async def play(self, prompt_id: str, body: dict) -> None:
        """The events of a run whose last node saves a picture."""
        prompt = body["prompt"]
        about = {"prompt_id": prompt_id, "timestamp": int(time.time() * 1000)}
        await self.send("status", {"status": {"exec_info": {"queue_remaining": 1}}})
        await self.send("execution_start", about)
        for node_id, entry in prompt.items():
            running = {"node": node_id, "display_node": node_id, "prompt_id": prompt_id}
            await self.send("executing", running)
            if entry["class_type"] == "SaveImage":
                workflow = body.get("extra_data", {}).get("extra_pnginfo", {}).get("workflow")
                file = await asyncio.to_thread(self.save, prompt, workflow)
                await self.send("executed", {**running, "output": {"images": [file]}})
        await self.send("execution_success", about)
        await self.send("executing", {"node": None, "prompt_id": prompt_id})
        await self.send("status", {"status": {"exec_info": {"queue_remaining": 0}}})

    def save(self, prompt: dict, workflow: dict | None) -> dict:
        from PIL import Image
        from PIL.PngImagePlugin import PngInfo

        self.number += 1
        texts = PngInfo()
        texts.add_text("prompt", json.dumps(prompt))
        if workflow is not None:
            texts.add_text("workflow", json.dumps(workflow))
        name = f"ComfyUI_{self.number:05}_.png"
        shade = (self.number * 70) % 256
        Image.new("RGB", (256, 192), (shade, 120, 200)).save(self.folder / name, pnginfo=texts)
        return {"filename": name, "subfolder": "", "type": "output"}

    async def send(self, kind: str, data: dict) -> None:
        for socket in list(self.sockets.values()):
            if not socket.closed:
                await socket.send_json({"type": kind, "data": data})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frontend", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--strict", action="store_true", help="ComfyUI's strict policy")
    parser.add_argument("--light", action="store_true", help="the light palette")
    parser.add_argument("--prefix", default="", help="serve below this path, as a proxy would")
    parser.add_argument("--name", default=PACK_NAME, help="what the pack's folder is called")
    args = parser.parse_args()
    host = FrontendHost(
        args.frontend,
        args.folder,
        args.data_dir,
        strict=args.strict,
        light=args.light,
        name=args.name,
    )
    app = host.application()
    if args.prefix:
        outer = web.Application()
        outer.add_subapp(args.prefix, app)
        app = outer

    async def serve() -> None:
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        sys.stdout.write(f"Listening on http://127.0.0.1:{port}{args.prefix}\n")
        sys.stdout.flush()
        try:
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    loop = asyncio.new_event_loop()
    task = loop.create_task(serve())
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(task)


if __name__ == "__main__":
    main()
