"""How much freed memory the C library gives back to the system, and how much it keeps."""

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


def keep_freed(size: int = 7 << 19) -> None:
    """Let glibc keep up to twice `size` bytes of what is freed, for the next who needs some.

    At first it keeps 128 KiB, and each answer of some hundred kilobytes is put together in pages
    that the system hands out and clears anew. It learns from what it sees freed. In a process of
    our own only; ComfyUI's has learnt from larger things.
    """
    bytes(size)
