"""Lanes: the newest question first, one answer for all who ask the same, and nobody held up."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest
from holaf.holaf_core.errors import BadRequest, Unavailable
from holaf.holaf_image_viewer_backend.regex_lanes import (
    MOST_ATTEMPTS,
    MOST_WAITING,
    Lane,
    Unanswered,
    answers,
    without_waiting,
)


class Gate:
    """Answers a question with its key once it is let through."""

    def __init__(self):
        self.seen = []
        self.begun = threading.Semaphore(0)
        self.open = threading.Semaphore(0)

    def find(self, question):
        self.seen.append((question.key, question.rev))
        self.begun.release()
        assert self.open.acquire(timeout=30)
        return question.key

    def let(self, number):
        self.open.release(number)


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def lane(gate):
    lane = Lane("test", gate.find, lambda: None, 60)
    yield lane
    lane.stop(lambda: gate.let(1000))


def test_the_newest_question_is_answered_next(lane, gate):
    first = lane.ask("ca", 1)
    assert gate.begun.acquire(timeout=30)
    others = [lane.ask(key, 1) for key in ("cas", "cast", "castle")]
    lane.ask("cas", 1)
    gate.let(4)
    assert [one.result(30) for one in (first, *others)] == ["ca", "cas", "cast", "castle"]
    assert [key for key, _ in gate.seen] == ["ca", "cas", "castle", "cast"]


def test_the_same_question_is_answered_once(lane, gate):
    running = [lane.ask("a", 2) for _ in range(3)]
    assert gate.begun.acquire(timeout=30)
    running.append(lane.ask("a", 1))
    newer = [lane.ask("a", 3), lane.ask("a", 4)]
    gate.let(2)
    assert [one.result(30) for one in (*running, *newer)] == ["a"] * 6
    assert gate.seen == [("a", 2), ("a", 4)]


def test_the_oldest_question_is_given_up_where_too_many_wait(lane, gate):
    lane.ask("first", 1)
    assert gate.begun.acquire(timeout=30)
    waiting = [lane.ask(number, 1) for number in range(MOST_WAITING + 1)]
    with pytest.raises(Unavailable, match="Too many"):
        waiting[0].result(30)
    gate.let(MOST_WAITING + 1)
    assert [one.result(30) for one in waiting[1:]] == list(range(1, MOST_WAITING + 1))


def test_a_mistake_is_raised_where_it_was_asked_and_the_lane_goes_on():
    def find(question):
        if question.key == "bad":
            raise BadRequest("No.")
        return question.key

    lane = Lane("test", find, lambda: None, 60)
    with pytest.raises(BadRequest):
        lane.ask("bad", 1).result(30)
    assert lane.ask("good", 1).result(30) == "good"
    lane.stop(lambda: None)


def test_a_lane_that_stops_answers_nobody_any_more(lane, gate):
    lane.ask("a", 1)
    assert gate.begun.acquire(timeout=30)
    waiting = lane.ask("b", 1)
    lane.stop(lambda: gate.let(1))
    with pytest.raises(Unavailable):
        waiting.result(30)
    with pytest.raises(Unavailable):
        lane.ask("c", 1)


def test_a_lane_without_questions_says_so():
    idle = threading.Event()
    lane = Lane("test", lambda question: question.key, idle.set, 0.01)
    assert lane.ask("a", 1).result(30) == "a"
    assert idle.wait(30)
    lane.stop(lambda: None)


# --- work that must not wait --------------------------------------------------------------------


def looked_up(lane, key, rev):
    known = answers().get(key, rev)
    if known is None:
        raise Unanswered(key, rev, lane.ask(key, rev))
    return known


async def test_work_is_left_and_done_again_once_its_questions_are_answered(lane, gate):
    attempts = []

    def work():
        attempts.append(threading.get_ident())
        return looked_up(lane, "a", 1) + looked_up(lane, "b", 1)

    gate.let(2)
    assert await without_waiting(asyncio.to_thread, work) == "ab"
    assert len(attempts) == 3
    assert gate.seen == [("a", 1), ("b", 1)]
    assert answers() is None


async def test_other_work_goes_on_meanwhile(lane, gate):
    async def run(work):
        return work()

    asked = asyncio.ensure_future(without_waiting(run, partial(looked_up, lane, "a", 1)))
    assert await asyncio.to_thread(gate.begun.acquire, timeout=30)
    assert await without_waiting(run, lambda: "done") == "done"
    assert not asked.done()
    gate.let(1)
    assert await asked == "a"


async def test_a_request_that_is_given_up_leaves_the_answer_to_others(lane, gate):
    async def run(work):
        return work()

    first, second = (
        asyncio.ensure_future(without_waiting(run, partial(looked_up, lane, "a", 1)))
        for _ in range(2)
    )
    assert await asyncio.to_thread(gate.begun.acquire, timeout=30)
    first.cancel()
    gate.let(1)
    assert await second == "a"
    assert first.cancelled()


async def test_a_library_that_always_changes_is_not_waited_for_for_ever(lane, gate):
    rev = 0

    def work():
        nonlocal rev
        rev += 1
        return looked_up(lane, "a", rev)

    gate.let(100)
    assert await without_waiting(asyncio.to_thread, work) == "a"
    assert rev == MOST_ATTEMPTS + 2
