"""How rows travel from the index worker to the server: in batches that only SQLite unpacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..holaf_image_batch import GRAPH, PROMPT, Batch, Sent, encode
from ..holaf_image_records import IndexedFile, IndexedFolder, canon

# One frame is one transaction: large enough that what each costs does not count, small enough that
# a file which was finished just now does not wait for long.
MOST_ROWS = 800
MOST_BYTES = 1024 * 1024

# Frames on their way at one time: enough that neither side waits.
IN_FLIGHT = 3


class Send(Protocol):
    def __call__(self, message: dict[str, Any], blob: bytes = b"") -> None: ...


def encodable(text: str) -> str:
    """`text` without the lone surrogates that no JSON can carry, and the NUL that ends it there."""
    if "\0" in text:
        text = text.replace("\0", " ")
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


class Outbox:
    """Gathers rows into frames and numbers them, so that one can wait until they are stored.

    `send(frame, bytes)` may wait; `wait()` returns after something was acknowledged (see `acked`).
    """

    def __init__(self, send: Send, wait: Callable[[], None]) -> None:
        self._send = send
        self._wait = wait
        self._number = 1
        self._acked = 0
        self._files: dict[tuple[str, str, str], IndexedFile] = {}
        self._bytes = 0
        self._folders: dict[tuple[str, str], int] = {}
        self._removed: dict[tuple[str, str, str], str] = {}
        self._about: dict[tuple[str, str], int] = {}
        self._about_all = 0
        self._most_rows = 50
        # A text travels once per worker.
        self._sent = Sent()
        # Rows that other processes read; they are older than those gathered here.
        self._batches: list[Batch] = []
        self._batched = 0
        # Called before anything is said of files that another process may still be reading.
        self.drain: Callable[[], None] = lambda: None

    @property
    def pending(self) -> bool:
        return bool(self._files or self._folders or self._removed or self._batches)

    def acked(self, number: int) -> None:
        self._acked = max(self._acked, number)

    def file(self, file: IndexedFile) -> None:
        key = (file.root_id, file.folder, file.filename)
        self._removed.pop(key, None)
        self._files[key] = file
        self._bytes += 500
        if (PROMPT, file.prompt_hash) not in self._sent:
            self._bytes += len(file.prompt_text) + len(file.negative_text)
        if (GRAPH, file.graph_hash) not in self._sent:
            self._bytes += len(file.graph_text) + len(file.graph_nodes or b"")
        self._about[key[:2]] = self._number
        self._flush_large()

    def forward(self, batch: Batch, root_id: str, folder: str) -> None:
        """Files of one folder that another process read."""
        self._batches.append(batch)
        self._batched += batch.count
        self._bytes += len(batch.data)
        self._about[root_id, folder] = self._number
        self._flush_large()

    def _flush_large(self) -> None:
        if len(self._files) + self._batched >= self._most_rows or self._bytes >= MOST_BYTES:
            # Small frames at first: the gallery shows something at once.
            self._most_rows = min(MOST_ROWS, self._most_rows * 2)
            self.flush()

    def folder(self, folder: IndexedFolder) -> None:
        self._folders[folder.root_id, folder.path] = folder.mtime_ns
        if len(self._folders) >= 1000:
            self.flush()

    def remove(self, root_id: str, folder: str, name: str) -> None:
        self.drain()
        key = (root_id, folder, name)
        self._files.pop(key, None)
        self._removed[key] = canon(root_id, folder, name)
        self._about[key[:2]] = self._number
        if len(self._removed) >= 1000:
            self.flush()

    def move(self, old: str, old_folder: str, file: IndexedFile) -> None:
        """`old` is the canonical path that the file had, in `old_folder`."""
        self.drain()
        self.flush()
        for root_id, folder in ((file.root_id, file.folder), (file.root_id, old_folder)):
            self._about[root_id, folder] = self._number
        self._ship({"move": [[old, file.path_canon]]}, [encode([file], sent=self._sent)])

    def remove_folder(self, root_id: str, folder: str) -> None:
        self.drain()
        self.flush()
        self._about_all = self._number
        self._ship({"remove_folder": [root_id, folder]})

    def move_folder(self, root_id: str, old: str, new_root_id: str, new: str) -> None:
        self.drain()
        self.flush()
        self._about_all = self._number
        self._ship({"move_folder": [root_id, old, new_root_id, new]})

    def flush(self) -> None:
        if not self.pending:
            return
        folders = [IndexedFolder(*key, mtime) for key, mtime in self._folders.items()]
        removed = list(self._removed.values())
        batch = encode(self._files.values(), folders, removed, self._sent)
        batches = [*self._batches, batch]
        self._files, self._folders, self._removed, self._bytes = {}, {}, {}, 0
        self._batches, self._batched = [], 0
        self._ship({}, batches)

    def settle(self, root_id: str, folder: str) -> None:
        """Wait until everything that was sent about a folder is in the database."""
        self.drain()
        needed = max(self._about.get((root_id, folder), 0), self._about_all)
        if needed > self._acked:
            self.flush()
            while needed > self._acked:
                self._wait()
            if len(self._about) > 100_000:
                self._about = {
                    key: number for key, number in self._about.items() if number > self._acked
                }

    def _ship(self, frame: dict[str, Any], batches: Sequence[Batch] = ()) -> None:
        while self._number - self._acked > IN_FLIGHT:
            self._wait()
        frame["n"] = self._number
        self._number += 1
        if batches:
            frame["batches"] = [batch.head() for batch in batches]
            self._send(frame, b"".join([batch.data for batch in batches]))
        else:
            self._send(frame)
