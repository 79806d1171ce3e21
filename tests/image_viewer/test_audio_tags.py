"""FLAC, Ogg, MP3 and WAV: duration and comments."""

import struct
import zlib

import pytest
from holaf.holaf_image_viewer_backend.audio_tags import read_id3
from holaf.holaf_image_viewer_backend.header import MOST_TEXT, Header
from holaf.holaf_image_viewer_backend.headers import read_header
from holaf.holaf_image_viewer_backend.source import MAX_TEXT
from media_files import save_audio, texts


def header_of(path):
    return read_header(str(path), path.name)


@pytest.mark.parametrize(
    ("name", "codec", "format_name"),
    [
        ("a.flac", "flac", "FLAC"),
        ("a.opus", "libopus", "OGG"),
        ("a.ogg", "flac", "OGG"),
        ("a.mp3", "libmp3lame", "MP3"),
    ],
)
def test_both_graphs_and_the_duration_of_sound_are_read(tmp_path, name, codec, format_name):
    header = header_of(save_audio(tmp_path / name, texts(), codec))
    assert (header.format, header.width, header.error) == (format_name, None, None)
    assert header.duration == pytest.approx(1.07, abs=0.06)
    found = {key: value for key, value in header.texts.items() if key in ("prompt", "workflow")}
    assert {
        key: value if isinstance(value, str) else value.decode() for key, value in found.items()
    } == texts()


def test_a_comment_longer_than_an_ogg_page_is_complete(tmp_path):
    value = '{"1": "' + "x" * 200_000 + '"}'
    header = header_of(save_audio(tmp_path / "a.opus", {"prompt": value}, "libopus"))
    assert header.texts["prompt"].decode() == value


def test_a_wav_gives_its_duration_and_comment(tmp_path):
    header = header_of(save_audio(tmp_path / "a.wav", {"comment": "hello"}, "pcm_s16le"))
    assert header.duration == pytest.approx(1.067, abs=0.001)
    assert header.texts["Comment"] == b"hello"


def test_a_wav_whose_length_was_never_filled_in_is_measured_by_its_file(tmp_path):
    path = save_audio(tmp_path / "a.wav", {}, "pcm_s16le")
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"data") + 4, 0xFFFFFFFF)
    path.write_bytes(data)
    header = header_of(path)
    assert header.duration == pytest.approx(1.067, abs=0.001)
    assert header.error is None


def test_an_mp3_without_tags_gets_its_duration_from_the_bit_rate(tmp_path):
    path = save_audio(tmp_path / "a.mp3", {}, "libmp3lame")
    data = path.read_bytes()
    size = data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9]
    sound = data[size + 10 :]
    second = sound.index(b"\xff\xfb", 4)  # behind the frame that counts the others
    path.write_bytes(sound[second:])
    assert header_of(path).duration == pytest.approx(1.07, abs=0.15)


def test_texts_of_each_id3_encoding_are_read(tmp_path):
    for encoding, name in ((0, "latin-1"), (1, "utf-16"), (3, "utf-8")):
        zero = b"\0\0" if encoding == 1 else b"\0"
        body = bytes([encoding]) + "prompt".encode(name) + zero + '{"é": 1}'.encode(name)
        frame = b"TXXX" + struct.pack(">I", len(body)) + b"\0\0" + body
        size = len(frame)
        tag = b"ID3\x03\0\0" + bytes([0, 0, size >> 7, size & 127]) + frame
        path = tmp_path / "a.mp3"
        path.write_bytes(tag + b"\xff\xfb\x90\x00" + bytes(413))
        assert header_of(path).texts == {"prompt": '{"é": 1}'}


def test_hundreds_of_packed_frames_are_unpacked_up_to_a_limit():
    packed = zlib.compress(b"\3" + bytes(MAX_TEXT - 10), 9)
    frame = b"TXXX" + struct.pack(">I", len(packed) + 4) + b"\0\x80" + bytes(4) + packed
    body = frame * 40
    length = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    header = Header("MP3")
    read_id3(b"ID3\3\0\0" + length + body, header)
    assert header.text_bytes < MOST_TEXT + MAX_TEXT
    assert "were skipped" in header.error
