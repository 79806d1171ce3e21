"""Serves the gallery over a library of any size without a file behind it: the rows are made up,
and share a few hundred real thumbnails.

    python tests/support/library_server.py --rows 1000000 --data-dir /tmp/million --port 0
"""

from __future__ import annotations

import argparse
import asyncio
import io
import logging
import random
import runpy
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
runpy.run_path(str(ROOT / "__main__.py"))["load_package"]("holaf")

SHAPES = ((320, 214), (214, 320), (320, 320), (320, 180), (256, 320))
WORDS = ("harbour", "lantern", "orchid", "comet", "meadow", "copper", "violin", "glass")
LAST = datetime(2026, 11, 20, 23)  # noqa: DTZ001 - as the user's clock shows it
PER_DAY = 380
CHUNK = 20_000


def thumbnail(number: int, width: int, height: int) -> tuple[bytes, bytes]:
    """A picture with soft shapes in it, so that it is as big as a real one; and its 4 x 4."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8))
    fine = Image.fromarray(rng.integers(90, 165, (height // 2, width // 2, 3), dtype=np.uint8))
    picture = Image.blend(
        coarse.resize((width, height), Image.Resampling.BICUBIC),
        fine.resize((width, height), Image.Resampling.BILINEAR),
        0.3,
    )
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=80)
    return file.getvalue(), picture.resize((4, 4), Image.Resampling.BOX).tobytes()


def name_of(number: int) -> str:
    return f"{number:016x}"


def make_up(database, models: list[str]) -> None:
    """Give each picture one of `models`, the seed 7 × its id, and 0 to 5 stars, by turns."""

    def job(db, rev):
        db.executemany("INSERT INTO names (kind, name) VALUES ('model', ?)", [(m,) for m in models])
        ids = [row[0] for row in db.execute("SELECT id FROM names WHERE kind = 'model'")]
        db.execute("CREATE TEMP TABLE turns AS SELECT value, key FROM json_each(?)", (str(ids),))
        db.execute(
            "UPDATE images SET rev = ?, seed = 7 * id, "
            "model_id = (SELECT value FROM turns WHERE key = images.id % ?)",
            (rev, len(ids)),
        )
        db.execute("INSERT INTO marks (image_id, rating) SELECT id, id % 6 FROM images")

    database._change(job)


def fill(
    data_dir: Path, rows: int, pictures: int, per_day: int = PER_DAY, models: str = ""
) -> None:
    from holaf.holaf_database import ImageDatabase
    from holaf.holaf_image_records import IndexedFile, ThumbnailResult
    from holaf.holaf_image_viewer_backend.thumbnail_store import Stored, ThumbnailStore

    store = ThumbnailStore(data_dir / ".cache" / "thumbnails" / "thumbnails.sqlite")
    store.open()
    made = [thumbnail(n, *SHAPES[n % len(SHAPES)]) for n in range(pictures)]
    store.put([(name_of(n + 1), Stored(1, *one)) for n, one in enumerate(made)])
    store.close()
    database = ImageDatabase(data_dir / "holaf_utilities.sqlite")
    pick = random.Random(7)
    for start in range(0, rows, CHUNK):
        files, shown = [], []
        for number in range(start, min(rows, start + CHUNK)):
            one = pick.randrange(pictures)
            width, height = SHAPES[one % len(SHAPES)]
            moment = LAST - timedelta(days=number / per_day)
            files.append(
                IndexedFile(
                    root_id="output",
                    folder=f"{moment:%Y-%m}",
                    filename=f"{pick.choice(WORDS)}_{number:07}_.png",
                    mtime_ns=int(moment.timestamp() * 1e9),
                    size_bytes=1_500_000 + number % 1000,
                    format="PNG",
                    width=width * 4,
                    height=height * 4,
                    pixel_key=number + 1,
                    thumb_hash=name_of(one + 1),
                )
            )
            shown.append(one)
        ids = database.store(files=files).added_ids
        database.set_thumbnails(
            [
                ThumbnailResult(image_id, name_of(one + 1), made[one][1])
                for image_id, one in zip(ids, shown, strict=True)
            ]
        )
    if models:
        make_up(database, models.split(","))
    database.close()


def main() -> None:
    from aiohttp import web
    from holaf.holaf_app import Pack
    from holaf.holaf_core.host import Host
    from holaf.holaf_standalone import ADDRESS, listen

    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--per-day", type=int, default=PER_DAY)
    parser.add_argument("--made-with", default="", help="models, with commas between them")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    data = args.data_dir.resolve()
    output = data / "output"
    if not output.exists():
        data.mkdir(parents=True, exist_ok=True)
        fill(data, args.rows, args.pictures, args.per_day, args.made_with)
        output.mkdir()
    host = Host(kind="standalone", output_dir=output, data_dir=data, system_dir=data / "private")
    pack = Pack(host)
    # The indexer would find no files: it stays off. So do the thumbnails, which all exist.
    app = web.Application()
    app.add_routes(pack.route_defs())

    async def run(app: web.Application):
        pack.engine.start()
        pack.events.publish(
            "images.index", {"state": "idle", "found": args.rows, "done": args.rows}, keep=True
        )
        yield
        await asyncio.to_thread(pack.engine.stop)

    app.cleanup_ctx.append(run)
    socket = listen(args.port)
    sys.stdout.write(f"Listening on http://{ADDRESS}:{socket.getsockname()[1]}/holaf/view\n")
    sys.stdout.flush()
    web.run_app(app, sock=socket, print=None, shutdown_timeout=1)


if __name__ == "__main__":
    main()
