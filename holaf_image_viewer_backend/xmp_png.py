"""XMP in PNG files, without Exempi: one chunk of text before the pixels, all others as they were.

Exempi puts it behind the pixels, where few look, and leaves the end of a longer packet there.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from .png import SIGNATURE
from .xmp import Damaged

KEYWORD = b"XML:com.adobe.xmp\0"
LARGEST_TEXT = 64 << 20
PIECE = 1 << 20


def write_png(path: Path, target: Path, packet: bytes) -> None:
    """Write `path` to `target`, with `packet` as its XMP. Raises Damaged, OSError."""
    data = KEYWORD + b"\0\0\0\0" + packet
    kind = b"iTXt"
    made = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    with path.open("rb") as source, target.open("wb") as out:
        if source.read(8) != SIGNATURE:
            raise Damaged("It is no PNG, whatever its name says.")
        out.write(SIGNATURE)
        written = False
        while head := source.read(8):
            if len(head) < 8:
                raise Damaged("This PNG ends early.")
            length, kind = struct.unpack(">I4s", head)
            if kind in (b"IDAT", b"IEND") and not written:
                out.write(made)
                written = True
            if kind == b"iTXt" and length <= LARGEST_TEXT:
                text = source.read(length + 4)
                if len(text) != length + 4:
                    raise Damaged("This PNG ends early.")
                if not text.startswith(KEYWORD):
                    out.write(head + text)
            else:
                out.write(head)
                copy(source, out, length + 4)
            if kind == b"IEND":
                # Some programs keep things behind the end.
                while rest := source.read(PIECE):
                    out.write(rest)
                return
    raise Damaged("This PNG ends early.")


def copy(source: BinaryIO, out: BinaryIO, length: int) -> None:
    while length:
        data = source.read(min(length, PIECE))
        if not data:
            raise Damaged("This PNG ends early.")
        out.write(data)
        length -= len(data)
