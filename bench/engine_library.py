"""A database of a million pictures, written straight into SQLite: what the view engine reads.

Pictures come in batches of 4, which share a prompt and a graph, and in sessions of 40, which share
model, LoRAs, sampler, size and folder. So a quarter of the prompts and of the graphs are distinct.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from harness import cache, load_pack

VERSION = "3"
BATCH, SESSION = 4, 40
MODELS, LORAS, SAMPLERS, SCHEDULERS, SHAPES, FOLDERS, TAGS = 300, 800, 12, 7, 400, 500, 300
SIZES = ((1024, 1024), (832, 1216), (1216, 832), (768, 1344), (512, 512), (1920, 1080), (896, 1152))
FORMATS = (("PNG", "image"), ("WEBP", "image"), ("JPEG", "image"), ("MP4", "video"))
FIRST, LAST = 1_540_000_000, 1_790_000_000
# Which share of the prompts has the word.
FREQUENT = {"twentieth": 0.20, "everywhere": 0.99, "hundredth": 0.01}
ABOUT = "a quarter of the prompts and of the graphs distinct"


def database(rows: int) -> Path:
    """The database file of `rows` pictures; copy it before anything writes to it."""
    folder = cache() / f"engine-{rows}-v{VERSION}"
    file = folder / "images.sqlite"
    if not (folder / ".made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        fill(file, rows)
        (folder / ".made").touch()
    return file


def copied(rows: int, target: Path) -> Path:
    """A copy of its own in the folder `target`."""
    return Path(shutil.copy(database(rows), target / "images.sqlite"))


def fill(file: Path, rows: int) -> None:
    load_pack()
    from holaf.holaf_database import ImageDatabase
    from holaf.holaf_image_store import name_key

    made = ImageDatabase(file)
    made.open()
    made.close()
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("BEGIN")
    names(db)
    batches = -(-rows // BATCH)
    db.executemany("INSERT INTO prompts VALUES (?, ?, ?, ?)", prompts(batches))
    db.execute(
        "INSERT INTO prompts_fts (rowid, prompt_text, negative_text) "
        "SELECT id, prompt_text, negative_text FROM prompts"
    )
    db.executemany(
        "INSERT INTO graphs (id, hash, shape_id) VALUES (?, ?, ?)",
        ((n + 1, n.to_bytes(16, "big"), session_of(n * BATCH)["shape_id"]) for n in range(batches)),
    )
    db.executemany(
        "INSERT INTO graphs_fts (rowid, graph_text) VALUES (?, ?)",
        ((n + 1, graph_text(n)) for n in range(batches)),
    )
    columns = [row[1] for row in db.execute("PRAGMA table_info(images)")]
    given = next(pictures(1, name_key))
    wanted = [one for one in columns if one in given]
    db.executemany(
        f"INSERT INTO images ({', '.join(wanted)}) VALUES ({', '.join('?' * len(wanted))})",
        ([one[column] for column in wanted] for one in pictures(rows, name_key)),
    )
    rng = random.Random(5)
    rated = ((rng.randrange(rows) + 1, rng.choice((1, 2, 3, 4, 4, 5))) for _ in range(rows // 20))
    db.executemany("INSERT OR IGNORE INTO marks (image_id, rating) VALUES (?, ?)", rated)
    db.executemany("INSERT INTO tags VALUES (?, ?)", ((n + 1, f"tag {n}") for n in range(TAGS)))
    db.executemany(
        "INSERT OR IGNORE INTO imagetags VALUES (?, ?, 0)",
        ((rng.randrange(rows) + 1, zipf(rng, TAGS) + 1) for _ in range(rows // 50)),
    )
    db.execute("UPDATE images SET has_tags = 1 WHERE id IN (SELECT image_id FROM imagetags)")
    db.execute("UPDATE meta SET value = 1 WHERE key = 'rev'")
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute("ANALYZE")
    db.close()


def names(db: sqlite3.Connection) -> None:
    known = [("model", f"family {n % 9}/model {n}.safetensors") for n in range(MODELS)]
    known += [("lora", f"style {n % 30}/lora {n}.safetensors") for n in range(LORAS)]
    known += [("sampler", f"sampler_{n}") for n in range(SAMPLERS)]
    known += [("scheduler", f"scheduler_{n}") for n in range(SCHEDULERS)]
    db.executemany("INSERT INTO names (kind, name) VALUES (?, ?)", known)
    db.executemany(
        "INSERT INTO shapes VALUES (?, ?, ?)",
        ((n + 1, n.to_bytes(16, "big"), f"{9 + n} nodes") for n in range(SHAPES)),
    )
    db.executemany(
        "INSERT INTO folders (id, root_id, path) VALUES (?, 'output', ?)",
        ((n + 1, f"{2018 + n // 60}/week {n % 60:02}") for n in range(FOLDERS)),
    )
    rng = random.Random(2)
    sets, members = [], []
    for number in range(1, LORA_SETS + 1):
        sets.append((number, number.to_bytes(16, "big")))
        chosen = {MODELS + zipf(rng, LORAS) + 1 for _ in range(rng.choice((1, 1, 2, 3)))}
        members += [(number, one, rng.randrange(1, 21) / 20) for one in chosen]
    db.executemany("INSERT INTO lora_sets VALUES (?, ?)", sets)
    db.executemany(
        "INSERT INTO lora_set_members (set_id, name_id, strength) VALUES (?, ?, ?)", members
    )


LORA_SETS = 6000


def zipf(rng: random.Random, count: int) -> int:
    """A number below `count`, the low ones often."""
    return int(count ** rng.random()) - 1


def session_of(number: int) -> dict:
    session = number // SESSION
    rng = random.Random(session)
    has_loras = rng.random() < 0.6
    return {
        "model_id": zipf(rng, MODELS) + 1,
        "sampler_id": MODELS + LORAS + zipf(rng, SAMPLERS) + 1,
        "scheduler_id": MODELS + LORAS + SAMPLERS + zipf(rng, SCHEDULERS) + 1,
        "lora_set_id": rng.randrange(LORA_SETS) + 1 if has_loras else None,
        "shape_id": zipf(rng, SHAPES) + 1,
        "steps": rng.choice((4, 8, 20, 25, 28, 30, 40)),
        "cfg": rng.choice((1.0, 3.5, 4.5, 5.0, 7.0, 7.5)),
        "denoise": rng.choice((1.0, 1.0, 0.5)),
        "size": rng.choice(SIZES),
        "format": rng.choices(FORMATS, (85, 6, 4, 5))[0],
        "prefix": rng.choice(("ComfyUI", "flux", "final", "test", "upscaled", "portrait")),
    }


def pictures(rows: int, name_key) -> Iterator[dict]:
    rng = random.Random(3)
    for number in range(rows):
        if number % SESSION == 0:
            session = session_of(number)
            format_name, kind = session["format"]
        moment = FIRST + (LAST - FIRST) * number // max(rows, 1) + rng.randrange(-300, 300)
        folder = number * FOLDERS // rows
        name = f"{session['prefix']}_{number:07}_.{format_name.lower()}"
        path = f"{2018 + folder // 60}/week {folder % 60:02}"
        yield {
            "id": number + 1,
            "path_canon": f"{path}/{name}",
            "root_id": "output",
            "folder_id": folder + 1,
            "top_level_subfolder": path.split("/", 1)[0],
            "filename": name,
            "name_key": name_key(name),
            "format": format_name,
            "kind": kind,
            "mtime": float(moment),
            "mtime_ns": moment * 10**9 + rng.randrange(10**9),
            "size_bytes": rng.randrange(300_000, 4_000_000),
            "width": session["size"][0],
            "height": session["size"][1],
            "duration": rng.randrange(1, 300) / 10 if kind == "video" else 0.0,
            "prompt_id": number // BATCH + 1,
            "graph_id": number // BATCH + 1,
            "has_workflow": 1,
            "has_prompt": 1,
            "has_edit_file": 0,
            "prompt_source": 1,
            "workflow_source": 1,
            "pixel_key": number,
            "thumb_hash": f"{number:016x}",
            "thumbnail_status": 2,
            "parser": 99,
            "rev": 1,
            "seed": rng.getrandbits(64) - (1 << 63),
            **{key: session[key] for key in SHARED},
        }


SHARED = ("model_id", "sampler_id", "scheduler_id", "lora_set_id", "steps", "cfg", "denoise")
SYLLABLES = ("ka", "lo", "mi", "ren", "tas", "vel", "dor", "qui", "sha", "bur", "nim", "pel", "zor")


def word(rng: random.Random) -> str:
    """One of some thousand words, a few of them often."""
    number = zipf(rng, 2000)
    return "".join(SYLLABLES[number // 13**place % 13] for place in range(3))


def prompts(count: int) -> Iterator[tuple]:
    rng = random.Random(4)
    for number in range(count):
        words = [word(rng) for _ in range(30)]
        words += [one for one, share in FREQUENT.items() if rng.random() < share]
        yield number + 1, number.to_bytes(16, "big"), " ".join(words), "blurry, watermark"


def graph_text(number: int) -> str:
    rng = random.Random(number)
    nodes = "CheckpointLoaderSimple CLIPTextEncode KSampler VAEDecode SaveImage EmptyLatentImage"
    session = session_of(number * BATCH)
    return f"{nodes} model {session['model_id']} note {rng.randrange(10**6)} {word(rng)}"
