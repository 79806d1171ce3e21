"""Files beside a media file that say more about it: `.txt` prompt, `.json` workflow, `.xmp` tags,
and the edits in the folder `edit`.

They are named for the whole file name (`a.png.txt`). The older form `a.txt` counts where no other
media file of that stem could claim it: `a.png` and `a.mp4` lie side by side in many folders.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection
from dataclasses import dataclass

from .header import text_of
from .media_types import EXTENSIONS

MAX_SIDECAR = 8 * 1024 * 1024
MAX_TAGS = 256
# Without waiting: a pipe named like a sidecar would block the open for ever. And no links: they
# may lead to any text of this machine.
_OPEN_FLAGS = os.O_RDONLY | sum(
    getattr(os, flag, 0) for flag in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK", "O_NOFOLLOW")
)
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_XAP = "{http://ns.adobe.com/xap/1.0/}"

_PACKET_END = re.compile(rb"<\?xpacket end=['\"][rw]['\"]\?>")


@dataclass(frozen=True, slots=True)
class Sidecars:
    """Names, relative to the file's folder (`edit`: to its folder `edit`); None where absent."""

    prompt: str | None = None
    workflow: str | None = None
    xmp: str | None = None
    edit: str | None = None


NONE = Sidecars()


def find(name: str, siblings: Collection[str], edits: Collection[str] = ()) -> Sidecars:
    """The sidecars of `name`, given the names in its folder and those in its folder `edit`.

    Names are str as os.fsdecode gives them. `siblings` and `edits` should be sets.
    """
    stem = os.path.splitext(name)[0]  # noqa: PTH122 - one string operation per file of a million
    prompt = _first(name, stem, ".txt", siblings)
    workflow = _first(name, stem, ".json", siblings)
    xmp = _first(name, stem, ".xmp", siblings)
    edit = _first(name, stem, ".edt", edits) if edits else None
    if edit is None:  # the oldest ones lie beside the file
        edit = _first(name, stem, ".edt", siblings)
        edit = f"../{edit}" if edit else None
    if prompt is None and workflow is None and xmp is None and edit is None:
        return NONE
    if claimed_by_another(name, stem, siblings):
        old = (stem + ".txt", stem + ".json", stem + ".xmp", stem + ".edt", f"../{stem}.edt")
        prompt, workflow, xmp, edit = (
            None if each in old else each for each in (prompt, workflow, xmp, edit)
        )
    return Sidecars(prompt, workflow, xmp, edit)


def _first(name: str, stem: str, ending: str, names: Collection[str]) -> str | None:
    if name + ending in names:
        return name + ending
    return stem + ending if stem + ending in names else None


def claimed_by_another(name: str, stem: str, siblings: Collection[str]) -> bool:
    """Whether another media file of this stem lies beside `name`."""
    for ending in EXTENSIONS:
        for other in (stem + ending, stem + ending.upper()):
            if other != name and other in siblings:
                return True
    return False


def names_beside(path: str) -> tuple[set[str], set[str]]:
    """(siblings, edits) of one file, asked one by one: a folder may hold 100,000."""
    folder, name = os.path.split(path)
    stem = os.path.splitext(name)[0]  # noqa: PTH122
    candidates = [base + ending for base in (name, stem) for ending in _ENDINGS]
    candidates += [stem + ending for ending in EXTENSIONS]
    candidates += [stem + ending.upper() for ending in EXTENSIONS]
    siblings = {each for each in candidates if _is_file(folder, each)}
    edits = {each for each in (name + ".edt", stem + ".edt") if _is_file(folder, "edit", each)}
    return siblings, edits


def _is_file(*parts: str) -> bool:
    """False also for a name that is too long here, where Path.is_file raises."""
    return os.path.isfile(os.path.join(*parts))  # noqa: PTH113, PTH118


_ENDINGS = (".txt", ".json", ".xmp", ".edt")


def read_text(folder: str, name: str) -> str | None:
    """A sidecar's text, or None when it is empty, too large, vanished or unreadable."""
    try:
        fd = os.open(os.path.join(folder, name), _OPEN_FLAGS)  # noqa: PTH118
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            data = file.read(MAX_SIDECAR + 1)
    except OSError:
        return None
    if len(data) > MAX_SIDECAR:
        return None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    else:
        text = text_of(data.removeprefix(b"\xef\xbb\xbf"))
    return text.strip() or None


def parse_xmp(data: bytes | str) -> tuple[list[str], int | None]:
    """(dc:subject tags, xmp:Rating) of an XMP packet; nothing for one that is damaged."""
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    # No XMP needs a document type; entities are how XML bombs are made.
    if len(raw) > MAX_SIDECAR or re.search(rb"<!(?:DOCTYPE|ENTITY)", raw, re.IGNORECASE):
        return [], None
    # Where a packet became shorter, Exempi leaves the rest of the old one behind it.
    end = _PACKET_END.search(raw)
    raw = raw[: end.end()] if end else raw
    from xml.etree import ElementTree  # late: most folders have no XMP

    try:
        root = ElementTree.fromstring(raw.strip(b"\0 \r\n\t"))
    except (ElementTree.ParseError, ValueError, LookupError):
        return [], None
    tags: dict[str, None] = {}
    for subject in root.iter(f"{_DC}subject"):
        for item in subject.iter(f"{_RDF}li"):
            if item.text and item.text.strip() and len(tags) < MAX_TAGS:
                tags[item.text.strip()] = None
    rating = None
    for element in root.iter(f"{_RDF}Description"):
        rating = element.get(f"{_XAP}Rating") or element.findtext(f"{_XAP}Rating") or rating
    try:
        value = round(float(rating)) if rating is not None else None
    except (ValueError, OverflowError):
        value = None
    return list(tags), value if value is not None and -1 <= value <= 5 else None
