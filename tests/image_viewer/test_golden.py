"""The metadata reader against what people read off graphs and texts by hand (tests/golden)."""

import golden_cases
import pytest
from holaf.holaf_image_viewer_backend.metadata import read_metadata

CASES = golden_cases.cases()


def verdicts(case, folder):
    if case.missing():
        pytest.skip(f"needs {case.missing()}, which run.py fetches")
    return list(golden_cases.judge(case, read_metadata(str(case.write(folder)))))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_field_of_a_golden_case_is_wrong_and_called_certain(case, tmp_path):
    assert not [str(each) for each in verdicts(case, tmp_path) if each.verdict == "wrong"]


def test_of_the_golden_fields_98_percent_are_right(tmp_path):
    score = golden_cases.score(read_metadata, tmp_path)
    missed = "\n".join(str(each) for each in score.verdicts if each.verdict != "right")
    assert score.percent >= 98, missed


def test_the_golden_corpus_is_large_enough_and_partly_by_others():
    assert len(CASES) >= 60
    assert sum(case.by_others for case in CASES) >= 20


def test_the_judge_tells_right_from_missed_and_wrong():
    case = golden_cases.Case(
        "x",
        {
            "expected": {
                "positive": " a fox ",
                "negative": None,
                "cfg": 0.87,
                "steps": 20,
                "vae": None,
                "samplers": [{"steps": 20}],
            }
        },
    )
    answer = {
        "prompt": "a fox",
        "prompt_status": "ok",
        "negative_prompt": None,
        "negative_prompt_status": "ok",
        "facts": {
            "cfg": {"value": 0.8700000000000001, "status": "ok"},
            "steps": {"value": 20, "status": "partial"},
            "vae": {"value": "x", "status": "partial"},
        },
        "samplers": [{"steps": {"value": 21, "status": "ok"}}, {}],
    }
    found = {each.field: each.verdict for each in golden_cases.judge(case, answer)}
    assert found == {
        "positive": "right",
        "negative": "wrong",
        "cfg": "right",
        "steps": "missed",
        "vae": "right",
        "samplers": "wrong",
        "samplers[0].steps": "wrong",
    }
