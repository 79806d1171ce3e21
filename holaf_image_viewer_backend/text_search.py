"""Words and names in the database: which prompts, workflows and files have them."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from typing import Any

import numpy as np

from ..holaf_image_store import searchable
from .column_rows import numbers, one_text
from .generations import Generation, among
from .query_terms import Words

Array = np.ndarray[Any, np.dtype[Any]]

LIKE_ESCAPES = str.maketrans({"%": "\\%", "_": "\\_", "\\": "\\\\"})

IN_TEXTS = {
    "prompt": ("SELECT group_concat(rowid) FROM prompts_fts WHERE prompt_text MATCH ?", "prompt"),
    "negative": (
        "SELECT group_concat(rowid) FROM prompts_fts WHERE negative_text MATCH ?",
        "prompt",
    ),
    "workflow": ("SELECT group_concat(rowid) FROM graphs_fts WHERE graphs_fts MATCH ?", "graph"),
}


def words(now: Generation, db: sqlite3.Connection, term: Words) -> Array:
    """By slot: whether the picture has the word or phrase where it is looked for."""
    if term.where == "any":
        hits = words_in(now, db, term, "prompt")
        hits |= words_in(now, db, term, "workflow")
        hits |= file_names(now, db, term.text)
        return hits
    if term.where == "file":
        return file_names(now, db, term.text)
    if term.where == "note":
        return notes(now, db, term)
    return words_in(now, db, term, term.where)


def notes(now: Generation, db: sqlite3.Connection, term: Words) -> Array:
    """Notes have no index of their words: only a person writes them, so they are few."""
    parts = re.findall(r"\w+", folded(term.text))
    nothing = np.zeros(now.size, np.bool_)
    if not parts:
        return nothing
    end = r"(?!\w)" if term.phrase else ""
    wanted = re.compile(r"(?<!\w)" + r"\W+".join(map(re.escape, parts)) + end)
    rows = db.execute("SELECT image_id, note FROM marks WHERE note <> ''")
    found = [row[0] for row in rows if wanted.search(folded(row[1]))]
    return now.rows_of(np.array(found, np.int64)) if found else nothing


def folded(text: str) -> str:
    """In any case and without accents, as prompts are searched."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one))


def words_in(now: Generation, db: sqlite3.Connection, term: Words, where: str) -> Array:
    statement, column = IN_TEXTS[where]
    match = match_text(term)
    if match is None:
        return np.zeros(now.size, np.bool_)
    return among(now[column], numbers(one_text(db, statement, (match,))))


def file_names(
    now: Generation, db: sqlite3.Connection, text: str, *, at_end: bool = False
) -> Array:
    """By slot: whether the file's name has `text` in it (or ends with it), in any case."""
    nothing = np.zeros(now.size, np.bool_)
    if not text or "/" in text:
        return ~nothing if not text else nothing
    if now.stems is not None and now.stem_codes is not None:
        stems = now.stems.find(text, at_end=at_end)
        if not stems.any():
            return nothing
        if not re.search("[0-9]", text):
            return stems.take(now.stem_codes)
    pattern = "%" + text.translate(LIKE_ESCAPES) + ("" if at_end else "%")
    statement = "SELECT group_concat(id) FROM images WHERE filename LIKE ? ESCAPE '\\'"
    return now.rows_of(numbers(one_text(db, statement, (pattern,))))


def match_text(term: Words) -> str | None:
    """The FTS5 expression for a term; None when it has no letter or digit to look for.

    >>> match_text(Words("ca")), match_text(Words('old "car', phrase=True)), match_text(Words("--"))
    ('"ca"*', '"old ""car"', None)
    """
    # No prompt has a NUL in it, and SQLite takes it for the end of what it is given.
    text = searchable(term.text.replace("\0", " "))
    if not any(sign.isalnum() for sign in text):
        return None
    quoted = '"' + text.strip().replace('"', '""') + '"'
    return quoted if term.phrase or text != term.text else quoted + "*"
