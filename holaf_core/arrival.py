"""Where a request came from and what it was addressed to, seen through trusted proxies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import HttpVersion11, web

from .hosts import DEFAULT_PORTS, HostName, Origin, address_of, is_loopback, parse_host
from .security import Network

# In lower case; besides everything that begins with X-Forwarded-.
FORWARDING = frozenset(
    ("forwarded", "x-real-ip", "via", "x-client-ip", "cf-connecting-ip", "true-client-ip")
)


@dataclass(frozen=True)
class Arrival:
    address: str
    loopback: bool
    scheme: str
    hosts: tuple[HostName, ...]  # the Host header, then what a trusted proxy was asked for
    own_port: int

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def host(self) -> HostName | None:
        """As the browser sees it."""
        return self.hosts[-1] if self.hosts else None

    @property
    def origin(self) -> Origin | None:
        if self.host is None:
            return None
        port = DEFAULT_PORTS[self.scheme] if self.host.port is None else self.host.port
        return Origin(self.scheme, self.host.name, port)


def peer_address(request: web.Request) -> str:
    """The other end of the connection. `request.remote` may have been replaced by another pack."""
    transport = request.transport
    peer = transport.get_extra_info("peername") if transport is not None else None
    return str(peer[0]) if isinstance(peer, tuple | list) and peer else ""


def arrival_of(request: web.Request, peer: str, proxies: Sequence[Network]) -> Arrival:
    """`peer` is the other end of the connection, `proxies` those whose headers count."""
    forwarded = is_forwarded(request)
    address, loopback = peer, is_loopback(peer) and not forwarded
    scheme = request.scheme
    hosts = [parse_host(value) for value in request.headers.getall("Host", ())]
    valid = len(hosts) == 1 and hosts[0] is not None
    if forwarded and _trusted(peer, proxies):
        address, loopback = _client(request, peer, proxies)
        scheme = {"https": "https", "wss": "https", "http": "http", "ws": "http"}.get(
            _last(request, "X-Forwarded-Proto").lower(), scheme
        )
        if name := _last(request, "X-Forwarded-Host"):
            hosts.append(parse_host(name))
            valid = valid and hosts[-1] is not None
    elif request.version < HttpVersion11:
        # nginx's default towards its back end is HTTP/1.0, without any forwarding header.
        loopback = False
    transport = request.transport
    own = transport.get_extra_info("sockname") if transport is not None else None
    return _arrival(
        address,
        loopback,
        scheme or "http",
        tuple(host for host in hosts if host is not None) if valid else (),
        own[1] if isinstance(own, tuple) and len(own) > 1 else 0,
    )


# Nothing but a value: a page that asks for a thousand thumbnails arrives a thousand times alike.
_arrival = lru_cache(maxsize=256)(Arrival)


def is_forwarded(request: web.BaseRequest) -> bool:
    """Whether anything says that this came through a proxy, trusted or not."""
    return any(map(_tells_of_a_proxy, request.headers))


@lru_cache(maxsize=256)
def _tells_of_a_proxy(header: str) -> bool:
    name = header.lower()
    return name in FORWARDING or name.startswith("x-forwarded-")


def _trusted(address: str, proxies: Sequence[Network]) -> bool:
    literal = address_of(address)
    return literal is not None and any(literal in network for network in proxies)


def _client(request: web.Request, peer: str, proxies: Sequence[Network]) -> tuple[str, bool]:
    """The rightmost address that no trusted proxy has, and whether it is this machine's."""
    chain = [
        entry.strip()
        for value in request.headers.getall("X-Forwarded-For", ())
        for entry in value.split(",")
    ]
    if not chain:
        return peer, False
    client = peer
    for entry in reversed(chain):
        host = None if address_of(entry) else parse_host(entry)  # some proxies add the port
        literal = address_of(entry) or (address_of(host.name) if host else None)
        if literal is None:
            return client, False
        client = str(literal)
        if not _trusted(client, proxies):
            break
    # A proxy that sets X-Real-IP alone hands on whatever X-Forwarded-For the client made up.
    real = request.headers.get("X-Real-IP", client)
    agreed = address_of(real.strip()) == address_of(client)
    return client, is_loopback(client) and agreed


def _last(request: web.Request, name: str) -> str:
    """The rightmost entry: what the nearest proxy wrote."""
    return ",".join(request.headers.getall(name, ())).rpartition(",")[2].strip()
