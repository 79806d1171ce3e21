"""What handlers ask for in one turn of the event loop is read on a thread, all of it together.

Handing work to a thread and waking the loop again costs several times what reading a thumbnail
does. Where requests come in numbers, they share that; a single one waits no longer than before.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from ..holaf_core.errors import Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")

# Another thread goes on only while the first waits for a disk: two that work take the
# interpreter's lock from each other, and what comes meanwhile is gathered.
AT_ONCE = 3
SLOW_S = 0.01
MOST_TOGETHER = 32


def always() -> bool:
    return True


class Gather(Generic[Item, Answer]):
    """`work(items)` runs on a thread and gives an answer for each of them. For one event loop."""

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Answer]], name: str) -> None:
        self._work = work
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=name)
        self._waiting: deque[tuple[asyncio.Future[Answer], Item, Callable[[], bool]]] = deque()
        self._planned = False
        self._under_way = 0
        self._begun = 0.0
        self._stopped = False

    async def ask(self, item: Item, wanted: Callable[[], bool] = always) -> Answer:
        """The answer for `item`. Raises what `work` raised, and Unavailable.

        `wanted()` is asked, on any thread, before the work begins: nothing is read for a client
        that has gone.
        """
        if self._stopped:
            raise Unavailable("The server is stopping.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((future, item, wanted))
        if not self._planned:
            self._planned = True
            loop.call_soon(self._begin, loop)
        return await future

    def stop(self) -> None:
        """What is under way is still answered. May be called twice, on any thread."""
        self._stopped = True
        self._pool.shutdown(wait=False)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._planned = False
        if self._under_way >= AT_ONCE or not self._waiting:
            return
        wait_s = self._begun + SLOW_S - loop.time()
        if self._under_way and wait_s > 0:
            self._planned = True
            loop.call_later(wait_s, self._begin, loop)
            return
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
        try:
            self._pool.submit(self._run, loop, taken)
        except RuntimeError:  # stopped meanwhile
            self._fail(taken, Unavailable("The server is stopping."))
            return
        self._begun = loop.time()
        self._under_way += 1

    def _run(self, loop: asyncio.AbstractEventLoop, taken: list) -> None:
        asked = [one for one in taken if not one[0].cancelled() and one[2]()]
        answers: Sequence[Answer] = ()
        error: BaseException | None = None
        try:
            if asked:
                answers = self._work([item for _, item, _ in asked])
        except BaseException as caught:  # noqa: BLE001 - it belongs to those who wait
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(self._finish, loop, taken, asked, answers, error)

    def _finish(self, loop, taken: list, asked: list, answers, error) -> None:
        self._under_way -= 1
        if error is not None:
            self._fail(asked, error)
        for (future, _, _), answer in zip(asked, answers, strict=False):
            if not future.done():
                future.set_result(answer)
        if len(asked) < len(taken):
            self._fail(taken, Unavailable("The client did not wait for this."))
        self._begin(loop)

    @staticmethod
    def _fail(taken: list, error: BaseException) -> None:
        for future, _, _ in taken:
            if not future.done():
                future.set_exception(error)
