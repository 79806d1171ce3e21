"""The program that makes what a browser can show of a file that it cannot: one file, then it ends.

It is sent `{"kind", "endings"}` with two paths as bytes, NUL between them: what to read, what to
write. While it works it sends `{"done", "total"}` in seconds of the video and goes on when it is
answered: not being answered is how it is paused. At last it sends `{"made": ending}` or
`{"error": reason}`, which is for the user.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..holaf_core.worker_side import Channel
from . import video_engine
from .thumbnail_pictures import Refused, check_size, formats, plain, sentence, upright
from .video_engine import ONLY, Encoding

av: Any = None

# Larger ones are made smaller: it is to be looked at, the file itself stays.
MOST_VIDEO_SIDE = 1920
MOST_PICTURE_SIDE = 8192
REPORT_S = 0.25
CLOCK = Fraction(1, 90_000)
AUDIO_RATE = 48_000
# This many frames in a row that cannot be decoded are the end of it.
MOST_BAD = 250
# Frames of sound that come before the first of the video.
MOST_EARLY = 500


def main(channel: Channel, arguments: list[str]) -> None:
    received = channel.receive()
    if received is None:
        return
    job, blob = received
    source, target = (Path(os.fsdecode(part)) for part in blob.split(b"\0"))

    def report(done: float, total: float | None) -> None:
        channel.send({"done": done, "total": total})
        if channel.receive() is None:
            os._exit(0)

    try:
        ending = draw(source, target) if job["kind"] == "image" else convert(source, target, report)
        answer = {"made": ending}
    except Refused as error:
        answer = {"error": str(error)}
    except OSError as error:
        answer = {"error": f"It could not be made ({error.strerror or sentence(error)})."}
    except MemoryError:
        answer = {"error": "There was not enough memory for this file."}
    except Exception as error:  # noqa: BLE001 - the user must hear why
        answer = {"error": f"It could not be made ({type(error).__name__}: {sentence(error)})."}
    channel.send(answer)


# --- pictures ---------------------------------------------------------------------------------


def draw(source: Path, target: Path) -> str:
    """Write a picture as PNG: upright, 8 bits, its colour profile kept."""
    try:
        with Image.open(source, formats=formats()) as picture:
            check_size(*picture.size)
            turned = picture.getexif().get(0x0112, 1)
            profile = picture.info.get("icc_profile")
            kept = picture.mode in ("RGB", "RGBA", "L", "LA")
            picture.load()
            made = plain(picture)
            if max(made.size) > MOST_PICTURE_SIDE:
                made = made.reduce(-(-max(made.size) // MOST_PICTURE_SIDE))
            if turned in range(2, 9):
                made = upright(made, turned)
    except (ValueError, SyntaxError, EOFError, IndexError, KeyError) as error:
        raise Refused(f"The file is damaged ({sentence(error)}).") from error
    more = {"icc_profile": profile} if profile and kept else {}
    made.save(target, "PNG", compress_level=1, **more)
    return ".png"


# --- videos -----------------------------------------------------------------------------------


def convert(source: Path, target: Path, report: Callable[[float, float | None], None]) -> str:
    """Write a video that every browser plays, with its first sound."""
    global av
    av = video_engine.load()
    if av is None:
        raise Refused(video_engine.MISSING)
    encoding = choose()
    container = {".mp4": "mp4", ".webm": "webm"}[encoding.ending]
    more = {"movflags": "+faststart"} if encoding.ending == ".mp4" else {}
    try:
        with (
            av.open(str(source.absolute()), options=dict(ONLY)) as given,
            av.open(str(target.absolute()), "w", format=container, options=more) as made,
        ):
            Conversion(given, made, encoding).run(report)
    except av.error.FFmpegError as error:
        if isinstance(error, (FileNotFoundError, PermissionError)) or error.errno == 28:
            raise
        raise Refused(f"It could not be decoded ({error.strerror or sentence(error)}).") from error
    return encoding.ending


def choose() -> Encoding:
    threads = max(1, (os.cpu_count() or 2) // 2)
    for encoding in video_engine.encodings(threads):
        with contextlib.suppress(ValueError, av.error.FFmpegError):
            av.codec.Codec(encoding.video, "w")
            av.codec.Codec(encoding.audio, "w")
            return encoding
    raise Refused("This PyAV has no encoder whose videos browsers play.")


class Conversion:
    def __init__(self, given: Any, made: Any, encoding: Encoding) -> None:
        self._given = given
        self._made = made
        self._encoding = encoding
        if not given.streams.video:
            raise Refused("There is no video in this file.")
        self._video = given.streams.video[0]
        self._audio = given.streams.audio[0] if given.streams.audio else None
        check_size(self._video.codec_context.width, self._video.codec_context.height)
        self._video.thread_type = "AUTO"
        self._start = Fraction(given.start_time or 0, av.time_base)
        self._out: Any = None
        self._sound: Any = None
        self._resampler: Any = None
        # Every stream must be there before the first packet is written.
        self._early: list[Any] = []
        self._last = -1
        self._frames = 0

    def run(self, report: Callable[[float, float | None], None]) -> None:
        duration = self._given.duration
        total = float(Fraction(duration, av.time_base)) if duration else None
        if self._audio is not None:
            self._open_sound()
        told = float("-inf")
        bad = 0
        wanted = [one for one in (self._video, self._audio) if one is not None]
        for packet in self._given.demux(wanted):
            try:
                frames = packet.decode()
                bad = 0
            except av.error.InvalidDataError:
                bad += 1
                if bad > MOST_BAD:
                    break
                continue
            for frame in frames:
                if packet.stream is self._video:
                    self._show(frame)
                else:
                    self._play(frame)
            if time.monotonic() - told > REPORT_S:
                report(self._last * float(CLOCK), total)
                told = time.monotonic()
        if not self._frames:
            raise Refused("No picture of this video could be decoded.")
        self._mux(self._out, None)
        if self._sound is not None:
            for piece in self._resampler.resample(None):
                self._mux(self._sound, piece)
            self._mux(self._sound, None)

    def _show(self, frame: Any) -> None:
        turned = round(getattr(frame, "rotation", 0) or 0) % 360
        if turned:
            pixels = np.rot90(frame.to_ndarray(format="rgb24"), turned // 90)
            fresh = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            fresh.pts, fresh.time_base = frame.pts, frame.time_base
            frame = fresh
        out = self._out or self._open_video(*even_fit(frame.width, frame.height))
        pts = self._time(frame)
        if pts <= self._last:
            return
        size = {"width": out.width, "height": out.height}
        picture = frame.reformat(**size, format="yuv420p")
        picture.pts, picture.time_base = pts, CLOCK
        self._last = pts
        self._frames += 1
        self._mux(out, picture)

    def _time(self, frame: Any) -> int:
        """In ticks of CLOCK; one without a time comes a frame after the last."""
        if frame.pts is None or frame.time_base is None:
            rate = self._video.average_rate or 25
            return self._last + round(1 / rate / CLOCK)
        return max(0, round((frame.pts * frame.time_base - self._start) / CLOCK))

    def _open_video(self, width: int, height: int) -> Any:
        rate = self._video.average_rate or Fraction(25)
        out = self._made.add_stream(self._encoding.video, rate=rate)
        out.width, out.height, out.pix_fmt = width, height, "yuv420p"
        out.options = dict(self._encoding.options)
        out.codec_context.time_base = CLOCK
        ratio = self._video.sample_aspect_ratio
        if ratio and 0.1 < ratio < 10:
            out.codec_context.sample_aspect_ratio = ratio
        self._out = out
        for frame in self._early:
            self._play(frame)
        self._early = []
        return out

    def _open_sound(self) -> None:
        self._sound = self._made.add_stream(self._encoding.audio, rate=AUDIO_RATE)
        self._sound.layout = "stereo"
        self._resampler = av.AudioResampler(
            format=self._sound.format,
            layout="stereo",
            rate=AUDIO_RATE,
            frame_size=self._sound.frame_size or 1024,
        )

    def _play(self, frame: Any) -> None:
        if self._out is None:
            self._early = [*self._early[-MOST_EARLY:], frame]
            return
        for piece in self._resampled(frame):
            self._mux(self._sound, piece)

    def _resampled(self, frame: Any) -> Iterator[Any]:
        if frame.pts is not None and frame.time_base:
            frame.pts -= round(self._start / frame.time_base)
        yield from self._resampler.resample(frame)

    def _mux(self, stream: Any, frame: Any) -> None:
        self._made.mux(stream.encode(frame))


def even_fit(width: int, height: int, side: int = MOST_VIDEO_SIDE) -> tuple[int, int]:
    """The size of the version: even numbers, as its colours are halved.

    >>> even_fit(641, 359), even_fit(3840, 2160), even_fit(1, 1)
    ((640, 358), (1920, 1080), (2, 2))
    """
    factor = min(1.0, side / max(width, height))
    return tuple(max(2, int(one * factor + 1e-9) // 2 * 2) for one in (width, height))  # type: ignore[return-value]
