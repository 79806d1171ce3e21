"""What is asked in one turn of the loop is read together, on a thread."""

from __future__ import annotations

import asyncio
import threading

import pytest


class Work:
    """Doubles numbers; each call waits until it is let go."""

    def __init__(self):
        self.calls = []
        self.threads = set()
        self.go = threading.Event()
        self.go.set()
        self.called = threading.Semaphore(0)

    def __call__(self, items):
        self.calls.append(list(items))
        self.threads.add(threading.current_thread())
        self.called.release()
        assert self.go.wait(30)
        if "bad" in items:
            raise ValueError("bad")
        return [2 * one for one in items]


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def gather(work):
    from holaf.holaf_image_viewer_backend.gather import Gather

    gather = Gather(work, "test")
    yield gather
    work.go.set()
    gather.stop()
    gather.stop()


async def begun(work):
    assert await asyncio.to_thread(work.called.acquire, timeout=30)


async def test_what_is_asked_in_one_turn_is_worked_together_and_answered_apart(gather, work):
    assert await asyncio.gather(*(gather.ask(one) for one in (1, 2, 3))) == [2, 4, 6]
    assert work.calls == [[1, 2, 3]]
    assert threading.current_thread() not in work.threads


async def test_what_comes_while_the_thread_waits_for_a_disk_does_not_wait_with_it(gather, work):
    work.go.clear()
    first = asyncio.create_task(gather.ask(1))
    await begun(work)
    second = asyncio.create_task(gather.ask(2))
    await begun(work)  # though the first has not come back
    work.go.set()
    assert [await first, await second] == [2, 4]


async def test_nothing_is_read_for_a_client_that_has_gone(gather, work):
    from holaf.holaf_core.errors import Unavailable

    gone = asyncio.create_task(gather.ask(1, lambda: False))
    cancelled = asyncio.create_task(gather.ask(2))
    stays = asyncio.create_task(gather.ask(3))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert await stays == 6
    with pytest.raises(Unavailable):
        await gone
    assert [one for call in work.calls for one in call] == [3]


async def test_an_error_reaches_those_who_asked_and_nobody_else(gather, work):
    together = await asyncio.gather(gather.ask("bad"), gather.ask(1), return_exceptions=True)
    assert [type(one) for one in together] == [ValueError, ValueError]
    assert await gather.ask(4) == 8


async def test_after_the_end_nothing_is_begun(gather, work):
    from holaf.holaf_core.errors import Unavailable

    waiting = asyncio.create_task(gather.ask(1))
    await asyncio.sleep(0)
    gather.stop()
    for late in (gather.ask(2), gather.ask(3)):
        with pytest.raises(Unavailable):
            await late
    # Asked before the end: worked on or refused, never left waiting.
    (found,) = await asyncio.wait_for(asyncio.gather(waiting, return_exceptions=True), 30)
    assert found == 2 or isinstance(found, Unavailable)
