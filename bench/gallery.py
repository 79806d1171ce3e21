"""The gallery's numbers, taken from a running server of ours as a browser or a script sees it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import corpus
import floors
from harness import ROOT, SUPPORT, Options, Row, bench, cache, percentile

sys.path.append(str(SUPPORT))
from running_server import RunningServer, standalone  # noqa: E402

HERE = Path(__file__).resolve().parent
DEADLINE_S = 600
CLIENTS = 10
SEARCHES = ("lighthouse", "neon rain", "lantern fox", "marble", "aurora storm")


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="holaf-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def get(session: aiohttp.ClientSession, path: str) -> dict:
    async with session.get(path) as response:
        response.raise_for_status()
        return await response.json()


async def post(session: aiohttp.ClientSession, path: str, data: dict) -> dict:
    async with session.post(path, json=data) as response:
        response.raise_for_status()
        return await response.json()


async def until_indexed(session: aiohttp.ClientSession, count: int) -> float:
    """Waits until `count` files are in the list; returns the moment (perf_counter)."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        status = await get(session, "/holaf/images/index-status")
        now = time.perf_counter()
        if status["state"] == "idle":
            total = (await post(session, "/holaf/images/list", {"limit": 1}))["total_count"]
            if total >= count:
                return now
        # Asking is work for the server too, and on two cores it would be taken from the index.
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{count} files were not indexed within {DEADLINE_S} s: {status}")


def on_server(server: RunningServer, work):
    """Run `work(session)` with a client of that server."""

    async def run():
        async with aiohttp.ClientSession(server.url) as session:
            return await work(session)

    return asyncio.run(run())


@bench("gallery.first_index")
def first_index(options: Options) -> list[Row]:
    count = options.count(30_000)
    folder = corpus.generations(count)
    with scratch() as data:
        # The floor first: it also warms the file cache.
        floors.first_index(folder, data / "warm.sqlite")
        floor = floors.first_index(folder, data / "floor.sqlite")
        with standalone(folder, data) as server:
            started = time.perf_counter()
            done = on_server(server, lambda session: until_indexed(session, count))
    what = (
        f"first index of {count:,} files with metadata and full text, warm; a quarter of the "
        "prompts and a quarter of the graphs are distinct"
    )
    return [
        Row("gallery.first_index", what, count / (done - started), "files/s", (">=", 12000), floor)
    ]


@bench("gallery.db_bytes")
def db_bytes(options: Options) -> list[Row]:
    count = options.count(30_000)
    folder = corpus.generations(count)
    with scratch() as data:
        with standalone(folder, data) as server:
            on_server(server, lambda session: until_indexed(session, count))
        # A server that ends has written its log back; whatever is left of it counts too.
        size = sum(path.stat().st_size for path in data.rglob("holaf_utilities.sqlite*"))
    what = (
        f"database per image after an index of {count:,} files, without thumbnails; a quarter of "
        "the prompts and a quarter of the graphs are distinct"
    )
    return [Row("gallery.db_bytes", what, size / count, "bytes", ("<=", 1300))]


@bench("gallery.list_window")
def list_window(options: Options) -> list[Row]:
    count, rounds = options.count(100_000), 1000 if not options.quick else 200
    folder = corpus.many_rows(count)

    async def measure(session: aiohttp.ClientSession) -> list[float]:
        await until_indexed(session, count)
        view = (await post(session, "/holaf/images/view", {"sort": "mtime_desc"}))["view"]
        rng, spent = random.Random(3), []
        for number in range(rounds + 20):
            start = rng.randrange(max(count - 200, 1))
            started = time.perf_counter()
            async with session.get(
                f"/holaf/images/rows?view={view}&from={start}&count=200"
            ) as response:
                body = await response.read()
            if number >= 20:
                spent.append((time.perf_counter() - started) * 1000)
            assert response.status == 200, body[:300]
        return spent

    with scratch() as data, standalone(folder, data) as server:
        spent = on_server(server, measure)
    floor = floors.list_window(count, rounds)
    what = f"p99 of a list window of 200 at any depth of {count:,} rows, over HTTP"
    return [Row("gallery.list_window", what, percentile(spent, 0.99), "ms", ("<=", 20), floor)]


@bench("gallery.new_file")
def new_file(options: Options) -> list[Row]:
    from playwright.sync_api import sync_playwright

    rounds = options.count(40)
    spent = []
    with scratch() as data:
        folder = data / "pictures"
        folder.mkdir()
        for number in range(12):
            corpus.large_picture(folder / f"before_{number:03}_.png", number)
        with standalone(folder, data / "data") as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=options.chromium or shutil.which("chromium"),
                args=["--no-sandbox", "--disable-gpu"],
            )
            page = browser.new_page(viewport={"width": 1600, "height": 900})
            page.goto(f"{server.url}/holaf/view")
            page.wait_for_function(SHOWN, arg="before_011_")
            for number in range(rounds):
                name = f"fresh_{number:03}_"
                made = data / "made.png"
                corpus.large_picture(made, 100 + number)
                picture = made.read_bytes()
                waiting = page.evaluate_handle(WAIT_SHOWN, name)
                with (folder / f"{name}.png").open("wb") as file:
                    file.write(picture)
                closed = time.time() * 1000
                spent.append(page.evaluate("found => found.promise", waiting) - closed)
            browser.close()
    what = f"p95 from a writer's close to its thumbnail on screen, {rounds} files of 1024²"
    return [Row("gallery.new_file", what, percentile(spent, 0.95), "ms", ("<=", 400))]


# An <img> with pixels in, or beside, whatever names the file.
SHOWN = """(name) => [...document.querySelectorAll("img")].some((image) => {
  if (!(image.complete && image.naturalWidth > 0)) return false;
  let depth = 0;
  for (let element = image; element && depth < 4; element = element.parentElement, depth++) {
    for (const attribute of element.attributes) if (attribute.value.includes(name)) return true;
    if (depth && element.querySelectorAll("img").length > 1) return false;
    if (element.textContent.includes(name)) return true;
  }
  return false;
})"""
WAIT_SHOWN = (
    """(name) => { const shown = """
    + SHOWN
    + """;
  return {promise: new Promise((resolve, reject) => {
    const started = performance.now();
    const look = () => {
      if (shown(name)) resolve(performance.timeOrigin + performance.now());
      else if (performance.now() - started > 30000) reject(new Error(name + " did not appear"));
      else requestAnimationFrame(look);
    };
    look();
  })}; }"""
)


def thumbnails_row(id: str, engine: str, target: float, options: Options) -> list[Row]:
    """Bare decoding against whole thumbnails, in a process like that of a thumbnail worker."""
    folder = corpus.large_pictures(40 if not options.quick else 8)
    program = (
        "import sys, json, runpy; from pathlib import Path\n"
        f"runpy.run_path({str(ROOT / '__main__.py')!r})['load_package']('holaf')\n"
        "from holaf.holaf_image_viewer_backend import thumbnail_worker as worker\n"
        f"paths = sorted(Path({str(folder)!r}).glob('*.png'))\n"
        f"print(json.dumps(worker.benchmark(paths, {engine!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    what = f"thumbnails of 1024² PNG at 320 px against bare decoding, {engine} engine, one core"
    value, floor = 1 / found["thumbnail_s"], 1 / found["decode_s"]
    return [Row(id, what, value, "1/s", (">=", target), floor, by_ratio=True)]


def environment() -> dict[str, str]:
    from harness import load_pack

    load_pack()
    from holaf.holaf_image_viewer_backend.thumbnail_worker import ENVIRONMENT

    return ENVIRONMENT


@bench("gallery.thumbnails")
def thumbnails(options: Options) -> list[Row]:
    return thumbnails_row("gallery.thumbnails", "fast", 0.70, options)


@bench("gallery.thumbnails_pillow")
def thumbnails_pillow(options: Options) -> list[Row]:
    return thumbnails_row("gallery.thumbnails_pillow", "pillow", 0.85, options)


class Beating:
    """A heartbeat.py process."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "heartbeat.py"), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # Compiled modules are kept, as those of an installed pack are, but not in the clone.
            env={
                **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
                "PYTHONPYCACHEPREFIX": str(cache() / "pyc"),
            },
        )

    def order(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def report(self) -> dict[str, float]:
        self.order("report")
        return json.loads(self.line())

    def __enter__(self) -> Beating:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


@bench("gallery.loop_stall")
def loop_stall(options: Options) -> list[Row]:
    count = options.count(30_000)
    rows = []
    for way, host in (("serve", "the server"), ("serve-unfrozen", "a host as ComfyUI is")):
        ours_late, bare_late = stalls(options, count, way)
        worst = ", ".join(f"{late:.1f} ({spent:.1f})" for late, spent in ours_late["worst"])
        print(f"  {way}: latest beats in ms (garbage collection): {worst}", file=sys.stderr)
        for key, limit in (("p99", 5), ("max", 15)):
            what = (
                f"{key} stall of the loop of {host} over a bare loop beside the same load: index "
                f"of {count:,}, thumbnails, {CLIENTS} clients that search and scroll"
            )
            id = "gallery.loop_stall" + ("_unfrozen" if way != "serve" else "")
            id += "_max" if key == "max" else ""
            over = ours_late[key] - bare_late[key]
            rows.append(Row(id, what, over, "ms", ("<=", limit), bare_late[key]))
    return rows


def stalls(options: Options, count: int, way: str) -> tuple[dict, dict]:
    """How late the server's loop was meanwhile, and how late a bare one."""
    pictures = corpus.large_pictures(40 if not options.quick else 8)
    generations = corpus.generations(count)
    with scratch() as data:
        folder = data / "pictures"
        folder.mkdir()
        # Both kinds of work in one folder: files to index, and large ones to make thumbnails of.
        for source in itertools.chain(generations.rglob("*.png"), pictures.glob("*.png")):
            (folder / source.parent.name).mkdir(exist_ok=True)
            link(source, folder / source.parent.name / source.name)
        with Beating() as bare, Beating(way, folder, data / "data") as ours:
            url = ours.line().rpartition(" ")[2].strip()
            bare.order("reset")
            ours.order("reset")
            asyncio.run(search_while_indexing(url, count))
            ours_late, bare_late = ours.report(), bare.report()
    return ours_late, bare_late


def link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another file system
        shutil.copyfile(source, target)


async def search_while_indexing(url: str, count: int) -> None:
    """Ten clients search and scroll until the index is complete, and for at least eight seconds."""
    async with aiohttp.ClientSession(url) as session:
        finished = asyncio.Event()

        async def search(number: int) -> None:
            for turn in itertools.count(number):
                if finished.is_set():
                    return
                asked = {"search": SEARCHES[turn % len(SEARCHES)], "sort": "mtime_desc"}
                found = await post(session, "/holaf/images/view", asked)
                await get(session, f"/holaf/images/rows?view={found['view']}&from=0&count=100")
                await asyncio.sleep(0.05)
                scrolled = await post(session, "/holaf/images/view", {"sort": "mtime_desc"})
                start = (turn * 7919) % max(scrolled["total"] - 100, 1)
                path = f"/holaf/images/rows?view={scrolled['view']}&from={start}&count=100"
                await get(session, path)
                await asyncio.sleep(0.05)

        async def end() -> None:
            await asyncio.gather(until_indexed(session, count), asyncio.sleep(8))
            finished.set()

        await asyncio.gather(end(), *(search(number) for number in range(CLIENTS)))
