"""The one-time code that shows, at the first set-up, that someone can read the server's console."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import secrets
import sys
import threading
from collections.abc import Callable

log = logging.getLogger("holaf.access")

VALID_S = 600.0


def to_console(code: str) -> None:
    """Print the code where only someone at the server's console or its journal can read it.

    ComfyUI serves what passes through sys.stderr to every browser that reaches it
    (/internal/logs), and so would hand the code to anyone on the network: the code goes to the
    stream that Python itself opened, and the log only says so.
    """
    log.warning(
        "No password is set. A one-time code to set it is in the console of this server "
        "(not in this log, which browsers can read). It is valid for 10 minutes."
    )
    stream = sys.__stderr__
    if stream is None:  # started without a console
        log.warning("There is no console: start the server in one to read the code.")
        return
    try:
        stream.write(f"holaf.access WARNING one-time code to set the password: {code}\n")
        stream.flush()
    except (OSError, ValueError) as error:  # a pipe that nobody reads any more; a closed stream
        log.warning("The console takes no text (%s): start the server in one.", error)


class SetupCode:
    """Only the hash of the current code is kept, in memory."""

    def __init__(
        self, *, clock: Callable[[], float], announce: Callable[[str], None] = to_console
    ) -> None:
        self._clock = clock
        self._announce = announce
        self._lock = threading.Lock()
        self._digest = b""
        self._made_at = 0.0

    def renew(self, *, anyway: bool) -> float:
        """Print a new code if the last one has expired, or `anyway`; seconds that one is valid."""
        with self._lock:
            left = self._left()
            if left > 0 and not anyway:
                return left
            code = base64.b32encode(secrets.token_bytes(10)).decode()  # 80 bits, 16 characters
            self._digest = _digest(code)
            self._made_at = self._clock()
            self._announce("-".join(code[i : i + 4] for i in range(0, 16, 4)))
            return VALID_S

    def matches(self, code: object) -> bool:
        """Whether this is the code; spaces, dashes and case do not matter."""
        if not isinstance(code, str) or len(code) > 100:
            return False
        with self._lock:
            right = hmac.compare_digest(_digest(code), self._digest)
            return right and self._left() > 0

    def spend(self) -> None:
        """It has done its work."""
        with self._lock:
            self._digest = b""

    def _left(self) -> float:
        age = self._clock() - self._made_at
        return VALID_S - age if self._digest and 0 <= age < VALID_S else 0.0


def _digest(code: str) -> bytes:
    plain = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).digest()
