"""How many thumbnails a core serves: CPU time of the server's process alone, client left out.

Six connections, as a browser opens, each with one request under way, and a browser's headers. Turn
about with aiohttp that answers with constant bytes of the same size, which is the floor.
"""

from __future__ import annotations

import json
import random
import socket
import sqlite3
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import library
from harness import SUPPORT, Options, Row, bench, percentile

sys.path.append(str(SUPPORT))
from running_server import RunningServer, standalone  # noqa: E402

STORE = Path(".cache") / "thumbnails" / "thumbnails.sqlite"
HERE = Path(__file__).resolve().parent
ROWS = 100_000
CONNECTIONS = 6
ROUNDS = 9
SLICE = 300  # thumbnails
IN_A_BATCH = 60  # as js/image_viewer/thumbs.js asks
# So few that the server's memory holds them.
HOT = 1200

HEADERS = """Host: {host}
Connection: keep-alive
sec-ch-ua-platform: "Linux"
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
Chrome/140.0.0.0 Safari/537.36
sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"
sec-ch-ua-mobile: ?0
Accept: */*
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: cors
Sec-Fetch-Dest: empty
Referer: http://{host}/holaf/view
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-GB,en;q=0.9
"""


@dataclass(frozen=True)
class Thumbs:
    """The thumbnails of the corpus: of each its name, and the ids of all pictures that have it."""

    hashes: list[str]
    ids: list[list[int]]
    bytes: int

    def ids_in_round(self, number: int) -> list[int]:
        """A picture of each thumbnail, another one in each round."""
        return [ids[number % len(ids)] for ids in self.ids]


def thumbs_of(data: Path, folder: Path) -> Thumbs:
    own = data / "libraries" / library.name_of(folder)
    of_hash: dict[str, list[int]] = {}
    rng = random.Random(3)
    with closing(sqlite3.connect(own / "holaf_utilities.sqlite")) as images:
        pairs = images.execute("SELECT thumb_hash, id FROM images").fetchall()
    rng.shuffle(pairs)
    for name, image_id in pairs:
        of_hash.setdefault(name, []).append(image_id)
    with closing(sqlite3.connect(own / STORE)) as store:
        size = store.execute("SELECT sum(length(data)) FROM thumbnails").fetchone()[0]
    return Thumbs(list(of_hash), list(of_hash.values()), size)


class Client:
    """Keep-alive connections that are each sent the next request when its answer is complete."""

    def __init__(self, url: str) -> None:
        self.host = url.removeprefix("http://")
        name, _, port = self.host.partition(":")
        self._sockets = [socket.create_connection((name, int(port))) for _ in range(CONNECTIONS)]

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            one.close()

    def get(self, path: str) -> bytes:
        head = HEADERS.format(host=self.host)
        return f"GET {path} HTTP/1.1\n{head}\n".replace("\n", "\r\n").encode()

    def post(self, path: str, data: object) -> bytes:
        body = json.dumps(data).encode()
        head = HEADERS.format(host=self.host) + (
            f"Content-Length: {len(body)}\nContent-Type: application/json\n"
            f"Origin: http://{self.host}\n"
        )
        return f"POST {path} HTTP/1.1\n{head}\n".replace("\n", "\r\n").encode() + body

    def run(self, requests: Sequence[bytes]) -> int:
        """Have all answered; the bytes of the bodies."""
        waiting = iter(requests)
        total = 0
        while some := list(islice(waiting, CONNECTIONS)):
            for connection, request in zip(self._sockets, some, strict=False):
                connection.sendall(request)
            for connection, _ in zip(self._sockets, some, strict=False):
                total += read_answer(connection)
        return total


def read_answer(connection: socket.socket) -> int:
    data = connection.recv(65536)
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += connection.recv(65536)
    head = data[:end]
    if not head.startswith(b"HTTP/1.1 200"):
        raise AssertionError(data.decode("latin-1"))
    at = head.lower().index(b"content-length:") + 15
    size = int(head[at:].split(b"\r\n", 1)[0])
    left = size - (len(data) - end - 4)
    while left:
        if not (got := connection.recv(min(left, 1 << 20))):
            raise AssertionError("the server closed the connection")
        left -= len(got)
    return size


def cpu_s(pid: int) -> float:
    """CPU time of the threads of a process; to the nanosecond, where `utime` counts 10 ms."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e9


def quiet(server: RunningServer) -> None:
    """Wait until the server has nothing to do of its own."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with urllib.request.urlopen(server.url + "/holaf/images/index-status") as answer:
            idle = json.load(answer)["state"] == "idle"
        before = cpu_s(server.process.pid)
        time.sleep(0.5)
        if idle and cpu_s(server.process.pid) - before < 0.01:
            return
    raise TimeoutError("the server did not come to rest")


@dataclass
class Contestant:
    server: RunningServer
    requests: Callable[[Client, int], list[bytes]]  # of a round
    warm: bool = False  # asked for twice, and counted once
    spent: list[float] = field(default_factory=list)  # CPU seconds per thumbnail, of each slice

    @property
    def per_second(self) -> float:
        """Of the tenth of the slices that others on this machine disturbed least."""
        return 1 / percentile(self.spent, 0.1)


def race(count: int, contestants: Sequence[Contestant]) -> None:
    """Turn about, measured in slices of some ten milliseconds. `count` thumbnails in a round."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(one.server.url)) for one in contestants]
        for number in range(ROUNDS + 1):
            received = []
            for one, client in zip(contestants, clients, strict=True):
                requests = one.requests(client, number)
                if one.warm:
                    client.run(requests)
                received.append(0)
                per_request = count / len(requests)
                for start in range(0, len(requests), each := round(SLICE / per_request)):
                    some = requests[start : start + each]
                    before = cpu_s(one.server.process.pid)
                    received[-1] += client.run(some)
                    spent = cpu_s(one.server.process.pid) - before
                    if number:  # the first round warms up
                        one.spent.append(spent / len(some) / per_request)
            if max(received) > min(received) * 1.1:
                raise AssertionError(f"not the same amount was served: {received} bytes")


def batches(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), IN_A_BATCH):
        yield list(ids[start : start + IN_A_BATCH])


def measured(single: bool) -> dict[str, float]:
    """Thumbnails per second of CPU: "hot", "store" and the "floor"."""
    with tempfile.TemporaryDirectory(prefix="holaf-bench-") as scratch:
        folder, data = library.copied(ROWS, Path(scratch) / "data")
        thumbs = thumbs_of(data, folder)
        count = len(thumbs.hashes)
        size = thumbs.bytes // count

        def ones(client: Client, hot: bool) -> list[bytes]:
            hashes = thumbs.hashes[: HOT if hot else count]
            paths = [f"/holaf/images/thumb/{one}" for one in islice(cycle(hashes), count)]
            return [client.get(path) for path in paths]

        def many(client: Client, hot: bool, number: int) -> list[bytes]:
            ids = thumbs.ids_in_round(0)[:HOT] if hot else thumbs.ids_in_round(number)
            asked = batches(list(islice(cycle(ids), count)))
            return [client.post("/holaf/images/thumbnails", {"ids": some}) for some in asked]

        def bare(client: Client, number: int) -> list[bytes]:
            if single:
                return [client.get("/one")] * count
            return [client.post("/many", {"ids": some}) for some in batches(range(count))]

        floor_server = RunningServer(
            HERE / "floors.py", "serve", size, IN_A_BATCH * (size + 10) + 4, name="floor"
        )
        with floor_server, standalone(folder, data) as server:
            quiet(server)
            contestants = {"floor": Contestant(floor_server, bare)}
            for kind, hot in (("hot", True), ("store", False)):

                def ours(client: Client, number: int, hot: bool = hot) -> list[bytes]:
                    return ones(client, hot) if single else many(client, hot, number)

                contestants[kind] = Contestant(server, ours, warm=hot)
            race(count, list(contestants.values()))
    return {kind: one.per_second for kind, one in contestants.items()}


SUFFIX = {"hot": "", "store": "_store"}
WHICH = {
    "hot": "shown before by this server",
    "store": "each for the first time in a while: out of the store's file",
}


@bench("gallery.thumb_single")
def thumb_single(options: Options) -> list[Row]:
    found = measured(single=True)
    what = "thumbnails served per core, one per request, "
    return [
        Row(
            "gallery.thumb_single" + SUFFIX[kind],
            what + WHICH[kind],
            found[kind],
            "1/s",
            (">=", 0.6),
            found["floor"],
            by_ratio=True,
        )
        for kind in WHICH
    ]


@bench("gallery.thumb_batch")
def thumb_batch(options: Options) -> list[Row]:
    found = measured(single=False)
    what = f"thumbnails served per core, {IN_A_BATCH} per request, "
    return [
        Row(
            "gallery.thumb_batch" + SUFFIX[kind],
            what + WHICH[kind],
            found[kind],
            "1/s",
            (">=", 80_000),
            found["floor"],
        )
        for kind in WHICH
    ]
