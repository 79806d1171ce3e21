"""The view engine's numbers, over a database of a million pictures and no file behind it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import engine_library
import floors
from gallery import scratch
from harness import ROOT, SUPPORT, Options, Row, bench, load_pack, percentile

ROWS = 1_000_000
SERVER = SUPPORT / "library_server.py"
WORDS = ("twentieth", "hundredth", "kalomi")
WORST = ("everywhere", "ka")


def about(count: int) -> str:
    return f"{count:,} pictures, {engine_library.ABOUT}"


@contextmanager
def engine(file: Path) -> Iterator[Any]:
    load_pack()
    from holaf.holaf_database import ImageDatabase
    from holaf.holaf_image_viewer_backend.views import ViewEngine

    database = ImageDatabase(file)
    made = ViewEngine(database)
    made.load()
    try:
        yield made
    finally:
        made.stop()
        database.close()


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def in_process(program: str, *arguments: object) -> dict[str, float]:
    """What `program`, which has the pack as `holaf`, prints as JSON."""
    start = (
        f"import runpy; runpy.run_path({str(ROOT / '__main__.py')!r})['load_package']('holaf')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", start + program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return json.loads(done.stdout.splitlines()[-1])


OPENED = """
import json, sys, time
from pathlib import Path
from holaf.holaf_database import ImageDatabase
from holaf.holaf_image_viewer_backend.query import parse
from holaf.holaf_image_viewer_backend.views import ViewEngine
"""

RESTART = (
    OPENED
    + """
started = time.perf_counter()
database = ImageDatabase(Path(sys.argv[1]))
engine = ViewEngine(database)
view = engine.open(parse({}))
rows = database.rows_json(view.window(0, 200), keep_places=True)
done = time.perf_counter() - started
assert len(view.ids) == int(sys.argv[2]), len(view.ids)
print(json.dumps({"ms": done * 1000, "restored": engine._snapshot._saved_rev}))
"""
)


@bench("gallery.restart")
def restart(options: Options) -> list[Row]:
    count = options.count(ROWS)
    with scratch() as data:
        file = engine_library.copied(count, data)
        with engine(file) as made:
            made.save_snapshot()
        found = [in_process(RESTART, file, count) for _ in range(5)]
        assert all(one["restored"] >= 0 for one in found), "the snapshot was not used"
        floor = floors.snapshot(data, count)
    what = f"list and its first 200 rows from the snapshot, new process, {about(count)}"
    value = statistics.median(one["ms"] for one in found)
    return [Row("gallery.restart", what, value, "ms", ("<=", 150), floor)]


VIEWS: tuple[dict, ...] = (
    {},
    {"sort": "size_asc"},
    {"facets": {"rating": {"any": ["4", "5"]}}},
    {"search": "twentieth"},
    {"sort": "resolution_desc", "format_filters": ["PNG"]},
)


@bench("gallery.window")
def window(options: Options) -> list[Row]:
    count, rounds = options.count(ROWS), 1000 if not options.quick else 200

    async def measure(url: str) -> list[float]:
        rng, spent = random.Random(3), []
        async with aiohttp.ClientSession(url) as session:
            views = []
            for asked in VIEWS:
                async with session.post("/holaf/images/view", json=asked) as response:
                    found = await response.json()
                    views.append((found["view"], found["total"]))
            for number in range(rounds + 50):
                view, total = views[number % len(views)]
                start = rng.randrange(max(total - 200, 1))
                path = f"/holaf/images/rows?view={view}&from={start}&count=200"
                started = time.perf_counter()
                async with session.get(path) as response:
                    await response.read()
                    response.raise_for_status()
                if number >= 50:
                    spent.append((time.perf_counter() - started) * 1000)
        return spent

    with scratch() as data:
        file = shutil.copy(engine_library.database(count), data / "holaf_utilities.sqlite")
        (data / "output").mkdir()
        process = subprocess.Popen(
            [sys.executable, str(SERVER), "--data-dir", str(data), "--rows", str(count)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        try:
            assert process.stdout is not None
            url = process.stdout.readline().rpartition(" ")[2].strip().removesuffix("/holaf/view")
            spent = asyncio.run(measure(url))
        finally:
            process.terminate()
            process.wait(20)
        floor = floors.window(Path(file), count, 200)
    what = f"of 200 rows at any depth of {len(VIEWS)} views, over HTTP, {about(count)}"
    return [
        Row("gallery.window", f"p50 {what}", percentile(spent, 0.5), "ms", ("<=", 3), floor),
        Row("gallery.window_p99", f"p99 {what}", percentile(spent, 0.99), "ms", ("<=", 15)),
    ]


def choices(rng: random.Random, known: dict[str, list[str]]) -> dict:
    """A filter as a person clicks it together: one to three facets, sometimes more."""
    facets: dict[str, dict] = {}
    for name in rng.sample(sorted(known), rng.choice((1, 1, 2, 3))):
        kind = "none" if rng.random() < 0.2 else "any"
        facets[name] = {kind: rng.sample(known[name], min(len(known[name]), rng.choice((1, 2))))}
    asked: dict[str, Any] = {"facets": facets}
    if rng.random() < 0.2:
        asked["bool_filters"] = {"has_tags": False}
    if rng.random() < 0.2:
        asked["startDate"] = f"20{rng.randrange(19, 25)}-05-01"
    return asked


@bench("gallery.filter_facets")
def filter_facets(options: Options) -> list[Row]:
    count, rounds = options.count(ROWS), 200 if not options.quick else 50
    with engine(engine_library.database(count)) as made:
        first = made.facets({})["facets"]
        known = {name: [one["value"] for one in found["values"]] for name, found in first.items()}
        rng = random.Random(6)
        asked = [choices(rng, known) for _ in range(rounds)]
        spent = [timed(lambda one=one: made.facets(one)) for one in asked]
    floor = floors.filter_facets(count)
    what = (
        f"p95 of {rounds} filters: exact total and all {len(known)} facets, in the engine, "
        f"{about(count)}"
    )
    return [
        Row("gallery.filter_facets", what, percentile(spent, 0.95), "ms", ("<=", 5), floor),
    ]


def slowest(made: Any, words: tuple[str, ...]) -> float:
    from holaf.holaf_image_viewer_backend.filters import Filters
    from holaf.holaf_image_viewer_backend.query import parse

    worst = 0.0
    for word in words:
        spent = []
        for _ in range(5):
            # Nothing that an earlier round found.
            made._filters = Filters(made._database, made._names, None)
            made._views.clear()
            query = parse({"search": word})
            spent.append(timed(lambda query=query: made.open(query)))
        worst = max(worst, min(spent))
    return worst


@bench("gallery.text_search")
def text_search(options: Options) -> list[Row]:
    count = options.count(ROWS)
    file = engine_library.database(count)
    with engine(file) as made:
        usual, worst = slowest(made, WORDS), slowest(made, WORST)
    what = f"slowest search for a word in {{}} of the pictures, with its view, {about(count)}"
    return [
        Row(
            "gallery.text_search",
            what.format("up to 20 %"),
            usual,
            "ms",
            ("<=", 20),
            floors.text_search(file, list(WORDS)),
        ),
        Row(
            "gallery.text_search_worst",
            what.format("99 %, or for two letters,"),
            worst,
            "ms",
            ("<=", 100),
            floors.text_search(file, list(WORST)),
        ),
    ]


MEMORY = (
    OPENED
    + """
import gc, os
import psutil
process = psutil.Process()
def memory():
    gc.collect()
    return process.memory_info().rss / 1e6
database = ImageDatabase(Path(sys.argv[1]))
database.count()
idle = memory()
engine = ViewEngine(database)
engine.start()
engine.load()
time.sleep(3)
loaded = memory()
rated = {"facets": {"rating": {"any": ["5"]}}}
for asked in ({}, {"sort": "name_asc"}, {"search": "twentieth"}, rated):
    engine.open(parse(asked)).layout()
    engine.facets(asked if "sort" not in asked else {})
time.sleep(3)
used = memory()
database.set_marks(7, rating=5)
database.set_marks(8, rating=5)
engine.open(parse({})).layout()
time.sleep(3)
print(json.dumps({"loaded": loaded - idle, "used": used - idle, "after": memory() - idle}))
engine.stop()
"""
)


@bench("gallery.memory")
def memory(options: Options) -> list[Row]:
    count = options.count(ROWS)
    with scratch() as data:
        file = engine_library.copied(count, data)
        with engine(file) as made:
            made.save_snapshot()
        found = in_process(MEMORY, file)
    what = (
        f"memory over idle, some seconds after two whole views, a search, facets and two commits ("
        f"{found['loaded']:.0f} MB once loaded), {about(count)}"
    )
    worst = max(found["used"], found["after"])
    return [Row("gallery.memory", what, worst, "MB", ("<=", 80), count * 50 / 1e6)]
