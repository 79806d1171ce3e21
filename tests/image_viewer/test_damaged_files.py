"""Files cut short and with bytes changed: never an unexpected error, never unbounded reading."""

import random
from pathlib import Path

import pytest
from holaf.holaf_image_viewer_backend import source
from holaf.holaf_image_viewer_backend.graph_text import GraphCache
from holaf.holaf_image_viewer_backend.half_written import looks_whole
from holaf.holaf_image_viewer_backend.headers import read_header
from holaf.holaf_image_viewer_backend.metadata import read_file, read_metadata
from media_files import picture, save_every_format

ROUNDS = 60


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    made = {name: path.read_bytes() for name, path in save_every_format(folder).items()}
    for name in ("moving.gif", "moving.webp", "moving.png", "moving.avif"):
        frames = [picture().rotate(90 * turn) for turn in range(3)]
        frames[0].save(folder / name, save_all=True, append_images=frames[1:], duration=100)
        made[name] = (folder / name).read_bytes()
    return made


def damaged(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    # Structure lies mostly at both ends.
    ends = [(0, min(len(data), 600)), (max(0, len(data) - 600), len(data)), (0, len(data))]
    for _ in range(chance.randint(1, 12)):
        low, high = chance.choice(ends)
        at = chance.randrange(low, high)
        if chance.random() < 0.3:
            changed[at : at + 4] = chance.choice(
                (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\1")
            )
        else:
            changed[at] = chance.randrange(256)
    if chance.random() < 0.3:
        del changed[chance.randrange(len(changed)) :]
    if chance.random() < 0.1:
        at = chance.randrange(len(changed) + 1)
        changed[at:at] = changed[: chance.randrange(len(changed) + 1)]
    return bytes(changed)


def test_no_damage_gives_more_than_a_reason(tmp_path: Path, originals, monkeypatch):
    largest = 0
    pread = source.pread

    def counted(fd, length, offset):
        nonlocal largest
        largest = max(largest, length)
        return pread(fd, length, offset)

    monkeypatch.setattr(source, "pread", counted)
    cache = GraphCache()
    for name, data in originals.items():
        for round_number in range(ROUNDS):
            chance = random.Random(f"{name} {round_number}")
            broken = damaged(data, chance)
            path = tmp_path / name
            path.write_bytes(broken)
            try:
                facts = read_file(str(path), name, size=len(broken), cache=cache)
                read_metadata(str(path))
                looks_whole(str(path))
            except Exception as problem:
                raise AssertionError(f"{name}, round {round_number}: {problem!r}") from problem
            for side in (facts.width, facts.height):
                assert side is None or 0 < side < 2**31
            assert facts.duration is None or facts.duration > 0
            assert facts.error is None or isinstance(facts.error, str)
            assert facts.pixel_key is None or -(2**63) <= facts.pixel_key < 2**63
    assert largest <= source.MAX_BYTES


def test_every_beginning_of_every_format_is_read(tmp_path, originals):
    for name, data in originals.items():
        path = tmp_path / name
        for length in [
            *range(0, min(len(data), 90)),
            *range(90, len(data), max(len(data) // 40, 1)),
        ]:
            path.write_bytes(data[:length])
            facts = read_file(str(path), name, size=length)
            if length < 12:
                assert facts.error, (name, length)
            assert looks_whole(str(path)) is not True or length >= 8


def test_of_an_endless_comment_in_a_gif_a_part_is_kept(tmp_path):
    path = tmp_path / "a.gif"
    block = b"\xff" + b"x" * 255
    comment = b"!\xfe" + block * (source.MAX_TEXT // 255 * 3) + b"\0"
    path.write_bytes(b"GIF89a\x04\0\x04\0\0\0\0" + comment + b";")
    header = read_header(str(path), path.name)
    assert (header.width, header.height) == (4, 4)
    assert len(header.texts["Comment"]) <= source.MAX_TEXT + 255
