"""Bounded reads of one open file: a first window of 32 KB, then only what a parser asks for."""

from __future__ import annotations

import os
import sys

# Holds both graphs of most pictures, and takes as long to read as half of it.
FIRST_READ = 32 * 1024
WINDOW = 4 * 1024
MAX_TEXT = 8 * 1024 * 1024
MAX_BYTES = 64 * 1024 * 1024
MAX_READS = 40_000

_RANDOM = getattr(os, "POSIX_FADV_RANDOM", None) if sys.platform != "win32" else None
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    # A pipe named like a picture would block the open for ever.
    | getattr(os, "O_NONBLOCK", 0)
)


class Broken(ValueError):
    """The file is not what it should be; the text is a reason for the user."""


def open_file(path: bytes | str) -> int:
    """A descriptor for reading here and there. Raises OSError."""
    fd = os.open(path, _OPEN_FLAGS)
    if _RANDOM is not None:
        # Without this the kernel reads 128 KB ahead of every header: 4 times slower when cold.
        try:  # noqa: SIM105 - suppress() would cost more than the call
            os.posix_fadvise(fd, 0, 0, _RANDOM)
        except OSError:  # a file system without it
            pass
    return fd


if hasattr(os, "pread"):
    pread = os.pread
else:  # Windows

    def pread(fd: int, length: int, offset: int, /) -> bytes:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, length)


class Source:
    """Random access to a file of `size` bytes, within a budget of reads and bytes.

    `read` returns fewer bytes than asked for only at the end of the file. A file that was made
    to keep a parser busy runs out of budget and raises Broken.
    """

    __slots__ = ("_base", "_bytes", "_reads", "_window", "fd", "head", "size")

    def __init__(self, fd: int, size: int) -> None:
        self.fd = fd
        self.size = size
        self.head = self._window = pread(fd, FIRST_READ, 0)
        self._base = 0
        self._reads = 0
        self._bytes = 0

    def read(self, offset: int, length: int) -> bytes:
        """Bytes at `offset`; small reads that lie close together cost one system call."""
        start = offset - self._base
        if start >= 0:
            part = self._window[start : start + length]
            if len(part) == length:
                return part
        if offset < 0 or length < 0:
            raise Broken("An offset inside the file is wrong.")
        if offset + length <= FIRST_READ:
            return self.head[offset : offset + length]
        length = min(length, self.size - offset)
        if length <= 0:
            return b""
        self._reads += 1
        self._bytes += length
        if self._reads > MAX_READS or self._bytes > MAX_BYTES:
            raise Broken("The file has too many parts to read its header.")
        window = self._fetch(offset, length if length > WINDOW else WINDOW)
        self._window = window
        self._base = offset
        return window if len(window) == length else window[:length]

    def exactly(self, offset: int, length: int) -> bytes:
        """As `read`, but raises Broken where the file ends too early."""
        data = self.read(offset, length)
        if len(data) != length:
            raise Broken("The file is truncated.")
        return data

    def tail(self, length: int) -> bytes:
        """The last `length` bytes (fewer for a smaller file)."""
        start = self.size - length
        if start <= 0:
            return self.read(0, self.size)
        if self.size <= len(self.head):
            return self.head[start : self.size]
        self._bytes += length
        return self._fetch(start, length)

    def _fetch(self, offset: int, length: int) -> bytes:
        data = pread(self.fd, length, offset)
        # One read returns at most 2 GB and, on network file systems, sometimes less than asked.
        while len(data) < length and offset + len(data) < self.size:
            more = pread(self.fd, length - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data
