"""Rows for the database that look like a library, without any file behind them."""

from __future__ import annotations

import hashlib
import random

WORDS = (
    "castle",
    "dragon",
    "river",
    "sunset",
    "portrait",
    "cinematic",
    "neon",
    "forest",
    "harbour",
    "lantern",
    "winter",
    "glass",
    "meadow",
    "storm",
    "violin",
    "copper",
    "orchid",
    "desert",
    "comet",
    "tower",
)
FORMATS = ("PNG", "WEBP", "JPEG", "MP4")


def digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def indexed_file(number: int, seed: int = 0, **changes):
    """A file whose fields depend only on `number` and `seed`."""
    from holaf.holaf_image_records import EMBEDDED, NONE, IndexedFile

    pick = random.Random(number * 1_000_003 + seed)
    prompt = " ".join(pick.choices(WORDS, k=6)) if pick.random() < 0.8 else ""
    graph = f"KSampler {pick.choice(WORDS)}" if pick.random() < 0.7 else ""
    values = {
        "root_id": "output",
        "folder": pick.choice(["", "a", "a/deep", "b", "été"]),
        "filename": f"picture_{number}.{pick.choice(WORDS)}.png",
        # Few distinct times, so that ties are common.
        "mtime_ns": (1_700_000_000 + pick.randrange(60) * 43_200) * 1_000_000_000,
        "size_bytes": pick.randrange(50),
        "format": pick.choice(FORMATS),
        "width": pick.choice([0, 512, 1024]),
        "height": pick.choice([512, 768]),
        "pixel_key": pick.getrandbits(62),
        "thumb_hash": f"{pick.getrandbits(64):016x}",
        "prompt_hash": digest(prompt) if prompt else None,
        "prompt_text": prompt,
        "graph_hash": digest(graph) if graph else None,
        "graph_text": graph,
        "has_prompt": bool(prompt),
        "has_workflow": bool(graph),
        "has_edit_file": pick.random() < 0.1,
        "workflow_source": EMBEDDED if graph else NONE,
        **changes,
    }
    return IndexedFile(**values)


MODELS = ("xl/Base.safetensors", "flux-dev.gguf", "old/base_v2.ckpt", "Qwen Image.safetensors")
SAMPLERS = ("euler", "dpmpp_2m", "uni_pc")
SCHEDULERS = ("normal", "karras")
LORAS = ("style/Ink.safetensors", "detail.safetensors", "Ink wash.safetensors")
SHAPES = ("Flux", "Flux · 2 LoRA", "SDXL · upscale")


def made_with(number: int, seed: int = 0) -> dict:
    """How the picture `number` was made; like `indexed_file`, it depends on the two alone."""
    pick = random.Random(f"made {number} {seed}")
    unknown = pick.random() < 0.15
    return {
        "model": None if unknown else pick.choice(MODELS),
        "sampler": None if unknown else pick.choice(SAMPLERS),
        "scheduler": pick.choice((None, *SCHEDULERS)),
        "loras": tuple(
            (name, pick.choice((0.4, 0.6, 0.75, None)))
            for name in pick.sample(LORAS, pick.choice((0, 0, 1, 2)))
        ),
        "steps": pick.choice((None, 4, 20, 20, 30)),
        "cfg": pick.choice((None, 1.0, 3.5, 7.1)),
        "denoise": pick.choice((None, 0.35, 1.0)),
        "seed": pick.choice((None, 0, 1, 2**63, 2**64 - 2, pick.getrandbits(64))),
        "rating": pick.choice((0, 0, 0, 3, 5)),
    }


def set_made_with(database, facts: dict[int, dict]) -> None:
    """Write `made_with` of pictures by id, as the index does."""

    def job(db, rev):
        for image_id, fact in facts.items():
            seed = fact["seed"]
            values = {
                **{f"{kind}_id": name_id(db, kind, fact[kind]) for kind in NAMED},
                "lora_set_id": lora_set(db, fact["loras"]),
                "steps": fact["steps"],
                "cfg": fact["cfg"],
                "denoise": fact["denoise"],
                "seed": None if seed is None else seed - (1 << 64 if seed >= 1 << 63 else 0),
                "rev": rev,
            }
            db.execute(
                f"UPDATE images SET {', '.join(f'{one} = ?' for one in values)} WHERE id = ?",  # noqa: S608
                (*values.values(), image_id),
            )
            db.execute(
                "INSERT INTO marks (image_id, rating) VALUES (?, ?) "
                "ON CONFLICT (image_id) DO UPDATE SET rating = excluded.rating",
                (image_id, fact["rating"]),
            )

        # A shape belongs to the graph, whoever has it.
        for row in db.execute("SELECT id, hash FROM graphs WHERE shape_id IS NULL").fetchall():
            db.execute(
                "UPDATE graphs SET shape_id = ? WHERE id = ?",
                (shape_id(db, shape_of(row["hash"])), row["id"]),
            )

    database._change(job)


def shape_of(graph_hash):
    """The label of a graph's shape; a quarter have none."""
    return (None, *SHAPES)[graph_hash[0] % 4] if graph_hash else None


NAMED = ("model", "sampler", "scheduler")


def name_id(db, kind, name):
    if name is None:
        return None
    db.execute("INSERT OR IGNORE INTO names (kind, name) VALUES (?, ?)", (kind, name))
    return db.execute("SELECT id FROM names WHERE kind = ? AND name = ?", (kind, name)).fetchone()[
        0
    ]


def lora_set(db, loras):
    if not loras:
        return None
    key = digest(repr(loras))
    found = db.execute("SELECT id FROM lora_sets WHERE hash = ?", (key,)).fetchone()
    if found:
        return found[0]
    set_id = db.execute("INSERT INTO lora_sets (hash) VALUES (?)", (key,)).lastrowid
    for name, strength in loras:
        db.execute(
            "INSERT INTO lora_set_members (set_id, name_id, strength) VALUES (?, ?, ?)",
            (set_id, name_id(db, "lora", name), strength),
        )
    return set_id


def shape_id(db, label):
    if label is None:
        return None
    key = digest(label)
    db.execute("INSERT OR IGNORE INTO shapes (hash, label) VALUES (?, ?)", (key, label))
    return db.execute("SELECT id FROM shapes WHERE hash = ?", (key,)).fetchone()[0]
