"""Publishing from any thread, and what the bus remembers."""

from __future__ import annotations

import json
import threading

import pytest
from holaf.holaf_core.events import EventBus, Missed, encode


def data_of(events):
    return [json.loads(event.message)["data"] for event in events]


def test_a_listener_hears_topic_and_data_on_the_publishers_thread():
    bus, heard = EventBus(), []
    bus.subscribe(lambda topic, data: heard.append((topic, data, threading.current_thread())))
    publisher = threading.Thread(target=bus.publish, args=("a", {"n": 1}))
    publisher.start()
    publisher.join()
    assert heard == [("a", {"n": 1}, publisher)]


def test_an_unsubscribed_listener_hears_nothing_more():
    bus, heard = EventBus(), []
    unsubscribe = bus.subscribe(lambda topic, data: heard.append(data))
    unsubscribe()
    unsubscribe()
    bus.publish("a", 1)
    assert heard == []


def test_a_listener_that_fails_keeps_neither_the_publisher_nor_the_others_from_going_on(caplog):
    bus, heard = EventBus(), []
    bus.subscribe(lambda topic, data: 1 / 0)
    bus.subscribe(lambda topic, data: heard.append(data))
    bus.publish("a", 1)
    assert heard == [1]
    assert "a listener failed" in caplog.text


def test_the_latest_value_of_a_kept_topic_can_be_asked_for():
    bus = EventBus()
    assert bus.latest("a", "none") == "none"
    bus.publish("a", 1, keep=True)
    bus.publish("a", 2, keep=True)
    assert bus.latest("a") == 2
    assert json.loads(bus.newest("a").message) == {"topic": "a", "data": 2}


def test_ordered_events_after_a_place_come_in_order_whatever_their_topics():
    bus = EventBus()
    for n in range(6):
        bus.publish("even" if n % 2 == 0 else "odd", n)
    events, place = bus.after(2, {"odd": 0, "even": 0}, 1 << 20)
    assert data_of(events) == [2, 3, 4, 5]
    assert place == bus.seq == 6
    assert [json.loads(event.message)["seq"] for event in events] == [3, 4, 5, 6]


def test_a_topic_is_only_delivered_from_where_it_was_subscribed():
    bus = EventBus()
    for n in range(4):
        bus.publish("a", n)
    events, _ = bus.after(0, {"a": 3}, 1 << 20)
    assert data_of(events) == [3]


def test_a_full_portion_ends_where_the_next_one_goes_on():
    bus = EventBus()
    for n in range(10):
        bus.publish("a", n)
    got, place = [], 0
    while place < bus.seq:
        events, place = bus.after(place, {"a": 0}, 60)
        assert events
        got += data_of(events)
    assert got == list(range(10))


def test_events_beyond_the_remembered_number_are_missed_and_only_by_their_own_topic():
    bus = EventBus(remembered_events=3)
    bus.publish("rare", "r")
    for n in range(5):
        bus.publish("busy", n)
    with pytest.raises(Missed):
        bus.after(1, {"busy": 0}, 1 << 20)
    with pytest.raises(Missed):
        bus.after(0, {"rare": 0}, 1 << 20)
    # Who had seen the rare one has missed nothing of it, however busy the other topic was.
    assert bus.after(1, {"rare": 0}, 1 << 20) == ([], 6)
    assert data_of(bus.after(3, {"busy": 0}, 1 << 20)[0]) == [2, 3, 4]


def test_the_bytes_that_are_remembered_are_bounded_too():
    bus = EventBus(remembered_bytes=1000)
    for _ in range(50):
        bus.publish("a", "x" * 200)
    assert sum(len(event.message) for event in bus._events) <= 1000
    assert [event.seq for event in bus._events] == [event.seq for event in bus._by_topic["a"]]


def test_a_place_can_be_found_by_age():
    now = [100.0]
    bus = EventBus(clock=lambda: now[0])
    bus.publish("a", "old")
    now[0] = 105.0
    bus.publish("a", "new")
    now[0] = 106.0
    assert bus.seq_before(0.5) == 2
    assert bus.seq_before(2) == 1
    assert bus.seq_before(60) == 0


def test_an_age_that_is_no_longer_remembered_has_no_place():
    now = [100.0]
    bus = EventBus(remembered_events=1, clock=lambda: now[0])
    bus.publish("a", 1)
    bus.publish("a", 2)
    assert bus.seq_before(5) == -1
    now[0] = 110.0
    bus.publish("a", 3)
    assert bus.seq_before(5) == 2


def test_many_events_wake_a_watcher_once_until_it_looks():
    bus, wakes = EventBus(), []
    watcher = bus.watch(lambda: wakes.append(1))
    for topic in ("a", "b", "a"):
        bus.publish(topic)
    assert len(wakes) == 1
    assert watcher.take() == {"a", "b"}
    assert watcher.take() == set()
    bus.publish("c")
    assert len(wakes) == 2
    bus.unwatch(watcher)
    watcher.take()
    bus.publish("d")
    assert len(wakes) == 2


def test_events_published_by_many_threads_are_all_there_once_and_numbered():
    bus = EventBus(remembered_events=5000)
    threads = [
        threading.Thread(target=lambda n=n: [bus.publish("a", [n, i]) for i in range(200)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events, _ = bus.after(0, {"a": 0}, 1 << 30)
    assert [event.seq for event in events] == list(range(1, 1601))
    got = data_of(events)
    for n in range(8):
        assert [i for m, i in got if m == n] == list(range(200))


def test_what_has_no_json_form_is_logged_and_not_sent(caplog):
    bus, heard = EventBus(), []
    bus.subscribe(lambda topic, data: heard.append(data))
    bus.publish("a", {"x": object()})
    assert heard == []
    assert bus.seq == 0
    assert "an event of a has no JSON form" in caplog.text


def test_a_file_name_that_is_not_utf8_travels_all_the_same():
    assert json.loads(encode({"name": "caf\udce9.png"})) == {"name": "caf\udce9.png"}
    assert json.loads(encode(float("nan"))) is None
