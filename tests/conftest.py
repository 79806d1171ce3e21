"""Imports the pack as `holaf`, whatever its folder is called; gives each test its own pack."""

from __future__ import annotations

import asyncio
import os
import runpy
import shutil
import time
from pathlib import Path

import media_files
import pytest
from fakes import FakeClock
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# In the background, beside other tests, what takes a second would take ten.
os.environ.setdefault("HOLAF_WORKER_NICE", "0")

runpy.run_path(str(ROOT / "__main__.py"))["load_package"]("holaf")


# How long an example takes says more about what else this machine does than about the example.
settings.register_profile("holaf", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("holaf")


class RootIsNotATestPackage:
    """The root's __init__.py is for ComfyUI: without this, pytest imports it before every test."""

    def pytest_collect_directory(self, path, parent):
        if path == ROOT:
            return pytest.Dir.from_parent(parent, path=path)
        return None


def pytest_configure(config):
    config.pluginmanager.register(RootIsNotATestPackage())


def pytest_addoption(parser):
    """`run.py test` gives these; without them, a test that needs one is skipped and says so."""
    group = parser.getgroup("holaf")
    group.addoption("--comfyui", metavar="DIR", help="a ComfyUI checkout to run the pack in")
    group.addoption(
        "--frontends",
        metavar="DIR",
        default=str(ROOT / ".venv" / "frontends"),
        help="ComfyUI's frontends, one folder per version",
    )
    group.addoption(
        "--axe",
        metavar="FILE",
        default=str(ROOT / ".venv" / "node" / "node_modules" / "axe-core" / "axe.min.js"),
        help="axe-core's script",
    )
    group.addoption(
        "--chromium",
        metavar="FILE",
        default=shutil.which("chromium") or shutil.which("google-chrome"),
        help="the browser; without it, Playwright's own",
    )
    group.addoption("--shots", metavar="DIR", help="keep screenshots here")


@pytest.fixture
def folder(tmp_path):
    """A picture folder with two pictures, as ComfyUI saves them."""
    folder = tmp_path / "output"
    (folder / "sub").mkdir(parents=True)
    picture = media_files.png(
        *(media_files.text_chunk(*text) for text in media_files.texts().items())
    )
    (folder / "a.png").write_bytes(picture)
    (folder / "sub" / "b.png").write_bytes(picture)
    return folder


@pytest.fixture
def clock():
    return FakeClock(now=1000.0)


@pytest.fixture
def host(folder, tmp_path):
    from holaf.holaf_standalone import standalone_host

    return standalone_host(folder, tmp_path / "data")


@pytest.fixture
def pack(host):
    from holaf.holaf_app import Pack

    pack = Pack(host)
    yield pack
    pack.stop()


@pytest.fixture
async def client(pack, aiohttp_client):
    """A client of the running pack, as the standalone host serves it."""
    from holaf.holaf_standalone import build_application

    return await aiohttp_client(build_application(pack))


@pytest.fixture
async def quiet_client(pack, aiohttp_client):
    """A client of the pack's routes alone: nothing indexes, so the rows are what a test stores."""
    from aiohttp import web

    app = web.Application()
    app.add_routes(pack.route_defs())
    return await aiohttp_client(app)


@pytest.fixture
def indexed(pack):
    """`await indexed(path)` waits until the running pack lists that file, and gives its row."""

    async def wait(path_canon):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            row = await asyncio.to_thread(pack.images.by_path, path_canon)
            if row is not None:
                return row
            await asyncio.sleep(0.02)
        raise AssertionError(f"{path_canon} was not indexed: {pack.indexer.status()}")

    return wait
