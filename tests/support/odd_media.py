"""Files that not every browser shows: odd pictures, a video of an old kind."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image


def save_odd_pictures(folder: Path) -> None:
    """Of 16 bits, in ink, with a palette, animated, as TIFF, and one of 100 megapixels."""
    y, x = np.mgrid[0:80, 0:120]
    colours = Image.fromarray(np.dstack([x * 2, y * 3, 255 - x]).astype(np.uint8))
    Image.fromarray((x * 500).astype(np.uint16)).save(folder / "16 bit.png")
    colours.convert("CMYK").save(folder / "cmyk.jpg")
    colours.convert("P", palette=Image.Palette.ADAPTIVE).save(folder / "palette.png")
    colours.convert("L").save(folder / "grey.tif")
    frames = [colours.rotate(turn) for turn in (90, 180, 270)]
    for ending in ("png", "webp", "gif", "avif"):
        colours.save(
            folder / f"animated.{ending}", save_all=True, append_images=frames, duration=200, loop=0
        )
    huge = Image.new("1", (10_000, 10_000))
    huge.paste(1, (2000, 2000, 6000, 5000))
    huge.save(folder / "huge.png", compress_level=1)


def save_old_video(
    path: Path, seconds: float = 1, size: tuple[int, int] = (160, 120), sound: bool = True
) -> Path:
    """MPEG-4 part 2, which no browser plays: it gets brighter, with a tone, 24 frames a second."""
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(24000, 1001))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        tone = container.add_stream("pcm_s16le", rate=22_050) if sound else None
        for number in range(round(seconds * 24)):
            shade = np.full((height, width, 3), 40 + number * 8 % 200, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade)))
            if tone is not None:
                samples = (np.sin(np.arange(920) / 8) * 9000).astype(np.int16)[None]
                frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
                frame.sample_rate, frame.pts = 22_050, number * 920
                container.mux(tone.encode(frame))
        container.mux(stream.encode(None))
        if tone is not None:
            container.mux(tone.encode(None))
    return path
