"""A way to a server over a line as slow as a phone's: for browsers whose own emulation sometimes
never ends a page's loading."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator

PIECE = 16 * 1024


@contextlib.contextmanager
def slow_line(port: int, *, delay_s: float, bytes_per_s: float) -> Iterator[int]:
    """The port of 127.0.0.1 that leads to `port` of it; all connections share the bandwidth."""
    loop = asyncio.new_event_loop()
    free_at = {"up": 0.0, "down": 0.0}

    async def carry(way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Each piece leaves when the line is free, and arrives a delay later."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            while True:
                due, piece = await under_way.get()
                await asyncio.sleep(due - time.monotonic())
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

        arriving = asyncio.create_task(arrive())
        try:
            while piece := await reader.read(PIECE):
                free_at[way] = max(free_at[way], time.monotonic()) + len(piece) / bytes_per_s
                under_way.put_nowait((free_at[way] + delay_s, piece))
                await asyncio.sleep(free_at[way] - time.monotonic())
            under_way.put_nowait((time.monotonic() + delay_s, b""))
            await arriving
        finally:
            arriving.cancel()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        ways = [
            asyncio.create_task(carry("up", reader, there_writer)),
            asyncio.create_task(carry("down", there_reader, writer)),
        ]
        # Whichever side goes, the other is told.
        done, left = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
        for one in left:
            one.cancel()
        for one in done:
            one.exception()
        writer.close()
        there_writer.close()

    # In a thread of its own: Playwright's loop runs in the one that asks.
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened = asyncio.start_server(connect, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(opened, loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:

        def end() -> None:
            server.close()
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.call_later(0.05, loop.stop)

        loop.call_soon_threadsafe(end)
        thread.join()
        loop.close()
