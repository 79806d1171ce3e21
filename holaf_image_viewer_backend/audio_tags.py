"""FLAC, Ogg and MP3: duration and comments."""

from __future__ import annotations

import struct
import zlib

from .header import MOST_TEXT, Header, add_text, has_room, inflate, key_of
from .source import MAX_TEXT, Broken, Source

MAX_COMMENTS = 512


def read_flac(source: Source, header: Header, at: int = 0) -> None:
    """Blocks up to the sound. Raises Broken."""
    if source.read(at, 4) != b"fLaC":
        raise Broken("This FLAC does not start with its mark.")
    at += 4
    for _ in range(256):
        mark = source.exactly(at, 4)
        length = int.from_bytes(mark[1:], "big")
        kind = mark[0] & 0x7F
        if kind == 0:
            data = source.exactly(at + 4, 34)
            packed = int.from_bytes(data[10:18], "big")
            rate, samples = packed >> 44, packed & (1 << 36) - 1
            if rate and samples:
                header.duration = samples / rate
            if any(data[18:34]):
                header.pixel_key = key_of(data[18:34])  # MD5 of the decoded sound
        elif kind == 4 and length <= MAX_TEXT:
            read_comments(source.exactly(at + 4, length), header)
        at += 4 + length
        if mark[0] & 0x80:
            break
    header.pixels = (at, source.size)


def read_comments(data: bytes, header: Header) -> None:
    """Vorbis comments: the vendor, then `KEY=value` entries."""
    (length,) = struct.unpack_from("<I", data, 0)
    at = 4 + length
    (count,) = struct.unpack_from("<I", data, at)
    at += 4
    for _ in range(min(count, MAX_COMMENTS)):
        (length,) = struct.unpack_from("<I", data, at)
        entry = data[at + 4 : at + 4 + length]
        if len(entry) < length:
            header.error = "The file is truncated."
        key, equals, value = entry.partition(b"=")
        if equals:
            name = key.decode("latin-1")
            if name.upper() != "METADATA_BLOCK_PICTURE":
                add_text(header, name, value)
        at += 4 + length


def read_ogg(source: Source, header: Header) -> None:
    """The first packets of the first stream (Opus, Vorbis, FLAC); duration from the last page."""
    packets, end = _first_packets(source, 3)
    first = packets[0] if packets else b""
    rate, skip = 48_000, 0
    if first[:8] == b"OpusHead":
        skip = struct.unpack_from("<H", first, 10)[0]
        _comments(packets, b"OpusTags", header)
    elif first[:7] == b"\x01vorbis":
        rate = struct.unpack_from("<I", first, 12)[0]
        _comments(packets, b"\x03vorbis", header)
    elif first[:5] == b"\x7fFLAC":
        packed = int.from_bytes(first[27:35], "big")
        rate = packed >> 44
        if len(packets) > 1:
            read_comments(packets[1][4:], header)
    else:
        raise Broken("This Ogg file holds no sound that is known here.")
    header.pixels = (end, source.size)
    tail = source.tail(64 * 1024)
    last = tail.rfind(b"OggS")
    if last >= 0 and rate and len(tail) >= last + 14:
        (granule,) = struct.unpack_from("<q", tail, last + 6)
        if granule > skip:
            header.duration = (granule - skip) / rate


def _comments(packets: list[bytes], mark: bytes, header: Header) -> None:
    if len(packets) > 1 and packets[1].startswith(mark):
        read_comments(packets[1][len(mark) :], header)


def _first_packets(source: Source, wanted: int) -> tuple[list[bytes], int]:
    """The first `wanted` packets of the first stream, and the offset behind their pages."""
    packets: list[bytes] = []
    parts: list[bytes] = []
    at, total, serial = 0, 0, None
    for _ in range(4_096):
        page = source.read(at, 27)
        if len(page) < 27 or page[:4] != b"OggS":
            break
        lacing = source.exactly(at + 27, page[26])
        body = at + 27 + page[26]
        if serial is None:
            serial = page[14:18]
        if page[14:18] == serial:
            begin = body
            run = 0
            for value in lacing:
                run += value
                if value < 255:
                    parts.append(source.exactly(begin, run))
                    packets.append(b"".join(parts))
                    parts.clear()
                    begin += run
                    run = 0
                    if len(packets) >= wanted:
                        return packets, body + sum(lacing)
            if run:
                parts.append(source.exactly(begin, run))
                total += run
                if total > MAX_TEXT:
                    raise Broken("A text of more than 8 MB in the file was skipped.")
        at = body + sum(lacing)
    return packets, at


# -- MP3 ---------------------------------------------------------------------------------------

_BITRATES = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def read_mp3(source: Source, header: Header) -> None:
    """ID3v2 texts; duration from the Xing or VBRI frame, else estimated from the bit rate."""
    start = 0
    head = source.head
    if head[:3] == b"ID3":
        length = _synchsafe(head[6:10]) + 10
        start = length + (10 if head[5] & 0x10 else 0)
        if length <= MAX_TEXT:
            read_id3(source.read(0, length), header)
        else:
            header.error = f"A text of {length >> 20} MB in the file was skipped."
    end = source.size
    if source.tail(128)[:3] == b"TAG":
        end -= 128
    if start >= end:
        raise Broken("The file is truncated.")
    header.pixels = (start, end)
    _duration(source.read(start, 4096), end - start, header)


def _duration(data: bytes, length: int, header: Header) -> None:
    for at in range(max(0, len(data) - 4)):
        if data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
            continue
        version = data[at + 1] >> 3 & 3
        rate_index, bit_index = data[at + 2] >> 2 & 3, data[at + 2] >> 4
        if version == 1 or rate_index == 3 or bit_index in (0, 15):
            continue
        rate = _RATES[version][rate_index]
        bits = _BITRATES[1 if version == 3 else 2][bit_index] * 1000
        samples = 1152 if version == 3 else 576
        mono = data[at + 3] >> 6 == 3
        side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
        xing = at + 4 + side
        if data[xing : xing + 4] in (b"Xing", b"Info") and data[xing + 7] & 1:
            (frames,) = struct.unpack_from(">I", data, xing + 8)
            header.duration = frames * samples / rate
        elif data[at + 36 : at + 40] == b"VBRI":
            (frames,) = struct.unpack_from(">I", data, at + 50)
            header.duration = frames * samples / rate
        else:
            header.duration = (length - at) * 8 / bits
        return
    if header.duration is None:
        header.error = header.error or "No sound was found in the file."


def _synchsafe(data: bytes) -> int:
    return (data[0] & 127) << 21 | (data[1] & 127) << 14 | (data[2] & 127) << 7 | data[3] & 127


def read_id3(data: bytes, header: Header) -> None:
    """Text, user text and comment frames of an ID3v2.2, 2.3 or 2.4 tag."""
    if len(data) < 10 or data[:3] != b"ID3":
        return
    version, flags = data[3], data[5]
    body = data[10 : 10 + _synchsafe(data[6:10])]
    if flags & 0x80 and version < 4:
        body = body.replace(b"\xff\0", b"\xff")
    at = 0
    if flags & 0x40 and version >= 3 and len(body) > 4:
        size = _synchsafe(body[:4]) if version == 4 else int.from_bytes(body[:4], "big") + 4
        at = size
    name_length, head_length = (3, 6) if version == 2 else (4, 10)
    for _ in range(MAX_COMMENTS):
        name = body[at : at + name_length]
        if len(name) < name_length or not name[0]:
            return
        size_bytes = body[at + name_length : at + name_length + (3 if version == 2 else 4)]
        if len(size_bytes) < 3:
            return
        length = _synchsafe(size_bytes) if version == 4 else int.from_bytes(size_bytes, "big")
        frame = body[at + head_length : at + head_length + length]
        if version >= 3:
            frame = _unpack(frame, version, body[at + 9 : at + 10])
            if not has_room(header, len(frame)):
                header.error = f"Texts of more than {MOST_TEXT >> 20} MB in the file were skipped."
                return
        _frame(name, frame, header)
        at += head_length + length


def _unpack(frame: bytes, version: int, flag: bytes) -> bytes:
    bits = flag[0] if flag else 0
    packed = bits & (0x08 if version == 4 else 0x80)
    if (version == 4 and bits & 0x01) or (version == 3 and packed):
        frame = frame[4:]  # the length after unpacking
    if version == 4 and bits & 0x02:
        frame = frame.replace(b"\xff\0", b"\xff")
    if packed:
        try:
            return inflate(frame, MAX_TEXT) or b""
        except zlib.error:
            return b""
    return frame


def _frame(name: bytes, frame: bytes, header: Header) -> None:
    if not frame or not (name[:1] == b"T" or name in (b"COMM", b"COM")):
        return
    comment = name in (b"COMM", b"COM")
    parts = _strings(frame[0], frame[4:] if comment else frame[1:])
    if name in (b"TXXX", b"TXX"):
        if len(parts) > 1:
            add_text(header, parts[0], parts[1])
    elif comment:
        add_text(header, "Comment" if not parts[0] else parts[0], parts[-1])
    elif name[:3] in (b"TIT", b"TT2"):
        add_text(header, "Title", parts[0])


def _strings(encoding: int, data: bytes) -> list[str]:
    name = ("latin-1", "utf-16", "utf-16-be", "utf-8")[encoding if encoding < 4 else 0]
    if name == "latin-1" and any(byte > 127 for byte in data[:4096]):
        try:
            return data.decode("utf-8").rstrip("\0").split("\0", 1)
        except UnicodeDecodeError:
            pass
    text = data.decode(name, "replace").rstrip("\0")
    return [part.lstrip("\ufeff") for part in text.split("\0", 1)]
