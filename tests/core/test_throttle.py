"""How many guesses there are."""

from __future__ import annotations

import pytest
from fakes import FakeClock
from holaf.holaf_core.access_file import open_access_file
from holaf.holaf_core.errors import TooManyRequests
from holaf.holaf_core.throttle import Throttle


@pytest.fixture
def clock():
    return FakeClock(now=1_000_000.0)


@pytest.fixture
def file(tmp_path):
    file = open_access_file(tmp_path)
    yield file
    file.close()


@pytest.fixture
def throttle(file, clock):
    return Throttle(file, clock=clock)


def granted(throttle, address, attempts):
    count = 0
    for _ in range(attempts):
        try:
            throttle.take(address)
            count += 1
        except TooManyRequests:
            pass
    return count


def test_an_address_has_five_attempts_and_then_one_in_30_seconds(throttle, clock):
    assert granted(throttle, "192.0.2.1", 10) == 5
    clock.now += 29
    assert granted(throttle, "192.0.2.1", 10) == 0
    clock.now += 1
    assert granted(throttle, "192.0.2.1", 10) == 1


def test_a_refusal_says_how_long_to_wait(throttle, clock):
    granted(throttle, "192.0.2.1", 5)
    clock.now += 10
    with pytest.raises(TooManyRequests) as refused:
        throttle.take("192.0.2.1")
    assert refused.value.headers["Retry-After"] == "20"


def test_all_addresses_together_have_20_and_then_20_a_minute(throttle, clock):
    addresses = [f"192.0.2.{n}" for n in range(100)]
    assert sum(granted(throttle, address, 1) for address in addresses) == 20
    clock.now += 60
    assert sum(granted(throttle, address, 1) for address in addresses) == 20


def test_a_whole_ipv6_subscriber_shares_one_bucket(throttle):
    assert sum(granted(throttle, f"2001:db8::{n:x}", 1) for n in range(1, 10)) == 5
    assert granted(throttle, "2001:db8:0:1::1", 1) == 1


def test_an_ipv4_address_written_as_ipv6_is_the_same_address(throttle):
    assert granted(throttle, "192.0.2.1", 5) == 5
    assert granted(throttle, "::ffff:192.0.2.1", 1) == 0


def test_a_restart_gives_no_new_attempts(throttle, file, clock):
    granted(throttle, "192.0.2.1", 5)
    assert granted(Throttle(file, clock=clock), "192.0.2.1", 5) == 0


def test_a_right_answer_does_not_count(throttle):
    for _ in range(50):
        throttle.take("192.0.2.1")
        throttle.give_back("192.0.2.1")


def test_a_clock_that_was_set_back_locks_nobody_out_for_long(throttle, clock):
    granted(throttle, "192.0.2.1", 6)
    clock.now -= 100_000
    granted(throttle, "192.0.2.1", 1)
    clock.now += 100_031
    assert granted(throttle, "192.0.2.1", 1) == 1
