"""What stands where in a view, as the bar beside the pictures says it."""

from __future__ import annotations

import itertools

import pytest
from library_rows import indexed_file, made_with, set_made_with

TOTAL = 900


@pytest.fixture
def database(tmp_path):
    from holaf.holaf_database import ImageDatabase

    database = ImageDatabase(tmp_path / "holaf.sqlite")
    yield database
    database.close()


@pytest.fixture
def engine(database):
    from holaf.holaf_image_viewer_backend.views import ViewEngine

    return ViewEngine(database)


@pytest.fixture
def library(database):
    """{id: (file, how it was made)}"""
    files = [indexed_file(n, duration=n / 7 if n % 3 else 0.0) for n in range(TOTAL)]
    ids = database.store(files).added_ids
    made = {image_id: made_with(n) for n, image_id in enumerate(ids)}
    set_made_with(database, made)
    return {one: (file, made[one]) for one, file in zip(ids, files, strict=True)}


def opened(engine, **asked):
    from holaf.holaf_image_viewer_backend.query import parse

    return engine.open(parse(asked))


VALUES = {
    "name": lambda file, made: file.filename,
    "size": lambda file, made: file.size_bytes,
    "resolution": lambda file, made: (file.width, file.height),
    "duration": lambda file, made: pytest.approx(file.duration, rel=1e-6),
    "seed": lambda file, made: "" if made["seed"] is None else str(made["seed"]),
    "rating": lambda file, made: made["rating"],
    "model": lambda file, made: made["model"] or "",
    "mtime": lambda file, made: pytest.approx(file.mtime_ns / 1e9),
}


@pytest.mark.parametrize("way", ["asc", "desc"])
@pytest.mark.parametrize("key", VALUES)
def test_each_mark_says_what_the_picture_at_its_place_has(engine, library, key, way):
    view = opened(engine, sort=f"{key}_{way}")
    found = engine.marks(view.id)
    assert found["by"] == key
    starts = [mark["start"] for mark in found["marks"]]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    for mark in found["marks"]:
        assert mark["value"] == VALUES[key](*library[view.ids[mark["start"]]])


@pytest.mark.parametrize("key", ["rating", "model", "resolution"])
def test_where_values_are_few_each_has_one_mark_where_it_begins(engine, library, key):
    view = opened(engine, sort=f"{key}_desc")
    found = engine.marks(view.id)
    values = [VALUES[key](*library[one]) for one in view.ids.tolist()]
    runs = [
        next(places)[0] for _, places in itertools.groupby(enumerate(values), lambda one: one[1])
    ]
    assert found["exact"]
    assert [mark["start"] for mark in found["marks"]] == runs


def test_where_values_are_many_marks_are_spread_from_one_end_to_the_other(engine, library):
    found = engine.marks(opened(engine, sort="seed_asc").id)
    starts = [mark["start"] for mark in found["marks"]]
    assert not found["exact"]
    assert len(starts) == 400
    assert (starts[0], starts[-1]) == (0, TOTAL - 1)
    assert max(b - a for a, b in itertools.pairwise(starts)) <= TOTAL / 400 + 1


def test_one_position_can_be_asked_for(engine, library):
    view = opened(engine, sort="seed_asc")
    for at in (0, 456, TOTAL - 1):
        (mark,) = engine.marks(view.id, at)["marks"]
        assert mark == {"start": at, "value": VALUES["seed"](*library[view.ids[at]])}
    assert engine.marks(view.id, TOTAL)["marks"] == []


def test_groups_that_are_too_many_to_name_are_what_the_marks_are_of(engine, library, monkeypatch):
    from holaf.holaf_image_viewer_backend import groups

    monkeypatch.setattr(groups, "MOST_GROUPS", 5)
    view = opened(engine, sort="name_asc", group="prompt")
    assert view.groups.left_out > 5
    found = engine.marks(view.id)
    assert found["by"] == "prompt"
    for mark in found["marks"]:
        assert mark["value"] == library[view.ids[mark["start"]]][0].prompt_text


def test_a_random_order_and_an_empty_view_have_no_marks(engine, library):
    assert engine.marks(opened(engine, sort="random_asc", random_seed=3).id)["marks"] == []
    nothing = opened(engine, sort="model_asc", search="nosuchword")
    assert engine.marks(nothing.id)["marks"] == []


def test_a_picture_that_has_gone_since_leaves_its_place_out(engine, database, library):
    view = opened(engine, sort="seed_asc")
    first = library[view.ids[0]][0]
    database.store(removed=[first.path_canon])
    assert engine.marks(view.id, 0)["marks"] == []
    assert len(engine.marks(view.id)["marks"]) == 399


@pytest.mark.parametrize("key", VALUES)
def test_what_has_gone_has_no_mark_in_any_order_and_splits_no_other(engine, database, library, key):
    view = opened(engine, sort=f"{key}_asc")
    before = engine.marks(view.id)
    gone = {17, 450, TOTAL - 1}
    database.store(removed=[library[view.ids[at]][0].path_canon for at in gone])
    after = engine.marks(view.id)
    if before["exact"]:
        assert [one["value"] for one in after["marks"]] == [one["value"] for one in before["marks"]]
    else:
        assert after["marks"] == [one for one in before["marks"] if one["start"] not in gone]


@pytest.mark.parametrize("key", VALUES)
def test_of_a_library_that_has_become_empty_nothing_is_marked(engine, database, library, key):
    view = opened(engine, sort=f"{key}_asc")
    database.store(removed=[file.path_canon for file, _ in library.values()])
    assert engine.marks(view.id)["marks"] == []
    assert engine.marks(view.id, 5)["marks"] == []


def test_months_are_known_wherever_pictures_are_grouped_by_their_dates(engine, library):
    for asked in ({"sort": "name_asc", "group": "day"}, {"sort": "size_desc", "group": "month"}):
        view = opened(engine, **asked)
        days = {one: file.mtime_ns for one, (file, _) in library.items()}
        months = view.months.as_list()
        assert [one["key"] for one in months] == sorted({one["key"] for one in months})[::-1]
        assert sum(one["count"] for one in months) == len(days)
    assert opened(engine, sort="name_asc").months.as_list() == []
