"""The parameters of more than 600 graphs that others made."""

import pytest
import workflow_templates


@pytest.fixture(scope="module")
def templates():
    paths = workflow_templates.files()
    if not paths:
        pytest.skip(f"needs {workflow_templates.PACKAGE}, which run.py installs")
    return [workflow_templates.traced(path) for path in paths]


def test_no_template_of_comfyui_makes_the_tracer_fail(templates):
    assert sum(each.kind == "ui" for each in templates) >= 600
    assert [f"{each.name}: {each.failed}" for each in templates if each.failed] == []


def test_nine_in_ten_templates_with_encoder_and_sampler_give_their_positive_prompt(templates):
    asked = [each for each in templates if each.encodes]
    assert len(asked) >= 200
    missed = [each.name for each in asked if not each.found]
    assert len(missed) <= len(asked) / 10, missed
