"""JPEG, WebP, TIFF, GIF and BMP: sides, orientation, and texts in EXIF and comments."""

import struct

import pytest
from holaf.holaf_image_viewer_backend.exif import user_comment
from holaf.holaf_image_viewer_backend.headers import read_header
from media_files import comfy_exif, picture, save_picture, texts
from PIL import Image

INFOTEXT = "a fox, 狐\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, Seed: 5"


def header_of(path):
    return read_header(str(path), path.name)


def with_orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.png"])
def test_texts_in_make_and_model_are_read_as_save_webp_writes_them(tmp_path, name):
    options = {"pnginfo": None} if name == "a.png" else {}
    header = header_of(save_picture(tmp_path / name, exif=comfy_exif(), **options))
    assert (header.width, header.height, header.error) == (64, 48, None)
    assert header.texts["prompt"].decode() == texts()["prompt"]
    assert header.texts["workflow"].decode() == texts()["workflow"]


@pytest.mark.parametrize(("orientation", "sides"), [(1, (64, 48)), (3, (64, 48)), (6, (48, 64))])
@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.tif"])
def test_sides_are_those_shown(tmp_path, name, orientation, sides):
    options = (
        {"tiffinfo": {0x0112: orientation}}
        if name == "a.tif"
        else {"exif": with_orientation(orientation)}
    )
    header = header_of(save_picture(tmp_path / name, **options))
    assert (header.width, header.height) == sides


@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
def test_a_user_comment_is_read_in_either_byte_order(tmp_path, order):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + INFOTEXT.encode(order)
    header = header_of(save_picture(tmp_path / "a.jpg", exif=exif))
    assert header.texts["UserComment"] == INFOTEXT


def test_a_user_comment_of_other_encodings_is_read():
    assert user_comment(b"ASCII\0\0\0hello\0") == "hello"
    assert user_comment(bytes(8) + "fée".encode()) == "fée"
    assert user_comment(b'{"a": 1, "b": 2}') == '{"a": 1, "b": 2}'
    assert user_comment(b"UNICODE\0" + "狐狐".encode("utf-16")) == "狐狐"
    assert user_comment(b"") == ""


def test_a_comment_of_a_jpeg_or_gif_is_read(tmp_path):
    for name in ("a.jpg", "a.gif"):
        header = header_of(save_picture(tmp_path / name, comment=b"made by hand"))
        assert header.texts["Comment"] == b"made by hand"


def test_xmp_of_jpeg_webp_and_tiff_is_kept(tmp_path):
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>some</x:xmpmeta>"
    for name in ("a.jpg", "a.webp"):
        assert header_of(save_picture(tmp_path / name, xmp=xmp)).xmp == xmp
    tiff = save_picture(tmp_path / "a.tif", tiffinfo={700: xmp})
    assert header_of(tiff).xmp == xmp


def test_a_progressive_jpeg_and_one_with_a_large_profile_are_read(tmp_path):
    header = header_of(
        save_picture(tmp_path / "a.jpg", progressive=True, icc_profile=bytes(200_000))
    )
    assert (header.width, header.height, header.error) == (64, 48, None)


def test_lossless_lossy_and_transparent_webp_are_told_apart(tmp_path):
    for mode, lossless, alpha in (
        ("RGB", False, False),
        ("RGB", True, False),
        ("RGBA", False, True),
        ("RGBA", True, True),
    ):
        header = header_of(save_picture(tmp_path / "a.webp", mode, lossless=lossless))
        assert (header.width, header.height, header.alpha) == (64, 48, alpha)


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_an_animation_has_a_duration(tmp_path, name):
    path = tmp_path / name
    frames = [picture().rotate(90 * turn) for turn in range(4)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=250)
    header = header_of(path)
    assert (header.animated, header.duration) == (True, pytest.approx(1.0))


def test_a_bmp_upside_down_or_old_is_read(tmp_path):
    path = save_picture(tmp_path / "a.bmp")
    data = bytearray(path.read_bytes())
    struct.pack_into("<i", data, 22, -48)
    path.write_bytes(data)
    header = header_of(path)
    assert (header.width, header.height) == (64, 48)


def test_a_large_tiff_directory_behind_the_pixels_is_found(tmp_path):
    path = tmp_path / "a.tif"
    picture("RGBA", (600, 400)).save(path, big_tiff=True)
    header = header_of(path)
    assert (header.width, header.height, header.alpha) == (600, 400, True)


def test_a_damaged_exif_block_costs_only_its_texts(tmp_path):
    path = save_picture(tmp_path / "a.jpg", exif=comfy_exif())
    data = path.read_bytes()
    at = data.index(b"Exif\0\0") + 6
    path.write_bytes(data[: at + 4] + b"\xff\xff\xff\x7f" + data[at + 8 :])
    header = header_of(path)
    assert (header.width, header.height) == (64, 48)
    assert header.texts == {}


def test_the_key_of_a_picture_does_not_change_with_its_exif(tmp_path):
    for name in ("a.jpg", "a.webp"):
        plain = header_of(save_picture(tmp_path / name)).pixel_key
        assert header_of(save_picture(tmp_path / name, exif=comfy_exif())).pixel_key == plain
        picture().rotate(180).save(tmp_path / name)
        assert header_of(tmp_path / name).pixel_key != plain
