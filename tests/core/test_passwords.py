"""How the password is stored."""

from __future__ import annotations

import hashlib
import sys

import pytest
from holaf.holaf_core import passwords
from holaf.holaf_core.access_file import open_access_file
from holaf.holaf_core.errors import BadRequest, Conflict, Unavailable
from holaf.holaf_core.passwords import Cost, Passwords, hash_password, outdated, verify

CHEAP = Cost(log_n=4, use_argon2=False)


@pytest.fixture
def stored(tmp_path):
    file = open_access_file(tmp_path)
    yield Passwords(file, clock=lambda: 1000.0, cost=CHEAP)
    file.close()


def test_production_hashes_with_scrypt_at_128_mebibytes():
    made = hash_password("correct horse", Cost(use_argon2=False))
    assert made.startswith("$scrypt$ln=17,r=8,p=1$")
    assert verify(made, "correct horse")
    assert not verify(made, "correct horsf")


def test_equal_passwords_are_stored_differently():
    assert hash_password("same", CHEAP) != hash_password("same", CHEAP)


def test_the_same_letters_typed_on_another_system_are_the_same_password():
    assert verify(hash_password("caf\u00e9 au lait", CHEAP), "cafe\u0301 au lait")


def test_a_hash_of_lower_cost_is_outdated():
    assert outdated(hash_password("x", CHEAP), Cost(log_n=5, use_argon2=False))
    assert not outdated(hash_password("x", CHEAP), CHEAP)


@pytest.mark.parametrize("made", ["", "plain", "$scrypt$", "$argon2i$v=19$x"])
def test_what_is_no_hash_fits_no_password(made):
    assert not verify(made, made)


def test_the_earlier_format_is_accepted_once_and_then_renewed(stored):
    stored.replace("to be replaced", first=True)
    salt = bytes(range(16))
    old = hashlib.pbkdf2_hmac("sha256", b"earlier password", salt, 260_000)
    text = f"{salt.hex()}${old.hex()}"
    stored._file.write(lambda db: db.execute("UPDATE password SET hash = ?", (text,)))
    assert not stored.check("another password")
    assert stored.check("earlier password")
    assert stored._stored().startswith("$scrypt$ln=4,")
    assert stored.check("earlier password")


def test_without_a_password_nothing_is_right_and_a_hash_is_computed_all_the_same(stored):
    assert not stored.configured()
    assert not stored.check("")
    assert stored.computed == 1


def test_only_one_of_two_first_set_ups_succeeds(stored):
    stored.replace("the first one", first=True)
    with pytest.raises(Conflict):
        stored.replace("the second one", first=True)
    assert stored.check("the first one")


@pytest.mark.parametrize("password", ["nine char", "x" * 1025, None, 1234567890])
def test_a_password_has_10_to_1024_characters(stored, password):
    with pytest.raises(BadRequest) as refused:
        stored.replace(password, first=True)
    assert refused.value.details == {"field": "password"}


def test_a_missing_argon2_says_what_to_do(monkeypatch):
    monkeypatch.setattr(passwords, "argon2", None)
    with pytest.raises(Unavailable, match="argon2-cffi"):
        verify("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", "x")


@pytest.mark.skipif(passwords.argon2 is None, reason="argon2-cffi is not installed")
def test_argon2id_is_used_where_it_is_installed():
    made = hash_password("correct horse", Cost())
    assert made.startswith("$argon2id$")
    assert verify(made, "correct horse")
    assert outdated(hash_password("x", CHEAP), Cost())


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_only_the_owner_can_read_the_file(tmp_path):
    folder = tmp_path / "private"
    file = open_access_file(folder)
    file.write(lambda db: db.execute("DELETE FROM sessions"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    file.close()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}


def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(tmp_path):
    (tmp_path / "access.sqlite").write_bytes(b"not a database at all" * 100)
    file = open_access_file(tmp_path)
    assert not Passwords(file, clock=lambda: 0.0, cost=CHEAP).configured()
    file.close()
    assert (tmp_path / "access.sqlite.broken").read_bytes().startswith(b"not a database")
