"""Libraries of a million pictures: 3,000 real ones with many names each, and their database.

The 3,000 are indexed and get their thumbnails from the real server. Their rows are then multiplied
by SQL, whatever columns they have by now, so that the server finds every file as it knows it.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import corpus
from harness import SUPPORT, cache, load_pack

sys.path.append(str(SUPPORT))

VERSION = "1"
ORIGINALS = 3000
FOLDERS = 500
# The files' own times, and so the library's: 3,000 moments between these two.
FIRST, LAST = 1_550_000_000, 1_795_000_000
SHAPES = ((400, 267), (267, 400), (400, 400), (400, 225), (320, 400))
# Besides the words of corpus.py, which are in every second prompt: some frequent, most rare.
SYLLABLES = "ka lo mi ren tas vel dor qui sha bur nim pel zor".split()  # noqa: SIM905
SETTLE_S = 300


def originals() -> Path:
    """3,000 small pictures with the prompts and graphs of `corpus.generations`."""
    folder = cache() / f"library-originals-v{corpus.VERSION}.{VERSION}"
    if not (folder / ".made").exists():
        remove("library-originals-v*")
        folder.mkdir()
        graphs = corpus.distinct_graphs()
        for number in range(ORIGINALS):
            path = folder / f"original_{number:04}.png"
            picture(path, number, corpus.texts_of(graphs, number))
            moment = FIRST + (LAST - FIRST) * number // ORIGINALS
            os.utime(path, (moment, moment))
        (folder / ".made").touch()
    return folder


def remove(pattern: str) -> None:
    """What an earlier version left in the cache, or a run that was interrupted."""
    for old in cache().glob(pattern):
        if old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.unlink()


def picture(path: Path, number: int, texts: dict[str, str]) -> None:
    """Soft shapes with some detail: its thumbnail has about 13 KB."""
    import numpy as np
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    rng = np.random.default_rng(number)
    width, height = SHAPES[number % len(SHAPES)]
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    fine = Image.fromarray(rng.integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8))
    made = Image.blend(
        coarse.resize((width, height), Image.Resampling.BICUBIC),
        fine.resize((width, height), Image.Resampling.BICUBIC),
        0.2,
    )
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    made.save(path, pnginfo=info, compress_level=1)


def million(count: int) -> Path:
    """`count` hard links to `originals()` in 500 folders."""
    folder = cache() / f"links-{count}-v{corpus.VERSION}.{VERSION}"
    made = folder.with_name(folder.name + ".made")
    if not made.exists():
        remove(f"links-{count}-v*")
        folder.mkdir()
        sources = [os.fspath(originals() / f"original_{n:04}.png") for n in range(ORIGINALS)]
        for name, links in batches(count):
            (folder / name).mkdir()
            below = os.fspath(folder / name)
            for file, original in links:
                os.link(sources[original], f"{below}/{file}")
        made.touch()
    return folder


def batches(count: int) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """(folder, [(file name, number of its original)]); each folder has files of all times."""
    rng = random.Random(11)
    each = -(-count // FOLDERS)
    for folder in range(FOLDERS):
        numbers = range(folder * each, min((folder + 1) * each, count))
        if numbers:
            links = [(f"ComfyUI_{n:07}_.png", rng.randrange(ORIGINALS)) for n in numbers]
            yield f"batch_{folder:03}", links


def library(count: int) -> tuple[Path, Path]:
    """(folder, data_dir) of a library of `count` pictures that the server knows completely.

    For `standalone(folder, data_dir)`. Copy the data_dir for each run: `copied(count)` does.
    A quarter of the rows have a prompt that no other has, another quarter such a graph.
    """
    folder = million(count)
    data = cache() / f"library-{count}-v{corpus.VERSION}.{VERSION}-{schema_key()}"
    if not (data / ".made").exists():
        remove(f"library-{count}-v*")
        base = seed()
        own = data / "libraries" / name_of(folder)
        shutil.copytree(base / "libraries" / name_of(originals()), own)
        multiply(own / "holaf_utilities.sqlite", folder, count)
        settle(folder, data, count)
        (data / ".made").touch()
    return folder, data


def copied(count: int, target: Path) -> tuple[Path, Path]:
    """As `library`, with a data_dir of your own at `target`, which must not exist yet."""
    folder, data = library(count)
    shutil.copytree(data, target)
    return folder, target


def name_of(folder: Path) -> str:
    load_pack()
    from holaf.holaf_standalone import library_name

    return library_name(folder.resolve())


def schema_key() -> str:
    """Changes with the schema and with what is read from the files."""
    load_pack()
    from holaf import holaf_image_schema, holaf_image_store

    known = repr((holaf_image_schema.STEPS, holaf_image_store.PARSER))
    return hashlib.sha256(known.encode()).hexdigest()[:10]


def seed() -> Path:
    """The data_dir of a server that has read the originals and made all their thumbnails."""
    from running_server import standalone

    data = cache() / f"library-seed-v{corpus.VERSION}.{VERSION}-{schema_key()}"
    if not (data / ".made").exists():
        remove("library-seed-v*")
        folder = originals()
        with standalone(folder, data) as server:
            until(
                lambda: (
                    counted(
                        data / "libraries" / name_of(folder) / "holaf_utilities.sqlite",
                        "SELECT count(*) FROM images WHERE thumbnail_status = 2",
                    )
                    == ORIGINALS
                ),
                server,
            )
        (data / ".made").touch()
    return data


def settle(folder: Path, data: Path, count: int) -> None:
    """Let a server find that it knows everything, and leave all as it does when it stops."""
    import json
    import urllib.request

    from running_server import standalone

    with standalone(folder, data) as server:

        def ask(path: str, data: bytes | None = None) -> dict:
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(server.url + "/holaf/images/" + path, data, headers)
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)

        until(lambda: ask("index-status")["state"] == "idle", server)
        # A server that stops before it has read all rows leaves no snapshot of them.
        until(lambda: ask("list", b'{"limit": 1}')["total_count"] == count, server)
    database = data / "libraries" / name_of(folder) / "holaf_utilities.sqlite"
    known = counted(database, "SELECT count(*) FROM images WHERE rev <= 1")
    if known != count:
        raise AssertionError(f"the server read {count - known} files again that it should know")


def until(condition, server) -> None:
    deadline = time.monotonic() + SETTLE_S
    while not condition():
        if server.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError("the server did not get ready:\n" + "".join(server.lines))
        time.sleep(0.1)


def counted(database: Path, query: str) -> int:
    try:
        connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return -1
    try:
        return connection.execute(query).fetchone()[0]
    except sqlite3.OperationalError:  # not there yet, or being made
        return -1
    finally:
        connection.close()


# --- the database ---------------------------------------------------------------------------------


def multiply(path: Path, folder: Path, count: int) -> None:
    """Give each link in `folder` the row of its original, in a database that knows those alone."""
    from holaf.holaf_image_store import name_key

    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA cache_size=-262144")
        db.execute("PRAGMA temp_store=MEMORY")
        db.create_function("name_key", 1, name_key, deterministic=True)
        db.execute("BEGIN")
        note_links(db, folder, count)
        distinct_prompts(db)
        distinct_graphs(db)
        images(db)
        db.execute("UPDATE roots SET path = ? WHERE root_id = 'output'", (os.fspath(folder),))
        db.execute("UPDATE meta SET value = 1 WHERE key = 'rev'")
        db.execute("COMMIT")
        db.execute("ANALYZE")
        db.execute("PRAGMA journal_mode=WAL")
    finally:
        db.close()


def note_links(db: sqlite3.Connection, folder: Path, count: int) -> None:
    """The tables `links` (a row for each picture to be) and, of the schema, `folders`."""
    db.execute(
        "CREATE TEMP TABLE seeds AS SELECT *, CAST(substr(filename, 10, 4) AS INTEGER) AS number "
        "FROM images"
    )
    db.execute("CREATE UNIQUE INDEX temp.seeds_number ON seeds (number)")
    db.execute(
        "CREATE TEMP TABLE links (id INTEGER PRIMARY KEY, folder_id INTEGER, folder TEXT, "
        "file TEXT, number INTEGER, prompt_id INTEGER, graph_id INTEGER)"
    )
    db.execute("DELETE FROM folders")
    paths = [("", folder), *((name, folder / name) for name, _ in batches(count))]
    db.executemany(
        "INSERT INTO folders (id, root_id, path, mtime_ns) VALUES (?, 'output', ?, ?)",
        [(n, name, path.stat().st_mtime_ns) for n, (name, path) in enumerate(paths, 1)],
    )
    for folder_id, (name, links) in enumerate(batches(count), 2):
        db.executemany(
            "INSERT INTO links (folder_id, folder, file, number) VALUES (?, ?, ?, ?)",
            [(folder_id, name, file, number) for file, number in links],
        )


def distinct_prompts(db: sqlite3.Connection) -> None:
    """A prompt of its own for each link to a file that has one (every fourth, see `texts_of`)."""
    rng = random.Random(5)
    rare = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES]
    weights = list(cumulated(1 / (rank + 3) for rank in range(len(rare))))
    first = db.execute("SELECT coalesce(max(id), 0) + 1 FROM prompts").fetchone()[0]
    negatives = dict(
        db.execute(
            "SELECT number, negative_text FROM seeds JOIN prompts ON prompts.id = seeds.prompt_id"
        ).fetchall()
    )
    own = db.execute("SELECT id, number FROM links WHERE number % 4 = 0").fetchall()
    prompts = []
    for prompt_id, (link, number) in enumerate(own, first):
        words = [*rng.choices(corpus.WORDS, k=8), *rng.choices(rare, cum_weights=weights, k=22)]
        text = " ".join((*words, f"attempt {link}"))
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        prompts.append((prompt_id, digest, text, negatives[number]))
    insert(db, "prompts", ("id", "hash", "prompt_text", "negative_text"), prompts)
    db.executemany(
        "INSERT INTO prompts_fts (rowid, prompt_text, negative_text) VALUES (?, ?, ?)",
        ((row[0], row[2], row[3]) for row in prompts),
    )
    db.executemany(
        "UPDATE links SET prompt_id = ? WHERE id = ?",
        ((prompt_id, link) for prompt_id, (link, _) in enumerate(own, first)),
    )


def distinct_graphs(db: sqlite3.Connection) -> None:
    """A graph of its own for each link to a file that has one, but for one word as its model."""
    # The full-text index keeps no text: put together again from its words.
    db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, graphs_fts, 'instance')")
    texts: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for term, graph, offset in db.execute('SELECT term, doc, "offset" FROM temp.words'):
        texts[graph].append((offset, term))
    of_graph = {graph: " ".join(term for _, term in sorted(all)) for graph, all in texts.items()}
    db.execute("DROP TABLE temp.words")
    first = db.execute("SELECT coalesce(max(id), 0) + 1 FROM graphs").fetchone()[0]
    own = db.execute(
        "SELECT links.id, seeds.graph_id FROM links JOIN seeds USING (number) "
        "WHERE number % 4 = 1 ORDER BY links.id"
    ).fetchall()
    columns = [row[1] for row in db.execute("PRAGMA table_info(graphs)")]
    others = [name for name in columns if name not in ("id", "hash")]
    kept = {
        row[0]: row[1:]
        for row in db.execute(f"SELECT {', '.join(['id', *others])} FROM graphs").fetchall()
    }
    insert(
        db,
        "graphs",
        ("id", "hash", *others),
        [
            (
                graph_id,
                hashlib.blake2b(b"%d" % link, digest_size=16, key=b"graph").digest(),
                *kept[source],
            )
            for graph_id, (link, source) in enumerate(own, first)
        ],
    )
    db.executemany(
        "INSERT INTO graphs_fts (rowid, graph_text) VALUES (?, ?)",
        (
            (graph_id, f"{of_graph.get(source, '')} attempt {link}")
            for graph_id, (link, source) in enumerate(own, first)
        ),
    )
    db.executemany(
        "UPDATE links SET graph_id = ? WHERE id = ?",
        ((graph_id, link) for graph_id, (link, _) in enumerate(own, first)),
    )


def images(db: sqlite3.Connection) -> None:
    """The rows of `images`: those of the originals, with what is the link's own."""
    own = {
        "id": "links.id",
        "path_canon": "folder || '/' || file",
        "folder_id": "links.folder_id",
        "top_level_subfolder": "folder",
        "filename": "file",
        "name_key": "name_key(file)",
        "prompt_id": "coalesce(links.prompt_id, seeds.prompt_id)",
        "graph_id": "coalesce(links.graph_id, seeds.graph_id)",
        "seed": "seeds.seed + links.id",
        "rev": "1",
    }
    columns = [row[1] for row in db.execute("PRAGMA table_info(images)")]
    values = [own.get(name, f"seeds.{name}") for name in columns]
    indexes = db.execute(
        "SELECT name, sql FROM sqlite_master "
        "WHERE type = 'index' AND tbl_name = 'images' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        db.execute(f"DROP INDEX {name}")
    db.execute("DELETE FROM images")
    db.execute(
        f"INSERT INTO images ({', '.join(columns)}) SELECT {', '.join(values)} "
        "FROM links CROSS JOIN seeds USING (number) ORDER BY links.id"
    )
    for _, sql in indexes:
        db.execute(sql)
    db.execute("DROP TABLE links")
    db.execute("DROP TABLE seeds")


def insert(db: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: list) -> None:
    marks = ",".join("?" * len(columns))
    db.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def cumulated(weights) -> Iterator[float]:
    total = 0.0
    for weight in weights:
        total += weight
        yield total
