"""The language of the search box: what it means, how it forgives, how it explains mistakes."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from holaf.holaf_core.errors import BadRequest
from holaf.holaf_image_viewer_backend import query_terms
from holaf.holaf_image_viewer_backend.media_types import FORMATS
from holaf.holaf_image_viewer_backend.query_fields import FIELDS
from holaf.holaf_image_viewer_backend.query_language import (
    LONGEST,
    MOST_TERMS,
    QueryError,
    chips,
    parse,
    unparse,
)
from holaf.holaf_image_viewer_backend.query_terms import (
    All,
    AnyOf,
    Compare,
    Has,
    Like,
    Lora,
    Mark,
    NameIs,
    NodeValue,
    Not,
    Regex,
    Words,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

TODAY = date(2026, 11, 21)
EPOCH = date(1970, 1, 1)


def day(text):
    return (date.fromisoformat(text) - EPOCH).days


def terms(text):
    return parse(text, TODAY).children


def only(text):
    (term,) = terms(text)
    return term


def mistake(text):
    with pytest.raises(QueryError) as caught:
        parse(text, TODAY)
    return caught.value


def read(text):
    """The terms, or the mistake."""
    try:
        return parse(text, TODAY)
    except QueryError as error:
        return error


def leaves(node):
    if isinstance(node, (All, AnyOf)):
        for child in node.children:
            yield from leaves(child)
    elif isinstance(node, Not):
        yield from leaves(node.child)
    else:
        yield node


# --- words --------------------------------------------------------------------------------------


def test_words_must_all_be_there():
    assert terms("red car") == (Words("red"), Words("car"))


def test_quotes_make_a_phrase_and_white_space_in_them_counts_once():
    assert only('"red   car"') == Words("red car", phrase=True)


def test_typographic_quotes_are_quotes():
    assert only("“red car”") == Words("red car", phrase=True)


def test_quotes_in_a_phrase_are_written_with_a_backslash():
    assert only(r'"a \"b\" c\\"') == Words('a "b" c\\', phrase=True)


def test_a_minus_excludes_and_one_within_a_word_does_not():
    assert terms("-blur photo-real") == (Not(Words("blur")), Words("photo-real"))


def test_not_excludes_too():
    assert only("NOT blur") == Not(Words("blur"))


def test_or_joins_its_two_neighbours_and_no_more():
    assert terms("a b OR c d") == (
        Words("a"),
        AnyOf((Words("b"), Words("c"))),
        Words("d"),
    )


def test_a_bar_is_an_or():
    assert only("a | b|c") == AnyOf((Words("a"), Words("b"), Words("c")))


def test_lower_case_or_is_a_word():
    assert terms("a or b") == (Words("a"), Words("or"), Words("b"))


def test_groups_hold_what_belongs_together():
    assert terms("(a b) OR c -(d e)") == (
        AnyOf((All((Words("a"), Words("b"))), Words("c"))),
        Not(All((Words("d"), Words("e")))),
    )


def test_a_group_of_terms_that_must_all_hold_is_those_terms():
    assert parse("(a (b))") == parse("a b")


def test_two_minuses_say_nothing():
    assert only("-(-a)") == Words("a")


def test_chinese_japanese_and_korean_words_are_words():
    assert terms("猫、屋根　고양이") == (Words("猫"), Words("屋根"), Words("고양이"))


def test_an_emoji_is_a_word():
    assert only("🦊") == Words("🦊")


@pytest.mark.parametrize(
    "text", ["", "   ", "-", "()", "(( ) -)", ")", '""', "//", ", ;", "OR", "*"]
)
def test_what_says_nothing_means_every_picture(text):
    assert parse(text) == All(())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ('red "old car', 'red "old car"'),
        ("(a OR (b c", "(a OR (b c))"),
        ("a) b", "a b"),
        ("a OR", "a"),
        ("OR a", "a"),
        ("a OR OR b", "a OR b"),
        ("a AND b", "a b"),
        ("/fo+", "/fo+/"),
        ("model: flux", "model:flux"),
        ("MODEL:flux", "model:flux"),
        ("model：flux", "model:flux"),
        ("model:flux, red", "model:flux red"),
        ("rating: >= 4", "rating:>=4"),
        ("steps=>20", "steps:>=20"),
        ("cfg≤4", "cfg:<=4"),
        ("steps:30..20", "steps:20..30"),
        ("steps:20-30", "steps:20..30"),
        ("steps:20…30", "steps:20..30"),
        ("cat*", "cat"),
        ("1girl, solo, best quality,", "1girl solo best quality"),
        ("(long hair:1.2), ((smile))", "long hair smile"),
        ("- blur", "blur"),
        ("neg:(bad hands)", "neg:bad neg:hands"),
        ("neg:-blurry", "-neg:blurry"),
        ("prompt:a,b", "prompt:a OR prompt:b"),
        ("lora:detail:0.8", "lora:detail=0.8"),
        ("rating:4★", "rating:4"),
        ("format:jpg", "format:=JPEG"),
        ("ext:.PNG", "ext:png"),
        ("has:edit", "has:edits"),
    ],
)
def test_reading_forgives(typed, meant):
    assert parse(typed, TODAY) == parse(meant, TODAY)


def test_parentheses_within_a_word_belong_to_it():
    assert terms("miku_(vocaloid) (a_(b))") == (Words("miku_(vocaloid)"), Words("a_(b)"))


def test_parentheses_after_a_backslash_are_text():
    assert terms(r"\(a b\)") == (Words("(a"), Words("b)"))


def test_a_colon_in_quotes_or_after_digits_is_text():
    assert terms('"modle:flux" 16:9') == (Words("modle:flux", phrase=True), Words("16:9"))


# --- fields -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where"),
    [("neg:x", "negative"), ("prompt:x", "prompt"), ("file:x", "file"), ("workflow:x", "workflow")],
)
def test_a_text_field_says_where_to_look(text, where):
    assert only(text) == Words("x", where=where)


def test_an_expression_searches_prompts_or_what_is_named():
    assert terms("/a[b-d]+/ neg:/x y/ file:/\\d{4}/ -/z/") == (
        Regex("a[b-d]+"),
        Regex("x y", "negative"),
        Regex(r"\d{4}", "file"),
        Not(Regex("z")),
    )


def test_a_slash_in_an_expression_needs_a_backslash():
    assert only(r"/a\/b\.c/") == Regex(r"a/b\.c")


def test_the_letter_c_after_an_expression_minds_upper_case():
    assert only("/Foo/c") == Regex("(?-i:Foo)")
    assert only("/Foo/i") == Regex("Foo")


def test_names_are_parts_unless_they_follow_an_equals_sign():
    assert terms('model:flux sampler:=euler tag:"my best"') == (
        NameIs("model", "flux"),
        NameIs("sampler", "euler", exact=True),
        NameIs("tag", "my best"),
    )


def test_commas_in_a_value_mean_any_of_these():
    assert only('model:flux,"sd xl"') == AnyOf((NameIs("model", "flux"), NameIs("model", "sd xl")))


def test_empty_quotes_mean_none_and_a_star_means_any():
    assert terms('model:"" model:* lora:"" lora:*') == (
        NameIs("model", "", exact=True),
        NameIs("model", ""),
        Not(Has("lora")),
        Has("lora"),
    )


def test_a_windows_path_keeps_its_backslashes():
    assert only(r"model:SDXL\juggernaut") == NameIs("model", r"SDXL\juggernaut")


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("lora:detail", Lora("detail")),
        ("lora:detail>=0.6", Lora("detail", ">=", 0.6)),
        ('lora:"my lora" <-1', Lora("my lora", "<", -1)),
        ("lora:=detail.safetensors", Lora("detail.safetensors", exact=True)),
        ("lora:>0.5", Lora("", ">", 0.5)),
    ],
)
def test_loras_have_a_name_and_a_strength(text, term):
    assert only(text) == term


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("steps:20", Compare("steps", "=", 20, 20)),
        ("steps:20..30", Compare("steps", "..", 20, 30)),
        ("steps:20..", Compare("steps", "..", 20, None)),
        ("cfg:..4.5", Compare("cfg", "..", None, 4.5)),
        ("cfg<4.5", Compare("cfg", "<", None, 4.5)),
        ("denoise:>=.5", Compare("denoise", ">=", 0.5, None)),
        ("seed:18446744073709551615", Compare("seed", "=", 2**64 - 1, 2**64 - 1)),
        ("width>1024px", Compare("width", ">", 1024, None)),
        ("size:>1MP", Compare("size", ">", 1_000_000, None)),
        ("size:1..2MP", Compare("size", "..", 1_000_000, 2_000_000)),
        ("size:<512x512", Compare("size", "<", None, 512 * 512)),
        ("size:>2MB", Compare("bytes", ">", 2 * 1024**2, None)),
        ("bytes:<=500kb", Compare("bytes", "<=", None, 500 * 1024)),
        ("duration:>1:30", Compare("duration", ">", 90, None)),
        ("duration:2m..", Compare("duration", "..", 120, None)),
        ("rating:>=4", Compare("rating", ">=", 4, None)),
    ],
)
def test_numbers_are_compared(text, term):
    assert only(text) == term


def test_a_rounded_size_or_duration_means_what_rounds_to_it():
    assert only("size:1.0MP") == Compare("size", "..", 950_000, 1_050_000)
    assert only("duration:5") == Compare("duration", "..", 4.5, 5.5)


def test_width_times_height_means_both():
    assert terms("size:1024x768") == (
        Compare("width", "=", 1024, 1024),
        Compare("height", "=", 768, 768),
    )


def test_unequal_excludes():
    assert only("steps:!=20") == Not(Compare("steps", "=", 20, 20))


def test_a_list_of_numbers_means_any_of_them():
    assert only("steps:20,30") == AnyOf(
        (Compare("steps", "=", 20, 20), Compare("steps", "=", 30, 30))
    )


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("date:2025", "2025-01-01", "2025-12-31"),
        ("date:2024-02", "2024-02-01", "2024-02-29"),
        ("date:2025-12", "2025-12-01", "2025-12-31"),
        ("date:2025-3-4", "2025-03-04", "2025-03-04"),
        ("date:2025-03..2025-05", "2025-03-01", "2025-05-31"),
        ("date:2025-03..", "2025-03-01", None),
        ("date:..2025", None, "2025-12-31"),
        ("date:>2025-03", "2025-04-01", None),
        ("date:<2025", None, "2024-12-31"),
        ("date:today", "2026-11-21", "2026-11-21"),
        ("date:yesterday", "2026-11-20", "2026-11-20"),
        ("date:7d", "2026-11-15", "2026-11-21"),
        ("date:week", "2026-11-15", "2026-11-21"),
    ],
)
def test_days_months_and_years_are_ranges_of_days(text, first, last):
    assert only(text) == Compare("mtime", "..", first and day(first), last and day(last))


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("node:KSampler", NodeValue("KSampler")),
        ("node:KSampler.denoise<0.5", NodeValue("KSampler", "denoise", "<", 0.5)),
        (
            "node:KSampler.sampler_name=euler",
            NodeValue("KSampler", "sampler_name", "=", "euler"),
        ),
        (
            'node:"Load Checkpoint"."ckpt name":"a b"',
            NodeValue("Load Checkpoint", "ckpt name", "=", "a b"),
        ),
        ("node:.steps>20", NodeValue("", "steps", ">", 20)),
        ("node:K.steps!=20", Not(NodeValue("K", "steps", "=", 20))),
        ("node:CheckpointLoader|pysssss", NodeValue("CheckpointLoader|pysssss")),
    ],
)
def test_nodes_are_named_by_type_input_and_value(text, term):
    assert only(text) == term


def test_pictures_are_alike_in_prompt_unless_said_otherwise():
    assert terms("like:12 like:seed:13 like:workflow:14") == (
        Like("prompt", 12),
        Like("seed", 13),
        Like("workflow", 14),
    )


def test_a_kind_of_file_is_all_formats_of_it():
    videos = {name for name, (kind, _) in FORMATS.items() if kind == "video"}
    term = only("kind:video")
    assert {child.text for child in term.children} == videos
    assert all(child.kind == "format" and child.exact for child in term.children)


@pytest.mark.parametrize("field", FIELDS, ids=lambda one: one.name)
def test_the_example_of_every_field_is_read_as_that_field(field):
    term = only(field.example)
    assert chips(parse(field.example), field.example)[0]["excluded"] is False
    assert term.span == (0, len(field.example))
    for name in field.also:
        assert only(name + field.example[len(field.name) :]) == term


# --- mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wrong", "says", "hint"),
    [
        ("red modle:flux", "modle:", "no field “modle”", "“model:”"),
        ("zzzzz:flux", "zzzzz:", "no field", '"zzzzz:flux"'),
        ("red model: ", "model: ", "Nothing follows", "model:flux"),
        ("model: sampler:euler", "model: ", "Nothing follows", "model:flux"),
        ("red steps:many", "many", "not a number", "steps:20..30"),
        ("steps:5MP", "5MP", "no unit", "steps:"),
        ("steps:..", "..", "at least one end", "steps:"),
        ("steps:>", ">", "missing", "steps:"),
        ("seed:18446744073709551616", "18446744073709551616", "whole number up to", "seed:"),
        ("bytes:99999999999999999999", "99999999999999999999", "too large", "bytes:"),
        ("date:2025-02-30", "2025-02-30", "There is no 2025-02-30", "date:"),
        ("date:soon", "soon", "not a day", "date:"),
        ("date:0001", "0001", "year", "date:"),
        ("a /b(c/", "(c", "not complete", "backslash"),
        ("/home/user", "user", "may stand i or c", '"/home/user"'),
        ("workflow:/x/", "/", "do not search workflows", "neg:/"),
        ("lora:detail>=much", ">=much", "strength is a number", "lora:detail>=0.6"),
        ("node:K.denoise<low", "low", "comes a number", "node:"),
        ("like:me", "me", "number of a picture", "like:seed:123"),
        ("like:taste:1", "taste:1", "alike", "like:seed:123"),
        ("has:promt", "promt", "knows prompt, workflow", "“prompt”"),
        ("kind:vidoe", "vidoe", "knows image, video", "“video”"),
    ],
)
def test_a_mistake_is_explained_where_it_stands(text, wrong, says, hint):
    error = mistake(text)
    assert isinstance(error, BadRequest)
    assert wrong == text[error.start : error.end]
    assert says in str(error)
    assert hint in error.hint
    assert error.details == {
        "field": "search",
        "start": error.start,
        "end": error.end,
        "hint": error.hint,
    }


def test_a_search_that_is_too_long_says_so_at_its_end():
    error = mistake("a" * (LONGEST + 1))
    assert (error.start, error.end) == (LONGEST, LONGEST + 1)
    assert "10,000" in str(error)


def test_ten_thousand_characters_can_be_searched_for():
    assert only("a" * LONGEST) == Words("a" * LONGEST)


def test_more_terms_than_any_search_needs_are_refused_where_they_begin():
    words = [f"w{number:03}" for number in range(MOST_TERMS + 1)]
    error = mistake(" ".join(words))
    assert error.start == 5 * MOST_TERMS
    assert "200" in str(error)


def test_the_same_word_again_is_one_word():
    assert parse("fox " * 2000) == parse("fox")
    assert parse("fox OR fox") == parse("fox")


@pytest.mark.parametrize("text", ["(" * 5000, "-(" * 5000, "a OR (" * 1600, "/" + "(" * 900])
def test_deep_nesting_is_refused(text):
    assert mistake(text).hint


# --- any text -----------------------------------------------------------------------------------

SNIPPETS = st.sampled_from(
    [
        *(f"{one.name}:" for one in FIELDS),
        *(one.example for one in FIELDS),
        *'()"/\\-,;:=<>|*. .._',
        " ",
        ">=",
        "!=",
        "..",
        " OR ",
        " NOT ",
        " AND ",
        '\\"',
        "\\(",
        "“",
        "”",
        "。",
        "red",
        "猫",
        "20",
        "0.5",
        "1024x768",
        "2MP",
        "1:30",
        "2025-03",
        "7d",
        "/fo+/",
        "/c",
        "\0",
        "\ud800",
        "\u3000",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(SNIPPETS, max_size=14).map("".join),
    st.text('()-"\\/ a:*', max_size=30),
)


@settings(max_examples=1500)
@given(TEXTS)
@example("OR.")
@example("a\\*")
@example("-(b OR foo\\*)")
@example("NODE:<")
@example('lora:="5"')
@example("/a)(b/c")
@example("duration:0..0:00")
@example("date:>2999")
@example("date:<1900")
@example('ext:="..png"')
@example("size:0.000000000001MP")
def test_any_text_is_read_or_refused_and_means_the_same_when_written_again(text):
    node = read(text)
    if isinstance(node, QueryError):
        assert 0 <= node.start <= node.end <= len(text)
        assert node.hint
        return
    assert isinstance(node, All)
    hash(node)
    for leaf in leaves(node):
        start, end = leaf.span
        assert 0 <= start < end <= len(text)
    again = read(unparse(node))
    if isinstance(again, QueryError):
        # The formats of a kind, and quotes, take more room than what was typed.
        assert "more than" in str(again)
        return
    assert again == node


@settings(max_examples=400)
@given(TEXTS)
def test_chips_stand_where_the_terms_are_and_can_be_taken_out(text):
    try:
        node = parse(text, TODAY)
    except QueryError:
        return
    shown = chips(node, text)
    json.dumps(shown)
    end = 0
    for chip in shown:
        assert end <= chip["start"] < chip["end"] <= len(text)
        assert chip["text"] == text[chip["start"] : chip["end"]]
        end = chip["end"]


def test_a_chip_tells_what_it_is_and_whether_it_excludes():
    text = 'red -"old car" NOT model:flux,sdxl lora:x>=0.5 size:1024x768 (a OR /b/)'
    shown = chips(parse(text), text)
    assert [(chip["text"], chip["kind"], chip["excluded"]) for chip in shown] == [
        ("red", "word", False),
        ('-"old car"', "phrase", True),
        ("NOT model:flux,sdxl", "model", True),
        ("lora:x>=0.5", "lora", False),
        ("size:1024x768", "width", False),
        ("(a OR /b/)", "group", False),
    ]
    assert [chip["label"] for chip in shown][:4] == [
        "red",
        "“old car”",
        "Model: flux, sdxl",
        "LoRA: x >= 0.5",
    ]
    for chip in shown:
        rest = text[: chip["start"]] + text[chip["end"] :]
        assert len(chips(parse(rest), rest)) == len(shown) - 1


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("fav:yes", "Favourite: yes"),
        ("label:red", "Label: red"),
        ("note:retouch", "Note: retouch"),
        ('collection:="best of"', "Collection is best of"),
        ("size:1024x768", "Size: 1024x768"),
        ("resolution:>1MP", "Size: >1MP"),
        ("kind:video", "Kind: video"),
        ("steps:20,30", "Steps: 20, 30"),
        ("cfg<=4", "CFG: <=4"),
        ("Steps：20..30", "Steps: 20..30"),
        ('model:"sd xl",flux', 'Model: "sd xl", flux'),
        ("(width:>5)", "Width: >5"),
        ("model:=juggernaut", "Model is juggernaut"),
        ("model:juggernaut", "Model: juggernaut"),
        ('model:""', "Model: none"),
        ("model:*", "Model: any"),
        ("lora:=ink>0.5", "LoRA is ink > 0.5"),
        ("model:a OR model:b", "model:a OR model:b"),
    ],
)
def test_a_chip_calls_a_field_by_its_name(text, label):
    assert [chip["label"] for chip in chips(parse(text), text)] == [label]


def test_reading_looks_at_a_text_a_fixed_number_of_times():
    """Twice the text, twice the work, whatever it consists of: counted, not timed."""

    class Counting(str):
        looks = 0

        def __getitem__(self, key):
            if isinstance(key, int):
                Counting.looks += 1
            return super().__getitem__(key)

    from holaf.holaf_image_viewer_backend import query_language

    for piece in ('"', "a(", "-", "x|", "\\(", ", ", "“", "*", ")"):
        counts = []
        for length in (2000, 4000):
            Counting.looks = 0
            parser = query_language._Parser(Counting(piece * (length // len(piece))), TODAY)
            try:
                parser.whole()
            except QueryError:
                break
            counts.append(Counting.looks)
        if len(counts) == 2:
            assert counts[1] <= 2.2 * counts[0], piece


def test_every_kind_of_term_is_known_by_its_name():
    """`matching` decides by these classes and names; a new one must be taught there."""
    assert set(query_terms.NUMBERS) == {one.target for one in FIELDS if one.takes == "number"}
    assert set(query_terms.NAME_KINDS) == {one.target for one in FIELDS if one.takes == "name"}
    assert set(query_terms.TEXTS) - {"any"} == {one.target for one in FIELDS if one.takes == "text"}


def test_marks_are_read_and_what_is_no_mark_is_explained():
    assert only("favourite:yes") == Mark("favourite", "yes")
    assert only("-fav:yes") == only("favorite:no") == Not(Mark("favourite", "yes"))
    assert terms("label:red,none") == (AnyOf((Mark("label", "red"), Mark("label", "none"))),)
    assert only("label:*") == Mark("label", "any")
    assert only('note:"second try"') == Words("second try", True, "note")
    assert "red, orange" in str(mistake("label:pink"))
    assert "yes, no" in str(mistake("favourite:7"))
    assert "notes" in str(mistake("note:/x/"))


def test_the_user_page_has_examples_that_are_all_read():
    page = (Path(__file__).resolve().parents[2] / "docs" / "search.md").read_text(encoding="utf-8")
    examples = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    examples += [
        line
        for block in re.findall(r"```\n(.*?)```", page, re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(examples) > 40
    for text in examples:
        assert parse(text.replace("\\|", "|"), TODAY).children, text
    for field in FIELDS:
        assert f"`{field.name}:" in page, field.name
