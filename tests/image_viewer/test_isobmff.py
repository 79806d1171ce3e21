"""MP4, MOV, M4A and AVIF: duration, sides and tags from their boxes."""

import struct

import av
import pytest
from holaf.holaf_image_viewer_backend.headers import read_header
from media_files import MP4_TAGS, comfy_exif, picture, save_audio, save_picture, save_video, texts


def header_of(path):
    return read_header(str(path), path.name)


def box(kind, data=b""):
    return struct.pack(">I", len(data) + 8) + kind + data


def decoded(header):
    return {
        key: header.texts[key].decode() for key in ("prompt", "workflow") if key in header.texts
    }


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("a.mp4", "use_metadata_tags"),
        ("a.mp4", "use_metadata_tags+faststart"),
        ("a.mov", "use_metadata_tags"),
        ("a.m4v", "use_metadata_tags"),
        ("a.mp4", "use_metadata_tags+frag_keyframe+empty_moov"),
    ],
)
def test_sides_and_both_graphs_of_a_video_are_read(tmp_path, name, flags):
    path = save_video(tmp_path / name, texts(), options={"movflags": flags})
    header = header_of(path)
    assert (header.width, header.height, header.error) == (64, 48, None)
    assert decoded(header) == texts()


def test_the_duration_is_that_of_pyav(tmp_path):
    path = save_video(tmp_path / "a.mp4", {}, options=MP4_TAGS, frames=13)
    with av.open(str(path)) as container:
        assert header_of(path).duration == pytest.approx(container.duration / 1e6, abs=0.01)


def test_the_comment_of_an_itunes_tag_is_read(tmp_path):
    for name in ("a.mp4", "a.mov"):
        path = save_video(tmp_path / name, {"comment": '{"prompt": "{}"}'})
        assert header_of(path).texts["comment"] == b'{"prompt": "{}"}'


def test_sound_in_the_same_container_has_a_duration_and_no_sides(tmp_path):
    header = header_of(save_audio(tmp_path / "a.m4a", {"comment": "hi"}, "aac"))
    assert (header.format, header.width) == ("M4A", None)
    assert header.duration == pytest.approx(1.07, abs=0.05)
    assert header.texts["comment"] == b"hi"


def test_a_video_of_more_than_2_gb_with_its_index_at_the_end_is_read_by_seeking(tmp_path):
    data = save_video(tmp_path / "a.mp4", texts(), options=MP4_TAGS).read_bytes()
    begin = data.index(b"mdat") - 4
    (length,) = struct.unpack_from(">I", data, begin)
    long = 3 * 1024**3
    path = tmp_path / "long.mp4"
    with path.open("wb") as file:
        file.write(data[:begin] + struct.pack(">I4sQ", 1, b"mdat", long))
        file.write(data[begin + 8 : begin + length])
        file.seek(begin + long)
        file.write(data[begin + length :])
    header = header_of(path)
    assert header.error is None
    assert header.duration == pytest.approx(1.0)
    assert decoded(header) == texts()


def test_a_turned_video_has_its_shown_sides(tmp_path):
    path = save_video(tmp_path / "a.mp4", {})
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    struct.pack_into(">iii", data, at + 40, 0, 65536, 0)
    struct.pack_into(">iii", data, at + 52, -65536, 0, 0)
    path.write_bytes(data)
    header = header_of(path)
    assert (header.width, header.height) == (48, 64)


def test_a_video_without_its_index_is_truncated(tmp_path):
    data = save_video(tmp_path / "a.mp4", {}).read_bytes()
    path = tmp_path / "b.mp4"
    path.write_bytes(data[: data.index(b"moov")])
    assert "truncated" in header_of(path).error


def test_a_box_of_length_zero_and_an_endless_file_end_the_walk(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(box(b"ftyp", b"isom\0\0\0\0") + struct.pack(">I4s", 4, b"moov") + bytes(99))
    assert header_of(path).error
    path.write_bytes(box(b"ftyp", b"isom\0\0\0\0") + box(b"free") * 50_000)
    assert header_of(path).error


def test_an_avif_picture_gives_sides_alpha_and_texts(tmp_path):
    path = save_picture(tmp_path / "a.avif", "RGBA", exif=comfy_exif())
    header = header_of(path)
    assert (header.format, header.width, header.height) == ("AVIF", 64, 48)
    assert (header.alpha, header.animated) == (True, False)
    assert decoded(header) == texts()
    assert header_of(save_picture(tmp_path / "b.avif")).alpha is False


def test_an_avif_animation_is_told_from_a_picture(tmp_path):
    path = tmp_path / "a.avif"
    picture().save(path, save_all=True, append_images=[picture().rotate(180)], duration=250)
    header = header_of(path)
    assert (header.animated, header.duration) == (True, pytest.approx(0.5))
    assert (header.width, header.height) == (64, 48)


def test_the_key_of_a_video_does_not_change_with_its_tags(tmp_path):
    plain = save_video(tmp_path / "a.mp4", {}, options=MP4_TAGS)
    tagged = save_video(tmp_path / "b.mp4", texts(), options=MP4_TAGS)
    other = save_video(tmp_path / "c.mp4", {}, options=MP4_TAGS, frames=9)
    keys = [header_of(path).pixel_key for path in (plain, tagged, other)]
    assert keys[0] == keys[1] != keys[2]
