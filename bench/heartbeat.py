"""How late an event loop is: a task that wants to run each millisecond and notes when it may not.

    python heartbeat.py                          an empty loop, alone
    python heartbeat.py serve FOLDER DATA_DIR    the loop of our own server over FOLDER
    python heartbeat.py serve-unfrozen FOLDER DATA_DIR
                                                 the same as in ComfyUI, whose heap the garbage
                                                 collector goes through whole

Prints "Listening on URL" where it serves; on a line on stdin it forgets what it noted ("reset") or
prints the lateness in ms as JSON ("report"), and of the latest beats how much of each was garbage
collection.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
import time
from pathlib import Path

EVERY_S = 0.001
WORTH_NOTING_MS = 8.0


class Heartbeat:
    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self.worst: list[tuple[float, float]] = []
        self._collecting = 0.0
        self._collected = 0.0
        self._reset_at = 0.0
        gc.callbacks.append(self._note_collection)

    def _note_collection(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            self._collected += time.perf_counter() - self._collecting

    async def run(self) -> None:
        while True:
            wanted = time.perf_counter() + EVERY_S
            before = self._collected
            await asyncio.sleep(EVERY_S)
            late = (time.perf_counter() - wanted) * 1000
            if wanted - EVERY_S < self._reset_at:
                continue  # our own collection before the reset, not the server's
            self.late_ms.append(late)
            if late > WORTH_NOTING_MS:
                self.worst.append((late, (self._collected - before) * 1000))

    def reset(self) -> None:
        self.late_ms, self.worst = [], []
        self._reset_at = time.perf_counter()

    def report(self) -> dict[str, float | list]:
        worst = sorted(self.worst, reverse=True)[:8]
        values, self.late_ms = sorted(self.late_ms), []
        if not values:
            return {"p50": 0.0, "p99": 0.0, "max": 0.0, "beats": 0, "worst": []}
        return {
            "p50": values[len(values) // 2],
            "p99": values[min(len(values) - 1, int(len(values) * 0.99))],
            "max": values[-1],
            "beats": len(values),
            "worst": worst,
        }


async def main(arguments: list[str]) -> None:
    loop = asyncio.get_running_loop()
    heartbeat = Heartbeat()
    beating = loop.create_task(heartbeat.run())
    asked: asyncio.Queue[str] = asyncio.Queue()

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(asked.put_nowait, line.strip())
        loop.call_soon_threadsafe(asked.put_nowait, "end")

    threading.Thread(target=listen, daemon=True).start()
    runner = None
    if arguments:
        runner = await serve(*map(Path, arguments[1:3]), spare=arguments[0] == "serve")
    while (order := await asked.get()) != "end":
        if order == "reset":
            gc.collect()
            heartbeat.reset()
        elif order == "report":
            print(json.dumps(heartbeat.report()), flush=True)
    beating.cancel()
    if runner is not None:
        await runner.cleanup()


async def serve(folder: Path, data_dir: Path, *, spare: bool):
    from aiohttp import web
    from harness import load_pack

    load_pack()
    from holaf.holaf_app import Pack
    from holaf.holaf_standalone import (
        build_application,
        import_ahead,
        spare_the_collector,
        standalone_host,
    )

    if spare:
        import_ahead()
    else:
        import numpy.ma  # noqa: F401 - ComfyUI has it through scipy

    runner = web.AppRunner(
        build_application(Pack(standalone_host(folder, data_dir))), shutdown_timeout=1
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    if spare:
        spare_the_collector()
    print(f"Listening on http://127.0.0.1:{port}", flush=True)
    return runner


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
