"""ISO base media files (MP4, MOV, M4A, AVIF): a walk over their boxes, wherever `moov` lies."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .exif import read_exif
from .header import Header, add_text
from .source import MAX_TEXT, Broken, Source

_box = struct.Struct(">I4s").unpack_from
_u16 = struct.Struct(">H").unpack_from
_u32 = struct.Struct(">I").unpack_from
_u64 = struct.Struct(">Q").unpack_from

MAX_BOXES = 10_000
_SIXTEEN = 65_536
_ITUNES = {
    b"\xa9cmt": "comment",
    b"\xa9nam": "title",
    b"desc": "description",
    b"\xa9des": "comment",
}
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")


def boxes(source: Source, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, start of the content, end of the box) of the boxes between two offsets.

    A box that claims to go beyond `end` is given with its claimed end, and is the last.
    """
    for _ in range(MAX_BOXES):
        if at + 8 > end:
            return
        mark = source.read(at, 16)
        if len(mark) < 8:
            return
        length, kind = _box(mark)
        body = at + 8
        if length == 1:
            if len(mark) < 16:
                return
            (length,) = _u64(mark, 8)
            body = at + 16
        elif length == 0:
            length = end - at
        if length < body - at:
            raise Broken("A box inside the file is damaged.")
        yield kind, body, at + length
        at += length


def read_isobmff(source: Source, header: Header) -> None:
    """Fill `header` from a video, sound or AVIF file. Raises Broken."""
    size = source.size
    brand = source.head[8:12] if source.head[4:8] == b"ftyp" else b""
    picture = header.format == "AVIF"
    found = False
    data_bytes = 0
    for kind, begin, end in boxes(source, 0, size):
        if kind == b"moov":
            found = True
            _movie(source, begin, min(end, size), header)
        elif kind == b"meta" and picture:
            found = True
            _picture(source, begin + 4, min(end, size), header)
        elif kind == b"mdat" and end - begin > data_bytes:
            data_bytes = end - begin
            header.pixels = (begin, end)
        elif kind == b"uuid" and source.read(begin, 16) == _XMP_UUID and end - begin <= MAX_TEXT:
            header.xmp = source.read(begin + 16, end - begin - 16)
        if end > size:
            header.error = "The file is truncated."
    if picture:
        header.animated = brand == b"avis" and bool(header.duration)
        if header.width is None:
            raise Broken(header.error or "This AVIF names no size.")
        if not header.animated:
            header.duration = None
    elif not found:
        raise Broken("The file is truncated: its index is missing.")


_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")

# -- movies ------------------------------------------------------------------------------------


def _movie(source: Source, at: int, end: int, header: Header) -> None:
    for kind, begin, stop in boxes(source, at, end):
        if kind == b"mvhd":
            header.duration = _times(source.exactly(begin, 32), 12, 20)
        elif kind == b"trak":
            _track(source, begin, stop, header)
        elif kind == b"mvex" and not header.duration:
            _fragments(source, begin, stop, header)
        elif kind == b"udta":
            _user_data(source, begin, stop, header)
        elif kind == b"meta":
            _meta(source, begin, stop, header)
    if not header.duration:
        header.duration = None


def _times(data: bytes, short: int, long: int) -> float | None:
    """Seconds of an mvhd or mdhd box; None where the duration is unknown."""
    if data[0] == 1:
        (scale,) = _u32(data, long)
        (length,) = _u64(data, long + 4)
        unknown = length == 2**64 - 1
    else:
        (scale,) = _u32(data, short)
        (length,) = _u32(data, short + 4)
        unknown = length == 2**32 - 1
    return length / scale if scale and length and not unknown else None


def _fragments(source: Source, at: int, end: int, header: Header) -> None:
    scale = None
    for kind, begin, _stop in boxes(source, at, end):
        if kind == b"mehd":
            data = source.exactly(begin, 8)
            length = _u64(source.exactly(begin, 12), 4)[0] if data[0] == 1 else _u32(data, 4)[0]
            scale = length
    if scale:
        # In the movie's own time scale, which lies in mvhd: the caller found no duration there.
        movie = _find_scale(source)
        header.duration = scale / movie if movie else None


def _find_scale(source: Source) -> int:
    for kind, begin, end in boxes(source, 0, source.size):
        if kind == b"moov":
            for inner, start, _stop in boxes(source, begin, end):
                if inner == b"mvhd":
                    data = source.exactly(start, 24)
                    return _u32(data, 20 if data[0] == 1 else 12)[0]
    return 0


def _track(source: Source, at: int, end: int, header: Header) -> None:
    sides = None
    for kind, begin, stop in boxes(source, at, end):
        if kind == b"tkhd":
            data = source.exactly(begin, 96 if source.exactly(begin, 1)[0] == 1 else 84)
            last = len(data)
            width, height = (
                _u32(data, last - 8)[0] // _SIXTEEN,
                _u32(data, last - 4)[0] // _SIXTEEN,
            )
            a, b, _u, c, d = struct.unpack_from(">iiiii", data, last - 44)
            sides = (height, width) if a == 0 and d == 0 and b and c else (width, height)
        elif kind == b"mdia":
            _media(source, begin, stop, header, sides)


def _media(
    source: Source, at: int, end: int, header: Header, sides: tuple[int, int] | None
) -> None:
    duration = None
    for kind, begin, _stop in boxes(source, at, end):
        if kind == b"mdhd":
            duration = _times(source.exactly(begin, 32), 12, 20)
        elif kind == b"hdlr":
            handler = source.exactly(begin + 8, 4)
            if handler in (b"vide", b"pict", b"auxv") and sides and all(sides):
                old = (header.width or 0) * (header.height or 0)
                if sides[0] * sides[1] > old and (header.format != "AVIF" or not old):
                    header.width, header.height = sides
            if handler in (b"vide", b"soun", b"pict") and duration and not header.duration:
                header.duration = duration
            return


def _user_data(source: Source, at: int, end: int, header: Header) -> None:
    for kind, begin, stop in boxes(source, at, end):
        if kind == b"meta":
            _meta(source, begin, stop, header)
        elif kind[:1] == b"\xa9" and 4 < stop - begin <= MAX_TEXT:
            # QuickTime: length, language, text
            (length,) = _u16(source.exactly(begin, 2))
            name = _ITUNES.get(kind, kind[1:].decode("latin-1"))
            add_text(header, name, source.read(begin + 4, min(length, stop - begin - 4)))
        elif kind == b"XMP_" and stop - begin <= MAX_TEXT:
            header.xmp = source.read(begin, stop - begin)


def _meta(source: Source, at: int, end: int, header: Header) -> None:
    """Tags: `keys` with `ilst` as FFmpeg's use_metadata_tags writes them, or iTunes names."""
    # QuickTime's `meta` has no version field, ISO's has.
    if source.read(at + 4, 4) != b"hdlr":
        at += 4
    keys: list[str] = []
    for kind, begin, stop in boxes(source, at, end):
        if kind == b"keys":
            (count,) = _u32(source.exactly(begin + 4, 4))
            place = begin + 8
            for _ in range(min(count, 256)):
                length, _space = _box(source.exactly(place, 8))
                keys.append(source.read(place + 8, length - 8).decode("utf-8", "replace"))
                place += max(length, 8)
        elif kind == b"ilst":
            for name, inner, inner_end in boxes(source, begin, stop):
                _tag(source, name, inner, inner_end, keys, header)


def _tag(source: Source, name: bytes, at: int, end: int, keys: list[str], header: Header) -> None:
    (index,) = _u32(name)
    key = keys[index - 1] if 0 < index <= len(keys) else _ITUNES.get(name)
    value: bytes | None = None
    for kind, begin, stop in boxes(source, at, end):
        if kind == b"data" and stop - begin > 8:
            if stop - begin > MAX_TEXT:
                header.error = f"A text of {(stop - begin) >> 20} MB in the file was skipped."
                return
            value = source.read(begin + 8, stop - begin - 8)
        elif kind == b"name" and name == b"----":
            key = source.read(begin + 4, stop - begin - 4).decode("utf-8", "replace")
    if key and value:
        add_text(header, key.rpartition("com.apple.quicktime.")[2], value)


# -- AVIF --------------------------------------------------------------------------------------


def _picture(source: Source, at: int, end: int, header: Header) -> None:
    primary = 0
    properties: list[tuple[bytes, int, int]] = []
    links: dict[int, list[int]] = {}
    kinds: dict[int, bytes] = {}
    places: dict[int, tuple[int, int]] = {}
    for kind, begin, stop in boxes(source, at, end):
        if kind == b"pitm":
            data = source.exactly(begin, 8)
            primary = _u32(data, 4)[0] if data[0] else _u16(data, 4)[0]
        elif kind == b"iprp":
            for inner, start, inner_stop in boxes(source, begin, stop):
                if inner == b"ipco":
                    properties = list(boxes(source, start, inner_stop))
                elif inner == b"ipma":
                    links.update(_associations(source.read(start, min(inner_stop - start, 65_536))))
        elif kind == b"iinf":
            kinds = _items(source, begin, stop)
        elif kind == b"iloc":
            places = _locations(source.read(begin, min(stop - begin, 65_536)))
    for index in links.get(primary) or range(1, len(properties) + 1):
        if 0 < index <= len(properties):
            kind, begin, _stop = properties[index - 1]
            if kind == b"ispe":
                header.width, header.height = struct.unpack(">II", source.exactly(begin + 4, 8))
            elif kind == b"irot" and source.exactly(begin, 1)[0] & 1:
                header.swap_sides()
    for kind, begin, stop in properties:
        if kind == b"auxC" and source.read(begin + 4, min(stop - begin, 64)).startswith(_ALPHA):
            header.alpha = True
    for item, kind in kinds.items():
        offset, length = places.get(item, (0, 0))
        if not 4 < length <= MAX_TEXT:
            continue
        if kind == b"Exif":
            data = source.read(offset, length)
            # AVIF turns by `irot`; EXIF's orientation is to be ignored.
            read_exif(data[4 + _u32(data)[0] :], header)
        elif kind == b"mime":
            data = source.read(offset, length)
            if b"x:xmpmeta" in data[:400] or b"rdf:RDF" in data[:400]:
                header.xmp = data
    if primary in places:
        offset, length = places[primary]
        header.pixels = (offset, offset + length)


def _associations(data: bytes) -> dict[int, list[int]]:
    """Item → its properties' numbers, from 1 (ISO/IEC 23008-12, 9.3)."""
    links: dict[int, list[int]] = {}
    version, wide = data[0], data[3] & 1
    (count,) = _u32(data, 4)
    at = 8
    for _ in range(min(count, 1024)):
        (item,) = _u16(data, at) if version < 1 else _u32(data, at)
        at += 2 if version < 1 else 4
        number = data[at]
        at += 1
        numbers = []
        for _ in range(number):
            numbers.append(_u16(data, at)[0] & 0x7FFF if wide else data[at] & 0x7F)
            at += 2 if wide else 1
        links[item] = numbers
    return links


def _items(source: Source, at: int, end: int) -> dict[int, bytes]:
    kinds: dict[int, bytes] = {}
    start = at + (6 if source.exactly(at, 1)[0] == 0 else 8)
    for kind, begin, _stop in boxes(source, start, end):
        if kind == b"infe":
            data = source.exactly(begin, 14)
            if data[0] == 2:
                kinds[_u16(data, 4)[0]] = data[8:12]
            elif data[0] == 3:
                kinds[_u32(data, 4)[0]] = data[10:14]
    return kinds


def _locations(data: bytes) -> dict[int, tuple[int, int]]:
    """Item → (offset, length) of items in the file itself (ISO/IEC 14496-12, 8.11.3)."""
    version = data[0]
    offset_size, length_size = data[4] >> 4, data[4] & 15
    base_size, index_size = data[5] >> 4, data[5] & 15 if version else 0
    (count,) = _u16(data, 6) if version < 2 else _u32(data, 6)
    at = 8 if version < 2 else 10
    places: dict[int, tuple[int, int]] = {}

    def number(length: int) -> int:
        nonlocal at
        value = int.from_bytes(data[at : at + length], "big")
        at += length
        return value

    for _ in range(min(count, 1024)):
        if at >= len(data):
            break
        item = number(2 if version < 2 else 4)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(base_size)
        for piece in range(min(number(2), 1024)):
            number(index_size)
            offset, length = base + number(offset_size), number(length_size)
            if piece == 0 and method == 0:
                places[item] = (offset, length)
    return places
