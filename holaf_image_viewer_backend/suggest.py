"""What a half-typed search could go on with: fields, names and words, the most frequent first."""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
import threading
import time
import zlib
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..holaf_core.errors import Unavailable
from ..holaf_database import ImageDatabase
from .media_types import EXTENSIONS
from .query_fields import BY_NAME, FIELDS, HAS_NAMES, MARK_VALUES, NAME, NODE, TEXT, Field
from .query_readers import NODE_OP, NODE_PART
from .query_text import quoted_if_needed

log = logging.getLogger("holaf.images")

MOST_ITEMS = 12
MOST_FIELDS = 4
MOST_NAMES = 4
# All words of all prompts are counted again when that many seconds passed and there are new ones.
WORDS_FOR_S = 120.0
# Rarer words than the most frequent ones of this number are typing errors and numbers.
MOST_WORDS = 60_000
# Kinds of workflows whose nodes are known, the most frequent ones; and names of nodes and inputs.
MOST_SHAPES = 5_000
MOST_NODES = 20_000

QUOTES = '"“”„'
OPENS_QUOTE = '"“„'
HEAD = re.compile(r"([A-Za-z_]+)[:：](.*)", re.DOTALL)
NOT_TEXT = re.compile(r"[-−]*/")

# The facet that knows how often each value of a field occurs.
FACETS = {
    "model": "model",
    "lora": "lora",
    "sampler": "sampler",
    "scheduler": "scheduler",
    "tag": "tag",
    "folder": "folder",
    "format": "format",
    "rating": "rating",
    "date": "month",
    "size": "resolution",
}
# A bare word may be the beginning of one of these.
NAMED = ("model", "lora", "tag")

# facets(query of POST /holaf/images/facets) -> its answer
Facets = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Place:
    """What is being typed: `text[start:end]` is to be replaced; `typed` is it without quotes."""

    start: int
    end: int
    typed: str
    field: Field | None


def place(text: str, at: int) -> Place | None:
    """The word or value around `at`; None where nothing can be suggested, as within an expression.

    >>> found = place("red model:flu", 13)
    >>> found.field.name, found.typed, found.start, found.end
    ('model', 'flu', 10, 13)
    """
    at = max(0, min(at, len(text)))
    start = comma = 0
    quote = -1
    for place, one in enumerate(text[:at]):
        if quote >= 0:
            if one in QUOTES:
                quote = -1
        elif one in OPENS_QUOTE:
            quote = place
        elif one.isspace() or one == "|" or (one == "(" and text[start:place].strip("-−") == ""):
            start = comma = place + 1
        elif one == ",":
            comma = place + 1
    token = text[start:at]
    if NOT_TEXT.match(token):
        return None
    start += len(token) - len(token.lstrip("-−*"))
    head = HEAD.match(text[start:at])
    field = BY_NAME.get(head[1].lower()) if head is not None and quote != start else None
    if field is not None and head is not None:
        start = max(start + head.start(2), comma)
    elif comma > start and quote < comma:
        start = comma
    typed = text[start:at].lstrip("=").lstrip(OPENS_QUOTE)
    if field is not None and typed.startswith("/"):
        return None
    if field is not None and field.takes == NODE and quote < 0:
        part = NODE_PART.match(text, at)
        return Place(start, part.end() if part else at, typed, field)
    return Place(start, _end(text, at, quote >= 0), typed, field)


def _end(text: str, at: int, quoted: bool) -> int:
    """Where the word or value that goes through `at` ends."""
    while at < len(text):
        one = text[at]
        if quoted and one in QUOTES:
            return at + 1
        if not quoted and (one.isspace() or one in ",()|" or one in QUOTES):
            break
        at += 1
    return at


class Words:
    """The words of all prompts and how many prompts have them, counted in a thread of its own."""

    def __init__(
        self, database: ImageDatabase, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._reading: sqlite3.Connection | None = None
        self._counted_at: float | None = None
        self._rev = -1
        # By column: the words in order, and the count of each.
        self._known: dict[str, tuple[list[str], list[int]]] = {}
        # How many workflows have a node of this kind, or one with this input: see `nodes`.
        self._nodes: dict[tuple[str, str], int] = {}

    def find(self, beginning: str, column: str, limit: int) -> list[tuple[str, int]]:
        """The most frequent words that begin so. Returns at once: before the first count, none."""
        self._count_soon()
        words, counts = self._known.get(column, ([], []))
        beginning = beginning.lower()
        low = bisect_left(words, beginning)
        high = bisect_left(words, beginning + "\U0010ffff", low)
        best = sorted(range(low, high), key=lambda n: (-counts[n], words[n]))[:limit]
        return [(words[n], counts[n]) for n in best]

    def nodes(self, kind: str, name: str | None, limit: int) -> list[tuple[str, str, int]]:
        """(kind of node, input, number of workflows), the most frequent first; the inputs are ""
        without `name`. A kind has `kind` in it, with `name` it is that very one."""
        self._count_soon()
        kind, name = kind.lower(), name if name is None else name.lower()
        if name is None:
            found = [
                one for one in self._nodes.items() if not one[0][1] and kind in one[0][0].lower()
            ]
        else:
            found = [
                one
                for one in self._nodes.items()
                if one[0][1].lower().startswith(name) and one[0][1] and one[0][0].lower() == kind
            ]
        found.sort(key=lambda one: (not one[0][0].lower().startswith(kind), -one[1], one[0]))
        return [(*names, count) for names, count in found[:limit]]

    def collections(self, typed: str, limit: int) -> list[tuple[str, int]]:
        """(name, number of pictures) of those that have `typed` in their names."""
        with self._database.read() as db:
            rows = db.execute(
                "SELECT name, (SELECT count(*) FROM collection_items "
                "WHERE collection_id = collections.id) AS count FROM collections "
                "ORDER BY count DESC, name"
            ).fetchall()
        wanted = typed.casefold()
        return [(row[0], row[1]) for row in rows if wanted in row[0].casefold()][:limit]

    def stop(self) -> None:
        self._stopping.set()
        thread, reading = self._thread, self._reading
        if reading is not None:
            with contextlib.suppress(sqlite3.Error):
                reading.interrupt()
        if thread is not None:
            thread.join(timeout=5)

    def _count_soon(self) -> None:
        with self._lock:
            fresh = self._counted_at is not None and self._clock() - self._counted_at < WORDS_FOR_S
            if fresh or self._stopping.is_set() or (self._thread and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._count, name="holaf-words", daemon=True)
            self._thread.start()

    def _count(self) -> None:
        try:
            rev = self._database.rev()
            if rev != self._rev:
                self._known = {
                    column: self._counted(column) for column in ("prompt_text", "negative_text")
                }
                self._nodes = self._counted_nodes()
                self._rev = rev
        except (sqlite3.Error, zlib.error, Unavailable) as error:
            if not self._stopping.is_set():
                log.warning("the words of the prompts could not be counted: %s", error)
        finally:
            self._reading = None
            self._counted_at = self._clock()

    def _counted(self, column: str) -> tuple[list[str], list[int]]:
        with self._database.read() as db:
            db.execute(
                "CREATE VIRTUAL TABLE IF NOT EXISTS temp.prompt_words "
                "USING fts5vocab(main, prompts_fts, col)"
            )
            self._reading = db
            # One row, and in order: sixty thousand would each take the interpreter's lock anew,
            # and sorting them here would hold it for too long.
            text = db.execute(
                "SELECT group_concat(term || ' ' || doc, char(10)) FROM (SELECT * FROM ("
                "SELECT term, doc FROM temp.prompt_words WHERE col = ? AND length(term) > 1 "
                "AND term GLOB '*[^0-9]*' ORDER BY doc DESC LIMIT ?) ORDER BY term)",
                (column, MOST_WORDS),
            ).fetchone()[0]
        words: list[str] = []
        counts: list[int] = []
        for line in text.split("\n") if text else ():
            word, _, count = line.rpartition(" ")
            words.append(word)
            counts.append(int(count))
        return words, counts

    def _counted_nodes(self) -> dict[tuple[str, str], int]:
        """Graphs of one shape have the same nodes, so one of each is looked at."""
        counts: dict[tuple[str, str], int] = {}
        with self._database.read() as db:
            self._reading = db
            for packed, count in db.execute(
                "SELECT nodes, number FROM (SELECT min(id) AS first, count(*) AS number "
                "FROM graphs GROUP BY shape_id ORDER BY number DESC LIMIT ?) "
                "JOIN graphs ON graphs.id = first WHERE nodes IS NOT NULL",
                (MOST_SHAPES,),
            ):
                found = set()
                for line in zlib.decompress(packed).decode("utf-8", "replace").split("\n"):
                    kind, _, name = line.partition("=")[0].partition(".")
                    found |= {(kind, ""), (kind, name)} if kind else set()
                if len(counts) < MOST_NODES:
                    for one in found:
                        counts[one] = counts.get(one, 0) + count
        return counts


class Suggestions:
    """Every method blocks for some milliseconds."""

    def __init__(
        self, facets: Facets, words: Words, prepare: Callable[[], None] = lambda: None
    ) -> None:
        """`prepare` is called while an expression is typed: it will soon be searched for."""
        self._facets = facets
        self._words = words
        self._prepare = prepare

    def stop(self) -> None:
        self._words.stop()

    def at(self, text: str, at: int) -> dict[str, Any]:
        """{start, end, items: [{insert, label, kind, count}]}: text[start:end] becomes `insert`.

        `kind` is "field", "word" or the field that it is a value of; `count` is in pictures, for a
        word in prompts, for a node in workflows, null for a field.
        """
        found = place(text, at)
        if found is None:
            self._prepare()
            return {"start": at, "end": at, "items": []}
        items = self._values(found) if found.field is not None else self._terms(found)
        return {"start": found.start, "end": found.end, "items": items[:MOST_ITEMS]}

    def _terms(self, found: Place) -> list[dict[str, Any]]:
        """A word, the beginning of a field, or of a name."""
        typed = found.typed.lower()
        if not typed:
            return [field_item(field) for field in FIELDS][:MOST_ITEMS]
        fields = [
            field_item(field)
            for field in FIELDS
            if any(name.startswith(typed) for name in (field.name, *field.also))
        ]
        words = [
            item(word, word, "word", count)
            for word, count in self._words.find(typed, "prompt_text", MOST_ITEMS)
        ]
        names: list[dict[str, Any]] = []
        if len(typed) > 1:
            for name in NAMED:
                names += [
                    {**one, "insert": f"{name}:{one['insert']}"}
                    for one in self._counted(BY_NAME[name], typed, MOST_NAMES)
                ]
        names.sort(key=lambda one: -one["count"])
        fields, names = fields[:MOST_FIELDS], names[:MOST_NAMES]
        return fields + words[: MOST_ITEMS - len(fields) - len(names)] + names

    def _values(self, found: Place) -> list[dict[str, Any]]:
        field, typed = found.field, found.typed.lower()
        assert field is not None
        if field.takes == TEXT:
            column = {"prompt": "prompt_text", "negative": "negative_text"}.get(field.target, "")
            words = self._words.find(typed, column, MOST_ITEMS) if typed and column else []
            return [item(word, word, field.name, count) for word, count in words]
        if field.takes == NODE:
            return self._node_names(found.typed)
        if field.name == "date" and typed.isalpha():
            days = ("today", "yesterday", "week", "month", "year")
            return [item(day, day, "date", None) for day in days if day.startswith(typed)]
        if field.name == "collection":
            return [
                item("=" + quoted_if_needed(name), name, "collection", count)
                for name, count in self._words.collections(found.typed.strip(), MOST_ITEMS)
            ]
        if field.name in FACETS:
            return self._counted(field, found.typed, MOST_ITEMS)
        if field.name == "ext":
            formats = self._counts("format", "", 100)
            return [
                item(ext, ext, "ext", formats[name])
                for ext, name in ((one[1:], name) for one, name in EXTENSIONS.items())
                if name in formats and ext.startswith(typed)
            ]
        known = {
            "kind": ("image", "video", "audio"),
            "has": dict.fromkeys(HAS_NAMES.values()),
            **{name: dict.fromkeys(values.values()) for name, values in MARK_VALUES.items()},
        }
        return [
            item(one, one, field.name, None)
            for one in known.get(field.name, ())
            if one.startswith(typed)
        ]

    def _node_names(self, typed: str) -> list[dict[str, Any]]:
        """Kinds of nodes; after a kind and a dot its inputs."""
        kind, quote, name = typed.partition('"')
        if not quote:
            if NODE_OP.search(typed):
                return []
            kind, dot, name = typed.partition(".")
        elif NODE_OP.search(name):
            return []
        else:
            dot, name = name[:1], name[1:]
        return [
            item(
                quoted_if_needed(one, dots=False)
                + (f".{quoted_if_needed(inner)}" if inner else ""),
                f"{one}.{inner}" if inner else one,
                "node",
                count,
            )
            for one, inner, count in self._words.nodes(kind, name if dot else None, MOST_ITEMS)
        ]

    def _counted(self, field: Field, typed: str, limit: int) -> list[dict[str, Any]]:
        counts = self._counts(FACETS[field.name], typed, limit)
        # An exact name finds as many pictures as are counted here.
        sign = "=" if field.takes == NAME or field.name == "lora" else ""
        found = []
        for value, count in counts.items():
            if value:
                insert = sign + quoted_if_needed(value)
            elif field.name in ("date", "size", "rating"):
                continue
            else:
                insert = '""'
            found.append(item(insert, value or "none", field.name, count))
        return found

    def _counts(self, facet: str, typed: str, limit: int) -> dict[str, int]:
        answer = self._facets({"find": {"name": facet, "text": typed.strip()}, "limit": limit})
        values = answer["facets"][facet]["values"]
        return {one["value"]: one["count"] for one in values}


def item(insert: str, label: str, kind: str, count: int | None) -> dict[str, Any]:
    return {"insert": insert, "label": label, "kind": kind, "count": count}


def field_item(field: Field) -> dict[str, Any]:
    return {**item(f"{field.name}:", field.label, "field", None), "example": field.example}
