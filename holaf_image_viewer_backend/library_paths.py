"""The folders that the gallery lists, and the one name that each file below them has.

A canonical path (`path_canon`) is the POSIX path below the output folder; a file of another root
is `<root-id>:<path>`. Text that is not UTF-8 is written as percent-escaped bytes, so that a path
survives JSON, URLs and SQLite and still leads back to exactly one file:

* a byte that is not part of valid UTF-8 becomes `%80` to `%FF` (capital hexadecimal digits);
* a `%` of the name stays `%`, unless what follows would read as such an escape (`25`, `3A`, or a
  byte from `80` up): then it becomes `%25`;
* the `:` of a name that begins like a root id (`input:`) becomes `%3A`.

So `100%.png`, `a%20b.png` and `12:30.png` are written as they are, and `%FF.png` as `%25FF.png`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..holaf_core.errors import NotFound
from ..holaf_core.host import Host
from ..holaf_image_records import OUTPUT

INPUT = "input"

ROOT_ID = re.compile(r"[a-z][a-z0-9_-]{0,31}")

_PREFIX = re.compile(r"([a-z][a-z0-9_-]{0,31}):")
_READS_AS_ESCAPE = re.compile(r"%(?=25|3A|[89A-F][0-9A-F])")
_ESCAPE = re.compile(rb"%(25|3A|[89A-F][0-9A-F])")
_BROKEN = re.compile("[\udc80-\udcff]")

_WINDOWS_REFUSES = re.compile(
    r'[\x00-\x1f<>:"|?*\\]|[ .]$|^(?:CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³]|CONIN\$|CONOUT\$)'
    r"(?:[ .]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Root:
    """A folder whose files are listed. `id` never changes, since rows and links carry it."""

    id: str
    label: str
    path: Path

    def __post_init__(self) -> None:
        if not ROOT_ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is no root id: use small letters, digits, - and _.")


def escape_name(name: str) -> str:
    """The canonical form of one file or folder name, as `os` gives it.

    >>> escape_name("100%.png"), escape_name("%FF.png"), escape_name("input:a.png")
    ('100%.png', '%25FF.png', 'input%3Aa.png')
    """
    if name.isascii():
        if "%" not in name and ":" not in name:
            return name
        text = name
    else:
        text = os.fsencode(name).decode("utf-8", "surrogateescape")
    text = _READS_AS_ESCAPE.sub("%25", text)
    text = _PREFIX.sub(r"\1%3A", text, count=1) if _PREFIX.match(text) else text
    return _BROKEN.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", text)


def unescape_name(text: str) -> str:
    """The name on this file system that `escape_name` wrote as `text`. Raises ValueError.

    >>> unescape_name("%25FF.png")
    '%FF.png'
    """
    if "%" not in text:
        return text if text.isascii() else os.fsdecode(text.encode("utf-8"))
    data = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text.encode("utf-8"))
    return os.fsdecode(data)


def escape_path(relative: str) -> str:
    """The canonical form of a POSIX path below a root, "" for the root itself."""
    if relative.isascii() and "%" not in relative and ":" not in relative:
        return relative
    return "/".join(map(escape_name, relative.split("/")))


def unescape_path(folder: str) -> str:
    return "/".join(map(unescape_name, folder.split("/")))


def refused(name: str, windows: bool = os.name == "nt") -> bool:
    """True for a path component that may mean something else than the file of that name.

    >>> [refused(name) for name in ("a.png", "..", "", "a\\0b")]
    [False, True, True, True]
    >>> [refused(name, windows=True) for name in ("nul.png", "a.png:stream", "C:", "a. ", "a.png")]
    [True, True, True, True, False]
    """
    if name in ("", ".", "..") or "\0" in name or "/" in name:
        return True
    return windows and _WINDOWS_REFUSES.search(name) is not None


class Library:
    """The roots, and the way from a canonical path to a file and back.

    Links are followed only where they lead to something below the same root: what is listed and
    what is served never leaves a root, whatever lies in it.
    """

    def __init__(self, roots: Sequence[Root]) -> None:
        self.replace(roots)

    def replace(self, roots: Sequence[Root]) -> None:
        """Other roots from now on (a folder was added or taken away). Raises ValueError."""
        if len({root.id for root in roots}) != len(roots):
            raise ValueError("Two roots have the same id.")
        self._roots = {root.id: root for root in roots}

    @property
    def roots(self) -> tuple[Root, ...]:
        return tuple(self._roots.values())

    def root(self, root_id: str) -> Root:
        try:
            return self._roots[root_id]
        except KeyError:
            raise NotFound(f"There is no folder “{root_id}” in this library.") from None

    def canon(self, root_id: str, relative: str | bytes) -> str:
        """The canonical path of `relative`, a path below the root as the file system names it."""
        name = os.fsdecode(relative)
        if os.sep != "/":
            name = name.replace(os.sep, "/")
        below = escape_path(name.strip("/"))
        return below if root_id == OUTPUT else f"{root_id}:{below}"

    def split(self, path_canon: str) -> tuple[Root, str]:
        """The root of a canonical path and the (still escaped) path below it."""
        prefix = _PREFIX.match(path_canon)
        if prefix is None:
            return self.root(OUTPUT), path_canon
        return self.root(prefix[1]), path_canon[prefix.end() :]

    def resolve(self, path_canon: str) -> Path:
        """The file that `path_canon` names, links resolved. Raises NotFound outside the roots."""
        try:
            root, below = self.split(path_canon)
            names = [unescape_name(name) for name in below.split("/")]
            # A second spelling of a name (`%C3%A9` for é) is no name: rows, caches and access
            # rules all go by the one spelling.
            sound = escape_path("/".join(names)) == below and not any(map(refused, names))
            if sound:
                home = os.path.realpath(root.path)
                found = os.path.realpath(os.path.join(home, *names))  # noqa: PTH118 - not UTF-8
                if lies_below(found, home) and Path(found).exists():
                    return Path(found)
        except (ValueError, OSError):
            pass
        raise NotFound(f"There is no file {path_canon} in this library.")

    def canon_of(self, path: str | os.PathLike[str]) -> str | None:
        """The canonical path of an absolute path; None where it lies in no root.

        Of two roots that lie in each other the inner one counts, as for listing.
        """
        folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100 - links stay
        best: tuple[int, str] | None = None
        for root in self._roots.values():
            for home, place in (
                (os.path.abspath(root.path), folder),  # noqa: PTH100
                (os.path.realpath(root.path), os.path.realpath(folder)),
            ):
                full = os.path.join(place, name)  # noqa: PTH118
                if lies_below(full, home) and (best is None or len(home) > best[0]):
                    best = (len(home), self.canon(root.id, os.path.relpath(full, home)))
        return best[1] if best else None


def lies_below(path: str, folder: str) -> bool:
    """True when `path` is something inside `folder`; both are absolute and normal."""
    base = folder if folder.endswith(os.sep) else folder + os.sep
    return os.path.normcase(path).startswith(os.path.normcase(base))


def roots_of(host: Host, extra: Sequence[tuple[str, str, Path]] = ()) -> list[Root]:
    """The host's folders, then those its owner added, as (id, label, path)."""
    roots = [Root(OUTPUT, "Output", host.output_dir)]
    if host.input_dir is not None:
        roots.append(Root(INPUT, "Input", host.input_dir))
    roots += [Root(one, label, path) for one, label, path in extra if one not in (OUTPUT, INPUT)]
    return roots
