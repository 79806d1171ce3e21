"""Worker processes: messages, crashes, and an end with the server."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

ECHO = """
    import os, sys, time
    def main(channel, arguments):
        while (got := channel.receive()) is not None:
            message, blob = got
            do = message.get("do")
            if do == "crash":
                os.abort()
            if do == "exit":
                sys.exit(3)
            if do == "hang":
                time.sleep(600)
            if do == "print":
                print("hello from a library")
                os.write(1, b"and from C\\n")
            if do == "nice":
                message = {"nice": os.nice(0)}
            if do == "arguments":
                message = {"arguments": arguments, "env": os.environ.get("HOLAF_TEST")}
            if do == "modules":
                message = {"modules": sorted(sys.modules)}
            if do == "many":
                for number in range(500):
                    channel.send({"number": number})
            channel.send(message, blob)
"""


def wait_until(condition, timeout=20.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return not Path("/proc/self").exists()


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "echo_worker.py"
    path.write_text(textwrap.dedent(ECHO))
    return path


@pytest.fixture
def worker(program):
    from holaf.holaf_core.processes import WorkerProcess

    worker = WorkerProcess(program, ["one", "two"], env={"HOLAF_TEST": "é"}, name="echo")
    yield worker
    worker.close()


def ask(worker, message, blob=b""):
    worker.send(message, blob)
    return worker.receive(timeout=20)


def test_a_message_and_its_bytes_arrive_whole_in_both_directions(worker):
    blob = os.urandom(3_000_000)
    assert ask(worker, {"text": "naïve\n", "list": [1, None]}, blob) == (
        {"text": "naïve\n", "list": [1, None]},
        blob,
    )


def test_a_worker_gets_its_arguments_and_environment(worker):
    assert ask(worker, {"do": "arguments"})[0] == {"arguments": ["one", "two"], "env": "é"}


def test_what_a_worker_prints_goes_to_the_log_and_not_between_the_messages(worker, caplog):
    with caplog.at_level(logging.WARNING, "holaf.processes"):
        assert ask(worker, {"do": "print", "n": 1})[0] == {"do": "print", "n": 1}
        assert ask(worker, {"n": 2})[0] == {"n": 2}
        worker.close()
        wait_until(lambda: "and from C" in caplog.text)


@pytest.mark.skipif(os.name != "posix", reason="priorities have other names there")
def test_a_worker_has_a_lower_priority_when_it_is_not_told_another(program, monkeypatch):
    from holaf.holaf_core.processes import WorkerProcess

    monkeypatch.delenv("HOLAF_WORKER_NICE")
    for own, added in ((None, 10), (0, 0)):
        worker = WorkerProcess(program, nice=own)
        try:
            expected = min(19, os.nice(0) + added)
            assert ask(worker, {"do": "nice"})[0]["nice"] == expected
        finally:
            worker.close()


def test_a_worker_does_not_load_the_server(worker):
    modules = ask(worker, {"do": "modules"})[0]["modules"]
    assert "aiohttp" not in modules
    assert "holaf.holaf_core.worker_side" in modules


def test_a_crash_is_told_once_and_the_next_message_reaches_a_new_worker(worker):
    from holaf.holaf_core.processes import WorkerEnded

    ask(worker, {"n": 1})
    first = worker.pid
    worker.send({"do": "crash"})
    with pytest.raises(WorkerEnded, match="SIGABRT" if os.name == "posix" else "ended"):
        worker.receive(timeout=20)
    assert ask(worker, {"n": 2})[0] == {"n": 2}
    assert worker.pid != first


def test_an_exit_status_is_told(worker):
    from holaf.holaf_core.processes import WorkerEnded

    worker.send({"do": "exit"})
    with pytest.raises(WorkerEnded, match="status 3"):
        worker.receive(timeout=20)


def test_a_worker_that_hangs_can_be_killed_and_replaced(worker):
    worker.send({"do": "hang"})
    with pytest.raises(TimeoutError):
        worker.receive(timeout=0.05)
    pid = worker.pid
    worker.kill()
    wait_until(lambda: not is_alive(pid))
    assert ask(worker, {"n": 3})[0] == {"n": 3}


def test_messages_arrive_in_order_however_late_they_are_read(worker):
    worker.send({"do": "many"})
    numbers = [worker.receive(timeout=20)[0].get("number") for _ in range(501)]
    assert numbers == [*range(500), None]


def test_iterating_ends_when_the_worker_ends(worker):
    worker.send({"n": 1})
    worker.send({"n": 2})
    worker.send({"do": "exit"})
    assert [message for message, _ in worker] == [{"n": 1}, {"n": 2}]


def test_closing_ends_the_worker_even_when_it_hangs_and_may_be_repeated(worker):
    from holaf.holaf_core.processes import WorkerEnded

    worker.send({"do": "hang"})
    pid = worker.pid
    worker.close()
    worker.close()
    assert not is_alive(pid)
    with pytest.raises(WorkerEnded):
        worker.send({"n": 1})


def test_a_worker_outlives_the_thread_that_first_used_it(worker):
    import threading

    thread = threading.Thread(target=worker.send, args=({"n": 1},))
    thread.start()
    thread.join()
    assert worker.receive(timeout=20)[0] == {"n": 1}
    assert ask(worker, {"n": 2})[0] == {"n": 2}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends after the work in hand")
def test_a_busy_worker_dies_with_its_server_however_that_dies(program, tmp_path):
    server = tmp_path / "server.py"
    server.write_text(
        textwrap.dedent(f"""
        import runpy, sys
        from pathlib import Path
        runpy.run_path({str(ROOT / "__main__.py")!r})["load_package"]("holaf")
        from holaf.holaf_core.processes import WorkerProcess
        worker = WorkerProcess(Path({str(program)!r}))
        worker.send({{"n": 1}})
        worker.receive(20)
        worker.send({{"do": "hang"}})
        print(worker.pid, flush=True)
        sys.stdin.read()
        """)
    )
    process = subprocess.Popen(
        [sys.executable, str(server)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    pid = int(process.stdout.readline())
    assert is_alive(pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    wait_until(lambda: not is_alive(pid))


def test_a_stream_that_is_no_frame_is_refused():
    import io

    from holaf.holaf_core import frames

    with pytest.raises(frames.Damaged):
        frames.read(io.BytesIO(b"\xff" * 40).read)
    with pytest.raises(frames.Damaged):
        frames.read(io.BytesIO(b"\x02\0\0\0\0\0\0\0{{").read)
    whole = frames.encode({"a": 1}, b"xyz")
    assert frames.read(io.BytesIO(whole).read) == ({"a": 1}, b"xyz")
    assert frames.read(io.BytesIO(whole[:-1]).read) is None
    assert frames.read(io.BytesIO(b"").read) is None
