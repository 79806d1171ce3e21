"""Paints pictures worth looking at from mathematics alone. Each painter returns uint8 RGB."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageFilter

Painter = Callable[[int, int, np.random.Generator, Sequence[str]], np.ndarray]

# From dark to light, as a picture of that mood runs.
PALETTES = {
    "dusk": ("#0b1026", "#2b2a5e", "#7a3b78", "#e0695f", "#ffc27a", "#fff1cf"),
    "ocean": ("#03121f", "#06344f", "#0f6b8a", "#38a9b5", "#a4dfd3", "#f4fbf2"),
    "forest": ("#07130d", "#12351f", "#2f6b3a", "#7fa650", "#d4cf7e", "#fbf5d8"),
    "ember": ("#0c0608", "#3a0d12", "#8a1c1c", "#dd4f1f", "#fba94c", "#fff0c4"),
    "aurora": ("#050816", "#0b2a3d", "#0e7a6e", "#4fd59a", "#b6f2c6", "#f3e8ff"),
    "rose": ("#1a0b1c", "#4b1b49", "#a13d7c", "#ea7fa4", "#fbc4c4", "#fff4ec"),
    "desert": ("#1d1020", "#553048", "#a8584f", "#de945f", "#f3cd94", "#fdf3dc"),
    "ink": ("#0d0f14", "#22303f", "#4a6378", "#8ba4b1", "#cfdad8", "#faf8f2"),
    "neon": ("#06010f", "#2a0b63", "#7b12c9", "#ff2e93", "#ffb347", "#fdf6b2"),
    "glacier": ("#0a1522", "#1d3f5e", "#4c86ae", "#99c6de", "#d9eef4", "#ffffff"),
}


def ramp(values: np.ndarray, colours: Sequence[str]) -> np.ndarray:
    """Values from 0 to 1 become colours, blended in linear light."""
    return table(tuple(colours))[(np.clip(values, 0, 1) * 1023).astype(np.int16)]


@functools.lru_cache(maxsize=32)
def table(colours: tuple[str, ...]) -> np.ndarray:
    stops = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours]) ** 2.2
    place = np.linspace(0, len(colours) - 1, 1024)
    channels = [np.interp(place, np.arange(len(colours)), stops[:, i]) for i in range(3)]
    return np.stack(channels, axis=1).astype(np.float32)


def finish(linear: np.ndarray, rng: np.random.Generator, vignette: float = 0.28) -> np.ndarray:
    """A soft vignette, and back to sRGB, with enough noise to keep gradients free of bands."""
    height, width = linear.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    linear = linear * (1 - np.float32(vignette) * (x * x + y * y) / 2)[..., None]
    encoded = np.clip(linear, 0, 1).astype(np.float32) ** np.float32(1 / 2.2)
    dither = rng.random((height, width, 1), np.float32)
    return np.minimum(encoded * 255 + dither, 255).astype(np.uint8)


def grid(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates whose shorter side runs from -1 to 1."""
    scale = 2 / min(width, height)
    x = (np.arange(width, dtype=np.float32) - width / 2) * scale
    y = (np.arange(height, dtype=np.float32) - height / 2) * scale
    return np.meshgrid(x, y)


def noise(
    width: int, height: int, rng: np.random.Generator, cells: float = 4, octaves: int = 5
) -> np.ndarray:
    """Smooth cloud-like noise from 0 to 1: random grids of growing fineness, enlarged and added."""
    total = np.zeros((height, width), np.float32)
    weight = 1.0
    for octave in range(octaves):
        across = max(2, round(cells * 2**octave * width / min(width, height)))
        down = max(2, round(cells * 2**octave * height / min(width, height)))
        coarse = Image.fromarray(rng.random((down + 2, across + 2), np.float32))
        total += weight * np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
        weight *= 0.5
    low, high = total.min(), total.max()
    return (total - low) / (high - low)


def skyline(width: int, rng: np.random.Generator, peaks: float) -> np.ndarray:
    """A line from 0 to 1, as rough as the edge of a mountain range."""
    place = np.linspace(0, 1, width)
    total = np.zeros(width)
    for octave in range(8):
        count = int(peaks * 2**octave) + 3
        total += 0.52**octave * np.interp(place, np.linspace(-0.1, 1.1, count), rng.random(count))
    return ((total - total.min()) / np.ptp(total)).astype(np.float32)


def julia(width: int, height: int, rng: np.random.Generator, colours: Sequence[str]) -> np.ndarray:
    """A Julia set with smooth colouring, lit by how near each orbit came to the centre."""
    seeds = (-0.8 + 0.156j, -0.7269 + 0.1889j, 0.285 + 0.01j, -0.4 + 0.6j, -0.835 - 0.2321j)
    c = np.complex64(seeds[rng.integers(len(seeds))] + 0.004 * complex(*rng.normal(size=2)))
    x, y = grid(width, height)
    turn = np.exp(1j * rng.uniform(0, np.pi)).astype(np.complex64)
    z = ((x + 1j * y) * np.float32(rng.uniform(0.75, 1.15))).astype(np.complex64) * turn
    count = np.zeros(z.shape, np.float32)
    nearest = np.full(z.shape, 9, np.float32)
    flat, near, when = z.ravel(), nearest.ravel(), count.ravel()
    live = np.arange(flat.size)
    orbit = flat.copy()
    for step in range(110):
        orbit = orbit * orbit + c
        size = orbit.real**2 + orbit.imag**2
        near[live] = np.minimum(near[live], size)
        out = size > 64
        if out.any():
            when[live[out]] = step + 1 - np.log2(np.log2(size[out]) / 2)
            live, orbit = live[~out], orbit[~out]
        if not live.size:
            break
    inside = count == 0
    value = np.where(inside, 0.06 + 0.5 * np.sqrt(nearest), np.log1p(count) / np.log(60))
    value = 0.5 - 0.5 * np.cos(value * np.pi * 1.35)
    glow = np.exp(-3.2 * np.sqrt(nearest))[..., None]
    return finish(ramp(value, colours) + 0.25 * glow * ramp(np.ones(1), colours), rng)


def flow(width: int, height: int, rng: np.random.Generator, colours: Sequence[str]) -> np.ndarray:
    """Silk: folded noise, shaded as if light fell on it from one side."""
    x, y = grid(width, height)
    first, second = noise(width, height, rng, 2, 3), noise(width, height, rng, 2, 3)
    angle = rng.uniform(0, np.pi)
    across = x * np.cos(angle) + y * np.sin(angle)
    fold = np.sin(7 * (across + 1.1 * first) + 5 * second) * 0.5 + 0.5
    fine = np.sin(90 * (across * 0.4 + first) + 14 * second) * 0.5 + 0.5
    slope_y, slope_x = np.gradient(fold)
    light = np.clip(0.5 + (slope_x - slope_y) * min(width, height) / 26, 0, 1.3)
    value = np.clip(0.12 + 0.62 * fold + 0.22 * (second - 0.5), 0, 1)
    return finish(ramp(value, colours) * (0.45 + 0.6 * light + 0.08 * fine)[..., None], rng)


def mountains(
    width: int, height: int, rng: np.random.Generator, colours: Sequence[str]
) -> np.ndarray:
    """Ridges fading into haze below a sky with a low sun."""
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    across = np.arange(width, dtype=np.float32)[None, :]
    sun_x, sun_y = rng.uniform(0.25, 0.75) * width, rng.uniform(0.26, 0.42) * height
    far = np.hypot(across - sun_x, down * height - sun_y) / min(width, height)
    clouds = noise(width, height, rng, 1.6, 6)
    sky = ramp(np.clip(0.34 + 0.62 * down + 0.16 * (clouds - 0.5), 0, 1), colours)
    picture = sky + (0.5 * np.exp(-5 * far))[..., None] * ramp(np.full(1, 0.92), colours)
    disc = np.clip((0.055 - far) * min(width, height) / 2, 0, 1)[..., None]
    picture = picture * (1 - disc) + disc * ramp(np.ones(1), colours)
    layers = 6
    for layer in range(layers):
        depth = layer / (layers - 1)
        rough = skyline(width, rng, 2.2 * width / height + 2 * depth)
        base = 0.46 + 0.44 * depth
        ridge = (base - (0.30 - 0.13 * depth) * (rough - 0.35)) * height
        inside = np.clip(down * height - ridge[None, :], 0, 1)[..., None]
        mist = np.clip((down * height - ridge[None, :]) / (0.34 * height), 0, 1)
        value = np.clip(0.56 * (1 - depth) ** 1.25 + 0.11 * mist * (1 - depth) + 0.015, 0, 1)
        picture = picture * (1 - inside) + ramp(value, colours) * inside
    return finish(picture, rng, 0.18)


def cells(width: int, height: int, rng: np.random.Generator, colours: Sequence[str]) -> np.ndarray:
    """Stained glass: the nearest of scattered points decides, borders are led."""
    x, y = grid(width, height)
    aspect = np.array([width, height], np.float32) / min(width, height)
    points = (rng.random((90, 2), np.float32) * 2.3 - 1.15) * aspect
    warp = 0.16 * (noise(width, height, rng, 2, 3) - 0.5)
    first = np.full(x.shape, 99, np.float32)
    second, third = first.copy(), np.zeros(x.shape, np.float32)
    middle = np.hypot(*(points / aspect).T)
    tone = 0.86 - 0.5 * middle + 0.28 * (rng.random(len(points)) - 0.5)
    for point, own in zip(points, tone, strict=True):
        distance = np.hypot(x + warp - point[0], y - warp - point[1])
        closer = distance < first
        second = np.where(closer, first, np.minimum(second, distance))
        third = np.where(closer, np.float32(own), third)
        first = np.minimum(first, distance)
    edge = np.clip((second - first) * 24 - 0.18, 0, 1)
    bulge = 1.1 - 0.9 * first
    lit = ramp(np.clip(third, 0.14, 1), colours) * (bulge * edge)[..., None]
    return finish(lit + 0.012, rng, 0.35)


def moire(width: int, height: int, rng: np.random.Generator, colours: Sequence[str]) -> np.ndarray:
    """Interfering rings, as two stones in a still pond make them."""
    x, y = grid(width, height)
    total = np.zeros(x.shape, np.float32)
    for _ in range(3):
        cx, cy = rng.uniform(-1.1, 1.1, 2)
        far = np.hypot(x - cx, y - cy)
        total += np.sin(far * rng.uniform(20, 34)) / (0.7 + far)
    shine = np.gradient(total, axis=1) * min(width, height) / 60
    value = 0.46 + 0.19 * total + 0.12 * (0.5 - y / 2)
    return finish(ramp(value, colours) * np.clip(0.92 + 0.35 * shine, 0.3, 1.7)[..., None], rng)


def nebula(width: int, height: int, rng: np.random.Generator, colours: Sequence[str]) -> np.ndarray:
    """Glowing gas with dark lanes and stars of several sizes."""
    x, y = grid(width, height)
    gas = noise(width, height, rng, 1.7, 7)
    lanes = 1 - np.abs(2 * noise(width, height, rng, 2.2, 6) - 1)
    cx, cy = rng.uniform(-0.4, 0.4, 2)
    heart = np.exp(-1.3 * np.hypot((x - cx) * 0.8, y - cy))
    value = np.clip(gas * 0.62 + heart * 0.62 - 0.36 * lanes**3, 0, 1) ** 1.35
    picture = ramp(value, colours) * (0.18 + 1.15 * value)[..., None]
    stars = np.zeros((height, width), np.float32)
    for radius, amount, power in ((0, 1 / 1400, 0.8), (1, 1 / 9000, 9), (2.6, 1 / 60000, 60)):
        dots = (rng.random((height, width)) < amount) * rng.random((height, width)) * 255
        layer = Image.fromarray(dots.astype(np.uint8))
        if radius:
            layer = layer.filter(ImageFilter.GaussianBlur(radius))
        stars += np.asarray(layer, np.float32) / 255 * power
    return finish(picture + np.clip(stars, 0, 1.5)[..., None], rng, 0.2)


def bokeh(width: int, height: int, rng: np.random.Generator, colours: Sequence[str]) -> np.ndarray:
    """Lights out of focus in front of a dark street."""
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
    picture = ramp(0.06 + 0.2 * down + 0.1 * noise(width, height, rng, 2, 3), colours)
    short = min(width, height)
    for _ in range(46):
        radius = rng.uniform(0.025, 0.1) * short
        cx, cy = rng.normal(0.5, 0.25) * width, rng.normal(0.55, 0.25) * height
        left, right = max(int(cx - radius), 0), min(int(cx + radius) + 2, width)
        top, bottom = max(int(cy - radius), 0), min(int(cy + radius) + 2, height)
        if left >= right or top >= bottom:
            continue
        y, x = np.ogrid[top:bottom, left:right]
        far = np.hypot(x - cx, y - cy) / radius
        disc = np.clip((1 - far) * radius / 2, 0, 1) * (0.55 + 0.45 * far**4)
        tone = ramp(np.full(1, rng.uniform(0.45, 1)), colours)
        picture[top:bottom, left:right] += disc[..., None] * tone * rng.uniform(0.12, 0.5)
    return finish(1 - np.exp(-1.25 * picture), rng)


def dunes(width: int, height: int, rng: np.random.Generator, colours: Sequence[str]) -> np.ndarray:
    """Sand in raking light, its ripples following the wind."""
    x, y = grid(width, height)
    shape = noise(width, height, rng, 1.3, 3)
    crest = np.abs(((y * 1.5 + 1.9 * shape + 0.3 * x) * 1.3) % 2 - 1)
    ripple = 0.5 + 0.5 * np.sin(120 * (y + 0.55 * shape) + 16 * noise(width, height, rng, 3, 3))
    light = np.clip(np.gradient(crest, axis=0) * min(width, height) / 7 + 0.55, 0, 1)
    soft = Image.fromarray((light * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(3))
    light = np.asarray(soft, np.float32) / 255
    value = 0.17 + 0.6 * light + 0.07 * ripple * light + 0.12 * (shape - 0.5)
    return finish(ramp(value, colours), rng)


def attractor(
    width: int, height: int, rng: np.random.Generator, colours: Sequence[str]
) -> np.ndarray:
    """Smoke: where the orbits of a Clifford map go most often is brightest."""
    known = (
        (-1.4, 1.6, 1.0, 0.7),
        (1.7, 1.7, 0.6, 1.2),
        (-1.7, 1.3, -0.1, -1.21),
        (1.5, -1.8, 1.6, 0.9),
        (-1.8, -2.0, -0.5, -0.9),
    )
    a, b, c, d = np.array(known[rng.integers(len(known))]) + rng.normal(0, 0.015, 4)
    px, py = rng.uniform(-1, 1, (2, 60_000)).astype(np.float32)
    side = min(width, height) / 4.9
    seen = np.zeros(width * height, np.int64)
    for step in range(56):
        px, py = np.sin(a * py) + c * np.cos(a * px), np.sin(b * px) + d * np.cos(b * py)
        if step > 4:
            column = (px * side + width / 2).astype(np.int32)
            row = (py * side + height / 2).astype(np.int32)
            fits = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            seen += np.bincount((row * width + column)[fits], minlength=width * height)
    value = np.log1p(seen.reshape(height, width).astype(np.float32))
    value = (value / np.percentile(value, 99.8)).clip(0, 1)
    smooth = Image.fromarray((value * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.7))
    value = np.asarray(smooth, np.float32) / 255
    return finish(ramp(0.03 + 0.97 * value, colours), rng)


def city(width: int, height: int, rng: np.random.Generator, colours: Sequence[str]) -> np.ndarray:
    """A skyline at night, windows lit, mirrored in water."""
    shore = int(height * 0.72)
    down = np.linspace(0, 1, shore, dtype=np.float32)[:, None]
    clouds = noise(width, shore, rng, 1.5, 5)
    picture = ramp(np.clip(0.1 + 0.62 * down**1.6 + 0.12 * (clouds - 0.5), 0, 1), colours)
    window = max(3, min(width, height) // 150)
    for depth in (0.3, 0.6, 1.0):
        column = -10
        while column < width:
            across = int(rng.uniform(0.05, 0.11) * min(width, height) * (0.6 + 0.5 * depth))
            tall = int(rng.uniform(0.16, 0.62) * shore * (1.12 - 0.36 * depth))
            left, right = max(column, 0), min(column + across, width)
            if right - left > 2 * window:
                part = picture[shore - tall :, left:right]
                part[:] = ramp(np.full(1, 0.36 * (1 - depth) + 0.035), colours)
                rows, columns = tall // (2 * window), (right - left) // (2 * window)
                if rows and columns:
                    lit = rng.random((rows, columns)) < 0.17 + 0.16 * depth
                    bright = (lit * rng.uniform(0.3, 1, lit.shape)).astype(np.float32)
                    pattern = np.kron(bright, np.array([[1, 0], [0, 0]], np.float32))
                    pattern = np.kron(pattern, np.ones((window, window), np.float32))
                    h, w = pattern.shape
                    glow = ramp(np.full(1, 0.86), colours)
                    part[:h, :w] += pattern[..., None] * glow * (0.3 + 0.55 * depth)
            column += across + int(rng.uniform(0, 0.02) * width)
    water = np.empty((height - shore, width, 3), picture.dtype)
    for row in range(height - shore):
        source = shore - 1 - min(int(row * 1.7), shore - 1)
        shift = int(3 * np.sin(row * 0.8) * (1 + row / 30))
        water[row] = np.roll(picture[source], shift, axis=0) * (0.6 - 0.3 * row / (height - shore))
    return finish(np.vstack([picture, water]), rng, 0.2)


def bloom(width: int, height: int, rng: np.random.Generator, colours: Sequence[str]) -> np.ndarray:
    """One flower of nested petals on a soft ground."""
    x, y = grid(width, height)
    far, angle = np.hypot(x, y), np.arctan2(y, x) + rng.uniform(0, np.pi)
    picture = ramp(0.12 + 0.16 * noise(width, height, rng, 1.4, 4), colours)
    petals = int(rng.integers(6, 11))
    for ring in range(7):
        reach = 0.94 - 0.12 * ring
        turn = angle + ring * np.pi / petals * 1.13
        wave = np.abs(np.cos(turn * petals / 2)) ** 0.55
        outline = reach * (0.52 + 0.48 * wave)
        inside = np.clip((outline - far) * min(width, height) / 3, 0, 1)[..., None]
        within = np.clip(far / np.maximum(outline, 1e-3), 0, 1)
        vein = 0.04 * np.cos(turn * petals * 9) * within
        value = np.clip(0.34 + 0.09 * ring + 0.3 * within**2.2 * wave + vein, 0, 1)
        shade = np.clip((outline - far) * 9, 0.32, 1)[..., None]
        picture = picture * (1 - inside) + inside * ramp(value, colours) * (0.55 + 0.45 * shade)
    heart = np.clip((0.1 - far) * min(width, height) / 6, 0, 1)[..., None]
    seeds = 0.7 + 0.3 * np.sin(far * 190) * np.cos(angle * 21)
    picture = picture * (1 - heart) + heart * ramp(np.clip(seeds, 0, 1), colours)
    return finish(picture, rng, 0.4)


PAINTERS: dict[str, Painter] = {
    painter.__name__: painter
    for painter in (
        julia,
        flow,
        mountains,
        cells,
        moire,
        nebula,
        bokeh,
        dunes,
        attractor,
        city,
        bloom,
    )
}


# Mathematics costs time per pixel: paint at most this large, then enlarge.
LARGEST_CANVAS = 704


def paint(kind: str, size: tuple[int, int], palette: str, seed: int) -> Image.Image:
    """The picture of one painter; the same arguments give the same picture."""
    rng = np.random.default_rng(seed)
    scale = min(1.0, LARGEST_CANVAS / max(size))
    canvas = (round(size[0] * scale), round(size[1] * scale))
    picture = Image.fromarray(PAINTERS[kind](*canvas, rng, PALETTES[palette]))
    return picture if canvas == size else picture.resize(size, Image.Resampling.BICUBIC)
