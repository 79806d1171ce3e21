"""Thumbnails of videos and sounds, through PyAV."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from . import video_engine
from .thumbnail_pictures import SIDE, Refused, Thumbnail, check_size, fit, sentence, shown
from .video_engine import ONLY

av: Any = video_engine.load()  # None where it is missing: `make` refuses then

# A frame whose mean brightness is less than this says nothing about its video.
DARK = 8
MOST_KEY_FRAMES = 4
MOST_FRAMES = 60

BARS = 64
# Longer sounds are looked at here and there only.
WHOLE_SOUND_S = 60.0
# Seen well on a dark and on a light ground; the rest is transparent.
BAR_COLOUR = (116, 138, 178, 255)


def make(path: Path, kind: str) -> Thumbnail:
    """The thumbnail of a video, or of a sound (its cover, else its waveform). Raises Refused."""
    if av is None:
        raise Refused(
            "Thumbnails of videos and sounds need the package PyAV: `pip install av` in the "
            "Python that runs this server, then restart it and regenerate the failed thumbnails."
        )
    try:
        # A whole path begins with no protocol, whatever the file's name looks like to FFmpeg.
        with av.open(str(path.absolute()), options=dict(ONLY)) as container:
            picture = frame_of(container) if kind == "video" else cover_or_waveform(container)
    except av.error.FFmpegError as error:
        if isinstance(error, (FileNotFoundError, PermissionError)):
            raise
        raise Refused(f"It could not be decoded ({error.strerror or sentence(error)}).") from error
    except MemoryError:
        raise Refused("There was not enough memory for this file.") from None
    return shown(picture)


def frame_of(container: Any) -> Image.Image:
    """The first key frame that is not black; failing that, the brightest of the first frames."""
    if not container.streams.video:
        raise Refused("There is no video in this file.")
    stream = container.streams.video[0]
    check_size(stream.codec_context.width, stream.codec_context.height)
    # Starting a pool of threads takes longer than one frame.
    stream.thread_type = "NONE"
    best = None
    for picture in itertools.chain(key_frames(container, stream), all_frames(container, stream)):
        light = float(np.asarray(picture.convert("L")).mean())
        if best is None or light > best[0]:
            best = light, picture
        if light >= DARK:
            break
    if best is None:
        raise Refused("There is no picture in this video.")
    return best[1]


def key_frames(container: Any, stream: Any) -> Iterator[Image.Image]:
    stream.codec_context.skip_frame = "NONKEY"
    for frame in itertools.islice(container.decode(stream), MOST_KEY_FRAMES):
        yield small_frame(frame, stream)


def all_frames(container: Any, stream: Any) -> Iterator[Image.Image]:
    """Every fourth frame from the start: for a clip whose only key frame is black."""
    stream.codec_context.skip_frame = "DEFAULT"
    container.seek(0)
    for frame in itertools.islice(container.decode(stream), 0, MOST_FRAMES, 4):
        yield small_frame(frame, stream)


def small_frame(frame: Any, stream: Any) -> Image.Image:
    """A frame at thumbnail size, with square pixels and upright."""
    ratio = float(stream.sample_aspect_ratio or 1) or 1.0
    width, height = frame.width, frame.height
    if 0.1 < ratio < 10:
        width, height = (
            (round(width * ratio), height)
            if ratio > 1
            else (
                width,
                round(height / ratio),
            )
        )
    width, height = fit(width, height)
    picture = frame.reformat(
        width=width, height=height, format="rgb24", interpolation="AREA", **colours(frame, stream)
    ).to_image()
    turned = round(getattr(frame, "rotation", 0) or 0) % 360
    turns = {
        90: Image.Transpose.ROTATE_90,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_270,
    }
    return picture.transpose(turns[turned]) if turned in turns else picture


def colours(frame: Any, stream: Any) -> dict[str, str]:
    """Which colour matrix a browser assumes where the file does not say: see the design, A3."""
    unspecified = int(getattr(frame, "colorspace", 2) or 2) == 2
    if unspecified and frame.height >= 720 and "yuv" in frame.format.name:
        name = stream.codec_context.name
        if "vp9" not in name and "vp8" not in name:
            return {"src_colorspace": "ITU709"}
    return {}


def cover_or_waveform(container: Any) -> Image.Image:
    if container.streams.video:
        for frame in container.decode(video=0):
            check_size(frame.width, frame.height)
            return frame.to_image()
    if not container.streams.audio:
        raise Refused("There is no sound in this file.")
    return draw_waveform(peaks(container, container.streams.audio[0]))


def peaks(container: Any, stream: Any) -> list[float]:
    """The loudest sample (0 to 1) of each of 64 parts of the sound."""
    duration = container.duration / av.time_base if container.duration else 0.0
    if duration > WHOLE_SOUND_S:
        return [peak_at(container, stream, (n + 0.5) * duration / BARS) for n in range(BARS)]
    loudest = []
    resampler = av.AudioResampler(format="s16", layout="mono", rate=8000)
    for frame in container.decode(stream):
        loudest += peaks_of(frame, resampler)
    if not loudest:
        raise Refused("There is no sound in this file.")
    return [float(part.max()) for part in np.array_split(spread(loudest), BARS)]


def spread(values: list[float]) -> np.ndarray:
    """At least one value for each bar."""
    return np.repeat(values, -(-BARS // len(values)))


def peaks_of(frame: Any, resampler: Any) -> Iterator[float]:
    """The loudest of each 10 milliseconds or so."""
    for part in resampler.resample(frame):
        samples = np.abs(part.to_ndarray().reshape(-1).astype(np.int32))
        for some in np.array_split(samples, max(1, len(samples) // 80)):
            yield float(some.max(initial=0)) / 32768


def peak_at(container: Any, stream: Any, seconds: float) -> float:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=8000)
    container.seek(int(seconds * av.time_base))
    for frame in itertools.islice(container.decode(stream), 2):
        found = list(peaks_of(frame, resampler))
        if found:
            return max(found)
    return 0.0


def draw_waveform(loudness: list[float]) -> Image.Image:
    """Rounded bars around the middle, drawn at twice the size and shrunk for smooth edges."""
    side = SIDE * 2
    picture = Image.new("RGBA", (side, side), (*BAR_COLOUR[:3], 0))
    draw = ImageDraw.Draw(picture)
    step = side / (len(loudness) + 2)
    highest = max([*loudness, 0.05])
    for number, value in enumerate(loudness):
        tall = max(step * 0.6, value / highest * side * 0.6)
        left = step * (number + 1.2)
        draw.rounded_rectangle(
            (left, (side - tall) / 2, left + step * 0.6, (side + tall) / 2),
            radius=step * 0.3,
            fill=BAR_COLOUR,
        )
    return picture
