"""What each field of the search language takes, read into the term that it means."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Callable

from . import query_values as values
from .media_types import EXTENSIONS, FORMATS
from .query_fields import (
    HAS,
    HAS_NAMES,
    KIND,
    LIKE,
    LIKE_NAMES,
    LORA,
    MARK,
    MARK_VALUES,
    NAME,
    NODE,
    NUMBER,
    TEXT,
    Field,
    nearest,
)
from .query_scanner import LORA_STRENGTH, QUOTES, QueryError, Scanner
from .query_terms import (
    REGEX_TEXTS,
    All,
    AnyOf,
    Compare,
    Has,
    Like,
    Lora,
    Mark,
    NameIs,
    Node,
    NodeValue,
    Not,
    Regex,
    Words,
)

LONGEST_REGEX = 1000

ENDS_WORD = frozenset("|,;、，；。") | frozenset(QUOTES)
TRAILING = "*.!?…"
NODE_PART = re.compile(r"[^\s.:<>=!≤≥≠,()\"“”„|]+|\|")
NODE_OP = re.compile(r">=|=>|≥|<=|=<|≤|!=|≠|==|=|:|>|<")
LORA_NAME_ENDS = frozenset("<>=≤≥,|") | frozenset(QUOTES)
EXAMPLE_LORA = "For example lora:detail>=0.6"
EXAMPLE_NODE = "For example node:KSampler.denoise<0.5"
EXAMPLE_LIKE = "For example like:prompt:123, like:seed:123 or like:workflow:123"


class Values(Scanner):
    """A reader for each kind of field: it begins at the value and ends behind it."""

    def text_value(self, field: Field, start: int) -> Node | None:
        text = self.text
        begin = self.at
        while self.at < len(text) and text[self.at] in "-−*":
            self.at += 1
        minus = any(one in "-−" for one in text[begin : self.at])
        if self.at == len(text):
            return None
        if text[self.at] != "/":
            node: Node | None = self.words(field.target, start)
        elif field.target in REGEX_TEXTS:
            node = self.regex(field.target, start)
        else:
            raise QueryError(
                f"Expressions between slashes do not search {field.label.lower()}s.",
                self.at,
                min(self.at + 1, len(text)),
                "They search prompts: /…/, neg:/…/, and file names: file:/…/",
            )
        return negated(node, (start, self.at)) if minus and node is not None else node

    def name_value(self, field: Field, start: int) -> Node | None:
        begin = self.at
        exact = self.take("=")
        value, quoted = self.quoted_or_bare()
        starred = not quoted and value and not value.strip("*")
        if not quoted:
            value = value.strip("*")
        if not exact:
            value = " ".join(value.split())
        if not value and not (quoted or starred or exact):
            self.at = max(self.at, begin)
            return None
        exact = exact or (quoted and not value)
        kind = field.target
        if kind == "ext" and value:
            value, exact = value.lower().lstrip("."), True
        elif kind == "format" and value:
            known = EXTENSIONS.get("." + value.lower())
            if known or value.upper() in FORMATS:
                value, exact = known or value.upper(), True
        return self.counted(NameIs(kind, value, exact, (start, self.at)))

    def lora_value(self, field: Field, start: int) -> Node | None:
        begin = self.at
        op = strength = None
        exact = False
        value, quoted = "", False
        found = LORA_STRENGTH.match(self.text, self.at)
        if found is None:
            exact = self.take("=")
            value, quoted = self.quoted_or_bare(LORA_NAME_ENDS, colon_ends=True)
            found = LORA_STRENGTH.match(self.text, self.at)
        if found is not None:
            op, _ = values.split_op(found[1])
            op = op or "="
            strength = values.number(found[2])
            self.at = found.end()
            if strength is None or abs(strength) > values.LARGEST:
                raise QueryError(
                    f"“{found[2][:40]}” is not a strength.",
                    found.start(2),
                    found.end(2),
                    EXAMPLE_LORA,
                )
        elif self.at < len(self.text) and self.text[self.at] in "<>=≤≥:":
            end = self.to_space(self.at)
            raise QueryError("A strength is a number.", self.at, end, EXAMPLE_LORA)
        if not quoted:
            starred = value and not value.strip("*")
            value = value.strip("*")
        else:
            starred = False
        if not exact:
            value = " ".join(value.split())
        if quoted and not value and op is None:
            return self.counted(Not(Has("lora", (start, self.at)), (start, self.at)))
        if not value and op is None:
            if starred:
                return self.counted(Has("lora", (start, self.at)))
            self.at = max(self.at, begin)
            return None
        return self.counted(Lora(value, op, strength, exact and bool(value), (start, self.at)))

    def number_value(self, field: Field, start: int) -> Node | None:
        begin = self.at
        quoted = begin < len(self.text) and self.text[begin] in QUOTES
        raw = self.quoted() if quoted else self.number_text()
        if not raw.strip():
            return None
        op, rest = values.split_op(raw.strip())
        try:
            bounds = values.bounds(field.target, rest if op == "!=" else raw.strip(), self.today)
        except values.Wrong as wrong:
            hint = f"For example {field.example}"
            raise QueryError(str(wrong), begin, self.at, hint) from None
        span = (start, self.at)
        nodes = tuple(self.counted(Compare(name, *bound, span)) for name, bound in bounds)
        node: Node = nodes[0] if len(nodes) == 1 else All(nodes, span)
        return Not(node, span) if op == "!=" else node

    def number_text(self) -> str:
        """Up to the next space, comma or parenthesis; a space after an operator is skipped."""
        text = self.text
        begin = self.at
        while self.at < len(text) and text[self.at] in "<>=!≤≥≠":
            self.at += 1
        if self.at > begin:
            self.skip("")
        while self.at < len(text) and not (text[self.at].isspace() or text[self.at] in ",;()|"):
            self.at += 1
        return text[begin : self.at]

    def node_value(self, field: Field, start: int) -> Node | None:
        kind = self.node_part()
        name = self.node_part() if self.take(".") else None
        found = NODE_OP.match(self.text, self.at)
        if found is None:
            if not kind and not name:
                return None
            return self.counted(NodeValue(kind, name or None, span=(start, self.at)))
        self.at = found.end()
        op = "=" if found[0] == ":" else values.split_op(found[0])[0] or "="
        begin = self.at
        text, quoted = self.quoted_or_bare()
        number = None if quoted else values.number(text)
        if number is not None and abs(number) > values.LARGEST:
            number = None
        if op not in ("=", "!=") and number is None:
            where = (begin, self.at) if self.at > begin else found.span()
            raise QueryError(f"After “{found[0]}” comes a number.", *where, EXAMPLE_NODE)
        if not (text or quoted):
            raise QueryError(
                f"Nothing follows “{found[0]}”.", found.start(), found.end(), EXAMPLE_NODE
            )
        value = text if number is None else number
        span = (start, self.at)
        if op == "!=":
            return Not(self.counted(NodeValue(kind, name or None, "=", value, span)), span)
        return self.counted(NodeValue(kind, name or None, op, value, span))

    def node_part(self) -> str:
        if self.at < len(self.text) and self.text[self.at] in QUOTES:
            return self.quoted()
        begin = self.at
        while (found := NODE_PART.match(self.text, self.at)) is not None:
            self.at = found.end()
        return self.text[begin : self.at]

    def like_value(self, field: Field, start: int) -> Node | None:
        begin = self.at
        value, _ = self.quoted_or_bare()
        kind, colon, digits = value.rpartition(":")
        kind = kind.strip().lower() if colon else "prompt"
        digits = digits.strip()
        if not value:
            return None
        if kind not in LIKE_NAMES:
            raise QueryError(
                f"Pictures cannot be alike in “{kind[:40]}”.", begin, self.at, EXAMPLE_LIKE
            )
        if not (digits.isascii() and digits.isdecimal() and 0 < len(digits) <= 10):
            raise QueryError(
                "After “like:” comes the number of a picture.", begin, self.at, EXAMPLE_LIKE
            )
        return self.counted(Like(LIKE_NAMES[kind], int(digits), (start, self.at)))

    def has_value(self, field: Field, start: int) -> Node | None:
        return self.one_of(start, HAS_NAMES, "“has:” knows", field.example, Has)

    def mark_value(self, field: Field, start: int) -> Node | None:
        def mark(value: str, span: tuple[int, int]) -> Node:
            if value == "no":
                return Not(Mark(field.target, "yes", span), span)
            return Mark(field.target, value, span)

        known = {**MARK_VALUES[field.target], "*": "any" if field.target == "label" else "yes"}
        return self.one_of(start, known, f"“{field.name}:” knows", field.example, mark)

    def kind_value(self, field: Field, start: int) -> Node | None:
        def formats(kind: str, span: tuple[int, int]) -> Node:
            names = [name for name, (one, _) in FORMATS.items() if one == kind]
            return AnyOf(tuple(NameIs("format", name, True, span) for name in names), span)

        kinds = {"image": "image", "picture": "image", "video": "video", "audio": "audio"}
        kinds |= {"images": "image", "videos": "video", "sound": "audio"}
        return self.one_of(start, kinds, "“kind:” knows", field.example, formats)

    def one_of(
        self,
        start: int,
        known: dict[str, str],
        knows: str,
        example: str,
        make: Callable[[str, tuple[int, int]], Node],
    ) -> Node | None:
        begin = self.at
        value, _ = self.quoted_or_bare()
        if not value.strip():
            return None
        what = known.get(value.strip().lower())
        if what is None:
            near = nearest(value, list(known))
            hint = f"Did you mean “{near}”?" if near else f"For example {example}"
            names = ", ".join(dict.fromkeys(known.values()))
            raise QueryError(f"{knows} {names}.", begin, self.at, hint)
        return self.counted(make(what, (start, self.at)))

    def words(self, where: str, start: int) -> Node | None:
        if self.text[self.at] in QUOTES:
            phrase = " ".join(self.quoted().split())
            if not phrase:
                return None
            return self.counted(Words(phrase, True, where, (start, self.at)))
        word = self.bare(ENDS_WORD).rstrip(TRAILING)
        if all(_is_punctuation(one) for one in word):
            return None
        return self.counted(Words(word, False, where, (start, self.at)))

    def regex(self, where: str, start: int) -> Node | None:
        text = self.text
        begin = self.at = self.at + 1
        parts = []
        closed = False
        while self.at < len(text):
            one = text[self.at]
            if one == "/":
                closed = True
                break
            if one == "\\" and self.at + 1 < len(text):
                self.at += 1
                one = text[self.at] if text[self.at] == "/" else one + text[self.at]
            parts.append(one)
            self.at += 1
        end = self.at
        pattern = "".join(parts)
        flags = ""
        if closed:
            self.at += 1
            flags = re.compile("[A-Za-z]*").match(text, self.at)[0]  # type: ignore[index]
            self.at += len(flags)
        else:
            pattern = pattern.rstrip()
        if not pattern:
            return None
        if flags.strip("ic") or len(flags) > 2:
            raise QueryError(
                f"After an expression may stand i or c, not “{flags[:40]}”.",
                end + 1,
                self.at,
                f'To search for the text itself, put it in quotes: "{text[start : start + 40]}"',
            )
        if len(pattern.removeprefix("(?-i:")) > LONGEST_REGEX + 1:
            raise QueryError(
                f"An expression has at most {LONGEST_REGEX:,} characters.",
                begin,
                end,
                "Search for a part of it.",
            )
        self.check(pattern, begin, end)
        if "c" in flags:
            pattern = f"(?-i:{pattern})"
            self.check(pattern, begin, end)
        return self.counted(Regex(pattern, where, (start, self.at)))

    def check(self, pattern: str, start: int, end: int) -> None:
        try:
            re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            at = min(start + (error.pos or 0), end)
            message = f"This expression is not complete: {error.msg}."
            hint = "Put a backslash before signs that are meant as themselves: \\( \\) \\[ \\+ \\?"
            raise QueryError(message, at, max(at, end), hint) from None
        except (ValueError, OverflowError, RecursionError) as error:
            message = f"This expression cannot be used: {error}."
            raise QueryError(message, start, end, "Make it simpler.") from None


READERS: dict[str, Callable[[Values, Field, int], Node | None]] = {
    TEXT: Values.text_value,
    NAME: Values.name_value,
    LORA: Values.lora_value,
    NUMBER: Values.number_value,
    NODE: Values.node_value,
    LIKE: Values.like_value,
    HAS: Values.has_value,
    KIND: Values.kind_value,
    MARK: Values.mark_value,
}


def negated(node: Node, span: tuple[int, int]) -> Node:
    if isinstance(node, Not):
        return dataclasses.replace(node.child, span=span)
    return Not(node, span)


def _is_punctuation(one: str) -> bool:
    return unicodedata.category(one)[0] in "PZC" or (one.isascii() and not one.isalnum())
