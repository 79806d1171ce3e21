"""Everything about signing in that is kept in access.sqlite, opened together."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from .access_file import open_access_file
from .audit import Audit
from .passwords import PRODUCTION, Cost, Passwords
from .sessions import Sessions
from .setup_code import SetupCode, to_console
from .throttle import Throttle


class Accounts:
    """There is one account, with one password and any number of sessions."""

    def __init__(
        self,
        system_dir: Path,
        *,
        clock: Callable[[], float] = time.time,
        cost: Cost = PRODUCTION,
        announce: Callable[[str], None] = to_console,
    ) -> None:
        self.clock = clock
        self._file = open_access_file(system_dir)
        self.passwords = Passwords(self._file, clock=clock, cost=cost)
        self.sessions = Sessions(self._file, clock=clock)
        self.throttle = Throttle(self._file, clock=clock)
        self.audit = Audit(self._file, clock=clock)
        self.setup_code = SetupCode(clock=clock, announce=announce)

    def close(self) -> None:
        self._file.close()
