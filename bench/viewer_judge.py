"""How long it takes to judge 100,000 of a million pictures, over HTTP."""

from __future__ import annotations

import asyncio
import base64
import random
import shutil
import time

import aiohttp
import engine_library
from engine import SERVER, about
from gallery import scratch
from harness import Options, Row, bench
from running_server import RunningServer

ROWS, CHOSEN = 1_000_000, 100_000


@bench("viewer.judge_100k")
def judge(options: Options) -> list[Row]:
    count = options.count(ROWS)
    chosen = min(CHOSEN, count // 10)
    rng = random.Random(4)
    # A search's hits lie anywhere; a folder's lie together.
    scattered = bytearray(-(-count // 8))
    for place in rng.sample(range(count), chosen):
        scattered[place >> 3] |= 1 << (place & 7)
    places = {
        "that lie together": {"ranges": [[count // 5, chosen]]},
        "that lie scattered": {"bits": base64.b64encode(scattered).decode()},
    }
    changes = {
        "rate": [{"rating": 1 + number % 5} for number in range(3)],
        "tag": [{"add_tags": [f"fresh {number}"]} for number in range(3)],
    }

    async def measure(url: str) -> dict[tuple[str, str], float]:
        found: dict[tuple[str, str], float] = {}
        async with aiohttp.ClientSession(url) as session:

            async def ask(path: str, data: dict) -> tuple[dict, float]:
                started = time.perf_counter()
                async with session.post(f"/holaf/images/{path}", json=data) as response:
                    answer = await response.json()
                    response.raise_for_status()
                return answer, time.perf_counter() - started

            for where, which in places.items():
                for name, tried in changes.items():
                    spent, undone = [], []
                    for change in tried:
                        view, _ = await ask("view", {})
                        selected = {"view": view["view"], **which, **change}
                        answer, seconds = await ask("judge", selected)
                        assert answer["changed"] > chosen * 0.9, answer
                        spent.append(seconds)
                        answer, seconds = await ask("judge/undo", {"undo": answer["undo"]})
                        assert answer["changed"] > chosen * 0.9, answer
                        undone.append(seconds)
                    found[name, where] = sorted(spent)[1]
                    found[f"{name}, undone", where] = sorted(undone)[1]
        return found

    with scratch() as data:
        shutil.copy(engine_library.database(count), data / "holaf_utilities.sqlite")
        (data / "output").mkdir()
        with RunningServer(SERVER, "--data-dir", data, "--port", 0, name="library") as server:
            found = asyncio.run(measure(server.url))
    parts = ", ".join(f"{name} {where}: {one:.2f}" for (name, where), one in found.items())
    what = f"{chosen:,} selected pictures, the slowest median of 3 of: {parts}; {about(count)}"
    return [Row("viewer.judge_100k", what, max(found.values()), "s", ("<=", 1.0))]
