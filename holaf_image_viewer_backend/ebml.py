"""WebM and Matroska: an EBML walk to duration, sides and tags."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .header import Header, add_text, text_of
from .source import MAX_TEXT, Broken, Source

SEGMENT = 0x18538067
CLUSTER = 0x1F43B675
_SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
_INFO, _SCALE, _DURATION = 0x1549A966, 0x2AD7B1, 0x4489
_TRACKS, _TRACK, _VIDEO = 0x1654AE6B, 0xAE, 0xE0
_WIDTH, _HEIGHT, _SHOWN_WIDTH, _SHOWN_HEIGHT, _UNIT = 0xB0, 0xBA, 0x54B0, 0x54BA, 0x54B2
_ALPHA = 0x53C0
_TAGS, _TAG, _SIMPLE, _NAME, _STRING = 0x1254C367, 0x7373, 0x67C8, 0x45A3, 0x4487
_WANTED = {_INFO, _TRACKS, _TAGS}
MAX_ELEMENTS = 20_000


def elements(source: Source, at: int, end: int) -> Iterator[tuple[int, int, int | None]]:
    """(id, start of the content, its end; None when the length is not known) of each element."""
    for _ in range(MAX_ELEMENTS):
        if at >= end:
            return
        mark = source.read(at, 12)
        if len(mark) < 2 or not mark[0]:
            return
        width = 9 - mark[0].bit_length()
        if width > 4 or len(mark) <= width or not mark[width]:
            return
        name = int.from_bytes(mark[:width], "big")
        first = mark[width]
        length_width = 9 - first.bit_length()
        if len(mark) < width + length_width:
            return
        value = int.from_bytes(mark[width : width + length_width], "big")
        mask = (1 << 7 * length_width) - 1
        begin = at + width + length_width
        if value & mask == mask:
            yield name, begin, None
            return
        at = begin + (value & mask)
        yield name, begin, at


def segment(source: Source) -> tuple[int, int | None]:
    """(start, end) of the segment's content; end None where it is not known. Raises Broken."""
    for name, begin, end in elements(source, 0, source.size):
        if name == SEGMENT:
            return begin, end
        if end is None:
            break
    raise Broken("The file is truncated: it holds no segment.")


def read_ebml(source: Source, header: Header) -> None:
    """Fill `header` from a WebM or Matroska file. Raises Broken."""
    begin, declared = segment(source)
    end = min(declared or source.size, source.size)
    seek: dict[int, int] = {}
    seen: set[int] = set()
    for name, start, stop in elements(source, begin, end):
        if name == CLUSTER:
            header.pixels = header.pixels or (start, end)
            if (
                stop is None
                or seen >= _WANTED
                or all(key in seek or key in seen for key in _WANTED)
            ):
                break
        elif stop is None:
            break
        elif name == _SEEK_HEAD:
            _seek_head(source, start, min(stop, end), begin, seek)
        elif name in _WANTED:
            seen.add(name)
            _part(source, name, start, min(stop, end), header)
    for name, place in seek.items():
        if name not in seen and begin <= place < end:
            for found, start, stop in elements(source, place, end):
                if found == name and stop is not None:
                    _part(source, name, start, min(stop, end), header)
                break
    if _TRACKS not in seen and _TRACKS not in seek:
        raise Broken("The file is truncated: its tracks are missing.")
    if header.duration is None:
        header.duration = _tagged_duration(header)
    header.texts.pop("DURATION", None)
    if declared is not None and declared > source.size:
        header.error = "The file is truncated."


def _seek_head(source: Source, at: int, end: int, base: int, seek: dict[int, int]) -> None:
    for name, start, stop in elements(source, at, end):
        if name != _SEEK or stop is None:
            continue
        target = place = 0
        for key, inner, inner_end in elements(source, start, min(stop, end)):
            if key == _SEEK_ID:
                target = _number(source, inner, inner_end)
            elif key == _SEEK_POSITION:
                place = _number(source, inner, inner_end)
        if target in _WANTED:
            seek.setdefault(target, base + place)


def _part(source: Source, name: int, at: int, end: int, header: Header) -> None:
    if name == _INFO:
        _info(source, at, end, header)
    elif name == _TRACKS:
        _tracks(source, at, end, header)
    else:
        _tags(source, at, end, header)


def _info(source: Source, at: int, end: int, header: Header) -> None:
    scale, duration = 1_000_000, 0.0
    for name, start, stop in elements(source, at, end):
        if name == _SCALE:
            scale = _number(source, start, stop)
        elif name == _DURATION and stop is not None:
            data = source.exactly(start, min(stop - start, 8))
            if len(data) in (4, 8):
                (duration,) = struct.unpack(">d" if len(data) == 8 else ">f", data)
    if 0 < duration < 1e18:
        header.duration = duration * scale / 1e9


def _tracks(source: Source, at: int, end: int, header: Header) -> None:
    for name, start, stop in elements(source, at, end):
        if name != _TRACK or stop is None:
            continue
        for inner, begin, inner_end in elements(source, start, min(stop, end)):
            if inner == _VIDEO and inner_end is not None:
                values = {
                    key: _number(source, place, place_end)
                    for key, place, place_end in elements(source, begin, min(inner_end, end))
                    if key in (_WIDTH, _HEIGHT, _SHOWN_WIDTH, _SHOWN_HEIGHT, _UNIT, _ALPHA)
                }
                width, height = values.get(_WIDTH, 0), values.get(_HEIGHT, 0)
                if not values.get(_UNIT):
                    width = values.get(_SHOWN_WIDTH) or width
                    height = values.get(_SHOWN_HEIGHT) or height
                if width * height > (header.width or 0) * (header.height or 0):
                    header.width, header.height = width, height
                header.alpha = header.alpha or bool(values.get(_ALPHA))


def _tags(source: Source, at: int, end: int, header: Header) -> None:
    for name, start, stop in elements(source, at, end):
        if name != _TAG or stop is None:
            continue
        for inner, begin, inner_end in elements(source, start, min(stop, end)):
            if inner != _SIMPLE or inner_end is None:
                continue
            key, value = "", b""
            for part, place, place_end in elements(source, begin, min(inner_end, end)):
                if place_end is None:
                    continue
                length = place_end - place
                if length > MAX_TEXT:
                    header.error = f"A text of {length >> 20} MB in the file was skipped."
                elif part == _NAME:
                    key = text_of(source.read(place, length).rstrip(b"\0"))
                elif part == _STRING:
                    value = source.read(place, length).rstrip(b"\0")
            add_text(header, key, value)


def _number(source: Source, at: int, end: int | None) -> int:
    if end is None or end - at > 8:
        return 0
    return int.from_bytes(source.exactly(at, end - at), "big")


def _tagged_duration(header: Header) -> float | None:
    """FFmpeg's tag `DURATION`, "00:00:01.500000000", on files without one in their header."""
    try:
        hours, minutes, seconds = text_of(header.texts.get("DURATION", "")).split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None
