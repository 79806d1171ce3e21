"""PNG and APNG: size, texts wherever they lie, and a key of the pixels, without unpacking any."""

from __future__ import annotations

import re
import struct
import zlib

from .exif import read_exif
from .header import TOGETHER, Header, add_text, has_room, inflate, text_of
from .source import MAX_TEXT, Broken, Source, pread

SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = b"\0\0\0\0IEND\xaeB`\x82"

_ihdr = struct.Struct(">IIBB").unpack_from
_chunk = struct.Struct(">I4s").unpack_from
_u32 = struct.Struct(">I").unpack_from
_signed = struct.Struct("<q").unpack
_pack_key = struct.Struct(">III").pack

_TAIL = 160
_NOT_PIXELS = re.compile(rb"tEXt|zTXt|iTXt|eXIf|tIME|comf|fdAT|fcTL|caBX")
_MAX_SIDE = 2**31 - 1
# After one of these a generator has said what it says; nobody puts more behind the pixels.
_MAIN_TEXTS = ("prompt", "workflow", "parameters", "Comment", "invokeai_metadata")


def read_png(source: Source, header: Header) -> None:
    """Fill `header` from a PNG. Raises Broken, struct.error where it ends early."""
    head = source.head
    if head[12:16] != b"IHDR":
        raise Broken("This PNG does not start with its header.")
    width, height, _depth, colour = _ihdr(head, 16)
    if not 0 < width <= _MAX_SIDE or not 0 < height <= _MAX_SIDE:
        raise Broken("This PNG names an impossible size.")
    header.width = width
    header.height = height
    header.alpha = colour >= 4
    size = source.size
    tail = source.tail(_TAIL)
    whole = tail[-12:] == END
    plain = whole and not _ends_otherwise(tail)
    fd = source.fd
    texts = header.texts
    buffer, base, have = head, 0, len(head)
    position = 33
    pixel_bytes = pixel_end = steps = 0
    while position + 12 <= size:
        at = position - base
        if at + 48 > have and base + have < size:
            buffer = pread(fd, 4096, position)
            base, at, have = position, 0, len(buffer)
        length, kind = _chunk(buffer, at)
        after = position + 12 + length
        if kind == b"IDAT":
            if not pixel_bytes:
                pixel_bytes = length
                if plain and not header.animated and not texts.keys().isdisjoint(_MAIN_TEXTS):
                    break
            pixel_end = after
        elif kind == b"tEXt" or kind == b"iTXt" or kind == b"zTXt" or kind == b"comf":
            if length > header.most_text or not has_room(header, length):
                _skipped(header, length)
            elif after <= size:
                end = at + 8 + length
                if end > have:
                    # With it comes the head of the chunk behind it.
                    buffer = pread(fd, length + 64, position)
                    base, at, have, end = position, 0, len(buffer), 8 + length
                _text(header, kind, buffer[at + 8 : end])
        elif kind == b"IEND":
            whole = True
            break
        elif kind == b"acTL":
            header.animated = _u32(source.exactly(position + 8, 4))[0] > 1
        elif kind == b"tRNS":
            header.alpha = True
        elif kind == b"eXIf" and after <= size and length <= MAX_TEXT:
            read_exif(source.exactly(position + 8, length), header)
        if after > size:
            break
        position = after
        steps += 1
        if steps > 100_000:
            raise Broken("This PNG has too many parts.")
    if not whole:
        header.error = header.error or "The file is truncated."
    if pixel_bytes:
        header.pixel_key = _key(source, width, height, pixel_bytes, pixel_end, plain, tail)


def _key(
    source: Source,
    width: int,
    height: int,
    first: int,
    pixel_end: int,
    plain: bool,
    tail: bytes,
) -> int | None:
    """From the size, the Adler-32 that ends the zlib stream, and the checksum of its last chunk."""
    if plain:
        ends = tail[-20:-12]
    elif 0 < pixel_end <= source.size:
        ends = source.read(pixel_end - 8, 8)
    else:
        return None
    if len(ends) != 8:
        return None
    mixed = zlib.crc32(ends[4:], zlib.crc32(_pack_key(width, height, first)))
    return _signed(ends[:4] + mixed.to_bytes(4, "big"))[0]


def _ends_otherwise(tail: bytes) -> bool:
    """Whether the chunk before IEND may hold no pixels: a short one shows its name, a long text
    its letters."""
    if tail[-24:-16].isascii():
        return True
    for match in _NOT_PIXELS.finditer(tail):
        at = match.start()
        if at >= 4 and _u32(tail, at - 4)[0] + at + 8 == len(tail) - 12:
            return True
    return False


def _text(header: Header, kind: bytes, data: bytes) -> None:
    zero = data.find(b"\0", 0, 80)
    if zero <= 0:
        return
    key = data[:zero].decode("latin-1")
    if kind == b"tEXt" or kind == b"comf":
        add_text(header, key, data[zero + 1 :])
        return
    packed = kind == b"zTXt"
    start = zero + 2
    if kind == b"iTXt":
        packed = data[zero + 1 : zero + 2] == b"\1"
        language = data.index(b"\0", zero + 3)
        start = data.index(b"\0", language + 1) + 1
    value: bytes | None = data[start:]
    if packed and header.text_bytes > TOGETHER * header.most_text:
        _skipped(header, len(data))
        return
    if packed:
        try:
            value = inflate(value or b"", header.most_text)
        except zlib.error:
            header.error = header.error or f'The packed text "{key[:40]}" is damaged.'
            return
        if value is None or not has_room(header, len(value)):
            header.text_bytes += header.most_text
            _skipped(header, header.most_text, more=True)
            return
    if key == "XML:com.adobe.xmp":
        header.xmp = value
    elif key == "Raw profile type exif" and value:
        _raw_profile(header, value)
    elif value:
        add_text(header, key, value)


def _raw_profile(header: Header, value: bytes) -> None:
    """EXIF as older tools put it into PNG: a name, a length, then hexadecimal digits."""
    lines = text_of(value).split("\n", 3)
    try:
        data = bytes.fromhex("".join(lines[-1].split()))
    except ValueError:
        return
    read_exif(data.removeprefix(b"Exif\0\0"), header)


def _skipped(header: Header, length: int, *, more: bool = False) -> None:
    size = f"{'more than ' if more else ''}{max(length >> 20, 1)} MB"
    header.error = header.error or f"A text of {size} in the file was skipped."
