"""Whether a file is whole, by the mark that ends its format: new files wait until they are."""

from __future__ import annotations

import os

from . import media_types
from .ebml import segment
from .isobmff import boxes
from .png import END
from .source import Broken, Source, open_file


def looks_whole(path: bytes | str, size: int | None = None) -> bool | None:
    """True: ends as its format must. False: does not yet. None: the format has no such mark.

    For None the caller waits until size and time stand still. A file that is no media at all is
    None too. Raises OSError, FileNotFoundError among them.
    """
    fd = open_file(path)
    try:
        if size is None:
            size = os.fstat(fd).st_size
        if size <= 0:
            return False
        return _judge(Source(fd, size))
    except Broken:
        return False
    except (IndexError, ValueError):
        return None
    finally:
        os.close(fd)


def _judge(source: Source) -> bool | None:
    real = media_types.sniff(source.head)
    if real == "PNG":
        tail = source.tail(4096)
        return True if tail.endswith(END) else (None if END in tail else False)
    if real == "JPEG":
        tail = source.tail(4096)
        return True if tail.endswith(b"\xff\xd9") else (None if b"\xff\xd9" in tail else False)
    if real in ("WEBP", "WAV"):
        declared = int.from_bytes(source.head[4:8], "little")
        if declared in (0, 0xFFFFFFFF) or source.head[:4] == b"RF64":
            return None
        return declared + 8 <= source.size
    if real in ("MP4", "MOV", "M4A", "AVIF"):
        return _boxes_end(source, b"meta" if real == "AVIF" else b"moov")
    if real in ("WEBM", "MKV"):
        _begin, end = segment(source)
        return None if end is None else end <= source.size
    if real == "GIF":
        return source.tail(1) == b";"
    if real == "BMP":
        declared = int.from_bytes(source.head[2:6], "little")
        return None if not declared else declared <= source.size
    if real == "OGG":
        return True if _ogg_ended(source.tail(128 * 1024)) else None
    return None


def _ogg_ended(tail: bytes) -> bool:
    """Whether the last page is complete and says that its stream ends."""
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27 or not tail[at + 5] & 4:
        return False
    lacing = tail[at + 27 : at + 27 + tail[at + 26]]
    return at + 27 + tail[at + 26] + sum(lacing) == len(tail)


def _boxes_end(source: Source, needed: bytes) -> bool:
    found = False
    end = 0
    for kind, _begin, stop in boxes(source, 0, source.size):
        found = found or kind in (needed, b"moov")
        end = stop
    return found and end == source.size
