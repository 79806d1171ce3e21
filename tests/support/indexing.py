"""Real folders, a real database and the index's own parts, without a second process."""

from __future__ import annotations

import struct
import time
import zlib
from pathlib import Path


def png(width: int = 4, height: int = 4, shade: int = 0, **texts: str) -> bytes:
    """A whole PNG with text chunks."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(
        b"\0" + bytes([shade % 256, shade // 256 % 256, 7]) * width for _ in range(height)
    )
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))]
    parts += [
        chunk(b"tEXt", key.encode() + b"\0" + value.encode("latin-1", "replace"))
        for key, value in texts.items()
    ]
    parts += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def batch_files(batch) -> list[dict]:
    """The files of a batch: what its fields say, and their paths."""
    from holaf.holaf_image_batch import FIELDS, WIDTH

    rows, texts, found = bytes(batch.part("files")), bytes(batch.part("texts")), []
    for start in range(0, len(rows), WIDTH):
        file, at = {}, start
        for name, (width, _) in FIELDS.items():
            file[name] = rows[at : at + width].decode().strip()
            at += width
        begin = int(file["text_at"]) - 1
        file["path"] = texts[begin : begin + int(file["path_length"])].decode()
        found.append(file)
    return found


class Bench:
    """A library of one root (`output`, and what else is given), scanned on request."""

    def __init__(self, tmp_path: Path, roots: dict[str, Path] | None = None, **scanner) -> None:
        from holaf.holaf_database import ImageDatabase
        from holaf.holaf_image_store import PARSER
        from holaf.holaf_image_viewer_backend.file_reader import FileReader
        from holaf.holaf_image_viewer_backend.index_frames import Outbox
        from holaf.holaf_image_viewer_backend.known_files import KnownFiles
        from holaf.holaf_image_viewer_backend.library_paths import Library, Root
        from holaf.holaf_image_viewer_backend.scanner import Scanner

        self.output = tmp_path / "output"
        self.output.mkdir(exist_ok=True)
        self.database = ImageDatabase(tmp_path / "data" / "db.sqlite")
        self.database.open()
        self.known = KnownFiles(self.database.path)
        self.frames: list[dict] = []
        self.blobs: list[bytes] = []
        self.read_paths: list[str] = []
        self.out = Outbox(self._apply, lambda: None)
        self.reader = FileReader()
        self.library = Library(
            [Root(key, key, path) for key, path in {"output": self.output, **(roots or {})}.items()]
        )
        self.scanner = Scanner(
            self.library, self.known, self.out, self.read, parser=PARSER, **scanner
        )

    def read(self, place):
        self.read_paths.append(place.path)
        return self.reader.read(place)

    def state(self, root_id: str = "output"):
        return self.scanner.states[root_id]

    def scan(self, root_id: str = "output", **options) -> list[str]:
        """Scan, and give the canonical paths of all rows."""
        self.run(self.scanner.scan(self.state(root_id), **options))
        return self.paths()

    def run(self, steps) -> None:
        for _ in steps:
            pass
        self.out.flush()

    def paths(self) -> list[str]:
        with self.database.read() as db:
            rows = db.execute("SELECT path_canon FROM images ORDER BY path_canon")
            return [row[0] for row in rows]

    def row(self, path_canon: str) -> dict:
        row = self.database.by_path(path_canon)
        assert row is not None, f"{path_canon} is not among {self.paths()}"
        return row

    def sent_files(self, at: int) -> list[dict]:
        from holaf.holaf_image_batch import split

        return batch_files(split(self.frames[at]["batches"], self.blobs[at])[0])

    def close(self) -> None:
        self.known.close()
        self.database.close()

    def _apply(self, frame: dict, blob: bytes = b"") -> None:
        from holaf.holaf_core import json
        from holaf.holaf_image_viewer_backend.indexer import apply_frame

        self.frames.append(frame)
        self.blobs.append(blob)
        apply_frame(self.database, json.loads(json.dumps(frame)), blob)
        self.out.acked(frame["n"])


def eventually(check, seconds: float = 30.0):
    """Wait for `check()` to be true and give what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {seconds} s: {check.__doc__ or check}"
        time.sleep(0.005)
