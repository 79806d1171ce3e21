"""How a search is read letter by letter: quotes, words, and where a mistake stands."""

from __future__ import annotations

import re
from datetime import date

from ..holaf_core.errors import BadRequest
from .query_terms import Node

# Each term is a search of its own. A pasted prompt has fewer words.
MOST_TERMS = 200

QUOTES = {'"': '"', "“": '”“"', "”": '”"', "„": '“”"'}
# Between words of a pasted prompt; they mean nothing.
SKIPPED = ",;*、，；。"
LORA_STRENGTH = re.compile(r"\s*(>=|=>|≥|<=|=<|≤|==|=|>|<|:)\s*([-+−]?[0-9.]+)(?=[\s,)|]|$)")


class QueryError(BadRequest):
    """What was typed from `start` to `end` makes no sense; `hint` says what would."""

    def __init__(self, message: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message, field="search", start=start, end=end, hint=hint)
        self.start = start
        self.end = end
        self.hint = hint


class Scanner:
    """The text, and how far it has been read (`at`)."""

    def __init__(self, text: str, today: date) -> None:
        self.text = text
        self.today = today
        self.at = 0
        self.depth = 0
        self.terms: set[Node] = set()

    def skip(self, also: str = SKIPPED) -> None:
        text = self.text
        while self.at < len(text) and (text[self.at].isspace() or text[self.at] in also):
            self.at += 1

    def quoted(self) -> str:
        """What stands in the quotes that begin here; the end of the text closes them."""
        text = self.text
        closing = QUOTES[text[self.at]]
        self.at += 1
        parts = []
        while self.at < len(text):
            one = text[self.at]
            self.at += 1
            if one in closing:
                break
            if one == "\\" and text[self.at : self.at + 1] in ('"', "\\"):
                one = text[self.at]
                self.at += 1
            parts.append(one)
        return "".join(parts)

    def quoted_or_bare(
        self, ends: frozenset[str] = frozenset(QUOTES) | {","}, colon_ends: bool = False
    ) -> tuple[str, bool]:
        if self.at < len(self.text) and self.text[self.at] in QUOTES:
            return self.quoted(), True
        return self.bare(ends, colon_ends), False

    def bare(self, ends: frozenset[str], colon_ends: bool = False) -> str:
        """Up to a space, one of `ends`, or a parenthesis that was not opened in it."""
        text = self.text
        parts = []
        opened = 0
        while self.at < len(text):
            one = text[self.at]
            if one.isspace() or one in ends or (one == ")" and not opened):
                break
            if one == ":" and colon_ends and LORA_STRENGTH.match(text, self.at):
                break
            if one == "\\" and text[self.at + 1 : self.at + 2] in ("(", ")"):
                self.at += 1
                one = text[self.at]
            elif one == "(":
                opened += 1
            elif one == ")":
                opened -= 1
            parts.append(one)
            self.at += 1
        return "".join(parts)

    def take(self, sign: str) -> bool:
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def to_space(self, at: int) -> int:
        while at < len(self.text) and not self.text[at].isspace():
            at += 1
        return at

    def counted(self, node: Node) -> Node:
        # The same word again costs nothing.
        self.terms.add(node)
        if len(self.terms) > MOST_TERMS:
            raise QueryError(
                f"The search has more than {MOST_TERMS} words.",
                node.span[0],
                len(self.text),
                'Search for a part of it, or put a long text in quotes: "…"',
            )
        return node
