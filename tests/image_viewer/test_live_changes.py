"""Events only say where to look; half-written files wait, by a clock that the test turns."""

from __future__ import annotations

import os

import pytest
from fakes import FakeClock
from holaf.holaf_image_viewer_backend import differences, folder_names, known_files, turns
from holaf.holaf_image_viewer_backend.half_written import looks_whole
from holaf.holaf_image_viewer_backend.live_changes import LOOKS, LiveChanges
from holaf.holaf_image_viewer_backend.watcher import CLOSED, CREATED, DELETED, LOST, MOVED, Event
from indexing import Bench, png
from PIL import Image


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def clock():
    return FakeClock(now=1000.0)


@pytest.fixture
def rescans():
    return []


@pytest.fixture
def live(bench, clock, rescans):
    return LiveChanges(
        bench.scanner,
        bench.known,
        bench.out,
        bench.read,
        looks_whole,
        rescan=lambda state, rel: rescans.append((state.root.id, rel)),
        clock=clock,
    )


def tell(bench, live, *events):
    live.handle([Event(kind, str(bench.output / path), *more) for kind, path, *more in events])
    bench.out.flush()
    return bench.paths()


def turn(bench, live, clock, seconds):
    clock.now += seconds
    live.run_due()
    bench.out.flush()
    return bench.paths()


def test_a_file_that_was_deleted_and_made_again_stays(bench, live):
    (bench.output / "a.png").write_bytes(png())
    assert tell(bench, live, (CLOSED, "a.png"), (DELETED, "a.png")) == ["a.png"]
    assert tell(bench, live, (DELETED, "a.png")) == ["a.png"]


def test_a_file_that_is_gone_before_it_is_read_never_appears(bench, live):
    assert tell(bench, live, (CREATED, "a.png"), (CLOSED, "a.png"), (DELETED, "a.png")) == []


def test_a_file_with_many_events_is_read_once(bench, live):
    (bench.output / "a.png").write_bytes(png())
    tell(bench, live, *[(CREATED, "a.png"), (CLOSED, "a.png")] * 20)
    assert len(bench.read_paths) == 1


def test_what_the_scanner_does_not_list_is_not_listed_live_either(bench, live, tmp_path):
    (tmp_path / "secret.png").write_bytes(png())
    names = ["a.txt", "a.part", ".h.png", "trashcan/a.png", ".cache/a.png", "edit/v_proc.mp4"]
    for name in names:
        (bench.output / name).parent.mkdir(exist_ok=True)
        (bench.output / name).write_bytes(png())
    (bench.output / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(bench.output / "pipe.png")
    (bench.output / "folder.png").mkdir()
    events = [(CLOSED, name) for name in (*names, "link.png", "pipe.png", "folder.png")]
    assert tell(bench, live, *events) == []


def test_a_file_without_a_known_end_is_read_when_two_looks_agree(bench, live, clock):
    path = bench.output / "a.mp3"
    path.write_bytes(b"ID3" + bytes(100))
    assert tell(bench, live, (CREATED, "a.mp3")) == []
    path.write_bytes(b"ID3" + bytes(200))
    assert turn(bench, live, clock, LOOKS[0]) == []
    assert turn(bench, live, clock, LOOKS[0]) == ["a.mp3"]


def test_a_file_that_was_created_whole_is_read_at_the_first_look(bench, live, clock):
    (bench.output / "a.png").write_bytes(png())
    assert tell(bench, live, (CREATED, "a.png")) == []
    assert turn(bench, live, clock, LOOKS[0]) == ["a.png"]
    assert live.due() is None


def test_a_half_written_file_waits_longer_each_time_and_is_then_listed_with_the_reason(
    bench, live, clock
):
    (bench.output / "a.png").write_bytes(png(50, 50)[:60])
    assert tell(bench, live, (CLOSED, "a.png")) == []
    for seconds in LOOKS[:-1]:
        assert live.due() == clock.now + seconds
        assert turn(bench, live, clock, seconds) == []
    assert turn(bench, live, clock, LOOKS[-1]) == ["a.png"]
    assert bench.row("a.png")["error"]
    assert live.due() is None


def test_a_file_that_still_grows_is_not_given_up(bench, live, clock):
    data = png(50, 50)
    (bench.output / "a.png").write_bytes(data[:60])
    tell(bench, live, (CREATED, "a.png"))
    for size in range(61, len(data)):
        (bench.output / "a.png").write_bytes(data[:size])
        assert turn(bench, live, clock, LOOKS[-1]) == []
    (bench.output / "a.png").write_bytes(data)
    assert turn(bench, live, clock, LOOKS[-1]) == ["a.png"]
    assert bench.row("a.png")["error"] == ""


def test_a_file_that_vanishes_while_it_waits_is_forgotten(bench, live, clock):
    (bench.output / "a.png").write_bytes(png()[:40])
    tell(bench, live, (CLOSED, "a.png"))
    (bench.output / "a.png").unlink()
    assert turn(bench, live, clock, LOOKS[0]) == []
    assert live.due() is None


def test_a_rename_keeps_the_id_also_over_another_file(bench, live):
    (bench.output / "a.png").write_bytes(png(5, 5))
    (bench.output / "b.png").write_bytes(png(6, 6))
    tell(bench, live, (CLOSED, "a.png"), (CLOSED, "b.png"))
    kept = bench.row("a.png")["id"]
    (bench.output / "a.png").replace(bench.output / "b.png")
    target = str(bench.output / "b.png")
    assert tell(bench, live, (MOVED, "a.png", False, target)) == ["b.png"]
    assert (bench.row("b.png")["id"], bench.row("b.png")["width"]) == (kept, 5)


def test_a_chain_of_renames_ends_at_the_last_name(bench, live):
    (bench.output / "a.png").write_bytes(png())
    tell(bench, live, (CLOSED, "a.png"))
    kept = bench.row("a.png")["id"]
    (bench.output / "a.png").rename(bench.output / "c.png")
    names = [str(bench.output / name) for name in ("b.png", "c.png")]
    paths = tell(bench, live, (MOVED, "a.png", False, names[0]), (MOVED, "b.png", False, names[1]))
    assert paths == ["c.png"]
    assert bench.row("c.png")["id"] == kept


def test_a_new_folder_and_lost_events_ask_for_a_scan(bench, live, rescans):
    (bench.output / "new").mkdir()
    tell(bench, live, (CREATED, "new", True), (CREATED, "trashcan", True))
    live.handle([Event(LOST, "")])
    assert rescans == [("output", "new"), ("output", None)]


def test_a_folder_that_vanished_with_the_whole_root_takes_no_row(bench, live):
    (bench.output / "sub").mkdir()
    (bench.output / "sub" / "a.png").write_bytes(png())
    tell(bench, live, (CLOSED, "sub/a.png"))
    away = bench.output.rename(bench.output.with_name("away"))
    assert tell(bench, live, (DELETED, "sub/a.png"), (DELETED, "sub", True)) == ["sub/a.png"]
    away.rename(bench.output)


def test_a_sidecar_of_the_whole_name_and_of_the_stem_reach_their_picture(bench, live):
    (bench.output / "a.png").write_bytes(png())
    (bench.output / "b.png").write_bytes(png())
    tell(bench, live, (CLOSED, "a.png"), (CLOSED, "b.png"))
    (bench.output / "a.png.txt").write_text("a lighthouse")
    (bench.output / "b.txt").write_text("a harbour")
    tell(bench, live, (CLOSED, "a.png.txt"), (CLOSED, "b.txt"))
    assert bench.row("a.png")["has_prompt"]
    assert bench.row("b.png")["has_prompt"]


def test_what_happens_while_a_huge_folder_is_compared_in_slices_is_right(bench, live, monkeypatch):
    monkeypatch.setattr(turns, "SLICE_S", 0.0)
    for module in (folder_names, differences):
        monkeypatch.setattr(module, "STEPS", 1)
    monkeypatch.setattr(known_files, "PAGE", 3)

    def path(number):
        return bench.output / f"a{number:02}.png"

    for number in range(40):
        path(number).write_bytes(png(shade=number))
    bench.scan()
    path(39).write_bytes(png(9, 9))  # nobody tells of this one
    here = sorted(bench.output.iterdir())
    slices = 0
    for _ in bench.scanner.sweep(bench.state()):
        slices += 1
        new = bench.output / f"new{slices}.png"
        old = here.pop(slices * 7 % (len(here) - 1))  # never the last one
        if slices % 3 == 0:
            new.write_bytes(png())
            old.unlink()
            live.handle([Event(CLOSED, str(new)), Event(DELETED, str(old))])
        elif slices % 3 == 1:
            old.rename(new)
            live.handle([Event(MOVED, str(old), False, str(new))])
        else:
            old.write_bytes(png(7, 7))
            live.handle([Event(CLOSED, str(old))])
            new = old
        here.insert(0, new)
    bench.out.flush()
    assert slices > 50
    assert bench.paths() == sorted(one.name for one in bench.output.iterdir())
    assert bench.row("a39.png")["width"] == 9
    for name in bench.paths():
        with Image.open(bench.output / name) as picture:
            assert bench.row(name)["width"] == picture.width
