"""Routes that declare who may use them; handlers return plain data or raise `HolafError`."""

from __future__ import annotations

import asyncio
import enum
import functools
import logging
import mimetypes
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Protocol

from aiohttp import web

from . import json
from .errors import BadRequest, HolafError, NotFound, TooLarge, UnsupportedMedia
from .stamped_files import StampedFiles

log = logging.getLogger("holaf.http")

Handler = Callable[[web.Request], Awaitable[Any]]

# A body of ours is a filter or a list of ids; files travel on routes of their own.
LARGEST_BODY = 2 * 1024 * 1024


class Tier(enum.Enum):
    """Who may use a route; `holaf_core/access.py` decides. See docs/security.md."""

    PAGE = "page"  # HTML, JS, CSS, sign-in: any allowed Host
    VIEW = "view"  # reading: as ComfyUI itself
    CHANGE = "change"  # writing: a loopback peer or a signed-in session
    ADMIN = "admin"  # a signed-in session, always
    FRESH = "fresh"  # admin, and the password was given within the last 10 minutes


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    tier: Tier
    handler: Handler
    socket: bool = False


class Gate(Protocol):
    """Decides whether a request may pass; raises `HolafError` when it may not."""

    async def admit(self, request: web.Request, route: Route) -> None: ...


class Routes:
    """The routes of one tool, all under one prefix. A route without a tier cannot be registered.

    >>> routes = Routes("/holaf/monitor")
    >>> @routes.get("/sample", Tier.VIEW)
    ... async def sample(request):
    ...     return {"cpu": 3.0}
    >>> [(route.method, route.path, route.tier.value) for route in routes]
    [('GET', '/holaf/monitor/sample', 'view')]
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def get(self, path: str, tier: Tier) -> Callable[[Handler], Handler]:
        return self._add("GET", path, tier)

    def post(self, path: str, tier: Tier) -> Callable[[Handler], Handler]:
        return self._add("POST", path, tier)

    def socket(self, path: str, tier: Tier) -> Callable[[Handler], Handler]:
        """A WebSocket: its Origin is checked although its method is GET."""
        return self._add("GET", path, tier, socket=True)

    def include(self, other: Routes) -> None:
        self._routes.extend(other)

    def page(
        self, path: str, file: Path, scripts: StampedFiles | None = None, server: str = ""
    ) -> None:
        """An HTML page of ours, with a content security policy.

        What it names below js/ is named with the stamp of `scripts`, see there. `server` is what
        kind of server it comes from: its scripts know it without asking.
        """

        def read() -> str:
            text = file.read_text(encoding="utf-8")
            text = text.replace('data-server=""', f'data-server="{server}"', 1)
            return text.replace('"js/', f'"js/v-{scripts.stamp()}/') if scripts else text

        @self.get(path, Tier.PAGE)
        async def page(request: web.Request) -> web.StreamResponse:
            return web.Response(
                text=await asyncio.to_thread(read),
                content_type="text/html",
                headers={"Cache-Control": "no-cache", "Content-Security-Policy": PAGE_POLICY},
            )

    def static(self, path: str, files: StampedFiles) -> None:
        """The pack's own files (scripts, styles, icons)."""

        def find(named: str) -> tuple[Path, bool]:
            stamp, relative = files.split(named)
            found = file_inside(files.folder, relative)
            return found, files.is_fixed(stamp, found)

        @self.get(path + "/{file:.+}", Tier.PAGE)
        async def file(request: web.Request) -> web.StreamResponse:
            found, fixed = await asyncio.to_thread(find, request.match_info["file"])
            kind = STATIC_TYPES.get(found.suffix) or mimetypes.guess_type(found.name)[0]
            return web.FileResponse(
                found,
                headers={
                    "Cache-Control": FOR_EVER if fixed else "no-cache",
                    "Content-Type": kind or "application/octet-stream",
                },
            )

    def _add(self, method: str, path: str, tier: Tier, socket: bool = False):
        if not isinstance(tier, Tier):
            raise TypeError(f"{method} {self._prefix + path} declares no access tier")

        def decorate(handler: Handler) -> Handler:
            self._routes.append(Route(method, self._prefix + path, tier, handler, socket))
            return handler

        return decorate


FOR_EVER = "private, max-age=31536000, immutable"

# Windows keeps these in its registry, where other programs break them (".js" as text/plain).
STATIC_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'self'; object-src 'none'"
)


def bind(route: Route, gate: Gate) -> web.RouteDef:
    """The aiohttp route: the gate first, then the handler, its answer or error as JSON."""

    @functools.wraps(route.handler)
    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            await gate.admit(request, route)
            result = await route.handler(request)
        except HolafError as error:
            return error_response(error)
        if isinstance(result, web.StreamResponse):
            if not result.prepared:
                result.headers.setdefault("X-Content-Type-Options", "nosniff")
            return result
        return json_response(result)

    return web.route(route.method, route.path, handler)


def json_response(data: Any, status: int = 200) -> web.Response:
    """For small data: a handler of large lists makes its bytes in a thread, for `json_bytes`."""
    return json_bytes(json.dumps(data), status)


def json_bytes(data: bytes, status: int = 200) -> web.Response:
    return web.Response(
        body=data,
        status=status,
        content_type="application/json",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
    )


def error_response(error: HolafError) -> web.Response:
    response = json_response({"error": str(error), **error.details}, error.status)
    response.headers.update(error.headers)
    return response


async def body(request: web.Request) -> dict[str, Any]:
    """The JSON object that came with the request; an empty body is an empty object."""
    if request.content_length is not None and request.content_length > LARGEST_BODY:
        raise TooLarge(f"The request body is larger than {LARGEST_BODY >> 20} MiB.")
    data = bytearray()
    try:
        async for chunk in request.content.iter_any():
            data += chunk
            if len(data) > LARGEST_BODY:
                raise TooLarge(f"The request body is larger than {LARGEST_BODY >> 20} MiB.")
    except web.RequestPayloadError as error:
        refusal = BadRequest("The request body does not unpack as its headers say.")
        # aiohttp gives up this connection: the client must not send its next request on it.
        refusal.headers["Connection"] = "close"
        raise refusal from error
    if not data:
        return {}
    if request.content_type != "application/json":
        raise UnsupportedMedia("Send JSON with Content-Type: application/json.")
    try:
        parsed = json.loads_sent(bytes(data))
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The request body is not JSON that can be read: {error}.") from error
    if not isinstance(parsed, dict):
        raise BadRequest("The request body must be a JSON object.")
    return parsed


def file_inside(folder: Path, relative: str) -> Path:
    """As `inside`, and it is a file. Blocks. Raises NotFound."""
    found = inside(folder, relative)
    try:
        if found.is_file():
            return found
    except OSError:
        pass  # a name that this file system cannot have
    raise NotFound(f"There is no file {relative}.")


def inside(folder: Path, relative: str) -> Path:
    """The file at `relative` below `folder`, links resolved; what lies outside does not exist.

    >>> inside(Path("/pics"), "../etc/passwd")
    Traceback (most recent call last):
    ...
    holaf.holaf_core.errors.NotFound: There is no file ../etc/passwd.
    """
    try:
        if not leaves(relative):
            path = (folder / relative).resolve()
            if path.is_relative_to(folder.resolve()):
                return path
    except (ValueError, OSError, RuntimeError):
        pass  # NUL, a name too long, a loop of links
    raise NotFound(f"There is no file {relative}.")


def leaves(relative: str, path_type: type[PurePath] = PurePath) -> bool:
    """Whether `relative` begins somewhere else than in the folder it is put below.

    Such a path must not even be looked for: Windows signs in to `\\\\host\\share` with the
    password's hash of whoever runs the server, just to see whether a file is there.

    >>> leaves("/etc/passwd"), leaves("ui/panel.js")
    (True, False)
    """
    path = path_type(relative)
    return bool(path.drive or path.root)
