"""Whatever is sent to any route of the pack, there is an answer, and it is never a 500."""

from __future__ import annotations

import asyncio
import json
import random
import re

import pytest

HUGE = "9" * 400
ODD_TEXTS = (
    "", " ", "-1", "0", "1", "1e9", "1000000000", HUGE, "NaN", "null", "true", "[]", "é" * 300,
    "x" * 5000, "a\0b", "\0", "../../etc/passwd", ".?./x", "..\\x", "/etc/passwd", "input:a.png",
    "nosuch:a.png", ":", "a:b:c", "%FF", "%25", "%", "'", '"', "' OR 1=1 --", "a\nb", "\ud83d\ude00"
    .encode("utf-16", "surrogatepass").decode("utf-16"), "١٢", "²", "{}",
)  # fmt: skip
ODD_VALUES = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 10**30, 1.5, -0.0, "", "x",
    "a\0b", "x" * 50_000, "\"a\0b\"", "*", '"', "-", "a* OR b", "NEAR(a b)", "{",
    "%", "2026-02-30", "0001-01-01", "9999-12-31", [], [None], [0], [-1], [2**63],
    ["x"], ["a\0b"], [["x"]], [{}], [True], [1.5],
    ["%FF"], [":"], ["root", "trashcan"], ["x"] * 3000, list(range(3000)), {}, {"x": 1},
    {"x": None}, {"has_prompt": "yes"}, {"offset": -1}, {"search": "a\0b"}, {"x": {"y": {"z": []}}},
)  # fmt: skip
QUERY = ("id", "path_canon", "view", "from", "count", "raw", "v", "at", "limit", "before", "nosuch")
BODY = (
    "folder_filters", "format_filters", "startDate", "endDate", "filename_search", "prompt_search",
    "workflow_search", "search", "bool_filters", "workflow_sources", "tags_filter", "sort",
    "offset", "limit", "group", "since", "ids", "id", "paths_canon", "path_canon", "client", "all",
    "filter", "except", "view", "ranges", "bits", "confirm_empty", "password", "current_password",
    "setup_code", "others", "indexing", "thumbnails", "gallery", "nosuch",
)  # fmt: skip


def path_of(route, value="1"):
    return re.sub(r"\{[^}]*\}", value, route.path)


def gets(pack):
    return [route for route in pack.routes() if route.method == "GET" and not route.socket]


def posts(pack):
    return [route for route in pack.routes() if route.method == "POST"]


@pytest.fixture
async def opened(client, pack, indexed):
    """The running pack with a picture in it, and the names that a good request would use."""
    row = await indexed("a.png")
    view = await (await client.post("/holaf/images/view", json={})).json()
    return {"id": str(row["id"]), "path_canon": "a.png", "view": view["view"],
            "from": "0", "count": "1"}  # fmt: skip


async def answer(client, method, path, **how):
    """The status, after the whole body came; what is refused says why in JSON."""
    response = await client.request(method, path, **how)
    data = await response.read()
    what = f"{method} {path[:200]} {str(how)[:300]}: {response.status} {data[:300]!r}"
    not_running = response.status == 503 and b"index is not running" in data  # in a quiet client
    assert response.status < 500 or not_running, what
    if response.status >= 400:
        assert json.loads(data)["error"], what
    return response.status


async def test_no_query_of_any_get_is_an_error_of_ours(client, pack, opened):
    pick = random.Random(2)
    for route in gets(pack):
        for name in QUERY:
            for value in pick.sample(ODD_TEXTS, 12):
                rest = {key: good for key, good in opened.items() if pick.random() < 0.7}
                await answer(client, "GET", path_of(route), params={**rest, name: value})


async def test_no_part_of_a_path_is_an_error_of_ours(client, pack):
    from yarl import URL

    odd = ("%00", "a%00b", "%FF", "%2e%2e%2fx", "..%5cx", "x" * 300, "x" * 5000, "%C0%AF", "%0A",
           "\N{GRINNING FACE}", ".?./", "a%2Fb", "con", "%25", "-", "'")  # fmt: skip
    for route in gets(pack):
        if "{" in route.path:
            for value in odd:
                url = URL(path_of(route, value), encoded=value.isascii())
                assert (await client.get(url)).status < 500, url


async def test_no_body_of_any_post_is_an_error_of_ours(client, pack, opened, monkeypatch):
    # Every guess of a password would cost a second of the processor, and soon be refused.
    monkeypatch.setattr(pack.accounts.passwords, "check", lambda password: False)
    pick = random.Random(3)
    for route in posts(pack):
        for name in BODY:
            for value in pick.sample(ODD_VALUES, 6):
                body = {name: value}
                if pick.random() < 0.3:
                    body[pick.choice(BODY)] = pick.choice(ODD_VALUES)
                await answer(client, "POST", path_of(route), json=body)


async def test_filters_of_every_odd_kind_are_answered(client, opened):
    for path in ("/holaf/images/list", "/holaf/images/view"):
        for name in BODY[:17]:
            for value in ODD_VALUES:
                await answer(client, "POST", path, json={name: value})


JSON = {"Content-Type": "application/json"}
DEEP = b'{"a":' * 5000 + b"1" + b"}" * 5000
BROKEN_BODIES = {
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b"1",
    "not UTF-8": b'{"search": "\xff\xfe"}',
    "half of a pair": b'{"search": "\\ud800", "path_canon": "\\udfff", "client": "\\ud800"}',
    "NaN": b'{"offset": NaN}',
    "very deep": DEEP,
    "a key twice": b'{"ids": [1], "ids": "x"}',
    "BOM": b"\xef\xbb\xbf{}",
    "NUL": b"\0",
}


@pytest.mark.parametrize("parser", ["orjson", "the standard library"])
async def test_a_body_that_is_no_sound_json_is_refused_and_not_an_error(
    quiet_client, pack, parser, monkeypatch
):
    if parser != "orjson":
        monkeypatch.setattr("holaf.holaf_core.json.orjson", None)
    for route in posts(pack):
        for data in BROKEN_BODIES.values():
            await answer(quiet_client, "POST", path_of(route), data=data, headers=JSON)


async def test_a_body_that_does_not_unpack_is_refused(client, pack):
    for coding in ("deflate", "gzip"):
        # aiohttp ends such a connection; where nobody read the body, without a word.
        headers = {**JSON, "Content-Encoding": coding, "Connection": "close"}
        for route in posts(pack):
            response = await client.post(
                path_of(route), data=b"\x78\x9cnot packed", headers=headers
            )
            assert response.status < 500, (coding, route.path)


async def test_a_body_of_9_mebibytes_is_refused(client, pack):
    for route in posts(pack):
        status = await answer(client, "POST", path_of(route), data=b" " * (9 << 20), headers=JSON)
        assert status in (401, 413) or route.path.endswith("/logout"), "signing out reads nothing"


RAW = (
    b"GET /holaf/images/full?path_canon=\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /holaf/images/metadata?path_canon=\xc3\x28.png HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /holaf/images/thumbnail?path_canon=a\xff.png HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /holaf/images/rows?view=\xff&from=0&count=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /holaf/images/thumb/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /holaf/images/view/\xff/layout HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /holaf/js/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /holaf/js/%ff%fe/../../x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET //etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /holaf/auth/status HTTP/1.1\r\nHost: localhost\r\nCookie: \xff=\xfe; ;=\r\n\r\n",
    b"GET /holaf/auth/status HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: \xff,,\r\n\r\n",
    b"POST /holaf/images/list HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /holaf/images/list HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)


async def test_bytes_that_no_client_library_sends_are_answered(client, opened):
    for sent in RAW:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        writer.write(sent)
        line = await asyncio.wait_for(reader.readline(), 20)
        writer.close()
        assert re.match(rb"HTTP/1\.[01] [234]", line), (sent, line)


ODD_HEADERS = (
    {"Range": "bytes=9999999999-"}, {"Range": "bytes=-0"}, {"Range": "bytes=5-1"},
    {"Range": "bytes=a-b"}, {"Range": "lines=1-2"}, {"Range": "bytes=0-1,3-4"},
    {"Range": "bytes=-99999999999999999999999"}, {"If-Modified-Since": "yesterday"},
    {"If-Range": "x", "Range": "bytes=0-1"}, {"If-None-Match": '"'}, {"Accept-Encoding": "\t"},
    {"Cookie": "x" * 4000},
)  # fmt: skip


async def test_odd_headers_of_a_download_are_answered(client, opened):
    for headers in ODD_HEADERS:
        for path in ("full", "metadata", "thumbnail"):
            url = f"/holaf/images/{path}?id={opened['id']}"
            assert (await client.get(url, headers=headers)).status < 500, (path, headers)
