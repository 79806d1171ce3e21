"""Folders as a request names them, and what is below which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..holaf_image_records import OUTPUT, canon
from .library_paths import ROOT_ID

# In `folder_filters`, the name of what lies in the output folder itself.
DIRECTLY = "root"

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Folders:
    ids: Array
    paths: tuple[str, ...]  # canonical, in the order of `ids`
    highest: int
    # The values of the facet "folder": every folder and those above it. "" is what lies directly
    # in the output folder, "input:" that root with all below.
    values: tuple[str, ...]
    # Pairs: a folder id, and the number of a value that its pictures count for.
    pair_ids: Array
    pair_values: Array


class FolderNames(dict[int, tuple[str, str]]):
    """{folder id: (root id, path below the root)}; never changes once it is filled."""

    @cached_property
    def facts(self) -> Folders:
        return _facts(self)

    @classmethod
    def parsed(cls, text: str) -> FolderNames:
        """From "id/root/path" of each, with NULs between them."""
        parts = (one.split("/", 2) for one in text.split("\0") if one)
        return cls({int(folder_id): (root, path) for folder_id, root, path in parts})


def _facts(folders: FolderNames) -> Folders:
    numbers: dict[str, int] = {}
    paths, pairs = [], []
    for folder_id, (root, path) in folders.items():
        paths.append(canon(root, "", path))
        for above in lineage(root, path):
            pairs.append((folder_id, numbers.setdefault(above, len(numbers))))
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return Folders(
        ids=np.fromiter(folders, np.int64, len(folders)),
        paths=tuple(paths),
        highest=max(folders, default=0),
        values=tuple(numbers),
        pair_ids=table[:, 0],
        pair_values=table[:, 1],
    )


def lineage(root: str, path: str) -> list[str]:
    """The values of the facet that a picture directly in this folder counts for.

    >>> lineage("output", ""), lineage("output", "a/b"), lineage("input", "x")
    ([''], ['a', 'a/b'], ['input:', 'input:x'])
    """
    parts = path.split("/") if path else []
    found = [canon(root, "", "/".join(parts[:end])) for end in range(1, len(parts) + 1)]
    if root != OUTPUT:
        return [canon(root, "", ""), *found]
    return found or [""]


def below(facts: Folders, path: str, *, any_case: bool = False) -> Array:
    """By folder id: the folder of this canonical path, and those below it."""

    def plain(text: str) -> str:
        return text.casefold() if any_case else text

    wanted = plain(path.strip("/") if ":" not in path else path.rstrip("/"))
    chosen = np.zeros(facts.highest + 1, np.bool_)
    numbers = [n for n, value in enumerate(facts.values) if plain(value) == wanted]
    if numbers:
        chosen[facts.pair_ids[np.isin(facts.pair_values, numbers)]] = True
    return chosen


def in_folders(folders: FolderNames, paths: Sequence[str]) -> Array:
    """By folder id: whether the folder is one of `folder_filters`, or below one."""
    chosen = np.zeros(folders.facts.highest + 1, np.bool_)
    wanted = [split_folder(path) for path in paths]
    for folder_id, (root, path) in folders.items():
        for wanted_root, wanted_path, deep in wanted:
            if root == wanted_root and (
                path == wanted_path
                or (deep and (wanted_path == "" or path.startswith(wanted_path + "/")))
            ):
                chosen[folder_id] = True
                break
    return chosen


def folder_name(root: str, path: str) -> str:
    """What `folder_filters` calls a folder; `split_folder` is the way back.

    "root" is what lies directly in the output folder, so a real folder of that name has its root's.

    >>> folder_name("output", ""), folder_name("output", "a/b"), folder_name("input", "x")
    ('root', 'a/b', 'input:x')
    >>> [folder_name("output", one) for one in ("root", "root/x", "roots")]
    ['output:root', 'output:root/x', 'roots']
    """
    if root == OUTPUT and f"{path}/".startswith(f"{DIRECTLY}/"):
        return f"{OUTPUT}:{path}"
    return canon(root, "", path) or DIRECTLY


def split_folder(name: str) -> tuple[str, str, bool]:
    """(root id, path, whether sub-folders count) of a name in `folder_filters`.

    >>> split_folder("root"), split_folder("a/b"), split_folder("input:"), split_folder("input:x")
    (('output', '', False), ('output', 'a/b', True), ('input', '', True), ('input', 'x', True))
    """
    if name == DIRECTLY:
        return OUTPUT, "", False
    head, colon, tail = name.partition(":")
    if colon and ROOT_ID.fullmatch(head):
        return head, tail.strip("/"), True
    return OUTPUT, name.strip("/"), True
