"""Pictures for the browser tests: distinct, with prompts, in two folders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from media_files import text_to_image, workflow
from PIL import Image
from PIL.PngImagePlugin import PngInfo

# The widths at which every screen is looked at.
WIDTHS = (360, 900, 1600)


def save_pictures(folder: Path, count: int, first: int = 1) -> list[Path]:
    return [save_picture(folder, number) for number in range(first, first + count)]


def save_picture(folder: Path, number: int) -> Path:
    """A gradient with a prompt of its own, in `landscapes` or `portraits` by its shape."""
    width, height = ((640, 400), (400, 640), (512, 512))[number % 3]
    path = folder / ("portraits" if height > width else "landscapes") / f"holaf_{number:05}_.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[0:height, 0:width]
    red, green = x * 255 // width, y * 255 // height
    blue = np.full_like(red, number * 40 % 256)
    texts = PngInfo()
    prompt = text_to_image(positive=f"lighthouse number {number}, evening light", seed=number)
    texts.add_text("prompt", json.dumps(prompt))
    texts.add_text("workflow", json.dumps(workflow()))
    picture = Image.fromarray(np.dstack([red, green, blue]).astype(np.uint8))
    part = path.with_suffix(".part")
    picture.save(part, "PNG", pnginfo=texts)
    part.rename(path)
    return path
