"""Looking at large pictures one after the other, and opening them, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import corpus
import gallery
from browser import HEIGHT, WAIT_MS, WIDTH, chromium
from harness import Options, Row, bench, percentile
from running_server import RunningServer, standalone

PICTURES = 60

# When an image inside the large view was first presented, by the browser's own clock; and, frame
# by frame, whether anything was drawn there and where.
WATCH = """
window.watch = (() => {
  const presented = new Map();
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const known = presented.get(entry.identifier);
      if (known === undefined) presented.set(entry.identifier, entry.renderTime);
    }
  }).observe({type: "element"});
  let number = 0;
  new MutationObserver((changes) => {
    for (const {addedNodes} of changes) {
      for (const node of addedNodes) {
        const images = node instanceof Element
          ? [node, ...node.querySelectorAll("*")].filter((one) => one.tagName === "IMG") : [];
        for (const image of images) {
          if (image.closest(".holaf-large-frame")) {
            image.setAttribute("elementtiming", `shown ${++number}`);
          }
        }
      }
    }
  }).observe(document, {subtree: true, childList: true});
  const watch = {
    presented, frames: 0, blank: 0, places: new Set(),
    reset() { this.frames = this.blank = 0; this.places.clear(); },
    frame: () => new Promise((resolve) => requestAnimationFrame(resolve)),
  };
  const look = () => {
    const frame = document.querySelector(".holaf-large-frame");
    if (document.querySelector(".holaf-large")) {
      watch.frames += 1;
      const image = [...(frame?.querySelectorAll("img") ?? [])]
        .find((one) => one.complete && one.naturalWidth > 0);
      const {x, y, width, height} = image?.getBoundingClientRect() ?? {};
      if (width > 0) {
        watch.places.add([x, y, width, height].map(Math.round).join(" "));
      } else {
        watch.blank += 1;
      }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  return watch;
})();
"""

NEXT = """
async ([rounds, rest]) => {
  const view = document.querySelector(".holaf-large");
  const spent = [];
  for (let round = -1; round < rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, rest));
    if (round === 0) watch.reset();
    const started = performance.now();
    view.dispatchEvent(
      new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true, cancelable: true}));
    const name = document.querySelector(".holaf-large-name").textContent;
    let shown;
    do {
      await watch.frame();
      const image = document.querySelector(".holaf-large-picture");
      shown = image?.alt === name ? watch.presented.get(image.getAttribute("elementtiming")) : 0;
    } while (!shown && performance.now() - started < 5000);
    if (round >= 0) spent.push(shown - started);
  }
  return {spent, frames: watch.frames, blank: watch.blank};
}
"""

OPENED = """
async () => {
  const started = window.clicked;
  let first, sharp;
  do {
    await watch.frame();
    const [image] = document.querySelectorAll(".holaf-large-frame img");
    const key = image?.getAttribute("elementtiming");
    first ??= key && watch.presented.get(key);
    sharp = document.querySelector(".holaf-large-picture");
  } while (!(first && sharp) && performance.now() - started < 5000);
  for (let number = 0; number < 4; number++) await watch.frame();
  return {first: first - started, places: watch.places.size, blank: watch.blank};
}
"""


@contextmanager
def looking(options: Options) -> Iterator:
    """A page that shows the thumbnails of large pictures."""
    folder = corpus.large_pictures(PICTURES)
    with gallery.scratch() as data, standalone(folder, data) as server:
        gallery.on_server(server, lambda session: gallery.until_indexed(session, PICTURES))
        with chromium(options) as browser:
            yield page_of(browser, server)


def page_of(browser, server: RunningServer):
    """The gallery, all its thumbnails on screen."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.set_default_timeout(WAIT_MS)
    page.add_init_script(WATCH)
    page.goto(f"{server.url}/holaf/view?sort=name_asc")
    page.wait_for_function(
        """() => { const tiles = [...document.querySelectorAll(".holaf-tile:not([hidden])")];
            return tiles.length > 8
                && tiles.every((one) => one.classList.contains("holaf-ready")); }"""
    )
    return page


@bench("viewer.next_picture")
def next_picture(options: Options) -> list[Row]:
    rounds = 10 if options.quick else PICTURES - 6
    with looking(options) as page:
        page.locator('[aria-posinset="1"]').dblclick()
        page.wait_for_selector(".holaf-large-picture")
        page.evaluate("() => new Promise((resolve) => setTimeout(resolve, 1500))")
        found = page.evaluate(NEXT, [rounds, 400])
    spent = found["spent"]
    what = (
        f"p95 from the key to the sharp picture on screen, {rounds} PNGs of 1024², looked at for "
        f"0.4 s each (median {median(spent):.0f}, worst {max(spent):.0f})"
    )
    blank = f"frames without a picture of {found['frames']} meanwhile"
    return [
        Row("viewer.next_picture", what, percentile(spent, 0.95), "ms", ("<=", 50)),
        Row("viewer.next_picture_blank", blank, found["blank"], "", ("<=", 0)),
    ]


@bench("viewer.open_zoom")
def open_zoom(options: Options) -> list[Row]:
    rounds = 5 if options.quick else 25
    opened = []
    with looking(options) as page:
        page.evaluate(
            """() => addEventListener("dblclick", (event) => { window.clicked = event.timeStamp; },
                {capture: true})"""
        )
        for number in range(rounds + 1):
            page.evaluate("() => watch.reset()")
            page.locator(f'[aria-posinset="{number % 8 + 1}"]').dblclick()
            opened.append(page.evaluate(OPENED))
            page.keyboard.press("Escape")
            page.wait_for_function("() => !document.querySelector('.holaf-large')")
    spent = [one["first"] for one in opened[1:]]
    what = (
        f"p95 from the double click to the picture, enlarged, on screen, {rounds} times (median "
        f"{median(spent):.0f}, worst {max(spent):.0f}; the first of the page, which loads the "
        f"large view, {opened[0]['first']:.0f})"
    )
    jumps = max(one["places"] - 1 for one in opened)
    return [
        Row("viewer.open_zoom", what, percentile(spent, 0.95), "ms", ("<=", 100)),
        Row(
            "viewer.open_zoom_jumps",
            "most times that a picture changed its place until it was sharp",
            jumps,
            "",
            ("<=", 0),
        ),
    ]
