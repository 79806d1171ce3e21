"""Generation data as other tools write it."""

import pytest
from holaf.holaf_image_viewer_backend.generation import Field
from holaf.holaf_image_viewer_backend.infotext import parse_infotext, parse_json

A1111 = """masterpiece, a fox <lora:ink:0.8> <lora:snow:1:0.5>
second line, Steps: of stone
Negative prompt: blurry,
low quality
Steps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 18446744073709551615, \
Size: 512x768, Model hash: abc123, Model: dream, VAE: clear.pt, Denoising strength: 0.4, \
Lora hashes: "ink: 1, snow: 2", Version: v1.10.1"""


def values(found):
    return {name: field.value for name, field in found.facts.items() if field.status == "ok"}


def test_the_text_of_a1111_is_read_completely():
    found = parse_infotext(A1111)
    assert found.positive.value.startswith("masterpiece")
    assert found.positive.value.endswith("Steps: of stone")
    assert found.negative == Field("blurry,\nlow quality", "ok")
    assert values(found) == {
        "checkpoint": "dream",
        "loras": [
            {"name": "ink", "strength_model": 0.8, "strength_clip": 0.8},
            {"name": "snow", "strength_model": 0.5, "strength_clip": 1.0},
        ],
        "vae": "clear.pt",
        "sampler": "DPM++ 2M",
        "scheduler": "Karras",
        "steps": 25,
        "cfg": 6.5,
        "seed": "18446744073709551615",
        "denoise": 0.4,
        "size": [512, 768],
    }


def test_without_a_line_of_its_own_the_negative_prompt_is_unknown():
    found = parse_infotext("a fox\nSteps: 20, Sampler: Euler a, Seed: 5, Size: 1x1")
    assert (found.positive, found.negative) == (Field("a fox", "ok"), Field())


def test_the_strength_of_a_hires_pass_is_not_that_of_the_first():
    text = A1111.replace("Version:", "Hires upscale: 2, Version:")
    assert parse_infotext(text).fact("denoise") == Field(0.4, "partial")


@pytest.mark.parametrize("text", ["", "a fox in snow", "Steps: to take", "line\nSteps: a\nmore"])
def test_a_text_without_settings_is_none(text):
    assert parse_infotext(text) is None


def test_a_long_and_hostile_text_is_read_in_good_time():
    parse_infotext("a" * 3_000_000 + "\nSteps: 1")
    parse_infotext("x\nSteps: 1, " + 'a: "' * 50_000)
    parse_infotext("x\nSteps: 1, " + "a b " * 50_000)
    parse_infotext("<lora:" * 50_000 + "\nSteps: 1, Seed: 2, Size: 1x1")


def test_swarm_is_read():
    found = parse_json(
        {
            "sui_image_params": {
                "prompt": "a fox",
                "negativeprompt": "bad",
                "model": "flux",
                "seed": 5,
                "steps": 20,
                "cfgscale": 7.0,
                "sampler": "euler",
                "scheduler": "simple",
                "loras": ["ink"],
                "loraweights": ["0.5"],
            }
        }
    )
    assert (found.tool, found.positive.value, found.negative.value) == ("SwarmUI", "a fox", "bad")
    assert values(found)["loras"] == [{"name": "ink", "strength_model": 0.5, "strength_clip": 0.5}]
    assert values(found)["seed"] == "5"


def test_invokeai_is_read():
    found = parse_json(
        {
            "positive_prompt": "a fox",
            "negative_prompt": None,
            "model": {"name": "dream", "base": "sdxl"},
            "seed": 5,
            "steps": 20,
            "cfg_scale": 7.5,
            "scheduler": "euler",
            "loras": [{"model": {"name": "ink"}, "weight": 0.75}],
        }
    )
    assert (found.tool, found.positive.value) == ("InvokeAI", "a fox")
    assert values(found)["checkpoint"] == "dream"
    assert values(found)["loras"][0]["strength_model"] == 0.75


def test_novelai_is_read():
    found = parse_json(
        {"prompt": "a fox", "uc": "bad", "steps": 28, "scale": 5, "seed": 5,
         "sampler": "k_euler", "noise_schedule": "karras"}
    )  # fmt: skip
    assert (found.tool, found.negative.value) == ("NovelAI", "bad")
    assert (values(found)["cfg"], values(found)["scheduler"]) == (5.0, "karras")


def test_fooocus_is_read():
    found = parse_json(
        {"prompt": "a fox", "negative_prompt": "bad", "base_model": "jugger", "sampler": "dpmpp_2m",
         "scheduler": "karras", "seed": "5", "steps": 30, "guidance_scale": 4,
         "loras": [["ink", 0.1, "hash"]], "lora_combined_1": "snow : 0.5"}
    )  # fmt: skip
    assert (found.tool, values(found)["checkpoint"]) == ("Fooocus", "jugger")
    assert [lora["name"] for lora in values(found)["loras"]] == ["ink", "snow"]
    assert values(found)["seed"] == "5"


@pytest.mark.parametrize(
    "value",
    [None, [], {}, {"prompt": "x"}, {"sui_image_params": 3}, {"uc": 4, "seed": []},
     {"base_model": {}, "loras": 7}, {"positive_prompt": 3, "model": 5, "loras": "x"}],
)  # fmt: skip
def test_other_json_fails_at_nothing(value):
    found = parse_json(value)
    assert found is None or found.positive.value is None


def test_fooocus_names_each_lora_once_though_it_writes_them_twice():
    found = parse_json(
        {
            "base_model": "juggernaut",
            "prompt": "a fox",
            "loras": [["ink", 0.5, "0a1b"]],
            "lora_combined_1": "ink : 0.5",
        }
    )
    assert found.facts["loras"] == Field(
        [{"name": "ink", "strength_model": 0.5, "strength_clip": 0.5}], "ok"
    )


def test_the_loras_that_fooocus_took_out_of_the_prompt_are_read_from_its_settings():
    found = parse_infotext(
        "a fox\nSteps: 30, Sampler: DPM++ 2M SDE, Seed: 5, Size: 64x64, "
        'Lora hashes: "ink: 12, snow: 34", Lora weights: "ink: 0.5, snow: 1.0"'
    )
    assert found.facts["loras"] == Field(
        [
            {"name": "ink", "strength_model": 0.5, "strength_clip": 0.5},
            {"name": "snow", "strength_model": 1.0, "strength_clip": 1.0},
        ],
        "ok",
    )


def test_loras_of_which_only_the_hash_is_named_are_partial():
    found = parse_infotext('a fox\nSteps: 30, Sampler: Euler, Seed: 5, Lora hashes: "ink: 12"')
    assert found.facts["loras"] == Field(
        [{"name": "ink", "strength_model": None, "strength_clip": None}], "partial"
    )


def test_a_number_of_four_hundred_digits_is_no_number():
    found = parse_json({"sui_image_params": {"prompt": "x", "cfgscale": 10**400, "steps": 10**400}})
    assert found.facts["cfg"] == found.facts["steps"] == Field()


@pytest.mark.parametrize("loras", [5, True, "ink", {"ink": 1}])
def test_loras_of_invokeai_that_are_no_list_are_none(loras):
    found = parse_json({"positive_prompt": "x", "seed": 1, "loras": loras})
    assert found.facts["loras"] == Field([], "ok")
