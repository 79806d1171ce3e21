"""Which file is being read: a worker that a file kills leaves its name to the server."""

from __future__ import annotations

import mmap


class InHand:
    """The file that is being read, where the server finds its name if reading kills this process.

    A mapped page outlives the process, and writing to it costs nothing.
    """

    SIZE = 8192

    def __init__(self, path: str | None) -> None:
        self._page: mmap.mmap | None = None
        if path:
            with open(path, "r+b") as file:  # noqa: PTH123
                self._page = mmap.mmap(file.fileno(), self.SIZE)

    def take(self, name: bytes) -> None:
        if self._page is not None and len(name) < self.SIZE - 2:
            self._page[2 : 2 + len(name)] = name
            self._page[:2] = len(name).to_bytes(2, "little")

    def put_down(self) -> None:
        if self._page is not None:
            self._page[:2] = b"\0\0"
