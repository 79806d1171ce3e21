"""What the sample library consists of, and the making of it."""

from __future__ import annotations

import datetime
import itertools
import math
import os
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import files, graphs, pictures
from .graphs import Recipe

SIZES = (
    (1216, 832), (832, 1216), (1024, 1024), (1344, 768), (768, 1344), (1152, 896), (896, 1152),
    (1536, 640), (768, 768), (640, 960), (960, 540), (1024, 1536),
)  # fmt: skip
CHECKPOINTS = (
    "juggernautXL_ragnarok.safetensors",
    "sd_xl_base_1.0.safetensors",
    "dreamshaperXL_v21Turbo.safetensors",
    "flux1-dev-fp8.safetensors",
    "v1-5-pruned-emaonly-fp16.safetensors",
    "realvisxlV50.safetensors",
)
LORAS = (
    ("add-detail-xl.safetensors", 0.6),
    ("film_grain_v2.safetensors", 0.35),
    ("ink_wash_style.safetensors", 0.8),
    ("soft_light_sdxl.safetensors", 0.45),
)
SAMPLERS = (
    ("euler", "normal"),
    ("dpmpp_2m", "karras"),
    ("dpmpp_2m_sde", "karras"),
    ("euler_ancestral", "normal"),
    ("uni_pc", "simple"),
    ("heun", "beta"),
)
NEGATIVE = "blurry, low quality, jpeg artifacts, watermark, text, frame"
DAYS = 88


@dataclass(frozen=True)
class Theme:
    folder: str
    painter: str
    palettes: tuple[str, ...]
    prompts: tuple[str, ...]


THEMES = (
    Theme(
        "landscapes/mountains",
        "mountains",
        ("dusk", "desert", "glacier", "rose", "ember", "ocean"),
        (
            "layered mountain ridges at {light}, low sun behind thin clouds, mist in the valleys",
            "a mountain range fading into haze, {light}, minimal composition, wide view",
            "silhouettes of distant peaks, {light}, soft gradient sky, matte painting",
        ),
    ),
    Theme(
        "landscapes/dunes",
        "dunes",
        ("desert", "ember", "dusk", "rose"),
        (
            "wind-shaped sand dunes in raking light, {light}, aerial photograph, fine ripples",
            "desert from above, long shadows, {light}, abstract curves",
        ),
    ),
    Theme(
        "city",
        "city",
        ("ocean", "ink", "dusk", "neon", "ember"),
        (
            "city skyline at night mirrored in still water, {light}, thousands of lit windows",
            "towers across the bay, {light}, reflections, long exposure",
        ),
    ),
    Theme(
        "city/bokeh",
        "bokeh",
        ("neon", "ember", "aurora", "dusk"),
        ("out of focus street lights after rain, {light}, 85mm, wide open aperture",),
    ),
    Theme(
        "space",
        "nebula",
        ("rose", "aurora", "neon", "ink", "ocean", "ember"),
        (
            "an emission nebula with dark dust lanes, {light}, deep field, many stars",
            "glowing interstellar gas around a young star, {light}, telescope image",
        ),
    ),
    Theme(
        "abstract/silk",
        "flow",
        ("ember", "ink", "rose", "aurora", "dusk", "glacier"),
        (
            "folds of flowing silk, {light}, studio macro, smooth gradients",
            "liquid metal in slow motion, {light}, abstract, high contrast",
        ),
    ),
    Theme(
        "abstract/fractals",
        "julia",
        ("dusk", "neon", "aurora", "ember", "ocean"),
        (
            "an infinite spiral filigree, {light}, intricate fractal ornament",
            "frost growing in self-similar curls, {light}, extreme detail",
        ),
    ),
    Theme(
        "abstract/smoke",
        "attractor",
        ("aurora", "neon", "ember", "glacier", "rose"),
        ("a ribbon of glowing smoke against black, {light}, long exposure light painting",),
    ),
    Theme(
        "patterns",
        "cells",
        ("ocean", "ember", "forest", "rose", "neon"),
        ("a stained glass window of irregular panes, {light}, leaded borders, backlit",),
    ),
    Theme(
        "patterns",
        "moire",
        ("forest", "desert", "ocean", "ink"),
        ("interfering ripples on a pond seen from above, {light}, calm, graphic",),
    ),
    Theme(
        "flowers",
        "bloom",
        ("dusk", "aurora", "rose", "forest", "glacier"),
        (
            "a single dahlia seen from the front, layered petals, {light}, soft ground",
            "paper flower of translucent petals, {light}, studio photograph",
        ),
    ),
)
LIGHT = {
    "dusk": "dusk in violet and orange",
    "ocean": "deep teal light",
    "forest": "green morning light",
    "ember": "fire-lit reds",
    "aurora": "aurora green glow",
    "rose": "pink evening light",
    "desert": "warm golden hour",
    "ink": "overcast blue-grey light",
    "neon": "neon purple and magenta",
    "glacier": "cold clear light",
}


@dataclass(frozen=True)
class Item:
    path: str
    painter: str
    palette: str
    recipe: Recipe
    age_days: float


def items() -> list[Item]:
    """Every picture of the library, the newest last; always the same list."""
    found = []
    for theme in THEMES:
        for number, palette in enumerate((*theme.palettes, *theme.palettes[:2])):
            found.append(item(theme, number, palette))
    # Sorted by a hash, so that each day shows several themes.
    found.sort(key=lambda entry: zlib.crc32(entry.path.encode()))
    return [
        replace(entry, age_days=DAYS * (1 - (position + 1) / len(found)) ** 1.6)
        for position, entry in enumerate(found)
    ]


def item(theme: Theme, number: int, palette: str) -> Item:
    key = zlib.crc32(f"{theme.folder}/{theme.painter}/{number}".encode())
    width, height = SIZES[key % len(SIZES)]
    checkpoint = CHECKPOINTS[(key >> 4) % len(CHECKPOINTS)]
    sampler, scheduler = SAMPLERS[(key >> 8) % len(SAMPLERS)]
    wording = theme.prompts[number % len(theme.prompts)].format(light=LIGHT[palette])
    kind = (".png", ".png", ".png", ".webp", ".png", ".jpg", ".png")[(key >> 12) % 7]
    recipe = Recipe(
        positive=wording,
        negative=NEGATIVE,
        checkpoint=checkpoint,
        seed=key * 2_654_435_761 % (1 << 48),
        width=width,
        height=height,
        sampler=sampler,
        scheduler=scheduler,
        steps=(20, 25, 28, 30, 8)[key % 5],
        cfg=3.5 if "flux" in checkpoint else (5.0, 6.5, 7.0, 4.5)[(key >> 6) % 4],
        loras=tuple(LORAS[(key >> 16) % 4 : (key >> 16) % 4 + (key >> 20) % 3]),
        upscale=1.5 if key % 9 == 0 else 0.0,
        prefix=f"{theme.folder}/{theme.painter}",
    )
    path = f"{theme.folder}/{theme.painter}_{number + 1:05}_{kind}"
    return Item(path, theme.painter, palette, recipe, 0.0)


def graph_of(recipe: Recipe) -> graphs.Graph:
    if "flux" in recipe.checkpoint:
        return graphs.flux(recipe)
    return graphs.text_to_image(recipe)


def make(folder: Path, say: Callable[[str], None]) -> None:
    """Fill `folder`; a file that is there already is kept. Raises OSError."""
    jobs: list[tuple[str, float, Callable[[Path], None]]] = [
        (entry.path, entry.age_days, lambda path, entry=entry: save_picture(path, entry))
        for entry in items()
    ]
    jobs += moving_items()
    now = datetime.datetime.now()
    say(f"Making a sample library of {len(jobs)} files in {folder} (once)")

    def run(job: tuple[str, float, Callable[[Path], None]]) -> None:
        relative, age_days, save = job
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            part = path.with_name(f".part-{path.name}")
            save(part)
            when = moment(now, age_days, relative)
            os.utime(part, (when, when))
            part.replace(path)

    # numpy, Pillow and FFmpeg let go of the interpreter, so threads are enough.
    with ThreadPoolExecutor(max(2, min(os.cpu_count() or 2, 8))) as pool:
        for done, _ in enumerate(pool.map(run, jobs), start=1):
            if done % 20 == 0 or done == len(jobs):
                say(f"  {done} of {len(jobs)}")


def moment(now: datetime.datetime, age_days: float, name: str) -> float:
    """A time of that day, the same whenever it is asked on one day; never in the future."""
    day = (now - datetime.timedelta(days=age_days)).replace(microsecond=0)
    seconds = 9 * 3600 + zlib.crc32(name.encode()) % (14 * 3600)
    midnight = day.replace(hour=0, minute=0, second=0)
    return min(midnight.timestamp() + seconds, now.timestamp() - zlib.crc32(name.encode()) % 3000)


def save_picture(path: Path, entry: Item) -> None:
    recipe = entry.recipe
    size = (recipe.width, recipe.height)
    picture = pictures.paint(entry.painter, size, entry.palette, recipe.seed)
    if path.suffix != ".png":
        files.save_with_exif(path, picture, graph_of(recipe))
    elif recipe.seed % 8 == 0:
        files.save_png(path, picture, {"parameters": graphs.infotext(recipe)})
    else:
        files.save_png(path, picture, files.graph_texts(graph_of(recipe)))


# ------------------------------------------------------------------------- what moves or sounds


def moving_items() -> list[tuple[str, float, Callable[[Path], None]]]:
    def video(frames: Callable[[], Iterator[np.ndarray]], words: str, seed: int):
        recipe = Recipe(
            positive=words,
            negative=NEGATIVE,
            checkpoint="ltx-video-2b-v0.9.5.safetensors",
            seed=seed,
            width=640,
            height=384,
            steps=30,
            cfg=3.0,
            prefix="video/loop",
            saves="SaveVideo",
        )
        return lambda path: files.save_video(path, frames(), 24, graph_of(recipe))

    return [
        ("video/ripples_00001_.mp4", 0.4, video(ripples, "rings on dark water, slow, loop", 41)),
        ("video/drift_00001_.mp4", 9.0, video(drift, "camera drifting over blue ridges", 1312)),
        ("video/pulse_00001_.webm", 23.0, video(pulse, "a glowing ember breathing", 77001)),
        ("audio/bells_00001_.flac", 3.0, bells),
    ]


def ripples(width: int = 640, height: int = 384, frames: int = 72) -> Iterator[np.ndarray]:
    x, y = pictures.grid(width, height)
    first, second = np.hypot(x + 0.7, y + 0.2), np.hypot(x - 0.8, y - 0.4)
    for number in range(frames):
        turn = 2 * math.pi * number / frames
        waves = np.sin(18 * first - 3 * turn) / (1 + first) + np.sin(22 * second - 4 * turn) / (
            1 + second
        )
        yield shown(pictures.ramp(0.4 + 0.2 * waves, pictures.PALETTES["ocean"]))


def drift(width: int = 640, height: int = 384, frames: int = 96) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(5)
    wide = pictures.mountains(width * 2, height, rng, pictures.PALETTES["glacier"])
    for number in range(frames):
        left = round(width * (0.5 - 0.5 * math.cos(math.pi * number / (frames - 1))))
        yield np.ascontiguousarray(wide[:, left : left + width])


def pulse(width: int = 480, height: int = 480, frames: int = 48) -> Iterator[np.ndarray]:
    x, y = pictures.grid(width, height)
    far = np.hypot(x, y)
    cloud = pictures.noise(width, height, np.random.default_rng(8), 3, 5)
    for number in range(frames):
        breath = 0.5 - 0.5 * math.cos(2 * math.pi * number / frames)
        value = np.exp(-far * (3.4 - 1.5 * breath)) * (0.55 + 0.8 * cloud)
        yield shown(pictures.ramp(value, pictures.PALETTES["ember"]))


def shown(linear: np.ndarray) -> np.ndarray:
    return (np.clip(linear, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def bells(path: Path) -> None:
    """Six seconds of a pentatonic phrase on struck bells."""
    rate, seconds = 44_100, 6
    time = np.arange(rate * seconds) / rate
    sound = np.zeros((2, time.size))
    notes = (293.66, 440.0, 392.0, 587.33, 493.88, 659.26, 440.0, 293.66)
    partials = ((1, 1), (2.01, 0.5), (2.76, 0.28), (5.4, 0.12))
    for (number, note), (ratio, weight) in itertools.product(enumerate(notes), partials):
        since = time - 0.55 * number
        ring = np.where(since > 0, np.exp(-since.clip(0) * (1.6 + ratio)), 0) * weight
        tone = ring * np.sin(2 * np.pi * note * ratio * since)
        side = 0.5 + 0.35 * math.sin(number * 1.7)
        sound += np.stack([tone * (1 - side), tone * side])
    recipe = Recipe(
        positive="temple bells, slow pentatonic melody, long reverb",
        negative="noise",
        checkpoint="stable-audio-open-1.0.safetensors",
        seed=90125,
        width=512,
        height=512,
        prefix="audio/bells",
        saves="SaveAudio",
    )
    files.save_audio(path, 0.5 * sound, rate, graph_of(recipe))
