"""What a client may ask of the gallery: filters, search, facets, order. All else is refused."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..holaf_core.errors import BadRequest
from . import query_language
from .facet_values import FACETS
from .groups import GROUPS
from .query_terms import All, Node, Not, Words

MAX_LIMIT = 5000
DEFAULT_LIMIT = 200
LONGEST_SEARCH = 10_000
# Each word is a search of its own. A pasted prompt has fewer.
MOST_TERMS = 200

SORTS = (
    "mtime",
    "name",
    "size",
    "resolution",
    "duration",
    "seed",
    "rating",
    "model",
    "random",
)
MOST_CHOICES = 1000
DEFAULT_VALUES = 50  # of a facet
MOST_VALUES = 1000
LONGEST_CHOICE = 4096
SOURCES = {"none": 0, "embedded": 1, "sidecar": 2}
FLAGS = ("has_prompt", "has_edits", "has_tags", "has_workflow")


# The name of a facet, the values of which any will do, and those that must not be.
Choice = tuple[str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Query:
    """A checked filter. Empty members filter nothing. Equal queries are equal and hash alike."""

    folders: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    workflow_sources: tuple[int, ...] = ()
    flags: tuple[tuple[str, bool], ...] = ()
    start: date | None = None
    end: date | None = None
    search: All = All()
    filename: tuple[Node, ...] = ()
    prompt: tuple[Node, ...] = ()
    workflow: tuple[Node, ...] = ()
    facets: tuple[Choice, ...] = ()
    sort: str = "mtime"
    descending: bool = True
    random_seed: int = 0
    group: str | None = None
    # As it was typed; two texts that mean the same make the same query.
    text: str = field(default="", compare=False)

    @property
    def filter(self) -> Query:
        """The same pictures before the choices of facets, whatever their order."""
        return dataclasses.replace(
            self, facets=(), sort="mtime", descending=True, random_seed=0, group=None, text=""
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.facets) or self.filter != Query()


def parse(data: Mapping[str, Any], also: frozenset[str] = frozenset()) -> Query:
    """The query that a request's JSON means; `also` names members that others read.

    Absent, null and [] mean "not filtered". Raises `BadRequest` with the `field` that is wrong.
    """
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name in also:
            continue
        reader = READERS.get(name)
        if reader is None:
            raise BadRequest(f"“{name[:80]}” is not a filter this gallery knows.", field=name[:80])
        if value is not None:
            found.update(reader(name, value))
    return Query(**found)


def parse_page(data: Mapping[str, Any]) -> tuple[int, int]:
    """(offset, limit); a limit above 5,000 is cut to 5,000."""
    offset = _count(data, "offset", 0)
    return offset, min(_count(data, "limit", DEFAULT_LIMIT), MAX_LIMIT)


def parse_facets(
    data: Mapping[str, Any],
) -> tuple[tuple[str, ...], int, dict[str, str] | None]:
    """(names, limit, find) of a request for facets. Raises BadRequest."""
    names = data.get("names")
    if names is None:
        names = FACETS
    if not isinstance(names, (list, tuple)) or not all(one in FACETS for one in names):
        raise BadRequest(f"names must be a list of {', '.join(FACETS)}.", field="names")
    limit = min(_count(data, "limit", DEFAULT_VALUES), MOST_VALUES)
    find = data.get("find")
    if find is not None:
        if not isinstance(find, dict) or set(find) != {"name", "text"}:
            raise BadRequest("find must be an object with name and text.", field="find")
        if find["name"] not in FACETS:
            raise BadRequest(f"find.name must be one of {', '.join(FACETS)}.", field="find.name")
        if not isinstance(find["text"], str) or len(find["text"]) > LONGEST_CHOICE:
            raise BadRequest("find.text must be a text.", field="find.text")
    return tuple(dict.fromkeys(names)), limit, find


def terms(text: str, where: str) -> tuple[Node, ...]:
    """The words and phrases of a simple search field, which is not in the query language.

    >>> terms('red "old car" -blue', "prompt")
    (Words(text='red', phrase=False, where='prompt', span=(0, 0)), \
Words(text='old car', phrase=True, where='prompt', span=(0, 0)), \
Not(child=Words(text='blue', phrase=False, where='prompt', span=(0, 0)), span=(0, 0)))
    """
    found: list[Node] = []
    # No name or prompt has a NUL in it, and SQLite takes it for the end of what it is given.
    for minus, phrase, word in re.findall(r'(-?)(?:"([^"]*)"?|([^\s"]+))', text.replace("\0", " ")):
        if phrase.strip() or word:
            one = Words(phrase.strip() or word, bool(phrase.strip()), where)
            found.append(Not(one) if minus else one)
    return tuple(dict.fromkeys(found))


def _count(data: Mapping[str, Any], name: str, default: int) -> int:
    value = data.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadRequest(f"{name} must be a whole number from 0 up.", field=name)
    return value


def _texts(target: str, upper: bool = False) -> Callable[[str, Any], dict[str, Any]]:
    def read(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise BadRequest(f"{name} must be a list of texts.", field=name)
        return {target: tuple(sorted({one.upper() if upper else one for one in value}))}

    return read


def _words(target: str, where: str) -> Callable[[str, Any], dict[str, Any]]:
    def read(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, str):
            raise BadRequest(f"{name} must be a text.", field=name)
        if len(value) > LONGEST_SEARCH:
            raise BadRequest(
                f"The search is longer than {LONGEST_SEARCH:,} characters.", field=name
            )
        found = terms(value, where)
        if len(found) > MOST_TERMS:
            raise BadRequest(f"The search has more than {MOST_TERMS} words.", field=name)
        return {target: found}

    return read


def _search(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a text.", field=name)
    return {"search": query_language.parse(value), "text": value}


def _facets(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object.", field=name)
    found = []
    for facet, choice in sorted(value.items()):
        if facet not in FACETS:
            raise BadRequest(f"{name} knows {', '.join(FACETS)}.", field=f"{name}.{facet[:80]}")
        if choice is None:
            continue
        if not isinstance(choice, dict) or not set(choice) <= {"any", "none"}:
            raise BadRequest(
                f"{name}.{facet} must be an object with any and none.", field=f"{name}.{facet}"
            )
        chosen, banned = (
            _values(f"{name}.{facet}.{kind}", choice.get(kind)) for kind in ("any", "none")
        )
        if chosen or banned:
            found.append((facet, chosen, banned))
    return {"facets": tuple(found)}


def _values(name: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(
        isinstance(one, str) and len(one) <= LONGEST_CHOICE for one in value
    ):
        raise BadRequest(f"{name} must be a list of texts.", field=name)
    if len(value) > MOST_CHOICES:
        raise BadRequest(f"{name} has more than {MOST_CHOICES} values.", field=name)
    return tuple(sorted(set(value)))


def _seed(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise BadRequest(f"{name} must be a whole number from 0 up.", field=name)
    return {"random_seed": value}


def _group(name: str, value: Any) -> dict[str, Any]:
    if value not in GROUPS:
        raise BadRequest(f"{name} must be one of {', '.join(GROUPS)}, or null.", field=name)
    return {"group": value}


def _day(target: str) -> Callable[[str, Any], dict[str, Any]]:
    def read(name: str, value: Any) -> dict[str, Any]:
        if value == "":
            return {}
        try:
            return {target: date.fromisoformat(value)}
        except (TypeError, ValueError) as error:
            raise BadRequest(f"{name} must be a day such as 2026-11-21.", field=name) from error

    return read


def _flags(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object of true, false or null.", field=name)
    for flag, wanted in value.items():
        if flag not in FLAGS or not (wanted is None or isinstance(wanted, bool)):
            raise BadRequest(
                f"{name} knows {', '.join(FLAGS)}, each true, false or null.",
                field=f"{name}.{flag[:80]}",
            )
    return {"flags": tuple(sorted((f, w) for f, w in value.items() if w is not None))}


def _sources(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, list) or not all(
        isinstance(one, str) and one in SOURCES for one in value
    ):
        raise BadRequest(f"{name} must be a list of {', '.join(SOURCES)}.", field=name)
    return {"workflow_sources": tuple(sorted({SOURCES[one] for one in value}))}


def _sort(name: str, value: Any) -> dict[str, Any]:
    key, _, way = value.partition("_") if isinstance(value, str) else ("", "", "")
    if key not in SORTS or way not in ("asc", "desc"):
        raise BadRequest(
            f"{name} must be one of {', '.join(SORTS)} with _desc or _asc.", field=name
        )
    return {"sort": key, "descending": way == "desc"}


READERS: dict[str, Callable[[str, Any], dict[str, Any]]] = {
    "folder_filters": _texts("folders"),
    "format_filters": _texts("formats", upper=True),
    "tags_filter": _texts("tags"),
    "workflow_sources": _sources,
    "bool_filters": _flags,
    "startDate": _day("start"),
    "endDate": _day("end"),
    "search": _search,
    "filename_search": _words("filename", "file"),
    "prompt_search": _words("prompt", "prompt"),
    "workflow_search": _words("workflow", "workflow"),
    "facets": _facets,
    "sort": _sort,
    "random_seed": _seed,
    "group": _group,
}
