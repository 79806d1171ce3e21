"""The floors: what the bare machine does, without the pack, measured in the same run.

first_index  names, 16 KB of each file, the chunks, both JSONs parsed, rows and FTS5 inserted
list_window  200 rows by offset out of an indexed SQLite table, as JSON
loop         the lateness of an empty event loop in a process of its own, beside the same load
decode       decoding only, with the engine in use (the pack's own `benchmark` takes turns)
snapshot     bare columns of as many rows read from one file, with a checksum
window       200 rows by id out of the real database, as JSON, without HTTP
filter_facets  a comparison and eleven bincounts over bare numpy columns
text_search  FTS5 alone counts the hits of a word
regex        Python's `re` alone finds an expression in all the prompts, joined into one text
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import sqlite3
import struct
import sys
import time
from pathlib import Path

from harness import percentile

try:
    import orjson

    loads = orjson.loads
except ImportError:
    loads = json.loads

FIRST_READ = 16 * 1024


def first_index(folder: Path, database: Path) -> float:
    """Files per second of the shortest honest indexing loop, in one process."""
    database.unlink(missing_ok=True)
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(
        "CREATE TABLE images(id INTEGER PRIMARY KEY, path TEXT UNIQUE, mtime REAL, size INTEGER,"
        " width INTEGER, height INTEGER, prompt INTEGER)"
    )
    connection.execute("CREATE TABLE prompts(id INTEGER PRIMARY KEY, text TEXT UNIQUE)")
    connection.execute("CREATE VIRTUAL TABLE found USING fts5(text, content='')")
    known: dict[str, int] = {}
    batch: list[tuple] = []
    count = 0
    started = time.perf_counter()

    def commit() -> None:
        connection.execute("BEGIN")
        fresh = [(number, text) for text, number in known.items() if number > commit.done]
        connection.executemany("INSERT INTO prompts VALUES(?, ?)", fresh)
        connection.executemany("INSERT INTO found(rowid, text) VALUES(?, ?)", fresh)
        connection.executemany(
            "INSERT INTO images(path, mtime, size, width, height, prompt) VALUES(?,?,?,?,?,?)",
            batch,
        )
        connection.execute("COMMIT")
        commit.done = len(known)
        batch.clear()

    commit.done = 0
    waiting = [os.fspath(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append(entry.path)
                elif entry.name.endswith(".png"):
                    status = entry.stat()
                    width, height, text = read(entry.path, status.st_size)
                    number = known.setdefault(text, len(known) + 1)
                    batch.append(
                        (entry.path, status.st_mtime, status.st_size, width, height, number)
                    )
                    count += 1
                    if len(batch) == 500:
                        commit()
    commit()
    elapsed = time.perf_counter() - started
    connection.close()
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    return count / elapsed


def read(path: str, size: int) -> tuple[int, int, str]:
    """Width, height and the longest text of the prompt graph."""
    handle = os.open(path, os.O_RDONLY)
    try:
        data = os.read(handle, FIRST_READ)
        if len(data) < size:
            data += os.read(handle, size - len(data))
    finally:
        os.close(handle)
    width, height = struct.unpack_from(">II", data, 16)
    place, text = 8, ""
    while place + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind = data[place + 4 : place + 8]
        if kind == b"IDAT":
            break
        if kind == b"tEXt":
            key, _, value = data[place + 8 : place + 8 + length].partition(b"\0")
            parsed = loads(value)
            if key == b"prompt":
                texts = [node["inputs"].get("text") for node in parsed.values()]
                text = max((entry for entry in texts if isinstance(entry, str)), key=len)
        place += 12 + length
    return width, height, text


def list_window(rows: int, rounds: int) -> float:
    """p99 in ms of a window of 200 at any depth, by offset along an index, made into JSON."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE images(id INTEGER PRIMARY KEY, path TEXT, mtime REAL, size INTEGER)"
    )
    rng = random.Random(1)
    connection.executemany(
        "INSERT INTO images VALUES(?, ?, ?, ?)",
        ((n, f"batch_{n // 1500:03}/ComfyUI_{n:06}_.png", rng.random(), n) for n in range(rows)),
    )
    connection.execute("CREATE INDEX newest ON images(mtime DESC, id DESC)")
    spent = []
    for _ in range(rounds):
        started = time.perf_counter()
        found = connection.execute(
            "SELECT id, path, mtime, size FROM images ORDER BY mtime DESC, id DESC"
            " LIMIT 200 OFFSET ?",
            (rng.randrange(max(rows - 200, 1)),),
        ).fetchall()
        json.dumps(found)
        spent.append((time.perf_counter() - started) * 1000)
    connection.close()
    return percentile(spent, 0.99)


def snapshot(folder: Path, rows: int) -> float:
    """ms to read and check bare columns of `rows` pictures: 50 bytes a row, one file."""
    import zlib

    import numpy as np

    file = folder / "floor.columns"
    file.write_bytes(os.urandom(1 << 20) * (rows * 50 // (1 << 20) + 1))
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        zlib.crc32(np.fromfile(file, np.uint8))
        best = min(best, time.perf_counter() - started)
    file.unlink()
    return best * 1000


def window(database: Path, rows: int, rounds: int) -> float:
    """Median ms of 200 rows by id anywhere in the real table, made into JSON in-process."""
    connection = sqlite3.connect(database)
    rng = random.Random(1)
    spent = []
    for _ in range(rounds):
        start = rng.randrange(max(rows - 200, 1))
        started = time.perf_counter()
        found = connection.execute(
            "SELECT id, path_canon, mtime, size_bytes, width, height, thumb_hash FROM images"
            " WHERE id > ? ORDER BY id LIMIT 200",
            (start,),
        ).fetchall()
        json.dumps(found)
        spent.append((time.perf_counter() - started) * 1000)
    connection.close()
    return percentile(spent, 0.5)


def filter_facets(rows: int) -> float:
    """ms for one comparison, its count, and one bincount for each of eleven facets of half of all
    rows, over bare arrays: what counting costs when nothing is shared between facets."""
    import numpy as np

    rng = np.random.default_rng(1)
    facets = [
        rng.integers(0, 2 ** (n + 2), rows // 20 + 1).repeat(20)[:rows].astype(np.uint16)
        for n in range(11)
    ]
    limit = np.uint16(2**10)
    best = float("inf")
    for _ in range(7):
        started = time.perf_counter()
        chosen = np.flatnonzero(facets[9] < limit)
        for codes in facets:
            np.bincount(codes.take(chosen))
        best = min(best, time.perf_counter() - started)
    return best * 1000


def text_search(database: Path, words: list[str]) -> float:
    """The slowest of `words`, in ms: SQLite alone finds and counts it in prompts and graphs."""
    connection = sqlite3.connect(database)
    worst = 0.0
    for word in words:
        spent = []
        for _ in range(5):
            started = time.perf_counter()
            for statement in (
                "SELECT count(rowid) FROM prompts_fts WHERE prompt_text MATCH ?",
                "SELECT count(rowid) FROM graphs_fts WHERE graphs_fts MATCH ?",
            ):
                connection.execute(statement, (f'"{word}"*',)).fetchone()
            spent.append((time.perf_counter() - started) * 1000)
        worst = max(worst, min(spent))
    connection.close()
    return worst


def regex(texts: list[str], patterns: list[str]) -> float:
    """The slowest of `patterns`, in ms: all it matches in one text with a line for each prompt."""
    joined = "\n".join(texts)
    worst = 0.0
    for pattern in patterns:
        found = re.compile(pattern, re.IGNORECASE | re.MULTILINE)
        best = float("inf")
        for _ in range(2):
            started = time.perf_counter()
            for _ in found.finditer(joined):
                pass
            best = min(best, time.perf_counter() - started)
        worst = max(worst, best)
    return worst * 1000


def serve(size: int, batch_size: int) -> None:
    """GET /one and POST /many answer with so many bytes, until the process is ended."""
    from aiohttp import web

    single, batch = os.urandom(size), os.urandom(batch_size)

    async def one(request: web.Request) -> web.Response:
        return web.Response(body=single, content_type="image/jpeg")

    async def many(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=batch, content_type="application/octet-stream")

    async def announce(app: web.Application) -> None:
        print(f"Listening on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)

    app = web.Application()
    app.router.add_get("/one", one)
    app.router.add_post("/many", many)
    app.on_startup.append(announce)
    listening = socket.create_server(("127.0.0.1", 0))
    web.run_app(app, sock=listening, print=None, access_log=None)


if __name__ == "__main__":
    if sys.argv[1:2] != ["serve"]:
        sys.exit(__doc__)
    serve(*map(int, sys.argv[2:4]))
