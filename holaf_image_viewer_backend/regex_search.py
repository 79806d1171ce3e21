"""Expressions and values of nodes, looked for in a process that can be ended at any time.

Python cannot stop an expression that has begun: one such as `(a+)+$` would hold the interpreter,
and ComfyUI with it, for years.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..holaf_core.errors import BadRequest, Unavailable
from ..holaf_core.processes import WorkerEnded, WorkerProcess
from .regex_lanes import Lane, Question, Unanswered, answers

if TYPE_CHECKING:  # not before ComfyUI has started: see views.py
    from .query_terms import NodeValue

PROGRAM = Path(__file__).with_name("regex_worker.py")

REGEX_LIMIT_S = 1.5
# A million file names are read anew for each expression.
FILES_LIMIT_S = 5.0
NODES_LIMIT_S = 10.0
# Reading all prompts of a library from a cold disk; not the expression's fault.
READING_LIMIT_S = 60.0
# The workers keep the prompts in memory; after so long without a search they end.
IDLE_S = 120.0
MOST_RESULTS = 32
MOST_SHARDS = 4
MOST_SLOW = 64
# One that took too long is not tried again, and not at each commit of an index that runs.
SLOW_FOR_S = 300.0

Ids = np.ndarray[Any, np.dtype[np.uint32]]
# What is looked for, and where.
Key = tuple[Any, ...]


class Worker(Protocol):
    @property
    def running(self) -> bool: ...
    def send(self, message: Any, blob: bytes = b"") -> None: ...
    def receive(self, timeout: float | None = None) -> tuple[Any, bytes]: ...
    def kill(self) -> None: ...
    def close(self) -> None: ...
    def worked(self) -> None: ...


class PatternTooSlow(BadRequest):
    """The search was ended at its deadline."""


class PatternSearch:
    """Any thread may ask. Every method blocks, except below `regex_lanes.without_waiting`.

    `rev` is the revision of the database that the answer must cover: the same question at the
    same revision is answered from memory. Prompts are searched by several processes, each its part
    of them; file names and workflows by another one, so that neither waits for the other. They
    start at the first search.
    """

    def __init__(
        self,
        database: Path,
        *,
        start: Callable[[int, int], Worker] | None = None,
        shards: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        regex_limit_s: float = REGEX_LIMIT_S,
        idle_s: float = IDLE_S,
    ) -> None:
        def started(shard: int, of: int) -> Worker:
            arguments = [str(database), str(shard), str(of)]
            return WorkerProcess(PROGRAM, arguments, nice=0, name="search")

        make = start or started
        shards = shards or min(MOST_SHARDS, os.cpu_count() or 1)
        self._clock = clock
        self._regex_limit_s = regex_limit_s
        self._lock = threading.Lock()
        self._results: OrderedDict[Key, tuple[int, Ids]] = OrderedDict()
        self._slow: OrderedDict[Key, float] = OrderedDict()
        self._prompts = [make(shard, shards) for shard in range(shards)]
        self._rows = [make(0, 1)]
        self._lanes = {
            "prompts": Lane("holaf-search-prompts", self._find, self._end_prompts, idle_s),
            "rows": Lane("holaf-search-rows", self._find, self._end_rows, idle_s),
        }
        self._stopped = False

    @property
    def running(self) -> bool:
        return any(worker.running for worker in (*self._prompts, *self._rows))

    def prepare(self) -> None:
        """Have the prompts read, as an expression is being typed. Returns at once."""
        if not self._stopped and not all(worker.running for worker in self._prompts):
            with contextlib.suppress(Unavailable):
                self._lanes["prompts"].ask(("read", ""), 0)

    def prompts(self, pattern: str, where: str, rev: int) -> Ids:
        """Ids of the prompts that an expression matches; `where` is "prompt" or "negative".

        Raises PatternTooSlow; Unavailable when the search could not be done.
        """
        return self._ask((where, pattern), rev)

    def files(self, pattern: str, rev: int) -> Ids:
        """Ids of the images whose file name an expression matches."""
        return self._ask(("file", pattern), rev)

    def graphs(self, node: NodeValue, rev: int) -> Ids:
        """Ids of the graphs with such a node."""
        return self._ask(("graph", node.node_type, node.input, node.op, node.value), rev)

    def stop(self) -> None:
        """End the workers for good. Idempotent."""
        self._stopped = True
        for lane, workers in zip(self._lanes.values(), (self._prompts, self._rows), strict=True):
            lane.stop(lambda workers=workers: close(workers))

    def _ask(self, key: Key, rev: int) -> Ids:
        own = answers()
        known = own.get(key, rev) if own is not None else None
        if known is None:
            known = self._known(key, rev)
        if known is not None:
            return known
        answer = self._lanes["rows" if key[0] in ("file", "graph") else "prompts"].ask(key, rev)
        if own is not None:
            raise Unanswered(key, rev, answer)
        return answer.result()

    def _known(self, key: Key, rev: int) -> Ids | None:
        """Raises PatternTooSlow where that is known."""
        with self._lock:
            known = self._results.get(key)
            if known is not None and known[0] >= rev:
                self._results.move_to_end(key)
                return known[1]
            since = self._slow.get(key)
            if since is not None and self._clock() - since < SLOW_FOR_S:
                raise too_slow(key)
            return None

    def _find(self, question: Question) -> Ids:
        """On the thread of a lane."""
        key: Any = question.key
        known = self._known(key, question.rev)
        if known is not None:
            return known
        workers = self._rows if key[0] in ("file", "graph") else self._prompts
        try:
            found, rev = self._searched(workers, request_of(key), self._limit(key))
        except TimeoutError:
            with self._lock:
                self._slow[key] = self._clock()
                while len(self._slow) > MOST_SLOW:
                    self._slow.popitem(last=False)
            raise too_slow(key) from None
        except (WorkerEnded, OSError) as error:
            raise Unavailable(f"The search ended early: {error}") from error
        with self._lock:
            if key[0] != "read":
                self._results[key] = (max(question.rev, rev), found)
                self._results.move_to_end(key)
            while len(self._results) > MOST_RESULTS:
                self._results.popitem(last=False)
        return found

    def _limit(self, key: Key) -> float:
        return {"file": FILES_LIMIT_S, "graph": NODES_LIMIT_S}.get(key[0], self._regex_limit_s)

    def _searched(
        self, workers: list[Worker], request: dict[str, Any], limit_s: float
    ) -> tuple[Ids, int]:
        """The ids that all the workers find, and the revision that they saw at least.

        Raises TimeoutError, WorkerEnded, OSError; no worker is left with half an answer then.
        """
        try:
            for worker in workers:
                worker.send(request)
            first = [worker.receive(READING_LIMIT_S) for worker in workers]
        except (TimeoutError, WorkerEnded, OSError):
            kill(workers)
            raise
        deadline = self._clock() + limit_s
        parts: list[tuple[Any, bytes]] = []
        late: list[Worker] = []
        problem: WorkerEnded | OSError | None = None
        for worker, answer in zip(workers, first, strict=True):
            try:
                if answer[0].get("ready"):
                    answer = worker.receive(max(deadline - self._clock(), 0))  # noqa: PLW2901
                parts.append(answer)
            except TimeoutError:
                late.append(worker)
            except (WorkerEnded, OSError) as error:
                problem = error
        # Those that are done keep what they have read.
        kill(late)
        if problem is not None:
            raise problem
        if late:
            raise TimeoutError
        for answer, _ in parts:
            if "error" in answer:
                raise Unavailable(f"The search did not work: {answer['error']}")
        for worker in workers:
            worker.worked()
        ids = [np.flatnonzero(np.frombuffer(blob, np.uint8)) for _, blob in parts]
        found = np.sort(np.concatenate(ids)) if len(ids) > 1 else ids[0]
        return found.astype(np.uint32), min(answer.get("rev", 0) for answer, _ in parts)

    def _end_prompts(self) -> None:
        kill(self._prompts)

    def _end_rows(self) -> None:
        kill(self._rows)


def kill(workers: Iterable[Worker]) -> None:
    for worker in workers:
        # To kill one that has crashed would let it start anew without a pause.
        if worker.running:
            with contextlib.suppress(OSError):
                worker.kill()


def close(workers: Iterable[Worker]) -> None:
    for worker in workers:
        worker.close()


def request_of(key: Key) -> dict[str, Any]:
    if key[0] == "graph":
        names = ("kind", "node_type", "input", "op", "value")
        return dict(zip(names, key, strict=True))
    return {"kind": key[0], "pattern": key[1]}


def too_slow(key: Key) -> PatternTooSlow:
    if key[0] == "graph":
        return PatternTooSlow(
            "Looking through all workflows for this node takes too long.",
            field="search",
            hint="Name the type of the node, or add other words to the search.",
            too_slow=True,
        )
    return PatternTooSlow(
        f"The expression /{key[1][:80]}/ takes too long, so it was stopped.",
        field="search",
        hint="Avoid repeats within repeats, such as (a+)+, and begin with a plain word.",
        too_slow=True,
    )
