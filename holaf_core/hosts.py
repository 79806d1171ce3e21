"""Host and Origin headers: what they say, and which names are this machine's own."""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

DEFAULT_PORTS = {"http": 80, "https": 443}

# Every request brings the same few names and addresses, and taking them apart was half of what
# the gate costs. What strangers send can push them out for a moment, no more.
_remembered = lru_cache(maxsize=256)


@dataclass(frozen=True)
class HostName:
    """A name or literal address in lower case, without brackets and trailing dot."""

    name: str
    port: int | None = None

    @property
    def is_address(self) -> bool:
        return address_of(self.name) is not None


@dataclass(frozen=True)
class Origin:
    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if DEFAULT_PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


@_remembered
def parse_host(value: str) -> HostName | None:
    """The Host header's parts; None when it is not one.

    >>> parse_host("[::1]:8188")
    HostName(name='::1', port=8188)
    >>> parse_host("LOCALHOST.")
    HostName(name='localhost', port=None)
    """
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?", value)
    if match is None:
        return None
    bracketed, name, port = match.groups()
    if port is not None and int(port) > 65535:
        return None
    if bracketed is not None:
        address = address_of(bracketed)
        name = str(address) if address is not None and address.version == 6 else ""
    else:
        name = name.lower()
        name = name[:-1] if name.endswith(".") else name
    if not name.strip("."):
        return None
    return HostName(name, int(port) if port is not None else None)


@_remembered
def parse_origin(value: str) -> Origin | None:
    """The Origin header's parts; None for `null` and for everything that is not http or https.

    >>> parse_origin("https://Example.com")
    Origin(scheme='https', host='example.com', port=443)
    """
    scheme, separator, rest = value.partition("://")
    scheme = scheme.lower()
    host = parse_host(rest) if separator else None
    if host is None or scheme not in DEFAULT_PORTS:
        return None
    return Origin(scheme, host.name, DEFAULT_PORTS[scheme] if host.port is None else host.port)


@_remembered
def address_of(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The literal address, an IPv4 address inside an IPv6 one taken out; None for a name."""
    try:
        address = ipaddress.ip_address(value.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@_remembered
def is_loopback(value: str) -> bool:
    address = address_of(value)
    return address is not None and address.is_loopback


class OwnNames:
    """The names of this machine. The full name may need the network, so a thread looks it up."""

    def __init__(
        self,
        name: Callable[[], str] = socket.gethostname,
        full_name: Callable[[], str] = socket.getfqdn,
    ) -> None:
        own = name().lower().rstrip(".")
        self._full_name = full_name
        self._first = own.partition(".")[0]
        self._names = {n for n in (own, self._first) if n}
        if self._first:
            self._names.add(f"{self._first}.local")
        self._started = False

    def __contains__(self, name: str) -> bool:
        return name == "localhost" or name.endswith(".localhost") or name in self._names

    def look_up(self) -> None:
        """Learn the full name, in a thread of its own that nobody waits for."""
        if not self._started:
            self._started = True
            threading.Thread(target=self._learn, name="holaf-host-name", daemon=True).start()

    def _learn(self) -> None:
        full = self._full_name().lower().rstrip(".")
        # Whoever answers for the address could name anything; only our own name, extended, counts.
        if self._first and full.startswith(f"{self._first}."):
            self._names = self._names | {full}
