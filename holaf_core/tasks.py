"""Long work that the user can watch and cancel: synchronising, cleaning, exporting."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import Conflict, HolafError, NotFound, Unavailable
from .events import EventBus, encode

log = logging.getLogger("holaf.tasks")

Work = Callable[["Progress"], Any]

TOPIC = "tasks"
REMEMBERED = 50
MOST_RUNNING = 16
# How often the browsers hear of progress.
PERIOD_S = 0.1


class Cancelled(Exception):
    """Raised by `Progress.check` in work that the user gave up."""


@dataclass(frozen=True)
class Task:
    """As the browsers see it: `done` of `total` (None: not known), times in seconds since 1970."""

    id: int
    kind: str
    title: str
    state: str = "running"  # running, done, failed, cancelled
    done: float = 0
    total: float | None = None
    message: str = ""
    error: str = ""
    result: Any = None
    cancelling: bool = False
    started: float = 0.0
    ended: float | None = None


class Progress:
    """Given to the work: it says how far it is, and hears that it should end."""

    def __init__(self, tasks: Tasks, task_id: int) -> None:
        self._tasks = tasks
        self._id = task_id
        self._cancel = threading.Event()

    def __call__(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Say how far the work is. Raises `Cancelled` when the user has given it up."""
        self.check()
        self._tasks.note(self._id, done, total, message)

    @property
    def cancelled(self) -> bool:
        return self._cancel.is_set()

    def check(self) -> None:
        if self._cancel.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Sleep, and wake at once when cancelled. Raises `Cancelled` then."""
        if self._cancel.wait(seconds):
            raise Cancelled

    def cancel(self) -> None:
        self._cancel.set()


class Tasks:
    """The work that runs and the last 50 that ended; the topic `tasks` carries the list.

    >>> tasks = Tasks(EventBus())
    >>> task = tasks.start("images.clean", "Clean thumbnails", lambda progress: 7)
    >>> tasks.wait(task.id).result
    7
    """

    def __init__(self, events: EventBus, *, clock: Callable[[], float] = time.time) -> None:
        self._events = events
        self._clock = clock
        self._changed = threading.Condition()
        self._tasks: dict[int, Task] = {}
        self._running: dict[int, Progress] = {}
        self._ids = itertools.count(1)
        self._publishing = threading.Lock()
        self._published_at = float("-inf")
        self._timer: threading.Timer | None = None
        self._stopped = False

    def start(self, kind: str, title: str, work: Work, *, alone: bool = False) -> Task:
        """Run `work(progress)` on a thread of its own; what it returns is the task's `result`.

        `kind` is for programs ("images.synchronise"), `title` for the user. `alone`: while one of
        this kind runs, another is refused with `Conflict`. Raises `Unavailable` when 16 run.
        """
        with self._changed:
            if self._stopped:
                raise Unavailable("The server is stopping.")
            running = [self._tasks[one] for one in self._running]
            if alone and (same := [one for one in running if one.kind == kind]):
                raise Conflict(f"“{same[0].title}” is running already.", task=same[0].id)
            if len(running) >= MOST_RUNNING:
                raise Unavailable(f"{MOST_RUNNING} tasks are running. Wait for one, or cancel one.")
            task = Task(next(self._ids), kind, title, started=self._clock())
            progress = Progress(self, task.id)
            thread = threading.Thread(
                target=self._run,
                args=(task, work, progress),
                name=f"holaf-task-{kind}",
                daemon=True,
            )
            # It cannot get past the lock before it is in the lists.
            thread.start()
            self._tasks[task.id] = task
            self._running[task.id] = progress
            self._forget()
        self._publish()
        return task

    def entries(self) -> list[dict[str, Any]]:
        """Every task that is remembered, the newest first."""
        with self._changed:
            return [dict(vars(task)) for task in reversed(self._tasks.values())]

    def get(self, task_id: int) -> Task:
        with self._changed:
            if task_id not in self._tasks:
                raise NotFound(f"There is no task {task_id}.")
            return self._tasks[task_id]

    def cancel(self, task_id: int) -> Task:
        """Ask it to end; it does when its work next looks. One that has ended stays as it is."""
        with self._changed:
            if task_id not in self._tasks:
                raise NotFound(f"There is no task {task_id}.")
            if task_id in self._running:
                self._running[task_id].cancel()
                self._replace(task_id, cancelling=True)
            task = self._tasks[task_id]
        self._publish()
        return task

    def wait(self, task_id: int, timeout: float | None = None) -> Task:
        """The task when it has ended, or as it is after `timeout`. Never call it on a loop."""
        with self._changed:
            self._changed.wait_for(lambda: task_id not in self._running, timeout)
        return self.get(task_id)

    def stop(self, timeout: float = 2.0) -> None:
        """Cancel everything and wait a little for it. May be called twice."""
        with self._changed:
            self._stopped = True
            for progress in self._running.values():
                progress.cancel()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._changed.wait_for(lambda: not self._running, timeout)

    def note(self, task_id: int, done: float, total: float | None, message: str | None) -> None:
        with self._changed:
            task = self._tasks[task_id]
            self._replace(
                task_id,
                done=done,
                total=task.total if total is None else total,
                message=task.message if message is None else message,
            )
        self._publish(soon=True)

    def _run(self, task: Task, work: Work, progress: Progress) -> None:
        changes: dict[str, Any]
        try:
            result = work(progress)
            encode(result)  # or nobody would hear that it ended
            changes = {"state": "done", "result": result}
        except Cancelled:
            changes = {"state": "cancelled"}
        except HolafError as error:
            changes = {"state": "failed", "error": str(error)}
        except OSError as error:
            log.warning("the task %s failed: %s", task.title, error)
            place = "" if error.filename is None else f": {error.filename}"
            changes = {"state": "failed", "error": f"{error.strerror or error}{place}"}
        except BaseException as error:  # noqa: BLE001 - the user must hear that it ended
            log.exception("the task %s failed", task.title)
            changes = {
                "state": "failed",
                "error": f"A fault in the program ended it ({type(error).__name__}: {error}). "
                "The server's log has the details.",
            }
        with self._changed:
            self._replace(task.id, ended=self._clock(), cancelling=False, **changes)
            del self._running[task.id]
            self._changed.notify_all()
        self._publish()

    def _replace(self, task_id: int, **changes: Any) -> None:
        self._tasks[task_id] = Task(**{**vars(self._tasks[task_id]), **changes})

    def _forget(self) -> None:
        ended = [one for one in self._tasks if one not in self._running]
        for task_id in ended[: max(0, len(ended) - REMEMBERED)]:
            del self._tasks[task_id]

    def _publish(self, *, soon: bool = False) -> None:
        """Tell the browsers: now, or with `soon` together with what else changes in a moment."""
        if soon:
            with self._changed:
                wait = PERIOD_S - (time.monotonic() - self._published_at)
                if self._timer is not None or self._stopped:
                    return
                if wait > 0:
                    self._timer = threading.Timer(wait, self._publish)
                    self._timer.daemon = True
                    self._timer.start()
                    return
        # One after the other, or an older list could be the last one told.
        with self._publishing:
            with self._changed:
                self._timer = None
                self._published_at = time.monotonic()
            self._events.publish(TOPIC, {"tasks": self.entries()}, keep=True)
