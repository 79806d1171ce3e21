"""The program that makes thumbnails: one file after the other, in a process of its own.

It is sent `{"kind", "size_bytes", "mtime_ns"}` with the path as bytes (a name need not be UTF-8),
and answers each in turn:

    {"type", "dhash"}   with 48 bytes of placeholder and the encoded thumbnail
    {"error": reason}   there will be none; the reason is for the user
    {"gone": true}      the file is not (any more) the one that was asked for

Its first message, `{"engine": name}`, says that it is ready.
"""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path
from typing import Any

from ..holaf_core.worker_side import Channel
from ..holaf_image_records import time_of
from . import thumbnail_media
from .thumbnail_pictures import Pictures, Refused, Thumbnail
from .thumbnail_png import find_fast_png

# For the process's environment. A picture's 3 to 12 MB would be given back to the system and
# fetched again for each: kept, they make the fast path a third faster. Only glibc heeds them.
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 28),
    "MALLOC_TOP_PAD_": str(1 << 26),
    # NumPy's BLAS would start a thread for each core; nothing here uses it.
    "OPENBLAS_NUM_THREADS": "1",
}


def main(channel: Channel, arguments: list[str]) -> None:
    """`arguments` may hold "pillow", to do without the fast decoder."""
    fast = None if "pillow" in arguments else find_fast_png()
    pictures = Pictures(fast)
    channel.send({"engine": fast.name if fast else "Pillow"})
    # What was loaded lives as long as the process: no need to look through it again and again.
    gc.freeze()
    while (received := channel.receive()) is not None:
        job, path = received
        message, blob = answer(pictures, job, Path(os.fsdecode(path)))
        channel.send(message, blob)


# Decoders of AVIF and WebP read the whole file into memory, and more than once.
MOST_BYTES = 512 * 1024 * 1024


def answer(pictures: Pictures, job: dict[str, Any], path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        status = path.stat()
        if (status.st_size, time_of(status)) != (job["size_bytes"], job["mtime_ns"]):
            return {"gone": True}, b""
        if status.st_size == 0:
            raise Refused("The file is empty.")
        if job["kind"] == "image" and status.st_size > MOST_BYTES:
            raise Refused(f"The file is larger than {MOST_BYTES >> 20} MiB.")
        made = make(pictures, path, job["kind"])
    except FileNotFoundError:
        return {"gone": True}, b""
    except Refused as error:
        return {"error": str(error)}, b""
    except OSError as error:
        return {"error": f"The file could not be read ({error.strerror or error})."}, b""
    except Exception as error:  # noqa: BLE001 - the next file must be made all the same
        return {"error": f"It could not be decoded ({type(error).__name__}: {error})."[:300]}, b""
    # JSON numbers of a browser end at 2^53.
    return {"type": made.type, "dhash": f"{made.dhash:016x}"}, made.placeholder + made.data


def make(pictures: Pictures, path: Path, kind: str) -> Thumbnail:
    return pictures.make(path) if kind == "image" else thumbnail_media.make(path, kind)


def benchmark(paths: list[Path], engine: str = "fast", rounds: int = 5) -> dict[str, float]:
    """CPU seconds per picture: bare decoding against whole thumbnails, turn about, best round.

    Run it in a process with ENVIRONMENT. `engine`: "fast" (PNG of 8 bits, RGB) or "pillow".
    """
    from PIL import Image

    fast = find_fast_png() if engine == "fast" else None
    pictures = Pictures(fast)

    def decode(path: Path) -> None:
        if fast is not None:
            fast.decode(str(path), "rgb")
        else:
            with Image.open(path) as picture:
                picture.load()

    best = {"decode_s": float("inf"), "thumbnail_s": float("inf")}
    for path in paths:
        decode(path)
        pictures.make(path)
    for _ in range(rounds):
        spent = {"decode_s": 0.0, "thumbnail_s": 0.0}
        for path in paths:
            for name, work in (("decode_s", decode), ("thumbnail_s", pictures.make)):
                started = time.process_time()
                work(path)
                spent[name] += time.process_time() - started
        best = {name: min(best[name], spent[name] / len(paths)) for name in best}
    return {**best, "ratio": best["decode_s"] / best["thumbnail_s"]}
