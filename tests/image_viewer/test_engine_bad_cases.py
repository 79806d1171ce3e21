"""What view engines break at: one timestamp, nothing found, 50,000 values, commits meanwhile."""

import gc
import threading

import numpy as np
import pytest
from holaf.holaf_core.errors import BadRequest, NotFound
from holaf.holaf_database import ImageDatabase
from holaf.holaf_image_viewer_backend import groups as groups_module
from holaf.holaf_image_viewer_backend.facet_values import FACETS
from holaf.holaf_image_viewer_backend.query import parse
from holaf.holaf_image_viewer_backend.views import ViewEngine
from library_rows import indexed_file, made_with, set_made_with


@pytest.fixture
def database(tmp_path):
    database = ImageDatabase(tmp_path / "images.sqlite")
    yield database
    database.close()


@pytest.fixture
def engine(database):
    engine = ViewEngine(database)
    yield engine
    engine.stop()


def test_files_of_one_timestamp_are_in_the_order_of_their_ids(database, engine):
    files = [indexed_file(n, mtime_ns=1_700_000_000 * 10**9) for n in range(500)]
    ids = sorted(database.store(files).added_ids)
    view = engine.open(parse({"sort": "mtime_desc", "group": "day"}))
    assert view.ids.tolist() == ids[::-1]
    assert [one["count"] for one in view.groups.as_list()] == [500]
    assert [one["count"] for one in view.months.as_list()] == [500]
    (last,) = database.store([indexed_file(900, mtime_ns=1_700_000_000 * 10**9)]).added_ids
    again = engine.open(view.query)
    assert again.ids.tolist() == [last, *ids[::-1]]
    assert len(engine.patch(view.id, again)["inserted"]) == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"search": "nosuchwordanywhere"},
        {"facets": {"model": {"any": ["nosuch"]}}},
        {"facets": {"tag": {"any": ["nosuch"]}}},
        {"folder_filters": ["nosuch"]},
        {"startDate": "2199-01-01"},
    ],
)
def test_a_filter_that_matches_nothing_is_empty_in_every_order_and_group(database, engine, asked):
    ids = database.store([indexed_file(n) for n in range(40)]).added_ids
    set_made_with(database, {one: made_with(one) for one in ids})
    for sort in ("mtime_desc", "name_asc", "seed_asc", "random_asc", "model_desc"):
        for group in (None, *groups_module.GROUPS):
            view = engine.open(parse({**asked, "sort": sort, "group": group}))
            assert (view.ids.tolist(), view.groups.as_list(), view.months.as_list()) == ([], [], [])
            assert view.layout() == b"\0\0\0\0"
    answer = engine.facets(asked)
    assert answer["total"] == 0
    for value in answer["facets"]["model"]["values"]:
        if value["state"] is None and "model" not in asked.get("facets", {}):
            assert value["count"] == 0


def test_an_empty_library_has_views_and_facets(database, engine):
    for group in (None, *groups_module.GROUPS):
        assert engine.open(parse({"group": group, "sort": "random_desc"})).ids.tolist() == []
    answer = engine.facets({})
    assert answer["total"] == 0
    assert all(one["distinct"] == 0 for one in answer["facets"].values())
    engine.save_snapshot()
    assert ViewEngine(database).open(parse({})).ids.tolist() == []


def test_a_facet_with_50_000_values_gives_the_most_frequent_and_finds_any(database, engine):
    ids = database.store([indexed_file(n, prompt_hash=None) for n in range(3)]).added_ids

    def job(db, rev):
        db.executemany(
            "INSERT INTO names (kind, name) VALUES ('model', ?)",
            [(f"merge {n:05}.safetensors",) for n in range(50_000)],
        )
        columns = [row[1] for row in db.execute("PRAGMA table_info(images)")]
        kept = [c for c in columns if c not in ("id", "path_canon", "model_id", "rev")]
        db.execute(
            f"INSERT INTO images (path_canon, model_id, rev, {', '.join(kept)}) "  # noqa: S608
            f"SELECT 'copy/' || names.id, names.id, ?, {', '.join(f'images.{c}' for c in kept)} "
            "FROM names JOIN images ON images.id = ? WHERE names.kind = 'model'",
            (rev, ids[0]),
        )
        favourite = db.execute("SELECT id FROM names WHERE name LIKE 'merge 31415%'").fetchone()[0]
        db.execute(
            "UPDATE images SET model_id = ?, rev = ? WHERE id IN (?, ?)",
            (favourite, rev, ids[1], ids[2]),
        )

    database._change(job)
    found = engine.facets({"names": ["model"], "limit": 20})["facets"]["model"]
    assert (found["distinct"], found["shown"]) == (50_001, 20)  # one has no model
    assert found["values"][0]["label"] == "merge 31415.safetensors"
    assert found["values"][0]["count"] == 3
    wanted = {"find": {"name": "model", "text": "4242 MERGE"}, "limit": 100}
    found = engine.facets(wanted)["facets"]["model"]
    assert {one["value"] for one in found["values"]} == {
        f"merge {n:05}.safetensors" for n in range(50_000) if "4242" in f"{n:05}"
    }
    chosen = {"facets": {"model": {"any": ["merge 40000.safetensors"]}}, "limit": 5}
    found = engine.facets(chosen)
    assert found["total"] == 1
    states = {one["value"]: one["state"] for one in found["facets"]["model"]["values"]}
    assert states["merge 40000.safetensors"] == "any"
    view = engine.open(parse({"group": "model", "sort": "name_asc"}))
    assert view.groups.left_out == 50_001
    assert view.groups.as_list() == []


def test_sizes_beyond_four_gigabytes_are_sorted_exactly(database, engine):
    sizes = [2**32 - 2, 2**32 - 1, 2**32, 2**40, 5]
    ids = database.store([indexed_file(n, size_bytes=s) for n, s in enumerate(sizes)]).added_ids
    expected = [one for _, one in sorted(zip(sizes, ids, strict=True))]
    assert engine.open(parse({"sort": "size_asc"})).ids.tolist() == expected
    assert engine.open(parse({"search": "bytes:>4294967295"})).total_count == 5
    engine.save_snapshot()
    assert ViewEngine(database).open(parse({"sort": "size_asc"})).ids.tolist() == expected


def test_a_commit_does_not_wait_for_a_view_that_is_being_made(database, engine):
    database.store([indexed_file(n) for n in range(50)])
    engine.load()
    reached, go_on, results = threading.Event(), threading.Event(), []

    class Slow:
        def prompts(self, pattern, where, rev):
            reached.set()
            assert go_on.wait(30)
            return np.empty(0, np.uint32)

    engine._patterns = Slow()
    reader = threading.Thread(
        target=lambda: results.append(engine.open(parse({"search": "/slow/"})))
    )
    reader.start()
    assert reached.wait(30)
    rev = database.rev()
    database.store([indexed_file(99)])  # would wait for ever if views and commits shared a lock
    assert engine.total() == 51
    assert len(engine.open(parse({})).ids) == 51
    go_on.set()
    reader.join(30)
    assert results[0].rev == rev
    assert results[0].total_count == 50


def test_a_large_commit_makes_few_objects_that_the_collector_tracks(database, engine):
    database.store([indexed_file(n) for n in range(50)])
    engine.load()
    # What is imported or made once by the first commit of all is not counted.
    database.store([indexed_file(n) for n in range(60, 70)])
    files = [indexed_file(n) for n in range(100, 3100)]
    taken = []
    refresh = engine._columns.refresh

    def counted():
        gc.collect()
        before = len(gc.get_objects())
        found = refresh()
        taken.append(len(gc.get_objects()) - before)
        return found

    engine._columns.refresh = counted
    database.store(files)
    assert taken
    assert taken[0] < 500


def test_a_folder_that_is_renamed_has_its_new_name_at_once(database, engine):
    database.store([indexed_file(n, folder="old") for n in range(5)])
    assert engine.total() == 5
    database.move_folder("output", "old", "output", "new")
    assert [one["path"] for one in engine.folder_counts()] == ["new"]
    assert len(engine.open(parse({"folder_filters": ["new"]})).ids) == 5
    values = engine.facets({"names": ["folder"]})["facets"]["folder"]["values"]
    assert [(one["value"], one["count"]) for one in values] == [("new", 5)]


def test_ranges_of_a_view_are_a_selection_whatever_came_since(database, engine):
    database.store([indexed_file(n) for n in range(30)])
    view = engine.open(parse({"sort": "name_asc"}))
    shown = view.ids.tolist()
    database.store([indexed_file(n) for n in range(100, 110)])
    assert engine.ids_of(view.id, [(0, 30)]) == shown
    assert engine.ids_of(view.id, [(20, 5), (0, 2), (1, 3)]) == [*shown[:4], *shown[20:25]]
    assert engine.ids_of(view.id, [(29, 10**15), (10**15, 1)]) == shown[29:]
    assert engine.ids_of(view.id, []) == []
    with pytest.raises(NotFound):
        engine.ids_of("nosuch", [(0, 1)])
    # Fewer bits than pictures, and more: those that are missing are not set.
    assert engine.ids_with(view.id, bytes([0b101, 0b10])) == [shown[0], shown[2], shown[9]]
    assert engine.ids_with(view.id, b"\xff" * 100) == shown
    assert engine.ids_with(view.id, b"") == []
    with pytest.raises(NotFound):
        engine.ids_with("nosuch", b"")


def test_one_random_seed_is_one_order_also_when_pictures_come(database, engine):
    database.store([indexed_file(n) for n in range(200)])
    asked = {"sort": "random_asc", "random_seed": 7}
    before = engine.open(parse(asked)).ids.tolist()
    assert before != engine.open(parse({**asked, "random_seed": 8})).ids.tolist()
    fresh = set(database.store([indexed_file(n) for n in range(500, 510)]).added_ids)
    after = engine.open(parse(asked)).ids.tolist()
    assert [one for one in after if one not in fresh] == before


def test_too_many_prompts_to_name_are_one_list(database, engine, monkeypatch):
    monkeypatch.setattr(groups_module, "MOST_GROUPS", 3)
    database.store([indexed_file(n) for n in range(60)])
    view = engine.open(parse({"group": "prompt"}))
    assert view.groups.left_out > 3
    assert len(view.ids) == 60


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"facets": []}, "facets"),
        ({"facets": {"wings": {"any": ["x"]}}}, "facets.wings"),
        ({"facets": {"model": ["x"]}}, "facets.model"),
        ({"facets": {"model": {"all": ["x"]}}}, "facets.model"),
        ({"facets": {"model": {"any": [1]}}}, "facets.model.any"),
        ({"facets": {"model": {"none": "x"}}}, "facets.model.none"),
        ({"facets": {"tag": {"any": ["x"] * 1001}}}, "facets.tag.any"),
        ({"random_seed": -1}, "random_seed"),
        ({"random_seed": True}, "random_seed"),
        ({"group": "wings"}, "group"),
        ({"sort": "random"}, "sort"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused_and_named(data, field):
    with pytest.raises(BadRequest) as refused:
        parse(data)
    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"names": "model"}, "names"),
        ({"names": ["wings"]}, "names"),
        ({"names": [[]]}, "names"),
        ({"limit": -1}, "limit"),
        ({"find": {"name": "model"}}, "find"),
        ({"find": {"name": [], "text": ""}}, "find.name"),
        ({"find": {"name": "tag", "text": 3}}, "find.text"),
    ],
)
def test_a_question_for_facets_that_cannot_be_meant_is_refused(engine, data, field):
    with pytest.raises(BadRequest) as refused:
        engine.facets(data)
    assert refused.value.details["field"] == field


def test_the_same_question_for_facets_is_answered_from_memory_until_something_changes(
    database, engine
):
    database.store([indexed_file(1)])
    first = engine.facets({"names": list(FACETS)})
    assert engine.facets({}) is first
    database.store([indexed_file(2)])
    assert engine.facets({})["total"] == 2
