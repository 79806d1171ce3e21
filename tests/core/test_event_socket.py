"""The events socket over real connections: fast clients, slow ones, ones that were away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket as sockets
import threading

import pytest
from aiohttp import TCPConnector, WSMsgType, web
from holaf.holaf_core.event_socket import EventSocket, identity, tool
from holaf.holaf_core.events import EventBus
from holaf.holaf_core.http import bind


class OpenGate:
    async def admit(self, request, route):
        pass


class Page:
    """One tab: reads messages one by one, also out of an array."""

    def __init__(self, socket) -> None:
        self.socket = socket
        self.unread: list[dict] = []
        self.hello: dict = {}
        self.first: list[dict] = []

    async def say(self, **message) -> None:
        await self.socket.send_str(json.dumps(message))

    async def next(self) -> dict:
        while not self.unread:
            message = await asyncio.wait_for(self.socket.receive(), 8)
            assert message.type == WSMsgType.TEXT, message
            said = json.loads(message.data)
            self.unread += said if isinstance(said, list) else [said]
        return self.unread.pop(0)

    async def until(self, key: str) -> dict:
        while True:
            message = await self.next()
            if key in message:
                return message

    async def settled(self) -> list[dict]:
        """Everything up to the answer to a ping: what came before it was sent before it."""
        await self.say(ping="settled")
        got = []
        while (message := await self.next()).get("pong") != "settled":
            got.append(message)
        return got


class Server:
    def __init__(self, bus: EventBus, hub: EventSocket, client) -> None:
        self.bus, self.hub, self.client = bus, hub, client

    async def page(self, *topics: str, since=None, **headers: str) -> Page:
        page = Page(await self.client.ws_connect("/holaf/events", headers=headers))
        page.hello = (await page.next())["hello"]
        if topics:
            await page.say(subscribe=list(topics), since=since)
            page.first = await page.settled()
        return page

    async def count(self, clients: int) -> None:
        for _ in range(2000):
            if self.hub.clients == clients:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{self.hub.clients} clients, not {clients}")


@pytest.fixture
def serve(aiohttp_client):
    async def start(bus: EventBus | None = None, identify=None, **options) -> Server:
        bus = bus or EventBus()
        hub = EventSocket(bus, identify, **options)
        app = web.Application()
        app.add_routes([bind(route, OpenGate()) for route in hub.routes])

        async def stop(app):
            hub.stop()

        app.on_shutdown.append(stop)
        # aiohttp's client has a limit of its own: a hundred connections.
        return Server(bus, hub, await aiohttp_client(app, connector=TCPConnector(limit=0)))

    return start


async def test_a_page_hears_its_topics_and_no_others(serve):
    server = await serve()
    page = await server.page("a", "b")
    assert page.hello == {"epoch": server.bus.epoch, "seq": 0}
    server.bus.publish("a", {"n": 1})
    server.bus.publish("c", "not for it")
    server.bus.publish("b")
    assert await page.next() == {"topic": "a", "data": {"n": 1}, "seq": 1}
    assert await page.next() == {"topic": "b", "data": None, "seq": 3}


async def test_a_new_subscriber_gets_the_newest_of_a_last_value_topic_at_once(serve):
    server = await serve()
    # Before anyone ever connected, and so before the hub knew its loop.
    server.bus.publish("images.changed", {"version": 1}, keep=True)
    server.bus.publish("images.changed", {"version": 2}, keep=True)
    page = await server.page("images.changed")
    assert page.first == [{"topic": "images.changed", "data": {"version": 2}}]


async def test_ordered_events_from_before_the_subscription_are_not_told(serve):
    server = await serve()
    server.bus.publish("a", "early")
    page = await server.page("a")
    server.bus.publish("b", "meanwhile")
    server.bus.publish("a", "late")
    assert (await page.next())["data"] == "late"
    await page.say(subscribe=["b"])
    assert await page.settled() == []


async def test_an_unsubscribed_topic_is_silent(serve):
    server = await serve()
    page = await server.page("a", "b")
    await page.say(unsubscribe=["a"])
    await page.settled()
    server.bus.publish("a", 1)
    server.bus.publish("b", 2)
    assert (await page.next())["data"] == 2


async def test_events_published_from_many_threads_arrive_all_and_in_order(serve):
    server = await serve()
    pages = [await server.page("a") for _ in range(3)]
    threads = [
        threading.Thread(target=lambda n=n: [server.bus.publish("a", [n, i]) for i in range(100)])
        for n in range(5)
    ]
    for thread in threads:
        thread.start()
    for page in pages:
        got = [await page.next() for _ in range(500)]
        assert [message["seq"] for message in got] == list(range(1, 501))
        for n in range(5):
            assert [m["data"][1] for m in got if m["data"][0] == n] == list(range(100))


async def test_a_burst_needs_far_fewer_frames_than_events(serve):
    server = await serve()
    page = await server.page("a")
    for n in range(1000):
        server.bus.publish("a", n)
    frames, got = 0, []
    while len(got) < 1000:
        got += json.loads((await page.socket.receive()).data)
        frames += 1
    assert [message["data"] for message in got] == list(range(1000))
    assert frames <= 10


async def test_a_page_that_was_away_catches_up_where_it_left(serve):
    server = await serve()
    page = await server.page("a")
    server.bus.publish("a", 1)
    seen = (await page.next())["seq"]
    await page.socket.close()
    server.bus.publish("a", 2)
    server.bus.publish("b", "other")
    server.bus.publish("a", 3)
    back = await server.page("a", since={"epoch": server.bus.epoch, "seq": seen})
    assert [message["data"] for message in back.first] == [2, 3]


async def test_a_page_that_was_away_too_long_is_told_to_read_everything_again(serve):
    server = await serve(EventBus(remembered_events=3))
    page = await server.page("a")
    await page.socket.close()
    for n in range(10):
        server.bus.publish("a", n)
    back = await server.page("a", since={"epoch": server.bus.epoch, "seq": 0})
    assert back.first == [{"resync": True, "seq": 10}]
    server.bus.publish("a", "next")
    assert (await back.next())["data"] == "next"


async def test_a_page_of_an_earlier_run_of_the_server_is_told_to_read_everything_again(serve):
    server = await serve()
    server.bus.publish("v", 7, keep=True)
    page = await server.page("a", "v", since={"epoch": "another", "seq": 0})
    assert {"resync": True, "seq": 1} in page.first
    assert {"topic": "v", "data": 7} in page.first


async def test_a_page_that_began_to_read_before_it_subscribed_hears_what_came_between(serve):
    server = await serve()
    server.bus.publish("a", "between")
    page = await server.page("a", since={"age_ms": 60_000})
    assert [message["data"] for message in page.first] == ["between"]


async def test_a_slow_page_is_told_to_resync_and_then_goes_on(serve):
    server = await serve(EventBus(remembered_events=20))
    quick = await server.page("a")
    raw = sockets.create_connection(("127.0.0.1", server.client.port))
    slow = await slow_page(raw)
    try:
        # Far more than the buffers between the two hold, and the list remembers 20 of them.
        big = "x" * 100_000
        for n in range(400):
            server.bus.publish("a", [n, big])
            assert (await quick.next())["data"][0] == n
        got = await drain(slow, until=lambda message: message.get("resync"))
        numbers = [message["data"][0] for message in got if "topic" in message]
        # What it did get came in order and without a hole; then it was told.
        assert numbers == list(range(len(numbers)))
        assert len(numbers) < 400
        assert got[-1]["seq"] <= server.bus.seq
        server.bus.publish("a", ["after", ""])
        rest = await drain(slow, until=lambda message: message.get("data", [0])[0] == "after")
        assert rest[-1]["topic"] == "a"
    finally:
        raw.close()


async def test_a_slow_page_gets_only_the_newest_of_a_last_value_topic(serve):
    server = await serve()
    raw = sockets.create_connection(("127.0.0.1", server.client.port))
    slow = await slow_page(raw)
    try:
        big = "x" * 100_000
        # Each is waited for by another page, so that none is lost before anyone could take it.
        quick = await server.page("a")
        for n in range(400):
            server.bus.publish("a", [n, big], keep=True)
            while (await quick.next())["data"][0] != n:
                pass
        got = await drain(slow, until=lambda message: message.get("data", [0])[0] == 399)
        numbers = [message["data"][0] for message in got]
        assert numbers == sorted(numbers)
        assert len(numbers) < 300
    finally:
        raw.close()


async def test_two_hundred_pages_are_taken_and_the_next_one_is_refused(serve):
    server = await serve()
    pages = await asyncio.gather(*(server.page("a") for _ in range(200)))
    server.bus.publish("a", "all")
    got = await asyncio.gather(*(page.next() for page in pages))
    assert {message["data"] for message in got} == {"all"}
    answer = await server.client.get("/holaf/events", headers=HANDSHAKE)
    assert answer.status == 503
    assert "Close one" in (await answer.json())["error"]
    await pages[0].socket.close()
    await server.count(199)
    await server.page("a")


async def test_publishing_goes_on_after_the_socket_was_stopped(serve):
    server = await serve()
    page = await server.page("a")
    server.hub.stop()
    server.hub.stop()
    server.bus.publish("a", 1)
    assert (await asyncio.wait_for(page.socket.receive(), 8)).type in (
        WSMsgType.CLOSE,
        WSMsgType.CLOSING,
        WSMsgType.CLOSED,
    )
    assert (await server.client.get("/holaf/events", headers=HANDSHAKE)).status == 503


def test_publishing_after_the_loop_was_closed_does_nothing_bad():
    bus = EventBus()
    hub = EventSocket(bus)
    loop = asyncio.new_event_loop()
    hub._begin(loop)
    loop.close()
    bus.publish("a", 1)
    hub.stop()
    bus.publish("a", 2)
    assert bus.seq == 2


async def test_what_is_no_message_of_ours_is_answered_and_the_page_stays(serve):
    server = await serve()
    page = await server.page("a")
    for text in (
        "{",
        "[1]",
        '{"subscribe": "a"}',
        '{"subscribe": [""]}',
        '{"subscribe": ["' + "x" * 200 + '"]}',
        '{"subscribe": ["a"], "since": 4}',
        '{"relay": {}}',
        '{"announce": {"tab": "../x"}}',
        json.dumps({"subscribe": [f"t{n}" for n in range(101)]}),
    ):
        await page.socket.send_str(text)
        assert "error" in await page.next(), text
    server.bus.publish("a", 1)
    assert (await page.next())["data"] == 1


async def test_a_message_that_is_too_large_ends_the_connection(serve):
    server = await serve()
    page = await server.page("a")
    with contextlib.suppress(ConnectionError):  # it may be told before it has sent all
        await page.socket.send_str('{"ping": "' + "x" * (4 << 20) + '"}')
    closed = await asyncio.wait_for(page.socket.receive(), 8)
    assert closed.type == WSMsgType.CLOSE
    assert closed.data == 1009


async def test_tabs_of_one_person_know_each_other_and_hear_who_leaves(serve):
    server = await serve()
    one, two = await server.page("tabs"), await server.page("tabs")
    await one.say(announce={"tab": "one", "role": "comfyui", "title": "ComfyUI", "answers": ["x"]})
    expected = {"tab": "one", "role": "comfyui", "title": "ComfyUI", "answers": ["x"], "seen": 0}
    while (heard := await two.next())["data"] != [expected]:
        assert heard["topic"] == "tabs"
    await one.socket.close()
    assert (await two.next())["data"] == []


async def test_a_message_goes_to_the_tab_it_names_with_the_name_of_its_sender(serve):
    server = await serve()
    one, two, three = [await server.page() for _ in range(3)]
    for page, name in ((one, "one"), (two, "two"), (three, "three")):
        await page.say(announce={"tab": name})
        await page.settled()
    await one.say(relay={"to": "two", "id": "1", "kind": "load", "payload": {"a": 1}, "from": "me"})
    assert (await two.next())["relay"] == {
        "to": "two",
        "from": "one",
        "id": "1",
        "kind": "load",
        "payload": {"a": 1},
    }
    assert await three.settled() == []


async def test_a_large_message_between_tabs_arrives_whole(serve):
    server = await serve()
    one, two = await server.page(), await server.page()
    for page, name in ((one, "one"), (two, "two")):
        await page.say(announce={"tab": name})
        await page.settled()
    await one.say(relay={"to": "two", "id": "1", "payload": "x" * 3_000_000})
    assert len((await two.next())["relay"]["payload"]) == 3_000_000


async def test_a_message_to_a_tab_that_is_not_there_comes_back(serve):
    server = await serve()
    page = await server.page()
    await page.say(relay={"to": "gone", "id": "7"})
    assert "announce" in (await page.next())["error"]
    await page.say(announce={"tab": "one"})
    await page.say(relay={"to": "gone", "id": "7"})
    assert (await page.until("relay"))["relay"] == {
        "undelivered": "there is no such tab",
        "to": "gone",
        "id": "7",
    }


async def test_tabs_of_different_people_neither_see_nor_reach_each_other(serve):
    server = await serve(identify=lambda request: request.headers.get("Person"))
    ann, bob = await server.page("tabs", Person="ann"), await server.page("tabs", Person="bob")
    nobody = await server.page("tabs")
    for page, name in ((ann, "a"), (bob, "b"), (nobody, "n")):
        await page.say(announce={"tab": name})
        await page.settled()
    for page, other in ((ann, "b"), (bob, "a"), (nobody, "n"), (nobody, "a")):
        await page.say(relay={"to": other, "id": "1"})
        answers = [m["relay"] for m in await page.settled() if "relay" in m]
        assert [answer["undelivered"] for answer in answers] == ["there is no such tab"]
    await nobody.say(subscribe=["tabs"])
    assert [message["data"] for message in await nobody.settled()] == [[]]


async def test_the_sockets_of_a_session_that_ended_are_closed_and_no_others(serve):
    server = await serve(identify=lambda request: request.headers.get("Person"))
    ann, bob = await server.page("a", Person="ann"), await server.page("a", Person="bob")
    server.hub.close_clients("ann")
    assert (await asyncio.wait_for(ann.socket.receive(), 8)).type == WSMsgType.CLOSE
    await server.count(1)
    server.bus.publish("a", 1)
    assert (await bob.next())["data"] == 1


async def test_a_socket_whose_session_ends_while_it_opens_is_closed(aiohttp_client):
    hub = EventSocket(EventBus(), lambda request: "ann")
    app = web.Application()
    app.add_routes([bind(route, OpenGate()) for route in hub.routes])

    async def end_the_session(request, response):
        hub.close_clients("ann")
        await asyncio.sleep(0)  # which lets the loop run it, while there is nothing to close yet

    app.on_response_prepare.append(end_the_session)
    client = await aiohttp_client(app)
    socket = await client.ws_connect("/holaf/events")
    assert (await asyncio.wait_for(socket.receive(), 8)).type == WSMsgType.CLOSE


def identity_of(peer="127.0.0.1", session=None, **headers):
    from aiohttp.test_utils import make_mocked_request

    request = make_mocked_request(
        "GET", "/holaf/events", {name.replace("_", "-"): text for name, text in headers.items()}
    )
    request.transport.get_extra_info = lambda name, default=None: (peer, 5000)
    return identity(request, session)


def test_without_a_session_the_machine_and_its_browser_are_the_identity():
    page = identity_of(Origin="http://127.0.0.1:8188", User_Agent="A")
    assert page == identity_of(Origin="http://localhost:8188", User_Agent="B", peer="::1")
    assert page != identity_of()  # a script is no tab
    assert page != identity_of(Origin="http://127.0.0.1:8188", comfy_user="bob")
    lan = identity_of("10.0.0.5", Origin="http://pc:8188", User_Agent="A")
    assert lan != identity_of("10.0.0.6", Origin="http://pc:8188", User_Agent="A")
    assert lan != identity_of("10.0.0.5", Origin="http://pc:8188", User_Agent="B")


def test_behind_a_proxy_only_a_session_is_an_identity():
    assert identity_of(Origin="http://pc", X_Forwarded_For="10.0.0.9") is None
    assert identity_of(session="s1", X_Forwarded_For="10.0.0.9") == "session s1"


@pytest.mark.parametrize(
    "header",
    ["Forwarded", "Via", "X_Real_IP", "X_Forwarded_Proto", "X_Forwarded_Server"]
    + ["CF_Connecting_IP", "True_Client_IP", "X_Client_IP"],
)
def test_whatever_tells_of_a_proxy_counts(header):
    assert identity_of(Origin="http://pc", **{header: "x"}) is None


def test_the_tool_has_the_socket_as_its_only_route():
    routes = list(tool(EventBus()).routes)
    assert [(route.method, route.path, route.tier.value, route.socket) for route in routes] == [
        ("GET", "/holaf/events", "view", True)
    ]


HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def slow_page(raw) -> asyncio.StreamReader:
    """A client of the topic "a" that reads nothing until `drain` is called on it."""
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    headers = "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
    await loop.sock_sendall(raw, f"GET /holaf/events HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
    answer = b""
    while b"hello" not in answer:
        answer += await loop.sock_recv(raw, 1)
    while not answer.endswith(b"}}"):
        answer += await loop.sock_recv(raw, 1)
    message = b'{"subscribe":["a"],"ping":1}'
    await loop.sock_sendall(raw, bytes((0x81, 0x80 | len(message), 0, 0, 0, 0)) + message)
    while b"pong" not in answer:
        answer += await loop.sock_recv(raw, 1)
    while not answer.endswith(b"}"):
        answer += await loop.sock_recv(raw, 1)
    return raw


async def drain(raw, until) -> list[dict]:
    """Reads messages until one of them is what is waited for."""
    loop = asyncio.get_running_loop()

    async def exactly(count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = await asyncio.wait_for(loop.sock_recv(raw, min(65536, count - len(data))), 8)
            assert part, "the server closed the connection"
            data += part
        return bytes(data)

    got = []
    while True:
        head = await exactly(2)
        length = head[1] & 0x7F
        if length > 125:
            length = int.from_bytes(await exactly(2 if length == 126 else 8), "big")
        said = json.loads(await exactly(length))
        for message in said if isinstance(said, list) else [said]:
            got.append(message)
            if until(message):
                return got
