"""Gives memory that is no longer used back to the system, where the C library can."""

from __future__ import annotations

import contextlib
import ctypes
import sys


def release() -> None:
    """After work with large arrays. glibc keeps what was freed, as it may be needed again; in
    ComfyUI's process others need it more. Takes milliseconds: not on an event loop."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
