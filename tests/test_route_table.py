"""Every route is in tests/route_table.txt with its tier, and none takes a forged request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TABLE = Path(__file__).with_name("route_table.txt")


def registered(pack) -> list[str]:
    return sorted(
        f"{'SOCKET' if route.socket else route.method} {route.path} {route.tier.value}"
        for route in pack.routes()
    )


def sendable(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "1", path)


# To bring the table up to date: take the lines of this test's difference, after judging each tier.
def test_the_table_names_every_route_and_its_tier(pack):
    expected = [line for line in TABLE.read_text().splitlines() if line and line[0] != "#"]
    assert registered(pack) == sorted(expected)


def test_a_route_that_starts_with_no_tier_cannot_be_made():
    from holaf.holaf_core.http import Routes

    with pytest.raises(TypeError):
        Routes("/holaf/x").post("/y", None)


FORGED = {
    "foreign Origin": ({"Origin": "http://evil.test"}, {"json": {}}),
    "Origin null": ({"Origin": "null"}, {"json": {}}),
    "other port": ({"Origin": "http://127.0.0.1:1"}, {"json": {}}),
    "cross-site": ({"Sec-Fetch-Site": "cross-site"}, {"json": {}}),
    "same-site": ({"Sec-Fetch-Site": "same-site"}, {"json": {}}),
    "cookie without Origin": ({"Cookie": "holaf_session_{port}=x"}, {"json": {}}),
    "a form": ({"Content-Type": "application/x-www-form-urlencoded"}, {"data": b"a=b"}),
    "a form with method override": (
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"data": b"_method=GET"},
    ),
    "multipart": ({"Content-Type": "multipart/form-data; boundary=x"}, {"data": b"--x--"}),
    "text/plain": ({"Content-Type": "text/plain"}, {"data": b"{}"}),
    "text/plain without a body": ({"Content-Type": "text/plain"}, {}),
    "another Host": ({"Host": "evil.test", "Origin": "http://evil.test"}, {"json": {}}),
}


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("case", FORGED)
async def test_no_route_takes_a_forged_request(pack, client, folder, case):
    headers, how = FORGED[case]
    headers = {name: text.format(port=client.port) for name, text in headers.items()}
    before, settings = content(folder), pack.config.settings
    for route in pack.routes():
        if route.method in ("GET", "HEAD"):
            continue
        answer = await client.request(route.method, sendable(route.path), headers=headers, **how)
        assert 400 <= answer.status < 500, f"{route.method} {route.path}: {answer.status}"
    assert content(folder) == before
    assert pack.config.settings == settings


async def test_a_stranger_without_a_session_changes_nothing(pack, client, folder):
    pack.gate.peer_of = lambda request: "192.0.2.7"
    before = content(folder)
    for route in pack.routes():
        if route.tier.value in ("change", "admin", "fresh") and not route.socket:
            answer = await client.request(
                route.method, sendable(route.path), json={} if route.method != "GET" else None
            )
            assert answer.status == 401, f"{route.method} {route.path}: {answer.status}"
    assert content(folder) == before


async def test_no_page_of_ours_answers_to_a_foreign_name(pack, client):
    for route in pack.routes():
        if route.method == "GET":
            answer = await client.get(sendable(route.path), headers={"Host": "evil.test"})
            assert answer.status == 421, route.path


async def test_no_socket_opens_for_a_foreign_origin(pack, client):
    for route in pack.routes():
        if route.socket:
            headers = {"Origin": "http://evil.test"}
            answer = await client.get(route.path, headers=headers)
            assert answer.status == 403, route.path
