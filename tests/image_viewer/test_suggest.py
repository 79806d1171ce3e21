"""Suggestions: what is being typed, and what it could go on with, the most frequent first."""

from __future__ import annotations

import threading
import time
import zlib

import pytest
from holaf.holaf_image_viewer_backend.query_language import parse
from holaf.holaf_image_viewer_backend.query_terms import Lora, NameIs
from holaf.holaf_image_viewer_backend.suggest import Suggestions, Words, place
from hypothesis import given, settings
from hypothesis import strategies as st
from library_rows import digest, indexed_file

MODELS = {"sdxl/juggernaut v9.safetensors": 7, "flux-dev.safetensors": 5, "": 2}
LORAS = {"detail.safetensors": 3}
COUNTS = {
    "model": MODELS,
    "lora": LORAS,
    "tag": {"my best": 4, "flat": 1},
    "format": {"PNG": 9, "MP4": 1},
    "sampler": {"euler": 6},
    "month": {"2026-03": 4},
    "resolution": {"1024x768": 4},
    "rating": {"4": 2},
}


def facets(data):
    name, text = data["find"]["name"], data["find"]["text"].lower()
    values = [
        {"value": value, "label": value, "count": count, "state": None}
        for value, count in COUNTS[name].items()
        if all(word in value.lower() for word in text.split())
    ]
    return {"facets": {name: {"values": values[: data["limit"]]}}}


class FewWords:
    KNOWN = {
        "prompt_text": [("castle", 9), ("cat", 30), ("fluffy", 3)],
        "negative_text": [("blurry", 8)],
    }

    def find(self, beginning, column, limit):
        found = [one for one in self.KNOWN.get(column, ()) if one[0].startswith(beginning)]
        return sorted(found, key=lambda one: -one[1])[:limit]

    def nodes(self, kind, name, limit):
        if name is None:
            found = [("KSampler", "", 7), ("Load Checkpoint", "", 5), ("a.b (c)", "", 1)]
            return [one for one in found if kind.lower() in one[0].lower()]
        found = [("KSampler", "denoise", 7), ("Load Checkpoint", "ckpt_name", 5)]
        return [one for one in found if kind == one[0] and one[1].startswith(name)]


@pytest.fixture
def suggestions():
    return Suggestions(facets, FewWords())


def inserts(answer):
    return [one["insert"] for one in answer["items"]]


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


# --- what is being typed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "field", "typed", "replaced"),
    [
        ("ca|", None, "ca", "ca"),
        ("red ca|stle blue", None, "ca", "castle"),
        ("-ca|", None, "ca", "ca"),
        ("(ca|", None, "ca", "ca"),
        ("-(ca|)", None, "ca", "ca"),
        ("a|b OR ca|", None, "ca", "ca"),
        ('"red ca|stle" x', None, "red ca", '"red castle"'),
        ("model:fl|", "model", "fl", "fl"),
        ("model:fl|ux x", "model", "fl", "flux"),
        ("ckpt:fl|", "model", "fl", "fl"),
        ("-model:=fl|", "model", "fl", "=fl"),
        ("(model:fl|)", "model", "fl", "fl"),
        ("model:|", "model", "", ""),
        ('model:"sd x|l 1" y', "model", "sd x", '"sd xl 1"'),
        ("model:flux,sd|", "model", "sd", "sd"),
        ('model:"a,b|', "model", "a,b", '"a,b'),
        ("red,ca|", None, "ca", "ca"),
        ("neg:blu|", "neg", "blu", "blu"),
        ("modle:fl|", None, "modle:fl", "modle:fl"),
        ("node:KS|amp.steps=3", "node", "KS", "KSamp"),
        ("node:KSampler.st|<3 x", "node", "KSampler.st", "KSampler.st"),
        ('node:"Load Ch|eck".a', "node", "Load Ch", '"Load Check"'),
        ('node:"Load Check".a|', "node", 'Load Check".a', '"Load Check".a'),
        ("", None, "", ""),
    ],
)
def test_the_word_or_value_around_the_cursor_is_what_is_typed(text, field, typed, replaced):
    before, _, after = text.rpartition("|")
    found = place(before + after, len(before))
    assert (found.field.name if found.field else None, found.typed) == (field, typed)
    assert (before + after)[found.start : found.end] == replaced


@pytest.mark.parametrize("text", ["/ca", "-/ca", "neg:/ca"])
def test_nothing_is_suggested_within_an_expression(text, suggestions):
    assert suggestions.at(text, len(text)) == {"start": len(text), "end": len(text), "items": []}


def test_what_an_expression_needs_is_prepared_while_it_is_typed():
    prepared = []
    suggestions = Suggestions(facets, FewWords(), lambda: prepared.append(1))
    suggestions.at("cat", 3)
    assert prepared == []
    suggestions.at("cat /d", 6)
    assert prepared == [1]


@settings(max_examples=500)
@given(st.text('ab:"“”,()|-/*= \\é猫', max_size=30), st.integers(0, 40))
def test_every_place_in_any_text_has_an_answer_within_the_text(text, at):
    answer = Suggestions(facets, FewWords()).at(text, at)
    assert 0 <= answer["start"] <= answer["end"] <= max(len(text), at)


# --- what is suggested --------------------------------------------------------------------------


def test_the_names_of_a_field_come_most_frequent_first_and_are_put_in_quotes_where_needed(
    suggestions,
):
    answer = suggestions.at("red model:", 10)
    assert (answer["start"], answer["end"]) == (10, 10)
    assert answer["items"] == [
        {
            "insert": '="sdxl/juggernaut v9.safetensors"',
            "label": "sdxl/juggernaut v9.safetensors",
            "kind": "model",
            "count": 7,
        },
        {
            "insert": "=flux-dev.safetensors",
            "label": "flux-dev.safetensors",
            "kind": "model",
            "count": 5,
        },
        {"insert": '""', "label": "none", "kind": "model", "count": 2},
    ]


def test_what_is_suggested_means_exactly_the_name_that_was_counted(suggestions):
    for text, meant in (
        ("model:jug", NameIs("model", "sdxl/juggernaut v9.safetensors", exact=True)),
        ("lora:det", Lora("detail.safetensors", exact=True)),
        ("tag:best", NameIs("tag", "my best", exact=True)),
    ):
        answer = suggestions.at(text, len(text))
        completed = text[: answer["start"]] + answer["items"][0]["insert"]
        assert parse(completed).children == (meant,)


def test_a_bare_word_may_become_a_field_a_word_or_a_name(suggestions):
    answer = suggestions.at("fl", 2)
    assert [(one["kind"], one["insert"]) for one in answer["items"]] == [
        ("word", "fluffy"),
        ("model", "model:=flux-dev.safetensors"),
        ("tag", "tag:=flat"),
    ]
    assert inserts(suggestions.at("ca", 2)) == ["cat", "castle"]
    assert inserts(suggestions.at("sam", 3)) == ["sampler:"]
    assert suggestions.at("ste", 3)["items"][0] == {
        "insert": "steps:",
        "label": "Steps",
        "kind": "field",
        "count": None,
        "example": "steps:20..30",
    }


def test_an_empty_box_suggests_fields(suggestions):
    answer = suggestions.at("", 0)
    assert len(answer["items"]) > 5
    assert {one["kind"] for one in answer["items"]} == {"field"}


def test_words_of_the_negative_prompt_are_suggested_for_it(suggestions):
    assert inserts(suggestions.at("neg:bl", 6)) == ["blurry"]
    assert inserts(suggestions.at("prompt:ca", 9)) == ["cat", "castle"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("has:w", ["workflow"]),
        ("kind:", ["image", "video", "audio"]),
        ("ext:p", ["png"]),
        ("format:pn", ["=PNG"]),
        ("date:2026", ["2026-03"]),
        ("date:y", ["yesterday", "year"]),
        ("size:10", ["1024x768"]),
        ("rating:", ["4"]),
        ("steps:2", []),
        ("node:", ["KSampler", '"Load Checkpoint"', '"a.b (c)"']),
        ("node:ksam", ["KSampler"]),
        ("node:KSampler.de", ["KSampler.denoise"]),
        ('node:"Load Checkpoint".c', ['"Load Checkpoint".ckpt_name']),
        ("node:KSampler.denoise<", []),
        ('node:"Load Checkpoint".ckpt_name=s', []),
        ("like:", []),
    ],
)
def test_each_field_suggests_what_it_takes(suggestions, text, expected):
    assert inserts(suggestions.at(text, len(text))) == expected


@pytest.mark.parametrize(
    "text", ["f", "model:", "has:", "kind:", "date:", "size:", "ext:", "node:", "ca"]
)
def test_whatever_is_suggested_is_a_search_that_can_be_read(suggestions, text):
    answer = suggestions.at(text, len(text))
    for one in answer["items"]:
        completed = text[: answer["start"]] + one["insert"] + text[answer["end"] :]
        if one["kind"] == "field":
            completed += one["example"].removeprefix(one["insert"])
        assert parse(completed).children


# --- words of prompts ---------------------------------------------------------------------------


@pytest.fixture
def library(pack):
    texts = ["a red castle", "red castle", "red cat 2024", "Été 猫"]
    pack.images.store(
        [
            indexed_file(
                number,
                filename=f"{number}.png",
                prompt_hash=digest(text),
                prompt_text=text,
                negative_text="blurry",
            )
            for number, text in enumerate(texts)
        ]
    )
    return pack.images


def test_words_are_counted_over_all_prompts(library):
    words = Words(library)
    assert words.find("re", "prompt_text", 5) in ([], [("red", 3)])
    wait_until(lambda: words.find("re", "prompt_text", 5))
    assert words.find("ca", "prompt_text", 5) == [("castle", 2), ("cat", 1)]
    assert words.find("CA", "prompt_text", 1) == [("castle", 2)]
    assert words.find("bl", "negative_text", 5) == [("blurry", 4)]
    assert words.find("bl", "prompt_text", 5) == []
    assert words.find("ete", "prompt_text", 5) == [("ete", 1)]
    words.stop()


def test_numbers_and_single_signs_are_no_words_to_suggest(library):
    words = Words(library)
    wait_until(lambda: words.find("re", "prompt_text", 5))
    assert [word for word, _ in words.find("", "prompt_text", 50)] == [
        "red",
        "castle",
        "cat",
        "ete",
    ]
    words.stop()


def test_nodes_and_inputs_are_counted_in_the_workflows_that_have_them(pack):
    graphs = {
        "one": ("KSampler.steps=20\nLoad Checkpoint.ckpt_name=a", "first", 3),
        "two": ("KSampler.steps=20\nKSampler.cfg=7\nVAEDecode", "second", 1),
    }
    pack.images.store(
        [
            indexed_file(
                number,
                filename=f"{name}{number}.png",
                graph_hash=digest(f"{name}{number}"),
                graph_nodes=zlib.compress(lines.encode()),
                shape_hash=digest(shape),
                shape_label=shape,
            )
            for name, (lines, shape, times) in graphs.items()
            for number in range(times)
        ]
    )
    words = Words(pack.images)
    wait_until(lambda: words.nodes("", None, 9))
    assert words.nodes("", None, 9) == [
        ("KSampler", "", 4), ("Load Checkpoint", "", 3), ("VAEDecode", "", 1),
    ]  # fmt: skip
    assert words.nodes("check", None, 9) == [("Load Checkpoint", "", 3)]
    assert words.nodes("ksampler", "", 9) == [("KSampler", "steps", 4), ("KSampler", "cfg", 1)]
    assert words.nodes("KSampler", "st", 9) == [("KSampler", "steps", 4)]
    assert words.nodes("VAEDecode", "", 9) == []
    words.stop()


def test_new_words_are_counted_after_a_while(library):
    now = [0.0]
    words = Words(library, clock=lambda: now[0])
    wait_until(lambda: words.find("re", "prompt_text", 5))
    library.store(
        [indexed_file(9, filename="9.png", prompt_hash=digest("zebra"), prompt_text="zebra")]
    )
    assert words.find("ze", "prompt_text", 5) == []
    now[0] = 1000.0
    wait_until(lambda: words.find("ze", "prompt_text", 5))
    words.stop()
