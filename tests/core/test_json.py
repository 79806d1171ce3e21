"""JSON as pictures carry it, and as browsers can read it, with orjson and without."""

import dataclasses
import json as standard

import numpy as np
import pytest
from holaf.holaf_core import json


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: float


@pytest.fixture(params=["orjson", "standard library"])
def either(request, monkeypatch):
    if request.param == "orjson":
        pytest.importorskip("orjson")
    else:
        monkeypatch.setattr(json, "orjson", None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, "é", None, True]}, {"a": [1, "é", None, True]}),
        ([float("nan"), float("inf"), 0.5], [None, None, 0.5]),
        (Point(1, 2.5), {"x": 1, "y": 2.5}),
        ([Point(1, float("nan"))], [{"x": 1, "y": None}]),
        ({"seed": 2**64 - 1}, {"seed": 2**64 - 1}),
        ({"seed": 2**70}, {"seed": 2**70}),
        (["half \ud83d"], ["half \ud83d"]),
        (np.array([1, 2]), [1, 2]),
    ],
)
def test_whatever_a_picture_carries_becomes_json_a_browser_reads(either, value, expected):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    assert standard.loads(json.dumps(value), parse_constant=refuse) == expected


@pytest.mark.parametrize("text", ["{", "NaN", '{"a": Infinity}', ""])
def test_what_is_not_json_is_refused(either, text):
    with pytest.raises(ValueError, match=r".*"):
        json.loads(text)


def test_nan_in_a_picture_is_tolerated(either):
    assert str(json.loads_lenient('{"cfg": NaN}')["cfg"]) == "nan"
