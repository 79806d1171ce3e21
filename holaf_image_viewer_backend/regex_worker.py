"""The program that tries expressions on all prompts, file names or workflows of the library.

It is killed when one takes too long, so it holds nothing that cannot be read again. Requests are
{"kind": "prompt" | "negative" | "file", "pattern"}, {"kind": "graph", "node_type", "input", "op",
"value"}, and {"kind": "read"}, which only reads the prompts. Each is answered by {"ready": true}
once the texts are read, and then by {"found": n, "rev"} with a byte for each id, 1 where it
matches; or by {"error"}. `rev` is a revision of the database that the answer covers. Of the
prompts, each of several such processes has its blocks.
"""

from __future__ import annotations

import math
import re
import sqlite3
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..holaf_core.worker_side import Channel
from .query_values import written
from .regex_needles import Needles, Plan, folded, plan

# Ids of prompts that one process has, before those of the next.
BLOCK = 2000
MOST_RESULTS = 16

TEXTS = {
    "prompt": "SELECT id, prompt_text FROM prompts WHERE id > ? AND id <= ? ORDER BY id",
    "negative": "SELECT id, negative_text FROM prompts WHERE id > ? AND id <= ? ORDER BY id",
}


Search = Callable[..., "re.Match[str] | None"]


@dataclass
class Corpus:
    """The texts of this process, in the order of their ids; none is missing up to the id `upto`."""

    ids: array[int]
    texts: list[str]
    upto: int = 0


class Found(bytearray):
    """A byte for each id: 1 where it matches. Grows as needed."""

    def mark(self, one: int, value: int = 1) -> None:
        if one >= len(self):
            self.extend(bytes(max(one + 1, len(self) * 5 // 4) - len(self)))
        self[one] = value

    def mark_all(self, ids: list[int]) -> None:
        """As `mark` for each; they ascend."""
        if ids:
            self.mark(ids[-1])
        for one in ids:
            self[one] = 1


@dataclass
class Result:
    found: Found
    upto: int = 0  # the texts, id or revision up to which it holds


def matching(texts: Sequence[str], regex: re.Pattern[str], how: Plan) -> Iterable[int]:
    """The places of the texts in which `regex` is found."""
    search = regex.match if how.anchored else regex.search
    if how.needles is None:
        if how.row is not None:
            table, row, whole = how.row.table(), b"\1" * how.row.length, how.row.whole
            return [
                place
                for place, text in enumerate(texts)
                if (
                    text.encode().translate(table).find(row) >= 0 and (whole or search(text))
                    if text.isascii()
                    else search(text)
                )
            ]
        return [n for n, text in enumerate(texts) if search(text)]
    if how.core is not None:
        core = re.compile(how.core, how.flags).search
        return [
            n for n, text in enumerate(texts) if core(text) and found_at(text, core, regex.match)
        ]
    if how.needles.lead and len(how.needles.texts) == 1 and not how.also:
        (needle,), lead = how.needles.texts, how.needles.lead
        return [n for n, text in enumerate(texts) if found_from(text, search, needle, lead)]
    places = with_any(texts, how.needles.texts)
    if how.whole:
        return places
    for needles in how.also:
        few = with_any([texts[place] for place in places], needles.texts)
        places = [places[number] for number in few]
    if how.anchored:
        return [place for place in places if search(texts[place])]
    if how.near is not None:
        return [place for place in places if found_near(texts[place], regex, how.near)]
    return [place for place in places if search(texts[place])]


def with_any(texts: Sequence[str], needles: tuple[str, ...]) -> list[int]:
    """The places of the texts that have one of at most six needles.

    One look at each text, and none for a needle once another one is found.
    """
    if len(needles) == 1:
        (a,) = needles
        return [place for place, text in enumerate(texts) if a in text]
    if len(needles) == 2:
        a, b = needles
        return [place for place, text in enumerate(texts) if a in text or b in text]
    a, b, c, *more = needles
    if not more:
        return [p for p, text in enumerate(texts) if a in text or b in text or c in text]
    d, e, f = (*more, more[-1], more[-1])[:3]
    return [
        place
        for place, text in enumerate(texts)
        if a in text or b in text or c in text or d in text or e in text or f in text
    ]


def found_near(text: str, regex: re.Pattern[str], needles: Needles) -> bool:
    match, low, high = regex.match, needles.low, needles.high or 0
    for needle in needles.texts:
        at = text.find(needle, low)
        while at >= 0:
            for start in range(at - low, max(at - high, 0) - 1, -1):
                if match(text, start):
                    return True
            at = text.find(needle, at + 1)
    return False


def found_at(text: str, core: Search, match: Search) -> bool:
    """`match` at one of the places where `core` is found."""
    found = core(text)
    while found is not None:
        if match(text, found.start()):
            return True
        found = core(text, found.start() + 1)
    return False


def found_from(text: str, search: Search, needle: str, lead: str) -> bool:
    """Tried from what of `lead` stands before the first needle: no match begins earlier."""
    if not text.isascii():
        return search(text) is not None
    at = text.find(needle)
    return at >= 0 and search(text, len(text[:at].rstrip(lead))) is not None


class Searcher:
    def __init__(self, database: Path, shard: int = 0, shards: int = 1) -> None:
        self._shard = shard
        self._shards = shards
        # As in `known_files`: `mode=ro` could not open a WAL database that nobody else has open.
        self._db = sqlite3.connect(
            f"{database.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=30.0
        )
        self._db.execute("PRAGMA query_only = ON")
        self._corpora: dict[tuple[str, bool], Corpus] = {}
        self._results: OrderedDict[tuple[Any, ...], Result] = OrderedDict()
        self._unread: set[int] = set()

    def close(self) -> None:
        self._db.close()

    def search(self, request: dict[str, Any], ready: Callable[[], None]) -> Found:
        if request["kind"] == "graph":
            return self._graphs(request, ready)
        if request["kind"] == "read":
            self._read_new("prompt", False)
            ready()
            return Found()
        pattern = request["pattern"]
        if request["kind"] == "file":
            return self._files(pattern, ready)
        return self._prompts(request["kind"], pattern, ready)

    def rev(self) -> int:
        return int(self._db.execute("SELECT value FROM meta WHERE key = 'rev'").fetchone()[0])

    def _result(self, *key: Any) -> Result:
        """What is known of this search from before."""
        result = self._results.setdefault(key, Result(Found()))
        self._results.move_to_end(key)
        while len(self._results) > MOST_RESULTS:
            self._results.popitem(last=False)
        return result

    def _prompts(self, where: str, pattern: str, ready: Callable[[], None]) -> Found:
        how = plan(pattern)
        corpus = self._read_new(where, how.cased)
        result = self._result(where, pattern)
        ready()
        regex = re.compile(pattern, how.flags)
        start = result.upto
        fresh = corpus.texts[start:] if start else corpus.texts
        places = matching(fresh, regex, how)
        result.found.mark_all([corpus.ids[start + place] for place in places])
        result.upto = len(corpus.texts)
        return result.found

    def _read_new(self, where: str, cased: bool) -> Corpus:
        """All its texts. Prompts are never changed or removed, only added."""
        corpus = self._corpora.setdefault((where, cased), Corpus(array("L"), []))
        newest = self._db.execute("SELECT coalesce(max(id), 0) FROM prompts").fetchone()[0]
        while corpus.upto < newest:
            block = corpus.upto // BLOCK
            upto = min((block + 1) * BLOCK, newest)
            if block % self._shards == self._shard:
                rows = self._db.execute(TEXTS[where], (corpus.upto, upto)).fetchall()
                corpus.ids.extend([row[0] for row in rows])
                corpus.texts += [row[1] if cased else folded(row[1]) for row in rows]
            corpus.upto = upto
        return corpus

    def _files(self, pattern: str, ready: Callable[[], None]) -> Found:
        result = self._result("file", pattern)
        regex = re.compile(pattern, re.IGNORECASE)
        ready()
        self._db.execute("BEGIN")
        try:
            rev = self.rev()
            rows: Iterable[tuple[int, str]]
            if result.upto:
                rows = self._db.execute(
                    "SELECT id, filename FROM images WHERE rev > ?", (result.upto,)
                )
            else:
                likes = likes_of(plan(pattern))
                where = " OR ".join(["filename LIKE ? ESCAPE '\\'"] * len(likes)) or "1"
                # The order of an index that has all that is asked for.
                rows = self._db.execute(
                    f"SELECT id, filename FROM images WHERE {where} ORDER BY name_key", likes
                )
            mark, search = result.found.mark, regex.search
            for one, name in rows:
                if search(name):
                    mark(one)
                elif one < len(result.found):
                    result.found[one] = 0
        finally:
            self._db.execute("COMMIT")
        result.upto = rev
        return result.found

    def _graphs(self, request: dict[str, Any], ready: Callable[[], None]) -> Found:
        """Graphs are added, and one that was stored before its values were is filled in later."""
        node_type: str = request["node_type"]
        key = (node_type, request.get("input"), request.get("op"), request.get("value"))
        matches = node_matcher(*key)
        if self._unread:
            self._fill_in()
        result = self._result("graph", *key)
        ready()
        last = result.upto
        rows = self._db.execute("SELECT id, nodes FROM graphs WHERE id > ? ORDER BY id", (last,))
        for one, nodes in rows:
            result.upto = one
            if nodes is None:
                self._unread.add(one)
            elif matches(unpacked(nodes)):
                result.found.mark(one)
        return result.found

    def _fill_in(self) -> None:
        """Values that came after their graph: what was found without them counts no more."""
        filled = [
            one
            for (one,) in self._db.execute("SELECT id FROM graphs WHERE nodes IS NOT NULL")
            if one in self._unread
        ]
        if filled:
            self._unread.difference_update(filled)
            for key in [key for key in self._results if key[0] == "graph"]:
                self._results.pop(key)


def likes_of(how: Plan) -> list[str]:
    """What SQLite can leave out by itself: patterns of which one must be like the name.

    s, i and k have forms beyond ASCII that LIKE does not know: they become any sign.

    >>> likes_of(plan("Ca_t.*"))
    ['%ca\\\\_t%']
    """
    if how.needles is None:
        return []
    likes = []
    for needle in how.needles.texts:
        escaped = re.sub(r"([%_\\])", r"\\\1", needle)
        likes.append("%" + re.sub("[sikSIK]", "_", escaped) + "%")
    return likes


def unpacked(nodes: bytes) -> str:
    try:
        return zlib.decompress(nodes).decode("utf-8", "replace").lower()
    except zlib.error:
        return ""


def number_of(text: str) -> float | None:
    """
    >>> number_of("1e-05"), number_of("nan"), number_of("euler")
    (1e-05, None, None)
    """
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def node_matcher(
    node_type: str, input_name: str | None, op: str | None, value: float | str | None
) -> Callable[[str], bool]:
    """Whether lines such as `ksampler.steps=20`, in lower case, have such a node and value.

    >>> node_matcher("KSampler", "steps", ">", 10)("ksampler.cfg=7\\nksampler.steps=20")
    True
    """
    node_type = node_type.lower()
    input_name = input_name.lower() if input_name else None
    wanted = value.lower() if isinstance(value, str) else value

    def holds(text: str) -> bool:
        if isinstance(wanted, str):
            return wanted in text
        known = number_of(text)
        if known is None or wanted is None:
            # "15" may well be looked for in "sd15.safetensors".
            return op == "=" and wanted is not None and known is None and written(wanted) in text
        if op == "<":
            return known < wanted
        if op == "<=":
            return known <= wanted
        if op == ">":
            return known > wanted
        if op == ">=":
            return known >= wanted
        return abs(known - wanted) < 1e-6

    def matches(text: str) -> bool:
        at = text.find(node_type)
        while at >= 0:
            start = text.rfind("\n", 0, at) + 1
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            head, equals, content = text[start:end].partition("=")
            if not equals:  # a node without widgets
                right = node_type in head and input_name is None and op is None
            elif input_name is None:
                right = node_type in head.rpartition(".")[0]
            else:
                right = head.endswith("." + input_name) and node_type in head[: -len(input_name)]
            if right and (op is None or holds(content)):
                return True
            at = text.find(node_type, end + 1) if end < len(text) else -1
        return False

    return matches


def main(channel: Channel, arguments: list[str]) -> None:
    searcher = Searcher(Path(arguments[0]), int(arguments[1]), int(arguments[2]))
    while (request := channel.receive()) is not None:
        try:
            rev = searcher.rev()
            found = searcher.search(request[0], lambda: channel.send({"ready": True}))
        except (sqlite3.Error, re.error, RecursionError, OverflowError, ValueError) as error:
            channel.send({"error": str(error) or type(error).__name__})
        else:
            channel.send({"found": len(found), "rev": rev}, bytes(found))
