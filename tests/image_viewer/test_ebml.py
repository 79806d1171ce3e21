"""WebM and Matroska: duration, sides and tags."""

import pytest
from holaf.holaf_image_viewer_backend.headers import read_header
from media_files import save_video, texts


def header_of(path):
    return read_header(str(path), path.name)


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libvpx-vp9"), ("a.mkv", "libx264")])
def test_sides_duration_and_both_graphs_are_read(tmp_path, name, codec):
    header = header_of(save_video(tmp_path / name, texts(), codec))
    assert header.format == name[2:].upper()
    assert (header.width, header.height, header.error) == (64, 48, None)
    assert header.duration == pytest.approx(1.0, abs=0.05)
    assert header.texts["PROMPT"].decode() == texts()["prompt"]
    assert header.texts["WORKFLOW"].decode() == texts()["workflow"]


def test_a_stream_of_unknown_length_is_read_up_to_its_clusters(tmp_path):
    path = save_video(
        tmp_path / "a.webm", texts(), "libvpx-vp9", options={"live": "1", "cluster_size_limit": "1"}
    )
    header = header_of(path)
    assert (header.width, header.height, header.error) == (64, 48, None)
    assert header.texts["PROMPT"].decode() == texts()["prompt"]


def test_tags_behind_the_pictures_are_found_through_the_seek_head(tmp_path):
    """Moves the tags to the end, as other writers place them."""
    path = save_video(tmp_path / "a.mkv", texts())
    data = bytearray(path.read_bytes())
    tags_id = bytes.fromhex("1254c367")
    begin = data.rindex(tags_id)
    segment = data.index(bytes.fromhex("18538067"))
    content = segment + 12
    width = 9 - data[begin + 4].bit_length()
    mask = (1 << 7 * width) - 1
    length = int.from_bytes(data[begin + 4 : begin + 4 + width], "big") & mask
    whole = bytes(data[begin : begin + 4 + width + length])
    # What was there becomes a void element of the same length.
    data[begin : begin + len(whole)] = (
        b"\xec\x01" + (len(whole) - 9).to_bytes(7, "big") + bytes(len(whole) - 9)
    )
    seek = data.index(bytes.fromhex("53ab84") + tags_id)
    place = seek + 7
    assert data[place : place + 2] == b"\x53\xac"
    size = data[place + 2] & 0x7F
    data[place + 3 : place + 3 + size] = (len(data) - content).to_bytes(size, "big")
    data += whole
    data[segment + 4 : segment + 12] = b"\x01" + (len(data) - content).to_bytes(7, "big")
    path.write_bytes(data)
    assert header_of(path).texts["PROMPT"].decode() == texts()["prompt"]


def test_a_truncated_video_keeps_its_sides_and_says_so(tmp_path):
    path = save_video(tmp_path / "a.webm", {}, "libvpx-vp9", frames=40)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    header = header_of(path)
    assert (header.width, header.height) == (64, 48)
    assert "truncated" in header.error


def test_a_file_that_ends_after_its_first_mark_says_so(tmp_path):
    path = tmp_path / "a.webm"
    path.write_bytes(b"\x1aE\xdf\xa3\x80")
    assert "truncated" in header_of(path).error
