"""TIFF structures: EXIF blocks inside other formats, and TIFF files themselves."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from .header import Header, add_text
from .source import MAX_TEXT, Broken, Source

MAX_ENTRIES = 1024
_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8)
_ASCII, _SHORT, _LONG, _LONG8 = 2, 3, 4, 16
_ORIENTATION, _EXIF_IFD, _USER_COMMENT = 0x0112, 0x8769, 0x9286
_WINDOWS_TEXTS = {
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
}
_NAMES = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
}
# SaveWEBP and its followers write `prompt:{…}` into whatever tag is free.
_KEYED = ("prompt", "workflow", "parameters", "generation_data")

Fetch = Callable[[int, int], bytes]


def read_exif(data: bytes, header: Header) -> int:
    """Take texts and orientation from an EXIF block; returns the orientation (1-8).

    A damaged block gives what could be read of it.
    """
    if data[:6] == b"Exif\0\0":
        data = data[6:]
    try:
        return _read_tags(lambda at, length: data[at : at + length], header)
    except (struct.error, IndexError, Broken):
        return 1


def _read_tags(fetch: Fetch, header: Header) -> int:
    order, offset, big = _start(fetch)
    orientation = 1
    sub = None
    for tag, kind, count, value in _entries(fetch, order, offset, big):
        if tag == _ORIENTATION:
            orientation = _number(order, kind, value) or 1
        elif tag == _EXIF_IFD:
            sub = _number(order, kind, value)
        elif kind == _ASCII or tag in _WINDOWS_TEXTS:
            _take_text(header, tag, _value(fetch, order, kind, count, value, big))
    if sub:
        for tag, kind, count, value in _entries(fetch, order, sub, big):
            if tag == _USER_COMMENT:
                raw = _value(fetch, order, kind, count, value, big)
                add_text(header, "UserComment", user_comment(raw, order))
    return orientation if 1 <= orientation <= 8 else 1


def read_tiff(source: Source, header: Header) -> None:
    """Size, alpha and texts of a TIFF file. Raises Broken."""
    fetch = source.read
    order, offset, big = _start(fetch)
    tags: dict[int, int] = {}
    for tag, kind, count, value in _entries(fetch, order, offset, big):
        if tag in (256, 257, 338, 273, _ORIENTATION) and count == 1:
            tags[tag] = _number(order, kind, value)
        elif tag == 700:
            header.xmp = _value(fetch, order, kind, count, value, big) or None
    header.width, header.height = tags.get(256), tags.get(257)
    header.alpha = tags.get(338) in (1, 2)
    if not header.width or not header.height:
        raise Broken("This TIFF names no size.")
    if tags.get(273):
        header.pixels = (tags[273], source.size)
    if _read_tags(fetch, header) >= 5:
        header.swap_sides()


def user_comment(raw: bytes, order: str = "<") -> str:
    """An EXIF UserComment: 8 bytes name its encoding, and writers disagree about UTF-16's order."""
    code, text = raw[:8], raw[8:]
    if code.startswith(b"UNICODE"):
        return _utf16(text, order)
    if code.rstrip(b"\0") in (b"ASCII", b"JIS", b""):
        return text.decode("utf-8", "replace").rstrip("\0 ")
    return raw.decode("utf-8", "replace").rstrip("\0 ")


def _utf16(text: bytes, order: str) -> str:
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return text.decode("utf-16", "replace").rstrip("\0 ")
    sample = text[:256]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if even != odd:  # Latin letters have their zero in the high byte
        name = "utf-16-be" if even > odd else "utf-16-le"
    else:
        # Without any Latin letter: line breaks and spaces in the wrong order are no text.
        name = "utf-16-be" if order == ">" else "utf-16-le"
    return text.decode(name, "replace").rstrip("\0 ")


def _take_text(header: Header, tag: int, raw: bytes) -> None:
    if tag in _WINDOWS_TEXTS:
        text: bytes | str = raw.decode("utf-16-le", "replace").rstrip("\0")
        add_text(header, _WINDOWS_TEXTS[tag], text)
        return
    raw = raw.rstrip(b"\0")
    key, colon, rest = raw[:32].partition(b":")
    name = key.decode("latin-1").lower()
    if colon and name in _KEYED:
        add_text(header, name, raw[len(key) + 1 :].lstrip())
    elif colon and rest[:1] in (b"{", b"["):  # further keys of extra_pnginfo
        add_text(header, key.decode("latin-1"), raw[len(key) + 1 :])
    elif tag in _NAMES:
        add_text(header, _NAMES[tag], raw)


def _start(fetch: Fetch) -> tuple[str, int, bool]:
    """(byte order, offset of the first directory, BigTIFF)."""
    start = fetch(0, 16)
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None:
        raise Broken("The EXIF block is damaged.")
    if struct.unpack_from(order + "H", start, 2)[0] == 43:
        return order, struct.unpack_from(order + "Q", start, 8)[0], True
    return order, struct.unpack_from(order + "I", start, 4)[0], False


def _entries(
    fetch: Fetch, order: str, offset: int, big: bool
) -> Iterator[tuple[int, int, int, bytes]]:
    """(tag, type, count, its 4 or 8 bytes of value or offset) of one directory."""
    count_form, entry_form, step = (
        (order + "Q", order + "HHQ8s", 20) if big else (order + "H", order + "HHI4s", 12)
    )
    first = struct.calcsize(count_form)
    (count,) = struct.unpack(count_form, fetch(offset, first))
    count = min(count, MAX_ENTRIES)
    data = fetch(offset + first, count * step)
    for at in range(0, len(data) - step + 1, step):
        yield struct.unpack_from(entry_form, data, at)


def _number(order: str, kind: int, value: bytes) -> int:
    form = {1: "B", _SHORT: "H", _LONG: "I", _LONG8: "Q", 13: "I"}.get(kind)
    return struct.unpack_from(order + form, value)[0] if form else 0


def _value(fetch: Fetch, order: str, kind: int, count: int, value: bytes, big: bool) -> bytes:
    length = count * (_SIZES[kind] if kind < len(_SIZES) else 0)
    if length <= len(value):
        return value[:length]
    if length > MAX_TEXT:
        return b""
    (offset,) = struct.unpack(order + ("Q" if big else "I"), value)
    return fetch(offset, length)
