"""Tells the browsers, and the rest of the pack, what changed. Any thread may publish."""

from __future__ import annotations

import json as plain_json
import logging
import secrets
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import json

log = logging.getLogger("holaf.events")

Listener = Callable[[str, Any], None]

# How far back a browser that was away for a moment can catch up.
REMEMBERED_EVENTS = 2000
REMEMBERED_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Event:
    """`message` is the JSON that every client gets: it is made once."""

    seq: int
    topic: str
    message: bytes
    at: float


class Missed(Exception):
    """What was asked for is no longer remembered: the client must read everything again."""


class Watcher:
    """Is woken once for many events; `take` says which topics they were of."""

    def __init__(self, bus: EventBus, wake: Callable[[], None]) -> None:
        self._bus = bus
        self._wake = wake
        self._topics: set[str] = set()
        self._asleep = True

    def take(self) -> set[str]:
        """The topics published since the last call; the next one wakes again."""
        with self._bus.lock:
            topics, self._topics = self._topics, set()
            self._asleep = True
        return topics

    def note(self, topic: str) -> Callable[[], None] | None:
        """Called under the bus's lock; what it returns is called without it."""
        self._topics.add(topic)
        if not self._asleep:
            return None
        self._asleep = False
        return self._wake


class EventBus:
    """A topic is of one of two kinds, by how it is published.

    * last-value (`keep=True`): only the newest matters; a new subscriber gets it at once.
    * ordered: every event, in order; the last 2,000 are remembered for browsers that reconnect.

    Every event has a number, `seq`, that rises; `epoch` tells one run of the server from another.

    >>> bus = EventBus()
    >>> bus.publish("images.changed", {"version": 3}, keep=True)
    >>> bus.latest("images.changed")
    {'version': 3}
    """

    def __init__(
        self,
        *,
        remembered_events: int = REMEMBERED_EVENTS,
        remembered_bytes: int = REMEMBERED_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.epoch = secrets.token_hex(8)
        self.lock = threading.Lock()
        self._clock = clock
        self._most_events = remembered_events
        self._most_bytes = remembered_bytes
        self._seq = 0
        self._listeners: tuple[Listener, ...] = ()
        self._watchers: tuple[Watcher, ...] = ()
        self._newest: dict[str, tuple[Any, Event]] = {}
        # The ordered events that are remembered, oldest first; once in all, once by topic.
        self._events: deque[Event] = deque()
        self._by_topic: dict[str, list[Event]] = {}
        self._bytes = 0
        # The newest event of each topic that was forgotten.
        self._forgotten: dict[str, int] = {}
        self._forgotten_at = float("-inf")

    @property
    def seq(self) -> int:
        """The number of the newest event."""
        return self._seq

    def publish(self, topic: str, data: Any = None, *, keep: bool = False) -> None:
        """Tell everyone; returns at once. `data` is what JSON can hold; do not change it later.

        Listeners run on this thread. What cannot be written as JSON is logged and not sent.
        """
        try:
            encoded = encode(data)
        except (TypeError, ValueError, RecursionError):
            log.exception("an event of %s has no JSON form and was not sent", topic)
            return
        name = json.dumps(topic)
        with self.lock:
            self._seq += 1
            number = b"" if keep else b',"seq":%d' % self._seq
            message = b'{"topic":%b,"data":%b%b}' % (name, encoded, number)
            event = Event(self._seq, topic, message, self._clock())
            if keep:
                self._newest[topic] = (data, event)
            else:
                self._remember(event)
            wakes = [watcher.note(topic) for watcher in self._watchers]
            listeners = self._listeners
        for wake in wakes:
            if wake is not None:
                wake()
        for listener in listeners:
            try:
                listener(topic, data)
            except Exception:  # noqa: BLE001 - whoever publishes cannot mend who listens
                log.exception("a listener failed on an event of %s", topic)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(topic, data)` on the publisher's thread; call the result to end it."""
        with self.lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self.lock:
                rest = list(self._listeners)
                if listener in rest:
                    rest.remove(listener)
                self._listeners = tuple(rest)

        return unsubscribe

    def latest(self, topic: str, default: Any = None) -> Any:
        """The newest data of a last-value topic."""
        entry = self._newest.get(topic)
        return default if entry is None else entry[0]

    # --- for the socket ---------------------------------------------------------------------------

    def watch(self, wake: Callable[[], None]) -> Watcher:
        """Call `wake` from whatever thread publishes, once until `Watcher.take` was called."""
        watcher = Watcher(self, wake)
        with self.lock:
            self._watchers = (*self._watchers, watcher)
        return watcher

    def unwatch(self, watcher: Watcher) -> None:
        with self.lock:
            self._watchers = tuple(one for one in self._watchers if one is not watcher)

    def newest(self, topic: str) -> Event | None:
        """The newest event of a last-value topic."""
        entry = self._newest.get(topic)
        return None if entry is None else entry[1]

    def after(
        self, seq: int, topics: Mapping[str, int], most_bytes: int
    ) -> tuple[list[Event], int]:
        """Ordered events after `seq`, oldest first, about `most_bytes` of them.

        `topics` has, for each topic that is wanted, the seq from which it is. Returns the events
        and the seq up to which nothing is missing now. Raises `Missed` when one that was wanted
        has been forgotten.
        """
        with self.lock:
            found: list[Event] = []
            for topic, wanted_from in topics.items():
                start = max(seq, wanted_from)
                if self._forgotten.get(topic, 0) > start:
                    raise Missed
                events = self._by_topic.get(topic, ())
                found += events[bisect_right(events, start, key=lambda event: event.seq) :]
            newest = self._seq
        found.sort(key=lambda event: event.seq)
        size = 0
        for index, event in enumerate(found):
            if size >= most_bytes:
                return found[:index], found[index - 1].seq
            size += len(event.message)
        return found, newest

    def seq_before(self, age_s: float) -> int:
        """The seq that was the newest `age_s` seconds ago; -1 when that is forgotten."""
        since = self._clock() - age_s
        with self.lock:
            if self._forgotten_at >= since:
                return -1
            for event in self._events:
                if event.at >= since:
                    return event.seq - 1
            return self._seq

    def _remember(self, event: Event) -> None:
        self._events.append(event)
        self._by_topic.setdefault(event.topic, []).append(event)
        self._bytes += len(event.message)
        while len(self._events) > self._most_events or self._bytes > self._most_bytes:
            oldest = self._events.popleft()
            del self._by_topic[oldest.topic][0]
            self._bytes -= len(oldest.message)
            self._forgotten[oldest.topic] = oldest.seq
            self._forgotten_at = oldest.at


def encode(data: Any) -> bytes:
    """`data` as JSON, also where a text holds the stray bytes of a file name that is not UTF-8.

    Raises TypeError or ValueError for what has no JSON form.
    """
    try:
        return json.dumps(data)
    except (TypeError, ValueError):
        return plain_json.dumps(data, allow_nan=False, separators=(",", ":")).encode("ascii")
