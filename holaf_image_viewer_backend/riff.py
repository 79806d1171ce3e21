"""RIFF files: WebP pictures and WAV sound."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .audio_tags import read_id3
from .exif import read_exif
from .header import Header, add_text
from .source import MAX_TEXT, Broken, Source

_chunk = struct.Struct("<4sI").unpack
MAX_CHUNKS = 20_000


def _chunks(source: Source, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, offset of the data, length) of each chunk."""
    for _ in range(MAX_CHUNKS):
        if at + 8 > end:
            return
        name, length = _chunk(source.exactly(at, 8))
        yield name, at + 8, length
        at += 8 + length + (length & 1)


def _u24(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8 | data[at + 2] << 16


def read_webp(source: Source, header: Header) -> None:
    """Size, alpha, frames and the EXIF and XMP blocks behind the pixels. Raises Broken."""
    declared = struct.unpack_from("<I", source.head, 4)[0] + 8
    if declared > source.size:
        header.error = "The file is truncated."
    orientation, frames, milliseconds = 1, 0, 0
    for name, at, length in _chunks(source, 12, min(declared, source.size)):
        if name == b"VP8X":
            data = source.exactly(at, 10)
            header.alpha = bool(data[0] & 0x10)
            header.animated = bool(data[0] & 0x02)
            header.width, header.height = _u24(data, 4) + 1, _u24(data, 7) + 1
        elif name in (b"VP8 ", b"VP8L"):
            header.pixels = header.pixels or (at, at + length)
            if header.width is None:
                _bitstream(header, name, source.exactly(at, 10 if name == b"VP8 " else 5))
        elif name == b"ANMF":
            header.pixels = header.pixels or (at, at + length)
            frames += 1
            milliseconds += _u24(source.exactly(at, 16), 12)
        elif name == b"EXIF" and length <= MAX_TEXT:
            orientation = read_exif(source.read(at, length), header)
        elif name == b"XMP " and length <= MAX_TEXT:
            header.xmp = source.read(at, length)
        elif name in (b"EXIF", b"XMP "):
            header.error = f"A text of {length >> 20} MB in the file was skipped."
    if header.width is None:
        raise Broken("This WebP names no size.")
    if header.animated:
        header.animated = frames > 1
        header.duration = milliseconds / 1000 or None
    if orientation >= 5:
        header.swap_sides()


def _bitstream(header: Header, name: bytes, data: bytes) -> None:
    if name == b"VP8L":
        if data[0] != 0x2F:
            raise Broken("This WebP is damaged.")
        bits = int.from_bytes(data[1:5], "little")
        header.width, header.height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        header.alpha = bool(bits >> 28 & 1)
    else:
        if data[3:6] != b"\x9d\x01\x2a":
            raise Broken("This WebP is damaged.")
        width, height = struct.unpack_from("<HH", data, 6)
        header.width, header.height = width & 0x3FFF, height & 0x3FFF


_INFO = {b"ICMT": "Comment", b"INAM": "Title", b"ISFT": "Software"}


def read_wav(source: Source, header: Header) -> None:
    """Duration and the texts of LIST/INFO and `id3 ` chunks. Raises Broken."""
    rate = data_bytes = 0
    long_size: int | None = None
    for name, at, length in _chunks(source, 12, source.size):
        if name == b"ds64":
            long_size = struct.unpack("<Q", source.exactly(at + 8, 8))[0]
        elif name == b"fmt ":
            rate = struct.unpack("<I", source.exactly(at + 8, 4))[0]
        elif name == b"data":
            long = length == 0xFFFFFFFF and long_size is not None
            data_bytes = long_size if long and long_size else length
            if at + data_bytes > source.size:
                # Streamed files carry a size that was never filled in.
                if length < 0xFFFFFF00:
                    header.error = "The file is truncated."
                data_bytes = source.size - at
            header.pixels = (at, at + data_bytes)
            if header.pixels[1] + 8 > source.size or length >= 0xFFFFFF00:
                break
        elif name == b"LIST" and length <= MAX_TEXT:
            if source.read(at, 4) == b"INFO":
                for key, begin, size in _chunks(source, at + 4, at + length):
                    label = _INFO.get(key, key.decode("latin-1"))
                    add_text(header, label, source.read(begin, size).rstrip(b"\0"))
        elif name in (b"id3 ", b"ID3 ") and length <= MAX_TEXT:
            read_id3(source.read(at, length), header)
    if not rate:
        raise Broken("This WAV has no sound format.")
    header.duration = data_bytes / rate
