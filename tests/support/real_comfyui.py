"""Starts a real ComfyUI from a checkout, with a copy of the pack in a folder of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import shutil
import socket
import sys
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from running_server import ROOT, RunningServer

SERVING = re.compile(r"To see the GUI go to: (http://\S+?)/?\s*$")
TOOK = re.compile(r"holaf was loaded in ([\d.]+) ms")
IMPORTED = re.compile(r"([\d.]+) seconds( \(IMPORT FAILED\))?: .*ComfyUI-Holaf-Utilities")
NOT_INSTALLED = shutil.ignore_patterns(".*", "tests", "bench", "node_modules", "__pycache__")
START_S = 240
# ComfyUI prints tenths of a second: a second pack beside ours says it exactly.
STOPWATCH = """
import importlib.machinery, time
load = importlib.machinery.SourceFileLoader.exec_module
def timed(self, module):
    begun = time.perf_counter()
    load(self, module)
    if self.path.endswith("Holaf-Utilities/__init__.py"):
        print(f"holaf was loaded in {(time.perf_counter() - begun) * 1000:.1f} ms", flush=True)
importlib.machinery.SourceFileLoader.exec_module = timed
"""


class Checkout:
    """A ComfyUI checkout, with the Python that has its requirements."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        pythons = (folder / name / "bin" / "python" for name in ("venv", ".venv"))
        self.python = next((path for path in pythons if path.exists()), Path(sys.executable))
        text = (folder / "comfyui_version.py").read_text(encoding="utf-8")
        found = re.search(r'__version__ = "(.+?)"', text)
        assert found is not None, "this ComfyUI does not say which version it is"
        self.version = found.group(1)

    def frontends(self) -> tuple[str, ...]:
        """Those that a ComfyUI of its age is used with."""
        return ("1.27.10",) if self.version.startswith("0.3.") else ("1.49.6", "1.58.1")


def install(base: Path) -> Path:
    """The pack as it is cloned, and folders for ComfyUI to work in; gives the output folder."""
    for name in ("input", "output", "user", "temp", "models"):
        (base / name).mkdir(parents=True)
    pack = base / "custom_nodes" / "ComfyUI-Holaf-Utilities"
    shutil.copytree(ROOT, pack, ignore=NOT_INSTALLED)
    stopwatch = base / "custom_nodes" / "stopwatch"
    stopwatch.mkdir()
    (stopwatch / "prestartup_script.py").write_text(STOPWATCH, encoding="utf-8")
    (stopwatch / "__init__.py").write_text("NODE_CLASS_MAPPINGS = {}\n", encoding="utf-8")
    return base / "output"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class RealComfy(RunningServer):
    """`main.py` of a checkout over `base`, under its strict policy."""

    def __init__(self, checkout: Checkout, base: Path, static: Path | None, *options: str) -> None:
        self.base = base
        root = ("--front-end-root", static) if static else ()
        super().__init__(
            checkout.folder / "main.py", "--cpu", "--port", free_port(), "--base-directory", base,
            "--disable-api-nodes", *root, *options,
            name=f"ComfyUI {checkout.version}",
            python=checkout.python,
            serving=SERVING,
            # As people start it: Python keeps what it compiled.
            environment={"PYTHONDONTWRITEBYTECODE": ""},
            seconds=START_S,
            folder=checkout.folder,
        )  # fmt: skip

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def ask(
        self, path: str, data: Any = None, method: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One request whose path is sent as it is written."""
        address = urllib.parse.urlsplit(self.url)
        with contextlib.closing(http.client.HTTPConnection(address.netloc, timeout=60)) as line:
            body = data if data is None or isinstance(data, bytes) else json.dumps(data)
            sent = dict(headers or {})
            if body is not None:
                sent.setdefault("Content-Type", "application/json")
            line.request(method or ("GET" if body is None else "POST"), path, body, sent)
            answer = line.getresponse()
            return answer.status, answer.read()

    def json(self, path: str, data: Any = None, **options: Any) -> Any:
        status, body = self.ask(path, data, **options)
        assert status == 200, (path, status, body[:400])
        return json.loads(body)

    def queue(self, prompt: dict, workflow: dict | None = None) -> str:
        extra = {"extra_pnginfo": {"workflow": workflow}} if workflow else {}
        return self.json("/prompt", {"prompt": prompt, "extra_data": extra})["prompt_id"]

    def finished(self, prompt_id: str, seconds: float = 180) -> dict:
        """The history of a prompt, once it has run."""
        for _ in until(seconds, f"prompt {prompt_id} to end"):
            if done := self.json(f"/history/{prompt_id}").get(prompt_id):
                return done
        raise AssertionError

    def list(self) -> dict:
        return self.json("/holaf/images/list", {"limit": 500})


def saved_files(history: dict) -> list[str]:
    """Paths below the output folder of what a prompt saved."""
    return [
        f"{file['subfolder']}/{file['filename']}".lstrip("/")
        for output in history["outputs"].values()
        for files in output.values()
        for file in files
        if isinstance(file, dict) and file.get("type") == "output"
    ]


def until(seconds: float, what: str, pause: float = 0.1) -> Iterator[None]:
    """Looks again and again; fails when it was in vain."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(pause)
    raise AssertionError(f"waited {seconds} s for {what}")
