"""Makes folders to measure with: thousands of real-looking generations, and large pictures."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import re
import shutil
import struct
import zlib
from pathlib import Path

from harness import cache, load_pack

VERSION = "4"  # of what the corpora contain; a changed one is made again
GRAPHS = 60
PER_FOLDER = 1500
WORDS = (  # noqa: SIM905 - readable as words
    "lighthouse harbor storm evening golden violet glass portrait cinematic misty forest river "
    "copper clockwork dragon market alley rain neon velvet marble ruins orchard winter lantern "
    "astronaut greenhouse coral temple desert caravan falcon ceramic origami jellyfish aurora "
    "library staircase mirror kimono lotus thunder meadow fox cathedral submarine balloon"
).split()


def generations(count: int) -> Path:
    """A folder of `count` tiny PNGs, their prompts and workflows as ComfyUI writes them.

    60 graphs of 7 to 25 KB (both JSONs together). A quarter of the files have a prompt text that
    no other has, another quarter have widgets as no other has (so their graph is distinct too);
    the rest share both, as batches do.
    """
    folder = cache() / f"generations-{count}-v{VERSION}"
    if not (folder / ".made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        graphs = distinct_graphs()
        for number in range(count):
            path = folder / f"batch_{number // PER_FOLDER:03}" / f"ComfyUI_{number:06}_.png"
            if number % PER_FOLDER == 0:
                path.parent.mkdir()
            path.write_bytes(generation(graphs, number))
        (folder / ".made").touch()
    return folder


def many_rows(count: int) -> Path:
    """`count` files of which most are further names of a few: for measurements of lists."""
    folder = cache() / f"rows-{count}-v{VERSION}"
    if not (folder / ".made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        graphs = distinct_graphs()
        originals = cache() / f"originals-v{VERSION}"
        originals.mkdir(exist_ok=True)
        for number in range(count):
            # A file has at most some ten thousand names on common file systems.
            original = originals / f"{number % 400}.png"
            if number < 400:
                original.write_bytes(generation(graphs, number))
                os.utime(original, (1.7e9 + number * 7919, 1.7e9 + number * 7919))
            path = folder / f"batch_{number // PER_FOLDER:03}" / f"ComfyUI_{number:06}_.png"
            path.parent.mkdir(exist_ok=True)
            path.hardlink_to(original)
        (folder / ".made").touch()
    return folder


def million(count: int) -> Path:
    """`count` hard links in 500 folders to 3,000 small pictures."""
    import library as libraries

    return libraries.million(count)


def library(count: int) -> tuple[Path, Path]:
    """(folder, data_dir): `million(count)`, and a server's data that knows every file of it."""
    import library as libraries

    return libraries.library(count)


def large_pictures(count: int) -> Path:
    """`count` PNGs of 1024 x 1024 that compress as generations do (about 1.4 MB), with metadata."""
    folder = cache() / f"large-{count}-v{VERSION}"
    if not (folder / ".made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for number in range(count):
            large_picture(folder / f"large_{number:04}_.png", number)
        (folder / ".made").touch()
    return folder


def large_picture(path: Path, seed: int) -> None:
    import numpy as np
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((1024, 1024), Image.Resampling.BICUBIC), np.int16)
    grain = rng.normal(0, 2.2, smooth.shape).astype(np.int16)
    picture = Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))
    texts = PngInfo()
    for key, text in graph_texts(distinct_graphs(1)[0], seed, "a large picture").items():
        texts.add_text(key, text)
    picture.save(path, pnginfo=texts, compress_level=4)


def distinct_graphs(count: int = GRAPHS) -> list:
    """Graphs of different shapes and sizes: chains of LoRAs, second passes, notes."""
    load_pack()
    from holaf.sample_library.graphs import Recipe, flux, text_to_image

    rng = random.Random(7)
    made = []
    for number in range(count):
        recipe = Recipe(
            positive="@positive@",
            negative="blurry, low quality, watermark, " + sentence(rng, 12),
            checkpoint=f"model_{number % 11}.safetensors",
            seed=0,
            width=1024,
            height=1024,
            steps=20 + number % 15,
            loras=tuple((f"style_{rng.randrange(40)}.safetensors", 0.5) for _ in range(number % 6)),
            upscale=1.5 * (number % 2),
        )
        graph = (flux if number % 3 == 0 else text_to_image)(recipe)
        wanted = 7_000 + 18_000 * number // max(count - 1, 1)
        graph.add("PrimitiveStringMultiline", "Remark", value="@remark@")
        while size(graph) < wanted:
            text = sentence(rng, 14)
            graph.add("PrimitiveStringMultiline", f"Note {len(graph.nodes)}", value=text)
        made.append(dataclasses.replace(graph))
    return made


def size(graph) -> int:
    return len(json.dumps(graph.nodes)) + len(json.dumps(graph.workflow()))


def generation(graphs: list, number: int) -> bytes:
    return tiny_png(texts_of(graphs, number), number)


def texts_of(graphs: list, number: int) -> dict[str, str]:
    """Of every four files one has a prompt, another one a graph that no other file has."""
    # 960 is a multiple of the number of graphs: who shares the prompt shares the graph, and with it
    # the negative prompt.
    text = sentence(random.Random(number if number % 4 == 0 else number % 960), 30)
    own = number % 4 == 1
    return graph_texts(graphs[number % len(graphs)], number, text, number if own else None)


_templates: dict[int, tuple[str, str]] = {}


def graph_texts(graph, seed: int, positive: str, own: int | None = None) -> dict[str, str]:
    """The prompt and the workflow; `own` makes the graph one that no other number gives."""
    if id(graph) not in _templates:
        _templates[id(graph)] = json.dumps(graph.nodes), json.dumps(graph.workflow())
        graph.kept = True
    prompt, workflow = _templates[id(graph)]

    def fill(text: str) -> str:
        text = text.replace("@positive@", positive)
        text = text.replace("@remark@", "as before" if own is None else f"attempt {own}")
        if own is not None:
            text = re.sub('"steps": [0-9]+', f'"steps": {12 + own % 60}', text)
            text = re.sub('"strength_model": 0.5', f'"strength_model": {own % 19 / 20}', text)
        for name in ("seed", "noise_seed"):
            text = text.replace(f'"{name}": 0', f'"{name}": {1_000_000_007 * (seed + 1)}')
        return text

    return {"prompt": fill(prompt), "workflow": fill(workflow)}


def sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words))


def tiny_png(texts: dict[str, str], shade: int) -> bytes:
    """2 x 2 pixels, the texts before them, as SaveImage orders them."""
    rows = b"".join(b"\0" + bytes([shade % 256, shade // 256 % 256, 90] * 2) for _ in range(2))
    chunks = [chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))]
    chunks += [chunk(b"tEXt", f"{key}\0{text}".encode("latin-1")) for key, text in texts.items()]
    chunks += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
