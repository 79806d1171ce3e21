"""Saves pictures, videos and sound with their graphs inside, where ComfyUI puts them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .graphs import Graph

MODEL, MAKE = 0x0110, 0x010F


def save_png(path: Path, picture: Image.Image, texts: dict[str, str]) -> None:
    chunks = PngInfo()
    for key, text in texts.items():
        chunks.add_text(key, text)
    picture.save(path, "PNG", pnginfo=chunks, compress_level=2)


def graph_texts(graph: Graph) -> dict[str, str]:
    return {"prompt": json.dumps(graph.nodes), "workflow": json.dumps(graph.workflow())}


def save_with_exif(path: Path, picture: Image.Image, graph: Graph) -> None:
    """WebP or JPEG, by the name of the file."""
    texts = graph_texts(graph)
    exif = Image.Exif()
    exif[MODEL] = f"prompt:{texts['prompt']}"
    exif[MAKE] = f"workflow:{texts['workflow']}"
    if path.suffix == ".webp":
        picture.save(path, quality=88, exif=exif, method=2)
    else:
        picture.save(path, quality=88, exif=exif)


def save_video(path: Path, frames: Iterable[np.ndarray], fps: int, graph: Graph) -> None:
    """MP4 (H.264) or WebM (VP9), by the name of the file."""
    is_mp4 = path.suffix == ".mp4"
    options = {"movflags": "use_metadata_tags"} if is_mp4 else {}
    with av.open(str(path), "w", options=options) as container:
        container.metadata.update(graph_texts(graph))
        stream: Any = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream("libx264" if is_mp4 else "libvpx-vp9", rate=fps)
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuv420p"
                fast = {"preset": "veryfast", "crf": "24"}
                stream.options = fast if is_mp4 else {"deadline": "realtime", "cpu-used": "8"}
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())


def save_audio(path: Path, samples: np.ndarray, rate: int, graph: Graph) -> None:
    """FLAC from values between -1 and 1, shaped (channels, samples)."""
    with av.open(str(path), "w") as container:
        container.metadata.update(graph_texts(graph))
        stream: Any = container.add_stream("flac", rate=rate)
        stream.layout = "stereo"
        whole = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        interleaved = np.ascontiguousarray(whole.T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(interleaved, format="s16", layout="stereo")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
