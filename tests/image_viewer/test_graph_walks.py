"""Which way the trace of a graph goes: switches, texts through nodes, sizes, LoRAs, passes."""

import copy
import json
import random

import pytest
from golden_cases import cases
from holaf.holaf_image_viewer_backend.generation import Field
from holaf.holaf_image_viewer_backend.graph import trace
from holaf.holaf_image_viewer_backend.graph_text import GraphCache
from holaf.holaf_image_viewer_backend.index_facts import facts_of, shape_of, widget_lines
from media_files import node, text_to_image


def with_nodes(**nodes):
    return {**text_to_image(), **nodes}


def sampler(graph, node_id="3"):
    return graph[node_id]["inputs"]


def positive(value, **nodes):
    graph = with_nodes(**nodes)
    graph["6"]["inputs"]["text"] = value
    return trace(graph).positive


def test_a_switch_goes_by_what_its_link_brings():
    graph = with_nodes(
        flag=node("PrimitiveBoolean", value=False),
        steps=node("ComfySwitchNode", switch=["flag", 0], on_true=4, on_false=33),
        lora=node("LoraLoaderModelOnly", lora_name="x.st", strength_model=1.0, model=["4", 0]),
        model=node("ComfySwitchNode", switch=["flag", 0], on_true=["lora", 0], on_false=["4", 0]),
    )
    sampler(graph).update(steps=["steps", 0], model=["model", 0])
    found = trace(graph)
    assert (found.fact("steps"), found.fact("loras")) == (Field(33, "ok"), Field([], "ok"))
    graph["flag"]["inputs"]["value"] = True
    found = trace(graph)
    assert found.fact("steps") == Field(4, "ok")
    assert [lora["name"] for lora in found.fact("loras").value] == ["x.st"]


def test_a_switch_that_decides_at_run_time_makes_nothing_certain():
    graph = with_nodes(
        decide=node("IsItDark", image=["load", 0]),
        load=node("LoadImage", image="x.png"),
        other=node("CheckpointLoaderSimple", ckpt_name="other.st"),
        model=node(
            "ComfySwitchNode", switch=["decide", 0], on_true=["4", 0], on_false=["other", 0]
        ),
    )
    sampler(graph)["model"] = ["model", 0]
    assert trace(graph).fact("checkpoint") == Field("dream.safetensors", "partial")


def test_a_switch_between_two_samplers_at_run_time_makes_neither_certain():
    graph = with_nodes(
        decide=node("IsItDark", image=["load", 0]),
        load=node("LoadImage", image="x.png"),
        pick=node("ComfySwitchNode", switch=["decide", 0], on_true=["3", 0], on_false=["other", 0]),
    )
    graph["other"] = node("KSampler", **{**sampler(graph), "seed": 1})
    graph["8"]["inputs"]["samples"] = ["pick", 0]
    assert trace(graph).fact("seed").status == "partial"


@pytest.mark.parametrize(
    ("kind", "inputs", "text"),
    [
        ("StringConcatenate", {"string_a": "a", "string_b": "", "delimiter": "-"}, "a-"),
        (
            "Text Concatenate",
            {"text_a": "a", "text_b": "", "text_c": "c", "delimiter": ", "},
            "a, c",
        ),
        ("StringReplace", {"string": "a cat", "find": "cat", "replace": "dog"}, "a dog"),
        ("StringTrim", {"string": " a ", "mode": "Both"}, "a"),
        ("Text Multiline", {"text": "# note\na fox"}, "a fox"),
        ("ShowText|pysssss", {"text": "new", "text_0": "old"}, "new"),
        (
            "StringFunction|pysssss",
            {"action": "append", "tidy_tags": "yes", "text_a": "a,", "text_b": "b", "text_c": ""},
            "a, b",
        ),
    ],
)
def test_texts_come_through_nodes_whose_work_is_known(kind, inputs, text):
    assert positive(["30", 0], **{"30": node(kind, **inputs)}) == Field(text, "ok")


def test_ten_texts_are_joined_in_the_order_of_their_numbers():
    texts = {f"string_{at}": str(at) for at in (10, 2, 1)}
    join = node("JoinStringMulti", delimiter=" ", **texts)
    assert positive(["30", 0], **{"30": join}) == Field("1 2 10", "ok")


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("TextGenerate", {"prompt": "say it better"}),
        ("Text Random Line", {"text": "one\ntwo", "seed": 5}),
        ("SomeNode", {"text": "a fox", "style": "noir"}),
        ("QwenVL", {"image": ["31", 0]}),
    ],
)
def test_texts_that_a_node_may_change_are_never_certain(kind, inputs):
    load = node("LoadImage", image="not_a_prompt.png")
    found = positive(["30", 0], **{"30": node(kind, **inputs), "31": load})
    assert found.status != "ok"
    assert found.value != "not_a_prompt.png"


def test_nothing_is_left_of_a_prompt_that_is_zeroed_out():
    graph = with_nodes(zero=node("ConditioningZeroOut", conditioning=["6", 0]))
    sampler(graph)["negative"] = ["zero", 0]
    assert trace(graph).negative == Field()


def test_a_pipe_gives_each_side_its_own_prompt():
    graph = with_nodes(
        pipe=node("ToBasicPipe", model=["4", 0], positive=["6", 0], negative=["7", 0]),
        parts=node("FromBasicPipe", basic_pipe=["pipe", 0]),
    )
    sampler(graph).update(positive=["parts", 3], negative=["parts", 4])
    found = trace(graph)
    assert (found.positive.value, found.negative.value) == ("a red fox", "blurry")


def test_a_text_for_a_part_of_the_picture_comes_behind_that_for_all_of_it():
    box = node("GLIGENTextBoxApply", text="a wolf", conditioning_to=["6", 0], clip=["4", 1])
    graph = with_nodes(box=box)
    sampler(graph)["positive"] = ["box", 0]
    assert trace(graph).positive == Field("a red fox\na wolf", "ok")


def test_the_vae_in_a_pipe_from_a_checkpoint_has_no_file_of_its_own():
    graph = with_nodes(
        pipe=node("ToBasicPipe", model=["4", 0], vae=["4", 2]),
        parts=node("FromBasicPipe", basic_pipe=["pipe", 0]),
    )
    graph["8"]["inputs"]["vae"] = ["parts", 2]
    assert trace(graph).fact("vae") == Field(None, "ok")


def test_guidance_is_that_of_the_node_nearest_to_the_sampler():
    graph = with_nodes(
        far=node("FluxGuidance", guidance=9.0, conditioning=["6", 0]),
        near=node("FluxGuidance", guidance=3.5, conditioning=["far", 0]),
    )
    sampler(graph)["positive"] = ["near", 0]
    assert trace(graph).fact("guidance") == Field(3.5, "ok")


def test_a_lora_without_strength_does_not_count_and_one_strength_is_both():
    graph = with_nodes(
        none=node(
            "LoraLoader", lora_name="no.st", strength_model=0.0, strength_clip=0, model=["4", 0]
        ),
        rows=node(
            "Power Lora Loader (rgthree)",
            model=["none", 0],
            clip=["4", 1],
            lora_1={"on": True, "lora": "one.st", "strength": 0.5},
        ),
    )
    sampler(graph)["model"] = ["rows", 0]
    assert trace(graph).fact("loras").value == [
        {"name": "one.st", "strength_model": 0.5, "strength_clip": 0.5}
    ]


def easy_stack(**changes):
    """Slots of two modes, as EasyUse names them."""
    slots = {}
    for at in (1, 2):
        slots |= {f"lora_{at}_name": f"{at}.st", f"lora_{at}_strength": 0.5}
        slots |= {f"lora_{at}_model_strength": 0.7, f"lora_{at}_clip_strength": 0.3}
    graph = with_nodes(
        stack=node("easy loraStack", toggle=True, mode="simple", num_loras=1, **slots),
        apply=node("CR Apply LoRA Stack", model=["4", 0], clip=["4", 1], lora_stack=["stack", 0]),
    )
    graph["stack"]["inputs"].update(changes)
    sampler(graph)["model"] = ["apply", 0]
    found = trace(graph).fact("loras")
    return [tuple(lora.values()) for lora in found.value], found.status


def test_the_slots_of_a_stack_go_by_its_mode_its_number_and_its_switch():
    assert easy_stack() == ([("1.st", 0.5, 0.5)], "ok")
    assert easy_stack(mode="advanced", num_loras=2) == (
        [("1.st", 0.7, 0.3), ("2.st", 0.7, 0.3)],
        "ok",
    )
    assert easy_stack(toggle=False) == ([], "ok")


def test_a_node_for_loras_that_names_none_leaves_them_uncertain():
    graph = with_nodes(
        stack=node("Some LoRA Stack"), apply=node("Apply", model=["4", 0], lora_stack=["stack", 0])
    )
    sampler(graph)["model"] = ["apply", 0]
    assert trace(graph).fact("loras") == Field([], "partial")


def test_sizes_come_through_nodes_that_scale():
    graph = with_nodes(up=node("LatentUpscaleBy", samples=["5", 0], scale_by=1.5))
    sampler(graph)["latent_image"] = ["up", 0]
    assert trace(graph).fact("size") == Field([768, 1152], "ok")
    graph["up"] = node("LatentUpscaleWithWishes", samples=["5", 0], upscale_model="x4")
    graph["5"] = node("VAEEncode", pixels=["load", 0])
    graph["load"] = node("LoadImage", image="x.png")
    assert trace(graph).fact("size").status == "unknown"


def test_the_size_of_the_file_tells_two_nodes_of_one_name_apart():
    graph = with_nodes(up=node("LatentUpscale", samples=["3", 0], width=1024, height=1536))
    graph["second"] = node(
        "KSampler", **{**sampler(graph), "latent_image": ["up", 0], "denoise": 0.5}
    )
    graph["decoded"] = node("VAEDecode", samples=["second", 0], vae=["4", 2])
    graph["saved"] = node("SaveImage", filename_prefix="ComfyUI", images=["decoded", 0])
    name = "ComfyUI_00001_.png"
    assert len(trace(graph, name, size=(512, 768)).samplers) == 1
    assert len(trace(graph, name, size=(1024, 1536)).samplers) == 2
    both = trace(graph, name)
    assert [each["seed"].status for each in both.samplers] == ["ok", "partial"]
    assert both.fact("steps") == Field(20, "ok")


def test_a_hint_for_the_sampler_is_no_pass_of_the_picture():
    graph = with_nodes(
        depth=node("KSampler", **{**sampler(text_to_image()), "seed": 7}),
        hint=node("VAEDecode", samples=["depth", 0], vae=["4", 2]),
        both=node("InstructPixToPixConditioning", positive=["6", 0], negative=["7", 0]),
    )
    graph["both"]["inputs"]["pixels"] = ["hint", 0]
    sampler(graph).update(positive=["both", 0], negative=["both", 1], latent_image=["both", 2])
    assert len(trace(graph).samplers) == 1
    # Nor is one of which nothing is left under all of the noise; but it is with less of that.
    graph["encoded"] = node("VAEEncode", pixels=["hint", 0], vae=["4", 2])
    sampler(graph).update(latent_image=["encoded", 0], denoise=1.0)
    assert len(trace(graph).samplers) == 1
    sampler(graph)["denoise"] = 0.5
    assert len(trace(graph).samplers) == 2


def test_a_list_of_sigmas_has_one_step_less():
    graph = with_nodes(
        guider=node("CFGGuider", model=["4", 0], positive=["6", 0], negative=["7", 0], cfg=1.0),
        sigmas=node("ManualSigmas", sigmas="1.0, 0.9, 0.42, 0.0"),
        name=node("KSamplerSelect", sampler_name="euler"),
        noise=node("RandomNoise", noise_seed=5),
    )
    parts = {each: [each, 0] for each in ("guider", "sigmas", "noise")}
    graph["3"] = node("SamplerCustomAdvanced", sampler=["name", 0], latent_image=["5", 0], **parts)
    found = trace(graph)
    assert (found.fact("steps"), found.fact("cfg")) == (Field(3, "ok"), Field(1.0, "ok"))
    assert found.fact("scheduler").status == "unknown"


def test_a_preview_is_told_by_its_name():
    graph = with_nodes(other=node("KSampler", **{**sampler(text_to_image()), "seed": 7}))
    graph["decoded"] = node("VAEDecode", samples=["other", 0], vae=["4", 2])
    graph["shown"] = node("PreviewImage", images=["decoded", 0])
    assert trace(graph, "ComfyUI_temp_abcde_00001_.png").fact("seed").value == "7"
    assert trace(graph, "ComfyUI_00001_.png").fact("seed").value != "7"


def test_a_number_measured_on_another_picture_leads_to_no_pass():
    graph = with_nodes(
        other=node("KSampler", **{**sampler(text_to_image()), "seed": 7}),
        decoded=node("VAEDecode", samples=["other", 0], vae=["4", 2]),
        measured=node("GetImageSize", image=["decoded", 0]),
    )
    graph["5"]["inputs"]["width"] = ["measured", 0]
    assert len(trace(graph).samplers) == 1


def test_loras_named_in_a_text_are_those_of_each_file_and_not_of_the_first():
    def raw(lora):
        text = f"a heron <lora:{lora}:0.5>"
        wild = node("ImpactWildcardEncode", populated_text=text, model=["4", 0], clip=["4", 1])
        graph = with_nodes(wild=wild)
        sampler(graph).update(model=["wild", 0], positive=["wild", 2])
        return json.dumps(graph).encode()

    cache = GraphCache()
    found = [cache.read(raw(lora)).facts.loras for lora in ("one", "two")]
    assert found == [(("one", 0.5, 0.5),), (("two", 0.5, 0.5),)]


JUNK = (None, True, -1, 2**70, 1e308, "", "x", [], {}, ["1", 0], ["3", 0], [[1]], {"content": []})
NAMES = ("switch", "select", "model2", "populated_text", "positive", "string_a", "lora_1", "seed")


def damage(graph, rng):
    """Some of its values are replaced, gone, or new ones under names that mean something."""
    for _ in range(rng.randint(1, 8)):
        node_id = rng.choice(list(graph))
        place = graph[node_id].get("inputs") if isinstance(graph[node_id], dict) else None
        if not isinstance(place, dict) or rng.random() < 0.2:
            place = graph[node_id] if isinstance(graph[node_id], dict) else {}
        names = [*place, *NAMES]
        if rng.random() < 0.2:
            place.pop(rng.choice(names), None)
        else:
            place[rng.choice(names)] = copy.deepcopy(rng.choice(JUNK))


def test_damaged_graphs_fail_at_nothing():
    rng = random.Random(1)
    graphs = [case.data["graph"] for case in cases() if case.data["kind"] == "api"]
    for _ in range(400):
        graph = copy.deepcopy(rng.choice(graphs))
        damage(graph, rng)
        facts_of(trace(graph, "ComfyUI_00001_.png", size=(512, 512)))
        shape_of(graph)
        widget_lines(graph)
