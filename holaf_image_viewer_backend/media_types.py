"""Which files the gallery lists, what they are by name and content, and how they are served."""

from __future__ import annotations

import re

IMAGE = "image"
VIDEO = "video"
AUDIO = "audio"

FORMATS: dict[str, tuple[str, str]] = {
    "PNG": (IMAGE, "image/png"),
    "JPEG": (IMAGE, "image/jpeg"),
    "WEBP": (IMAGE, "image/webp"),
    "AVIF": (IMAGE, "image/avif"),
    "GIF": (IMAGE, "image/gif"),
    "TIFF": (IMAGE, "image/tiff"),
    "BMP": (IMAGE, "image/bmp"),
    "MP4": (VIDEO, "video/mp4"),
    "WEBM": (VIDEO, "video/webm"),
    "MKV": (VIDEO, "video/x-matroska"),
    "MOV": (VIDEO, "video/quicktime"),
    "FLAC": (AUDIO, "audio/flac"),
    "MP3": (AUDIO, "audio/mpeg"),
    "WAV": (AUDIO, "audio/wav"),
    "OGG": (AUDIO, "audio/ogg"),
    "M4A": (AUDIO, "audio/mp4"),
}
"""Format name → (kind, MIME type)."""

EXTENSIONS: dict[str, str] = {
    ".png": "PNG",
    ".apng": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".webp": "WEBP",
    ".avif": "AVIF",
    ".gif": "GIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".mp4": "MP4",
    ".m4v": "MP4",
    ".webm": "WEBM",
    ".mkv": "MKV",
    ".mov": "MOV",
    ".flac": "FLAC",
    ".mp3": "MP3",
    ".wav": "WAV",
    ".ogg": "OGG",
    ".oga": "OGG",
    ".opus": "OGG",
    ".m4a": "M4A",
}

# Names on which the same container differs only in what it is used for: not a wrong extension.
_SAME_CONTAINER = (frozenset({"MP4", "MOV", "M4A", "AVIF"}), frozenset({"WEBM", "MKV"}))

# fmt: off
RUN_BY_BROWSERS = frozenset((
    ".htm", ".html", ".xhtml", ".xht", ".shtml", ".mht", ".mhtml", ".svg", ".svgz", ".xml",
    ".xsl", ".xslt", ".rss", ".atom", ".js", ".mjs", ".cjs", ".css", ".wasm", ".swf", ".pdf",
    ".hta", ".htc", ".webmanifest", ".appcache", ".vtt", ".json", ".map",
))
# fmt: on
_RUN_MARKS = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|script|svg|\?xml|iframe|img|style|!--)",
    re.IGNORECASE,
)


def extension(name: str | bytes) -> str:
    """`".png"` of `"A.PNG"`; `""` where there is none or the name only starts with a dot."""
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def format_of(name: str | bytes) -> str | None:
    """The format that a file's name claims, or None for a file that the gallery does not list."""
    return EXTENSIONS.get(extension(name))


def kind_of(format_name: str) -> str:
    return FORMATS[format_name][0]


def mime_of(format_name: str) -> str:
    return FORMATS[format_name][1]


def sniff(head: bytes) -> str | None:
    """The format that the first bytes show (at least 64 of them), or None."""
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if head[:3] == b"\xff\xd8\xff":
        return "JPEG"
    start = head[:4]
    if start in (b"RIFF", b"RF64"):
        return {b"WEBP": "WEBP", b"WAVE": "WAV"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _sniff_brand(head)
    if start == b"\x1aE\xdf\xa3":
        return "WEBM" if b"webm" in head[:64] else "MKV"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if start in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if start == b"fLaC":
        return "FLAC"
    if start == b"OggS":
        return "OGG"
    if head[:2] == b"BM" and head[14:18] in (b"\x0c\0\0\0", b"(\0\0\0", b"l\0\0\0", b"|\0\0\0"):
        return "BMP"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"skip"):  # QuickTime before there was `ftyp`
        return "MOV"
    if start[:3] == b"ID3":
        return "MP3"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # MPEG audio, layer III
        return "MP3"
    return None


def _sniff_brand(head: bytes) -> str | None:
    brand = head[8:12]
    if brand in (b"avif", b"avis") or b"avif" in head[16:64]:
        return "AVIF"
    if brand == b"qt  ":
        return "MOV"
    if brand in (b"M4A ", b"M4B "):
        return "M4A"
    if brand in (b"heic", b"heix", b"mif1", b"hevc"):
        return None
    return "MP4"


def agrees(claimed: str, real: str) -> bool:
    """Whether a file named as `claimed` may well contain `real`."""
    return claimed == real or any(claimed in group and real in group for group in _SAME_CONTAINER)


def may_show_inline(name: str | bytes, head: bytes = b"") -> bool:
    """Whether a browser may be given this file to show; everything else is sent as a download.

    Only listed media types are shown, and not when the content starts like a page: then a wrong
    name could make a browser run it.
    """
    if format_of(name) is None or extension(name) in RUN_BY_BROWSERS:
        return False
    return not _RUN_MARKS.match(head[:256])
