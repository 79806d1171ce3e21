"""Thumbnails of videos and sounds."""

from __future__ import annotations

import io
import math
import os
import struct
import wave

import numpy as np
import pytest
from PIL import Image

av = pytest.importorskip("av")


def write_video(path, codec="libx264", frames=12, size=(640, 360), black=0, **options):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.gop_size = 250
        for name, value in options.items():
            setattr(stream, name, value)
        for number in range(frames):
            pixels = np.zeros((size[1], size[0], 3), np.uint8)
            if number >= black:
                pixels[:, : size[0] // 2] = (200, 60, 60)
                pixels[:, size[0] // 2 :] = (60, 60, 200)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def write_sound(path, seconds=2.0, loud=lambda t: 1.0):
    samples = [int(20_000 * loud(n / 8000) * math.sin(n * 0.4)) for n in range(int(8000 * seconds))]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


def make(path, kind):
    from holaf.holaf_image_viewer_backend import thumbnail_media

    made = thumbnail_media.make(path, kind)
    return Image.open(io.BytesIO(made.data))


def is_red(pixel):
    return pixel[0] > 120 > pixel[2]


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.webm", "libvpx-vp9"), ("a.mkv", "mjpeg")]
)
def test_a_video_with_a_single_key_frame_shows_it(tmp_path, name, codec):
    options = {"pix_fmt": "yuvj420p"} if codec == "mjpeg" else {}
    picture = make(write_video(tmp_path / name, codec, **options), "video")
    assert picture.size == (320, 180)
    assert is_red(picture.getpixel((60, 90)))
    assert not is_red(picture.getpixel((260, 90)))


def test_a_video_that_starts_black_shows_what_comes_after(tmp_path):
    assert is_red(
        make(write_video(tmp_path / "a.mp4", black=10, frames=30), "video").getpixel((60, 90))
    )
    every = write_video(tmp_path / "b.mp4", black=10, frames=30, gop_size=12)
    assert is_red(make(every, "video").getpixel((60, 90)))


def test_a_video_that_is_black_throughout_is_black(tmp_path):
    picture = make(write_video(tmp_path / "a.mp4", black=99), "video")
    assert max(picture.getpixel((60, 90))) < 20


def test_a_turned_video_is_upright(tmp_path):
    path = write_video(tmp_path / "a.mp4")
    data = path.read_bytes()
    straight = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    # A telephone held upright: clockwise by 90 degrees when shown.
    turned = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    at = data.index(straight, data.index(b"tkhd"))
    path.write_bytes(data[:at] + turned + data[at + 36 :])
    picture = make(path, "video")
    assert picture.size == (180, 320)
    assert is_red(picture.getpixel((90, 60)))
    assert not is_red(picture.getpixel((90, 260)))


def test_a_sound_shows_how_loud_it_is_where(tmp_path):
    path = write_sound(tmp_path / "a.wav", loud=lambda t: 1.0 if t < 1 else 0.05)
    picture = make(path, "audio").convert("RGBA")
    assert picture.size == (320, 320)
    alpha = np.asarray(picture)[..., 3] > 128
    assert alpha[:, :150].sum() > 4 * alpha[:, 170:].sum()
    assert not alpha[0].any()


def test_a_long_sound_is_looked_at_here_and_there(tmp_path):
    path = write_sound(tmp_path / "a.wav", seconds=70, loud=lambda t: 1.0 if t > 35 else 0.05)
    alpha = np.asarray(make(path, "audio").convert("RGBA"))[..., 3] > 128
    assert alpha[:, 170:].sum() > 4 * alpha[:, :150].sum()


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_what_cannot_be_decoded_says_so(tmp_path, kind):
    from holaf.holaf_image_viewer_backend.thumbnail_pictures import Refused

    path = tmp_path / "a.mp4"
    for data in (b"", b"nothing of the kind" * 100):
        path.write_bytes(data)
        with pytest.raises(Refused):
            make(path, kind)
    with pytest.raises(Refused, match="no video"):
        make(write_sound(tmp_path / "a.wav"), "video")


def test_without_pyav_the_reason_says_what_to_install(tmp_path, monkeypatch):
    from holaf.holaf_image_viewer_backend import thumbnail_media
    from holaf.holaf_image_viewer_backend.thumbnail_pictures import Refused

    monkeypatch.setattr(thumbnail_media, "av", None)
    with pytest.raises(Refused, match="pip install av"):
        thumbnail_media.make(tmp_path / "a.mp4", "video")


def test_a_name_that_looks_like_something_else_is_a_name(tmp_path):
    names = ["concat:a|b.mp4", "100%d.mp4", "-i.mp4", os.fsdecode(b"caf\xe9.mp4")]
    for name in names if os.name == "posix" else names[1:3]:
        assert make(write_video(tmp_path / "a.mp4").rename(tmp_path / name), "video").size[0] == 320


def test_a_vanished_file_is_not_called_broken(tmp_path):
    with pytest.raises(FileNotFoundError):
        make(tmp_path / "gone.mp4", "video")
