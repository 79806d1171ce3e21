"""The images database keeps what users made, whatever happens to the files."""

import dataclasses
import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from holaf.holaf_core.errors import Unavailable
from holaf.holaf_core.sqlite import SqliteFile
from holaf.holaf_database import KEEP_DEPARTED_S, ImageDatabase
from holaf.holaf_image_records import IndexedFolder, ThumbnailResult
from holaf.holaf_image_schema import STEPS
from holaf.holaf_image_store import name_key, searchable
from library_rows import indexed_file

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def database(tmp_path, clock):
    database = ImageDatabase(tmp_path / "images.sqlite", clock)
    yield database
    database.close()


def paths(database):
    with database.read() as db:
        return {row[0] for row in db.execute("SELECT path_canon FROM images")}


def test_a_file_seen_again_keeps_its_id(database):
    first = database.store([indexed_file(1)])
    again = database.store([dataclasses.replace(indexed_file(1), size_bytes=99)])
    assert again.updated_ids == first.added_ids
    assert database.rows(first.added_ids)[0]["size_bytes"] == 99


def test_a_file_twice_in_one_batch_is_one_row(database):
    database.store([indexed_file(1), dataclasses.replace(indexed_file(1), size_bytes=7)])
    assert [row["size_bytes"] for row in database.rows([1])] == [7]


def test_a_changed_file_asks_for_a_new_thumbnail(database):
    file = indexed_file(1)
    (image_id,) = database.store([file]).added_ids
    database.set_thumbnails([ThumbnailResult(image_id, file.thumb_hash, b"p" * 48)])
    assert database.rows([image_id])[0]["thumbnail_status"] == 2
    database.store([dataclasses.replace(file, thumb_hash="ffffffffffffffff")])
    row = database.rows([image_id])[0]
    assert (row["thumbnail_status"], row["placeholder"]) == (0, None)


def test_a_thumbnail_of_an_older_content_is_ignored(database):
    (image_id,) = database.store([indexed_file(1)]).added_ids
    database.set_thumbnails([ThumbnailResult(image_id, "0" * 16, b"p" * 48)])
    assert database.thumbnail_counts()["pending"] == 1


def test_failed_thumbnails_keep_their_reason_and_can_be_asked_for_again(database):
    file = indexed_file(1)
    (image_id,) = database.store([file]).added_ids
    database.set_thumbnails([ThumbnailResult(image_id, file.thumb_hash, error="truncated")])
    assert database.rows([image_id])[0]["thumbnail_error"] == "truncated"
    assert database.next_pending_thumbnails(10) == []
    assert database.reset_thumbnails(failed=True) == 1
    assert [row["id"] for row in database.next_pending_thumbnails(10)] == [image_id]


def test_tags_and_rating_follow_a_moved_file(database):
    file = indexed_file(1)
    (image_id,) = database.store([file]).added_ids
    database.set_tags(image_id, ["keep"])
    database.set_marks(image_id, rating=4)
    moved = dataclasses.replace(file, folder="elsewhere")
    database.move([(file.path_canon, moved)])
    assert paths(database) == {moved.path_canon}
    assert database.by_path(moved.path_canon)["id"] == image_id
    assert database.image_tags(image_id) == ["keep"]


def test_a_move_within_one_batch_keeps_the_id(database):
    file = indexed_file(1)
    (image_id,) = database.store([file]).added_ids
    database.set_marks(image_id, rating=5)
    moved = dataclasses.replace(file, folder="elsewhere", filename="new.png")
    result = database.store([moved], removed=[file.path_canon])
    assert result.added_ids == [image_id]


def test_a_move_seen_as_a_new_file_first_hands_the_tags_over(database):
    file = indexed_file(1)
    (old,) = database.store([file]).added_ids
    database.set_tags(old, ["keep"])
    (new,) = database.store([dataclasses.replace(file, folder="elsewhere")]).added_ids
    database.store(removed=[file.path_canon])
    assert database.image_tags(new) == ["keep"]
    assert database.by_id(new)["has_tags"] is True


def test_a_deleted_file_that_comes_back_has_its_tags(database):
    file = indexed_file(1)
    (image_id,) = database.store([file]).added_ids
    database.set_tags(image_id, ["keep"])
    database.store(removed=[file.path_canon])
    assert paths(database) == set()
    assert database.store([file]).added_ids == [image_id]
    assert database.image_tags(image_id) == ["keep"]
    assert database.by_id(image_id)["has_tags"] is True


def test_a_name_that_is_used_again_inherits_nothing_but_from_a_file_saved_anew_at_once(
    database, clock
):
    file = indexed_file(1, filename="ComfyUI_00005_.png")
    other = dataclasses.replace(file, pixel_key=file.pixel_key + 1, size_bytes=99)
    for pause, inherits in ((50, True), (70, False)):
        (old,) = database.store([file]).added_ids
        database.set_marks(old, rating=5)
        database.set_tags(old, ["mine"])
        database.store(removed=[file.path_canon])
        clock.now += pause
        (new,) = database.store([other]).added_ids
        assert (new == old) == inherits
        assert database.image_tags(new) == (["mine"] if inherits else [])
        database.set_tags(new, [])
        database.store(removed=[file.path_canon])
        clock.now += 100


def test_a_seed_of_64_bits_is_kept_signed_and_a_larger_one_is_unknown(database):
    seeds = [5, 2**63 - 1, 2**63, 2**64 - 1, 2**64, None]
    database.store(
        [dataclasses.replace(indexed_file(n), seed=seed) for n, seed in enumerate(seeds)]
    )
    with database.read() as db:
        kept = [row[0] for row in db.execute("SELECT seed FROM images ORDER BY id")]
    assert kept == [5, 2**63 - 1, -(2**63), -1, None, None]


def test_user_data_of_a_deleted_file_is_kept_for_30_days(database, clock):
    file = indexed_file(1)
    (image_id,) = database.store([file]).added_ids
    database.set_tags(image_id, ["keep"])
    database.store(removed=[file.path_canon])
    clock.now += KEEP_DEPARTED_S - 1
    assert database.forget_departed() == 0
    clock.now += 2
    assert database.forget_departed() == 1
    database.store([file])
    assert database.tags() == []


def test_two_pictures_with_tags_do_not_take_each_others(database):
    one, two = indexed_file(1), dataclasses.replace(indexed_file(1), filename="twin.png")
    first, second = database.store([one, two]).added_ids
    database.set_tags(first, ["first"])
    database.set_tags(second, ["second"])
    database.store(removed=[one.path_canon])
    assert database.image_tags(second) == ["second"]
    assert database.store([one]).added_ids == [first]
    assert database.image_tags(first) == ["first"]


def test_a_removed_folder_takes_its_subfolders_along_and_nothing_else(database):
    files = [indexed_file(n, folder=folder) for n, folder in enumerate(["a", "a/b", "ab", ""])]
    database.store(files)
    database.remove_folder("output", "a")
    assert paths(database) == {files[2].path_canon, files[3].path_canon}


def test_a_renamed_folder_keeps_the_ids_below_it(database):
    files = [indexed_file(n, folder=folder) for n, folder in enumerate(["a", "a/b", "ab"])]
    ids = database.store(files, [IndexedFolder("output", "a", 5)]).added_ids
    database.move_folder("output", "a", "output", "x/y")
    assert [row["subfolder"] for row in database.rows(ids)] == ["x/y", "x/y/b", "ab"]
    assert database.by_path(f"x/y/{files[0].filename}")["id"] == ids[0]


def test_tags_from_a_sidecar_replace_each_other_and_leave_the_users_alone(database):
    file = indexed_file(1, tags=("sea", "sky"))
    (image_id,) = database.store([file]).added_ids
    database.set_tags(image_id, ["mine"])
    database.store([dataclasses.replace(file, tags=("sea",))])
    assert database.image_tags(image_id) == ["mine", "sea"]


def test_rows_written_by_sqlite_are_the_same_rows(database):
    files = [indexed_file(n, filename=f'a "{n}" é \\ \n.png') for n in range(30)]
    ids = database.store(files).added_ids
    database.set_tags(ids[3], ["x"])
    database.set_thumbnails([ThumbnailResult(ids[4], files[4].thumb_hash, bytes(range(48)))])
    database.set_thumbnails([ThumbnailResult(ids[5], files[5].thumb_hash, error='no "pixels"')])
    wanted = [ids[9], 10**9, *ids[3:7], ids[0]]
    rows = database.rows(wanted)
    assert len(rows) == 6
    assert json.loads(database.rows_json(wanted, keep_places=False)) == rows
    with_gap = json.loads(database.rows_json(wanted, keep_places=True))
    assert with_gap == [rows[0], None, *rows[1:]]
    assert database.rows_json([], keep_places=True) == "[]"


def test_rows_written_by_sqlite_are_the_same_whatever_is_unusual_in_them(database):
    ids = database.store([indexed_file(n) for n in range(64)]).added_ids
    flags = ["is_trashed", "has_edit_file", "has_workflow", "has_prompt", "has_tags"]
    unusual = [f"{name} = id >> {bit} & 1" for bit, name in enumerate(flags[:4])]
    unusual += ["duration = id % 3 * 1.25", "kind = iif(id % 5, 'image', 'video')"]
    unusual += ["error = iif(id % 7, '', '{\"}')", "root_id = iif(id % 11, 'output', 'other')"]
    database._change(lambda db, rev: db.execute(f"UPDATE images SET {', '.join(unusual)}"))
    for one in ids:
        database.set_tags(one, ["x"] * (one >> 4 & 1))
        if one % 3:
            database.set_marks(one, rating=one % 6, favourite=one % 2 > 0, label='re"d' * (one % 2))
    rows = database.rows(ids)
    assert {row["rating"] for row in rows} == {0, 1, 2, 4, 5}
    assert len({tuple(row[name] for name in flags) for row in rows}) == 32
    assert json.loads(database.rows_json(ids, keep_places=True)) == rows


def test_equal_prompts_are_stored_once(database):
    text = "a castle by the river"
    database.store([indexed_file(n, prompt_hash=b"p" * 16, prompt_text=text) for n in range(20)])
    with database.read() as db:
        assert (
            db.execute("SELECT count(*) FROM prompts WHERE prompt_text = ?", (text,)).fetchone()[0]
            == 1
        )


def test_a_batch_that_python_cannot_hand_over_leaves_no_row_without_its_folder(database):
    file = indexed_file(1, folder="new", prompt_hash=b"p" * 16, prompt_text="castle")
    with pytest.raises(OverflowError):
        database.store([file, indexed_file(2, size_bytes=2**70)])
    (image_id,) = database.store([file]).added_ids
    assert [row["subfolder"] for row in database.rows([image_id])] == ["new"]
    with database.read() as db:
        found = db.execute("SELECT prompt_text FROM images_full WHERE id = ?", (image_id,))
        assert found.fetchone()[0] == "castle"


def test_a_deleted_file_leaves_no_tags_of_its_sidecar_behind(database):
    file = indexed_file(1, tags=("a", "b"))
    database.store([file])
    database.store(removed=[file.path_canon])
    with database.read() as db:
        assert db.execute("SELECT count(*) FROM imagetags").fetchone()[0] == 0


def test_a_batch_that_fails_leaves_nothing_and_the_next_one_works(database):
    broken = dataclasses.replace(indexed_file(1), format=None)
    with pytest.raises(sqlite3.Error):
        database.store([indexed_file(2), broken])
    assert paths(database) == set()
    database.store([indexed_file(2)])
    assert paths(database) == {indexed_file(2).path_canon}


@pytest.mark.parametrize(
    "names", [["b10", "b9", "B009", "a"], ["x 2 y 10", "x 2 y 9", "x 10"], ["1", "02", "3"]]
)
def test_names_sort_as_people_count(names):
    ordered = sorted(names, key=name_key)
    numbers = {"b": 0}
    assert (
        ordered
        == {
            "b10": ["a", "b9", "B009", "b10"],
            "x 2 y 10": ["x 2 y 9", "x 2 y 10", "x 10"],
            "1": ["1", "02", "3"],
        }[names[0]]
    ), numbers


def test_a_database_of_a_newer_version_is_read_but_not_written(tmp_path):
    path = tmp_path / "images.sqlite"
    first = ImageDatabase(path)
    first.store([indexed_file(1)])
    first.close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={len(STEPS) + 1}")
    newer = ImageDatabase(path)
    try:
        assert "newer version" in newer.read_only_reason
        assert newer.count() == 1
        with pytest.raises(Unavailable, match="newer version"):
            newer.store([indexed_file(2)])
        assert newer.count() == 1
    finally:
        newer.close()


def test_a_full_disk_is_said_plainly_and_nothing_is_lost(database):
    database.store([indexed_file(1)])
    database._file.write(lambda db: db.execute("PRAGMA max_page_count=1"))
    with pytest.raises(Unavailable, match="free some space"):
        database.store([indexed_file(n, prompt_text="x" * 9000) for n in range(2, 400)])
    assert paths(database) == {indexed_file(1).path_canon}
    database._file.write(lambda db: db.execute("PRAGMA max_page_count=1000000"))
    assert len(database.store([indexed_file(2)]).added_ids) == 1


def test_two_processes_can_write_to_one_database(tmp_path):
    script = (
        "import runpy, sys; sys.path.insert(0, sys.argv[3]);"
        "runpy.run_path(sys.argv[1])['load_package']('holaf');"
        "from holaf.holaf_database import ImageDatabase;"
        "from pathlib import Path; from library_rows import indexed_file;"
        "d = ImageDatabase(Path(sys.argv[2]));"
        "[d.store([indexed_file(n) for n in range(k, k + 10)]) for k in range(0, 200, 10)];"
        "d.close()"
    )
    arguments = [ROOT / "__main__.py", tmp_path / "x.sqlite", ROOT / "tests" / "support"]
    processes = [
        subprocess.Popen([sys.executable, "-B", "-c", script, *arguments]) for _ in range(2)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    database = ImageDatabase(tmp_path / "x.sqlite")
    assert database.count() == 200
    database.close()


def test_a_process_killed_while_it_writes_leaves_a_sound_database(tmp_path):
    script = (
        "import runpy, sys; sys.path.insert(0, sys.argv[3]);"
        "runpy.run_path(sys.argv[1])['load_package']('holaf');"
        "from holaf.holaf_database import ImageDatabase;"
        "from pathlib import Path; from library_rows import indexed_file;"
        "d = ImageDatabase(Path(sys.argv[2])); n = 0\n"
        "while True: d.store([indexed_file(k) for k in range(n, n + 50)]); n += 50"
    )
    path = tmp_path / "x.sqlite"
    process = subprocess.Popen(
        [sys.executable, "-B", "-c", script, ROOT / "__main__.py", path, ROOT / "tests/support"]
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not _rows(path):
        time.sleep(0.01)
    process.kill()
    process.wait(timeout=10)
    database = ImageDatabase(path)
    with database.read() as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        count = db.execute("SELECT count(*) FROM images").fetchone()[0]
    assert count > 0
    assert count % 50 == 0, "a batch is there whole or not at all"
    database.store([indexed_file(1_000_000)])
    database.close()


def _rows(path):
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            return db.execute("SELECT count(*) FROM images").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def test_a_tag_that_the_user_gives_stays_when_the_sidecar_that_had_it_is_gone(database):
    file = dataclasses.replace(indexed_file(1), tags=("cat", "dog"))
    (image_id,) = database.store([file]).added_ids
    database.set_tags(image_id, ["cat"])
    database.store([dataclasses.replace(file, tags=())])
    assert database.image_tags(image_id) == ["cat"]
    database.store([file])
    database.set_tags(image_id, ["cat"])
    assert database.image_tags(image_id) == ["cat", "dog"]


def test_user_data_of_a_file_without_pixels_goes_to_no_other_such_file(database):
    empty = [
        dataclasses.replace(indexed_file(number), size_bytes=0, pixel_key=0) for number in (1, 2, 3)
    ]
    (image_id, twin) = database.store(empty[:2]).added_ids
    database.set_tags(image_id, ["mine"])
    database.store(removed=[empty[0].path_canon])
    assert database.image_tags(twin) == []
    (newcomer,) = database.store([empty[2]]).added_ids
    assert database.image_tags(newcomer) == []
    (back,) = database.store([empty[0]]).added_ids
    assert database.image_tags(back) == ["mine"]


def test_after_the_upgrade_to_lists_of_two_letters_every_word_is_found_as_before(tmp_path):
    path = tmp_path / "images.sqlite"
    old = SqliteFile(path, STEPS[:2])
    texts = [(1, "a castle by the river", "blurry"), (2, "屋根の猫", ""), (3, "old cart", "ca")]

    def fill(db):
        for number, positive, negative in texts:
            found = (number, searchable(positive), searchable(negative))
            db.execute(
                "INSERT INTO prompts_fts (rowid, prompt_text, negative_text) VALUES (?,?,?)", found
            )
            db.execute(
                "INSERT INTO prompts VALUES (?, ?, ?, ?)",
                (number, bytes([number]), positive, negative),
            )

    old.write(fill)
    asked = [
        "castle",
        "ca*",
        "c*",
        '"屋 根"',
        "猫*",
        "prompt_text: ca*",
        "negative_text: ca*",
        "blu*",
        "zebra",
    ]
    statement = "SELECT rowid FROM prompts_fts WHERE prompts_fts MATCH ? ORDER BY rowid"

    def answers(db):
        return [[row[0] for row in db.execute(statement, (one,))] for one in asked]

    with old.read() as db:
        before = answers(db)
    old.close()
    assert before[:4] == [[1], [1, 3], [1, 3], [2]]
    database = ImageDatabase(path)
    with database.read() as db:
        assert answers(db) == before
        (made,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'prompts_fts'").fetchone()
        assert "prefix" in made
    database.close()
    assert path.with_name("images.sqlite.schema2.bak").exists()
