"""What a file's header tells: the record that each format's reader fills."""

from __future__ import annotations

import struct
import zlib
from hashlib import blake2b

from .source import MAX_TEXT, Source

_signed = struct.Struct("<q").unpack


class Header:
    """Filled while reading, so that a file that breaks half-way keeps what was found before.

    texts: embedded texts by their key as written, as raw bytes (UTF-8 or Latin-1) or str.
    duration: seconds. width, height: as displayed (orientation applied).
    pixels: (start, end) of the encoded picture or sound, for the key of its content.
    """

    __slots__ = (
        "alpha",
        "animated",
        "duration",
        "error",
        "format",
        "height",
        "most_text",
        "pixel_key",
        "pixels",
        "text_bytes",
        "texts",
        "width",
        "xmp",
    )

    def __init__(self, format_name: str) -> None:
        self.format = format_name
        self.width: int | None = None
        self.height: int | None = None
        self.duration: float | None = None
        self.alpha = False
        self.animated = False
        # Of all texts together, unpacked, kept or not: see MOST_TEXT.
        self.text_bytes = 0
        # Of one text; who shows a file to somebody may allow more than the index.
        self.most_text = MAX_TEXT
        self.texts: dict[str, bytes | str] = {}
        self.xmp: bytes | None = None
        self.pixels: tuple[int, int] | None = None
        self.pixel_key: int | None = None
        self.error: str | None = None

    def swap_sides(self) -> None:
        self.width, self.height = self.height, self.width


# A file of 3 MB can hold hundreds of texts that unpack to 8 MB each.
TOGETHER = 4
MOST_TEXT = TOGETHER * MAX_TEXT


def has_room(header: Header, length: int) -> bool:
    """Whether a text of this many bytes may still be read; counts it."""
    header.text_bytes += length
    return header.text_bytes <= TOGETHER * header.most_text


def add_text(header: Header, key: str, value: bytes | str) -> None:
    """Keep the first text of a key: writers that repeat one put the current one first."""
    if value and len(header.texts) < 64:
        header.texts.setdefault(key, value)


def text_of(value: bytes | str) -> str:
    """An embedded text as str: UTF-8 where it is valid, else Latin-1 as PNG and ID3 have it."""
    if isinstance(value, str):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def inflate(data: bytes, limit: int) -> bytes | None:
    """zlib data, or None when it unpacks to more than `limit` bytes. Raises zlib.error."""
    engine = zlib.decompressobj()
    out = engine.decompress(data, limit)
    return None if engine.unconsumed_tail else out


def content_key(header: Header, source: Source, data: bytes = b"") -> int:
    """A signed 64-bit identity of the encoded content that does not change with its metadata.

    Hashes up to 256 bytes at both ends of the content, its length and the picture's sides.
    """
    start, end = header.pixels or (0, source.size)
    end = min(end, source.size)
    start = min(max(start, 0), end)
    first = source.read(start, min(256, end - start))
    last_start = max(start, end - 256)
    last = source.read(last_start, end - last_start)
    about = f"{header.width}x{header.height}x{end - start}".encode()
    return key_of(about, first, last, data)


def key_of(*parts: bytes) -> int:
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(part)
    return _signed(digest.digest())[0]
