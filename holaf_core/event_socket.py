"""The socket `/holaf/events`: one for each tab of a browser, for all that the server tells it.

Messages are JSON objects; the server also sends arrays of them. A client says, in any mixture:

    {"subscribe": [topics], "since": {"epoch", "seq"} | {"age_ms"} | null}
    {"unsubscribe": [topics]}   {"ping": any}
    {"announce": {"tab", "role", "title", "answers", "seen"} | null}
    {"relay": {"to": tab, …}}

and the server:

    {"hello": {"epoch", "seq"}}                     first
    {"topic", "data", "seq"}                        an ordered event
    {"topic", "data"}                               the newest of a last-value topic
    {"resync": true, "seq"}                         events were missed: read everything again
    {"topic": "tabs", "data": [announcements]}      the user's tabs, to who subscribes to it
    {"relay": {"from": tab, …}}                     a message from another tab
    {"relay": {"undelivered": why, "to", "id"}}     the answer when there is no such tab
    {"pong": any}   {"error": text}

`since` asks for what was missed: after `seq` of a server run, or of the last `age_ms` of a page
that began to read before it could subscribe. There is no queue for each client. Each has a place
in the one list of remembered events, and is sent what follows when it can take it; one so slow that
the list has moved on is told to resync, and one that missed last values gets only the newest.

Tabs hear of each other, and can send to each other, only within one identity (`identify`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from . import json
from .arrival import is_forwarded
from .errors import Unavailable
from .events import EventBus, Missed, encode
from .http import Routes, Tier
from .tool import Tool

log = logging.getLogger("holaf.events")

Identify = Callable[[web.Request], "str | None"]

MOST_CLIENTS = 200
MOST_TOPICS = 100
LONGEST_NAME = 120
LARGEST_MESSAGE = 4 * 1024 * 1024
# As much as is handed to the socket in one go.
FRAME_BYTES = 64 * 1024
# Messages to one tab that wait for it: relays, answers.
MOST_WAITING = 200
MOST_WAITING_BYTES = 2 * LARGEST_MESSAGE
HEARTBEAT_S = 25.0

TABS = "tabs"
TAB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Client:
    """One open socket and what it has been sent so far."""

    def __init__(self, socket: web.WebSocketResponse, identity: str | None, cursor: int) -> None:
        self.socket = socket
        self.identity = identity
        # Each with the seq from which on it is wanted.
        self.topics: dict[str, int] = {}
        self.cursor = cursor
        self.missed = False
        self.newest_sent: dict[str, int] = {}
        self.waiting: deque[bytes] = deque()
        self.waiting_bytes = 0
        self.wake = asyncio.Event()
        self.tab: dict[str, Any] | None = None
        self.tabs_changed = False
        # Its session ended, perhaps before its socket was open.
        self.leaving = False

    def tell(self, message: bytes) -> bool:
        """Put a message of its own in line; False when too much waits already."""
        full = len(self.waiting) >= MOST_WAITING or (
            self.waiting and self.waiting_bytes + len(message) > MOST_WAITING_BYTES
        )
        if full:
            return False
        self.waiting.append(message)
        self.waiting_bytes += len(message)
        self.wake.set()
        return True


class EventSocket:
    """Everything but `stop` runs on the event loop that serves the sockets."""

    def __init__(
        self,
        bus: EventBus,
        identify: Identify | None = None,
        *,
        most_clients: int = MOST_CLIENTS,
        heartbeat_s: float | None = HEARTBEAT_S,
    ) -> None:
        self._bus = bus
        self._identify = identify or identity
        self._most_clients = most_clients
        self._heartbeat_s = heartbeat_s
        self._clients: set[Client] = set()
        self._closing: set[asyncio.Future[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watcher = None
        self._stopped = False
        self.routes = Routes("/holaf")
        self.routes.socket("/events", Tier.VIEW)(self.serve)

    @property
    def clients(self) -> int:
        return len(self._clients)

    def stop(self) -> None:
        """Close every socket; from any thread, and more than once."""
        self._stopped = True
        self.close_clients()
        if self._watcher is not None:
            self._bus.unwatch(self._watcher)
            self._watcher = None

    def close_clients(self, identity: str | None = None) -> None:
        """Close the sockets of one identity (a session that ended), or all. From any thread.

        A tab whose session goes on opens a new one by itself.
        """

        def close() -> None:
            for client in list(self._clients):
                if identity is None or client.identity == identity:
                    client.leaving = True
                    # A closing handshake waits for the other side, so each has its own task.
                    task = asyncio.ensure_future(leave(client.socket))
                    self._closing.add(task)
                    task.add_done_callback(self._closing.discard)

        self._call(close)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        if self._stopped:
            raise Unavailable("The server is stopping.")
        if len(self._clients) >= self._most_clients:
            raise Unavailable(
                f"{self._most_clients} tabs are connected, which is as many as this server takes. "
                "Close one; then load this page again."
            )
        self._begin(asyncio.get_running_loop())
        # Compression would cost the loop more time than a local network needs for the bytes.
        socket = web.WebSocketResponse(
            heartbeat=self._heartbeat_s, max_msg_size=LARGEST_MESSAGE, compress=False, timeout=2.0
        )
        client = Client(socket, self._identify(request), self._bus.seq)
        # Counted before the first await: two hundred may arrive at once.
        self._clients.add(client)
        try:
            try:
                await socket.prepare(request)
            except ConnectionError:
                return socket  # it is gone already: a page that was left, or that asked twice
            if client.leaving:
                await leave(socket)
                return socket
            client.tell(encode({"hello": {"epoch": self._bus.epoch, "seq": client.cursor}}))
            sender = asyncio.ensure_future(self._send(client))
            try:
                await self._receive(client)
            finally:
                sender.cancel()
        finally:
            self._clients.discard(client)
            self._tabs_changed(client)
        return socket

    # --- to the clients ---------------------------------------------------------------------------

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop:
            self._loop = loop
            if self._watcher is not None:
                self._bus.unwatch(self._watcher)
            self._watcher = self._bus.watch(lambda: self._call(self._published))

    def _call(self, function: Callable[[], None]) -> None:
        loop = self._loop
        if loop is None:
            return
        # Once the loop is closed, so is every socket.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(function)

    def _published(self) -> None:
        if self._watcher is None:
            return
        topics = self._watcher.take()
        for client in self._clients:
            if not topics.isdisjoint(client.topics):
                client.wake.set()

    async def _send(self, client: Client) -> None:
        """Hands the client what it lacks, as fast as it takes it."""
        try:
            while True:
                # Before looking: what is published from here on wakes this again.
                client.wake.clear()
                while messages := self._next(client):
                    await client.socket.send_str(frame(messages))
                    await asyncio.sleep(0)
                await client.wake.wait()
        except (ConnectionError, RuntimeError):
            pass  # it went away; `_receive` ends too
        except Exception:  # noqa: BLE001 - a task that nobody awaits would fail unseen
            log.exception("the events of a client stopped")
            await client.socket.close(code=1011)

    def _next(self, client: Client) -> list[bytes]:
        """What to send now: about one frame of events, and one of what is for this tab alone."""
        messages: list[bytes] = []
        try:
            if client.missed:
                raise Missed
            events, client.cursor = self._bus.after(client.cursor, client.topics, FRAME_BYTES)
        except Missed:
            client.missed = False
            client.cursor = self._bus.seq
            events = []
            messages.append(b'{"resync":true,"seq":%d}' % client.cursor)
        messages += (event.message for event in events)
        for topic in client.topics:
            newest = self._bus.newest(topic)
            if newest is not None and newest.seq > client.newest_sent.get(topic, 0):
                client.newest_sent[topic] = newest.seq
                messages.append(newest.message)
        if client.tabs_changed and TABS in client.topics:
            client.tabs_changed = False
            messages.append(encode({"topic": TABS, "data": self._tabs(client.identity)}))
        size = 0
        while client.waiting and size < FRAME_BYTES:
            message = client.waiting.popleft()
            client.waiting_bytes -= len(message)
            messages.append(message)
            size += len(message)
        return messages

    # --- from the clients -------------------------------------------------------------------------

    async def _receive(self, client: Client) -> None:
        async for message in client.socket:
            if message.type != WSMsgType.TEXT:
                continue
            try:
                said = json.loads_sent(message.data)
                if not isinstance(said, dict):
                    raise ValueError("a message must be a JSON object")
                await self._heed(client, said)
            except (ValueError, RecursionError) as error:
                if not client.tell(encode({"error": str(error)})):
                    await client.socket.close(code=1008)

    async def _heed(self, client: Client, said: dict[str, Any]) -> None:
        if "ping" in said:
            client.tell(encode({"pong": said["ping"] if small(said["ping"]) else None}))
        if "announce" in said:
            self._announce(client, said["announce"])
        if "unsubscribe" in said:
            for topic in topics_of(said["unsubscribe"]):
                client.topics.pop(topic, None)
                client.newest_sent.pop(topic, None)
        if "subscribe" in said:
            self._subscribe(client, topics_of(said["subscribe"]), said.get("since"))
        if "relay" in said:
            await self._relay(client, said["relay"])

    def _subscribe(self, client: Client, topics: list[str], since: Any) -> None:
        if len(client.topics.keys() | set(topics)) > MOST_TOPICS:
            raise ValueError(f"a client may follow {MOST_TOPICS} topics at most")
        start = self._bus.seq
        if since is not None:
            place = self._place(since)
            client.missed |= place is None
            start = min(start, start if place is None else place)
        if start < client.cursor:
            # What it followed before is not told again.
            for topic, wanted_from in client.topics.items():
                client.topics[topic] = max(wanted_from, client.cursor)
            client.cursor = start
        for topic in topics:
            client.topics[topic] = start
            client.newest_sent.pop(topic, None)
        client.tabs_changed |= TABS in topics
        client.wake.set()

    def _place(self, since: Any) -> int | None:
        """The seq that a client has seen; None when it is one of another run of the server."""
        if not isinstance(since, dict):
            raise ValueError("since must be an object")
        age_ms = since.get("age_ms")
        if isinstance(age_ms, (int, float)):
            return self._bus.seq_before(max(0.0, age_ms) / 1000)
        seq = since.get("seq")
        if since.get("epoch") != self._bus.epoch or not isinstance(seq, int):
            return None
        return seq

    # --- between tabs -----------------------------------------------------------------------------

    def _announce(self, client: Client, info: Any) -> None:
        client.tab = None if info is None else announcement(info)
        self._tabs_changed(client)

    def _tabs_changed(self, client: Client) -> None:
        for other in self._same(client.identity):
            other.tabs_changed = True
            if TABS in other.topics:
                other.wake.set()

    def _same(self, identity: str | None) -> list[Client]:
        if identity is None:
            return []
        return [other for other in self._clients if other.identity == identity]

    def _tabs(self, identity: str | None) -> list[dict[str, Any]]:
        return [other.tab for other in self._same(identity) if other.tab is not None]

    async def _relay(self, client: Client, relay: Any) -> None:
        if not isinstance(relay, dict) or not isinstance(relay.get("to"), str):
            raise ValueError("a relay names the tab that it is for")
        if client.tab is None:
            raise ValueError("announce this tab first")
        refused = None
        target = next(
            (
                other
                for other in self._same(client.identity)
                if other.tab is not None and other.tab["tab"] == relay["to"]
            ),
            None,
        )
        if target is None:
            refused = "there is no such tab"
        else:
            forwarded = {"relay": {**relay, "from": client.tab["tab"]}}
            # Big, or not: how long this takes is the sender's choice, so never on the loop.
            encoded = await asyncio.to_thread(encode, forwarded)
            if target not in self._clients:
                refused = "there is no such tab"
            elif not target.tell(encoded):
                refused = "the tab is not taking messages"
        if refused:
            known = relay.get("id") if small(relay.get("id")) else None
            client.tell(encode({"relay": {"undelivered": refused, "to": relay["to"], "id": known}}))


async def leave(socket: web.WebSocketResponse) -> None:
    # One that is only just being opened cannot be closed yet: `serve` does it then.
    with contextlib.suppress(RuntimeError, ConnectionError):
        await socket.close(code=1001)


def frame(messages: list[bytes]) -> str:
    """One WebSocket message for several of ours: each frame has its price."""
    text = messages[0] if len(messages) == 1 else b"[" + b",".join(messages) + b"]"
    return text.decode()


def identity(request: web.Request, session: str | None = None) -> str | None:
    """Who a socket belongs to; tabs of different identities do not know of each other.

    That is the session where someone signed in. Without one it is the machine that the request
    came from, with the browser (its user agent, unless it is this very machine), the user named by
    ComfyUI's header, and whether it is a page or a script. Behind a proxy all machines look
    alike: there nobody has an identity without signing in.
    """
    if session:
        return f"session {session}"
    if is_forwarded(request):
        return None
    peer = request.transport.get_extra_info("peername") if request.transport else None
    address = peer[0] if isinstance(peer, tuple) else "local"
    loopback = address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1", "local")
    return "\n".join(
        (
            "loopback" if loopback else address,
            "" if loopback else request.headers.get("User-Agent", ""),
            request.headers.get("comfy-user", ""),
            "page" if "Origin" in request.headers else "script",
        )
    )


def topics_of(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(
        isinstance(topic, str) and 0 < len(topic) <= LONGEST_NAME for topic in value
    ):
        raise ValueError(f"topics are a list of names of at most {LONGEST_NAME} characters")
    return value


def announcement(info: Any) -> dict[str, Any]:
    """What may be told to other tabs of what a tab says about itself."""
    if not isinstance(info, dict) or not TAB_ID.fullmatch(str(info.get("tab"))):
        raise ValueError("an announcement has a tab: letters, digits, _ and -")
    answers = info.get("answers")
    seen = info.get("seen")
    return {
        "tab": info["tab"],
        "role": str(info.get("role", ""))[:LONGEST_NAME],
        "title": str(info.get("title", ""))[:LONGEST_NAME],
        "answers": topics_of(answers)[:MOST_TOPICS] if answers is not None else [],
        "seen": seen if isinstance(seen, (int, float)) else 0,
    }


def small(value: Any) -> bool:
    return (
        value is None
        or isinstance(value, (int, float))
        or (isinstance(value, str) and len(value) <= LONGEST_NAME)
    )


def routes(bus: EventBus, identify: Identify | None = None) -> Routes:
    """The socket alone; `tool` also closes it when the server stops."""
    return EventSocket(bus, identify).routes


def tool(bus: EventBus, identify: Identify | None = None) -> Tool:
    socket = EventSocket(bus, identify)
    return Tool("events", socket.routes, stop=socket.stop)
