"""Long work: progress, an end of every kind, and cancelling."""

from __future__ import annotations

import threading

import pytest
from holaf.holaf_core.errors import Conflict, NotFound, Unavailable
from holaf.holaf_core.events import EventBus
from holaf.holaf_core.tasks import MOST_RUNNING, Tasks


@pytest.fixture
def bus():
    return EventBus()


@pytest.fixture
def tasks(bus):
    tasks = Tasks(bus, clock=lambda: 50.0)
    yield tasks
    tasks.stop()


def test_work_runs_on_a_thread_of_its_own_and_its_result_is_kept(tasks):
    task = tasks.start("k", "Count", lambda progress: threading.current_thread().name)
    ended = tasks.wait(task.id, 10)
    assert (ended.state, ended.result) == ("done", "holaf-task-k")
    assert (ended.started, ended.ended) == (50.0, 50.0)


def test_progress_shows_in_the_list_and_a_total_or_message_stays_until_the_next(tasks):
    reached, go_on = threading.Event(), threading.Event()

    def work(progress):
        progress(1, 10, "first")
        progress(2)
        reached.set()
        go_on.wait(10)

    task = tasks.start("k", "Count", work)
    assert reached.wait(10)
    entry = tasks.entries()[0]
    assert (entry["done"], entry["total"], entry["message"]) == (2, 10, "first")
    assert entry["state"] == "running"
    go_on.set()
    assert tasks.wait(task.id, 10).state == "done"


def test_a_cancelled_task_ends_when_its_work_next_looks(tasks):
    started = threading.Event()

    def work(progress):
        started.set()
        progress.wait(60)

    task = tasks.start("k", "Count", work)
    assert started.wait(10)
    assert tasks.cancel(task.id).cancelling
    ended = tasks.wait(task.id, 10)
    assert (ended.state, ended.cancelling, ended.error) == ("cancelled", False, "")
    assert tasks.cancel(task.id).state == "cancelled"


def test_an_error_for_the_user_is_shown_as_it_is_and_any_other_names_the_log(tasks, caplog):
    def missing(progress):
        raise Unavailable("FFmpeg was not found: install it.")

    def fault(progress):
        raise KeyError("x")

    def disk(progress):
        raise OSError(28, "No space left on device", "/pics/a.png")

    def pipe(progress):
        raise BrokenPipeError(32, "Broken pipe")

    works = (missing, fault, disk, pipe)
    ends = [tasks.wait(tasks.start("k", "T", work).id, 10) for work in works]
    assert [end.state for end in ends] == ["failed"] * 4
    assert ends[0].error == "FFmpeg was not found: install it."
    assert "KeyError" in ends[1].error
    assert "log" in ends[1].error
    assert "the task T failed" in caplog.text
    assert ends[2].error == "No space left on device: /pics/a.png"
    assert ends[3].error == "Broken pipe"


def test_a_result_without_a_json_form_is_a_fault_and_the_end_is_still_told(tasks, bus):
    task = tasks.start("k", "T", lambda progress: object())
    assert tasks.wait(task.id, 10).state == "failed"


def test_browsers_hear_of_the_start_and_of_every_end(tasks, bus):
    heard, ended = [], threading.Event()

    def listen(topic, data):
        heard.append((topic, data["tasks"][0]["state"]))
        if heard[-1][1] == "done":
            ended.set()

    bus.subscribe(listen)
    tasks.start("k", "T", lambda progress: None)
    assert ended.wait(10)
    assert {topic for topic, _ in heard} == {"tasks"}
    assert bus.latest("tasks")["tasks"][0]["state"] == "done"


def test_a_thousand_steps_of_progress_are_a_few_events_and_the_last_one_is_told(tasks, bus):
    heard, told = [], threading.Event()
    finish = threading.Event()

    def listen(topic, data):
        heard.append(data["tasks"][0]["done"])
        if heard[-1] == 1000:
            told.set()

    def work(progress):
        for n in range(1001):
            progress(n, 1000)
        finish.wait(10)

    bus.subscribe(listen)
    task = tasks.start("k", "T", work)
    # The last step is told although the work goes on and says nothing more.
    assert told.wait(10)
    assert len(heard) < 100
    finish.set()
    tasks.wait(task.id, 10)


def test_work_that_must_be_alone_is_refused_beside_its_own_kind_only(tasks):
    release = threading.Event()
    first = tasks.start("sync", "Synchronise", lambda progress: release.wait(10), alone=True)
    with pytest.raises(Conflict, match="Synchronise"):
        tasks.start("sync", "Synchronise", lambda progress: None, alone=True)
    tasks.wait(tasks.start("other", "Other", lambda progress: None, alone=True).id, 10)
    release.set()
    tasks.wait(first.id, 10)
    tasks.wait(tasks.start("sync", "Synchronise", lambda progress: None, alone=True).id, 10)


def test_too_many_at_once_are_refused(tasks):
    release = threading.Event()
    for _ in range(MOST_RUNNING):
        tasks.start("k", "T", lambda progress: release.wait(10))
    with pytest.raises(Unavailable, match="Wait for one"):
        tasks.start("k", "T", lambda progress: None)
    release.set()


def test_the_last_fifty_that_ended_are_remembered_the_newest_first(tasks):
    for n in range(60):
        tasks.wait(tasks.start("k", f"T{n}", lambda progress: None).id, 10)
    entries = tasks.entries()
    assert entries[0]["title"] == "T59"
    assert 50 <= len(entries) <= 51
    with pytest.raises(NotFound):
        tasks.get(1)


def test_stopping_cancels_what_runs_and_may_be_done_twice(bus):
    tasks, started = Tasks(bus), threading.Event()

    def work(progress):
        started.set()
        progress.wait(60)

    task = tasks.start("k", "T", work)
    assert started.wait(10)
    tasks.stop(timeout=10)
    assert tasks.get(task.id).state == "cancelled"
    tasks.stop()
    with pytest.raises(Unavailable):
        tasks.start("k", "T", lambda progress: None)
