"""The gallery of one and of two million pictures, in a real Chromium."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import corpus
import gallery
import library
from harness import Options, Row, bench, cache, percentile
from running_server import RunningServer, standalone

MILLION = 1_000_000
WIDTH, HEIGHT = 1600, 900
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
WAIT_MS = 60_000
TAB_REST_MS = 400

# When the first thumbnail, and when all on screen, could be seen: in the frame before.
OPENED = """
(() => {
  const seen = (window.opened = {first: 0, screen: 0});
  const look = () => {
    if (document.querySelector(".holaf-tile.holaf-ready")) {
      const {top, bottom} = document.querySelector(".holaf-grid-scroll").getBoundingClientRect();
      const waiting = [...document.querySelectorAll(".holaf-tile:not([hidden], .holaf-ready)")]
          .some((tile) => {
            const box = tile.getBoundingClientRect();
            return box.bottom > top && box.top < bottom;
          });
      requestAnimationFrame(() => {
        seen.first ||= performance.now();
        if (waiting) look();
        else {
          seen.screen = performance.now();
          console.log("opened");
        }
      });
    } else {
      requestAnimationFrame(look);
    }
  };
  requestAnimationFrame(look);
})();
"""

# Drags the handle as a hand does: a pointer event for each place, between two frames.
SCRUB = """
window.scrub = (() => {
  const bar = document.querySelector(".holaf-timeline-bar");
  const handle = bar.querySelector(".holaf-timeline-handle");
  const area = document.querySelector(".holaf-grid-scroll").getBoundingClientRect();
  const total = Number(document.querySelector(".holaf-tile").getAttribute("aria-setsize"));
  const tasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) tasks.push(entry.duration);
  }).observe({type: "longtask"});
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const fire = (type, y) => (type === "pointerdown" ? handle : bar).dispatchEvent(
    new PointerEvent(type, {bubbles: true, button: 0, pointerId: 1, clientX: area.right + 40,
                            clientY: y}));
  bar.setPointerCapture = () => {};
  const span = () => {
    const box = bar.getBoundingClientRect();
    const size = handle.getBoundingClientRect().height;
    return {from: box.top + size / 2, room: box.height - size};
  };
  const onScreen = () => [...document.querySelectorAll(".holaf-tile:not([hidden])")]
    .filter((tile) => {
      const box = tile.getBoundingClientRect();
      return box.bottom > area.top && box.top < area.bottom;
    });
  // Tiles of the place that the pointer stands for, everywhere on screen.
  const there = (fraction) => {
    const tiles = onScreen();
    const far = (tile) =>
      Math.abs((Number(tile.getAttribute("aria-posinset")) - 1) / total - fraction);
    const boxes = tiles.map((tile) => tile.getBoundingClientRect());
    return tiles.length > 0 && tiles.every((tile) => far(tile) < 0.02)
      && Math.min(...boxes.map((box) => box.top)) <= area.top + 60
      && Math.max(...boxes.map((box) => box.bottom)) >= area.bottom - 60;
  };
  const begin = () => {
    const box = handle.getBoundingClientRect();
    fire("pointerdown", (box.top + box.bottom) / 2);
  };
  return {
    tasks,
    cells: () => document.querySelectorAll(".holaf-tile").length,
    // Frames until placeholders stand there, and how long the frame that drew them took.
    async moves(places) {
      const found = [];
      begin();
      for (const fraction of places) {
        await frame();
        await new Promise((resolve) => setTimeout(resolve));
        const {from, room} = span();
        const started = performance.now();
        fire("pointermove", from + fraction * room);
        let frames = 0;
        do {
          await frame();
          frames += 1;
        } while (!there(fraction) && frames < 60);
        found.push([frames, performance.now() - started]);
      }
      fire("pointerup", 0);
      return found;
    },
    // Milliseconds from the last move until every thumbnail on screen can be seen.
    async rests(places) {
      const found = [];
      begin();
      for (const fraction of places) {
        const {from, room} = span();
        for (let step = 1; step <= 8; step++) {
          await frame();
          fire("pointermove", from + (fraction * step / 8) * room);
        }
        const started = performance.now();
        for (;;) {
          await frame();
          if (there(fraction) && onScreen().every((tile) => tile.classList.contains("holaf-ready")))
            break;
          if (performance.now() - started > 10000) break;
        }
        await frame();
        found.push(performance.now() - started);
      }
      fire("pointerup", 0);
      return found;
    },
  };
})();
"""


def counts(options: Options) -> Sequence[tuple[int, str]]:
    """(rows, how the ids of their rows end): both sizes, or as many as are asked for."""
    count = options.count(MILLION)
    return [(count, ""), (2 * count, "_2m")]


@contextlib.contextmanager
def served(count: int) -> Iterator[tuple[RunningServer, Path]]:
    """A server over a library of `count` pictures and one, at rest; and a folder for new ones.

    Once a new file is listed, the server has compared all others with the disk and watches them.
    The library's folder is used again: what is put into it goes again.
    """
    with gallery.scratch() as scratch:
        folder, data = library.copied(count, scratch / "data")
        fresh = folder / "fresh"
        fresh.mkdir(exist_ok=True)
        try:
            with standalone(folder, data) as server:
                gallery.on_server(server, lambda session: gallery.until_indexed(session, count))
                corpus.large_picture(fresh / "first.png", 99)
                gallery.on_server(server, lambda session: gallery.until_indexed(session, count + 1))
                yield server, fresh
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


@contextlib.contextmanager
def chromium(options: Options):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium or shutil.which("chromium"), args=ARGUMENTS
        )
        yield browser
        browser.close()


def go(page, server: RunningServer) -> None:
    """Opens the gallery. Until all on screen is there the page does nothing for us: a question
    asked by Playwright, or a tab that is still being made, took a tenth of what is measured."""
    page.add_init_script(OPENED)
    page.wait_for_timeout(TAB_REST_MS)
    with page.expect_console_message(lambda said: said.text == "opened", timeout=WAIT_MS):
        page.goto(f"{server.url}/holaf/view", wait_until="commit")


def opened(context, server: RunningServer) -> dict[str, float]:
    page = context.new_page()
    go(page, server)
    found = page.evaluate("() => window.opened")
    page.close()
    return found


@bench("gallery.open_1m")
def open_large(options: Options) -> list[Row]:
    rounds = 4 if options.quick else 15
    rows = []
    for count, end in counts(options):
        with served(count) as (server, _), chromium(options) as browser:
            size = {"width": WIDTH, "height": HEIGHT}
            cold = []
            for _ in range(3 if options.quick else 6):
                context = browser.new_context(viewport=size)
                cold.append(opened(context, server)["first"])
                context.close()
            context = browser.new_context(viewport=size)
            for _ in range(3):  # the third time the browser has the modules compiled
                opened(context, server)
            warm = [opened(context, server) for _ in range(rounds)]
        first = [one["first"] for one in warm]
        what = (
            f"median of {rounds} from the start of the navigation to the first thumbnail of "
            f"{count:,}, module cache warm (p95 {percentile(first, 0.95):.0f}; the whole screen "
            f"{median(one['screen'] for one in warm):.0f})"
        )
        id = f"gallery.open{end or '_1m'}"
        rows.append(Row(id, what, median(first), "ms", ("<=", 300)))
        what = f"the same of {count:,} with nothing in the browser's cache, median of {len(cold)}"
        rows.append(Row(id + "_cold", what, median(cold), "ms", ("<=", 1000)))
    return rows


@bench("gallery.scrub")
def scrub(options: Options) -> list[Row]:
    moves, rests = (40, 8) if options.quick else (200, 40)
    rows = []
    for count, end in counts(options):
        with served(count) as (server, _), chromium(options) as browser:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            go(page, server)
            page.wait_for_function("() => !document.querySelector('.holaf-timeline.holaf-partial')")
            page.evaluate(SCRUB)
            frames = page.evaluate("(at) => scrub.moves(at)", places(moves))
            spent = page.evaluate("(at) => scrub.rests(at)", places(rests))
            cells = page.evaluate("() => scrub.cells()")
            longest = page.evaluate("() => Math.max(0, ...scrub.tasks)")
            # The smallest tiles are the most.
            page.get_by_role("slider", name="Picture size").fill("80")
            page.evaluate("(at) => scrub.moves(at)", places(20))
            cells = max(cells, page.evaluate("() => scrub.cells()"))
        drawn = percentile([ms for _, ms in frames], 0.95)
        rows += [
            Row(
                "gallery.scrub_frames" + end,
                f"most frames until placeholders stand where the pointer leads, {moves} places of "
                f"{count:,} (p95 {drawn:.0f} ms)",
                max(number for number, _ in frames),
                "frames",
                ("<=", 1),
            ),
            Row(
                "gallery.scrub_thumbs" + end,
                f"p95 from a drag's last move to all thumbnails on screen, {rests} drags over "
                f"{count:,} (median {median(spent):.0f})",
                percentile(spent, 0.95),
                "ms",
                ("<=", 150),
            ),
            Row(
                "gallery.scrub_longest_task" + end,
                f"longest task of the page in these drags over {count:,} (0: none reached 50 ms)",
                longest,
                "ms",
                ("<=", 50),
            ),
            Row(
                "gallery.cells" + end,
                f"most tiles in the page over {count:,}, smallest size included",
                cells,
                "",
                ("<=", 400),
            ),
        ]
    return rows


def places(count: int) -> list[float]:
    """All over the list, each far from the one before: 0.5, 0.118, 0.736, 0.354 ..."""
    return [(0.5 + number * 0.6180339887) % 1 for number in range(count)]


@bench("gallery.new_file_1m")
def new_file_large(options: Options) -> list[Row]:
    rounds = 6 if options.quick else 40
    count = options.count(MILLION)
    spent = []
    with served(count) as (server, fresh), chromium(options) as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        go(page, server)
        for number in range(rounds + 2):
            name = f"fresh_{number:03}_"
            made = cache() / "made.png"
            corpus.large_picture(made, 100 + number)
            picture = made.read_bytes()
            waiting = page.evaluate_handle(gallery.WAIT_SHOWN, name)
            with (fresh / f"{name}.png").open("wb") as file:
                file.write(picture)
            closed = time.time() * 1000
            took = page.evaluate("found => found.promise", waiting) - closed
            if number >= 2:
                spent.append(took)
    what = (
        f"p95 from a writer's close to its thumbnail on screen in a library of {count:,}, "
        f"{rounds} files of 1024² (median {median(spent):.0f})"
    )
    return [Row("gallery.new_file_1m", what, percentile(spent, 0.95), "ms", ("<=", 250))]
