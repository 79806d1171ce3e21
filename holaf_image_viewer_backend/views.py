"""A filter and an order make a view: exact total, groups, and any window of it at once."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..holaf_core.errors import NotFound, Unavailable
from ..holaf_core.memory import release
from ..holaf_database import ImageDatabase
from .columns import Columns
from .generations import Generation
from .name_tables import NameTables
from .ordering import Orders
from .regex_lanes import without_waiting
from .snapshot_keeper import SnapshotKeeper
from .view_ids import ViewIds
from .view_patch import difference

# What reads and answers searches is imported by whoever asks first, or when the server has
# started: ComfyUI's own start does not wait for it.
if TYPE_CHECKING:
    from .facets import Faceted
    from .filters import Filters
    from .groups import Groups
    from .matching import PatternSearch
    from .query import Query

# Five bytes a row and view: a million rows are 5 MB, so there are fewer large ones.
MOST_VIEWS = 32
MOST_VIEW_ROWS = 4_000_000

# A patch with more changes than this is larger than the view itself for most libraries.
LARGEST_PATCH = 2000

# While an index runs, commits come in bursts; open pages hear of them at most this often.
ANNOUNCE_EVERY_S = 0.25

FOLLOW_EVERY_S = 2.0

ANSWERS_KEPT = 16
LARGE = 200_000  # rows

log = logging.getLogger("holaf.images")

T = TypeVar("T")


@dataclass(frozen=True)
class View:
    id: str
    query: Query
    rev: int
    shown: ViewIds
    aspects: np.ndarray  # uint8, see generations.aspect_bytes
    groups: Groups
    months: Groups  # of views by date, or grouped by it
    total_count: int

    @property
    def ids(self) -> np.ndarray:
        """uint32, in order."""
        return self.shown.all()

    @property
    def total(self) -> int:
        return len(self.shown)

    def layout(self) -> bytes:
        """u32 count, then the ids (u32) and the aspects (u8), little-endian."""
        return b"".join(
            (
                struct.pack("<I", self.total),
                self.ids.astype("<u4").tobytes(),
                self.aspects.tobytes(),
            )
        )

    def window(self, start: int, count: int) -> list[int]:
        return self.shown.at(slice(start, start + count)).tolist()

    def position(self, image_id: int) -> int | None:
        found = np.flatnonzero(self.ids == image_id)
        return int(found[0]) if len(found) else None


class ViewEngine:
    """All methods but `get` block for milliseconds: call them from threads, or through `run`."""

    def __init__(
        self,
        database: ImageDatabase,
        publish: Callable[..., None] = lambda topic, data=None, keep=False: None,
        clock: Callable[[], float] = time.monotonic,
        patterns: PatternSearch | None = None,
    ) -> None:
        self._database = database
        self._publish = publish
        self._clock = clock
        self._columns = Columns(database)
        self._names = NameTables(database)
        self._orders = Orders(database, self._names)
        self._patterns = patterns
        self._filters: Filters | None = None
        self._snapshot = SnapshotKeeper(database, self._columns, self._orders, clock)
        self._loading = threading.Lock()
        self._views: OrderedDict[str, View] = OrderedDict()
        self._views_lock = threading.Lock()
        self._answers: OrderedDict[Any, dict[str, Any]] = OrderedDict()
        # Searches hold the interpreter's lock in turns with the event loop; ten at once would let
        # the loop wait for ten turns.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="holaf-query")
        # Whether arrays of megabytes were made and freed since the last look at that.
        self._made_large = False
        self._announced = -ANNOUNCE_EVERY_S
        self._timer: threading.Timer | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        database.on_commit(self._committed)

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do `work`, which opens views, on the one thread for that.

        Expressions that it needs are looked for elsewhere, and `work` is done anew with them.
        """
        return await without_waiting(self._on_thread, partial(work, *arguments))

    async def _on_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except RuntimeError as error:
            if self._stopping.is_set():
                raise Unavailable("The server is stopping.") from error
            raise

    def load(self) -> None:
        """Read the columns now rather than at the first request."""
        if self._columns.loaded:
            return
        with self._loading:
            if not self._columns.loaded:
                self._snapshot.load()

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._follow, name="holaf-views", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._thread is not None:
            self._thread.join(timeout=5)
            self._thread = None
            self._snapshot.save()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _follow(self) -> None:
        """Load the columns, then notice what another ComfyUI on the same database commits.

        SQLite does not notify other processes; asking for the newest revision costs 20 µs.
        """
        from . import facets, filters, query, suggest  # noqa: F401 - so that nobody waits for them

        problem = ""
        while True:
            try:
                self.load()
                self.refresh()
                self._snapshot.look()
                if self._made_large:
                    self._made_large = False
                    release()
                problem = ""
            except (sqlite3.Error, OSError, Unavailable) as error:
                if str(error) != problem:
                    problem = str(error)
                    log.error("the gallery's columns could not be read: %s", problem)
            if self._stopping.wait(FOLLOW_EVERY_S):
                return

    def refresh(self) -> None:
        """Take over what another process committed; the writer's own commits come by themselves."""
        changed = self._columns.refresh()
        if len(changed):
            self._snapshot.note(len(changed))
            self._announce_soon()

    def save_snapshot(self) -> None:
        """Write the columns beside the database, if they are newer than those there."""
        self._snapshot.save()

    # --- views ----------------------------------------------------------------------------------

    def open(self, query: Query) -> View:
        """The view of `query` as of now; the same one again while nothing has changed."""
        from .groups import Groups, grouped, months_of

        now = self._now()
        known = self._known(query, now.rev)
        if known is not None:
            return known
        self._made_large |= now.size > LARGE
        mask = self._faceted(query, now).mask()
        order = self._orders.ascending(now, query.sort, query.random_seed)
        whole = mask is now.alive and len(order) == now.total
        slots = order if whole else order.compress(mask.take(order))
        slots = slots[::-1] if query.descending else slots
        newest_first = query.sort != "mtime" or query.descending
        groups = Groups()
        if query.group is not None:
            whole = False
            slots, groups = grouped(
                now, slots, query.group, newest_first, self._names, self._database
            )
        dated = query.group in ("day", "month") or (query.group is None and query.sort == "mtime")
        view = View(
            id=secrets.token_urlsafe(9),
            query=query,
            rev=now.rev,
            shown=ViewIds(now["id"], slots) if whole else ViewIds(now["id"].take(slots)),
            aspects=now.place.by_code(now.aspects, slots),
            groups=groups,
            months=months_of(now, slots) if dated else Groups(),
            total_count=now.total,
        )
        with self._views_lock:
            self._views[view.id] = view
            self._forget()
            for one in self._views.values():
                one.shown.settle(now["id"])
        return view

    def _now(self) -> Generation:
        self.load()
        return self._columns.current

    def _faceted(self, query: Query, now: Generation) -> Faceted:
        from .facets import Faceted
        from .filters import Filters

        if self._filters is None:
            self._filters = Filters(self._database, self._names, self._patterns)
        base, fixed = self._filters.masks(query.filter, now)
        return Faceted(now, base, fixed, query.facets, self._database, self._names)

    def _known(self, query: Query, rev: int) -> View | None:
        with self._views_lock:
            for view in reversed(self._views.values()):
                if view.rev == rev and view.query == query:
                    self._views.move_to_end(view.id)
                    return view
        return None

    def get(self, view_id: str) -> View:
        with self._views_lock:
            view = self._views.get(view_id)
            if view is None:
                raise NotFound("This view has expired. Open it again.", expired=True)
            self._views.move_to_end(view_id)
            return view

    def ids_of(self, view_id: str, ranges: Iterable[tuple[int, int]]) -> list[int]:
        """What a view has at some ranges of positions, as (start, count): a selection by query."""
        ids = self.get(view_id).ids
        bounds = np.array(list(ranges), np.int64).reshape(-1, 2)
        # They may overlap: of each position, how many have begun and how many have ended.
        steps = np.zeros(len(ids) + 1, np.int32)
        np.add.at(steps, np.minimum(bounds[:, 0], len(ids)), 1)
        np.subtract.at(steps, np.minimum(bounds.sum(axis=1), len(ids)), 1)
        return ids[steps.cumsum()[:-1] > 0].tolist()

    def ids_with(self, view_id: str, bits: bytes) -> list[int]:
        """What a view has where a bit is set, the lowest of a byte first."""
        ids = self.get(view_id).ids
        # By itself numpy fills up nothing with what lay in the memory.
        enough = np.frombuffer(bits.ljust(-(-len(ids) // 8), b"\0"), np.uint8)
        chosen = np.unpackbits(enough, count=len(ids), bitorder="little")
        return ids[chosen.view(np.bool_)].tolist()

    def marks(self, view_id: str, at: int | None = None) -> dict[str, Any]:
        """What is where in a view: see `marks.marks_of`."""
        from .marks import marks_of

        return marks_of(self.get(view_id), self._now(), self._names, self._database, at)

    def patch(self, old_id: str | None, new: View) -> dict[str, Any] | None:
        """What turns the view `old_id` into `new`; None when the whole is wanted instead."""
        with self._views_lock:
            old = self._views.get(old_id or "")
        if old is None or old.query != new.query:
            return None
        changed = self._columns.current.changes_since(old.rev)
        if changed is None or len(changed) > LARGEST_PATCH:
            return None
        found = difference(old.ids, new.ids, new.aspects, changed)
        if found is None:
            return None
        return {
            "from": old.id,
            **found,
            "groups": new.groups.difference(old.groups),
            "months": new.months.difference(old.months),
        }

    # --- counts ---------------------------------------------------------------------------------

    def facets(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of POST /holaf/images/facets. Raises BadRequest."""
        from .facets import facet_counts, facet_labels
        from .query import parse, parse_facets

        names, limit, find = parse_facets(data)
        query = parse(data, also=frozenset({"names", "limit", "find", "since", "first"}))
        now = self._now()
        found = find and (find["name"], find["text"])
        key = (now.rev, query.filter, query.facets, names, limit, found)
        known = self._answers.get(key)
        if known is None:
            known = facet_counts(
                self._faceted(query, now),
                now.rev,
                query.facets,
                names,
                limit,
                find,
                lambda name, texts: facet_labels(now, self._database, name, texts),
            )
            self._answers[key] = known
            while len(self._answers) > ANSWERS_KEPT:
                self._answers.popitem(last=False)
        return known

    def total(self) -> int:
        return self._now().total

    def folder_counts(self) -> list[dict[str, Any]]:
        """[{path, root, count}]: the live files directly in each folder."""
        now = self._now()
        counts = now.live_counts("folder")
        return [
            {"root": root, "path": path, "count": int(counts[one])}
            for one, (root, path) in sorted(now.folders.items(), key=lambda item: item[1])
            if one < len(counts) and counts[one]
        ]

    def format_counts(self) -> list[dict[str, Any]]:
        now = self._now()
        pairs = zip(now.formats, now.live_counts("format").tolist(), strict=False)
        return [{"format": name, "count": count} for name, count in sorted(pairs) if count]

    # --- live -----------------------------------------------------------------------------------

    def _committed(self, rev: int) -> None:
        """On the writer thread, after a commit."""
        self._snapshot.note(len(self._columns.refresh()))
        self._announce_soon()

    def _announce_soon(self) -> None:
        wait = self._announced + ANNOUNCE_EVERY_S - self._clock()
        if wait <= 0:
            self._announce()
        elif self._timer is None and not self._stopping.is_set():
            self._timer = threading.Timer(wait, self._announce)
            self._timer.daemon = True
            self._timer.name = "holaf-announce"
            self._timer.start()

    def _announce(self) -> None:
        self._timer = None
        self._announced = self._clock()
        now = self._columns.current
        loaded = self._columns.loaded
        self._publish(
            "images.changed",
            {
                "version": now.rev if loaded else self._database.rev(),
                "total_count": now.total if loaded else self._database.count(),
            },
            keep=True,
        )

    def _forget(self) -> None:
        rows = sum(view.total for view in self._views.values())
        while len(self._views) > 1 and (len(self._views) > MOST_VIEWS or rows > MOST_VIEW_ROWS):
            _, view = self._views.popitem(last=False)
            rows -= view.total
