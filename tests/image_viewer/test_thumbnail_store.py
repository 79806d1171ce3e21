"""Where thumbnails are kept, and which is wanted first."""

from __future__ import annotations

import pytest
from fakes import FakeClock


def name(number):
    return f"{number:016x}"


def stored(text=b"picture", dhash=5):
    from holaf.holaf_image_viewer_backend.thumbnail_store import JPEG, Stored

    return Stored(JPEG, text, b"p" * 48, dhash)


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".cache" / "thumbnails" / "thumbnails.sqlite"


@pytest.fixture
def clock():
    return FakeClock(1000.0)


@pytest.fixture
def store(path, clock):
    from holaf.holaf_image_viewer_backend.thumbnail_store import ThumbnailStore

    store = ThumbnailStore(path, clock=clock)
    yield store
    store.close()


def again(path, **more):
    from holaf.holaf_image_viewer_backend.thumbnail_store import ThumbnailStore

    return ThumbnailStore(path, **more)


def test_what_was_put_is_there_after_a_restart(store, path):
    from holaf.holaf_image_viewer_backend.thumbnail_store import JPEG

    high = (1 << 64) - 1
    store.put([(name(high), stored(b"one", high)), (name(0), stored(b"two", 0))])
    store.close()
    other = again(path, remembered_bytes=0)
    assert not other.new
    assert other.get(name(high)) == stored(b"one", high)
    assert other.get_many([name(0), name(7), "no hash"]) == {name(0): (JPEG, b"two")}
    assert other.get("../../etc/passwd") is None
    other.close()


def test_what_is_remembered_is_bounded(path):
    store = again(path, remembered_bytes=100)
    for number in range(10):
        store.remember(name(number), stored(b"x" * 30))
    assert [store.get(name(number)) is not None for number in range(10)] == [False] * 7 + [True] * 3
    store.close()


def test_memory_keeps_what_is_asked_for_again_and_nothing_that_is_passed_once(store, path):
    from holaf.holaf_image_viewer_backend.thumbnail_store import ASKED

    names = [name(number) for number in range(2 * ASKED + 1)]
    store.put([(one, stored(one.encode())) for one in names])
    store.close()
    other = again(path)
    first = other.get_many(names[:2])
    assert other.remembered(names[:2]) is None
    assert other.get_many(names[:2]) == first
    assert other.remembered(names[:2]) == list(first.values())
    other.get_many(names[2:])
    other.get_many(names[2:3])  # too many others came in between
    assert other.remembered(names[2:3]) is None
    other.close()


def test_cleaning_drops_what_nobody_has_and_gives_the_space_back(store):
    store.put([(name(number), stored(b"x" * 20_000)) for number in range(200)])
    result = store.clean([name(3), name(4)])
    assert (result["removed"], result["kept"]) == (198, 2)
    assert store.get(name(3)) is not None
    assert store.get(name(9)) is None
    with store._file.read() as db:
        assert db.execute("PRAGMA freelist_count").fetchone()[0] == 0
        assert db.execute("PRAGMA page_count").fetchone()[0] < 50


def test_what_is_to_be_made_again_is_shown_until_it_is(store, clock):
    store.put([(name(1), stored())])
    assert store.has(name(1))
    clock.now += 1
    store.remake_all()
    assert store.has(name(1)) is None
    assert store.get(name(1)) == stored()
    clock.now += 1
    store.put([(name(1), stored(b"new"))])
    assert store.has(name(1)) == stored(b"new")
    store.remove([name(1)])
    assert store.get(name(1)) is None


def test_a_file_that_is_no_database_is_put_aside(path, caplog):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database at all" * 400)
    store = again(path)
    store.open()
    assert store.new
    store.put([(name(1), stored())])
    assert store.get(name(1)) == stored()
    assert "put aside" in caplog.text
    assert len(list(path.parent.glob("*.damaged-*"))) == 1
    store.close()


def test_damage_that_shows_later_is_mended_and_told(store, path):
    store.put([(name(number), stored(b"x" * 5000)) for number in range(300)])
    store.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 :] = b"\xa5" * (len(data) - 4096 * 3)
    path.write_bytes(data)
    lost = []
    other = again(path, on_lost=lambda: lost.append(True))
    for number in range(300):
        other.get(name(number))
    assert lost == [True]
    other.put([(name(1), stored())])
    assert other.get(name(1)) == stored()
    other.close()


def test_a_store_of_a_newer_version_is_begun_anew(store, path):
    import sqlite3

    store.put([(name(1), stored())])
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    other = again(path)
    assert other.get(name(1)) is None
    other.put([(name(2), stored())])
    other.close()


def test_a_full_disk_is_said_and_loses_nothing(store):
    from holaf.holaf_core.errors import Unavailable

    store.put([(name(1), stored())])
    store._file.write(lambda db: None)

    def limit(db):
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")

    store._file.write(limit)
    with pytest.raises(Unavailable, match="Free some space"):
        store.put([(name(number), stored(b"x" * 90_000)) for number in range(2, 9)])
    assert store.get(name(1)) == stored()
    store._file.write(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchall())
    store.put([(name(2), stored())])
    assert store.get(name(2)) == stored()


def test_a_page_that_scrolled_on_wishes_for_what_it_sees_now():
    from holaf.holaf_image_viewer_backend.thumbnail_queue import Wishes

    wishes = Wishes()
    wishes.replace("tab", range(100))
    assert wishes.next() == 0
    wishes.replace("tab", [500, 501])
    assert [wishes.next() for _ in range(3)] == [500, 501, None]
    wishes.replace("tab", [1])
    wishes.replace("tab", [])
    assert wishes.next() is None


def test_no_page_waits_for_another_to_be_served_completely():
    from holaf.holaf_image_viewer_backend.thumbnail_queue import Wishes

    wishes = Wishes()
    wishes.replace("a", [1, 2, 3])
    wishes.replace("b", [11, 12])
    wishes.urge([7])
    assert len(wishes) == 6
    assert [wishes.next() for _ in range(6)] == [7, 1, 11, 2, 12, 3]


def test_wishes_are_bounded():
    from holaf.holaf_image_viewer_backend import thumbnail_queue

    wishes = thumbnail_queue.Wishes()
    for client in range(1000):
        wishes.replace(str(client), range(5000))
    wishes.urge(range(5000))
    most = thumbnail_queue.MOST_WISHES * (thumbnail_queue.MOST_CLIENTS + 1)
    assert len(wishes) <= most
