"""The pack without ComfyUI: a server on this machine over one folder of pictures."""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import logging
import os
import re
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from .holaf_app import Pack
from .holaf_core.host import Host
from .holaf_core.memory import keep_freed

log = logging.getLogger("holaf")

ADDRESS = "127.0.0.1"
PORT = 8189
NAME = "Holaf Utilities"

# An open page keeps its event socket for ever: do not wait for it at the end.
SHUTDOWN_S = 2.0


def build_application(pack: Pack) -> web.Application:
    """An application that runs the pack, and nothing else."""

    async def run(app: web.Application):
        pack.start()
        yield
        await asyncio.to_thread(pack.stop)

    async def home(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("holaf/view")

    app = web.Application()
    app.router.add_get("/", home)
    app.add_routes(pack.route_defs())
    app.cleanup_ctx.append(run)
    return app


def standalone_host(folder: Path, data_dir: Path) -> Host:
    """The host for `folder`; each picture folder has a sub-folder of `data_dir` to itself.

    Raises ValueError where the data would lie among the pictures.
    """
    folder = folder.resolve()
    data = data_dir.resolve() / "libraries" / library_name(folder)
    if data.is_relative_to(folder):
        raise ValueError(
            f"The data folder {data_dir} lies inside the picture folder {folder}. "
            "Choose another one with --data-dir: the pack writes nothing among the pictures."
        )
    return Host(kind="standalone", output_dir=folder, data_dir=data, system_dir=data / "private")


def library_name(folder: Path) -> str:
    """A readable folder name that no other path shares.

    >>> library_name(Path("/home/ann/My pictures"))
    'My-pictures-a17686d78a'
    """
    readable = re.sub(r"[^A-Za-z0-9]+", "-", folder.name).strip("-")[:40] or "folder"
    return f"{readable}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:10]}"


def default_data_dir(
    platform: str = sys.platform, environ: dict[str, str] | None = None, home: Path | None = None
) -> Path:
    """Where programs of this platform keep a user's data."""
    environ = dict(os.environ) if environ is None else environ
    home = home or Path.home()
    if platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / NAME


def listen(port: int, free: Callable[[int], bool] | None = None) -> socket.socket:
    """A listening socket on this machine only. Raises ValueError with what to do instead."""
    try:
        return socket.create_server((ADDRESS, port))
    except PermissionError:
        raise ValueError(f"This user may not listen on port {port}. Try --port {PORT}.") from None
    except (OSError, OverflowError):
        other = next_free_port(port, free or is_free)
        raise ValueError(
            f"Port {port} is in use, perhaps by a Holaf that already runs: "
            f"http://{ADDRESS}:{port}/holaf/view. For another one: --port {other}"
        ) from None


def next_free_port(port: int, free: Callable[[int], bool]) -> int:
    """The first free port after `port`.

    >>> next_free_port(8189, lambda port: port > 8190)
    8191
    """
    return next((other for other in range(port + 1, 65536) if free(other)), 0)


def is_free(port: int) -> bool:
    try:
        socket.create_server((ADDRESS, port)).close()
    except OSError:
        return False
    return True


def main(argv: list[str] | None = None) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    try:
        serve(arguments().parse_args(argv))
    except ValueError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py", description="Serves the Holaf gallery over a folder of pictures."
    )
    parser.add_argument(
        "--folder", type=Path, help="the pictures to show (default: a sample library, made once)"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=default_data_dir(),
        help="where the index, thumbnails and settings are kept (default: %(default)s)",
    )
    parser.add_argument("--port", type=int, default=PORT, help="default: %(default)s; 0: any")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    return parser


def import_ahead() -> None:
    """What would be imported while the server runs: a module is compiled without a pause.

    ComfyUI has numpy's masked arrays already (scipy's), and should not wait for the rest.
    """
    import numpy.ma  # noqa: F401

    from .holaf_image_viewer_backend import facets, filters, query, suggest  # noqa: F401


def spare_the_collector() -> None:
    """Leave what start-up made out of every later collection: they stop all threads for 20 ms.

    In ComfyUI this is not ours to do: its models come and go.
    """
    gc.collect()
    gc.freeze()


def serve(args: argparse.Namespace) -> None:
    """Serve until the process is told to stop. Raises ValueError where it cannot start."""
    if not 0 <= args.port <= 65535:
        raise ValueError(f"A port is a number from 0 to 65535, not {args.port}.")
    # A shell leaves the ~ of `--data-dir=~/x` to us.
    data_dir = args.data_dir.expanduser()
    # The port first: nobody should wait for a sample library and then hear that it is taken.
    server = listen(args.port)
    if args.folder is None:
        from . import sample_library

        folder = sample_library.ensure(data_dir.resolve() / "Sample library", log.info)
    else:
        folder = args.folder.expanduser().resolve()
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file. Give --folder the folder that contains it.")
    host = standalone_host(folder, data_dir)
    url = f"http://{ADDRESS}:{server.getsockname()[1]}/holaf/view"
    import_ahead()
    keep_freed()
    app = build_application(Pack(host))

    async def announce(app: web.Application) -> None:
        log.info("Serving %s at %s", folder, url)
        log.info("Press Ctrl+C to stop.")
        spare_the_collector()
        if not args.no_browser:
            # The socket listens already: the browser's first request waits for the loop.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    app.on_startup.append(announce)
    web.run_app(app, sock=server, print=None, shutdown_timeout=SHUTDOWN_S)
