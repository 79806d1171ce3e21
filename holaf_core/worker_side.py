"""What a worker program has of the server that started it: a channel, and an end with it."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import sys
from typing import Any

from . import frames

PR_SET_PDEATHSIG = 1


class Channel:
    """Messages from and to the server, each JSON with bytes that belong to it."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd

    def receive(self) -> tuple[Any, bytes] | None:
        """The next message; None when the server has closed the channel or is gone: end then."""
        return frames.read(lambda length: os.read(self._read_fd, min(length, 1 << 20)))

    def send(self, message: Any, blob: bytes | memoryview = b"") -> None:
        """Waits while the server does not read. Ends this process when the server is gone."""
        data = memoryview(frames.encode(message, blob))
        try:
            while data:
                data = data[os.write(self._write_fd, data) :]
        except OSError:  # a broken pipe; nobody is left to tell
            os._exit(0)


def begin(parent: int, nice: int) -> Channel:
    """Take over stdin and stdout; anything that prints from now on prints to the server's log."""
    # Ctrl+C goes to every process of a terminal. The server decides when its workers end.
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)
    if hasattr(os, "nice") and nice:
        with contextlib.suppress(OSError):
            os.nice(nice)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(0, os.O_BINARY)
        msvcrt.setmode(1, os.O_BINARY)
    read_fd, write_fd = os.dup(0), os.dup(1)
    # Libraries print, some of them from C: that must not get between the frames.
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - no file of ours
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    return Channel(read_fd, write_fd)


def die_with_parent(parent: int) -> None:
    """Linux: be killed as soon as the server dies, however it dies.

    Elsewhere the end of stdin does it, after the piece of work in hand.
    """
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):  # a C library without it
        return
    if os.getppid() != parent:  # it died before we asked
        os._exit(0)
