"""Who is signed in: sessions kept on the server, of which the browser holds only a random token."""

from __future__ import annotations

import hashlib
import logging
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from .errors import Unauthorized, Unavailable
from .sqlite import SqliteFile

log = logging.getLogger("holaf.access")

IDLE_S = 12 * 3600.0
ABSOLUTE_S = 7 * 86400.0
FRESH_S = 600.0
# How long a session found in the file is believed without looking again. What this process ends
# is forgotten at once; only another process's sign-out takes this long to arrive.
BELIEVED_S = 1.0
# `seen_at` is written at most this often.
SEEN_EVERY_S = 60.0

Ended = Callable[[frozenset[int]], None]


@dataclass(frozen=True)
class Session:
    """`id` is for lists; the token that proves it is stored nowhere. Times in seconds."""

    id: int
    created_at: float
    seen_at: float
    proved_at: float
    address: str
    browser: str

    def fresh(self, now: float) -> bool:
        """The password was given within the last 10 minutes."""
        return 0 <= now - self.proved_at < FRESH_S

    def alive(self, now: float) -> bool:
        return now - self.seen_at < IDLE_S and now - self.created_at < ABSOLUTE_S


class Sessions:
    """Everything but `known` blocks on SQLite: call it in a thread."""

    def __init__(self, file: SqliteFile, *, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[bytes, tuple[Session, float]] = {}
        self._listeners: list[Ended] = []
        # Raised by every end, so that a lookup that began before it is not remembered after it.
        self._ends = 0

    def start(self, address: str, browser: str, *, instead_of: Session | None = None) -> str:
        """Sign in: a new token, never one that the browser brought. Ends `instead_of`.

        Raises Unauthorized when no password is set.
        """
        token = secrets.token_urlsafe(32)
        now = self._clock()
        browser = "".join(c for c in browser if c.isprintable())[:200]

        def job(db: sqlite3.Connection) -> None:
            row = db.execute("SELECT generation FROM password").fetchone()
            if row is None:
                raise Unauthorized("No password is set.", password_configured=False)
            db.execute(
                "INSERT INTO sessions (token_hash, generation, created_at, seen_at, proved_at,"
                " address, browser) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (_hash(token), row["generation"], now, now, now, address, browser),
            )

        self._file.write(job)
        if instead_of is not None:
            self.end([instead_of.id])
        return token

    @property
    def ends(self) -> int:
        """Rises before the listeners hear of an end."""
        return self._ends

    def known(self, token: str) -> Session | None:
        """The session, when it was looked up a moment ago; for the event loop."""
        now = self._clock()
        with self._lock:
            session, at = self._known.get(_hash(token), (None, 0.0))
        if session is None or not 0 <= now - at < BELIEVED_S or not session.alive(now):
            return None
        return session

    def find(self, token: str) -> Session | None:
        """The session of this token, marked as seen now; None when there is none, or no longer."""
        now = self._clock()
        key = _hash(token)
        with self._lock:
            ends = self._ends
        with self._file.read() as db:
            row = db.execute(
                "SELECT s.* FROM sessions s JOIN password p ON p.generation = s.generation"
                " WHERE s.token_hash = ?",
                (key,),
            ).fetchone()
        session = None if row is None else _session(row)
        if session is None or not session.alive(now):
            with self._lock:
                self._known.pop(key, None)
            if session is not None:
                self.end([session.id])
            return None
        if now - session.seen_at >= SEEN_EVERY_S:
            session = replace(session, seen_at=now)
            try:
                self._file.write(
                    lambda db: db.execute(
                        "UPDATE sessions SET seen_at = ? WHERE id = ?", (now, session.id)
                    )
                )
            except Unavailable as error:  # a full disk must not lock out who is signed in
                log.warning("the time of a session could not be noted: %s", error)
        with self._lock:
            if ends == self._ends:
                self._known[key] = (session, now)
        return session

    def prove(self, session: Session) -> None:
        """The password was given again."""
        now = self._clock()
        self._file.write(
            lambda db: db.execute(
                "UPDATE sessions SET proved_at = ? WHERE id = ?", (now, session.id)
            )
        )
        self._forget([session.id])

    def all(self) -> list[dict[str, Any]]:
        """The living sessions, last seen first, as {id, created_at, seen_at, …}."""
        now = self._clock()
        with self._file.read() as db:
            rows = db.execute("SELECT * FROM sessions ORDER BY seen_at DESC").fetchall()
        return [asdict(session) for session in map(_session, rows) if session.alive(now)]

    def end(self, ids: Iterable[int]) -> int:
        """Sign these out; how many there were.

        Their live connections have been told by then, even where this raises Unavailable.
        """
        wanted = list(ids)

        def job(db: sqlite3.Connection) -> int:
            return sum(
                db.execute("DELETE FROM sessions WHERE id = ?", (number,)).rowcount
                for number in wanted
            )

        try:
            return self._file.write(job)
        finally:
            self.ended(wanted)

    def end_stale(self) -> None:
        """One round: end what ran out, and notice what another process ended."""
        now = self._clock()
        with self._file.read() as db:
            rows = db.execute(
                "SELECT s.*, s.generation IS (SELECT generation FROM password) AS current"
                " FROM sessions s"
            ).fetchall()
        stale = [row["id"] for row in rows if not row["current"] or not _session(row).alive(now)]
        if stale:
            self.end(stale)
        left = {row["id"] for row in rows}
        with self._lock:
            gone = {s.id for s, _ in self._known.values()} - left
        if gone:
            self.ended(gone)

    def on_ended(self, listener: Ended) -> Callable[[], None]:
        """Call `listener(ids)`, on any thread, when sessions end; call the result to remove it."""
        self._listeners.append(listener)

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return remove

    def ended(self, ids: Iterable[int]) -> None:
        """Forget these and tell the listeners; the rows are gone already."""
        gone = frozenset(ids)
        self._forget(gone)
        for listener in tuple(self._listeners):
            try:
                listener(gone)
            except Exception:  # noqa: BLE001 - the others must be told all the same
                log.exception("a connection of an ended session was not closed")

    def _forget(self, ids: Iterable[int]) -> None:
        gone = set(ids)
        with self._lock:
            self._ends += 1
            self._known = {key: e for key, e in self._known.items() if e[0].id not in gone}


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _session(row: sqlite3.Row) -> Session:
    return Session(
        row["id"],
        row["created_at"],
        row["seen_at"],
        row["proved_at"],
        row["address"],
        row["browser"],
    )
