"""What the watchers hear of real changes."""

# Names that are no text need the functions that take bytes.
# ruff: noqa: PTH118, PTH123

from __future__ import annotations

import errno
import os
import sys

import pytest
from holaf.holaf_image_viewer_backend import watcher as watcher_module
from holaf.holaf_image_viewer_backend.watcher import (
    CLOSED,
    CREATED,
    DELETED,
    LOST,
    MOVED,
    Event,
    InotifyWatcher,
    WatchdogWatcher,
    WatchLimit,
    network_file_system,
)
from indexing import eventually

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify is Linux's")


@pytest.fixture
def events():
    return []


@pytest.fixture
def watcher(events):
    watcher = InotifyWatcher(events.append)
    yield watcher
    watcher.close()


@linux
def test_a_file_that_was_written_is_told_of_when_its_writer_closes_it(watcher, events, tmp_path):
    watcher.add(str(tmp_path))
    with (tmp_path / "a.png").open("wb") as file:
        file.write(b"x")
        file.flush()
        eventually(lambda: Event(CREATED, str(tmp_path / "a.png")) in events)
        assert Event(CLOSED, str(tmp_path / "a.png")) not in events
    eventually(lambda: Event(CLOSED, str(tmp_path / "a.png")) in events)


@linux
def test_reading_a_file_makes_no_event(watcher, events, tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    watcher.add(str(tmp_path))
    (tmp_path / "a.png").read_bytes()
    (tmp_path / "b.png").write_bytes(b"x")
    eventually(lambda: Event(CLOSED, str(tmp_path / "b.png")) in events)
    assert {event.path for event in events} == {str(tmp_path / "b.png")}


@linux
def test_a_rename_is_one_event_with_both_names(watcher, events, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.png").write_bytes(b"x")
    watcher.add(str(tmp_path))
    watcher.add(str(tmp_path / "sub"))
    (tmp_path / "a.png").rename(tmp_path / "sub" / "b.png")
    eventually(
        lambda: (
            events == [Event(MOVED, str(tmp_path / "a.png"), False, str(tmp_path / "sub/b.png"))]
        )
    )


@linux
def test_what_is_moved_away_is_gone_and_what_is_moved_here_is_whole(watcher, events, tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "a.png").write_bytes(b"x")
    (outside / "b.png").write_bytes(b"x")
    watcher.add(str(inside))
    (inside / "a.png").rename(outside / "a.png")
    (outside / "b.png").rename(inside / "b.png")
    eventually(
        lambda: (
            {Event(DELETED, str(inside / "a.png")), Event(CLOSED, str(inside / "b.png"))}
            == set(events)
        )
    )


@linux
def test_after_a_folder_was_renamed_its_files_are_told_of_under_the_new_name(
    watcher, events, tmp_path
):
    (tmp_path / "old" / "deep").mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "old", tmp_path / "old/deep"):
        watcher.add(str(folder))
    (tmp_path / "old").rename(tmp_path / "new")
    (tmp_path / "new/deep/a.png").write_bytes(b"x")
    eventually(lambda: Event(CLOSED, str(tmp_path / "new/deep/a.png")) in events)
    assert Event(MOVED, str(tmp_path / "old"), True, str(tmp_path / "new")) in events


@linux
def test_a_root_that_is_deleted_is_told_of(watcher, events, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    watcher.add(str(root))
    root.rmdir()
    eventually(lambda: Event(DELETED, str(root), True) in events)
    root.mkdir()
    assert watcher.add(str(root))
    (root / "a.png").write_bytes(b"x")
    eventually(lambda: Event(CLOSED, str(root / "a.png")) in events)


@linux
def test_an_overflow_of_the_kernels_queue_is_told_of(watcher, events):
    watcher._parse(watcher_module._HEADER.pack(-1, watcher_module.IN_Q_OVERFLOW, 0, 0))
    assert events == [Event(LOST, "")]


@linux
def test_a_folder_that_is_gone_is_not_watched(watcher, tmp_path):
    assert watcher.add(str(tmp_path / "nowhere")) is False


@linux
def test_the_watch_limit_is_an_error_that_says_what_to_raise(watcher, tmp_path, monkeypatch):
    monkeypatch.setattr(watcher_module.ctypes, "get_errno", lambda: errno.ENOSPC)
    with pytest.raises(WatchLimit, match="max_user_watches"):
        watcher.add(str(tmp_path / "nowhere"))


@linux
def test_names_that_are_not_utf8_arrive_as_the_os_module_names_them(watcher, events, tmp_path):
    watcher.add(str(tmp_path))
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9\n.png")
    with open(path, "wb"):
        pass
    eventually(lambda: Event(CLOSED, os.fsdecode(path)) in events)


def test_watchdog_tells_of_the_same_changes_where_it_is_used(tmp_path):
    events: list[Event] = []
    watcher = WatchdogWatcher(events.append, [str(tmp_path)])
    try:
        assert watcher.add(str(tmp_path))
        (tmp_path / "sub").mkdir()
        eventually(lambda: Event(CREATED, str(tmp_path / "sub"), True) in events)
        (tmp_path / "a.png").write_bytes(b"x")
        eventually(lambda: any(event.path == str(tmp_path / "a.png") for event in events))
        (tmp_path / "a.png").rename(tmp_path / "b.png")
        eventually(lambda: any(event.kind == MOVED for event in events))
        (tmp_path / "b.png").unlink()
        eventually(lambda: Event(DELETED, str(tmp_path / "b.png")) in events)
    finally:
        watcher.close()


@pytest.mark.skipif(sys.platform == "win32", reason="drives instead of mounts")
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/nas", "nfs4"),
        ("/mnt/nas/a/b", "nfs4"),
        ("/mnt/nas2", None),
        ("/home/ann/My share/x", "cifs"),
        ("/mnt/ssh", "fuse.sshfs"),
        ("/mnt/pool", None),
        ("/data", None),
    ],
)
def test_network_file_systems_are_known_by_their_mount(path, kind):
    mounts = (
        "/dev/sda1 / ext4 rw 0 0\n"
        "host:/x /mnt/nas nfs4 rw 0 0\n"
        "//host/y /home/ann/My\\040share cifs rw 0 0\n"
        "h: /mnt/ssh fuse.sshfs rw 0 0\n"
        "1:2 /mnt/pool fuse.mergerfs rw 0 0\n"
    )
    assert network_file_system(path, mounts) == kind
