"""What becomes of a picture, of every kind that people have."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin


@pytest.fixture(scope="module")
def fast():
    from holaf.holaf_image_viewer_backend.thumbnail_png import find_fast_png

    return find_fast_png()


@pytest.fixture(params=["fast", "pillow"])
def make(request, fast):
    from holaf.holaf_image_viewer_backend.thumbnail_pictures import Pictures

    if request.param == "fast" and fast is None:
        pytest.skip("kornia_rs is not installed, or not what it was")
    return Pictures(fast if request.param == "fast" else None).make


def scene(width=800, height=600, mode="RGB"):
    """Red on the left, blue on the right, brighter towards the bottom."""
    y, x = np.mgrid[0:height, 0:width]
    left = x < width // 2
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.where(left, 120 + 100 * y // height, 20)
    pixels[..., 2] = np.where(left, 20, 120 + 100 * y // height)
    picture = Image.fromarray(pixels)
    return picture if mode == "RGB" else picture.convert(mode)


def opened(made):
    picture = Image.open(io.BytesIO(made.data))
    picture.load()
    return picture


def corners(made):
    """Red, then blue, each roughly: of the left and of the right middle."""
    picture = opened(made).convert("RGB")
    y = picture.height // 2
    return picture.getpixel((picture.width // 4, y)), picture.getpixel((picture.width * 3 // 4, y))


def looks_right(made):
    left, right = corners(made)
    return left[0] > 120 > left[2] and right[2] > 120 > right[0]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_png_becomes_a_jpeg_of_320_pixels_that_shows_it(make, tmp_path):
    path = tmp_path / "a.png"
    scene(1024, 768).save(path)
    made = make(path)
    assert opened(made).format == "JPEG"
    assert opened(made).size == (320, 240)
    assert looks_right(made)
    assert len(made.placeholder) == 48
    red, blue = made.placeholder[:3], made.placeholder[9:12]
    assert red[0] > 90 > red[2]
    assert blue[2] > 90 > blue[0]


def test_both_decoders_give_the_same_picture(fast, tmp_path):
    from holaf.holaf_image_viewer_backend.thumbnail_pictures import Pictures

    if fast is None:
        pytest.skip("kornia_rs is not installed, or not what it was")
    for width, height, mode in ((1024, 1024, "RGB"), (1023, 767, "RGB"), (700, 500, "RGBA")):
        path = tmp_path / "a.png"
        scene(width, height, mode).save(path)
        one, other = (
            np.asarray(opened(Pictures(by).make(path))).astype(int) for by in (fast, None)
        )
        assert one.shape == other.shape
        assert np.abs(one - other).mean() < 2


def test_the_fast_decoder_is_left_out_when_it_decodes_a_pixel_wrongly(fast):
    from holaf.holaf_image_viewer_backend import thumbnail_png

    if fast is None:
        pytest.skip("kornia_rs is not installed, or not what it was")

    def wrong(path, mode):
        pixels = fast.decode(path, mode).copy()
        pixels.flat[77] ^= 1
        return pixels

    assert thumbnail_png.decodes_exactly(fast)
    assert not thumbnail_png.decodes_exactly(thumbnail_png.FastPng("wrong", wrong, None))
    every_second = thumbnail_png.FastPng(
        "rough", fast.decode, lambda pixels, size, how: pixels[::2, ::2][: size[0], : size[1]]
    )
    assert not thumbnail_png.shrinks_well(every_second)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA"])
def test_every_mode_of_png_is_shown_in_its_colours(make, tmp_path, mode):
    path = tmp_path / "a.png"
    scene(640, 480, mode).save(path)
    made = make(path)
    assert opened(made).format == "JPEG"
    assert opened(made).size == (320, 240)
    if mode in ("P", "RGBA"):
        assert looks_right(made)


def test_sixteen_bits_of_grey_are_scaled_and_not_cut_off(make, tmp_path):
    path = tmp_path / "a.png"
    ramp = np.linspace(0, 65535, 640, dtype=np.uint16)[None].repeat(480, 0)
    Image.fromarray(ramp).save(path)
    grey = np.asarray(opened(make(path)).convert("L")).astype(int)
    assert grey[100, 4] < 12
    assert 115 < grey[100, 160] < 140
    assert grey[100, 315] > 243


def test_transparency_is_kept_and_its_hidden_colour_does_not_bleed(make, tmp_path):
    path = tmp_path / "a.png"
    pixels = np.zeros((640, 640, 4), np.uint8)
    pixels[:] = (0, 255, 0, 0)
    pixels[100:500, 101:500] = (200, 0, 0, 255)
    Image.fromarray(pixels).save(path)
    made = make(path)
    picture = opened(made)
    assert picture.format == "WEBP"
    assert picture.mode == "RGBA"
    assert picture.getpixel((5, 5))[3] == 0
    assert picture.getpixel((150, 150))[3] == 255
    seen = np.asarray(picture).astype(int)
    edge = (seen[..., 3] > 60) & (seen[..., 3] < 250)
    assert edge.any()
    assert (seen[edge][:, 0] > seen[edge][:, 1]).all()


def test_a_single_transparent_colour_is_transparent(make, tmp_path):
    path = tmp_path / "a.png"
    pixels = np.full((400, 400, 3), 255, np.uint8)
    pixels[:, :200] = (10, 20, 30)
    Image.fromarray(pixels).save(path, transparency=(10, 20, 30))
    picture = opened(make(path))
    assert picture.mode == "RGBA"
    assert picture.getpixel((20, 20))[3] == 0
    assert picture.getpixel((300, 20))[3] == 255


def test_a_small_picture_keeps_its_size(make, tmp_path):
    path = tmp_path / "a.png"
    scene(100, 40).save(path)
    assert opened(make(path)).size == (100, 40)


@pytest.mark.parametrize("size", [(4000, 3), (3, 4000), (1, 1), (321, 320)])
def test_extreme_shapes_have_a_thumbnail(make, tmp_path, size):
    path = tmp_path / "a.png"
    scene(*size).save(path)
    made = opened(make(path))
    assert max(made.size) == min(320, max(size))
    assert min(made.size) >= 1


@pytest.mark.parametrize("extension", ["jpg", "webp", "gif", "tiff", "bmp", "avif"])
def test_every_picture_format_is_shown(make, tmp_path, extension):
    from PIL import features

    if extension == "avif" and not features.check("avif"):
        pytest.skip("this Pillow knows no AVIF")
    path = tmp_path / f"a.{extension}"
    scene(900, 600).save(path)
    made = make(path)
    assert opened(made).size == (320, 213)
    assert looks_right(made)


def test_a_jpeg_is_turned_as_its_camera_was_held(make, tmp_path):
    for orientation, size, sides in ((3, (320, 240), "mirrored"), (6, (240, 320), "turned")):
        path = tmp_path / "a.jpg"
        exif = Image.Exif()
        exif[0x0112] = orientation
        scene(800, 600).save(path, exif=exif)
        made = make(path)
        assert opened(made).size == size
        left, right = corners(made)
        if sides == "mirrored":
            assert left[2] > left[0]
            assert right[0] > right[2]
        else:
            picture = opened(made).convert("RGB")
            top, bottom = picture.getpixel((120, 60)), picture.getpixel((120, 260))
            assert top[0] > top[2]
            assert bottom[2] > bottom[0]


def test_print_colours_are_converted(make, tmp_path):
    path = tmp_path / "a.jpg"
    scene(800, 600).convert("CMYK").save(path)
    assert looks_right(make(path))


def test_a_colour_profile_that_matters_is_kept_and_srgb_is_not(make, tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "a.jpg"
    scene().save(path, icc_profile=srgb)
    assert "icc_profile" not in opened(make(path)).info
    other = srgb.replace(b"sRGB", b"P3-D").replace(b"s\0R\0G\0B", b"P\x003\0-\0D")
    scene().save(path, icc_profile=other)
    assert opened(make(path)).info["icc_profile"] == other


def test_the_first_frame_of_an_animation_is_shown(make, tmp_path):
    frames = [scene(400, 300), Image.new("RGB", (400, 300), "white")]
    for name in ("a.gif", "a.webp", "a.png"):
        path = tmp_path / name
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
        assert looks_right(make(path))


def test_a_picture_with_enormous_texts_is_shown_all_the_same(make, tmp_path):
    path = tmp_path / "a.png"
    scene().save(path)
    data = path.read_bytes()
    text = chunk(b"tEXt", b"prompt\0" + b"x" * 80_000_000)
    path.write_bytes(data[:33] + text + data[33:])
    assert looks_right(make(path))


def test_texts_do_not_travel_into_the_thumbnail(make, tmp_path):
    path = tmp_path / "a.png"
    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", "a secret castle")
    scene().save(path, pnginfo=info)
    assert b"secret" not in make(path).data
    path = tmp_path / "a.jpg"
    scene().save(path, comment=b"a secret castle")
    assert b"secret" not in make(path).data


def test_a_picture_that_claims_too_many_pixels_is_refused_by_its_header(make, tmp_path):
    from holaf.holaf_image_viewer_backend.thumbnail_pictures import Refused

    path = tmp_path / "bomb.png"
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"0" * 999))
    path.write_bytes(data + chunk(b"IEND", b""))
    with pytest.raises(Refused, match="60000 × 60000"):
        make(path)
    path = tmp_path / "bomb.gif"
    scene(8, 8).save(path)
    data = bytearray(path.read_bytes())
    data[6:10] = struct.pack("<HH", 65_000, 65_000)
    path.write_bytes(data)
    with pytest.raises(Refused, match="65000 × 65000"):
        make(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif"])
def test_a_truncated_picture_says_so(make, tmp_path, name):
    from holaf.holaf_image_viewer_backend.thumbnail_pictures import Refused

    path = tmp_path / name
    noise = np.random.default_rng(1).integers(0, 255, (400, 400, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(Refused, match="damaged|read"):
        make(path)


def test_what_is_no_picture_says_so(make, tmp_path):
    from holaf.holaf_image_viewer_backend.thumbnail_pictures import Refused

    path = tmp_path / "a.png"
    for data in (b"<html>", b"\x89PNG\r\n\x1a\n", b"\0" * 5000):
        path.write_bytes(data)
        with pytest.raises(Refused, match="no picture|damaged"):
            make(path)


def test_a_jpeg_named_png_is_shown(make, tmp_path):
    path = tmp_path / "a.png"
    scene().save(path, "JPEG")
    assert looks_right(make(path))


def test_fingerprints_of_similar_pictures_are_close_and_of_others_are_not(make, tmp_path):
    noise = np.random.default_rng(2).integers(0, 255, (2, 9, 9, 3), np.uint8)
    prints = []
    for index, quality in ((0, 95), (0, 60), (1, 95)):
        path = tmp_path / "a.jpg"
        Image.fromarray(noise[index]).resize((900, 900), 2).save(path, quality=quality)
        prints.append(make(path).dhash)
    assert (prints[0] ^ prints[1]).bit_count() < 6
    assert (prints[0] ^ prints[2]).bit_count() > 16


@pytest.mark.parametrize("kind", ["EPS", "PPM", "PCX", "TGA"])
def test_formats_that_the_gallery_does_not_list_are_refused_whatever_their_name(tmp_path, kind):
    from holaf.holaf_image_viewer_backend.thumbnail_pictures import Pictures, Refused

    path = tmp_path / "a.png"
    scene(40, 30).save(path, kind)
    with pytest.raises(Refused, match="no picture that can be read"):
        Pictures(None).make(path)
