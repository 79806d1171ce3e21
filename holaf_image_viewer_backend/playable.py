"""Versions that a browser can show of files that it cannot: made on request, kept for a while."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..holaf_core.errors import (
    BadRequest,
    Conflict,
    NotFound,
    Unavailable,
    UnsupportedMedia,
)
from ..holaf_core.host import Host
from ..holaf_core.processes import WorkerEnded, WorkerProcess
from ..holaf_core.tasks import Progress, Tasks
from . import video_engine

PROGRAM = Path(__file__).with_name("playable_worker.py")

KIND = "images.playable"
ENDINGS = {".mp4": "video/mp4", ".webm": "video/webm", ".png": "image/png"}
# The oldest go when there is more; one that is larger by itself is not made.
MOST_BYTES = 4 << 30
LOOK_S = 0.25
# A worker that says nothing for so long hangs.
LONGEST_S = 120.0
USED_AGAIN_S = 60.0


class Playable:
    """One video at a time, as a task that can be cancelled; pictures as they are asked for.

    While a prompt needs the processor itself, a video waits. Any thread may call any method.
    """

    def __init__(
        self, folder: Path, host: Host, tasks: Tasks, most_bytes: int = MOST_BYTES
    ) -> None:
        self._folder = folder
        self._host = host
        self._tasks = tasks
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._making: tuple[str, int] | None = None
        self._swept = False

    def find(self, row: Mapping[str, Any], path: Path) -> Path | None:
        """The version of the file as it is now, where there is one. Raises NotFound."""
        key = key_of(row, path)
        for ending in ENDINGS:
            found = self._folder / f"{key}{ending}"
            with contextlib.suppress(OSError):
                status = found.stat()
                if time.time() - status.st_mtime > USED_AGAIN_S:
                    os.utime(found)
                return found
        return None

    def state(self, row: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """`ready`, `making` with its task, or `none`, with the reason where it cannot be made."""
        if row["kind"] != "video":
            raise BadRequest("Only of videos another version is made on request.", field="id")
        key = key_of(row, path)
        if self.find(row, path) is not None:
            return {"state": "ready", "version": key[:12], "task": None, "reason": ""}
        with self._lock:
            task = self._task_of(key)
        if task is not None:
            return {"state": "making", "version": "", "task": task, "reason": ""}
        reason = "" if video_engine.available() else video_engine.MISSING
        return {"state": "none", "version": "", "task": None, "reason": reason}

    def make(self, row: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """{task}: None where it is there already. Raises Conflict while another one is made."""
        now = self.state(row, path)
        if now["state"] != "none":
            return {"task": now["task"]}
        if now["reason"]:
            raise Unavailable(now["reason"])
        key = key_of(row, path)
        with self._lock:
            if (same := self._task_of(key)) is not None:
                return {"task": same}
            if self._making is not None and self._runs(self._making[1]):
                raise Conflict(
                    "A version of another video is being made. Wait for it, or cancel it.",
                    task=self._making[1],
                )

            def work(progress: Progress) -> dict[str, Any]:
                self._work("video", path, key, progress, nice=None)
                return {"id": row["id"]}

            title = f"Make a version of {row['filename']} that plays"
            task = self._tasks.start(KIND, title, work, alone=True)
            self._making = key, task.id
        return {"task": task.id}

    def picture(self, row: Mapping[str, Any], path: Path) -> Path:
        """A picture as a file that every browser shows. Blocks until it is made: once at a time.

        Raises UnsupportedMedia with the reason where there will be none.
        """
        if row["kind"] != "image":
            raise BadRequest("This is no picture.", field="id")
        return self.find(row, path) or self._work("image", path, key_of(row, path), None, nice=0)

    # --- making -----------------------------------------------------------------------------------

    def _runs(self, task: int) -> bool:
        with contextlib.suppress(NotFound):
            return self._tasks.get(task).state == "running"
        return False

    def _task_of(self, key: str) -> int | None:
        made = self._making
        return made[1] if made is not None and made[0] == key and self._runs(made[1]) else None

    def _work(
        self, kind: str, path: Path, key: str, progress: Progress | None, nice: int | None
    ) -> Path:
        self._sweep()
        part = self._folder / f"{key}.part"
        worker = WorkerProcess(PROGRAM, nice=nice, name="playable")
        try:
            paths = b"\0".join(os.fsencode(one.absolute()) for one in (path, part))
            worker.send({"kind": kind}, paths)
            ending = self._until_made(worker, part, progress)
            made = self._folder / f"{key}{ending}"
            part.replace(made)
        except WorkerEnded as ended:
            raise UnsupportedMedia(f"It could not be made. {ended}") from ended
        finally:
            worker.close()
            part.unlink(missing_ok=True)
        self._purge(made)
        return made

    def _until_made(self, worker: WorkerProcess, part: Path, progress: Progress | None) -> str:
        heard = time.monotonic()
        while True:
            if progress is not None and progress.cancelled:
                worker.kill()
                progress.check()
            try:
                said, _ = worker.receive(LOOK_S)
            except TimeoutError:
                if time.monotonic() - heard > LONGEST_S:
                    worker.kill()
                    raise UnsupportedMedia("It could not be made: it did not go on.") from None
                continue
            if "error" in said:
                raise UnsupportedMedia(said["error"])
            if "made" in said:
                return said["made"]
            if size_of(part) > self._most_bytes:
                worker.kill()
                raise UnsupportedMedia("Its version would be too large to be kept here.")
            if progress is not None:
                progress(said["done"], said["total"], "")
                self._let_prompts_pass(progress, said)
            worker.send({})
            heard = time.monotonic()

    def _let_prompts_pass(self, progress: Progress, said: Mapping[str, Any]) -> None:
        """The worker goes on when it is answered."""
        while self._host.on_cpu and self._host.is_running():
            progress(said["done"], said["total"], "Waiting until the prompt that runs is done.")
            progress.wait(LOOK_S)

    # --- keeping ----------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """What an earlier run of the server left half made."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            first, self._swept = not self._swept, True
        if first:
            for part in self._folder.glob("*.part"):
                part.unlink(missing_ok=True)

    def _purge(self, latest: Path) -> None:
        """Delete what was not looked at for longest until the rest fits; never `latest`."""
        kept = []
        for file in self._folder.iterdir():
            with contextlib.suppress(OSError):
                status = file.stat()
                if file.suffix in ENDINGS:
                    kept.append((status.st_mtime, status.st_size, file))
        total = sum(size for _, size, _ in kept)
        for _, size, file in sorted(kept):
            if total <= self._most_bytes:
                return
            if file != latest:
                with contextlib.suppress(OSError):
                    file.unlink()
                    total -= size


def key_of(row: Mapping[str, Any], path: Path) -> str:
    """The name of its version: another one when the file is another. Raises NotFound."""
    try:
        status = path.stat()
    except OSError:
        raise NotFound(f"{row['path_canon']} has gone from the disk.") from None
    named = f"{row['path_canon']}\0{status.st_mtime_ns}\0{status.st_size}"
    return hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()[:40]


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
