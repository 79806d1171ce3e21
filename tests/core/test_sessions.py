"""How long a sign-in lasts, and what ends it."""

from __future__ import annotations

import pytest
from fakes import FakeClock
from holaf.holaf_core.access_file import open_access_file
from holaf.holaf_core.errors import Unauthorized, Unavailable
from holaf.holaf_core.passwords import Cost, Passwords
from holaf.holaf_core.sessions import Sessions

HOUR = 3600


@pytest.fixture
def clock():
    return FakeClock(now=1_000_000.0)


@pytest.fixture
def file(tmp_path, clock):
    file = open_access_file(tmp_path)
    Passwords(file, clock=clock, cost=Cost(4, use_argon2=False)).replace("0123456789", first=True)
    yield file
    file.close()


@pytest.fixture
def sessions(file, clock):
    return Sessions(file, clock=clock)


def test_only_the_hash_of_the_token_is_in_the_file(sessions, file):
    token = sessions.start("127.0.0.1", "Browser\n1")
    assert len(token) >= 43
    file.write(lambda db: None)
    content = b"".join(path.read_bytes() for path in file.path.parent.iterdir())
    assert token.encode() not in content
    assert sessions.find(token).browser == "Browser1"


def test_a_session_ends_after_12_hours_without_use(sessions, clock):
    token = sessions.start("127.0.0.1", "")
    clock.now += 12 * HOUR - 1
    assert sessions.find(token) is not None
    clock.now += 12 * HOUR - 1
    assert sessions.find(token) is not None
    clock.now += 12 * HOUR
    assert sessions.find(token) is None
    assert sessions.all() == []


def test_a_session_ends_after_7_days_however_much_it_is_used(sessions, clock):
    token = sessions.start("127.0.0.1", "")
    for _ in range(7 * 24 - 1):
        clock.now += HOUR
        assert sessions.find(token) is not None
    clock.now += HOUR
    assert sessions.find(token) is None


def test_an_ended_session_is_forgotten_at_once(sessions):
    told = []
    sessions.on_ended(told.append)
    token = sessions.start("127.0.0.1", "")
    session = sessions.find(token)
    assert sessions.known(token) == session
    assert sessions.end([session.id]) == 1
    assert sessions.known(token) is None
    assert sessions.find(token) is None
    assert told == [{session.id}]


def test_a_new_password_ends_sessions_of_every_process(sessions, file, clock):
    other = Sessions(file, clock=clock)
    told = []
    other.on_ended(told.append)
    token = sessions.start("127.0.0.1", "")
    session = other.find(token)
    passwords = Passwords(file, clock=clock, cost=Cost(4, use_argon2=False))
    assert passwords.replace("another password", first=False) == [session.id]
    clock.now += 1
    assert other.known(token) is None
    other.end_stale()
    assert told == [{session.id}]
    assert other.find(token) is None


def test_stale_sessions_are_ended_and_their_connections_told(sessions, clock):
    told = []
    sessions.on_ended(told.append)
    token = sessions.start("127.0.0.1", "")
    session = sessions.find(token)
    sessions.end_stale()
    assert told == []
    clock.now += 12 * HOUR
    sessions.end_stale()
    assert told == [{session.id}]


def test_a_proof_is_fresh_for_10_minutes(sessions, clock):
    token = sessions.start("127.0.0.1", "")
    clock.now += 600
    session = sessions.find(token)
    assert not session.fresh(clock.now)
    sessions.prove(session)
    assert sessions.find(token).fresh(clock.now)


def test_one_listener_that_fails_does_not_keep_the_others_from_hearing(sessions):
    told = []

    def fails(ids):
        raise RuntimeError("no")

    sessions.on_ended(fails)
    sessions.on_ended(told.append)
    sessions.end([7])
    assert told == [{7}]


def test_nobody_signs_in_without_a_password(sessions, file):
    file.write(lambda db: db.execute("DELETE FROM password"))
    with pytest.raises(Unauthorized):
        sessions.start("127.0.0.1", "")


def refuse_writes(file):
    """As a disk that is full, or was mounted read-only meanwhile."""
    file.write(lambda db: db.execute("PRAGMA query_only=1"))


def test_a_disk_that_refuses_does_not_lock_out_who_is_signed_in(sessions, file, clock):
    token = sessions.start("127.0.0.1", "")
    refuse_writes(file)
    clock.now += HOUR
    assert sessions.find(token).seen_at == clock.now


def test_the_connections_of_a_stale_session_are_told_even_when_the_disk_refuses(
    sessions, file, clock
):
    told = []
    sessions.on_ended(told.append)
    session = sessions.find(sessions.start("127.0.0.1", ""))
    clock.now += 12 * HOUR
    refuse_writes(file)
    with pytest.raises(Unavailable, match="keeps the sign-ins"):
        sessions.end_stale()
    assert told == [{session.id}]
