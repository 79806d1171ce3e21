"""Writes the tags and ratings of many pictures beside them or into them, as a task."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..holaf_core.errors import BadRequest, HolafError, NotFound
from ..holaf_core.files import write_atomically
from ..holaf_core.tasks import Progress, Work
from ..holaf_image_judging import Judging
from . import sidecars
from .header import Header
from .headers import read_header
from .library_paths import Library, lies_below, unescape_name
from .xmp import Damaged, Facts, packet, tags_differ, toolkit, write_into
from .xmp_png import write_png

AT_ONCE = 200
MOST_PROBLEMS = 20
TRIES = 3


def work(library: Library, judging: Judging, ids: Sequence[int], where: Any) -> Work:
    """The work of a task. Raises BadRequest, also where what `where` needs is missing."""
    if where not in ("sidecar", "file"):
        raise BadRequest("where must be “sidecar” or “file”.", field="where")
    others = where == "file" and judging.formats(ids) != {"PNG"}
    libxmp = toolkit() if others else None

    def write(progress: Progress) -> dict[str, Any]:
        """{written, unchanged, failed, problems: [{path, error}] of the first 20}"""
        counts = {"written": 0, "unchanged": 0, "failed": 0}
        problems: list[dict[str, str]] = []
        for number, (path, facts) in enumerate(each(judging, ids)):
            progress(number, len(ids))
            try:
                if where == "sidecar":
                    done = write_beside(library, path, facts)
                else:
                    done = write_inside(library, libxmp, path, facts)
                counts["written" if done else "unchanged"] += 1
            except (OSError, HolafError, Damaged) as error:
                counts["failed"] += 1
                text = error.strerror if isinstance(error, OSError) else None
                if len(problems) < MOST_PROBLEMS:
                    problems.append({"path": path, "error": text or str(error)})
        progress(len(ids), len(ids))
        return {**counts, "problems": problems}

    return write


def each(judging: Judging, ids: Sequence[int]) -> Iterator[tuple[str, Facts]]:
    """The path and the facts of each picture as they are when its turn comes."""
    for start in range(0, len(ids), AT_ONCE):
        for path, rating, tags in judging.facts(ids[start : start + AT_ONCE]):
            yield path, Facts(tuple(tags), rating)


def place_of(library: Library, path_canon: str) -> tuple[str, str]:
    """(folder, name) of a picture as it is listed: it may be a link to another one.

    Raises NotFound outside the roots, and where it is gone.
    """
    library.resolve(path_canon)
    root, below = library.split(path_canon)
    *folders, name = map(unescape_name, below.split("/"))
    home = os.path.realpath(root.path)
    folder = os.path.realpath(os.path.join(home, *folders))  # noqa: PTH118
    if folder != home and not lies_below(folder, home):
        raise NotFound(f"{path_canon} lies outside of its library.")
    return folder, name


def write_beside(library: Library, path_canon: str, facts: Facts) -> bool:
    """Write the picture's sidecar; False where it says that already.

    Raises OSError, NotFound; Damaged where there is one that cannot be changed.
    """
    folder, name = place_of(library, path_canon)
    beside = sidecars.find(name, *sidecars.names_beside(os.path.join(folder, name))).xmp  # noqa: PTH118
    path = Path(folder, beside or f"{name}.xmp")
    for _ in range(TRIES):
        before = state_of(path)
        old = None if before is None else path.read_bytes()
        if old is None and facts == Facts((), 0):
            return False
        if old is not None:
            tags, rating = sidecars.parse_xmp(old)
            if not tags_differ(facts.tags, tags) and facts.rating == max(rating or 0, 0) and tags:
                return False
        data = packet(facts, old)
        # Another program may be at it as well.
        if state_of(path) == before:
            write_atomically(path, data, 0o644 if before is None else before[0])
            return True
    raise Damaged(f"Another program keeps changing {path.name}.")


def state_of(path: Path) -> tuple[int, int, int] | None:
    """What tells whether a sidecar was changed; None where there is none."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        # A link may lead to any file of this machine.
        raise Damaged(f"{path.name} is a link or no file at all, so it is left alone.")
    return stat.S_IMODE(found.st_mode), found.st_mtime_ns, found.st_size


def write_inside(library: Library, libxmp: Any, path_canon: str, facts: Facts) -> bool:
    """Write into the picture's file: a copy is changed and put in its place."""
    folder, name = place_of(library, path_canon)
    path = Path(folder, name)
    before = path.lstat()
    if not stat.S_ISREG(before.st_mode):
        raise Damaged(f"{name} is a link, so it is left alone.")
    # Exempi knows some kinds of files by their extension.
    part = path.with_name(f".{secrets.token_hex(4)}.part{path.suffix}")
    try:
        found = read_header(str(path), name)
        if found.format == "PNG":
            part.touch(0o600)
            write_png(path, part, packet(facts, found.xmp))
            shutil.copymode(path, part)
        else:
            shutil.copy2(path, part)
            write_into(libxmp or toolkit(), str(part), facts)
        refuse_damaged(found, read_header(str(part), name), facts)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        # It is as old as it was: only what is said about it is new.
        os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
        now = path.lstat()
        if (now.st_mtime_ns, now.st_size) != (before.st_mtime_ns, before.st_size):
            raise Damaged(f"Another program changed {name} meanwhile.")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return True


def refuse_damaged(old: Header, new: Header, facts: Facts) -> None:
    """Raises Damaged unless this is the same picture and says `facts`.

    Exempi 2.6 makes WebP files without their extended header unreadable.
    """
    same = all(
        getattr(old, one) == getattr(new, one)
        for one in ("format", "width", "height", "pixel_key", "error", "texts")
    )
    tags, rating = sidecars.parse_xmp(new.xmp) if new.xmp else ([], None)
    if not same or tags_differ(facts.tags, tags) or facts.rating != max(rating or 0, 0):
        raise Damaged(
            "It would not have been the same picture with these tags, so it was left as it is. A "
            "sidecar can be written."
        )
