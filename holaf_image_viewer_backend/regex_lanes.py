"""Searches that take a second wait in lanes of their own: the newest question is next.

Who types an expression asks at each pause, and waits only for the last answer. The thread that
opens views is everybody's, so it never waits here: see `without_waiting`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from ..holaf_core.errors import Unavailable

# Further ones push out the oldest, which nobody has waited for in a while.
MOST_WAITING = 24
# Of one request, for answers as new as the library; then those will do that were new when it came.
MOST_ATTEMPTS = 4

T = TypeVar("T")


@dataclass
class Question:
    """`answer` is to cover the library up to `rev`; whoever asks the same meanwhile shares it."""

    key: Hashable
    rev: int
    answer: Future[Any] = field(default_factory=Future)


class Lane:
    """Answers one question at a time, on a thread that starts with the first. Thread-safe."""

    def __init__(
        self, name: str, find: Callable[[Question], Any], idle: Callable[[], None], idle_s: float
    ) -> None:
        self._name = name
        self._find = find
        self._idle = idle
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._waiting: list[Question] = []
        self._running: Question | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False

    def ask(self, key: Hashable, rev: int) -> Future[Any]:
        """Returns at once. Cancelling the future would take the answer from others: shield it."""
        with self._changed:
            if self._stopped:
                raise Unavailable("The server is stopping.")
            running = self._running
            if running is not None and running.key == key and running.rev >= rev:
                return running.answer
            question = next((one for one in self._waiting if one.key == key), None)
            if question is None:
                question = Question(key, rev)
            else:
                self._waiting.remove(question)
                question.rev = max(question.rev, rev)
            self._waiting.append(question)
            if len(self._waiting) > MOST_WAITING:
                given_up = self._waiting.pop(0)
                given_up.answer.set_exception(
                    Unavailable("Too many searches are waiting. Try again.")
                )
            if self._thread is None:
                self._thread = threading.Thread(target=self._answer, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return question.answer

    def stop(self, end: Callable[[], None]) -> None:
        """`end` ends the work in hand. Nothing is answered afterwards. Idempotent."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            waiting, self._waiting = self._waiting, []
        for question in waiting:
            question.answer.set_exception(Unavailable("The server is stopping."))
        end()

    def _answer(self) -> None:
        while True:
            question = self._next()
            if question is None:
                return
            try:
                found = self._find(question)
            except BaseException as error:  # noqa: BLE001 - it is raised where it was asked
                self._done()
                question.answer.set_exception(error)
            else:
                self._done()
                question.answer.set_result(found)

    def _next(self) -> Question | None:
        with self._changed:
            while not self._waiting and not self._stopped:
                if not self._changed.wait(self._idle_s) and not self._waiting:
                    with contextlib.suppress(OSError):
                        self._idle()
            if self._stopped:
                return None
            self._running = self._waiting.pop()
            return self._running

    def _done(self) -> None:
        with self._changed:
            self._running = None


class Unanswered(Exception):
    """On a thread that must not wait: `answer` is on its way."""

    def __init__(self, question: Hashable, rev: int, answer: Future[Any]) -> None:
        super().__init__("This question has not been answered yet.")
        self.question = question
        self.rev = rev
        self.answer = answer


@dataclass
class Answers:
    """What a request has been answered so far, each with the revision it was asked at."""

    found: dict[Hashable, tuple[int, Any]] = field(default_factory=dict)
    # While an index runs, the library is a newer one at each attempt.
    any_rev: bool = False

    def get(self, question: Hashable, rev: int) -> Any:
        known = self.found.get(question)
        return known[1] if known is not None and (self.any_rev or known[0] >= rev) else None


# None: this thread may wait.
_answers: ContextVar[Answers | None] = ContextVar("answers", default=None)


def answers() -> Answers | None:
    """Those of the request for which this thread works, if it must not wait."""
    return _answers.get()


async def without_waiting(
    run: Callable[[Callable[[], T]], Awaitable[T]], work: Callable[[], T]
) -> T:
    """What `run(work)` returns, where `work` looks things up in lanes.

    Where one has no answer yet, `work` is left, the answer is awaited here, and `work` is done
    again from its beginning: meanwhile its thread does other work.
    """
    known = Answers()
    attempts = 0
    while True:
        try:
            return await run(partial(_impatiently, known, work))
        except Unanswered as missing:
            found = await asyncio.shield(asyncio.wrap_future(missing.answer))
            attempts += missing.question in known.found
            known.any_rev = attempts >= MOST_ATTEMPTS
            known.found[missing.question] = (missing.rev, found)


def _impatiently(known: Answers, work: Callable[[], T]) -> T:
    token = _answers.set(known)
    try:
        return work()
    finally:
        _answers.reset(token)
