"""Who gets through the gate, and who does not."""

from __future__ import annotations

import ast
import asyncio
import ipaddress
from pathlib import Path

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError
from guarded import Guarded
from holaf.holaf_core.hosts import OwnNames, parse_host, parse_origin

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def guarded(tmp_path):
    guarded = Guarded(tmp_path)
    yield guarded
    guarded.accounts.close()


@pytest.fixture
async def client(guarded, aiohttp_client):
    return await aiohttp_client(guarded.app)


def ours(client) -> str:
    return f"http://127.0.0.1:{client.port}"


async def sign_in(client, guarded):
    guarded.set_password()
    answer = await client.post(
        "/holaf/auth/login", json={"password": guarded.PASSWORD}, headers={"Origin": ours(client)}
    )
    assert answer.status == 200


async def status(client, method, path, headers=None, **how):
    answer = await client.request(method, f"/holaf/test/{path}", headers=headers, **how)
    return answer.status


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost.:80", "a.localhost", "192.0.2.1:8188", "[2001:db8::1]:8188"]
    + ["workshop", "WORKSHOP:8188", "workshop.local"],
)
async def test_addresses_localhost_and_own_names_are_allowed_hosts(client, host):
    assert await status(client, "GET", "page", {"Host": host}) == 200


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:8188", "127.0.0.1.evil.test", "2130706433", "::1", "a b", ""]
)
async def test_another_name_in_host_is_misdirected_even_for_a_page(client, host):
    assert await status(client, "GET", "page", {"Host": host}) == 421


async def test_the_refusal_of_a_host_names_the_line_that_allows_it(client, guarded):
    from holaf.holaf_core.security import parse_security

    answer = await client.get("/holaf/test/page", headers={"Host": "Photos.Example.com:80"})
    line = (await answer.json())["add_line"]
    assert answer.status == 421
    assert line in (await answer.json())["error"]
    guarded.security = parse_security(f"[access]\n{line}")
    assert await status(client, "GET", "page", {"Host": "photos.example.com"}) == 200


async def test_the_refusal_of_a_host_tells_no_other_name_of_the_server(client, guarded):
    guarded.set(allowed_hosts=("secret.corp.example",))
    answer = await client.get("/holaf/test/page", headers={"Host": "evil.test"})
    assert answer.status == 421
    assert "secret" not in await answer.text()
    assert "the names that stand there, evil.test" in (await answer.json())["add_line"]


async def raw(client, *lines):
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write("\r\n".join(lines).encode() + b"\r\nConnection: close\r\n\r\n")
    first = await reader.readline()
    writer.close()
    return int(first.split()[1])


async def test_a_missing_or_second_host_header_is_refused(client):
    assert await raw(client, "GET /holaf/test/page HTTP/1.1") in (400, 421)
    two = ("GET /holaf/test/page HTTP/1.1", "Host: localhost", "Host: evil.test")
    assert await raw(client, *two) in (400, 421)


async def test_the_full_name_counts_only_when_it_extends_our_own():
    names = OwnNames(lambda: "pc", lambda: "pc.corp.example")
    names._learn()
    assert "pc.corp.example" in names
    odd = OwnNames(lambda: "pc", lambda: "evil.test")
    odd._learn()
    assert "evil.test" not in odd


FORGED = {
    "a foreign page": {"Origin": "http://evil.test"},
    "a sandboxed page": {"Origin": "null"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "another name of this machine": {"Origin": "http://localhost:{port}"},
    "https instead of http": {"Origin": "https://127.0.0.1:{port}"},
    "no Origin, but the browser says cross-site": {"Sec-Fetch-Site": "CROSS-SITE"},
    "no Origin, but the browser says same-site": {"Sec-Fetch-Site": "same-site"},
    "our Origin, but cross-site": {
        "Origin": "http://127.0.0.1:{port}",
        "Sec-Fetch-Site": "cross-site",
    },
}


@pytest.mark.parametrize("case", FORGED)
@pytest.mark.parametrize("tier", ["page", "view", "change", "admin", "fresh"])
async def test_a_forged_post_is_refused_whether_signed_in_or_not(client, guarded, tier, case):
    headers = {name: text.format(port=client.port) for name, text in FORGED[case].items()}
    assert await status(client, "POST", tier, headers, json={}) == 403
    await sign_in(client, guarded)
    assert await status(client, "POST", tier, headers, json={}) == 403
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect(f"/holaf/test/{tier}/socket", headers=headers)
    assert refused.value.status == 403
    assert guarded.changed == []


async def test_no_page_of_another_server_is_let_in_by_asking_first(client, guarded):
    """allowed_origins is for a proxy that changes our address: it opens nothing to other sites."""
    guarded.set(allowed_origins=(parse_origin("https://photos.example.com"),))
    asking = {
        "Origin": "https://photos.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = await client.options("/holaf/test/change", headers=asking)
    assert answer.status == 405
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    sent = {"Origin": "https://photos.example.com", "Sec-Fetch-Site": "same-origin"}
    assert await status(client, "POST", "change", sent, json={}) == 200


async def test_a_signed_in_post_needs_an_origin_or_the_browsers_word(client, guarded):
    await sign_in(client, guarded)
    assert await status(client, "POST", "admin", json={}) == 403
    assert await status(client, "POST", "admin", {"Sec-Fetch-Site": "none"}, json={}) == 403
    assert await status(client, "POST", "admin", {"Sec-Fetch-Site": "same-origin"}, json={}) == 200
    assert await status(client, "POST", "admin", {"Origin": ours(client)}, json={}) == 200


async def test_a_script_may_read_and_from_this_machine_change(client, guarded):
    assert await status(client, "POST", "view", json={}) == 200
    assert await status(client, "POST", "change", json={}) == 200
    assert await status(client, "POST", "admin", json={}) == 401
    guarded.peer = "192.0.2.7"
    assert await status(client, "POST", "view", json={}) == 200
    assert await status(client, "POST", "change", json={}) == 401
    assert guarded.changed == ["view", "change", "view"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "TEXT/PLAIN; application/json", "multipart/form-data; boundary=x"]
)
async def test_what_a_form_can_send_is_refused_even_without_a_body(client, guarded, kind):
    for tier in ("page", "view", "change"):
        assert await status(client, "POST", tier, {"Content-Type": kind}) == 415
        assert await status(client, "POST", tier, {"Content-Type": kind}, data=b"{}") == 415
    assert guarded.changed == []


async def test_sockets_of_the_admin_tier_need_an_origin(client, guarded):
    await client.ws_connect("/holaf/test/view/socket")
    await sign_in(client, guarded)
    for headers in ({}, {"Sec-Fetch-Site": "same-origin"}):
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect("/holaf/test/admin/socket", headers=headers)
        assert refused.value.status == 403
    await client.ws_connect("/holaf/test/admin/socket", headers={"Origin": ours(client)})


async def test_sign_in_for_everything_closes_view_and_change_but_not_pages(client, guarded):
    guarded.set(sign_in_for_everything=True)
    assert await status(client, "GET", "page") == 200
    assert await status(client, "GET", "view") == 401
    assert await status(client, "POST", "change", json={}) == 401
    await sign_in(client, guarded)
    assert await status(client, "GET", "view") == 200


async def test_a_page_of_another_origin_reads_no_more_than_a_stranger(client, guarded):
    await sign_in(client, guarded)
    assert await status(client, "GET", "admin") == 200
    assert await status(client, "GET", "admin", {"Origin": "http://127.0.0.1:1"}) == 401
    assert await status(client, "GET", "change", {"Origin": "null"}) == 401


async def test_a_refusal_says_whether_to_sign_in_or_to_prove(client, guarded):
    answer = await client.get("/holaf/test/fresh")
    assert (answer.status, await answer.json()) == (
        401,
        {
            "error": "Set a password for this server, then sign in to do this.",
            "sign_in": True,
            "password_configured": False,
        },
    )
    await sign_in(client, guarded)
    assert await status(client, "GET", "fresh") == 200
    guarded.clock.now += 601
    answer = await client.get("/holaf/test/fresh")
    assert (answer.status, (await answer.json())["prove"]) == (401, True)


@pytest.mark.parametrize(
    "headers",
    [{"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}, {"X-Real-IP": "127.0.0.1"}]
    + [{"Via": "1.1 x"}, {"X-Forwarded-Proto": "https"}],
)
async def test_what_was_forwarded_by_an_unknown_proxy_is_not_from_this_machine(client, headers):
    answer = await client.get("/holaf/test/view", headers=headers)
    assert (await answer.json())["loopback"] is False
    assert (await answer.json())["address"] == "127.0.0.1"
    assert await status(client, "POST", "change", headers, json={}) == 401


async def test_http_1_0_is_a_proxy_and_not_from_this_machine(client):
    assert await raw(client, "GET /holaf/test/change HTTP/1.0", "Host: localhost") == 401


PROXIES = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "127.0.0.1")))


@pytest.mark.parametrize(
    ("headers", "address", "loopback"),
    [
        ({"X-Forwarded-For": "203.0.113.9"}, "203.0.113.9", False),
        ({"X-Forwarded-For": "127.0.0.1, 203.0.113.9, 10.1.1.1"}, "203.0.113.9", False),
        ({"X-Forwarded-For": "203.0.113.9:4711"}, "203.0.113.9", False),
        ({"X-Forwarded-For": "[2001:db8::7]:1, 10.0.0.2"}, "2001:db8::7", False),
        ({"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", True),
        ({"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "203.0.113.9"}, "127.0.0.1", False),
        ({"X-Forwarded-For": "nonsense"}, "127.0.0.1", False),
        ({"X-Forwarded-Proto": "http"}, "127.0.0.1", False),
    ],
)
async def test_a_configured_proxy_tells_the_address(client, guarded, headers, address, loopback):
    guarded.set(trusted_proxies=PROXIES)
    seen = await (await client.get("/holaf/test/view", headers=headers)).json()
    assert (seen["address"], seen["loopback"]) == (address, loopback)


async def test_a_configured_proxy_tells_the_origin_and_makes_the_cookie_secure(client, guarded):
    guarded.set(trusted_proxies=PROXIES, allowed_hosts=("photos.example.com",))
    guarded.set_password()
    through = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "photos.example.com",
        "Origin": "https://photos.example.com",
    }
    sent = {"password": guarded.PASSWORD}
    answer = await client.post("/holaf/auth/login", json=sent, headers=through)
    cookie = answer.headers["Set-Cookie"]
    assert answer.status == 200
    assert cookie.startswith(f"__Host-holaf_session_{client.port}=")
    for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    evil = {**through, "X-Forwarded-Host": "evil.test"}
    assert await status(client, "GET", "page", evil) == 421
    assert await status(client, "GET", "page", {**through, "Host": "evil.test"}) == 421


async def test_a_live_socket_hears_of_its_sessions_end_at_once(client, guarded):
    await sign_in(client, guarded)
    headers = {"Origin": ours(client)}
    socket = await client.ws_connect("/holaf/test/admin/socket", headers=headers)
    found = await (await client.get("/holaf/auth/sessions")).json()
    sent = {"id": found["sessions"][0]["id"]}
    answer = await client.post("/holaf/auth/sessions/revoke", json=sent, headers=headers)
    assert answer.status == 200
    message = await socket.receive(timeout=1)
    assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
    assert await status(client, "GET", "admin") == 401


async def test_a_session_that_ends_while_it_is_looked_up_opens_no_socket(client, guarded):
    """Its connections are closed before this one exists: nobody would close it any more."""
    await sign_in(client, guarded)
    sessions = guarded.accounts.sessions
    find = sessions.find

    def find_then_end(token):
        session = find(token)
        if session is not None:
            sessions.end([session.id])
        return session

    sessions.find = find_then_end
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/holaf/test/admin/socket", headers={"Origin": ours(client)})
    assert refused.value.status == 401


def test_hosts_and_origins_are_read_strictly():
    assert parse_host("[::1]").name == "::1"
    assert parse_host("user@host") is None
    assert parse_host("host:99999") is None
    assert parse_origin("HTTPS://EXAMPLE.com:443") == parse_origin("https://example.com")
    for wrong in ("null", "file://", "http://a/b", "example.com", "ws://a"):
        assert parse_origin(wrong) is None


def test_secrets_are_never_compared_with_equals():
    words = ("token", "hash", "digest", "code", "password", "stored", "expected")
    modules = ["holaf_auth.py"] + [
        f"holaf_core/{name}.py"
        for name in ("access", "passwords", "sessions", "setup_code", "accounts", "throttle")
    ]
    for module in modules:
        for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Compare):
                continue
            if not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                continue
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            names |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
            secret = {n for n in names if any(word in n.lower() for word in words)}
            assert not secret, f"{module}:{node.lineno} compares {secret} with =="
