"""Whether a file is whole, by the mark that ends its format."""

import pytest
from holaf.holaf_image_viewer_backend.half_written import looks_whole
from media_files import MP4_TAGS, save_every_format, save_video

MARKED = {
    "a.png",
    "a.jpg",
    "a.webp",
    "a.gif",
    "a.bmp",
    "a.avif",
    "a.mp4",
    "a.mov",
    "a.webm",
    "a.mkv",
    "a.opus",
    "a.m4a",
    "a.wav",
}


def test_every_whole_file_is_whole_or_cannot_be_told(tmp_path):
    for name, path in save_every_format(tmp_path).items():
        assert looks_whole(str(path)) is (True if name in MARKED else None), name


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_no_beginning_of_a_file_is_whole(tmp_path, share):
    for name, path in save_every_format(tmp_path).items():
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        verdict = looks_whole(str(path))
        assert verdict is not True, name
        if name in MARKED - {"a.opus"}:
            assert verdict is False, name


def test_an_empty_file_is_not_whole(tmp_path):
    path = tmp_path / "a.png"
    path.touch()
    assert looks_whole(str(path)) is False


def test_a_video_whose_index_is_still_to_come_is_not_whole(tmp_path):
    path = save_video(tmp_path / "a.mp4", {}, options=MP4_TAGS)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])
    assert looks_whole(str(path)) is False


def test_a_picture_with_something_behind_its_end_cannot_be_told(tmp_path):
    for name in ("a.png", "a.jpg"):
        path = save_every_format(tmp_path)[name]
        path.write_bytes(path.read_bytes() + b"more")
        assert looks_whole(str(path)) is None


def test_a_file_that_vanished_raises(tmp_path):
    with pytest.raises(FileNotFoundError):
        looks_whole(str(tmp_path / "gone.png"))
