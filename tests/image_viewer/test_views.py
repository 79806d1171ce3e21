"""Views agree with a naive reading of all rows: totals, order, windows, groups and patches."""

import dataclasses
import random
import struct
import time
from datetime import date, datetime

import numpy as np
import pytest
from holaf.holaf_core.errors import NotFound
from holaf.holaf_database import ImageDatabase
from holaf.holaf_image_store import name_key
from holaf.holaf_image_viewer_backend import local_days as days_module
from holaf.holaf_image_viewer_backend.query import parse
from holaf.holaf_image_viewer_backend.views import ViewEngine
from library_rows import WORDS, indexed_file


@pytest.fixture
def database(tmp_path):
    database = ImageDatabase(tmp_path / "images.sqlite")
    yield database
    database.close()


@pytest.fixture
def published():
    return []


@pytest.fixture
def engine(database, published):
    engine = ViewEngine(database, lambda topic, data, keep=False: published.append((topic, data)))
    yield engine
    engine.stop()


class Naive:
    """All rows as Python objects, and every filter as a loop over them."""

    def __init__(self):
        self.files = {}
        self.tags = {}

    def matches(self, one, filters):
        file = self.files[one]
        day = datetime.fromtimestamp(file.mtime_ns // 10**9).date()
        for name, value in filters.items():
            if name == "folder_filters" and not any(
                file.folder == ""
                if folder == "root"
                else file.folder == folder or file.folder.startswith(folder + "/")
                for folder in value
            ):
                return False
            if name == "format_filters" and file.format not in value:
                return False
            if name == "startDate" and day < date.fromisoformat(value):
                return False
            if name == "endDate" and day > date.fromisoformat(value):
                return False
            if name == "bool_filters":
                has = {
                    "has_prompt": file.has_prompt,
                    "has_workflow": file.has_workflow,
                    "has_edits": file.has_edit_file,
                    "has_tags": bool(self.tags.get(one)),
                }
                if any(has[flag] != wanted for flag, wanted in value.items()):
                    return False
            if name == "tags_filter" and not set(value) <= set(self.tags.get(one, ())):
                return False
            if name == "prompt_search" and not self.finds(value, file.prompt_text):
                return False
            if name == "search":
                for word in value.split():
                    minus, word = word.startswith("-"), word.lstrip("-")
                    hit = (
                        word in file.filename
                        or self.finds(word, file.prompt_text)
                        or self.finds(word, file.graph_text)
                    )
                    if hit == minus:
                        return False
        return True

    @staticmethod
    def finds(needle, text):
        return all(
            any(w.startswith(n.lower()) for w in text.lower().split()) for n in needle.split()
        )

    def view(self, filters, sort):
        key, _, way = sort.partition("_")
        found = [one for one in self.files if self.matches(one, filters)]
        value = {
            "mtime": lambda one: self.files[one].mtime_ns,
            "size": lambda one: self.files[one].size_bytes,
            "name": lambda one: name_key(self.files[one].filename),
        }[key]
        return sorted(found, key=lambda one: (value(one), one), reverse=way == "desc")


def random_filters(pick):
    filters = {}
    if pick.random() < 0.3:
        filters["folder_filters"] = pick.sample(["root", "a", "a/deep", "b", "été", "none"], 2)
    if pick.random() < 0.3:
        filters["format_filters"] = pick.sample(["PNG", "WEBP", "MP4", "GIF"], 2)
    if pick.random() < 0.3:
        filters["bool_filters"] = {
            flag: pick.random() < 0.5
            for flag in pick.sample(["has_prompt", "has_workflow", "has_edits", "has_tags"], 2)
        }
    if pick.random() < 0.2:
        filters["startDate"] = str(date.fromtimestamp(1_700_000_000 + pick.randrange(30) * 86400))
    if pick.random() < 0.2:
        filters["endDate"] = str(date.fromtimestamp(1_700_000_000 + pick.randrange(30) * 86400))
    if pick.random() < 0.2:
        filters["tags_filter"] = pick.sample(["x", "y"], pick.randint(1, 2))
    if pick.random() < 0.3:
        filters["prompt_search"] = pick.choice(WORDS)[: pick.randint(2, 6)]
    if pick.random() < 0.2:
        filters["search"] = " ".join(pick.choice(["", "-"]) + pick.choice(WORDS) for _ in range(2))
    return filters


def apply_patch(old, patch):
    ids = [one for place, one in enumerate(old) if place not in set(patch["removed"])]
    for place, one, _aspect in patch["inserted"]:
        ids.insert(place, one)
    return ids


@pytest.mark.parametrize("seed", range(12))
def test_random_queries_agree_with_a_naive_reading_also_after_live_changes(database, engine, seed):
    pick = random.Random(seed)
    naive = Naive()
    number = 0
    clients = {}
    for _ in range(6):
        removed = pick.sample(sorted(naive.files), min(len(naive.files), pick.randrange(8)))
        paths = [naive.files.pop(one).path_canon for one in removed]
        for one in removed:
            naive.tags.pop(one, None)
        fresh = [indexed_file(number + n, seed) for n in range(pick.randint(1, 60))]
        number += len(fresh)
        result = database.store(fresh, removed=paths)
        naive.files.update(zip(result.added_ids, fresh, strict=True))
        for one in pick.sample(sorted(naive.files), min(len(naive.files), 5)):
            changed = dataclasses.replace(
                naive.files[one], mtime_ns=naive.files[pick.choice(list(naive.files))].mtime_ns
            )
            database.store([changed])
            naive.files[one] = changed
        for one in pick.sample(sorted(naive.files), min(len(naive.files), 3)):
            naive.tags[one] = pick.sample(["x", "y", "z"], pick.randrange(3))
            database.set_tags(one, naive.tags[one])

        queries = [(random_filters(pick), pick.choice(SORTS)) for _ in range(15)]
        for filters, sort in [*queries, *clients]:
            filters = dict(filters)
            group = "day" if sort.startswith("mtime") else None
            asked = {**{k: thaw(v) for k, v in filters.items()}, "sort": sort, "group": group}
            view = engine.open(parse(asked))
            expected = naive.view({k: thaw(v) for k, v in filters.items()}, sort)
            assert view.ids.tolist() == expected, (filters, sort)
            assert view.total_count == len(naive.files)
            if sort.startswith("mtime"):
                check_groups(view, naive)
            key = (freeze(filters), sort)
            if key in clients:
                old_id, old_ids = clients[key]
                patch = engine.patch(old_id, view)
                assert apply_patch(old_ids, patch) == expected
            if len(clients) < 8 or key in clients:
                clients[key] = (view.id, expected)


SORTS = [f"{key}_{way}" for key in ("mtime", "name", "size") for way in ("asc", "desc")]


def freeze(filters):
    return tuple(
        (k, tuple(v.items()) if isinstance(v, dict) else tuple(v) if isinstance(v, list) else v)
        for k, v in filters.items()
    )


def thaw(value):
    if isinstance(value, tuple):
        return dict(value) if value and isinstance(value[0], tuple) else list(value)
    return value


def check_groups(view, naive):
    days = [
        str(datetime.fromtimestamp(naive.files[one].mtime_ns // 10**9).date())
        for one in view.ids.tolist()
    ]
    spelled = [group["key"] for group in view.groups.as_list() for _ in range(group["count"])]
    assert spelled == days
    assert [group["start"] for group in view.groups.as_list()] == [
        n for n, day in enumerate(days) if n == 0 or days[n - 1] != day
    ]


def test_the_layout_holds_every_id_and_aspect(database, engine):
    database.store([indexed_file(n) for n in range(100)])
    view = engine.open(parse({}))
    data = view.layout()
    (count,) = struct.unpack_from("<I", data)
    assert count == 100
    assert np.frombuffer(data, "<u4", 100, 4).tolist() == view.ids.tolist()
    assert len(data) == 4 + 100 * 5


def test_the_same_question_gives_the_same_view_until_something_changes(database, engine):
    database.store([indexed_file(1)])
    first = engine.open(parse({}))
    assert engine.open(parse({"search": ""})) is first
    database.store([indexed_file(2)])
    second = engine.open(parse({}))
    assert second is not first
    assert engine.get(first.id) is first, "a page may still be reading the old one"


def test_an_unknown_view_is_not_found(engine):
    with pytest.raises(NotFound) as expired:
        engine.get("nosuch")
    assert expired.value.details["expired"] is True


def test_a_change_of_one_row_is_a_small_patch(database, engine):
    database.store([indexed_file(n) for n in range(500)])
    old = engine.open(parse({}))
    newest = indexed_file(1000, mtime_ns=10**18 * 2)
    (image_id,) = database.store([newest]).added_ids
    patch = engine.patch(old.id, engine.open(parse({})))
    assert patch == {
        "from": old.id,
        "removed": [],
        "inserted": [[0, image_id, int(engine.open(parse({})).aspects[0])]],
        "changed": [],
        "groups": {"before": 0, "after": 0, "between": []},
        "months": {
            "before": 0,
            "after": len(old.months.keys),
            "between": [("2033-05", "2033-05", 1)],
        },
    }


def test_groups_that_did_not_change_are_not_sent_again(database, engine):
    asked = {"group": "day"}
    database.store([indexed_file(n, mtime_ns=(20_000 + n) * 86_400 * 10**9) for n in range(300)])
    old = engine.open(parse(asked))
    database.store([indexed_file(900, mtime_ns=20_100 * 86_400 * 10**9)])
    new = engine.open(parse(asked))
    (day,) = (one for one in new.groups.as_list() if one["count"] == 2)
    assert engine.patch(old.id, new)["groups"] == {
        "before": 199,
        "after": 100,
        "between": [(day["key"], day["key"], 2)],
    }


def test_a_row_that_changes_in_place_is_named_and_does_not_move(database, engine):
    file = indexed_file(3)
    ids = database.store([indexed_file(1), indexed_file(2), file]).added_ids
    old = engine.open(parse({}))
    database.store([dataclasses.replace(file, thumb_hash="f" * 16)])
    patch = engine.patch(old.id, engine.open(parse({})))
    assert (patch["removed"], patch["inserted"], patch["changed"]) == ([], [], [ids[2]])


def test_too_many_changes_ask_for_the_whole_view(database, engine):
    database.store([indexed_file(1)])
    old = engine.open(parse({}))
    database.store([indexed_file(n) for n in range(2, 3000)])
    assert engine.patch(old.id, engine.open(parse({}))) is None


def test_commits_of_another_process_are_taken_over(database, engine, tmp_path):
    database.store([indexed_file(1)])
    assert len(engine.open(parse({})).ids) == 1
    other = ImageDatabase(tmp_path / "images.sqlite")
    other.store([indexed_file(2)])
    other.close()
    engine.refresh()
    assert len(engine.open(parse({})).ids) == 2


def test_another_process_is_followed_without_being_asked(database, engine, tmp_path):
    engine.start()
    other = ImageDatabase(tmp_path / "images.sqlite")
    other.store([indexed_file(2)])
    other.close()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and engine.total() != 1:
        time.sleep(0.05)
    assert engine.total() == 1
    engine.stop()
    engine.stop()


def test_open_pages_hear_of_a_change_with_the_new_total(database, engine, published):
    engine.load()
    database.store([indexed_file(1)])
    assert published[0] == ("images.changed", {"version": database.rev(), "total_count": 1})


def test_words_of_a_language_without_spaces_are_found(database, engine):
    (image_id, _) = database.store(
        [
            indexed_file(1, prompt_hash=b"1" * 16, prompt_text="屋根の上の黒い猫"),
            indexed_file(2, prompt_hash=b"2" * 16, prompt_text="黒い犬"),
        ]
    ).added_ids
    for words in ("黒い猫", "猫", "屋根"):
        assert engine.open(parse({"prompt_search": words})).ids.tolist() == [image_id]


@pytest.mark.parametrize(
    "text", ['"', "'", "*", "NEAR(", "a OR b", "%", "_", "\\", '""', "^x", "(", "-"]
)
def test_no_sign_in_a_search_is_an_error(database, engine, text):
    database.store([indexed_file(n) for n in range(5)])
    for field in ("search", "prompt_search", "workflow_search", "filename_search"):
        assert len(engine.open(parse({field: text})).ids) <= 5


def test_a_percent_sign_in_a_name_search_is_no_wildcard(database, engine):
    (hit, _) = database.store(
        [indexed_file(1, filename="100%.png"), indexed_file(2, filename="100x.png")]
    ).added_ids
    assert engine.open(parse({"filename_search": "100%"})).ids.tolist() == [hit]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"])
def test_days_are_those_of_the_servers_time_zone_also_when_the_clocks_change(monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        pick = random.Random(zone)
        seconds = [pick.randrange(1_600_000_000, 1_800_000_000) for _ in range(500)]
        # Every half hour of a day on which the clocks change.
        seconds += [1_774_742_400 + n * 1800 for n in range(48)]
        days = days_module.local_days(np.array(seconds, np.int64) * 10**9)
        for second, day in zip(seconds, days.tolist(), strict=True):
            assert str(date.fromtimestamp(second)) == str(
                date.fromordinal(date(1970, 1, 1).toordinal() + day)
            )
    finally:
        monkeypatch.undo()
        time.tzset()


def test_times_before_1970_and_after_3000_do_not_break_the_days():
    days = days_module.local_days(np.array([-(10**18), 10**19 // 2, 0], np.int64))
    assert days[0] in (-1, 0)
