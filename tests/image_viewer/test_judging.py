"""Rating, tagging and noting pictures over HTTP, and undoing it."""

import asyncio

import numpy as np
import pytest
from holaf import holaf_image_undo
from holaf.holaf_database import ImageDatabase
from holaf.holaf_image_judging import Change, Judging
from holaf.holaf_image_viewer_backend.columns import Columns
from library_rows import indexed_file


@pytest.fixture
def library(pack):
    """Fills the library with rows that have no file; their ids."""

    async def fill(count):
        files = [indexed_file(n) for n in range(count)]
        return (await asyncio.to_thread(pack.images.store, files)).added_ids

    return fill


@pytest.fixture
def ask(quiet_client):
    async def ask(path, data=None):
        url = "/holaf/images/" + path
        call = quiet_client.get(url) if data is None else quiet_client.post(url, json=data)
        async with await call as response:
            return response.status, await response.json()

    return ask


@pytest.fixture
def judged(ask):
    async def judged(image_id):
        return (await ask(f"judged?id={image_id}"))[1]

    return judged


async def test_a_picture_gets_all_that_one_can_think_of_it(ask, library, judged):
    (one,) = await library(1)
    change = {"rating": 4, "favourite": True, "label": "red", "note": "so\r\nwhat"}
    status, answer = await ask("judge", {"ids": [one], **change, "add_tags": ["cat"]})
    assert status == 200
    assert answer["changed"] == 1
    assert answer["tags"] == [{"name": "cat", "from_file": False}]
    assert await judged(one) == {
        "id": one,
        **change,
        "note": "so\nwhat",
        "tags": [{"name": "cat", "from_file": False}],
        "collections": [],
    }
    _, listed = await ask("list", {})
    (row,) = listed["images"]
    assert [row[name] for name in ("rating", "favourite", "label")] == [4, True, "red"]
    assert row["has_tags"] is True


async def test_undo_puts_back_exactly_what_was_replaced(ask, library, judged):
    ids = await library(6)
    await ask("judge", {"ids": ids[:2], "rating": 2, "add_tags": ["a", "b"]})
    await ask("judge", {"ids": ids[2:3], "rating": 5, "note": "x", "label": "blue"})
    before = [await judged(one) for one in ids]
    change = {"rating": 5, "favourite": True, "label": "red", "note": "", "add_tags": ["b", "c"]}
    _, answer = await ask("judge", {"ids": ids, **change, "remove_tags": ["A"]})
    assert answer["changed"] == 6
    assert [(await judged(one))["rating"] for one in ids] == [5] * 6
    assert [one["name"] for one in (await judged(ids[0]))["tags"]] == ["b", "c"]
    assert await ask("judge/undo", {"undo": answer["undo"]}) == (200, {"changed": 6})
    assert [await judged(one) for one in ids] == before
    status, refused = await ask("judge/undo", {"undo": answer["undo"]})
    assert (status, refused["gone"]) == (404, True)


async def test_undo_leaves_what_somebody_changed_since(ask, library, judged):
    ids = await library(3)
    _, answer = await ask("judge", {"ids": ids, "rating": 3})
    await ask("judge", {"ids": ids[:1], "rating": 5})
    assert await ask("judge/undo", {"undo": answer["undo"]}) == (200, {"changed": 2})
    assert [(await judged(one))["rating"] for one in ids] == [5, 0, 0]


async def test_what_changes_nothing_makes_no_revision(pack, ask, library):
    ids = await library(2)
    await ask("judge", {"ids": ids, "rating": 3, "add_tags": ["x"]})
    before = pack.images.rev()
    again = {"ids": ids, "rating": 3, "favourite": False, "add_tags": ["X"], "remove_tags": ["y"]}
    assert await ask("judge", again) == (200, {"changed": 0, "undo": None})
    assert pack.images.rev() == before


async def test_two_browsers_rate_one_picture_and_both_see_the_last(ask, library):
    (one,) = await library(1)
    views = [(await ask("view", {}))[1]["view"] for _ in range(2)]
    answers = await asyncio.gather(
        *(ask("judge", {"ids": [one], "rating": rating}) for rating in (2, 5))
    )
    assert [status for status, _ in answers] == [200, 200]
    seen = []
    for view in views:
        _, fresh = await ask("view", {"since": view})
        assert fresh["patch"]["changed"] == [one]
        _, rows = await ask(f"rows?view={fresh['view']}&from=0&count=1")
        seen.append(rows["rows"][0]["rating"])
    assert seen[0] == seen[1]
    assert seen[0] in (2, 5)


async def test_a_note_that_was_changed_elsewhere_is_not_overwritten(ask, library, judged):
    (one,) = await library(1)
    assert (await ask("judge", {"ids": [one], "note": "first", "note_before": ""}))[0] == 200
    status, refused = await ask("judge", {"ids": [one], "note": "second", "note_before": ""})
    assert (status, refused["note"]) == (409, "first")
    assert (await judged(one))["note"] == "first"


SIGNS = ('a "quoted" tag', "it's", "🐈‍⬛ black cat", "חתול, שחור", "100%_\\", "a,b;c/d", "=x")


async def test_a_tag_may_have_any_signs(ask, library):
    (one,) = await library(1)
    spaced = [f"  {tag} " for tag in SIGNS]
    _, answer = await ask("judge", {"ids": [one], "add_tags": spaced})
    assert {each["name"] for each in answer["tags"]} == set(SIGNS)
    found = (await ask("tags"))[1]["tags"]
    assert {(each["name"], each["count"]) for each in found} == {(tag, 1) for tag in SIGNS}
    _, answer = await ask("judge", {"ids": [one], "remove_tags": [*SIGNS]})
    assert answer["tags"] == []


async def test_a_tag_that_differs_in_case_only_is_the_known_one(ask, library):
    ids = await library(3)
    await ask("judge", {"ids": ids[:1], "add_tags": ["Straße", "Sky"]})
    await ask("judge", {"ids": ids, "add_tags": ["STRASSE", "sky", "SKY", "new"]})
    assert (await ask("tags"))[1]["tags"] == [
        {"name": "Sky", "count": 3},
        {"name": "Straße", "count": 3},
        {"name": "new", "count": 3},
    ]
    assert (await ask("tags?find=ST"))[1]["tags"] == [{"name": "Straße", "count": 3}]


async def test_a_picture_may_have_a_thousand_tags_and_no_more(ask, library, judged):
    ids = await library(2)
    for first in range(0, 1000, 100):
        tags = [f"tag {n}" for n in range(first, first + 100)]
        assert (await ask("judge", {"ids": ids[:1], "add_tags": tags}))[0] == 200
    status, refused = await ask("judge", {"ids": ids, "rating": 3, "add_tags": ["one more"]})
    assert status == 400
    assert "1,001 tags" in refused["error"]
    assert len((await judged(ids[0]))["tags"]) == 1000
    # All or nothing.
    assert (await judged(ids[1]))["tags"] == []
    assert (await judged(ids[1]))["rating"] == 0


WRONG = (
    ({"rating": 6}, "rating"),
    ({"rating": True}, "rating"),
    ({"favourite": 1}, "favourite"),
    ({"label": "pink"}, "label"),
    ({"note": "x" * 10_001}, "note"),
    ({"note": "bell \x07"}, "note"),
    ({"note_before": "x"}, "note_before"),
    ({"add_tags": ["  "]}, "add_tags"),
    ({"add_tags": ["x" * 101]}, "add_tags"),
    ({"add_tags": ["two\nlines"]}, "add_tags"),
    ({"add_tags": "cat"}, "add_tags"),
    ({"remove_tags": [3]}, "remove_tags"),
)


async def test_what_is_no_judgement_is_refused_with_its_field(ask, library):
    ids = await library(1)
    for wrong, field in WRONG:
        status, refused = await ask("judge", {"ids": ids, **wrong})
        assert (status, refused["field"]) == (400, field), wrong


async def test_pictures_are_named_by_their_places_in_a_view_or_by_bits(ask, library, judged):
    ids = await library(20)
    _, view = await ask("view", {"sort": "size_asc", "first": 20})
    order = view["first"]["ids"]
    await ask("judge", {"view": view["view"], "ranges": [[0, 3], [10, 2]], "rating": 4})
    rated = [one for one in ids if (await judged(one))["rating"] == 4]
    assert sorted(rated) == sorted(order[:3] + order[10:12])
    await ask("judge", {"view": view["view"], "bits": "Aw==", "favourite": True})
    assert [one for one in order if (await judged(one))["favourite"]] == order[:2]
    status, refused = await ask("judge", {"view": "gone", "ranges": [[0, 1]], "rating": 1})
    assert (status, refused["expired"]) == (404, True)


async def test_pictures_that_are_gone_are_left_out(ask, library, pack):
    ids = await library(2)
    _, listed = await ask("list", {})
    gone = next(one for one in listed["images"] if one["id"] == ids[0])
    await asyncio.to_thread(pack.images.store, removed=[gone["path_canon"]])
    assert (await ask("judge", {"ids": [*ids, 10**9], "rating": 3}))[1]["changed"] == 1
    assert (await ask(f"judged?id={ids[0]}"))[0] == 404


async def test_only_the_last_operations_can_be_undone(ask, library):
    (one,) = await library(1)
    tokens = []
    for number in range(21):
        _, answer = await ask("judge", {"ids": [one], "rating": 1 + number % 2})
        tokens.append(answer["undo"])
    assert (await ask("judge/undo", {"undo": tokens[0]}))[0] == 404
    assert (await ask("judge/undo", {"undo": tokens[1]}))[0] == 200


async def test_a_database_that_cannot_be_written_says_so_and_undo_is_not_lost(
    ask, library, pack, monkeypatch
):
    from holaf.holaf_core.errors import Unavailable

    (one,) = await library(1)
    _, answer = await ask("judge", {"ids": [one], "rating": 3})
    with monkeypatch.context() as patch:
        patch.setattr(pack.images._file, "_read_only_reason", "It is read-only: it is newer.")
        status, refused = await ask("judge", {"ids": [one], "rating": 1})
        assert (status, refused["error"]) == (503, "It is read-only: it is newer.")
        assert (await ask("judge/undo", {"undo": answer["undo"]}))[0] == 503
        with pytest.raises(Unavailable):
            pack.images._file.write(lambda db: None)
    assert await ask("judge/undo", {"undo": answer["undo"]}) == (200, {"changed": 1})


async def test_a_tag_is_renamed_wherever_it_is(pack, ask, library, judged):
    ids = await library(3)
    await ask("judge", {"ids": ids, "add_tags": ["cta"]})
    assert await ask("tags/rename", {"from": "CTA", "to": " Cat "}) == (200, {"changed": 3})
    assert await ask("tags/rename", {"from": "Cat", "to": "cat"}) == (200, {"changed": 3})
    assert (await ask("tags"))[1]["tags"] == [{"name": "cat", "count": 3}]
    assert (await ask("list", {"search": "tag:=cat"}))[1]["filtered_count"] == 3
    assert (await ask("tags/rename", {"from": "cta", "to": "x"}))[0] == 404


async def test_two_tags_become_one_only_when_that_is_meant(ask, library, judged):
    ids = await library(4)
    await ask("judge", {"ids": ids[:3], "add_tags": ["cat"]})
    await ask("judge", {"ids": ids[2:], "add_tags": ["kitten"]})
    status, refused = await ask("tags/rename", {"from": "kitten", "to": "CAT"})
    assert (status, refused["exists"], refused["count"]) == (409, True, 3)
    merged = {"from": "kitten", "to": "CAT", "merge": True}
    assert await ask("tags/rename", merged) == (200, {"changed": 2})
    assert (await ask("tags"))[1]["tags"] == [{"name": "cat", "count": 4}]
    # Nobody has it any more, so the name is free, in any case.
    assert (await ask("judge", {"ids": ids[:1], "add_tags": ["Kitten"]}))[1]["tags"] == [
        {"name": "Kitten", "from_file": False},
        {"name": "cat", "from_file": False},
    ]


async def test_a_deleted_tag_comes_back_as_it_was(ask, library, judged):
    ids = await library(3)
    await ask("judge", {"ids": ids[:2], "add_tags": ["cat", "dog"]})
    before = [await judged(one) for one in ids]
    _, answer = await ask("tags/delete", {"name": "Cat"})
    assert answer["changed"] == 2
    assert (await ask("list", {"bool_filters": {"has_tags": True}}))[1]["filtered_count"] == 2
    # A new tag must not get what belongs to the old one.
    await ask("judge", {"ids": ids[2:], "add_tags": ["new"]})
    await ask("judge", {"ids": ids[2:], "remove_tags": ["new"]})
    assert await ask("judge/undo", {"undo": answer["undo"]}) == (200, {"changed": 2})
    assert [await judged(one) for one in ids] == before
    assert (await ask("tags/delete", {"name": "nobody"}))[0] == 404


async def test_tags_that_only_a_file_gave_become_the_users_and_files_again(pack, ask, judged):
    files = [indexed_file(1, tags=("sea", "sky"))]
    (one,) = (await asyncio.to_thread(pack.images.store, files)).added_ids
    _, answer = await ask("judge", {"ids": [one], "add_tags": ["Sea"], "remove_tags": ["sky"]})
    assert answer["tags"] == [{"name": "sea", "from_file": False}]
    await ask("judge/undo", {"undo": answer["undo"]})
    assert (await judged(one))["tags"] == [
        {"name": "sea", "from_file": True},
        {"name": "sky", "from_file": True},
    ]


async def test_collections_hold_pictures_and_give_them_back(ask, library, judged, pack):
    ids = await library(5)
    heard = []
    pack.events.subscribe(lambda topic, data: heard.append(topic))
    _, made = await ask("collections/create", {"name": " Best  of "})
    one = {"id": made["id"]}
    assert (await ask("collections/create", {"name": "best OF"}))[0] == 409
    _, added = await ask("collections/add", {**one, "ids": ids[:3]})
    assert added["changed"] == 3
    assert (await ask("collections/add", {**one, "ids": ids[:3]}))[1] == {
        "changed": 0,
        "undo": None,
    }
    assert (await judged(ids[0]))["collections"] == [{**one, "name": "Best of"}]
    _, removed = await ask("collections/remove", {**one, "ids": ids[1:]})
    assert removed["changed"] == 2
    await ask("judge/undo", {"undo": removed["undo"]})
    (listed,) = (await ask("collections"))[1]["collections"]
    assert (listed["id"], listed["name"], listed["count"]) == (made["id"], "Best of", 3)
    assert (await ask("collections/rename", {**one, "name": "Better"}))[0] == 200
    _, deleted = await ask("collections/delete", one)
    assert (await ask("collections"))[1] == {"collections": []}
    assert (await ask("collections/add", {**one, "ids": ids}))[0] == 404
    await ask("collections/create", {"name": "better"})
    await ask("judge/undo", {"undo": deleted["undo"]})
    assert [
        (each["name"], each["count"]) for each in (await ask("collections"))[1]["collections"]
    ] == [
        ("better", 0),
        ("Better 2", 3),
    ]
    assert heard.count("images.collections") == 9
    # Undone once its collection is gone.
    await ask("collections/delete", one)
    assert await ask("judge/undo", {"undo": added["undo"]}) == (200, {"changed": 0})


async def test_a_picture_that_was_away_is_in_its_collections_again(pack, ask, library, judged):
    files = [indexed_file(n) for n in range(2)]
    ids = (await asyncio.to_thread(pack.images.store, files)).added_ids
    _, made = await ask("collections/create", {"name": "kept"})
    await ask("collections/add", {"id": made["id"], "ids": ids})
    await asyncio.to_thread(pack.images.store, removed=[files[0].path_canon])
    assert [each["count"] for each in (await ask("collections"))[1]["collections"]] == [1]
    (again,) = (await asyncio.to_thread(pack.images.store, files[:1])).added_ids
    assert again == ids[0]
    assert (await judged(again))["collections"] == [{"id": made["id"], "name": "kept"}]


async def test_a_tag_of_a_hundred_thousand_pictures_is_renamed_and_merged(pack, ask, library):
    await library(1)
    many = (
        "INSERT INTO imagetags (image_id, tag_id) WITH RECURSIVE n (i) AS "
        "(SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100001) SELECT i, {} FROM n"
    )

    def fill(db):
        for tag_id, name in ((1, "few"), (2, "many")):
            db.execute("INSERT INTO tags VALUES (?, ?)", (tag_id, name))
            db.execute(many.format(tag_id) + f" WHERE i % {4 - tag_id} = 0 OR {tag_id} = 2")

    await asyncio.to_thread(pack.images._write, fill)
    assert (await ask("tags/rename", {"from": "many", "to": "all"}))[1] == {"changed": 100_000}
    merged = {"from": "few", "to": "all", "merge": True}
    assert (await ask("tags/rename", merged))[1] == {"changed": 33_333}
    assert (await ask("tags"))[1]["tags"] == [{"name": "all", "count": 100_000}]


async def test_pictures_that_are_away_keep_up_with_what_happens_to_tags(pack, ask, judged):
    files = [indexed_file(n) for n in range(2)]
    ids = (await asyncio.to_thread(pack.images.store, files)).added_ids
    await ask("judge", {"ids": ids, "add_tags": ["one", "two"]})
    await ask("judge", {"ids": ids[:1], "add_tags": ["three"]})
    await asyncio.to_thread(pack.images.store, removed=[files[1].path_canon])
    await ask("tags/rename", {"from": "one", "to": "three", "merge": True})
    _, deleted = await ask("tags/delete", {"name": "two"})
    await ask("judge/undo", {"undo": deleted["undo"]})
    await asyncio.to_thread(pack.images.store, files[1:])
    assert [one["name"] for one in (await judged(ids[1]))["tags"]] == ["three", "two"]


def test_columns_that_lag_behind_what_is_remembered_are_read_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(holaf_image_undo, "MOST_JUDGED", 1)
    monkeypatch.setattr(holaf_image_undo, "FORGET_EVERY", 1)
    database = ImageDatabase(tmp_path / "images.sqlite")
    ids = database.store([indexed_file(n) for n in range(9)]).added_ids
    columns = Columns(database)
    columns.load()
    judging = Judging(database, holaf_image_undo.Undoing())
    for rating, some in ((1, ids), (2, ids[3:]), (3, ids[6:])):
        judging.judge(some, Change(rating=rating, add_tags=(f"tag {rating}",)))
    assert sorted(columns.refresh().tolist()) == ids
    now = columns.current
    slots = [now.slot_of(one) for one in ids]
    assert now.place.of("rating", np.array(slots)).tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert len(now.tags.slots) == 18
    database.close()
