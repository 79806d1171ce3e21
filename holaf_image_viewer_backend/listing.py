"""The words of scanning: a root and what is remembered of it, a folder's names, a file to read."""

# Plain strings instead of Path objects: this runs once for each of a million files.
# ruff: noqa: PTH112, PTH113, PTH120

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field

from ..holaf_image_records import canon
from .library_paths import Root, lies_below, unescape_path

# At the top of a root these are not part of the library; deeper down they are folders like others.
NOT_LISTED_AT_TOP = {"trashcan", "corrupted"}

# What the pack itself writes into a folder named `edit`.
EDIT_PRODUCT = re.compile(r"(?:_proc\.mp4|[._-]mask[^/]*\.png)$", re.IGNORECASE)

SIDECARS = {".txt", ".json", ".xmp"}

CASELESS = sys.platform in ("win32", "darwin")

EMPTY = (
    "The folder {path} is empty, but {count} files are known from it: perhaps its drive is not "
    "connected. Nothing was removed. If you emptied it, choose “Synchronise now” and confirm."
)
MISSED = (
    "The folder {path} was found empty, so files that are missing from it are still listed. "
    "If you emptied it, choose “Synchronise now” and confirm."
)


@dataclass(frozen=True, slots=True)
class Place:
    """A file as the reader of metadata gets it: `path` opens it, the rest are canonical names.

    `names` are the raw names beside it and `edits` those in its `edit` folder; None when the folder
    was not listed just now.
    """

    root_id: str
    folder: str
    filename: str
    path: str
    status: os.stat_result
    names: frozenset[str] | None = None
    edits: frozenset[str] | None = None


@dataclass(slots=True)
class Listing:
    files: dict[str, os.DirEntry[str]] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    sidecars: list[os.DirEntry[str]] = field(default_factory=list)
    # Every name, where there are sidecars to be found among them.
    names: frozenset[str] = frozenset()
    edits: frozenset[str] = frozenset()
    empty: bool = True


@dataclass(eq=False)
class RootState:
    """What the worker remembers of a root while it runs. `home` is its path, links resolved."""

    root: Root
    home: str
    reachable: bool = True
    message: str = ""
    identity: tuple[int, int] | None = None
    # The folder was found empty although files are known from it. While it is this same folder
    # (nothing was mounted there, nobody confirmed), what is missing is not taken for deleted.
    found_empty: tuple[int, int] | None = None
    # Raw path below the root → time of the folder when its names were read.
    times: dict[str, int] = field(default_factory=dict)

    def path(self, rel: str) -> str:
        return self.home + os.sep + rel.replace("/", os.sep) if rel else self.home

    def below(self, path: str) -> str | None:
        """The raw POSIX path of `path` below this root; None outside."""
        if path == self.home:
            return ""
        if not lies_below(path, self.home):
            return None
        return path[len(self.home.rstrip(os.sep)) + 1 :].replace(os.sep, "/")


def is_listed_file(entry: os.DirEntry[str], home: str) -> bool:
    """A regular file, or a link to one below the same root."""
    try:
        if not entry.is_symlink():
            return entry.is_file(follow_symlinks=False)
        return entry.is_file() and lies_below(os.path.realpath(entry.path), home)
    except OSError:
        return False


def is_folder(entry: os.DirEntry[str]) -> bool:
    """A folder of this place: no link, and no Windows junction (Python 3.12 can tell)."""
    check = getattr(entry, "is_junction", None)
    return entry.is_dir(follow_symlinks=False) and not (check and check())


def is_gone(state: RootState, folder: str, name: str) -> bool:
    """A second look before a row is removed: the name really leads to nothing that is listed."""
    path = state.path(unescape_path(canon("output", folder, name)))
    try:
        os.lstat(path)
    except FileNotFoundError:
        # Everything below an unmounted folder is "not found": that says nothing about the file.
        return os.path.isdir(os.path.dirname(path))
    except OSError:
        return False
    return not os.path.isfile(path) or not lies_below(os.path.realpath(path), state.home)


def forget_below(times: dict[str, int], rel: str) -> None:
    for one in [one for one in times if one == rel or one.startswith(rel + "/")]:
        del times[one]


_DIGITS = re.compile(r"(\d+)")


def natural(name: str) -> list[tuple[int, str]]:
    """A sort key that puts a10 after a9."""
    return [
        (int(part) if part.isdigit() and part.isascii() else -1, part)
        for part in _DIGITS.split(name)
    ]
