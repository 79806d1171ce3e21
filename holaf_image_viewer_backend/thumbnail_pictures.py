"""Turns a picture of any kind into its thumbnail: 320 pixels, a tiny placeholder, a fingerprint."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from . import thumbnail_png
from .thumbnail_png import FastPng, PngHead

SIDE = 320
JPEG, WEBP = 1, 2

# 16,384 × 16,384: a gigabyte once it is unpacked. A file of a few kilobytes can claim far more.
MOST_PIXELS = 1 << 28

ImageFile.LOAD_TRUNCATED_IMAGES = False
# Our own limit is checked on every header; Pillow's is lower and only warns at first.
Image.MAX_IMAGE_PIXELS = None

Box = tuple[int, int]


class Refused(Exception):
    """There will be no thumbnail of this file; the text is the reason, for the user."""


@dataclass(frozen=True)
class Thumbnail:
    """`type` is JPEG or WEBP; `placeholder` is 4 × 4 RGB; `dhash` is a difference hash."""

    type: int
    data: bytes
    placeholder: bytes
    dhash: int


class Pictures:
    """Makes thumbnails, with the fastest decoder that can be trusted."""

    def __init__(self, fast: FastPng | None) -> None:
        self._fast = fast

    def make(self, path: Path) -> Thumbnail:
        """Raises Refused, OSError."""
        with path.open("rb") as file:
            head = thumbnail_png.read_head(file)
            if head is None:
                file.seek(0)
                return finish(self._open(file))
            check_size(head.width, head.height)
            if self._fast is not None and head.mode:
                picture = self._decode_fast(path, head)
                if picture is not None:
                    return finish(picture)
            if head.large_texts:
                return finish(self._open(io.BytesIO(thumbnail_png.without_texts(file))))
            file.seek(0)
            return finish(self._open(file))

    def _decode_fast(self, path: Path, head: PngHead) -> Image.Image | None:
        """The picture, small; None where only Pillow can say what is wrong with it."""
        assert self._fast is not None
        assert head.mode is not None
        try:
            pixels = self._fast.decode(str(path), head.mode)
            if head.mode == "rgb":
                height, width = pixels.shape[:2]
                pixels = self._fast.shrink(pixels, fit(width, height))
                return shrink(from_pixels("RGB", pixels))
            if head.mode == "mono":
                return shrink(from_pixels("L", pixels))
            # All alpha at once: the highest byte of each pixel as a little-endian number.
            if np.bitwise_and.reduce(pixels.view("<u4"), axis=None) >> 24 == 255:
                return shrink(from_pixels("RGBX", pixels)).convert("RGB")
            return shrink(from_pixels("RGBA", pixels))
        except BaseException as error:  # noqa: BLE001 - a panic in Rust is no Exception
            if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
                raise
            return None

    def _open(self, file) -> Image.Image:
        try:
            with Image.open(file, formats=formats()) as picture:
                check_size(*picture.size)
                return small(picture)
        except UnidentifiedImageError:
            raise Refused("This is no picture that can be read here.") from None
        except OSError as error:
            if error.errno is not None:
                raise
            raise Refused(f"The file is damaged or cut off ({sentence(error)}).") from error
        except MemoryError:
            raise Refused("There was not enough memory for this picture.") from None
        except (ValueError, SyntaxError, EOFError, struct.error, IndexError, KeyError) as error:
            raise Refused(f"The file is damaged ({sentence(error)}).") from error
        except Image.DecompressionBombError:
            raise Refused("The picture is too large for a thumbnail.") from None


# What the gallery lists. Pillow would also hand PostScript that is named .png to Ghostscript.
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF", "BMP")


@cache
def formats() -> tuple[str, ...]:
    """Those of FORMATS that this Pillow can read: some are built without one."""
    Image.init()
    return tuple(each for each in FORMATS if each in Image.OPEN)


def check_size(width: int, height: int) -> None:
    """Refuse by the header, before anything is unpacked."""
    if width * height > MOST_PIXELS:
        raise Refused(
            f"The picture claims {width} × {height} pixels. Thumbnails are made up to "
            f"{MOST_PIXELS >> 20} megapixels."
        )


def sentence(error: Exception) -> str:
    return str(error).strip().rstrip(".")[:200] or type(error).__name__


def fit(width: int, height: int, side: int = SIDE) -> Box:
    """The size of the thumbnail; a small picture stays as it is.

    >>> fit(1024, 1024), fit(1216, 832), fit(100, 50), fit(5000, 2)
    ((320, 320), (320, 219), (100, 50), (320, 1))
    """
    longest = max(width, height)
    if longest <= side:
        return width, height
    return max(1, round(width * side / longest)), max(1, round(height * side / longest))


def from_pixels(mode: str, pixels: np.ndarray) -> Image.Image:
    height, width = pixels.shape[:2]
    return Image.frombuffer(mode, (width, height), np.ascontiguousarray(pixels), "raw", mode, 0, 1)


def small(picture: Image.Image) -> Image.Image:
    """The first frame of an opened picture, upright, in L, RGB or RGBA, at thumbnail size."""
    turned = picture.getexif().get(0x0112, 1) if picture.format != "GIF" else 1
    profile = picture.info.get("icc_profile")
    mode = picture.mode
    if picture.format == "JPEG":
        # Decodes at 1/2, 1/4 or 1/8 of the size, as long as that is not smaller than we need.
        picture.draft(None, fit(*picture.size))
    picture.load()
    made = shrink(plain(picture))
    made.info = {}
    if profile and keeps_profile(profile, mode):
        made.info["icc_profile"] = profile
    if turned in range(2, 9):
        made.getexif()[0x0112] = turned
        made = upright(made, turned)
    return made


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    info = picture.info
    picture = picture.transpose(turns[orientation])
    picture.info = info
    return picture


def keeps_profile(profile: bytes, mode: str) -> bool:
    """Whether the thumbnail needs the picture's colour profile to look like it."""
    if mode not in ("RGB", "RGBA") or profile[16:20] != b"RGB " or len(profile) > 16_384:
        return False
    return b"sRGB" not in profile and b"s\0R\0G\0B" not in profile


def plain(picture: Image.Image) -> Image.Image:
    """The picture in L, RGB or RGBA (only where something is transparent)."""
    mode = picture.mode
    if mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        return Image.fromarray(eight_bits(np.asarray(picture)))
    if mode == "1":
        return picture.convert("L")
    if mode in ("RGB", "L") and "transparency" not in picture.info:
        return picture
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        if picture.getchannel("A").getextrema()[0] == 255:
            return picture.convert("RGB")
        return picture
    return picture.convert("RGB")


def eight_bits(values: np.ndarray) -> np.ndarray:
    """Grey of more bits, or floating point, as 8 bits: 16 bits fully, others by their range.

    >>> eight_bits(np.array([[0, 256, 65535]], np.uint16)).tolist()
    [[0, 1, 255]]
    """
    if values.dtype == np.uint16:
        return (values >> 8).astype(np.uint8)
    values = np.nan_to_num(values.astype(np.float64))
    low, high = min(0.0, values.min()), values.max()
    for usual in (1.0, 255.0, 65535.0):
        if low == 0 and high <= usual and (usual > 1 or values.dtype.kind == "f"):
            high = usual
            break
    return ((values - low) * (255 / (high - low or 1))).round().astype(np.uint8)


def shrink(picture: Image.Image) -> Image.Image:
    """To the size of a thumbnail: whole factors by averaging, the rest by triangles."""
    size = fit(*picture.size)
    if size == picture.size:
        return picture
    transparent = picture.mode == "RGBA"
    if transparent:
        # The colour of a transparent pixel must not bleed into its neighbours.
        picture = picture.convert("RGBa")
    factor = int(max(picture.size) / SIDE / LEAST_REST)
    if factor > 1 and min(picture.size) >= factor:
        picture = picture.reduce(factor)
    picture = picture.resize(size, Image.Resampling.BILINEAR)
    return picture.convert("RGBA") if transparent else picture


# By how much the last step shrinks at least, so that it smooths what the averaging left.
LEAST_REST = 1.05


def finish(picture: Image.Image) -> Thumbnail:
    """Encode a small picture. Opaque ones as JPEG, transparent ones as WebP."""
    file = io.BytesIO()
    profile = picture.info.get("icc_profile")
    more = {"icc_profile": profile} if profile else {}
    if picture.mode == "RGBA":
        picture.save(file, "WEBP", quality=75, method=0, **more)
        kind = WEBP
        # As it would be seen over a middle grey, which is wrong on no theme.
        ground = Image.new("RGBA", picture.size, (96, 96, 96, 255))
        ground.alpha_composite(picture)
        picture = ground.convert("RGB")
    else:
        picture.save(file, "JPEG", quality=80, **more)
        kind = JPEG
    tiny = tiny_of(picture)
    return Thumbnail(kind, file.getvalue(), placeholder(tiny), dhash(tiny))


def tiny_of(picture: Image.Image) -> Image.Image:
    """Some forty pixels wide: enough for the placeholder and the fingerprint, and 60 times less."""
    width, height = picture.size
    factor = (max(1, width // 36), max(1, height // 32))
    return picture.reduce(factor) if max(factor) > 1 else picture


def placeholder(tiny: Image.Image) -> bytes:
    """48 bytes: 4 × 4 RGB."""
    return tiny.convert("RGB").resize((4, 4), Image.Resampling.BOX).tobytes()


def dhash(tiny: Image.Image) -> int:
    """64 bits: whether each of 8 × 8 cells is darker than the one on its right."""
    grey = np.asarray(tiny.convert("L").resize((9, 8), Image.Resampling.BOX))
    return int.from_bytes(np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes(), "big")


def shown(picture: Image.Image) -> Thumbnail:
    """A thumbnail of a picture that some other decoder made (a video's frame, a cover)."""
    return finish(shrink(plain(ImageOps.exif_transpose(picture))))
