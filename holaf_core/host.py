"""What the pack needs to know about the place it runs in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def never() -> bool:
    return False


@dataclass(frozen=True)
class Host:
    """Made by `holaf_comfy` inside ComfyUI, and by `holaf_standalone` outside it.

    `data_dir` holds the database, thumbnails and settings; `system_dir` holds secrets and every
    security switch, and no HTTP route of ComfyUI reaches it. Neither lies in the pack's folder.
    """

    kind: str  # "comfyui" or "standalone"
    output_dir: Path
    data_dir: Path
    system_dir: Path
    input_dir: Path | None = None
    version: str = ""
    # True while a prompt runs: background work slows down then. Called from any thread.
    is_running: Callable[[], bool] = never
    # The prompt itself needs the processor (no GPU), so background work should wait for it.
    on_cpu: bool = False
