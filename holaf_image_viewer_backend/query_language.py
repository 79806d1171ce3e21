"""The language of the search box: text in, terms out; mistakes are explained where they stand.

docs/search.md is its description for people. Reading is one pass over the text, takes time in
proportion to its length, does no I/O, and raises nothing but `QueryError`.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import date

from .query_fields import BY_NAME, LIKE, NODE, NUMBER, Field, nearest
from .query_readers import READERS, Values, negated
from .query_scanner import MOST_TERMS, QueryError
from .query_terms import All, AnyOf, Node, Words
from .query_text import chips, unparse

__all__ = ["LONGEST", "MOST_TERMS", "QueryError", "chips", "parse", "unparse"]

LONGEST = 10_000
DEEPEST = 50

ENDS_GROUP = frozenset(")|,;、，；。")
UNREADABLE = re.compile("[\0\ud800-\udfff]")
HEAD = re.compile(r"([A-Za-z_]+)([:：]|[<>=!≤≥≠])")
WEIGHT = re.compile(r"\s*[0-9]*\.?[0-9]+\s*(?=\))")


def parse(text: str, today: date | None = None) -> All:
    """The terms of a search; `today` is what relative days count from.

    Raises QueryError, and nothing else, for a text of any content.

    >>> parse('red -blur').children
    (Words(text='red', phrase=False, where='any', span=(0, 3)), \
Not(child=Words(text='blur', phrase=False, where='any', span=(5, 9)), span=(4, 9)))
    """
    if len(text) > LONGEST:
        raise QueryError(
            f"The search is longer than {LONGEST:,} characters.",
            LONGEST,
            len(text),
            "Search for a part of it.",
        )
    # Neither SQLite nor UTF-8 has these, and no name or prompt does.
    return _Parser(UNREADABLE.sub(" ", text), today or date.today()).whole()


class _Parser(Values):
    # --- structure ------------------------------------------------------------------------------

    def whole(self) -> All:
        return All(_flat(self.items(None)), (0, len(self.text)))

    def items(self, field: Field | None) -> list[Node]:
        """The terms up to the end of the group, or of the text."""
        found: list[list[Node]] = []
        either = False
        not_at: int | None = None
        while True:
            self.skip()
            if self.at >= len(self.text):
                break
            if self.text[self.at] == ")":
                self.at += 1
                if self.depth:
                    break
                continue
            start = self.at
            word = self.keyword()
            if word == "OR":
                either = bool(found)
                continue
            if word is not None:
                not_at = start if word == "NOT" else None
                continue
            node = self.term(field)
            if node is None:
                self.at = max(self.at, start + 1)
                continue
            if not_at is not None:
                node = negated(node, (not_at, self.at))
            if either:
                found[-1].append(node)
            else:
                found.append([node])
            either = False
            not_at = None
        return [_any_of(one) for one in found]

    def keyword(self) -> str | None:
        """An OR, AND or NOT that stands alone."""
        text = self.text
        if text[self.at] == "|":
            self.at += 1
            return "OR"
        for word in ("OR", "AND", "NOT"):
            end = self.at + len(word)
            if text.startswith(word, self.at) and (
                end == len(text) or text[end].isspace() or text[end] in '(")"'
            ):
                self.at = end
                return word
        return None

    def term(self, field: Field | None) -> Node | None:
        """One term with its minus; None where there is nothing to search for."""
        start = self.at
        text = self.text
        while self.at < len(text) and text[self.at] in "-−*":
            self.at += 1
        minus = self.at > start and any(one in "-−" for one in text[start : self.at])
        if self.at == len(text) or text[self.at].isspace() or text[self.at] in ENDS_GROUP:
            return None
        node = self.positive(field)
        if node is None:
            return None
        return negated(node, (start, self.at)) if minus else node

    def positive(self, field: Field | None) -> Node | None:
        first = self.text[self.at]
        if first == "(":
            return self.group(field)
        head = HEAD.match(self.text, self.at)
        if head is not None:
            weight = WEIGHT.match(self.text, head.end()) if self.depth else None
            if weight is not None and head[1].lower() not in BY_NAME:
                # (hair:1.2) of a pasted prompt: its weight is not searched for.
                start, self.at = self.at, weight.end()
                return self.counted(Words(head[1], span=(start, self.at)))
            named = self.field_of(head)
            if named is not None:
                return self.with_field(named, head)
        if field is not None:
            return self.value(field, self.at)
        if first == "/":
            return self.regex("prompt", self.at)
        return self.words("any", self.at)

    def group(self, field: Field | None) -> Node | None:
        start = self.at
        if self.depth == DEEPEST:
            raise QueryError(
                f"Groups are nested more than {DEEPEST} deep.",
                start,
                start + 1,
                "Take some parentheses out, or put the text in quotes.",
            )
        self.at += 1
        self.depth += 1
        children = _flat(self.items(field))
        self.depth -= 1
        if not children:
            return None
        span = (start, self.at)
        if len(children) == 1:
            return dataclasses.replace(children[0], span=span)
        return All(children, span)

    # --- fields ---------------------------------------------------------------------------------

    def field_of(self, head: re.Match[str]) -> Field | None:
        """The field that `head` names; None where it is a part of a word."""
        field = BY_NAME.get(head[1].lower())
        if head[2] in ":：":
            if field is None:
                raise self.unknown(head)
            return field
        return field if field is not None and field.takes == NUMBER else None

    def unknown(self, head: re.Match[str]) -> QueryError:
        name = head[1][:40]
        near = nearest(name, list(BY_NAME))
        hint = f"Did you mean “{near}:”? " if near else ""
        end = head.end()
        while end < len(self.text) and not (self.text[end].isspace() or self.text[end] in '()"'):
            end += 1
        sample = self.text[head.start() : min(end, head.start() + 40)]
        return QueryError(
            f"There is no field “{name}”.",
            head.start(),
            head.end(),
            f'{hint}To search for the text itself, put it in quotes: "{sample}"',
        )

    def with_field(self, field: Field, head: re.Match[str]) -> Node | None:
        start = self.at
        self.at = head.end(1)
        if head[2] in ":：":
            self.at += 1
        self.skip("")
        text = self.text
        if self.at < len(text) and not self.starts_other_field(field):
            if text[self.at] == "(" and field.takes != NODE:
                node = self.group(field)
            else:
                node = self.value(field, start)
            if node is not None:
                return node
            if text[self.at - 1] == ")":  # an empty group: its last term was taken out
                return None
        raise QueryError(
            f"Nothing follows “{head[1]}:”.",
            start,
            max(head.end(), min(self.at, len(text))),
            f"Write what to look for, for example {field.example}",
        )

    def starts_other_field(self, field: Field) -> bool:
        """After `model: `, whether what comes is the next field and not a value."""
        if self.at and not self.text[self.at - 1].isspace():
            return False
        head = HEAD.match(self.text, self.at)
        return head is not None and head[1].lower() in BY_NAME and field.takes != LIKE

    def value(self, field: Field, start: int) -> Node | None:
        """The value of `field` at this place, with further ones after commas: any of them."""
        read = READERS[field.takes]
        found: list[Node] = []
        begin = start
        while True:
            node = read(self, field, begin)
            if node is not None:
                found.append(node)
            after = self.text[self.at + 1 : self.at + 2]
            if self.text[self.at : self.at + 1] != "," or not after or after in " \t\r\n\u3000,)":
                break
            self.at += 1
            begin = self.at
        if not found:
            return None
        return _any_of(found, (start, self.at))


def _flat(nodes: list[Node]) -> tuple[Node, ...]:
    """Groups of terms that must all hold, or the same term again, say no more than the terms."""
    found: list[Node] = []
    for node in nodes:
        found.extend(node.children if isinstance(node, All) else (node,))
    return tuple(dict.fromkeys(found))


def _any_of(nodes: list[Node], span: tuple[int, int] | None = None) -> Node:
    if len(nodes) == 1:
        return nodes[0]
    found: list[Node] = []
    for node in nodes:
        found.extend(node.children if isinstance(node, AnyOf) else (node,))
    span = span or (nodes[0].span[0], nodes[-1].span[1])
    distinct = tuple(dict.fromkeys(found))
    if len(distinct) == 1:
        return dataclasses.replace(distinct[0], span=span)
    return AnyOf(distinct, span)
