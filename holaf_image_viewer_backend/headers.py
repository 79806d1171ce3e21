"""One file's header: opens it, finds out what it is, and has the right reader fill the record."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import zlib
from collections.abc import Callable

from . import media_types
from .audio_tags import read_flac, read_mp3, read_ogg
from .ebml import read_ebml
from .exif import read_tiff
from .header import Header, content_key
from .isobmff import read_isobmff
from .png import SIGNATURE, read_png
from .riff import read_wav, read_webp
from .simple_images import read_bmp, read_gif, read_jpeg
from .source import MAX_TEXT, Broken, Source, open_file

_READERS: dict[str, Callable[[Source, Header], None]] = {
    "PNG": read_png,
    "JPEG": read_jpeg,
    "WEBP": read_webp,
    "AVIF": read_isobmff,
    "GIF": read_gif,
    "TIFF": read_tiff,
    "BMP": read_bmp,
    "MP4": read_isobmff,
    "MOV": read_isobmff,
    "M4A": read_isobmff,
    "WEBM": read_ebml,
    "MKV": read_ebml,
    "FLAC": read_flac,
    "MP3": read_mp3,
    "WAV": read_wav,
    "OGG": read_ogg,
}
# What a reader meets in a damaged file. Anything else is a mistake of ours and must be seen.
_DAMAGE = (Broken, struct.error, IndexError, zlib.error, ValueError, OverflowError)


def read_header(
    path: bytes | str, name: str | bytes, size: int | None = None, most_text: int = MAX_TEXT
) -> Header:
    """The header of the file at `path`, whose `name` says what it should be.

    Always gives a record; what could not be read is None and `error` says why. most_text: bytes of
    a text that a PNG may have, whose writers put whole graphs there. Raises FileNotFoundError for a
    file that vanished.
    """
    claimed = media_types.format_of(name) or "PNG"
    try:
        fd = open_file(path)
    except FileNotFoundError:
        raise
    except OSError as problem:
        return _unreadable(claimed, problem)
    try:
        if size is None:
            status = os.fstat(fd)
            size = status.st_size if stat.S_ISREG(status.st_mode) else 0
        return read_open_file(fd, size, claimed, most_text)
    except OSError as problem:
        return _unreadable(claimed, problem)
    finally:
        os.close(fd)


def read_open_file(fd: int, size: int, claimed: str, most_text: int = MAX_TEXT) -> Header:
    """As `read_header`, for a file that is open. Raises OSError."""
    if size <= 0:
        header = Header(claimed)
        header.error = "The file is empty."
        return header
    source = Source(fd, size)
    head = source.head
    if head[:8] == SIGNATURE and claimed == "PNG":
        real: str | None = "PNG"
    else:
        real = media_types.sniff(head)
    header = Header(claimed)
    header.most_text = most_text
    if real is None:
        header.error = f"The content is not {_article(claimed)} {claimed} file."
        return header
    if not media_types.agrees(claimed, real):
        header.format = real
    elif real in ("WEBM", "MKV", "MP4", "MOV", "M4A"):
        header.format = real if real == "AVIF" else claimed
    elif real == "AVIF":
        header.format = real
    try:
        _READERS[header.format](source, header)
    except _DAMAGE as problem:
        header.error = str(problem) if isinstance(problem, Broken) else "The file is damaged."
        if not isinstance(problem, Broken) and size < 64 * 1024:
            header.error = "The file is truncated or damaged."
    if header.format != claimed and not media_types.agrees(claimed, header.format):
        wrong = f"The name says {claimed}, the content is {header.format}."
        header.error = f"{wrong} {header.error}" if header.error else wrong
    if not header.width or not header.height or max(header.width, header.height) > 2**31 - 1:
        header.width = header.height = None
    if header.duration is not None and not 0 < header.duration < 1e9:
        header.duration = None
    if header.pixel_key is None:
        # A file that spent the budget of reads has no key.
        with contextlib.suppress(Broken):
            header.pixel_key = content_key(header, source)
    return header


def _unreadable(claimed: str, problem: OSError) -> Header:
    header = Header(claimed)
    header.error = f"The file could not be read: {problem.strerror or problem}."
    return header


def _article(word: str) -> str:
    return "an" if word in ("AVIF", "MP4", "MKV", "MP3", "MOV", "OGG", "M4A") else "a"
