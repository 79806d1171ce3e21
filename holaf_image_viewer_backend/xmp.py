"""Tags and ratings as other programs read them: XMP packets, made new or changed in place.

What a packet says of other things is kept as it is, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.dom import minidom
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape

from ..holaf_core.errors import BadRequest
from .sidecars import MAX_SIDECAR

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
XMP = "http://ns.adobe.com/xap/1.0/"
# XML has no way to write these.
UNWRITABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

NEW = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    f' <rdf:RDF xmlns:rdf="{RDF}">\n'
    "{0}\n"
    " </rdf:RDF>\n"
    "</x:xmpmeta>\n"
    '<?xpacket end="w"?>\n'
)


class Damaged(Exception):
    """The packet that is there cannot be read, so it cannot be changed without losing something."""


@dataclass(frozen=True)
class Facts:
    tags: tuple[str, ...]
    rating: int  # 0: none


def packet(facts: Facts, old: bytes | None = None) -> bytes:
    """A packet that says `facts`, and else what `old` says. Raises Damaged."""
    if old is None or not old.strip(b"\0 \t\r\n"):
        return NEW.format(description(facts)).encode()
    if len(old) > MAX_SIDECAR or re.search(rb"<!(?:DOCTYPE|ENTITY)", old, re.IGNORECASE):
        raise Damaged("It is too large, or has a document type, which no XMP has.")
    # Half a sign of UTF-16 may be a zero.
    utf16 = old[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        document = minidom.parseString(old if utf16 else old.strip(b"\0 \t\r\n"))
        roots = document.getElementsByTagNameNS(RDF, "RDF")
        if not roots:
            raise Damaged("It has no rdf:RDF in it.")
        described = roots[0].getElementsByTagNameNS(RDF, "Description")
        about = next((one.getAttributeNS(RDF, "about") for one in described), "")
        for one in described:
            forget(one)
        if facts != Facts((), 0):
            made = minidom.parseString(description(facts, about).encode()).documentElement
            assert made is not None
            roots[0].appendChild(document.importNode(made, deep=True))
        return document.toxml(encoding="utf-8") + b"\n"
    except (ExpatError, ValueError, LookupError, RecursionError) as error:
        raise Damaged(f"It is no XML that can be read: {error}.") from error


def forget(described: Any) -> None:
    """Take tags and rating out of an rdf:Description, and itself where nothing else was in it."""
    if described.hasAttributeNS(XMP, "Rating"):
        described.removeAttributeNS(XMP, "Rating")
    for space, name in ((XMP, "Rating"), (DC, "subject")):
        for one in described.getElementsByTagNameNS(space, name):
            if one.parentNode is described:
                described.removeChild(one)
    own = ("http://www.w3.org/2000/xmlns/", RDF)
    rest = [one for one in described.attributes.values() if one.namespaceURI not in own]
    empty = not rest and not any(
        one.nodeType == one.ELEMENT_NODE or one.nodeType == one.COMMENT_NODE
        for one in described.childNodes
    )
    if empty:
        described.parentNode.removeChild(described)


def description(facts: Facts, about: str = "") -> str:
    """An rdf:Description with all its namespaces: others may use these prefixes otherwise."""
    quoted = escape(about, {'"': "&quot;"})
    head = f'rdf:about="{quoted}" xmlns:rdf="{RDF}" xmlns:dc="{DC}" xmlns:xmp="{XMP}"'
    rating = f' xmp:Rating="{facts.rating}"' if facts.rating else ""
    items = "".join(f"<rdf:li>{escape(clean(tag))}</rdf:li>" for tag in facts.tags)
    subject = f"<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>" if items else ""
    return f"  <rdf:Description {head}{rating}>{subject}</rdf:Description>"


def clean(text: str) -> str:
    return UNWRITABLE.sub("", text)


# --- in the file itself -------------------------------------------------------------------------


def toolkit() -> Any:
    """python-xmp-toolkit. Raises BadRequest, which says what to install."""
    try:
        import libxmp
        from libxmp.files import XMPFiles  # noqa: F401 - this loads Exempi
    except Exception as error:  # its own error where Exempi is missing; ImportError, OSError
        raise BadRequest(
            "To write into the files themselves, python-xmp-toolkit and the library Exempi are "
            "needed (pip install python-xmp-toolkit; Debian and Ubuntu: apt install libexempi8; "
            f"macOS: brew install exempi). Sidecars need neither. ({error})",
            field="where",
        ) from error
    return libxmp


def write_into(libxmp: Any, path: str, facts: Facts) -> None:
    """Change the packet in the file `path`. Raises Damaged where that cannot be."""
    from libxmp.consts import XMP_NS_DC, XMP_NS_XMP

    try:
        file = libxmp.XMPFiles(file_path=path, open_forupdate=True)
        try:
            meta = file.get_xmp() or libxmp.XMPMeta()
            meta.delete_property(XMP_NS_DC, "subject")
            for tag in facts.tags:
                meta.append_array_item(
                    XMP_NS_DC, "subject", clean(tag), {"prop_value_is_array": True}
                )
            if facts.rating:
                meta.set_property(XMP_NS_XMP, "Rating", str(facts.rating))
            else:
                meta.delete_property(XMP_NS_XMP, "Rating")
            if not file.can_put_xmp(meta):
                raise Damaged("Exempi cannot write into files of this kind.")
            file.put_xmp(meta)
        finally:
            file.close_file()
    except (libxmp.XMPError, OSError) as error:
        raise Damaged(f"Exempi cannot write into it: {error}") from error


def tags_differ(one: Sequence[str], other: Sequence[str]) -> bool:
    return sorted(map(clean, one)) != sorted(other)
