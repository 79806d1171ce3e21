"""PNG: texts wherever they lie, size, truncation and the key of the pixels."""

import json
import os
import struct
import zlib

import pytest
from holaf.holaf_image_viewer_backend.header import MOST_TEXT
from holaf.holaf_image_viewer_backend.headers import read_header
from holaf.holaf_image_viewer_backend.source import MAX_TEXT
from media_files import chunk, picture, png, save_picture, text_chunk, texts
from PIL import Image
from PIL.PngImagePlugin import PngInfo


def header_of(path):
    return read_header(str(path), path.name)


def written(tmp_path, data, name="a.png"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_size_and_texts_of_a_picture_as_comfyui_saves_it_are_read(tmp_path):
    header = header_of(save_picture(tmp_path / "a.png"))
    assert (header.format, header.width, header.height, header.error) == ("PNG", 64, 48, None)
    assert {key: value.decode() for key, value in header.texts.items()} == texts()


@pytest.mark.parametrize(("mode", "alpha"), [("RGB", False), ("RGBA", True), ("LA", True)])
def test_alpha_is_known_from_the_colour_type(tmp_path, mode, alpha):
    assert header_of(save_picture(tmp_path / "a.png", mode)).alpha is alpha


def test_a_transparent_palette_has_alpha(tmp_path):
    path = tmp_path / "a.png"
    picture().convert("P").save(path, transparency=3)
    assert header_of(path).alpha is True


def test_texts_behind_the_pixels_are_found(tmp_path):
    late = text_chunk("prompt", '{"1": 2}')
    assert header_of(written(tmp_path, png(after=(late,)))).texts == {"prompt": b'{"1": 2}'}


def test_the_private_chunk_of_save_animated_png_is_read(tmp_path):
    comf = chunk(b"comf", b"prompt\0" + b'{"1": 2}')
    assert header_of(written(tmp_path, png(after=(comf,)))).texts["prompt"] == b'{"1": 2}'


def test_an_animation_with_texts_behind_its_first_frame_is_read_to_its_end(tmp_path):
    path = tmp_path / "a.png"
    picture().save(path, save_all=True, append_images=[picture(shade=3).rotate(180)], duration=9)
    data = path.read_bytes()
    end = data.rindex(b"IEND") - 4
    data = data[:end] + chunk(b"comf", b"workflow\0{}x") + data[end:]
    header = header_of(written(tmp_path, data))
    assert header.animated is True
    assert header.texts == {"workflow": b"{}x"}


def test_compressed_and_international_texts_are_unpacked(tmp_path):
    info = PngInfo()
    info.add_text("prompt", '{"a": "zip"}', zip=True)
    info.add_itxt("workflow", '{"b": "狐"}', zip=True)
    info.add_itxt("parameters", "fée")
    header = header_of(save_picture(tmp_path / "a.png", pnginfo=info))
    assert header.texts == {
        "prompt": b'{"a": "zip"}',
        "workflow": '{"b": "狐"}'.encode(),
        "parameters": "fée".encode(),
    }


def test_a_packed_text_that_unpacks_to_more_than_the_limit_is_skipped(tmp_path):
    bomb = chunk(b"zTXt", b"prompt\0\0" + zlib.compress(bytes(200 * 1024 * 1024), 9))
    header = header_of(written(tmp_path, png(bomb)))
    assert header.texts == {}
    assert "skipped" in header.error
    assert (header.width, header.height) == (1, 1)


def test_a_text_of_200_mb_is_skipped_and_what_follows_is_still_read(tmp_path):
    length = 200 * 1024 * 1024
    path = tmp_path / "a.png"
    whole = png(text_chunk("prompt", "{}"))
    with path.open("wb") as file:
        file.write(whole[:33] + struct.pack(">I", length) + b"tEXtworkflow\0")
        file.seek(33 + 8 + length + 4)
        file.write(whole[33:])
    header = header_of(path)
    assert (header.width, header.height) == (1, 1)
    assert header.texts == {"prompt": b"{}"}
    assert "200 MB" in header.error


def test_a_text_longer_than_the_first_read_is_complete(tmp_path):
    value = json.dumps({"1": "x" * 300_000})
    data = png(text_chunk("prompt", value), text_chunk("workflow", value))
    header = header_of(written(tmp_path, data))
    assert header.texts == {"prompt": value.encode(), "workflow": value.encode()}


def test_a_truncated_picture_keeps_its_size_and_says_so(tmp_path):
    data = save_picture(tmp_path / "a.png").read_bytes()
    header = header_of(written(tmp_path, data[:-40], "b.png"))
    assert (header.width, header.height) == (64, 48)
    assert "truncated" in header.error


def test_the_key_of_the_pixels_does_not_change_with_the_texts(tmp_path):
    bare = header_of(written(tmp_path, png(side=9)))
    early = header_of(written(tmp_path, png(text_chunk("prompt", "{}"), side=9)))
    late = header_of(written(tmp_path, png(after=(text_chunk("parameters", "x" * 5000),), side=9)))
    short = header_of(written(tmp_path, png(after=(chunk(b"tIME", bytes(7)),), side=9)))
    assert bare.pixel_key == early.pixel_key == late.pixel_key == short.pixel_key is not None


def test_the_key_of_the_pixels_differs_between_pictures(tmp_path):
    keys = {
        header_of(written(tmp_path, png(side=side, pixel=pixel))).pixel_key
        for side in (1, 2, 3)
        for pixel in range(40)
    }
    assert len(keys) == 120
    assert all(-(2**63) <= key < 2**63 for key in keys)


def test_an_exif_chunk_gives_its_user_comment(tmp_path):
    path = tmp_path / "a.png"
    exif = Image.Exif()
    exif[0x0131] = "a tool"
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + "a fox\nSteps: 3".encode("utf-16-be")
    picture().save(path, exif=exif)
    assert header_of(path).texts["UserComment"] == "a fox\nSteps: 3"


def test_a_file_that_vanished_raises_and_an_unreadable_one_does_not(tmp_path):
    with pytest.raises(FileNotFoundError):
        header_of(tmp_path / "gone.png")
    (tmp_path / "folder.png").mkdir()
    assert header_of(tmp_path / "folder.png").error


def test_a_pipe_named_like_a_picture_blocks_nobody(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    os.mkfifo(tmp_path / "a.png")
    assert header_of(tmp_path / "a.png").error


def test_a_name_that_is_not_utf8_is_opened_by_its_bytes(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff\xfe.png"
    with open(path, "wb") as file:  # noqa: PTH123 - pathlib cannot take bytes
        file.write(png())
    assert read_header(path, os.fsdecode(b"\xff\xfe.png")).width == 1


def test_hundreds_of_packed_texts_are_unpacked_up_to_a_limit(tmp_path):
    packed = zlib.compress(bytes(MAX_TEXT - 10), 9)
    many = [chunk(b"zTXt", b"k%d\0\0" % number + packed) for number in range(40)]
    whole = png()
    header = header_of(written(tmp_path, whole[:33] + b"".join(many) + whole[33:]))
    assert (header.width, header.height) != (None, None)
    assert sum(map(len, header.texts.values())) <= MOST_TEXT
    assert "was skipped" in header.error
