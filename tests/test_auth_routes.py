"""Signing in, setting the password, proving it again, ending sessions."""

from __future__ import annotations

import asyncio

import pytest
from guarded import Guarded
from holaf.holaf_auth import SessionKeeper
from holaf.holaf_core.setup_code import to_console


@pytest.fixture
def guarded(tmp_path):
    guarded = Guarded(tmp_path)
    yield guarded
    guarded.accounts.close()


@pytest.fixture
async def client(guarded, aiohttp_client):
    client = await aiohttp_client(guarded.app)
    client.session.headers["Origin"] = f"http://127.0.0.1:{client.port}"
    return client


async def post(client, path, **sent):
    answer = await client.post(f"/holaf/auth/{path}", json=sent)
    return answer.status, await answer.json()


async def test_the_first_password_needs_the_code_from_the_console(client, guarded):
    guarded.peer = "192.0.2.7"
    assert (await post(client, "set-password", password="long enough"))[0] == 403
    assert (await post(client, "setup-code"))[0] == 200
    [code] = guarded.codes
    assert len(code.replace("-", "")) == 16
    wrong = await post(client, "set-password", password="long enough", setup_code="WRONG")
    assert wrong[0] == 403
    short = await post(client, "set-password", password="short", setup_code=code)
    assert (short[0], short[1]["field"]) == (400, "password")
    right = await post(client, "set-password", password="long enough", setup_code=code.lower())
    assert right[0] == 200
    found = await (await client.get("/holaf/auth/status")).json()
    assert found["authenticated"]
    assert found["fresh"]
    assert found["can_change"]


async def test_a_second_set_up_is_a_conflict(client, guarded):
    guarded.set_password()
    sent = {"password": "another one", "setup_code": "ABCD"}
    assert (await post(client, "set-password", **sent))[0] == 409
    assert (await post(client, "setup-code"))[0] == 409


async def test_the_code_expires_and_is_renewed_only_then(client, guarded):
    guarded.peer = "192.0.2.7"
    await post(client, "setup-code")
    await post(client, "setup-code")
    assert len(guarded.codes) == 1
    guarded.clock.now += 601
    sent = {"password": "long enough", "setup_code": guarded.codes[0]}
    assert (await post(client, "set-password", **sent))[0] == 403
    answer = await post(client, "setup-code")
    assert len(guarded.codes) == 2
    assert guarded.codes[1] not in str(answer)


async def test_the_earlier_address_of_set_password_works(client, guarded):
    guarded.accounts.setup_code.renew(anyway=True)
    sent = {"password": "long enough", "setup_code": guarded.codes[0]}
    answer = await client.post("/holaf/terminal/set-password", json=sent)
    assert answer.status == 200


async def test_a_new_password_ends_every_session_but_the_callers_new_one(client, guarded):
    guarded.set_password()
    other = guarded.accounts.sessions.start("192.0.2.1", "other")
    await post(client, "login", password=guarded.PASSWORD)
    sent = {"password": "a new password", "current_password": guarded.PASSWORD}
    assert (await post(client, "set-password", **sent))[0] == 200
    assert guarded.accounts.sessions.find(other) is None
    assert (await client.get("/holaf/test/fresh")).status == 200
    assert (await post(client, "login", password=guarded.PASSWORD))[0] == 401


async def test_signing_in_gives_a_new_token_and_ends_the_old(client, guarded):
    guarded.set_password()
    tokens = []
    for _ in range(2):
        answer = await client.post("/holaf/auth/login", json={"password": guarded.PASSWORD})
        tokens.append(next(iter(answer.cookies.values())).value)
    assert tokens[0] != tokens[1]
    assert guarded.accounts.sessions.find(tokens[0]) is None
    assert guarded.accounts.sessions.find(tokens[1]) is not None


async def test_signing_out_ends_the_session_on_the_server(client, guarded):
    guarded.set_password()
    answer = await client.post("/holaf/auth/login", json={"password": guarded.PASSWORD})
    token = next(iter(answer.cookies.values())).value
    assert (await post(client, "logout"))[0] == 200
    assert guarded.accounts.sessions.find(token) is None
    assert (await client.get("/holaf/test/admin")).status == 401


async def test_a_wrong_password_does_not_ask_to_sign_in_again(client, guarded):
    guarded.set_password()
    code, answer = await post(client, "login", password="wrong")
    assert (code, answer["wrong_password"]) == (401, True)
    assert "sign_in" not in answer


async def test_signing_in_before_a_password_is_set_is_a_conflict(client, guarded):
    code, answer = await post(client, "login", password="anything")
    assert (code, answer["password_configured"]) == (409, False)
    assert guarded.accounts.passwords.computed == 1


async def test_proving_the_password_makes_the_session_fresh_again(client, guarded):
    guarded.set_password()
    await post(client, "login", password=guarded.PASSWORD)
    guarded.clock.now += 700
    assert (await client.get("/holaf/test/fresh")).status == 401
    assert (await post(client, "prove", password="wrong"))[0] == 401
    assert (await post(client, "prove", password=guarded.PASSWORD))[0] == 200
    assert (await client.get("/holaf/test/fresh")).status == 200


async def test_a_proof_is_on_record(client, guarded):
    guarded.set_password()
    await post(client, "login", password=guarded.PASSWORD)
    await post(client, "prove", password=guarded.PASSWORD)
    entries = (await (await client.get("/holaf/auth/audit")).json())["entries"]
    assert [(e["action"], e["result"]) for e in entries] == [("prove", "ok"), ("sign in", "ok")]


async def test_a_disk_that_refuses_is_said_plainly(client, guarded):
    guarded.set_password()
    refuse_writes(guarded)
    code, answer = await post(client, "login", password=guarded.PASSWORD)
    assert (code, "Free some space" in answer["error"]) == (503, True)


def test_a_disk_that_refuses_for_a_while_does_not_end_the_rounds(guarded):
    guarded.set_password()
    token = guarded.accounts.sessions.start("127.0.0.1", "")
    guarded.clock.now += 8 * 86400
    writer = refuse_writes(guarded)
    keeper = SessionKeeper(guarded.accounts)
    keeper.one_round()
    writer.execute("PRAGMA query_only=0")
    keeper.one_round()
    assert guarded.accounts.sessions.find(token) is None
    with guarded.accounts.sessions._file.read() as db:
        assert db.execute("SELECT count(*) FROM sessions").fetchone()[0] == 0


def refuse_writes(guarded):
    """As a disk that is full; gives the connection that writes."""
    writer = guarded.accounts.sessions._file.write(lambda db: db)
    writer.execute("PRAGMA query_only=1")
    return writer


def test_a_console_that_takes_no_text_is_named_in_the_log(monkeypatch, caplog):
    class Closed:
        def write(self, text):
            raise BrokenPipeError("nobody reads")

    monkeypatch.setattr("sys.__stderr__", Closed())
    to_console("ABCD-EFGH")
    assert "takes no text" in caplog.text
    assert "ABCD" not in caplog.text


async def test_200_guesses_at_once_cost_at_most_six_hashes(client, guarded):
    guarded.set_password()
    answers = await asyncio.gather(
        *(post(client, "login", password=f"guess {n}") for n in range(200))
    )
    refused = [answer for code, answer in answers if code == 429]
    assert guarded.accounts.passwords.computed <= 6
    assert len(refused) >= 194
    assert all(answer["retry_after"] >= 1 for answer in refused)
    assert (await post(client, "login", password=guarded.PASSWORD))[0] == 429
    answer = await client.post(
        "/holaf/auth/login",
        json={"password": guarded.PASSWORD},
        headers={"X-Forwarded-For": "203.0.113.50"},
    )
    assert answer.status == 429
    guarded.clock.now += 31
    assert (await post(client, "login", password=guarded.PASSWORD))[0] == 200


async def test_every_attempt_leaves_one_record_and_no_secret(client, guarded):
    guarded.set_password()
    await post(client, "login", password="a wrong guess")
    await post(client, "login", password=guarded.PASSWORD)
    answer = await client.get("/holaf/auth/audit")
    entries = (await answer.json())["entries"]
    assert [(e["action"], e["result"]) for e in entries] == [
        ("sign in", "ok"),
        ("sign in", "refused"),
    ]
    assert "wrong guess" not in await answer.text()


@pytest.mark.parametrize("path", ["sessions", "audit"])
async def test_lists_of_the_account_need_a_session(client, path):
    assert (await client.get(f"/holaf/auth/{path}")).status == 401


@pytest.mark.parametrize("sent", [{}, {"password": 7}, {"password": ""}, {"password": "x" * 2000}])
async def test_a_password_of_the_wrong_shape_is_refused_without_hashing(client, guarded, sent):
    assert (await post(client, "login", **sent))[0] == 400
    assert guarded.accounts.passwords.computed == 0


async def test_the_code_is_printed_when_the_server_starts_without_a_password(guarded):
    guarded.auth.start()
    for _ in range(500):
        if guarded.codes:
            break
        await asyncio.sleep(0.01)
    guarded.auth.stop()
    guarded.auth.stop()
    assert len(guarded.codes) == 1
