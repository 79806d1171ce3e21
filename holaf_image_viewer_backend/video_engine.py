"""Whether videos can be read and written here, and with what: the one module that knows.

PyAV brings FFmpeg's libraries along; ComfyUI needs it itself. No program is looked for.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

MISSING = (
    "This needs the package PyAV: `pip install av` in the Python that runs this server, then "
    "restart it."
)

# A playlist that is called a video would have FFmpeg open the files and addresses it names.
ONLY = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,asf,gif,apng,"
    "png_pipe,jpeg_pipe,webp_pipe,flac,mp3,aac,wav,w64,ogg",
    "protocol_whitelist": "file",
}


def available() -> bool:
    """Without loading it: that takes a tenth of a second and its memory."""
    return importlib.util.find_spec("av") is not None


def load() -> Any:
    """PyAV, or None."""
    try:
        import av
    except ImportError:
        return None
    return av


@dataclass(frozen=True)
class Encoding:
    """What every browser plays."""

    ending: str
    video: str
    audio: str
    options: dict[str, str]


def encodings(threads: int) -> list[Encoding]:
    """The best first; a build of PyAV may lack some encoders."""
    x264 = {"preset": "veryfast", "crf": "20", "threads": str(threads)}
    vp9 = {"deadline": "realtime", "cpu-used": "6", "crf": "28", "b": "0", "row-mt": "1"}
    return [
        Encoding(".mp4", "libx264", "aac", x264),
        Encoding(".webm", "libvpx-vp9", "libopus", {**vp9, "threads": str(threads)}),
        Encoding(".webm", "libvpx", "libopus", {"crf": "10", "b": "4M", "deadline": "realtime"}),
    ]
