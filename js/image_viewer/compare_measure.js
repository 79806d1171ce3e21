/** How far two pictures are from each other, counted apart from the page. */
import { strings } from "./compare_strings.js";

// Both together, as the browser holds them: 4 bytes each.
const MOST_PIXELS = 64_000_000;

/** @param {import("./comparison.js").Comparison} comparison */
export function createMeasure(comparison) {
  /** @type {Worker | null} */
  let worker = null;
  let asked = "";
  let text = "";
  comparison.scope.onDispose(() => worker?.terminate());

  /** @param {string[]} sources */
  function ask(sources) {
    worker?.terminate();
    worker = null;
    text = strings.measuring;
    try {
      worker = new Worker(new URL("./compare_worker.js", import.meta.url), { type: "module" });
    } catch {
      // Where the page may start none, the picture of the difference has to do.
      text = "";
      return;
    }
    worker.onmessage = ({ data }) => say(data);
    worker.onerror = () => say(null);
    worker.postMessage(sources);
  }

  /** @param {any} found */
  function say(found) {
    worker?.terminate();
    worker = null;
    text = !found
      ? ""
      : found.differing
        ? strings.measured(found.differing / found.pixels, found.most)
        : strings.identical;
    comparison.draw();
  }

  return {
    /** What is known of the two that are shown; asks for it where nothing is. */
    text() {
      const { shown } = comparison;
      if (shown.some((each) => each.video || each.element.dataset.state !== "sharp")) {
        return "";
      }
      if (shown.some(({ size }) => size.width * size.height > MOST_PIXELS)) {
        return strings.tooLarge;
      }
      const sources = shown.map(({ shownSource }) => shownSource);
      if (sources.join() !== asked) {
        asked = sources.join();
        ask(sources);
      }
      return text;
    },
  };
}
