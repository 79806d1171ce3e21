"""A library that an older version knew is read again, and stays searchable meanwhile."""

from __future__ import annotations

import os
import time

from holaf.holaf_core import json
from holaf.holaf_core.sqlite import SqliteFile
from holaf.holaf_image_schema import STEPS
from holaf.holaf_image_store import PARSER
from indexing import Bench, png
from media_files import node, text_to_image


def findable(bench, word):
    with bench.database.read() as db:
        rows = db.execute(
            "SELECT path_canon FROM images WHERE prompt_id IN "
            "(SELECT rowid FROM prompts_fts WHERE prompts_fts MATCH ?)",
            (word,),
        )
        return [row[0] for row in rows]


def facts(bench):
    with bench.database.read() as db:
        return dict(
            db.execute(
                "SELECT parser, steps, cfg, denoise, seed, nodes IS NOT NULL AS nodes, "
                "(SELECT name FROM names WHERE id = model_id AND kind = 'model') AS model, "
                "(SELECT name FROM names WHERE id = sampler_id AND kind = 'sampler') AS sampler, "
                "(SELECT label FROM shapes WHERE id = shape_id) AS shape, "
                "(SELECT group_concat(name || ' ' || strength) FROM lora_set_members "
                "JOIN names ON names.id = name_id WHERE set_id = lora_set_id) AS loras "
                "FROM images LEFT JOIN graphs ON graphs.id = graph_id"
            ).fetchone()
        )


def make_old(tmp_path):
    """What the first version left of one picture: its row, its prompt and its graph's text."""
    graph = text_to_image("a lighthouse in a storm", "blurry", 2**64 - 5)
    graph["20"] = node("LoraLoader", lora_name="ink.safetensors", strength_model=0.7,
                       strength_clip=0.5, model=["4", 0], clip=["4", 1])  # fmt: skip
    graph["3"]["inputs"]["model"] = ["20", 0]
    path = tmp_path / "output" / "a.png"
    path.parent.mkdir()
    path.write_bytes(png(prompt=json.dumps(graph).decode()))
    then = time.time() - 100
    for one in (path, path.parent):
        os.utime(one, (then, then))
    status = path.stat()
    old = SqliteFile(tmp_path / "data" / "db.sqlite", STEPS[:1])
    folder_ns = path.parent.stat().st_mtime_ns
    old.write(
        lambda db: [
            db.execute("INSERT INTO folders VALUES (1, 'output', '', ?)", (folder_ns - 1,)),
            db.execute(
                "INSERT INTO prompts VALUES (1, ?, 'a lighthouse in a storm', 'blurry')",
                (b"o" * 16,),
            ),
            db.execute("INSERT INTO prompts_fts (rowid, prompt_text) VALUES (1, 'a lighthouse')"),
            db.execute(
                "INSERT INTO images (id, path_canon, root_id, folder_id, top_level_subfolder, "
                "filename, name_key, format, kind, mtime, mtime_ns, size_bytes, width, height, "
                "duration, prompt_id, has_workflow, has_prompt, has_edit_file, prompt_source, "
                "workflow_source, pixel_key, thumb_hash, parser, rev) VALUES (7, 'a.png', "
                "'output', 1, '', 'a.png', 'a.png', 'PNG', 'image', ?, ?, ?, 4, 4, 0, 1, 0, 1, 0, "
                "1, 0, 5, 'x', 1, 1)",
                (status.st_mtime, status.st_mtime_ns, status.st_size),
            ),
            db.execute("INSERT INTO marks (image_id, rating) VALUES (7, 4)"),
        ]
    )
    old.close()


def test_rows_of_the_first_version_stay_findable_are_read_again_and_get_their_facts(tmp_path):
    make_old(tmp_path)
    bench = Bench(tmp_path)
    assert findable(bench, "lighthouse") == ["a.png"]
    assert facts(bench)["model"] is None
    assert bench.scan() == ["a.png"]
    assert findable(bench, "lighthouse") == ["a.png"]
    assert bench.row("a.png")["id"] == 7
    found = facts(bench)
    assert found.pop("shape").startswith("LoRA")
    assert found == {
        "parser": PARSER, "steps": 20, "cfg": 8.0, "denoise": 1.0, "seed": -5, "nodes": 1,
        "model": "dream.safetensors", "sampler": "euler", "loras": "ink.safetensors 0.7",
    }  # fmt: skip
    with bench.database.read() as db:
        assert db.execute("SELECT rating FROM marks WHERE image_id = 7").fetchone()[0] == 4
    bench.close()


def test_rows_of_an_older_reader_are_read_again_although_their_folder_did_not_change(tmp_path):
    make_old(tmp_path)
    bench = Bench(tmp_path)
    folder_ns = (tmp_path / "output").stat().st_mtime_ns
    with bench.database.read() as db:
        db.execute("UPDATE folders SET mtime_ns = ?", (folder_ns,))
    bench.scan()
    bench.run(bench.scanner.sweep(bench.state()))
    assert facts(bench)["model"] == "dream.safetensors"
    bench.close()
