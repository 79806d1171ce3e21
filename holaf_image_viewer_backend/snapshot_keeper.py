"""When the snapshot is read, and when it is written: off the loop, and rarely."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ..holaf_core.errors import Unavailable
from ..holaf_core.memory import release
from ..holaf_database import ImageDatabase
from . import snapshot
from .columns import Columns
from .local_days import zone
from .ordering import Orders
from .snapshot import Origin, Parts, Unusable

log = logging.getLogger("holaf.images")

# Commits come in runs, and a snapshot is worth writing after one.
QUIET_S = 5.0
# A restart takes this many changes over in some milliseconds: writing 50 MB for each picture that
# is made would only wear the disk.
MANY_CHANGES = 2000
AT_MOST_EVERY_S = 600.0


class SnapshotKeeper:
    def __init__(
        self,
        database: ImageDatabase,
        columns: Columns,
        orders: Orders,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._columns = columns
        self._orders = orders
        self._clock = clock
        self._path = database.path.with_name(f"{database.path.stem}.columns")
        self._lock = threading.Lock()
        self._saved_rev = -1
        self._saved_at = -AT_MOST_EVERY_S
        self._changes = 0
        self._changed_at = clock()
        self._unverified = False

    def load(self) -> None:
        """Fill the columns: from the snapshot and what came after it, or from the database."""
        started = time.perf_counter()
        parts = self._read()
        restored = self._columns.load(parts)
        if restored and parts is not None:
            self._orders.restore(parts, self._columns.restored_epoch)
            self._saved_rev = int(parts["rev"][0])
            self._saved_at = self._clock()
            self._unverified = True
        else:
            self._changes = MANY_CHANGES
            release()
        now = self._columns.current
        log.info(
            "the gallery knows %d pictures (%s, %.0f ms)",
            now.total,
            "from its snapshot" if restored else "read from the database",
            (time.perf_counter() - started) * 1000,
        )

    def note(self, changes: int) -> None:
        """So many rows changed now."""
        if changes:
            self._changes += changes
            self._changed_at = self._clock()

    def look(self) -> None:
        """Write the snapshot if it is time to; verify the one that was loaded."""
        if self._unverified:
            self._unverified = False
            if not self._columns.agrees():
                log.warning("the snapshot of the gallery misses pictures: it is made anew")
                self._columns.rebuild()
                self._changes = MANY_CHANGES
        if self.is_due():
            self.save()

    def is_due(self) -> bool:
        if self._columns.current.rev == self._saved_rev:
            return False
        if self._clock() - self._changed_at < QUIET_S:
            return False
        long_ago = self._clock() - self._saved_at >= AT_MOST_EVERY_S
        return self._changes >= MANY_CHANGES or long_ago

    def save(self) -> None:
        """Write the snapshot unless it is there already. A failure is said, and costs nothing."""
        with self._lock:
            if not self._columns.loaded or self._columns.current.rev == self._saved_rev:
                return
            try:
                now, parts = self._columns.parts()
                origin = self._origin(now.rev)
                if origin is None:
                    return
                parts.update(self._orders.parts(now))
                snapshot.save(self._path, origin, parts)
            except (OSError, Unavailable) as error:
                log.warning("the snapshot of the gallery could not be written: %s", error)
                self._saved_at = self._clock()  # again later
                return
            self._saved_rev, self._saved_at, self._changes = now.rev, self._clock(), 0
            release()

    def _read(self) -> Parts | None:
        try:
            origin = self._origin(self._database.rev())
            return None if origin is None else snapshot.read(self._path, origin)
        except FileNotFoundError:
            return None
        except Unusable as error:
            log.warning("the snapshot of the gallery is not used, %s: it is made anew", error)
            return None

    def _origin(self, rev: int) -> Origin | None:
        identity = self._database.identity()
        if identity is None:
            return None
        with self._database.read() as db:
            schema = db.execute("PRAGMA user_version").fetchone()[0]
        return Origin(identity=identity, schema=schema, zone=zone(), rev=rev)
