"""Decodes the PNGs that ComfyUI writes three times faster than Pillow, where `kornia_rs` is there.

Every ComfyUI has the package (its own requirement `kornia` brings it), but with changing names and
abilities. So it is used only after it decoded test pictures exactly as Pillow does, and only for
plain pictures: 8 bits, grey, RGB or RGBA, not interlaced, no colour profile, no animation.

It holds the GIL while it decodes: never import this in the server.
"""

from __future__ import annotations

import importlib
import struct
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MODES = {0: "mono", 2: "rgb", 6: "rgba"}

# What must be looked at by Pillow, which knows what it means.
SPECIAL = frozenset((b"tRNS", b"iCCP", b"eXIf", b"acTL", b"PLTE"))
TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt"))
# Pillow gives up on larger ones, older versions also on those that are larger once unpacked (zlib
# packs a thousand bytes into one at best).
LARGE_TEXT = 1 << 20
LARGE_PACKED = LARGE_TEXT // 1032
PACKED = frozenset((b"zTXt", b"iTXt"))
MOST_CHUNKS = 100_000

_ihdr = struct.Struct(">IIBBBBB")
_chunk = struct.Struct(">I4s")


class PngHead:
    """What stands before the pixels of a PNG."""

    def __init__(self, width: int, height: int, mode: str | None, large_texts: bool) -> None:
        self.width = width
        self.height = height
        self.mode = mode  # how kornia_rs calls it; None: let Pillow decode it
        self.large_texts = large_texts


def read_head(file: Any) -> PngHead | None:
    """The head of the PNG that is open as `file`; None when it is no PNG or ends too early."""
    start = file.read(33)
    if len(start) < 33 or start[:8] != SIGNATURE or start[12:16] != b"IHDR":
        return None
    width, height, depth, colour, _, _, interlaced = _ihdr.unpack_from(start, 16)
    mode = MODES.get(colour) if depth == 8 and not interlaced else None
    large = False
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return None
        length, kind = _chunk.unpack(head)
        if kind == b"IDAT":
            return PngHead(width, height, mode, large)
        if kind in SPECIAL:
            mode = None
        limit = LARGE_PACKED if kind in PACKED else LARGE_TEXT
        large = large or (kind in TEXTS and length > limit)
        file.seek(length + 4, 1)
    return None


def without_texts(file: Any) -> bytes:
    """The PNG without its texts, for Pillow, which refuses a picture with a very long one."""
    file.seek(0)
    kept = [file.read(8)]
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            break
        length, kind = _chunk.unpack(head)
        if kind in TEXTS:
            file.seek(length + 4, 1)
        else:
            kept += (head, file.read(length + 4))
        if kind == b"IEND":
            break
    return b"".join(kept)


class FastPng:
    """`decode(path, mode)` gives the pixels as an array; `halve` and `fit` shrink them."""

    def __init__(
        self, name: str, decode: Callable[[str, str], np.ndarray], resize: Callable | None
    ) -> None:
        self.name = name
        self.decode = decode
        self._resize = resize

    def shrink(self, pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """RGB pixels at `size` (width, height), or as far on the way as this does it well.

        Halving averages four pixels to one; the last step, by less than two, takes the four
        nearest. On pictures that is 48 dB from Lanczos, at a sixth of its time.
        """
        if self._resize is None:
            return pixels
        width, height = size
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            while (now := pixels.shape)[1] >= 2 * width and now[0] >= 2 * height:
                if now[0] % 2 or now[1] % 2:
                    return pixels
                pixels = np.asarray(self._resize(pixels, (now[0] // 2, now[1] // 2), "bilinear"))
            if pixels.shape[:2] != (height, width):
                if pixels.shape[0] < height or pixels.shape[1] < width:
                    return pixels
                pixels = np.asarray(self._resize(pixels, (height, width), "bilinear"))
        return pixels


def find_fast_png() -> FastPng | None:
    """kornia_rs when it is installed and passes the tests; None otherwise."""
    try:
        package = importlib.import_module("kornia_rs")
    except Exception:  # noqa: BLE001 - a broken binary wheel raises anything
        return None
    # Where the functions are: `kornia_rs.io` from 0.2 on, the top level before that.
    decode = _find(package, "io", "read_image_png_u8")
    if decode is None:
        return None
    fast = FastPng(
        f"kornia_rs {getattr(package, '__version__', '?')}",
        lambda path, mode: np.asarray(decode(path, mode)),
        _find(package, "imgproc", "resize"),
    )
    try:
        if not decodes_exactly(fast):
            return None
        if not shrinks_well(fast):
            fast = FastPng(fast.name, fast.decode, None)
    except BaseException as error:  # noqa: BLE001 - a panic in Rust is no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        return None
    return fast


def _find(package: Any, part: str, name: str) -> Any:
    found = getattr(getattr(package, part, None), name, None)
    return found or getattr(package, name, None)


def sample(mode: str) -> Image.Image:
    """A test picture of 64 × 64: slopes, edges and noise, from a fixed seed."""
    bands = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
    y, x = np.mgrid[0:64, 0:64]
    slopes = np.stack([(x * (3 + band) + y * (5 - band)) % 256 for band in range(bands)], -1)
    noise = np.random.default_rng(7).integers(0, 40, slopes.shape)
    pixels = np.where((x // 8 + y // 8)[..., None] % 3 == 0, noise, slopes).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if bands == 1 else pixels)


def decodes_exactly(fast: FastPng) -> bool:
    with tempfile.TemporaryDirectory(prefix="holaf-") as folder:
        path = Path(folder) / "sample.png"
        for mode, name in (("L", "mono"), ("RGB", "rgb"), ("RGBA", "rgba")):
            picture = sample(mode)
            picture.save(path)
            decoded = fast.decode(str(path), name)
            expected = np.asarray(picture)
            if decoded.dtype != np.uint8 or decoded.size != expected.size:
                return False
            if not np.array_equal(decoded.reshape(expected.shape), expected):
                return False
    return True


def shrinks_well(fast: FastPng) -> bool:
    """Whether halving averages, and the last step resembles Pillow's."""
    picture = sample("RGB")
    pixels = np.asarray(picture)
    half = fast.shrink(pixels, (32, 32)).astype(int)
    means = pixels.reshape(32, 2, 32, 2, 3).astype(int).sum((1, 3)) / 4
    if half.shape != (32, 32, 3) or np.abs(half - means).max() > 1:
        return False
    smooth = picture.resize((8, 8)).resize((64, 64), Image.Resampling.BICUBIC)
    fitted = fast.shrink(np.asarray(smooth), (40, 36)).astype(int)
    expected = np.asarray(smooth.resize((40, 36), Image.Resampling.BILINEAR)).astype(int)
    return fitted.shape == expected.shape and bool(np.abs(fitted - expected).mean() < 4)
