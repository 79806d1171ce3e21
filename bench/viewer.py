"""Selecting and judging in a real Chromium, over libraries without files."""

from __future__ import annotations

import shutil
from statistics import median

import engine_library
from browser import HEIGHT, WAIT_MS, WIDTH, chromium
from engine import SERVER
from gallery import scratch
from harness import Options, Row, bench, percentile
from running_server import RunningServer

MATCHES = 500_000

# From the key to the frame that shows how many are selected.
SELECT_ALL = """
async (rounds) => {
  const list = document.querySelector(".holaf-tiles");
  const count = document.querySelector(".holaf-selected-count");
  const press = (key, ctrlKey) => list.dispatchEvent(
    new KeyboardEvent("keydown", {key, ctrlKey, bubbles: true, cancelable: true}));
  // What is posted from a frame comes after that has been drawn.
  const drawn = () => new Promise((resolve) => requestAnimationFrame(() => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(null);
  }));
  const spent = [];
  const own = [];
  // The first selection fetches what can be done with it.
  for (let round = -2; round < rounds; round++) {
    list.focus();
    const started = performance.now();
    press("a", true);
    const done = performance.now();
    await drawn();
    if (round >= 0) {
      own.push(done - started);
      spent.push(performance.now() - started);
    }
    if (!list.querySelector('[aria-selected="true"]')) throw new Error("nothing is selected");
    window.counted = count.textContent.replace(/\\D/g, "");
    press("Escape", false);
    await drawn();
  }
  return {spent, own};
}
"""


@bench("viewer.select_all")
def select_all(options: Options) -> list[Row]:
    rounds = 10 if options.quick else 40
    count = options.count(MATCHES)
    with scratch() as data:
        (data / "output").mkdir()
        shutil.copy(engine_library.database(count), data / "holaf_utilities.sqlite")
        with (
            RunningServer(SERVER, "--data-dir", data, "--port", 0, name="library") as server,
            chromium(options) as browser,
        ):
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.set_default_timeout(WAIT_MS)
            page.goto(f"{server.url}/holaf/view")
            page.wait_for_function(
                "() => document.querySelector('.holaf-timeline:not(.holaf-partial)')"
            )
            found = page.evaluate(SELECT_ALL, rounds)
            counted = int(page.evaluate("() => window.counted"))
    spent = found["spent"]
    if counted != count:
        raise AssertionError(f"{counted:,} of {count:,} were counted")
    what = (
        f"p95 from Ctrl+A to the frame with the count of {count:,} matches, {rounds} times "
        f"(median {median(spent):.1f}; of that the page's own work {median(found['own']):.1f})"
    )
    return [Row("viewer.select_all", what, percentile(spent, 0.95), "ms", ("<=", 100))]
