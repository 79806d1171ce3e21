"""Starts worker programs, talks with them and ends them. Nothing else in the pack starts processes.

A worker is a module of the pack with `main(channel, arguments)`; it runs in a Python of its own,
because a busy thread beside the server makes the server's loop late. See `worker_main.py`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import frames

log = logging.getLogger("holaf.processes")

MAIN = Path(__file__).with_name("worker_main.py")

# Messages that wait for `receive`; the worker stops writing beyond them.
MOST_WAITING = 64
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 30.0
# One that has run for this long and then crashes starts again at once.
SOUND_AFTER_S = 20.0
GRACE_S = 1.0
# Generating comes first. Beside busy processes of normal priority that leaves a tenth of a core:
# tests, which run beside each other, set HOLAF_WORKER_NICE to 0.
BACKGROUND = 10


class WorkerEnded(Exception):
    """The worker is gone. The text says how, for a user; `send` starts a new one."""


class WorkerProcess:
    """One worker at a time; `send` starts it, and starts it anew after a crash.

    >>> worker = WorkerProcess(Path("thumbnail_worker.py"), name="thumbnails")  # doctest: +SKIP
    >>> worker.send({"path": "/a.png"})  # doctest: +SKIP
    >>> message, blob = worker.receive(timeout=30)  # doctest: +SKIP

    After a crash the next start waits: 0.1 s, 0.2 s, … up to 30 s. `kill` counts as no crash.
    `nice` is added to the server's own: 0 where somebody waits for the answer, by default in the
    background. `name` is that of its threads; its stderr goes to the log, line by line. Any
    thread may call any method; `send` and `receive` wait.
    """

    def __init__(
        self,
        program: Path,
        args: Sequence[str] = (),
        *,
        env: Mapping[str, str] | None = None,
        nice: int | None = None,
        name: str = "worker",
    ) -> None:
        if nice is None:
            nice = int(os.environ.get("HOLAF_WORKER_NICE", BACKGROUND))
        self._command = [sys.executable, "-s", str(MAIN), str(program), str(os.getpid()), str(nice)]
        self._command += args
        self._env = {**os.environ, **(env or {})}
        self._nice = nice
        self.name = name
        self._starting = threading.Lock()
        self._closed = threading.Event()
        self._run: _Run | None = None
        self._crashes = 0

    @property
    def running(self) -> bool:
        run = self._run
        return run is not None and run.ended is None

    @property
    def pid(self) -> int | None:
        run = self._run
        return run.process.pid if run is not None and run.process is not None else None

    def start(self) -> None:
        """Start it unless it runs; after a crash this waits. Raises WorkerEnded, OSError."""
        self._current()

    def send(self, message: Any, blob: bytes = b"") -> None:
        """Raises WorkerEnded when the worker dies meanwhile, or after `close`."""
        self._current().send(frames.encode(message, blob))

    def receive(self, timeout: float | None = None) -> tuple[Any, bytes]:
        """The next message with its bytes. Raises TimeoutError, or WorkerEnded after the last."""
        run = self._run
        if run is None:
            raise WorkerEnded("The worker has not been started.")
        return run.receive(timeout)

    def __iter__(self) -> Iterator[tuple[Any, bytes]]:
        """Every message until the worker that runs now ends."""
        run = self._run
        while run is not None:
            try:
                yield run.receive(None)
            except WorkerEnded:
                return

    def kill(self) -> None:
        """End it at once, whatever it does. The next `send` starts a new one without waiting."""
        run = self._run
        if run is not None:
            run.kill()

    def close(self) -> None:
        """End it for good: its stdin is closed, and a second later it is killed. Idempotent."""
        self._closed.set()
        with self._starting:
            run = self._run
        if run is not None:
            run.close()

    def _current(self) -> _Run:
        with self._starting:
            run = self._run
            if run is not None and run.ended is None and not self._closed.is_set():
                return run
            if run is not None and not self._closed.is_set():
                self._pause(run)
            if self._closed.is_set():
                raise WorkerEnded("The server is stopping.")
            self._run = run = _Run(self._command, self._env, self._nice, self.name)
            run.start()
            return run

    def _pause(self, run: _Run) -> None:
        """Wait before starting again what crashed: longer each time it does so at once."""
        if run.killed:
            return
        self._crashes = 0 if run.lived > SOUND_AFTER_S else self._crashes + 1
        if self._crashes:
            pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (self._crashes - 1))
            if self._crashes > 1:
                log.warning(
                    "%s ended %d times in a row; waiting %.1f s", self.name, self._crashes, pause
                )
            self._closed.wait(pause)

    def worked(self) -> None:
        """Tell that the worker did its work well: a later crash counts as its first."""
        self._crashes = 0


class _Run:
    """One life of a worker process."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], nice: int, name: str
    ) -> None:
        self._command = command
        self._env = env
        self._nice = nice
        self._name = name
        self._changed = threading.Condition()
        self._messages: deque[tuple[Any, bytes]] = deque()
        self._begun = threading.Event()
        self._sending = threading.Lock()
        self._failure: OSError | None = None
        self._started_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self.ended: str | None = None
        self.killed = False
        self.lived = 0.0

    def start(self) -> None:
        # Linux ends the worker with the *thread* that started it (PR_SET_PDEATHSIG), so that is
        # the one that lives as long as the worker: its reader.
        threading.Thread(target=self._live, name=f"holaf-{self._name}", daemon=True).start()
        self._begun.wait()
        if self._failure is not None:
            raise self._failure

    def send(self, data: bytes) -> None:
        process = self.process
        try:
            if process is None or process.stdin is None:
                raise BrokenPipeError
            with self._sending:
                process.stdin.write(data)
                process.stdin.flush()
        except (OSError, ValueError):  # ValueError: closed meanwhile
            with self._changed:
                self._changed.wait_for(lambda: self.ended is not None, GRACE_S)
            raise WorkerEnded(self.ended or "The worker does not listen any more.") from None

    def receive(self, timeout: float | None) -> tuple[Any, bytes]:
        with self._changed:
            if not self._changed.wait_for(lambda: self._messages or self.ended, timeout):
                raise TimeoutError
            if not self._messages:
                raise WorkerEnded(self.ended)
            message = self._messages.popleft()
            self._changed.notify_all()
            return message

    def kill(self) -> None:
        self.killed = True
        process = self.process
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.ended is not None, GRACE_S)

    def close(self) -> None:
        process = self.process
        if process is None or self.ended is not None:
            return
        self.killed = True
        with self._changed:
            self._changed.notify_all()
        # Not while another thread is writing: then only killing helps.
        if self._sending.acquire(timeout=GRACE_S):
            try:
                if process.stdin is not None:
                    with contextlib.suppress(OSError):
                        process.stdin.close()
            finally:
                self._sending.release()
            with self._changed:
                self._changed.wait_for(lambda: self.ended is not None, GRACE_S)
        if self.ended is None:
            self.kill()

    def _live(self) -> None:
        try:
            process = self._spawn()
        except OSError as error:
            self._failure = error
            self.ended = f"The worker could not be started ({error})."
            self._begun.set()
            return
        self.process = process
        self._started_at = time.monotonic()
        self._begun.set()
        errors = threading.Thread(
            target=self._log_errors, args=(process,), name=f"holaf-{self._name}-log", daemon=True
        )
        errors.start()
        try:
            self._read(process)
        finally:
            code = process.wait()
            errors.join(GRACE_S)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self.lived = time.monotonic() - self._started_at
            with self._changed:
                self.ended = how_it_ended(code)
                self._changed.notify_all()
            if code and not self.killed:
                log.warning("%s: %s", self._name, self.ended)

    def _spawn(self) -> subprocess.Popen[bytes]:
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW
            if self._nice:
                flags |= subprocess.BELOW_NORMAL_PRIORITY_CLASS
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._env,
            creationflags=flags,
        )

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while True:
            try:
                message = frames.read(process.stdout.read1)  # type: ignore[union-attr]
            except (frames.Damaged, OSError, ValueError) as error:
                log.error("%s sent what cannot be read: %s", self._name, error)
                process.kill()
                return
            if message is None:
                return
            with self._changed:
                self._changed.wait_for(lambda: len(self._messages) < MOST_WAITING or self.killed)
                self._messages.append(message)
                self._changed.notify_all()

    def _log_errors(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                log.warning("%s: %s", self._name, line.decode("utf-8", "replace").rstrip())


def how_it_ended(code: int) -> str:
    """A sentence for an exit status; negative ones are signals.

    >>> how_it_ended(1)
    'The worker ended with status 1.'
    """
    if code >= 0:
        return f"The worker ended with status {code}."
    if code == -9:
        return "The worker was ended by the system (perhaps because memory ran out)."
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"The worker crashed ({name})."
