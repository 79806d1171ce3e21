"""Reading here and there in a file within a budget."""

import os

import pytest
from holaf.holaf_image_viewer_backend import source
from holaf.holaf_image_viewer_backend.headers import read_header
from holaf.holaf_image_viewer_backend.source import Broken, Source, open_file


@pytest.fixture
def opened(tmp_path):
    path = tmp_path / "a"
    data = bytes(range(256)) * 1000
    path.write_bytes(data)
    fd = open_file(str(path))
    yield Source(fd, len(data)), data
    os.close(fd)


def test_every_place_of_a_file_is_read_as_it_is(opened):
    file, data = opened
    for offset in (0, 5, 16_000, 16_384, 17_000, 17_001, 90_000, 255_990, 255_999, 300_000, 3):
        for length in (0, 1, 16, 5_000, 200_000):
            assert file.read(offset, length) == data[offset : offset + length]
    assert file.tail(5) == data[-5:]
    assert file.tail(10**9) == data


def test_a_read_beyond_the_end_is_short_or_refused(opened):
    file, data = opened
    assert file.read(255_990, 2**60) == data[255_990:]
    with pytest.raises(Broken):
        file.exactly(255_990, 20)
    with pytest.raises(Broken):
        file.read(-1, 4)


def test_a_file_made_to_keep_a_reader_busy_runs_out_of_budget(opened, monkeypatch):
    file, _data = opened
    monkeypatch.setattr(source, "MAX_READS", 10)
    with pytest.raises(Broken):
        for at in range(20):
            file.read(20_000 + at * 5_000, 8)


def test_a_file_that_spent_the_budget_is_listed_without_a_key(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF\xff\xff\xff\x00WAVE" + (b"junk\x88\x13\0\0" + bytes(5000)) * 200)
    monkeypatch.setattr(source, "MAX_READS", 20)
    header = read_header(str(path), path.name)
    assert header.error == "The file has too many parts to read its header."
    assert header.pixel_key is None
