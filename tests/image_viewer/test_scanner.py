"""What is listed, what is read again, and what is never taken for deleted."""

# Names that are no text need the functions that take bytes.
# ruff: noqa: PTH102, PTH108, PTH118, PTH123

from __future__ import annotations

import itertools
import os
import shutil
import sys
import time
from types import SimpleNamespace

import pytest
from holaf.holaf_image_records import time_of
from holaf.holaf_image_viewer_backend import scanner as scanner_module
from holaf.holaf_image_viewer_backend.index_frames import MOST_ROWS
from indexing import Bench, png

posix_only = pytest.mark.skipif(os.name != "posix", reason="POSIX")


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def write(path, data=None, age_s=100.0):
    """A file that was finished some time ago, in folders that were too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png() if data is None else data)
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def settle(folder, age_s=50.0):
    """Make every folder look as if it had not changed lately."""
    then = time.time() - age_s
    for path in [folder, *(one for one in folder.rglob("*") if one.is_dir())]:
        os.utime(path, (then, then))


def test_media_files_of_all_folders_are_listed_and_other_files_are_not(bench):
    for name in ("a.png", "sub/b.PNG", "sub/deep/c.jpg", "d.mp4", "e.flac"):
        write(bench.output / name)
    for name in ("a.txt", "b.part", "c.png.part", ".hidden.png", ".cache/x.png", "noext"):
        write(bench.output / name)
    assert bench.scan() == ["a.png", "d.mp4", "e.flac", "sub/b.PNG", "sub/deep/c.jpg"]


def test_the_trash_and_corrupted_at_the_top_are_not_listed_but_deeper_down_they_are(bench):
    for name in ("trashcan/a.png", "corrupted/a.png", "sub/trashcan/a.png", "sub/corrupted/a.png"):
        write(bench.output / name)
    assert bench.scan() == ["sub/corrupted/a.png", "sub/trashcan/a.png"]


def test_only_the_packs_own_products_in_an_edit_folder_are_skipped(bench):
    for name in ("a.png", "edit/a.png", "edit/a.edt", "edit/v_proc.mp4", "edit/a_mask_1.png"):
        write(bench.output / name)
    assert bench.scan() == ["a.png", "edit/a.png"]
    assert bench.row("a.png")["has_edit_file"] is True


def test_an_unchanged_library_is_not_read_again(bench):
    for number in range(5):
        write(bench.output / f"sub{number}" / "a.png")
    settle(bench.output)
    bench.scan()
    bench.read_paths.clear()
    frames = len(bench.frames)
    bench.scan()
    assert bench.read_paths == []
    assert len(bench.frames) == frames


def test_a_folder_that_changed_gives_its_new_names_and_loses_those_that_are_gone(bench):
    for name in ("sub/a.png", "sub/b.png", "other/c.png"):
        write(bench.output / name)
    settle(bench.output)
    bench.scan()
    (bench.output / "sub/a.png").unlink()
    write(bench.output / "sub/new.png")
    bench.read_paths.clear()
    assert bench.scan() == ["other/c.png", "sub/b.png", "sub/new.png"]
    assert bench.read_paths == [str(bench.output / "sub/new.png")]


def test_a_folder_that_is_gone_takes_its_rows_along_and_one_that_came_brings_them(bench):
    for name in ("gone/a.png", "gone/deep/b.png", "gonerism/c.png"):
        write(bench.output / name)
    settle(bench.output)
    bench.scan()
    shutil.rmtree(bench.output / "gone")
    write(bench.output / "came/deep/d.png")
    assert bench.scan() == ["came/deep/d.png", "gonerism/c.png"]


def test_a_file_overwritten_in_place_is_found_by_the_sweep(bench):
    path = write(bench.output / "a.png", png(4, 4))
    settle(bench.output)
    bench.scan()
    before = bench.row("a.png")
    write(path, png(8, 2), age_s=10)
    bench.run(bench.scanner.sweep(bench.state()))
    after = bench.row("a.png")
    assert (after["width"], after["height"]) == (8, 2)
    assert after["id"] == before["id"]
    assert after["thumb_hash"] != before["thumb_hash"]


def test_files_read_by_an_older_parser_are_read_again(bench):
    write(bench.output / "a.png")
    settle(bench.output)
    bench.scan()
    bench.read_paths.clear()
    bench.scanner._differences.parser += 1
    bench.run(bench.scanner.sweep(bench.state()))
    assert len(bench.read_paths) == 1


@pytest.mark.parametrize("how", ["missing", "file", "unreadable"])
def test_a_root_that_cannot_be_read_loses_no_row_and_says_why(bench, monkeypatch, how):
    write(bench.output / "sub/a.png")
    settle(bench.output)
    assert bench.scan() == ["sub/a.png"]
    moved = bench.output.rename(bench.output.with_name("away"))
    with monkeypatch.context() as patch:
        if how == "file":
            bench.output.write_bytes(b"")
        elif how == "unreadable":
            bench.output.mkdir()

            def refuse(path):
                raise PermissionError(13, "Permission denied")

            # The user who runs the tests may be root, whom no mode keeps out.
            patch.setattr(scanner_module.os, "scandir", refuse)
        assert bench.scan() == ["sub/a.png"]
    state = bench.state()
    assert not state.reachable
    assert str(bench.output) in state.message
    assert "kept" in state.message
    if how == "file":
        bench.output.unlink()
    elif how == "unreadable":
        bench.output.rmdir()
    moved.rename(bench.output)
    assert bench.scan() == ["sub/a.png"]
    assert (state.reachable, state.message) == (True, "")


def test_an_empty_root_keeps_its_rows_until_the_user_confirms(bench):
    write(bench.output / "sub/a.png")
    settle(bench.output)
    bench.scan()
    shutil.rmtree(bench.output / "sub")
    assert bench.scan() == ["sub/a.png"]
    assert not bench.state().reachable
    assert "Synchronise now" in bench.state().message
    assert bench.scan(confirm_empty=True) == []
    assert bench.state().reachable


def test_a_file_written_where_a_drive_is_missing_costs_no_row(bench):
    write(bench.output / "sub/a.png")
    write(bench.output / "top.png")
    settle(bench.output)
    bench.scan()
    drive = bench.output.rename(bench.output.with_name("drive"))
    bench.output.mkdir()
    bench.scan()
    write(bench.output / "new.png")
    assert bench.scan() == ["new.png", "sub/a.png", "top.png"]
    assert "found empty" in bench.state().message
    shutil.rmtree(bench.output)
    drive.rename(bench.output)
    assert bench.scan() == ["sub/a.png", "top.png"]
    assert bench.state().message == ""


def test_a_folder_that_cannot_be_read_keeps_its_rows(bench, monkeypatch):
    write(bench.output / "sub/a.png")
    write(bench.output / "b.png")
    settle(bench.output)
    bench.scan()
    real = os.scandir

    def scandir(path):
        if str(path).endswith("sub"):
            raise OSError(5, "Input/output error")
        return real(path)

    monkeypatch.setattr(scanner_module.os, "scandir", scandir)
    write(bench.output / "sub/c.png")
    (bench.output / "sub/a.png").unlink()
    assert bench.scan() == ["b.png", "sub/a.png"]


def test_a_name_missing_from_a_listing_is_not_removed_while_the_file_is_there(bench, monkeypatch):
    write(bench.output / "sub/a.png")
    write(bench.output / "sub/b.png")
    settle(bench.output)
    bench.scan()
    real = scanner_module.list_folder

    def partial(*arguments):
        listing = yield from real(*arguments)
        listing.files.pop("a.png", None)
        return listing

    monkeypatch.setattr(scanner_module, "list_folder", partial)
    os.utime(bench.output / "sub")
    assert bench.scan() == ["sub/a.png", "sub/b.png"]


@posix_only
def test_links_out_of_the_root_and_loops_are_not_listed(bench, tmp_path):
    write(tmp_path / "secret/a.png")
    write(bench.output / "sub/real.png")
    (bench.output / "out").symlink_to(tmp_path / "secret")
    (bench.output / "out.png").symlink_to(tmp_path / "secret/a.png")
    (bench.output / "sub/loop").symlink_to(bench.output)
    (bench.output / "self.png").symlink_to("self.png")
    (bench.output / "inside.png").symlink_to(bench.output / "sub/real.png")
    assert bench.scan() == ["inside.png", "sub/real.png"]


def test_a_root_inside_another_is_listed_once(tmp_path):
    inner = tmp_path / "output" / "more"
    bench = Bench(tmp_path, {"more": inner})
    write(inner / "a.png")
    write(bench.output / "b.png")
    bench.scan()
    assert bench.scan("more") == ["b.png", "more:a.png"]
    bench.close()


@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes only UTF-8")
def test_every_name_that_a_file_may_have_is_listed_and_leads_back_to_it(bench):
    names = [b"100%.png", b"%FF.png", b"it's.png", b"a\nb.png", b"\xff\xe9.png", b"input:a.png"]
    names += ["🐈 é.png".encode(), b'"q".png']
    folder = os.path.join(os.fsencode(bench.output), b"f\xe9%")
    os.mkdir(folder)
    for name in names:
        for place in (folder, os.fsencode(bench.output)):
            with open(os.path.join(place, name), "wb") as file:
                file.write(png())
    settle(bench.output)
    listed = bench.scan()
    assert len(listed) == 2 * len(names)
    for canon in listed:
        assert bench.library.resolve(canon).read_bytes() == png()
        assert bench.row(canon)["error"] == ""
    os.unlink(os.path.join(folder, b"\xff\xe9.png"))
    assert len(bench.scan()) == 2 * len(names) - 1


def test_a_file_that_vanishes_while_the_folder_is_read_is_left_out(bench, monkeypatch):
    write(bench.output / "a.png")
    write(bench.output / "b.png")
    read = bench.reader.read

    def vanishing(place):
        if place.filename == "a.png":
            os.unlink(place.path)
        return read(place)

    monkeypatch.setattr(bench.reader, "read", vanishing)
    assert bench.scan() == ["b.png"]


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("empty.png", b"", "empty"),
        ("cut.png", png(64, 64)[:50], "truncated"),
        ("text.png", b"hello world " * 20, "not a PNG"),
        ("wrong.jpg", png(), "content is PNG"),
    ],
)
def test_a_broken_file_is_listed_with_the_reason(bench, name, data, word):
    write(bench.output / name, data)
    assert bench.scan() == [name]
    assert word in bench.row(name)["error"]


def test_a_young_half_written_file_waits(tmp_path):
    waiting = []
    bench = Bench(
        tmp_path,
        wait_for=lambda state, path: waiting.append(path),
        is_whole=lambda path: not path.endswith("half.png"),
    )
    write(bench.output / "half.png", png()[:40], age_s=0)
    write(bench.output / "whole.png", age_s=0)
    write(bench.output / "old-half.png", png()[:40])
    assert bench.scan() == ["old-half.png", "whole.png"]
    assert waiting == [str(bench.output / "half.png")]
    bench.close()


def test_sidecars_that_came_or_went_meanwhile_are_noticed(bench):
    write(bench.output / "a.png")
    write(bench.output / "b.png")
    settle(bench.output)
    bench.scan()
    (bench.output / "a.txt").write_text("a lighthouse at dusk")
    bench.scan()
    assert bench.row("a.png")["has_prompt"] is True
    assert bench.row("b.png")["has_prompt"] is False
    (bench.output / "a.txt").unlink()
    bench.scan()
    assert bench.row("a.png")["has_prompt"] is False


def test_the_newest_folders_come_first_and_the_first_frame_is_small(bench):
    for day in range(5):
        for number in range(60):
            write(bench.output / f"day{day}" / f"{number:03}.png", age_s=1000 - day)
    then = time.time() - 500
    for day in range(5):
        os.utime(bench.output / f"day{day}", (then + day, then + day))
    bench.scan()
    first = [file["path"].rpartition("/")[0] for file in bench.sent_files(0)]
    assert set(first) == {"day4"}
    assert len(first) <= 50


def test_an_index_that_was_cut_short_goes_on_and_misses_nothing(tmp_path):
    bench = Bench(tmp_path)
    for number in range(40):
        write(bench.output / f"f{number % 7}" / f"sub{number % 3}" / f"{number}.png")
    settle(bench.output)
    expected = sorted(
        path.relative_to(bench.output).as_posix() for path in bench.output.rglob("*.png")
    )
    # Each round ends after a few steps, as a crash would end it, with what was sent stored.
    for steps in (2, 5, 30, 60):
        task = bench.scanner.scan(bench.state())
        for _, _ in zip(range(steps), task, strict=False):
            bench.out.flush()
        bench.out.flush()
        bench.state().times.clear()
    assert bench.scan() == expected
    bench.close()


def test_a_folder_counts_as_read_only_after_the_folders_in_it_are_known(bench, monkeypatch):
    write(bench.output / "a.png")
    write(bench.output / "new/deep/b.png")
    settle(bench.output)
    note = bench.out.folder
    seen = []

    def note_at_once(folder):
        note(folder)
        bench.out.flush()
        seen.append(bench.database.known_folders("output"))

    monkeypatch.setattr(bench.out, "folder", note_at_once)
    bench.scan()
    # A crash after any of these: what counts as read is not listed again.
    assert all("new" in known for known in seen if known.get(""))
    assert all("new/deep" in known for known in seen if known.get("new"))
    assert seen[-1].keys() == {"", "new", "new/deep"}


def test_thirty_thousand_files_in_one_folder_are_listed(tmp_path):
    bench = Bench(tmp_path)
    folder = bench.output / "all"
    folder.mkdir()
    source = write(tmp_path / "source.png")
    count = 30_000
    # ext4 takes 65,000 links to one file.
    for number in range(count):
        os.link(source, folder / f"ComfyUI_{number:06}_.png")
    settle(bench.output)
    assert len(bench.scan()) == count
    assert max(frame["batches"][0]["count"] for frame in bench.frames) <= MOST_ROWS
    assert bench.sent_files(0)[0]["path"] > "all/ComfyUI_029"
    bench.read_paths.clear()
    (folder / "ComfyUI_000007_.png").unlink()
    assert len(bench.scan()) == count - 1
    assert bench.read_paths == []
    bench.close()


def listings(monkeypatch, then=lambda rel: None):
    """The folders that are listed from now on; `then(rel)` runs after each."""
    real = scanner_module.list_folder
    seen = []

    def noted(state, rel, *arguments):
        listing = yield from real(state, rel, *arguments)
        seen.append(rel)
        then(rel)
        return listing

    monkeypatch.setattr(scanner_module, "list_folder", noted)
    return seen


def test_new_folders_are_listed_once_although_they_are_counted_first(bench, monkeypatch):
    for name in ("a.png", "one/b.png", "two/c.png", "two/deep/d.png"):
        write(bench.output / name)
    settle(bench.output)
    seen = listings(monkeypatch)
    assert bench.scan() == ["a.png", "one/b.png", "two/c.png", "two/deep/d.png"]
    assert sorted(seen) == ["", "one", "two", "two/deep"]
    assert bench.scanner.progress.found == bench.scanner.progress.done == 4


def test_a_file_that_comes_after_its_folder_was_counted_is_read_with_it(bench, monkeypatch):
    for name in ("a.png", "one/b.png", "two/c.png"):
        write(bench.output / name)
    settle(bench.output)

    def bring(rel):
        # When the second of them is listed, the first one waits to be read.
        if rel and len(seen) == 3:
            write(bench.output / seen[1] / "late.png")

    seen = listings(monkeypatch, bring)
    found = bench.scan()
    assert f"{seen[1]}/late.png" in found
    assert len(seen) == 4  # only the one that changed was listed again


def test_names_of_a_folder_that_changed_just_now_are_not_kept(bench, monkeypatch):
    for name in ("one/b.png", "two/c.png", "three/d.png"):
        write(bench.output / name)
    seen = listings(monkeypatch)
    assert bench.scan() == ["one/b.png", "three/d.png", "two/c.png"]
    # A file that comes within one tick of its folder's clock would be missed for good.
    assert len(seen) > 4


def test_polling_finds_what_changed_in_known_folders(bench):
    write(bench.output / "sub/a.png")
    settle(bench.output)
    bench.scan()
    write(bench.output / "sub/b.png")
    write(bench.output / "new/c.png")
    bench.run(bench.scanner.poll(bench.state()))
    assert bench.paths() == ["new/c.png", "sub/a.png", "sub/b.png"]
    shutil.rmtree(bench.output / "new")
    (bench.output / "sub/a.png").unlink()
    bench.run(bench.scanner.poll(bench.state()))
    assert bench.paths() == ["sub/b.png"]


def test_a_folder_that_is_named_like_a_sidecar_is_a_folder(bench):
    write(bench.output / "v2.json" / "a.png")
    write(bench.output / "notes.txt" / "deep" / "b.png")
    assert bench.scan() == ["notes.txt/deep/b.png", "v2.json/a.png"]


def test_edits_that_two_files_of_a_stem_may_claim_belong_to_none_and_nothing_is_read_twice(bench):
    for name in ("a.png", "a.mp4", "edit/a.edt"):
        write(bench.output / name)
    settle(bench.output)
    bench.scan()
    assert not bench.row("a.png")["has_edit_file"]
    assert not bench.row("a.mp4")["has_edit_file"]
    bench.read_paths.clear()
    bench.run(bench.scanner.sweep(bench.state()))
    assert bench.read_paths == []


def test_a_sidecar_that_is_newer_than_its_folder_is_read_once(bench):
    write(bench.output / "a.png")
    sidecar = write(bench.output / "a.txt", b"first")
    settle(bench.output)
    bench.scan()
    bench.run(bench.scanner.sweep(bench.state()))
    then = bench.output.stat()
    sidecar.write_bytes(b"second")  # in place: the folder's time stays
    os.utime(bench.output, ns=(then.st_atime_ns, then.st_mtime_ns))
    bench.read_paths.clear()
    bench.run(bench.scanner.sweep(bench.state()))
    assert len(bench.read_paths) == 1
    bench.run(bench.scanner.sweep(bench.state()))
    assert len(bench.read_paths) == 1


@posix_only
def test_times_beyond_what_the_database_can_keep_are_its_last_one(bench):
    path = write(bench.output / "a.png")
    far = 13_000_000_000  # in 2381
    os.utime(path, (far, far))
    os.utime(bench.output, (far, far))
    if path.stat().st_mtime_ns < 1 << 63:
        pytest.skip("this file system keeps no such times")
    assert bench.scan() == ["a.png"]
    bench.read_paths.clear()
    bench.run(bench.scanner.sweep(bench.state()))
    assert bench.read_paths == []


def test_times_before_what_the_database_can_keep_are_its_first_one():
    status = SimpleNamespace(st_mtime_ns=-(1 << 64))
    assert time_of(status) == -(1 << 63)


YEAR_S = 365 * 24 * 3600


def test_what_is_from_the_future_is_read_once_and_its_folder_is_never_trusted(bench):
    then = int(time.time()) + YEAR_S

    def come(name):
        (bench.output / "sub").mkdir(exist_ok=True)
        (bench.output / "sub" / name).write_bytes(png())
        for path in (bench.output / "sub" / name, bench.output / "sub", bench.output):
            os.utime(path, (then, then))

    come("a.png")
    assert bench.scan() == ["sub/a.png"]
    bench.scan()
    bench.run(bench.scanner.sweep(bench.state()))
    assert len(bench.read_paths) == 1
    come("b.png")  # its folder has the time that it had
    assert bench.scan() == ["sub/a.png", "sub/b.png"]


def test_a_file_and_a_folder_whose_times_went_back_have_changed(bench):
    path = write(bench.output / "sub/a.png", png(shade=1), age_s=100)
    settle(bench.output, age_s=50)
    bench.scan()
    before = bench.row("sub/a.png")
    write(path, png(shade=2), age_s=YEAR_S)
    bench.run(bench.scanner.sweep(bench.state()))
    after = bench.row("sub/a.png")
    assert after["mtime"] < before["mtime"]
    assert after["thumb_hash"] != before["thumb_hash"]
    write(bench.output / "sub/b.png")
    settle(bench.output, age_s=YEAR_S)
    assert bench.scan() == ["sub/a.png", "sub/b.png"]


@pytest.mark.parametrize("step_s", [-YEAR_S, YEAR_S])
def test_a_clock_that_is_set_while_files_are_read_loses_none(tmp_path, step_s):
    steps = itertools.count()
    # At each look it has been set, and set right again at the next.
    bench = Bench(tmp_path, clock_ns=lambda: time.time_ns() + next(steps) % 2 * step_s * 10**9)
    expected = []
    for turn in range(6):
        for folder in ("sub", f"sub/new{turn}"):
            write(bench.output / folder / f"{turn}.png", png(shade=turn), age_s=0)
            expected.append(f"{folder}/{turn}.png")
        assert bench.scan() == sorted(expected)
        if turn % 2:
            gone = expected.pop(0)
            (bench.output / gone).unlink()
            assert bench.scan() == sorted(expected)
    assert next(steps) > 6, "the clock was looked at"
    bench.close()
