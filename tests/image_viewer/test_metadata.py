"""What the index keeps of a file, and what the info panel is told."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from holaf.holaf_image_viewer_backend import metadata
from holaf.holaf_image_viewer_backend.graph_text import GraphCache
from holaf.holaf_image_viewer_backend.metadata import raw_texts, read_file, read_metadata
from media_files import (
    MP4_TAGS,
    XMP,
    chunk,
    comfy_exif,
    png,
    save_every_format,
    save_picture,
    save_video,
    text_chunk,
    text_to_image,
    texts,
    ui_workflow,
)
from PIL import Image

TEXTLESS = {"a.gif", "a.tif", "a.bmp", "a.m4a", "a.wav"}
INFOTEXT = "an owl\nNegative prompt: rain\nSteps: 7, Sampler: Euler a, Seed: 5, Size: 8x8"


def facts_of(path, **options):
    names = {each.name for each in path.parent.iterdir()}
    edits = {each.name for each in path.parent.glob("edit/*")}
    options.setdefault("cache", GraphCache())
    return read_file(
        str(path), path.name, size=path.stat().st_size, siblings=names, edits=edits, **options
    )


def test_every_format_gives_its_facts_and_its_prompt(tmp_path):
    for name, path in save_every_format(tmp_path).items():
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        facts = facts_of(path.rename(folder / name))
        assert facts.error is None, name
        assert facts.pixel_key is not None, name
        assert facts.kind == ("image" if facts.width and not facts.duration else facts.kind)
        if facts.kind in ("image", "video"):
            assert (facts.width, facts.height) == (64, 48), name
        if facts.kind in ("audio", "video"):
            assert 0.9 < facts.duration < 1.3, name
        if name in TEXTLESS:
            assert (facts.has_prompt, facts.prompt_source, facts.graph) == (False, 0, None)
        else:
            assert (facts.prompt_text, facts.negative_text) == ("a red fox", "blurry"), name
            assert (facts.prompt_source, facts.workflow_source) == (1, 1), name
            assert "KSampler" in facts.graph.text, name


def test_the_panel_is_told_what_the_index_knows(tmp_path):
    for name, path in save_every_format(tmp_path).items():
        if name in TEXTLESS:
            continue
        (tmp_path / "one").mkdir(exist_ok=True)
        told = read_metadata(str(path.rename(tmp_path / "one" / f"{name[2:]}{path.suffix}")))
        assert told["prompt"] == "a red fox", name
        assert told["negative_prompt"] == "blurry"
        assert (told["prompt_source"], told["workflow_source"]) == ("embedded", "embedded")
        assert told["prompt_graph"] == json.loads(texts()["prompt"])
        assert told["workflow"] == json.loads(texts()["workflow"])
        assert told["facts"]["seed"] == {"value": "156680208700286", "status": "ok"}
        assert told["facts"]["checkpoint"] == {"value": "dream.safetensors", "status": "ok"}
        assert set(told["facts"]) >= {
            "checkpoint", "loras", "vae", "sampler", "scheduler", "steps", "cfg", "seed", "denoise"
        }  # fmt: skip
        assert told["metadata_error"] is None


def test_a_seed_larger_than_javascript_can_count_stays_exact(tmp_path):
    seed = 2**64 - 1
    path = tmp_path / "a.png"
    path.write_bytes(png(text_chunk("prompt", json.dumps(text_to_image(seed=seed)))))
    assert read_metadata(str(path))["facts"]["seed"]["value"] == str(seed)
    assert json.dumps(seed) in raw_texts(str(path))["prompt"]


def test_the_raw_texts_are_given_unchanged(tmp_path):
    odd = '{ "1":{"class_type":"X","inputs":{"a":NaN}} ,"b":  {}}'
    path = tmp_path / "a.png"
    path.write_bytes(png(text_chunk("prompt", odd)))
    assert raw_texts(str(path)) == {"prompt": odd}
    save_picture(tmp_path / "b.webp", exif=comfy_exif())
    assert raw_texts(str(tmp_path / "b.webp")) == texts()


def test_what_a_canvas_can_load_and_what_is_stored_is_told_without_the_graphs(tmp_path):
    both = save_picture(tmp_path / "both.png")
    told = read_metadata(str(both))
    assert told["graph"] == "workflow"
    assert told["nodes"] == len(told["workflow"]["nodes"])
    assert told["stored"] == {key: len(text) for key, text in texts().items()}
    queued = tmp_path / "queued.png"
    queued.write_bytes(png(text_chunk("prompt", json.dumps(text_to_image()))))
    assert read_metadata(str(queued))["graph"] == "prompt"
    plain = tmp_path / "plain.png"
    plain.write_bytes(png())
    assert read_metadata(str(plain))["graph"] is None


def test_a_text_that_is_too_large_for_the_index_is_still_given_as_it_stands(tmp_path):
    workflow = '{"nodes":[' + ",".join(['{"id":1}'] * 1_100_000) + '],"version":0.4}'
    path = tmp_path / "large.png"
    path.write_bytes(png(text_chunk("workflow", workflow)))
    assert "skipped" in facts_of(path).error
    assert raw_texts(str(path))["workflow"] == workflow
    told = read_metadata(str(path))
    assert told["metadata_error"] == "The embedded workflow of 9 MB is too large to be followed."
    assert (told["graph"], told["workflow"]) == ("workflow", None)
    assert told["stored"] == {"workflow": len(workflow)}


def test_nan_in_the_prompt_is_tolerated(tmp_path):
    graph = text_to_image()
    graph["3"]["inputs"]["cfg"] = math.nan
    path = tmp_path / "a.png"
    path.write_bytes(png(text_chunk("prompt", json.dumps(graph))))
    facts = facts_of(path)
    assert (facts.prompt_text, facts.error) == ("a red fox", None)
    told = read_metadata(str(path))
    assert told["facts"]["cfg"] == {"value": None, "status": "unknown"}
    assert told["prompt"] == "a red fox"


@pytest.mark.parametrize(
    "text", ["{broken", '{"a": 1}', "{" * 100_000, '{"1": {"class_type": 5, "inputs": 3}}']
)
def test_a_broken_prompt_is_said_and_the_file_is_still_listed(tmp_path, text):
    path = tmp_path / "a.png"
    path.write_bytes(png(text_chunk("prompt", text)))
    facts = facts_of(path)
    assert (facts.width, facts.has_prompt) == (1, False)
    told = read_metadata(str(path))
    assert told["width"] == 1
    if "class_type" not in text:
        assert facts.error
        assert told["metadata_error"]


def test_a_file_with_only_a_workflow_is_traced_too(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(text_chunk("workflow", json.dumps(ui_workflow()))))
    facts = facts_of(path)
    assert (facts.prompt_text, facts.has_workflow) == ("a red fox", True)
    assert "KSampler" in facts.graph.text
    assert read_metadata(str(path))["facts"]["steps"] == {"value": 20, "status": "ok"}


def test_a_prompt_without_a_workflow_has_no_workflow(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(text_chunk("prompt", texts()["prompt"])))
    facts = facts_of(path)
    assert (facts.has_prompt, facts.has_workflow, facts.workflow_source) == (True, False, 0)
    assert read_metadata(str(path))["workflow_source"] == "none"


def test_both_graphs_inside_a_comment_are_found_as_video_helper_suite_writes_them(tmp_path):
    path = save_video(tmp_path / "a.mp4", {"comment": json.dumps(texts())}, options=MP4_TAGS)
    facts = facts_of(path)
    assert (facts.prompt_text, facts.has_workflow) == ("a red fox", True)


@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
def test_a_jpeg_of_a1111_is_read(tmp_path, order):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + INFOTEXT.encode(order)
    path = save_picture(tmp_path / "a.jpg", exif=exif)
    assert (facts_of(path).prompt_text, facts_of(path).negative_text) == ("an owl", "rain")
    told = read_metadata(str(path))
    assert (told["tool"], told["facts"]["steps"]["value"]) == ("A1111", 7)


def test_novelai_is_known_by_its_software(tmp_path):
    comment = json.dumps({"prompt": "an owl", "uc": "rain", "steps": 28, "seed": 5})
    path = tmp_path / "a.png"
    path.write_bytes(
        png(text_chunk("Software", "NovelAI"), text_chunk("Source", "V4"),
            text_chunk("Comment", comment))
    )  # fmt: skip
    told = read_metadata(str(path))
    assert (told["prompt"], told["tool"]) == ("an owl", "NovelAI")
    assert told["facts"]["checkpoint"]["value"] == "V4"


def test_sidecars_win_over_what_is_embedded(tmp_path):
    path = save_picture(tmp_path / "a.png")
    (tmp_path / "a.png.txt").write_text("my own words")
    (tmp_path / "a.png.json").write_text(texts()["workflow"])
    (tmp_path / "a.png.xmp").write_text(XMP)
    (tmp_path / "edit").mkdir()
    (tmp_path / "edit" / "a.png.edt").write_text("{}")
    facts = facts_of(path)
    assert (facts.prompt_text, facts.prompt_source) == ("my own words", 2)
    assert (facts.workflow_source, facts.has_edit_file) == (2, True)
    assert (facts.tags, facts.rating) == (("fox", "snow"), 4)
    told = read_metadata(str(path))
    assert (told["prompt"], told["prompt_source"]) == ("my own words", "sidecar")
    assert (told["workflow_source"], told["tags"], told["rating"]) == (
        "sidecar",
        ["fox", "snow"],
        4,
    )
    assert told["facts"]["steps"]["value"] == 20


def test_sidecars_of_a_picture_without_texts_are_enough(tmp_path):
    path = save_picture(tmp_path / "a.bmp")
    (tmp_path / "a.json").write_text(texts()["prompt"])
    facts = facts_of(path)
    assert (facts.prompt_text, facts.prompt_source) == ("a red fox", 2)
    assert facts.has_workflow is False
    assert read_metadata(str(path))["facts"]["steps"]["value"] == 20
    (tmp_path / "a.txt").write_text(INFOTEXT)
    facts = facts_of(path)
    assert (facts.prompt_text, facts.negative_text) == ("an owl", "rain")


def test_an_old_sidecar_name_is_left_alone_where_two_files_claim_it(tmp_path):
    path = save_picture(tmp_path / "a.bmp")
    (tmp_path / "a.mp4").touch()
    (tmp_path / "a.txt").write_text("whose?")
    assert facts_of(path).prompt_source == 0
    assert read_metadata(str(path))["prompt_source"] == "none"


def test_an_empty_file_is_listed_with_its_reason(tmp_path):
    for name in save_every_format(tmp_path):
        path = tmp_path / name
        path.write_bytes(b"")
        facts = facts_of(path)
        assert facts.error == "The file is empty."
        assert facts.width is None


def test_a_file_that_vanished_raises(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_file(str(tmp_path / "gone.png"), "gone.png", size=5)
    with pytest.raises(FileNotFoundError):
        read_metadata(str(tmp_path / "gone.png"))


def test_a_file_that_shrank_since_it_was_listed_is_truncated(tmp_path):
    for name, path in save_every_format(tmp_path).items():
        facts = read_file(str(path), name, size=path.stat().st_size * 3)
        assert facts.format == metadata.read_file(str(path), name).format


def test_the_ratio_is_short(tmp_path):
    assert metadata.ratio(1920, 1080) == "16:9"
    assert metadata.ratio(1000, 729) == "1.37:1"
    assert metadata.ratio(None, 4) is None


def test_the_private_chunk_of_an_animation_counts_as_embedded(tmp_path):
    late = chunk(b"comf", b"prompt\0" + texts()["prompt"].encode())
    path = tmp_path / "a.png"
    path.write_bytes(png(after=(late,)))
    assert facts_of(path).prompt_text == "a red fox"


def test_reading_metadata_loads_neither_the_server_nor_an_image_library():
    program = (
        "import os, runpy, sys, types; runpy.run_path(sys.argv[1])['load_package']('holaf');"
        # Only these modules: the package itself builds the tool.
        "package = types.ModuleType('holaf.holaf_image_viewer_backend');"
        "folder = os.path.dirname(sys.argv[1]);"
        "package.__path__ = [os.path.join(folder, 'holaf_image_viewer_backend')];"
        "sys.modules[package.__name__] = package;"
        "import holaf.holaf_image_viewer_backend.metadata;"
        "print({'aiohttp', 'numpy', 'PIL', 'av'} & set(sys.modules))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-B",
            "-c",
            program,
            str(Path(__file__).resolve().parents[2] / "__main__.py"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"
