"""What a list request may say, and what it is told when it says something else."""

import pytest
from holaf.holaf_core.errors import BadRequest
from holaf.holaf_image_viewer_backend.query import Query, parse, parse_page, terms
from holaf.holaf_image_viewer_backend.query_terms import Not, Words


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"folder_filters": [], "format_filters": None, "bool_filters": {}, "tags_filter": []},
        {"search": "", "startDate": "", "endDate": None, "prompt_search": "   "},
        {"bool_filters": {"has_prompt": None}},
    ],
)
def test_absent_null_and_empty_filter_nothing(data):
    assert parse(data) == Query()
    assert not parse(data).is_filtered


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"offset": -1}, "offset"),
        ({"offset": 1.5}, "offset"),
        ({"limit": True}, "limit"),
        ({"limit": "10"}, "limit"),
    ],
)
def test_a_page_that_is_no_number_from_0_up_is_refused(data, field):
    with pytest.raises(BadRequest) as refused:
        parse_page(data)
    assert refused.value.details["field"] == field


def test_a_huge_limit_is_cut_to_5000():
    assert parse_page({"limit": 10**9, "offset": 10**15}) == (10**15, 5000)
    assert parse_page({}) == (0, 200)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"unknown": 1}, "unknown"),
        ({"folder_filters": "a"}, "folder_filters"),
        ({"format_filters": [1]}, "format_filters"),
        ({"bool_filters": {"has_wings": True}}, "bool_filters.has_wings"),
        ({"bool_filters": {"has_prompt": 1}}, "bool_filters.has_prompt"),
        ({"sort": "mtime"}, "sort"),
        ({"sort": "colour_desc"}, "sort"),
        ({"sort": ["mtime_desc"]}, "sort"),
        ({"startDate": "21.11.2026"}, "startDate"),
        ({"endDate": 20261121}, "endDate"),
        ({"workflow_sources": ["elsewhere"]}, "workflow_sources"),
        ({"workflow_sources": [[]]}, "workflow_sources"),
        ({"search": ["a"]}, "search"),
        ({"search": "x" * 10_001}, "search"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_named(data, field):
    with pytest.raises(BadRequest) as refused:
        parse(data)
    assert refused.value.details["field"] == field


def test_equal_filters_are_equal_whatever_their_order():
    one = parse({"format_filters": ["png", "WEBP"], "bool_filters": {"has_tags": False}})
    two = parse({"bool_filters": {"has_tags": False}, "format_filters": ["webp", "PNG", "png"]})
    assert one == two
    assert hash(one) == hash(two)


def test_words_phrases_and_a_minus_are_told_apart():
    assert terms('cat "old  car" -"no dogs" -mouse a-b "open', "prompt") == (
        Words("cat", where="prompt"),
        Words("old  car", phrase=True, where="prompt"),
        Not(Words("no dogs", phrase=True, where="prompt")),
        Not(Words("mouse", where="prompt")),
        Words("a-b", where="prompt"),
        Words("open", phrase=True, where="prompt"),
    )
