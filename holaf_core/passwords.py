"""The one password: how it is hashed, checked, replaced. Everything here blocks: use a thread."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import sqlite3
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import BadRequest, Conflict, Unavailable
from .sqlite import SqliteFile

try:
    import argon2
except ImportError:  # optional: scrypt of the standard library is enough
    argon2 = None  # type: ignore[assignment]


SHORTEST = 10
LONGEST = 1024


@dataclass(frozen=True)
class Cost:
    """scrypt's parameters (OWASP's first choice for it: 128 MiB); tests take a cheap `log_n`."""

    log_n: int = 17
    r: int = 8
    p: int = 1
    use_argon2: bool = argon2 is not None


PRODUCTION = Cost()


def hash_password(password: str, cost: Cost = PRODUCTION) -> str:
    """A text that names its own algorithm and parameters (PHC string format)."""
    if cost.use_argon2 and argon2 is not None:
        return _argon2().hash(_bytes(password))
    salt = secrets.token_bytes(16)
    derived = _scrypt(_bytes(password), salt, cost.log_n, cost.r, cost.p)
    return f"$scrypt$ln={cost.log_n},r={cost.r},p={cost.p}${_text(salt)}${_text(derived)}"


def verify(stored: str, password: str) -> bool:
    """Whether `stored` was made of `password`. Raises Unavailable when argon2-cffi is gone."""
    if stored.startswith("$argon2id$"):
        if argon2 is None:
            raise Unavailable(
                "The password was stored with argon2id, and the package argon2-cffi is no longer "
                "installed. Install it again, or delete access.sqlite to set a new password."
            )
        try:
            return _argon2().verify(stored, _bytes(password))
        except argon2.exceptions.VerificationError:
            return False
    match = re.fullmatch(
        r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([^$]+)\$([^$]+)", stored
    )
    if match:
        log_n, r, p = (int(number) for number in match.groups()[:3])
        salt, expected = _raw(match[4]), _raw(match[5])
        return hmac.compare_digest(_scrypt(_bytes(password), salt, log_n, r, p), expected)
    match = re.fullmatch(r"([0-9a-f]{2,128})\$([0-9a-f]{64})", stored)
    if match:  # earlier versions of the pack: PBKDF2 of the raw text
        salt, expected = bytes.fromhex(match[1]), bytes.fromhex(match[2])
        raw = password.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(hashlib.pbkdf2_hmac("sha256", raw, salt, 260_000), expected)
    return False


def outdated(stored: str, cost: Cost = PRODUCTION) -> bool:
    """Whether a new hash should replace `stored` at the next right password."""
    if cost.use_argon2 and argon2 is not None:
        return not stored.startswith("$argon2id$") or _argon2().check_needs_rehash(stored)
    return not stored.startswith(("$argon2id$", f"$scrypt$ln={cost.log_n},r={cost.r},p={cost.p}$"))


def check_new(password: Any) -> str:
    """`password` when it may become the new one. Raises BadRequest(field="password")."""
    if not isinstance(password, str) or len(password) < SHORTEST:
        raise BadRequest(f"Use at least {SHORTEST} characters.", field="password")
    if len(password) > LONGEST:
        raise BadRequest(f"Use at most {LONGEST} characters.", field="password")
    return password


class Passwords:
    """The stored password. At most one hash is computed at a time, whoever asks."""

    def __init__(
        self, file: SqliteFile, *, clock: Callable[[], float], cost: Cost = PRODUCTION
    ) -> None:
        self._file = file
        self._clock = clock
        self._cost = cost
        self._one_at_a_time = threading.Lock()
        self._dummy: str | None = None
        self.computed = 0  # how many passwords were hashed; for the tests of the throttle

    def configured(self) -> bool:
        return self._stored() is not None

    def check(self, password: str) -> bool:
        """Whether this is the password; takes as long when none is set. Renews an old hash."""
        stored = self._stored()
        with self._one_at_a_time:
            self.computed += 1
            if stored is None:
                if self._dummy is None:
                    self._dummy = hash_password(secrets.token_hex(16), self._cost)
                verify(self._dummy, password)
                return False
            if not verify(stored, password):
                return False
            renewed = hash_password(password, self._cost) if outdated(stored, self._cost) else None
        if renewed is not None:
            self._file.write(
                lambda db: db.execute(
                    "UPDATE password SET hash = ? WHERE hash = ?", (renewed, stored)
                )
            )
        return True

    def replace(self, password: str, *, first: bool) -> list[int]:
        """Set the password and end every session; the ids of the ended ones.

        With `first` there must be none yet: two people who set it up at once cannot both succeed
        (Conflict). Live sessions are told by `Sessions.ended`.
        """
        check_new(password)
        with self._one_at_a_time:
            hashed = hash_password(password, self._cost)

        def job(db: sqlite3.Connection) -> list[int]:
            row = db.execute("SELECT generation FROM password").fetchone()
            if first and row is not None:
                raise Conflict("A password has been set already.")
            generation = 1 if row is None else row["generation"] + 1
            db.execute(
                "INSERT OR REPLACE INTO password VALUES (1, ?, ?, ?)",
                (hashed, generation, self._clock()),
            )
            ended = [row["id"] for row in db.execute("SELECT id FROM sessions")]
            db.execute("DELETE FROM sessions")
            return ended

        return self._file.write(job)

    def _stored(self) -> str | None:
        with self._file.read() as db:
            row = db.execute("SELECT hash FROM password").fetchone()
        return None if row is None else row["hash"]


def _scrypt(password: bytes, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    memory = 128 * r * (2**log_n + p + 2)
    return hashlib.scrypt(password, salt=salt, n=2**log_n, r=r, p=p, maxmem=memory + 2**20)


def _argon2() -> Any:
    assert argon2 is not None
    return argon2.PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)


def _bytes(password: str) -> bytes:
    # The same keys give different code points on different systems.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _raw(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))
