"""Starts a server of ours as a program of its own, and waits until it says that it serves."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVING = re.compile(r"(?:Serving .* at|Listening on) (http://\S+?)(?:/holaf/view)?\s*$")
START_S = 60
# Compiled once for all servers and their workers, outside the pack's own folder: each of them
# takes more than a second of a core when it compiles everything again.
COMPILED = {
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTHONPYCACHEPREFIX": os.environ.get("PYTHONPYCACHEPREFIX")
    or str(Path(tempfile.gettempdir()) / "holaf-tests-compiled"),
}


class RunningServer:
    """`url` has no slash at its end. Use it in a `with` block."""

    def __init__(
        self,
        *command: object,
        name: str = "server",
        python: str | Path = sys.executable,
        serving: re.Pattern[str] = SERVING,
        environment: dict[str, str] | None = None,
        seconds: float = START_S,
        folder: Path | None = None,
    ) -> None:
        self.lines: list[str] = []
        self._found: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [str(python), "-u", *map(str, command)],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **COMPILED, **(environment or {})},
        )
        self._serving = serving
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            url = self._found.get(timeout=seconds)
        except queue.Empty:
            url = None
        if url is None:
            self.stop()
            raise AssertionError(f"The {name} did not start:\n" + "".join(self.lines))
        self.url = url

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if match := self._serving.search(line):
                self._found.put(match.group(1))
        self._found.put(None)

    def stop(self, how: int = signal.SIGTERM, seconds: float = 20) -> int:
        """End it; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def standalone(folder: Path, data_dir: Path) -> RunningServer:
    """`python <the pack> --folder …` on a free port."""
    return RunningServer(
        ROOT, "--folder", folder, "--data-dir", data_dir, "--port", 0, "--no-browser",
        name="standalone server",
    )  # fmt: skip


def frontend_static(folder_of_all: str | Path, version: str) -> Path | None:
    """Where the files of one version of ComfyUI's frontend lie, as we or pip leave them."""
    folder = Path(folder_of_all) / version
    for static in (folder, folder / "comfyui_frontend_package" / "static"):
        if (static / "index.html").exists():
            return static
    return None
