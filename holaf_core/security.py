"""The security switches: one file on the server that no HTTP request can write."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from .files import make_private_folder, write_atomically
from .hosts import Origin, parse_host, parse_origin

log = logging.getLogger("holaf.access")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

RESERVED_ROOTS = ("output", "input", "trashcan")

TEMPLATE = """\
# Holaf Utilities: who may reach it, and what it may do.
# Only someone on this machine can change this file: no web page and no request can.
# Changes count after a restart. Lists are separated by commas or spaces.

[access]
# Further names under which this server is opened, such as photos.example.com.
# IP addresses, localhost and the names of this machine need no entry.
allowed_hosts =

# Addresses under which browsers see this server when a proxy changes the Host header or the port,
# such as https://photos.example.com. Where it does not, no entry is needed. Pages of other servers
# cannot use this one whatever stands here: browsers ask first, and are not answered.
allowed_origins =

# Addresses or networks of reverse proxies whose X-Forwarded-For, -Proto and -Host headers count.
trusted_proxies =

# yes: looking at pictures needs the password too, also on this machine.
sign_in_for_everything = no

[tools]
# yes: a shell on this machine for whoever knows the password.
terminal = no

[roots]
# Further folders for the gallery, one per line: a short id, and the full path.
# photos = /mnt/photos
"""


@dataclass(frozen=True)
class Security:
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[Origin, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    extra_roots: dict[str, Path] = field(default_factory=dict)
    sign_in_for_everything: bool = False
    terminal: bool = False


# What holds when a line cannot be understood: always the closed side.
CLOSED: dict[str, Any] = {
    "allowed_hosts": (),
    "allowed_origins": (),
    "trusted_proxies": (),
    "sign_in_for_everything": True,
    "terminal": False,
}
SECTIONS = {
    "access": ("allowed_hosts", "allowed_origins", "trusted_proxies", "sign_in_for_everything"),
    "tools": ("terminal",),
}


def read_security(system_dir: Path) -> Security:
    """Read `<system_dir>/security.ini`, made from the template when there is none.

    Never raises: a line that cannot be understood is named in the log, and its value takes its
    safe side.
    """
    path = system_dir / "security.ini"
    try:
        make_private_folder(system_dir)
        if not path.exists():
            write_atomically(path, TEMPLATE.encode(), 0o600)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o600)
            log.warning("others could read %s: it is private again", path)
    except OSError as error:
        log.error("the security settings at %s cannot be made or protected: %s", path, error)
    try:
        content = path.read_bytes().decode("utf-8-sig", "replace")
    except FileNotFoundError:
        return Security()
    except OSError as error:
        log.error("%s cannot be read (%s): everything is closed until it can", path, error)
        return Security(**CLOSED)
    return parse_security(content, str(path))


def parse_security(content: str, name: str = "security.ini") -> Security:
    """The settings in the text of the file; `name` is how the log calls it.

    >>> parse_security("[access]\\nallowed_hosts = photos.example.com").allowed_hosts
    ('photos.example.com',)
    """
    security = Security()
    seen: set[tuple[str, str]] = set()
    for line, section, key, value in _lines(content, name):
        if section == "roots":
            security = _with_root(security, key, value, f"{name}, line {line}")
            continue
        if key not in SECTIONS.get(section, ()):
            log.error("%s, line %d: there is no setting %s in [%s]", name, line, key, section)
            continue
        try:
            if (section, key) in seen:
                raise ValueError("it is set twice")
            parsed = PARSERS[key](value)
        except ValueError as error:
            log.error(
                "%s, line %d: %s = %s was not understood (%s); it counts as %s",
                *(name, line, key, value, error, _shown(CLOSED[key])),
            )
            parsed = CLOSED[key]
        seen.add((section, key))
        security = replace(security, **{key: parsed})
    return security


def _lines(content: str, name: str) -> Iterator[tuple[int, str, str, str]]:
    """(line number, section, key, value) of each setting; other lines are named in the log."""
    section = ""
    for line, raw in enumerate(content.splitlines(), start=1):
        text = raw.strip()
        if not text or text[0] in "#;":
            continue
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1].strip().lower()
            if section != "roots" and section not in SECTIONS:
                log.error("%s, line %d: there is no section [%s]", name, line, section)
            continue
        key, equals, value = text.partition("=")
        if not equals:
            log.error("%s, line %d: this is not `name = value`: %s", name, line, text)
            continue
        yield line, section, key.strip().lower(), value.strip()


def _with_root(security: Security, key: str, value: str, place: str) -> Security:
    path = Path(value).expanduser() if value else Path()
    problem = ""
    if not re.fullmatch(r"[a-z][a-z0-9_-]{1,31}", key):
        # One letter would look like a Windows drive in `<id>:path`.
        problem = "an id has 2 to 32 small letters, digits, - or _, and begins with a letter"
    elif key in RESERVED_ROOTS or key in security.extra_roots:
        problem = "this id is taken"
    elif not path.is_absolute() or not value.isprintable() or "\ufffd" in value:
        problem = "a full path is needed"
    if problem:
        log.error("%s: the folder %s = %s is left out: %s", place, key, value, problem)
        return security
    return replace(security, extra_roots={**security.extra_roots, key: path})


def _words(value: str) -> list[str]:
    return re.split(r"[,\s]+", value) if value else []


def _switch(value: str) -> bool:
    if value.lower() in ("yes", "true", "on", "1"):
        return True
    if value.lower() in ("no", "false", "off", "0", ""):
        return False
    raise ValueError("yes or no is needed")


def _hosts(value: str) -> tuple[str, ...]:
    names = []
    for word in filter(None, _words(value)):
        host = parse_host(word)
        if host is None:
            raise ValueError(f"{word} is not the name of a machine")
        names.append(host.name)
    return tuple(names)


def _origins(value: str) -> tuple[Origin, ...]:
    origins = []
    for word in filter(None, _words(value)):
        origin = parse_origin(word)
        if origin is None:
            raise ValueError(f"{word} is not an origin such as https://photos.example.com")
        origins.append(origin)
    return tuple(origins)


def _networks(value: str) -> tuple[Network, ...]:
    networks = []
    for word in filter(None, _words(value)):
        network = ipaddress.ip_network(word, strict=False)
        if network.prefixlen == 0:
            raise ValueError("a network of every address would let anyone claim to be local")
        networks.append(network)
    return tuple(networks)


PARSERS = {
    "allowed_hosts": _hosts,
    "allowed_origins": _origins,
    "trusted_proxies": _networks,
    "sign_in_for_everything": _switch,
    "terminal": _switch,
}
assert set(PARSERS) | {"extra_roots"} == {field.name for field in fields(Security)}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "empty"
