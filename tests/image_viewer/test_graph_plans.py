"""A graph read with the help of others gives what it gives when it is read alone."""

import copy
import gc
import json
import random
import tracemalloc
from dataclasses import replace

import pytest
from golden_cases import cases
from holaf.holaf_core.json import loads_lenient
from holaf.holaf_image_viewer_backend.graph import is_api_graph, outputs, trace
from holaf.holaf_image_viewer_backend.graph_pieces import Pieces, as_nodes, role_of
from holaf.holaf_image_viewer_backend.graph_plans import text_of_field
from holaf.holaf_image_viewer_backend.graph_text import GraphCache, record_of
from holaf.holaf_image_viewer_backend.index_facts import facts_of

VALUES = (0, 1, 2, 7, 20, 1.0, 0.5, 0, -1, 1e-9, 2**62, 2**63, 10**30, True, None, "", "None",
          " b ", "1", ["1", 0], {"lora": "x", "on": True, "strength": 0.5}, [1, 2])  # fmt: skip


def graphs():
    """With titles, as ComfyUI writes them today."""
    found = [case.data["graph"] for case in cases() if case.data["kind"] == "api"]
    return [
        {key: {**node, "_meta": {"title": "a title"}} for key, node in graph.items()}
        for graph in found
        if is_api_graph(graph)
    ]


def read_alone(graph, name):
    graph = loads_lenient(json.dumps(graph))
    saved_by = outputs(graph, None)
    found = trace(graph, saved_by=saved_by if len(saved_by) <= 1 else outputs(graph, name))
    texts = text_of_field(found.positive), text_of_field(found.negative)
    made = facts_of(found)
    return record_of(graph), *texts, made.seed, told(made)


def read_with(cache, graph, name):
    found = cache.read(json.dumps(graph).encode(), name)
    return found.graph, found.positive, found.negative, found.seed, told(found.facts)


def told(made):
    # The seed of each file lies beside what its graph tells.
    return replace(made, seed=None)


def with_other_values(graph, rng):
    """Often ones that a trace hands on, sometimes ones that it goes by."""
    graph = copy.deepcopy(graph)
    wild = rng.random() < 0.3
    for node in graph.values():
        inputs = node.get("inputs") if isinstance(node, dict) else None
        for name, value in inputs.items() if isinstance(inputs, dict) else ():
            if isinstance(value, (list, dict)) or rng.random() < 0.5:
                continue
            if wild and rng.random() < 0.2:
                inputs[name] = copy.deepcopy(rng.choice(VALUES))
            elif role_of(name, value) == "text" or (wild and isinstance(value, str)):
                inputs[name] = rng.choice(("a heron", "b, c", " x ", "<lora:y:0.5> z", "#n\no"))
            elif type(value) is int and (wild or role_of(name, value)):
                inputs[name] = rng.choice((2, 3, value, rng.randrange(1 << 40)))
            elif type(value) is float and (wild or role_of(name, value)):
                inputs[name] = rng.choice((0.25, value, rng.random() * 3))
    return graph


@pytest.mark.parametrize("seed", range(4))
def test_golden_graphs_with_other_values_are_read_as_if_each_were_the_first(seed):
    rng = random.Random(seed)
    cache = GraphCache(max_bytes=1 << 20)
    originals = graphs()
    for at in range(600):
        graph = with_other_values(originals[(at // 15 + seed * 7) % len(originals)], rng)
        name = rng.choice(("ComfyUI_00001_.png", "whale_1.png"))
        assert read_with(cache, graph, name) == read_alone(graph, name), json.dumps(graph)
    assert cache.hits > 100


def chain(seed=5, steps=20, strengths=(0.5, 0.7), text="a fox", note="one"):
    """A sampler behind LoRAs, and a note that nothing is linked to."""
    nodes = {"1": {"inputs": {"ckpt_name": "m.safetensors"}, "class_type": "CheckpointLoader"}}
    for at, strength in enumerate(strengths):
        inputs = {"lora_name": f"l{at}", "strength_model": strength, "strength_clip": strength,
                  "model": [str(1 if not at else at + 9), 0], "clip": ["1", 1]}  # fmt: skip
        nodes[str(at + 10)] = {"inputs": inputs, "class_type": "LoraLoader"}
    last = str(len(strengths) + 9) if strengths else "1"
    for at, words in (("3", text), ("4", "bad")):
        nodes[at] = {"inputs": {"text": words, "clip": ["1", 1]}, "class_type": "CLIPTextEncode"}
    nodes["5"] = {
        "inputs": {"seed": seed, "steps": steps, "cfg": 7.0, "denoise": 1.0,
                   "sampler_name": "euler", "scheduler": "normal", "model": [last, 0],
                   "positive": ["3", 0], "negative": ["4", 0]},
        "class_type": "KSampler",
    }  # fmt: skip
    nodes["6"] = {"inputs": {"images": ["5", 0]}, "class_type": "SaveImage"}
    nodes["7"] = {"inputs": {"value": note}, "class_type": "Note"}
    return {key: {**node, "_meta": {"title": "x"}} for key, node in nodes.items()}


def test_of_graphs_that_differ_in_their_widgets_only_the_first_is_read_without_a_plan():
    cache = GraphCache()
    for at in range(30):
        graph = chain(at, 20 + at, (0.5 + at / 100, at + 1), f"fox {at}", f"attempt {at}")
        assert read_with(cache, graph, "a.png") == read_alone(graph, "a.png")
    assert cache.misses == 1


@pytest.mark.parametrize(
    "other",
    [
        {"strengths": (0.0, 0.7)},
        {"strengths": (0, 0)},
        {"strengths": (1, 2)},
        {"steps": 1},
        {"steps": 20.0},
        {"steps": "20"},
        {"seed": -1},
        {"seed": 2**64},
        {"text": ""},
        {"text": " spaces "},
    ],
)
def test_a_value_that_changes_what_is_told_is_never_taken_for_another(other):
    cache = GraphCache()
    for at in range(3):
        read_with(cache, chain(at, 21 + at), "a.png")
    assert read_with(cache, chain(**other), "a.png") == read_alone(chain(**other), "a.png")


def test_a_lora_that_is_applied_twice_counts_once_only_with_the_same_strengths():
    cache = GraphCache()
    for first, second in ((0.5, 0.6), (0.7, 0.8), (0.9, 0.9), (0.3, 0.3), (0.1, 0.2)):
        graph = chain(strengths=(first, second))
        graph["11"]["inputs"]["lora_name"] = "l0"
        assert read_with(cache, graph, "a.png") == read_alone(graph, "a.png")


def test_texts_with_all_that_separates_nodes_are_read_whole():
    cache = GraphCache()
    for text in ('x}}, "9": {"inputs": {}}', '"}}, "', "}}}", '\\"}}, \\"8'):
        for seed in range(3):
            graph = chain(seed, text=text)
            assert read_with(cache, graph, "a.png") == read_alone(graph, "a.png")


def test_pieces_make_the_graph_that_they_come_from():
    graph = chain()
    assert as_nodes(Pieces().of(json.dumps(graph).encode())) == graph
    assert Pieces().of(json.dumps(graph, separators=(",", ":")).encode()) is None
    assert Pieces().of(b'{"1": {"inputs": {}}, "2": {"class_type": "A", "inputs": {}}}') is None


def test_an_id_that_occurs_twice_is_its_last_node():
    first, last = json.dumps(chain())[1:-1], json.dumps(chain(9, 30))[1:-1]
    raw = f"{{{first}, {last}}}".encode()
    for _ in range(3):
        found = GraphCache().read(raw)
        assert (found.seed, found.facts.steps) == (9, 30)


def test_numbers_of_other_types_are_other_graphs():
    cache = GraphCache()
    hashes = {cache.read(json.dumps(chain(steps=steps)).encode()).graph.hash for steps in (7, 7.0)}
    assert len(hashes) == 2


def test_a_number_that_comes_as_a_text_through_a_link_is_not_lost():
    def graph(steps):
        nodes = chain()
        nodes["5"]["inputs"]["steps"] = ["20", 0]
        nodes["20"] = {"inputs": {"value": steps}, "class_type": "PrimitiveString", "_meta": {}}
        return nodes

    cache = GraphCache()
    for words in ("abc", "abd", "abe", "33", "77"):
        assert read_with(cache, graph(words), "a.png") == read_alone(graph(words), "a.png")


def test_what_large_graphs_take_is_about_what_is_counted():
    graphs = []
    for number in range(40):
        nodes = chain()
        for at in range(100, 500):
            name = f"in{number}" if at == 100 else "in"
            nodes[str(at)] = {
                "inputs": {name: 1, "image": [str(at + 1), 0]}, "class_type": "Step", "_meta": {}
            }  # fmt: skip
        nodes["6"]["inputs"]["images"] = ["100", 0]
        nodes["500"] = {"inputs": {"images": ["5", 0]}, "class_type": "Step", "_meta": {}}
        graphs.append(json.dumps(nodes).encode())
    cache = GraphCache()
    cache.read(graphs.pop(), "a.png")
    gc.collect()
    counted = cache.bytes
    tracemalloc.start()
    try:
        for raw in graphs:
            cache.read(raw, "a.png")
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 3 * (cache.bytes - counted)


def test_what_was_learnt_outlives_the_nodes_that_are_dropped_for_room():
    cache = GraphCache(max_bytes=300_000)
    most = 0
    for number in range(400):
        # No graph comes twice, but each prompt does: its node is kept.
        graph = chain(seed=number, steps=number + 2, text=f"fox {number // 2}")
        assert read_with(cache, graph, "a.png") == read_alone(graph, "a.png")
        most = max(most, cache.bytes)
    assert cache.misses == 1
    assert 300_000 < most < 320_000
