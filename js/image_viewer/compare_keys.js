/** The keys of a comparison. */
import { isTyping } from "../core/keys.js";
import { isOver, neighbour } from "./compare_layout.js";
import { strings } from "./compare_strings.js";

const STEP = 0.02;
const LEAP = 0.1;
const PAN = 40;
const ZOOM = 1.25;

/** @param {import("./comparison.js").Comparison} comparison */
export function listenToCompareKeys(comparison) {
  const { gallery, scope, element, looks } = comparison;
  scope.listen(element, "keydown", (event) => keydown(event));
  scope.listen(element, "keyup", (event) => event.key === " " && comparison.hold(false));
  scope.listen(element, "focusout", () => comparison.hold(false));

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    if (event.defaultPrevented || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (gallery.judgeKey(event, [comparison.active])) {
      return;
    }
    const target = /** @type {HTMLElement} */ (event.target);
    const range = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    if (event.key.startsWith("Arrow") && !range) {
      event.preventDefault();
      arrow(event.key, event.shiftKey);
      return;
    }
    const { mode, share } = comparison;
    const slides = mode === "slider" && !range;
    const actions = /** @type {Record<string, (() => void) | false>} */ ({
      m: () => comparison.nextMode(event.shiftKey ? -1 : 1),
      i: () => comparison.toggleParameters(),
      x: () => void comparison.remove(comparison.active),
      l: () => looks.toggleLock(),
      z: () => looks.toggle(...looks.middle),
      p: comparison.shown.length > 2 && (() => comparison.choosePair(comparison.active)),
      "+": () => looks.zoom(...looks.middle, ZOOM),
      "=": () => looks.zoom(...looks.middle, ZOOM),
      "-": () => looks.zoom(...looks.middle, 1 / ZOOM),
      // A button that has the focus is pressed by it.
      " ": !target.closest("button") && (() => (mode === "flicker" ? comparison.hold(true) : playVideos())),
      home: slides && (() => comparison.divide(0)),
      end: slides && (() => comparison.divide(1)),
      pageup: slides && (() => comparison.divide(share - LEAP)),
      pagedown: slides && (() => comparison.divide(share + LEAP)),
      escape: () => comparison.close(),
      "?": () => void openShortcuts(),
    });
    const action = actions[event.key.toLowerCase()];
    if (action) {
      event.preventDefault();
      action();
    }
  }

  function playVideos() {
    const { videos } = comparison.bar;
    if (videos.any) {
      videos.toggle();
    }
  }

  /** @param {string} key @param {boolean} shift */
  function arrow(key, shift) {
    const across = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
    const down = key === "ArrowUp" ? -1 : key === "ArrowDown" ? 1 : 0;
    const { mode, shown, activePicture } = comparison;
    if (shift) {
      looks.pan(looks.middle[0], -across * PAN, -down * PAN);
    } else if (mode === "slider") {
      comparison.divide(comparison.share + (across - down) * STEP);
    } else if (isOver(mode)) {
      comparison.turn();
    } else {
      const to = neighbour(shown.indexOf(activePicture), key, shown.length, looks.layout.columns);
      comparison.choose(shown[to].id);
    }
  }

  async function openShortcuts() {
    const shortcuts = await import("../ui/shortcuts.js");
    if (!scope.disposed) {
      const told = new AbortController();
      shortcuts.describeShortcuts(element, strings.keysTitle, strings.keys, told.signal);
      await shortcuts.openShortcuts(element);
      told.abort();
    }
  }
}
