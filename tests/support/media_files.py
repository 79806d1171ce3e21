"""Makes small real files of every listed format, with metadata as ComfyUI writes it."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

WORKFLOWS = Path(__file__).with_name("workflows")


def node(kind: str, title: str | None = None, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title or kind}}


def text_to_image(
    positive: str = "a red fox", negative: str = "blurry", seed: int = 156680208700286
) -> dict[str, Any]:
    """The default text-to-image graph, in API format."""
    return {
        "3": node(
            "KSampler",
            seed=seed,
            steps=20,
            cfg=8.0,
            sampler_name="euler",
            scheduler="normal",
            denoise=1.0,
            model=["4", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
        ),
        "4": node("CheckpointLoaderSimple", ckpt_name="dream.safetensors"),
        "5": node("EmptyLatentImage", width=512, height=768, batch_size=1),
        "6": node("CLIPTextEncode", "Positive", text=positive, clip=["4", 1]),
        "7": node("CLIPTextEncode", "Negative", text=negative, clip=["4", 1]),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
    }


def workflow() -> dict[str, Any]:
    return json.loads((WORKFLOWS / "image_ui_1.58.1.json").read_text())


def texts() -> dict[str, str]:
    return {"prompt": json.dumps(text_to_image()), "workflow": json.dumps(workflow())}


def chunk(kind: bytes, data: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*before: bytes, after: tuple[bytes, ...] = (), pixel: int = 7, side: int = 1) -> bytes:
    """A PNG of side x side pixels with chunks before and behind its pixels."""
    rows = bytes([0, *([pixel] * side * 3)]) * side
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
            *before,
            chunk(b"IDAT", zlib.compress(rows)),
            *after,
            chunk(b"IEND", b""),
        )
    )


def text_chunk(key: str, value: str) -> bytes:
    return chunk(b"tEXt", key.encode() + b"\0" + value.encode())


def picture(mode: str = "RGB", size: tuple[int, int] = (64, 48), shade: int = 90) -> Image.Image:
    image = Image.linear_gradient("L").resize(size).convert(mode)
    if mode == "RGBA":
        image.putalpha(shade)
    return image


def save_picture(path: Path, mode: str = "RGB", **options: Any) -> Path:
    """Save a 64 x 48 picture with Pillow; PNG gets ComfyUI's texts unless pnginfo says else."""
    if path.suffix == ".png" and "pnginfo" not in options:
        info = PngInfo()
        for key, value in texts().items():
            info.add_text(key, value)
        options["pnginfo"] = info
    picture(mode).save(path, **options)
    return path


def comfy_exif() -> Image.Exif:
    """EXIF as SaveWEBP writes it."""
    exif = Image.Exif()
    exif[0x0110] = "prompt:" + texts()["prompt"]
    exif[0x010F] = "workflow:" + texts()["workflow"]
    return exif


def save_video(
    path: Path,
    metadata: dict[str, str],
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    size: tuple[int, int] = (64, 48),
    frames: int = 8,
) -> Path:
    """One second at 8 frames per second, with container tags."""
    width, height = size
    with av.open(str(path), "w", options=options or {}) as container:
        for key, value in metadata.items():
            container.metadata[key] = value
        stream = container.add_stream(codec, rate=8)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for at in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), at * 20 % 256, np.uint8))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def save_audio(path: Path, metadata: dict[str, str], codec: str) -> Path:
    """A second and a bit of tone at 48 kHz, with tags."""
    rate, length = 48_000, 1024
    with av.open(str(path), "w") as container:
        for key, value in metadata.items():
            container.metadata[key] = value
        stream = container.add_stream(codec, rate=rate)
        resampler = av.AudioResampler(
            format=stream.format, layout="stereo", rate=rate, frame_size=stream.frame_size or length
        )
        tone = (np.sin(np.arange(2 * length) / 9) * 9000).astype(np.int16)[None]
        for at in range(50):
            frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="stereo")
            frame.sample_rate, frame.pts = rate, at * length
            for piece in resampler.resample(frame):
                container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmp:Rating="4"><dc:subject><rdf:Bag><rdf:li>fox</rdf:li><rdf:li> snow </rdf:li>
<rdf:li>fox</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""

MP4_TAGS = {"movflags": "use_metadata_tags"}


def save_every_format(folder: Path) -> dict[str, Path]:
    """One file of each format, with ComfyUI's texts where the format has a place for them."""
    tags = texts()
    made = {
        "a.png": save_picture(folder / "a.png"),
        "a.jpg": save_picture(folder / "a.jpg", exif=comfy_exif()),
        "a.webp": save_picture(folder / "a.webp", exif=comfy_exif()),
        "a.gif": save_picture(folder / "a.gif"),
        "a.tif": save_picture(folder / "a.tif"),
        "a.bmp": save_picture(folder / "a.bmp"),
        "a.avif": save_picture(folder / "a.avif", exif=comfy_exif()),
        "a.mp4": save_video(folder / "a.mp4", tags, options=MP4_TAGS),
        "a.mov": save_video(folder / "a.mov", tags, options=MP4_TAGS),
        "a.webm": save_video(folder / "a.webm", tags, "libvpx-vp9"),
        "a.mkv": save_video(folder / "a.mkv", tags),
        "a.flac": save_audio(folder / "a.flac", tags, "flac"),
        "a.mp3": save_audio(folder / "a.mp3", tags, "libmp3lame"),
        "a.opus": save_audio(folder / "a.opus", tags, "libopus"),
        "a.m4a": save_audio(folder / "a.m4a", {"comment": "hello"}, "aac"),
        "a.wav": save_audio(folder / "a.wav", {"comment": "hello"}, "pcm_s16le"),
    }
    return made


def ui_workflow():
    """The default graph as the editor saves it without widget names, with a sub-graph inside."""
    inner = {
        "id": "11111111-2222-3333-4444-555555555555",
        "inputs": [{"name": "samples", "type": "LATENT"}, {"name": "vae", "type": "VAE"}],
        "outputs": [{"name": "IMAGE", "type": "IMAGE"}],
        "nodes": [
            {
                "id": 8,
                "type": "VAEDecode",
                "mode": 0,
                "inputs": [
                    {"name": "samples", "type": "LATENT", "link": 1},
                    {"name": "vae", "type": "VAE", "link": 2},
                ],
                "outputs": [{"name": "IMAGE", "type": "IMAGE"}],
            }
        ],
        "links": [
            {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 8, "target_slot": 0},
            {"id": 2, "origin_id": -10, "origin_slot": 1, "target_id": 8, "target_slot": 1},
            {"id": 3, "origin_id": 8, "origin_slot": 0, "target_id": -20, "target_slot": 0},
        ],
    }

    def ui(node_id, kind, inputs=(), outputs=(), widgets=(), mode=0):
        return {
            "id": node_id,
            "type": kind,
            "mode": mode,
            "inputs": [{"name": n, "type": t, "link": at} for n, t, at in inputs],
            "outputs": [{"name": each, "type": each} for each in outputs],
            "widgets_values": list(widgets),
        }

    return {
        "version": 0.4,
        "definitions": {"subgraphs": [inner]},
        "nodes": [
            ui(4, "CheckpointLoaderSimple", (), ("MODEL", "CLIP", "VAE"), ["dream.safetensors"]),
            ui(5, "EmptyLatentImage", (), ("LATENT",), [512, 768, 1]),
            ui(6, "CLIPTextEncode", [("clip", "CLIP", 10)], ("CONDITIONING",), ["a red fox"]),
            ui(7, "CLIPTextEncode", [("clip", "CLIP", 11)], ("CONDITIONING",), ["blurry"]),
            ui(12, "Reroute", [("", "*", 12)], ("*",)),
            ui(13, "LoraLoader", [("model", "MODEL", 19), ("clip", "CLIP", 20)], ("MODEL", "CLIP"),
               ["off.safetensors", 1, 1], mode=4),
            ui(3, "KSampler",
               [("model", "MODEL", 13), ("positive", "CONDITIONING", 14),
                ("negative", "CONDITIONING", 15), ("latent_image", "LATENT", 16)],
               ("LATENT",), [5, "randomize", 20, 8, "euler", "normal", 1]),
            ui(20, inner["id"], [("samples", "LATENT", 17), ("vae", "VAE", 18)], ("IMAGE",)),
            ui(9, "SaveImage", [("images", "IMAGE", 21)], (), ["ComfyUI"]),
            ui(30, "Note", (), (), ["remember"]),
        ],
        "links": [
            [10, 4, 1, 6, 0, "CLIP"],
            [11, 4, 1, 7, 0, "CLIP"],
            [12, 6, 0, 12, 0, "*"],
            [13, 13, 0, 3, 0, "MODEL"],
            [14, 12, 0, 3, 1, "CONDITIONING"],
            [15, 7, 0, 3, 2, "CONDITIONING"],
            [16, 5, 0, 3, 3, "LATENT"],
            [17, 3, 0, 20, 0, "LATENT"],
            [18, 4, 2, 20, 1, "VAE"],
            [19, 4, 0, 13, 0, "MODEL"],
            [20, 4, 1, 13, 1, "CLIP"],
            [21, 20, 0, 9, 0, "IMAGE"],
        ],
    }  # fmt: skip
