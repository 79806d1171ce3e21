"""Workflows without the API graph: names of widgets, and values that sub-graphs hold outside."""

import pytest
from holaf.holaf_image_viewer_backend.workflow_graph import to_api
from holaf.holaf_image_viewer_backend.workflow_widgets import widget_values


def listed(name, kind="STRING", link=None):
    return {"name": name, "type": kind, "link": link, "widget": {"name": name}}


@pytest.mark.parametrize("control", ["randomize", "fixed", True, None])
def test_the_control_behind_a_seed_is_skipped_whatever_a_version_wrote(control):
    values = [5, control, 20, 8, "euler", "normal", 1]
    if control is None:
        values.remove(None)
    found = widget_values({"type": "KSampler", "widgets_values": values})
    assert found == {
        "seed": 5,
        "steps": 20,
        "cfg": 8,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1,
    }


def test_a_node_that_lists_its_widgets_is_read_by_them():
    node = {
        "type": "OtherSampler",
        "inputs": [
            {"name": "model", "type": "MODEL", "link": 1},
            listed("seed", "INT"),
            listed("name", "COMBO"),
            listed("fast", "BOOLEAN"),
        ],
        "widgets_values": [7, "increment", "euler", True],
    }
    assert widget_values(node) == {"seed": 7, "name": "euler", "fast": True}


def test_values_that_do_not_fit_their_names_are_left_out():
    node = {
        "type": "OtherSampler",
        "inputs": [listed("steps", "INT"), listed("name")],
        "widgets_values": ["euler", 7],
    }
    assert widget_values(node) == {}


def test_a_known_node_of_another_version_falls_back_to_what_it_lists():
    node = {
        "type": "BasicScheduler",
        "inputs": [listed("steps", "INT"), listed("scheduler", "COMBO")],
        "widgets_values": [20, "simple"],
    }
    assert widget_values(node) == {"steps": 20, "scheduler": "simple"}


def test_the_rows_of_a_lora_loader_and_the_text_of_an_unknown_encoder_are_found():
    loader = {"type": "X", "widgets_values": [{}, {"on": True, "lora": "a.st", "strength": 1}, ""]}
    assert widget_values(loader) == {"lora_1": {"on": True, "lora": "a.st", "strength": 1}}
    encoder = {
        "type": "X",
        "inputs": [{"name": "clip", "type": "CLIP", "link": 1}],
        "outputs": [{"name": "out", "type": "CONDITIONING"}],
        "widgets_values": ["a fox", "comfy", 3],
    }
    assert widget_values(encoder) == {"text": "a fox"}


@pytest.mark.parametrize("inputs", [None, 5, [3], [{"type": ["CLIP"]}]])
@pytest.mark.parametrize("kind", ["INT", "CONDITIONING", ["INT"], None])
def test_guesses_at_an_unknown_node_fail_at_nothing(inputs, kind):
    for values in ([5], ["x", 1], [True], [None, None], [[1], {}]):
        widget_values({"inputs": inputs, "outputs": [{"type": kind}], "widgets_values": values})


def subgraph(instance, *, linked=None):
    """A workflow with one sub-graph around a text encoder whose text is promoted."""
    inner = {
        "id": "sub",
        "inputs": [
            {"name": "clip", "linkIds": [1]},
            {"name": "prompt", "linkIds": [2]},
        ],
        "outputs": [],
        "nodes": [
            {
                "id": 5,
                "type": "CLIPTextEncode",
                "inputs": [{"name": "clip", "type": "CLIP", "link": 1}, listed("text", link=2)],
                "widgets_values": ["old, inside"],
            }
        ],
        "links": [
            {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 5, "target_slot": 0},
            {"id": 2, "origin_id": -10, "origin_slot": 1, "target_id": 5, "target_slot": 1},
        ],
    }
    nodes = [{"id": 9, "type": "sub", "inputs": [], **instance}]
    links = []
    if linked:
        nodes.append({"id": 3, "widgets_values": ["from a node"], **linked})
        nodes[0]["inputs"] = [{"name": "prompt", "type": "STRING", "link": 7}]
        links.append([7, 3, 0, 9, 1, "STRING"])
    return {"nodes": nodes, "links": links, "definitions": {"subgraphs": [inner]}}


def text_of(workflow):
    return to_api(workflow)["9:5"]["inputs"].get("text")


def test_without_a_value_outside_the_one_inside_counts():
    assert text_of(subgraph({"widgets_values": []})) == "old, inside"


def test_the_instance_keeps_its_values_in_the_order_of_the_widgets_it_shows():
    assert text_of(subgraph({"widgets_values": ["new"]})) == "new"
    # Of versions that write which: an input of its own, or a widget inside.
    for shown in (["-1", "prompt"], ["5", "text"]):
        properties = {"proxyWidgets": [["5", "other"], shown]}
        instance = {"widgets_values": [None, "new"], "properties": properties}
        assert text_of(subgraph(instance)) == "new"


def test_a_link_outside_wins_over_every_value():
    primitive = {"type": "PrimitiveNode"}
    assert text_of(subgraph({"widgets_values": ["new"]}, linked=primitive)) == "from a node"


def test_what_a_muted_node_would_bring_is_not_replaced_by_an_old_value():
    muted = {"type": "PrimitiveString", "mode": 2}
    assert text_of(subgraph({"widgets_values": ["new"]}, linked=muted)) is None


@pytest.mark.parametrize("junk", [5, "x", {}, [], [[]], [["-1"]], [[1, 2, 3]], None])
def test_proxy_widgets_of_any_shape_fail_at_nothing(junk):
    to_api(subgraph({"widgets_values": [junk, 1], "properties": {"proxyWidgets": junk}}))
    to_api(subgraph({"widgets_values": junk, "properties": junk}))
