"""GIF, BMP and JPEG headers."""

from __future__ import annotations

import struct

from .exif import read_exif
from .header import Header, add_text
from .source import MAX_TEXT, Broken, Source

_u16 = struct.Struct(">H").unpack_from
_NO_LENGTH = frozenset([0x01, *range(0xD0, 0xD8)])
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_XMP = b"http://ns.adobe.com/xap/1.0/\0"


def read_gif(source: Source, header: Header) -> None:
    head = source.head
    if len(head) < 13:
        raise Broken("The file is truncated.")
    header.width, header.height = struct.unpack_from("<HH", head, 6)
    at = 13 + _colours(head[10])
    header.pixels = (at, source.size)
    frames, hundredths, steps = 0, 0, 0
    # Two frames are enough to know that it moves; delays are summed while the file is small.
    while steps < 2_000:
        steps += 1
        mark = source.read(at, 10)
        if not mark or mark[0] == 0x3B:
            break
        if mark[0] == 0x21:
            if mark[1] == 0xF9:
                header.alpha = header.alpha or bool(mark[3] & 1)
                hundredths += struct.unpack_from("<H", mark, 4)[0]
            comment = mark[1] == 0xFE
            at, data = _sub_blocks(source, at + 2, keep=comment)
            if comment:
                add_text(header, "Comment", data)
        elif mark[0] == 0x2C:
            frames += 1
            at, _ = _sub_blocks(source, at + 11 + _colours(mark[9]), keep=False)
        else:
            header.error = "The file is damaged after its first picture."
            break
    header.animated = frames > 1
    if frames > 1 and steps < 2_000:
        header.duration = hundredths / 100 or None


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks(source: Source, at: int, *, keep: bool) -> tuple[int, bytes]:
    """(offset behind a chain of blocks of at most 255 bytes, its data when kept)."""
    data = bytearray()
    while True:
        length = source.exactly(at, 1)[0]
        if length == 0:
            return at + 1, bytes(data)
        if keep and len(data) < MAX_TEXT:
            data += source.read(at + 1, length)
        at += 1 + length


def read_bmp(source: Source, header: Header) -> None:
    head = source.head
    if len(head) < 30:
        raise Broken("The file is truncated.")
    if head[14] == 12:
        header.width, header.height = struct.unpack_from("<HH", head, 18)
    else:
        width, height, _planes, bits = struct.unpack_from("<iiHH", head, 18)
        header.width, header.height = abs(width), abs(height)
        header.alpha = bits == 32 and head[14] >= 56
    if struct.unpack_from("<I", head, 2)[0] > source.size:
        header.error = "The file is truncated."
    header.pixels = (struct.unpack_from("<I", head, 10)[0], source.size)


def read_jpeg(source: Source, header: Header) -> None:
    """Walk the segments up to the pixels. Raises Broken."""
    at, size, orientation = 2, source.size, 1
    while at + 4 <= size:
        mark = source.exactly(at, 4)
        if mark[0] != 0xFF:
            raise Broken("The file is damaged before its pixels.")
        code = mark[1]
        if code == 0xFF:  # fill bytes
            at += 1
            continue
        if code in _NO_LENGTH:
            at += 2
            continue
        length = _u16(mark, 2)[0]
        if code in _FRAMES:
            header.height, header.width = struct.unpack(">HH", source.exactly(at + 5, 4))
        elif code == 0xE1:
            data = source.exactly(at + 4, length - 2)
            if data[:6] == b"Exif\0\0":
                orientation = read_exif(data, header)
            elif data.startswith(_XMP):
                header.xmp = data[len(_XMP) :]
        elif code == 0xFE:
            add_text(header, "Comment", source.exactly(at + 4, length - 2))
        elif code in (0xDA, 0xD9):
            header.pixels = (at, size)
            break
        at += 2 + length
    if not header.width or not header.height:
        raise Broken("The file is truncated.")
    if orientation >= 5:
        header.swap_sides()
    if source.tail(2) != b"\xff\xd9" and b"\xff\xd9" not in source.tail(4096):
        header.error = "The file is truncated."
