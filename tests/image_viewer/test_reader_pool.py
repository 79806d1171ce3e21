"""Files that other processes read arrive as if the index worker had read them itself."""

from __future__ import annotations

import os
import time

import pytest
from holaf.holaf_image_records import IndexedFolder
from holaf.holaf_image_store import PARSER
from holaf.holaf_image_viewer_backend.half_written import looks_whole
from holaf.holaf_image_viewer_backend.listing import Place
from holaf.holaf_image_viewer_backend.reader_pool import CHUNK, ReaderPool
from holaf.holaf_image_viewer_backend.scanner import Scanner
from indexing import Bench, png

COUNT = 5 * CHUNK


class Pooled(Bench):
    """A library whose scanner has one more process to read with."""

    def __init__(self, tmp_path, skip=()):
        super().__init__(tmp_path)
        self.done = 0
        self.read_here = []
        self.pool = ReaderPool(
            1, self.out.forward, self.out.folder, self.read_in_place, self.count, skip
        )
        self.out.drain = self.pool.drain
        self.scanner = Scanner(
            self.library, self.known, self.out, self.read, parser=PARSER, pool=self.pool,
            is_whole=looks_whole,
        )  # fmt: skip

    def read_in_place(self, place):
        self.read_here.append(place.filename)
        self.out.file(self.read(place))

    def count(self, number):
        self.done += number

    def run(self, steps):
        for _ in steps:
            pass
        self.pool.rest()
        self.out.flush()

    def places(self, count):
        return [
            Place("output", "", path.name, str(path), path.stat())
            for path in sorted(self.output.iterdir())[:count]
        ]

    def close(self):
        self.pool.rest()
        super().close()


@pytest.fixture
def bench(tmp_path):
    bench = Pooled(tmp_path)
    yield bench
    bench.close()


def fill(folder, count=COUNT):
    then = time.time() - 100
    folder.mkdir(exist_ok=True)
    for number in range(count):
        path = folder / f"{number:04}.png"
        path.write_bytes(png(shade=number, parameters=f"a fox {number % 9}\nSteps: 20, Seed: 7"))
        os.utime(path, (then, then))
    os.utime(folder, (then, then))


def rows(bench):
    with bench.database.read() as db:
        found = db.execute(
            "SELECT images_full.*, folders.mtime_ns AS listed FROM images_full "
            "JOIN folders ON folders.id = folder_id ORDER BY path_canon"
        )
        left_out = {"id", "rev", "prompt_id"}
        return [{key: row[key] for key in row.keys() if key not in left_out} for row in found]  # noqa: SIM118


def test_rows_read_by_another_process_are_the_same_rows(tmp_path, bench):
    fill(bench.output)
    bench.scan()
    assert bench.done > 0
    assert bench.done + len(bench.read_paths) == COUNT
    (tmp_path / "alone").mkdir()
    alone = Bench(tmp_path / "alone")
    alone.output.rmdir()
    bench.output.rename(alone.output)
    alone.scan()
    assert rows(alone) == rows(bench)
    alone.close()


def test_a_folder_counts_as_read_when_its_last_file_is_back(bench):
    fill(bench.output)
    bench.pool.give(bench.places(CHUNK))
    bench.pool.note(IndexedFolder("output", "", 5))
    bench.out.flush()
    assert bench.known.folders("output") == {}
    bench.pool.drain()
    bench.out.flush()
    assert bench.known.folders("output") == {"": 5}
    assert len(bench.paths()) == CHUNK


def test_what_a_reader_had_when_it_ended_is_read_here(bench):
    fill(bench.output)
    bench.pool.give(bench.places(CHUNK))
    bench.pool._readers[0].process.kill()
    bench.pool.drain()
    bench.out.flush()
    assert len(bench.paths()) == CHUNK
    assert bench.done == CHUNK
    assert not bench.pool.has_room()
    bench.scan()
    assert len(bench.paths()) == COUNT


def test_a_file_that_went_while_another_process_had_it_does_not_come_back(bench):
    fill(bench.output)
    places = bench.places(CHUNK)
    bench.pool.give(places)
    bench.out.remove("output", "", places[0].filename)
    bench.pool.drain()
    bench.out.flush()
    assert places[0].filename not in bench.paths()
    assert len(bench.paths()) == CHUNK - 1


def test_files_that_vanish_or_must_not_be_opened_end_no_reader(tmp_path):
    path = tmp_path / "output" / "0001.png"
    bench = Pooled(tmp_path, skip=[os.fsencode(path).hex()])
    fill(bench.output, CHUNK)
    places = bench.places(CHUNK)
    (bench.output / "0000.png").unlink()
    bench.pool.give(places)
    bench.pool.drain()
    bench.out.flush()
    assert len(bench.paths()) == CHUNK - 1
    assert "ended the program" in bench.row("0001.png")["error"]
    assert bench.read_here == []
    bench.close()
