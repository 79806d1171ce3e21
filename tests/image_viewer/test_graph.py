"""Tracing an API graph from the node that saved to what made the file."""

import json

import pytest
from holaf.holaf_image_viewer_backend.generation import Field
from holaf.holaf_image_viewer_backend.graph import is_api_graph, outputs, trace
from holaf.holaf_image_viewer_backend.graph_text import GraphCache, NotAGraph, describe
from holaf.holaf_image_viewer_backend.workflow_graph import is_workflow, to_api
from media_files import WORKFLOWS, node, text_to_image, ui_workflow


def values(generation):
    return {name: field.value for name, field in generation.facts.items() if field.status == "ok"}


def flux(**changes):
    """A graph of single parts: guider, sigmas, noise and sampler each a node."""
    graph = {
        "1": node("UNETLoader", unet_name="flux.safetensors", weight_dtype="default"),
        "2": node("ModelSamplingFlux", model=["3", 0], max_shift=1.15, width=1024, height=1024),
        "3": node("LoraLoaderModelOnly", model=["1", 0], lora_name="ink.st", strength_model=0.8),
        "4": node("DualCLIPLoader", clip_name1="l", clip_name2="t5", type="flux"),
        "5": node("CLIPTextEncode", text="a heron", clip=["4", 0]),
        "6": node("FluxGuidance", conditioning=["5", 0], guidance=3.5),
        "7": node("BasicGuider", model=["2", 0], conditioning=["6", 0]),
        "8": node("RandomNoise", noise_seed=2**63 + 5),
        "9": node("KSamplerSelect", sampler_name="euler"),
        "10": node("BasicScheduler", model=["2", 0], scheduler="simple", steps=20, denoise=1.0),
        "11": node("EmptySD3LatentImage", width=1024, height=768, batch_size=1),
        "12": node(
            "SamplerCustomAdvanced",
            noise=["8", 0],
            guider=["7", 0],
            sampler=["9", 0],
            sigmas=["10", 0],
            latent_image=["11", 0],
        ),
        "13": node("VAELoader", vae_name="ae.safetensors"),
        "14": node("VAEDecode", samples=["12", 0], vae=["13", 0]),
        "15": node("SaveImage", images=["14", 0], filename_prefix="flux"),
    }
    graph.update(changes)
    return graph


def test_the_default_graph_is_read_completely():
    found = trace(text_to_image())
    assert (found.positive, found.negative) == (Field("a red fox", "ok"), Field("blurry", "ok"))
    assert values(found) == {
        "checkpoint": "dream.safetensors",
        "loras": [],
        "vae": None,
        "sampler": "euler",
        "scheduler": "normal",
        "steps": 20,
        "cfg": 8.0,
        "seed": "156680208700286",
        "denoise": 1.0,
        "size": [512, 768],
    }


def test_a_sampler_of_single_parts_is_read_and_what_it_lacks_is_unknown():
    found = trace(flux())
    assert found.positive == Field("a heron", "ok")
    assert found.negative.status == "unknown"
    assert values(found) == {
        "checkpoint": "flux.safetensors",
        "loras": [{"name": "ink.st", "strength_model": 0.8, "strength_clip": None}],
        "vae": "ae.safetensors",
        "sampler": "euler",
        "scheduler": "simple",
        "steps": 20,
        "seed": str(2**63 + 5),
        "denoise": 1.0,
        "guidance": 3.5,
        "size": [1024, 768],
    }
    assert found.fact("cfg").status == "unknown"


def test_sigmas_that_were_split_are_never_ok():
    split = {"12b": node("SplitSigmas", sigmas=["10", 0], step=5)}
    graph = flux(**split)
    graph["12"]["inputs"]["sigmas"] = ["12b", 1]
    found = trace(graph)
    assert found.fact("steps") == Field(20, "partial")
    assert found.fact("denoise").status == "partial"


def test_two_passes_are_listed_in_the_order_they_ran():
    graph = text_to_image()
    first = dict(graph["3"]["inputs"])
    graph["10"] = node("LatentUpscale", samples=["3", 0], width=1024, height=1536)
    second = {**first, "latent_image": ["10", 0], "steps": 9, "denoise": 0.5}
    graph["11"] = node("KSampler", **second)
    graph["8"]["inputs"]["samples"] = ["11", 0]
    found = trace(graph)
    assert [each["steps"].value for each in found.samplers] == [20, 9]
    assert (found.fact("steps").value, found.fact("denoise").value) == (20, 1.0)


def test_the_prompts_of_a_picture_put_together_from_two_samplers_are_partial():
    graph = text_to_image()
    (sampler,) = [one for one, it in graph.items() if it["class_type"] == "KSampler"]
    (decode,) = [one for one, it in graph.items() if it["class_type"] == "VAEDecode"]
    (save,) = [one for one, it in graph.items() if it["class_type"] == "SaveImage"]
    text = graph[graph[sampler]["inputs"]["positive"][0]]
    graph["other text"] = node("CLIPTextEncode", **{**text["inputs"], "text": "another"})
    graph["other sampler"] = node(
        "KSampler", **{**graph[sampler]["inputs"], "positive": ["other text", 0], "seed": 8}
    )
    graph["other decode"] = node(
        "VAEDecode", **{**graph[decode]["inputs"], "samples": ["other sampler", 0]}
    )
    graph["blend"] = node(
        "ImageBlend", image1=[decode, 0], image2=["other decode", 0], blend_factor=0.5
    )
    graph[save]["inputs"]["images"] = ["blend", 0]
    found = trace(graph)
    assert found.positive == Field(text["inputs"]["text"], "partial")
    assert found.negative.status == "ok"
    assert found.facts["seed"].status == "partial"


def test_a_number_of_four_hundred_digits_ends_no_trace():
    graph = text_to_image()
    for it in graph.values():
        if it["class_type"] == "KSampler":
            it["inputs"]["cfg"] = it["inputs"]["steps"] = 10**400
    found = trace(graph)
    assert found.facts["cfg"] == found.facts["steps"] == Field()


def test_positive_and_negative_keep_apart_through_a_node_that_changes_both():
    graph = text_to_image()
    graph["20"] = node(
        "ControlNetApplyAdvanced",
        positive=["6", 0],
        negative=["7", 0],
        control_net=["21", 0],
        image=["22", 0],
        strength=1.0,
    )
    graph["3"]["inputs"].update(positive=["20", 0], negative=["20", 1])
    found = trace(graph)
    assert (found.positive.value, found.negative.value) == ("a red fox", "blurry")
    graph["3"]["inputs"].update(positive=["20", 1], negative=["20", 0])
    found = trace(graph)
    assert (found.positive.value, found.negative.value) == ("blurry", "a red fox")


def test_values_come_through_primitives_switches_and_joined_texts():
    graph = text_to_image()
    graph["30"] = node("Seed (rgthree)", seed=42)
    graph["31"] = node("PrimitiveInt", value=33)
    graph["32"] = node("StringConcatenate", string_a="a cat", string_b=["33", 0], delimiter=", ")
    graph["33"] = node("PrimitiveString", value="in snow")
    graph["34"] = node("Reroute", **{"": ["6", 0]})
    graph["35"] = node("ComfySwitchNode", switch=False, on_true=["7", 0], on_false=["34", 0])
    graph["6"]["inputs"]["text"] = ["32", 0]
    graph["3"]["inputs"].update(seed=["30", 0], steps=["31", 0], positive=["35", 0])
    found = trace(graph)
    assert found.positive == Field("a cat, in snow", "ok")
    assert (found.fact("seed"), found.fact("steps")) == (Field("42", "ok"), Field(33, "ok"))


def test_what_depends_on_the_run_is_never_ok():
    graph = text_to_image()
    graph["30"] = node("SomeCaptioner", image=["31", 0], model="florence", max_tokens=99)
    graph["31"] = node("LoadImage", image="x.png")
    graph["6"]["inputs"]["text"] = ["30", 0]
    graph["32"] = node("MathExpression", a=["5", 0], b=4, expression="a*b")
    graph["3"]["inputs"].update(steps=["32", 0], seed=-1)
    found = trace(graph)
    for field in (found.positive, found.fact("steps"), found.fact("seed")):
        assert field.status != "ok"


def rewritten(typed="a heron in reeds", rewrite=True):
    """A model makes a long prompt of what was typed and of instructions, if it is told to."""
    graph = text_to_image()
    graph["30"] = node("PrimitiveStringMultiline", value=typed)
    graph["31"] = node("PrimitiveStringMultiline", value="You write prompts. Describe the light.")
    graph["32"] = node("StringConcatenate", string_a=["31", 0], string_b=["30", 0], delimiter="")
    graph["33"] = node("TextGenerate", prompt=["32", 0], clip=["4", 1], max_length=512)
    graph["34"] = node("ComfySwitchNode", switch=rewrite, on_true=["33", 0], on_false=["30", 0])
    graph["6"]["inputs"]["text"] = ["34", 0]
    return graph


def test_of_a_prompt_that_a_model_rewrote_what_was_typed_is_shown_not_its_instructions():
    assert trace(rewritten()).positive == Field("a heron in reeds", "partial")
    assert trace(rewritten(rewrite=False)).positive == Field("a heron in reeds", "ok")
    # What the switch would have passed on is another text: it is not what the model was given.
    graph = rewritten()
    graph["34"]["inputs"]["on_false"] = ["35", 0]
    graph["35"] = node("PrimitiveStringMultiline", value="a boat")
    assert trace(graph).positive.value.startswith("You write prompts.")
    # No model: the text that was put together is nearer to the truth than a part of it.
    graph = rewritten()
    graph["34"]["inputs"]["on_true"] = ["32", 0]
    assert trace(graph).positive == Field(
        "You write prompts. Describe the light.a heron in reeds", "ok"
    )
    cache = GraphCache()
    for typed in ("a heron", "a fox", "", "a fox again"):
        assert facts_of(cache, rewritten(typed)) == facts_of(GraphCache(), rewritten(typed))


def test_each_way_to_list_loras_is_read():
    graph = text_to_image()
    graph["40"] = node(
        "Power Lora Loader (rgthree)",
        model=["4", 0],
        clip=["4", 1],
        lora_1={"on": True, "lora": "one.st", "strength": 0.5, "strengthTwo": 0.4},
        lora_2={"on": False, "lora": "off.st", "strength": 1},
        PowerLoraLoaderHeaderWidget={"type": "PowerLoraLoaderHeaderWidget"},
    )
    graph["41"] = node(
        "CR LoRA Stack",
        switch_1="On",
        lora_name_1="two.st",
        model_weight_1=0.7,
        clip_weight_1=0.6,
        switch_2="Off",
        lora_name_2="off.st",
        model_weight_2=1.0,
    )
    graph["42"] = node("CR Apply LoRA Stack", model=["40", 0], clip=["40", 1], lora_stack=["41", 0])
    graph["43"] = node(
        "LoraLoader",
        model=["42", 0],
        clip=["42", 1],
        lora_name="three.st",
        strength_model=0.9,
        strength_clip=1.0,
    )
    graph["3"]["inputs"]["model"] = ["43", 0]
    found = trace(graph)
    assert found.fact("checkpoint") == Field("dream.safetensors", "ok")
    assert found.fact("loras").status == "ok"
    assert [tuple(lora.values()) for lora in found.fact("loras").value] == [
        ("one.st", 0.5, 0.4),
        ("two.st", 0.7, 0.6),
        ("three.st", 0.9, 1.0),
    ]


def test_a_merge_of_models_is_partial():
    graph = text_to_image()
    graph["50"] = node("CheckpointLoaderSimple", ckpt_name="other.safetensors")
    graph["51"] = node("ModelMergeSimple", model1=["4", 0], model2=["50", 0], ratio=0.5)
    graph["3"]["inputs"]["model"] = ["51", 0]
    assert trace(graph).fact("checkpoint") == Field("dream.safetensors", "partial")


def test_unknown_nodes_are_understood_by_what_their_inputs_are_called():
    graph = {
        "1": node(
            "MyLoader", ckpt_name="m.st", vae_name="Baked VAE", positive="good", negative="bad"
        ),
        "2": node(
            "MySampler",
            model=["1", 0],
            positive=["1", 1],
            negative=["1", 2],
            latent_image=["1", 3],
            seed=4,
            steps=20,
            cfg=7.0,
            sampler_name="euler",
            scheduler="karras",
            denoise=1.0,
            optional_vae=["1", 4],
        ),
        "3": node("MySave", images=["2", 5], filename_prefix="x"),
    }
    found = trace(graph)
    assert (found.positive.value, found.negative.value) == ("good", "bad")
    assert values(found)["checkpoint"] == "m.st"
    assert values(found)["vae"] is None


def two_saves():
    graph = text_to_image()
    graph["60"] = node("CLIPTextEncode", text="a blue whale", clip=["4", 1])
    graph["61"] = node("KSampler", **{**graph["3"]["inputs"], "positive": ["60", 0], "steps": 5})
    graph["62"] = node("VAEDecode", samples=["61", 0], vae=["4", 2])
    graph["63"] = node("SaveImage", images=["62", 0], filename_prefix="sea/whale%date%")
    return graph


def test_the_name_of_the_file_tells_which_of_two_nodes_saved_it():
    graph = two_saves()
    assert outputs(graph, "whale_00001_.png") == ["63"]
    assert trace(graph, "whale_00001_.png").positive.value == "a blue whale"
    assert trace(graph, "ComfyUI_00001_.png").positive.value == "a red fox"


def test_a_renamed_file_of_two_saving_nodes_is_partial_where_they_differ():
    found = trace(two_saves(), "renamed.png")
    assert found.positive.status == "partial"
    assert found.fact("steps").status == "partial"
    assert found.fact("cfg") == Field(8.0, "ok")


def test_a_graph_without_a_sampler_knows_nothing_and_fails_at_nothing():
    graph = json.loads((WORKFLOWS / "image_api.json").read_text())
    found = trace(graph)
    assert found.positive.status == "unknown"
    assert found.facts == {}


def test_texts_of_encoders_that_cannot_be_reached_are_partial():
    graph = text_to_image()
    del graph["3"]
    assert trace(graph).positive == Field("a red fox", "partial")


def test_a_node_that_calls_a_service_gives_its_prompt():
    graph = {
        "1": node("OpenAIGPTImage1", prompt="a fish", seed=3, quality="low"),
        "2": node("SaveImage", images=["1", 0], filename_prefix="x"),
    }
    assert trace(graph).positive == Field("a fish", "ok")


def test_a_circle_and_a_very_long_chain_come_to_an_end():
    graph = text_to_image()
    graph["5"] = node("LatentThing", samples=["3", 0])
    graph["6"] = node("ConditioningThing", conditioning=["6", 0])
    graph["4"] = node("ModelThing", model=["4", 0])
    trace(graph)
    chain = {str(at): node("ImageThing", image=[str(at + 1), 0]) for at in range(20_000)}
    chain["save"] = node("SaveImage", images=["0", 0], filename_prefix="x")
    assert trace(chain).samplers == []


def test_a_graph_made_to_grow_without_bound_comes_to_an_end():
    graph = text_to_image()
    for at in range(90):
        further = [f"j{at + 1}", 0]
        graph[f"j{at}"] = node("Join", string_a=further, string_b=further, delimiter="")
    graph["j90"] = node("PrimitiveString", value="x" * 100)
    graph["6"]["inputs"]["text"] = ["j0", 0]
    assert trace(graph).positive.status != "ok"


def test_odd_values_in_every_place_fail_at_nothing():
    odd = [None, True, 3, 2.5, float("nan"), "", "x", [], ["4", 0], ["nope", 1], [[], {}], {}]
    graph = text_to_image()
    for node_id, each in graph.items():
        for name in each["inputs"]:
            for value in odd:
                broken = json.loads(json.dumps(graph))
                broken[node_id]["inputs"][name] = value
                trace(broken)
                describe(broken)
        for key in ("class_type", "inputs", "_meta"):
            for value in odd:
                broken = json.loads(json.dumps(graph))
                broken[node_id][key] = value
                trace(broken)
                describe(broken)


def test_the_formats_of_both_graphs_are_told_apart():
    workflow = json.loads((WORKFLOWS / "image_ui_1.58.1.json").read_text())
    assert is_workflow(workflow)
    assert not is_api_graph(workflow)
    assert is_api_graph(text_to_image())
    for value in (None, [], {}, {"a": 1}, {"a": {}}, "x"):
        assert not is_api_graph(value)
        assert not is_workflow(value)


# -- the text that is searched ------------------------------------------------------------------


def test_the_text_of_a_graph_has_types_titles_and_values_but_no_seed_and_no_prompt():
    graph_hash, text = describe(text_to_image())
    assert len(graph_hash) == 16
    assert "KSampler sampler_name=euler scheduler=normal steps=20 cfg=8.0" in text
    assert 'CLIPTextEncode "Positive"' in text
    assert "ckpt_name=dream.safetensors" in text
    assert "156680208700286" not in text
    assert "fox" not in text


def test_graphs_that_differ_in_seed_and_prompt_only_are_one():
    same = describe(text_to_image("another", "text", 9))
    assert same == describe(text_to_image())
    other = text_to_image()
    other["3"]["inputs"]["steps"] = 21
    assert describe(other)[0] != same[0]


def test_half_a_surrogate_in_a_name_or_value_fails_at_nothing():
    graph = text_to_image(positive="a \ud800 fox")
    graph["3"]["inputs"]["\udc00"] = 5
    graph["4"]["inputs"]["ckpt_name"] = "\ud800.safetensors"
    assert GraphCache().read(json.dumps(graph).encode()).positive.startswith("a")


def test_the_text_of_a_large_graph_is_cut_and_keeps_its_node_types():
    graph = {str(at): node(f"Node{at}", value=at, path="folder/x" * 9) for at in range(100)}
    text = describe(graph)[1]
    assert len(text) <= 2_000
    assert "Node99" in text
    assert describe(graph)[0] != describe({**graph, "x": node("Node")})[0]


# -- graphs met before ---------------------------------------------------------------------------


def facts_of(cache, graph, name="ComfyUI_1.png"):
    found = cache.read(json.dumps(graph).encode(), name)
    return found.positive, found.negative, found.graph, found.seed


def test_a_graph_met_before_gives_the_same_as_one_read_for_the_first_time():
    cache = GraphCache()
    texts = ["a fox", 'a "quoted" \\ fox\n狐 \\', "x\\\\", "a fox, again", "}", '", "seed": 5']
    for at, text in enumerate(texts):
        graph = text_to_image(text, f"bad {text}", at * 10**9)
        assert facts_of(cache, graph) == facts_of(GraphCache(), graph)
    assert (cache.hits, cache.misses) == (len(texts) - 1, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda graph: graph["3"]["inputs"].update(steps=21),
        lambda graph: graph["6"]["inputs"].update(text=""),
        lambda graph: graph["6"]["inputs"].update(text=" \n "),
        lambda graph: graph["6"]["inputs"].update(text=["7", 0]),
        lambda graph: graph["3"]["inputs"].update(seed=["7", 0]),
        lambda graph: graph["3"]["inputs"].update(seed=-5),
        lambda graph: graph["3"]["inputs"].update(positive=["7", 0], negative=["6", 0]),
        lambda graph: graph.update({"99": node("CLIPTextEncode", text="z", clip=["4", 1])}),
        lambda graph: graph["4"]["inputs"].update(ckpt_name="a red fox"),
    ],
)
def test_a_graph_that_differs_elsewhere_is_read_anew(change):
    cache = GraphCache()
    facts_of(cache, text_to_image())
    graph = text_to_image("a new text", "another", 5)
    change(graph)
    assert facts_of(cache, graph) == facts_of(GraphCache(), graph)
    assert facts_of(cache, text_to_image("w", "v")) == facts_of(
        GraphCache(), text_to_image("w", "v")
    )


def test_equal_prompts_and_two_saving_nodes_are_never_mixed_up():
    cache = GraphCache()
    facts_of(cache, text_to_image("same", "same"))
    assert facts_of(cache, text_to_image("one", "two"))[:2] == ("one", "two")
    for name, text in (("whale_1.png", "a blue whale"), ("ComfyUI_1.png", "a red fox")):
        assert facts_of(cache, two_saves(), name)[0] == text


def test_a_seed_that_two_samplers_share_is_told_only_while_they_share_it():
    def graph(first, second):
        nodes = text_to_image("w", "v", first)
        nodes["30"] = node("KSampler", seed=second, model=["4", 0], positive=["6", 0],
                           negative=["7", 0], latent_image=["3", 0], steps=9, cfg=2.0,
                           sampler_name="euler", scheduler="normal", denoise=0.5)  # fmt: skip
        nodes["8"]["inputs"]["samples"] = ["30", 0]
        return nodes

    cache = GraphCache()
    for pair in ((7, 7), (9, 9), (9, 10), (11, 9), (20, 20), (8, 9)):
        assert facts_of(cache, graph(*pair)) == facts_of(GraphCache(), graph(*pair)), pair


def test_the_cache_is_bounded():
    cache = GraphCache(max_bytes=100_000)
    for at in range(300):
        graph = text_to_image()
        graph["4"]["inputs"]["ckpt_name"] = f"model {at}"
        facts_of(cache, graph)
    assert sum(map(len, cache._templates.values())) < 100


def test_json_that_is_no_graph_is_refused():
    for raw in (b"{}", b'{"a": 1}', b"[1]", b"{"):
        with pytest.raises(ValueError, match=r".*"):
            GraphCache().read(raw)
    with pytest.raises(NotAGraph):
        GraphCache().read(b'{"a": {}}')


# -- the editor's format ---------------------------------------------------------------------------


def test_a_workflow_of_the_editor_says_what_its_api_graph_would():
    nodes = to_api(ui_workflow())
    assert "20:8" in nodes
    found = trace(nodes)
    expected = trace(text_to_image(seed=5))
    assert (found.positive, found.negative) == (expected.positive, expected.negative)
    assert found.facts == expected.facts


@pytest.mark.parametrize("version", ["1.27.10", "1.49.6", "1.58.1"])
def test_workflows_that_real_frontends_saved_become_the_graph_they_queue(version):
    nodes = to_api(json.loads((WORKFLOWS / f"image_ui_{version}.json").read_text()))
    queued = json.loads((WORKFLOWS / "image_api.json").read_text())
    assert {key: each["class_type"] for key, each in nodes.items()} == {
        key: each["class_type"] for key, each in queued.items()
    }
    for key, each in queued.items():
        for name, value in each["inputs"].items():
            if isinstance(value, list):
                assert nodes[key]["inputs"][name] == value
            elif version != "1.27.10" and name not in ("width", "height", "filename_prefix"):
                assert name in nodes[key]["inputs"]


def test_set_and_get_nodes_and_primitives_are_resolved():
    workflow = ui_workflow()
    for each in workflow["nodes"]:
        if each["id"] == 12:
            each.update(type="GetNode", inputs=[], widgets_values=["words"])
    workflow["nodes"].append(
        {"id": 40, "type": "SetNode", "inputs": [{"name": "x", "link": 12}],
         "widgets_values": ["words"]}
    )  # fmt: skip
    workflow["nodes"].append({"id": 41, "type": "PrimitiveNode", "widgets_values": [77, "fixed"]})
    workflow["links"].append([50, 41, 0, 3, 4, "INT"])
    for each in workflow["nodes"]:
        if each["id"] == 3:
            each["inputs"].append({"name": "seed", "type": "INT", "link": 50})
    found = trace(to_api(workflow))
    assert found.positive == Field("a red fox", "ok")
    assert found.fact("seed") == Field("77", "ok")


def test_a_sub_graph_that_holds_itself_comes_to_an_end():
    workflow = ui_workflow()
    inner = workflow["definitions"]["subgraphs"][0]
    for at in range(6):
        inner["nodes"].append({"id": 100 + at, "type": inner["id"]})
    to_api(workflow)


def test_odd_workflows_fail_at_nothing():
    odd = [None, 3, "x", [], [None], [[]], [{}], {}, {"a": 1}, ["a", "b", "c", "d", "e"]]
    for value in odd:
        for key in ("nodes", "links", "definitions"):
            to_api({**ui_workflow(), key: value} if key != "nodes" else {"nodes": value or []})
        for at in range(3):
            for key in ("id", "type", "mode", "inputs", "outputs", "widgets_values", "title"):
                workflow = ui_workflow()
                workflow["nodes"][at][key] = value
                trace(to_api(workflow))
