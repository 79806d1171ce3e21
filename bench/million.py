"""Around a library of a million files on disk: a restart, a new file, the host's loop."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import aiohttp
import gallery
import library
from gallery import Beating, RunningServer, get, post, scratch
from harness import ROOT, Options, Row, bench, cache, percentile

FILES = 1_000_000
ROUNDS = 5
FRESH = "batch_000"
SEARCHES = ("twentieth", "kalomi", "neon")
SORTS = ("mtime_desc", "name_asc", "size_desc", "model_asc")


@contextlib.contextmanager
def known(options: Options) -> Iterator[tuple[Path, Path, int]]:
    """(folder, data_dir, count); what is written into FRESH meanwhile goes again."""
    count = options.count(FILES)
    with scratch() as data:
        folder, data_dir = library.copied(count, data / "data")
        before = (folder / FRESH).stat()
        try:
            yield folder, data_dir, count
        finally:
            for path in (folder / FRESH).glob("fresh_*"):
                path.unlink()
            os.utime(folder / FRESH, ns=(before.st_atime_ns, before.st_mtime_ns))


def server_over(folder: Path, data_dir: Path) -> RunningServer:
    """As `standalone`, but with its modules compiled, as those of an installed pack are."""
    return RunningServer(
        ROOT, "--folder", folder, "--data-dir", data_dir, "--port", 0, "--no-browser",
        environment={"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(cache() / "pyc")},
    )  # fmt: skip


@bench("gallery.reconcile")
def reconcile(options: Options) -> list[Row]:
    rows = []
    for cold in (False, True):
        found, compared = [], 0.0
        for turn in range(2 if options.quick else ROUNDS):
            with known(options) as (folder, data_dir, count):
                if cold:
                    forget(data_dir)
                began = time.perf_counter()
                with server_over(folder, data_dir) as server:
                    # Minutes, so once.
                    whole = not cold and not turn
                    times = gallery.on_server(server, partial(restarted, count, whole))
            served, listed, agrees, all_compared = (moment - began for moment in times)
            found.append((agrees, served, listed))
            compared = all_compared if whole else compared
        agrees, served, listed = (statistics.median(values) for values in zip(*found, strict=True))
        what = (
            f"from the start of the server's process until every folder of {count:,} known files "
            f"agrees with the database (it served after {served:.2f}, had listed after {listed:.2f}"
        )
        what += (
            "), its data not in the file cache"
            if cold
            else (
                f"; the size and time of each file compared, at half speed, after {compared:.0f})"
            )
        )
        id = "gallery.reconcile" + ("_cold" if cold else "")
        rows.append(Row(id, what, agrees, "s", ("<=", 1.5)))
    return rows


def forget(data_dir: Path) -> None:
    """Take the files of the data folder out of the file cache (names and inodes stay)."""
    for path in data_dir.rglob("*"):
        if path.is_file() and hasattr(os, "posix_fadvise"):
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


async def restarted(
    count: int, whole: bool, session: aiohttp.ClientSession
) -> tuple[float, float, float, float]:
    """When it served, listed all, agreed with the disk by name and, for `whole`, by each file."""
    started = time.perf_counter()
    listed = agrees = 0.0
    while True:
        status = await get(session, "/holaf/images/index-status")
        if status["state"] == "idle":
            agrees = agrees or time.perf_counter()
            if not (whole and status["checking"]):
                return started, listed, agrees, time.perf_counter()
        if not listed:
            found = await post(session, "/holaf/images/list", {"limit": 1})
            assert found["total_count"] == count
            listed = time.perf_counter()
        await asyncio.sleep(0.1 if agrees else 0.01)


@bench("gallery.new_file_told")
def new_file_told(options: Options) -> list[Row]:
    rounds = 10 if options.quick else 40
    with known(options) as (folder, data_dir, count), server_over(folder, data_dir) as server:
        early, late = gallery.on_server(server, lambda session: tell_new(session, folder, rounds))
    what = (
        f"p95 from a writer's close until the new file is listed and a page was told, in a library "
        f"of {count:,}, without a browser, {rounds} files"
    )
    during = "; right after the start, while all known files are compared with the disk"
    return [
        Row(
            "gallery.new_file_told" + end,
            f"{what} (median {statistics.median(spent):.0f}){more}",
            percentile(spent, 0.95),
            "ms",
            ("<=", 100),
        )
        for end, more, spent in (("", "", late), ("_at_start", during, early))
    ]


async def tell_new(
    session: aiohttp.ClientSession, folder: Path, rounds: int
) -> tuple[list[float], list[float]]:
    """ms of each file: while known files are compared, and afterwards."""
    picture = (library.originals() / "original_0001.png").read_bytes()
    numbers = itertools.count()

    async def spent(socket: aiohttp.ClientWebSocketResponse) -> float:
        total = (await post(session, "/holaf/images/list", {"limit": 1}))["total_count"]
        path = folder / FRESH / f"fresh_{next(numbers):04}_.png"
        path.write_bytes(picture)
        closed = time.perf_counter()
        async for data in events(socket):
            if data["total_count"] > total:
                break
        took = (time.perf_counter() - closed) * 1000
        await asyncio.sleep(0.5)  # its thumbnail is told of too
        return took

    async with session.ws_connect("/holaf/events") as socket:
        await socket.send_json({"subscribe": ["images.changed"], "since": None})
        while (await get(session, "/holaf/images/index-status"))["state"] != "idle":
            await asyncio.sleep(0.01)
        early = [await spent(socket) for _ in range(rounds)]
        while (await get(session, "/holaf/images/index-status"))["checking"]:
            await asyncio.sleep(0.2)
        return early, [await spent(socket) for _ in range(rounds)]


async def events(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[dict]:
    """What `images.changed` says."""
    while True:
        received = json.loads((await socket.receive()).data)
        for message in received if isinstance(received, list) else [received]:
            if message.get("topic") == "images.changed":
                yield message["data"]


@bench("gallery.loop_stall_1m")
def loop_stall(options: Options) -> list[Row]:
    with (
        known(options) as (folder, data_dir, count),
        Beating() as bare,
        Beating("serve", folder, data_dir) as ours,
    ):
        url = ours.line().rpartition(" ")[2].strip()
        bare.order("reset")
        ours.order("reset")
        asyncio.run(everything(url, folder, 5 if options.quick else 20))
        ours_late, bare_late = ours.report(), bare.report()
    worst = ", ".join(f"{late:.1f} ({spent:.1f})" for late, spent in ours_late["worst"])
    print(f"  latest beats in ms (garbage collection): {worst}", file=sys.stderr)
    what = (
        f"stall of the server's loop over a bare loop beside the same load: start over {count:,} "
        f"known files, then {gallery.CLIENTS} clients that open, scroll, filter and count while "
        "files come"
    )
    return [
        Row(
            "gallery.loop_stall_1m" + ("_max" if key == "max" else ""),
            f"{key} {what}",
            ours_late[key] - bare_late[key],
            "ms",
            ("<=", limit),
            bare_late[key],
        )
        for key, limit in (("p99", 5), ("max", 15))
    ]


async def everything(url: str, folder: Path, seconds: float) -> None:
    picture = (library.originals() / "original_0002.png").read_bytes()
    async with aiohttp.ClientSession(url) as session:
        end = time.monotonic() + seconds

        async def client(number: int) -> None:
            for turn in itertools.count(number):
                if time.monotonic() > end:
                    return
                asked: dict = {"sort": SORTS[turn % len(SORTS)]}
                if turn % 2:
                    asked["search"] = SEARCHES[turn % len(SEARCHES)]
                found = await post(session, "/holaf/images/view", {**asked, "first": 50})
                view, total = found["view"], found["total"]
                async with session.get(f"/holaf/images/view/{view}/layout") as answer:
                    await answer.read()
                await post(session, "/holaf/images/facets", asked)
                for place in range(5):
                    start = (turn * 7919 + place * 104_729) % max(total - 100, 1)
                    path = f"/holaf/images/rows?view={view}&from={start}&count=100"
                    async with session.get(path) as answer:
                        if answer.status == 404:  # forgotten for newer ones: opened again
                            break
                        answer.raise_for_status()
                        await answer.read()
                    await asyncio.sleep(0.03)

        async def index() -> None:
            for number in itertools.count():
                if time.monotonic() > end:
                    return
                path = folder / FRESH / f"fresh_stall_{number:04}_.png"
                await asyncio.to_thread(path.write_bytes, picture)
                await asyncio.sleep(0.2)

        await asyncio.gather(index(), *(client(number) for number in range(gallery.CLIENTS)))
