"""What the index keeps of a generation and of a graph."""

from holaf.holaf_image_viewer_backend.generation import Field, Generation
from holaf.holaf_image_viewer_backend.graph import trace
from holaf.holaf_image_viewer_backend.index_facts import (
    MAX_LINES,
    NO_FACTS,
    facts_of,
    shape_of,
    widget_lines,
)
from media_files import node, text_to_image


def test_the_facts_of_the_default_graph():
    facts = facts_of(trace(text_to_image()))
    assert (facts.model, facts.sampler, facts.scheduler) == ("dream.safetensors", "euler", "normal")
    assert (facts.steps, facts.cfg, facts.denoise) == (20, 8.0, 1.0)
    assert facts.seed == 156680208700286
    assert facts.loras == ()


def test_partial_values_count_and_unknown_ones_do_not():
    found = Generation(
        facts={
            "checkpoint": Field("a.st", "partial"),
            "steps": Field(20, "unknown"),
            "seed": Field(str(2**64 - 1), "ok"),
            "loras": Field([{"name": "x.st", "strength_model": 0.5, "strength_clip": None}], "ok"),
        }
    )
    facts = facts_of(found)
    assert (facts.model, facts.steps, facts.seed) == ("a.st", None, 2**64 - 1)
    assert facts.loras == (("x.st", 0.5, None),)
    assert facts_of(Generation()) == NO_FACTS


def test_a_seed_that_no_seed_column_holds_is_unknown():
    for seed in ("-1", str(2**64), "9" * 400, "x"):
        assert facts_of(Generation(facts={"seed": Field(seed, "ok")})).seed is None


def test_graphs_with_the_same_nodes_have_one_shape_whatever_their_widgets_say():
    graph, other = text_to_image(), text_to_image()
    other["3"]["inputs"].update(steps=9, seed=1)
    backwards = dict(reversed(list(graph.items())))
    assert shape_of(graph) == shape_of(other) == shape_of(backwards)
    other["99"] = node("LoraLoader", lora_name="x.st")
    digest, label = shape_of(other)
    assert digest != shape_of(graph)[0]
    assert len(digest) == 16
    assert label == f"LoRA · {len(other)} nodes"


def test_a_label_is_never_longer_than_eighty_characters():
    graph = {str(at): node("Some" + "Very" * 20 + str(at)) for at in range(3)}
    assert shape_of(graph)[1] == "3 nodes"
    assert shape_of({})[1] == "text to picture · 0 nodes"


def test_widgets_are_lines_without_prompts_and_seeds():
    graph = text_to_image()
    graph["90"] = node(
        "Power Lora Loader (rgthree)",
        lora_1={"on": True, "lora": "one.st", "strength": 0.5},
        model=["4", 0],
    )
    lines = widget_lines(graph).split("\n")
    assert "KSampler.steps=20" in lines
    assert "VAEDecode" in lines
    assert "Power Lora Loader (rgthree).lora_1.on=true" in lines
    assert "Power Lora Loader (rgthree).lora_1.strength=0.5" in lines
    assert not [line for line in lines if "fox" in line or "seed" in line]
    assert len(lines) == len(set(lines))


def test_the_lines_of_a_large_graph_end_with_a_whole_line():
    graph = {str(at): node("Añode", value=f"{at}") for at in range(5000)}
    text = widget_lines(graph)
    assert MAX_LINES - 40 < len(text.encode()) <= MAX_LINES
    assert text.split("\n")[-1].startswith("Añode.value=")
    assert widget_lines({"1": node("x" * 20_000)}) == ""
