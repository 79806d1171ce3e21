"""A small library of pictures to look at first: made once, on this machine, from mathematics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

DONE = ".made"


def ensure(folder: Path, say: Callable[[str], None]) -> Path:
    """The sample library in `folder`; made now when it is not there, or continued.

    `say` hears a line now and then. What the user did with a finished library stays as it is.
    """
    if not (folder / DONE).exists():
        from .contents import make  # Pillow, numpy and PyAV: only when they are needed

        make(folder, say)
        (folder / DONE).touch()
    return folder
