/** The keys of the large view. */
import { isTyping } from "../core/keys.js";
import { strings } from "./large_strings.js";

const ALONE = /^(Shift|Control|Alt|Meta|AltGraph|CapsLock|Tab)$/;
const OF_SLIDERS = /^(Arrow|Page|Home|End)/;

/**
 * @param {object} options
 * @param {import("./index.js").Gallery} options.gallery
 * @param {import("../core/scope.js").Scope} options.scope
 * @param {HTMLElement} options.element
 * @param {ReturnType<typeof import("./large_stage.js").createStage>} options.stage
 * @param {ReturnType<typeof import("./large_item.js").createItem>} options.item
 * @param {ReturnType<typeof import("./slideshow.js").createSlideshow>} options.show
 * @param {(by: number) => void} options.turn
 * @param {(to: number) => void} options.go
 * @param {() => void} options.back
 * @param {() => void} options.close
 * @param {() => void} options.toggleShow
 * @param {() => void} options.toggleScreen
 * @param {() => void} options.toggleInfo
 * @param {() => number} options.id
 */
export function listenToLargeKeys(options) {
  const { gallery, scope, element, stage, item, show, turn, go, back, id } = options;
  let told = false;
  const acts = /** @type {Record<string, () => void>} */ ({
    ArrowLeft: () => turn(-1),
    ArrowRight: () => turn(1),
    ArrowUp: () => turn(-1),
    ArrowDown: () => turn(1),
    PageUp: () => turn(-10),
    PageDown: () => turn(10),
    Home: () => go(0),
    End: () => go(Infinity),
    Enter: () => options.close(),
    Escape: back,
    z: () => stage.toggle(),
    "+": () => stage.step(1),
    "=": () => stage.step(1),
    "-": () => stage.step(-1),
    f: () => options.toggleScreen(),
    s: () => options.toggleShow(),
    i: () => options.toggleInfo(),
  });
  const pans = /** @type {Record<string, [number, number]>} */ ({
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  });

  /** @param {KeyboardEvent} event @returns {boolean} it was for us */
  function take(event) {
    const target = /** @type {Element} */ (event.target);
    if (show.running) {
      // Any key ends it, but those that choose in its bar.
      if (!show.bar.contains(target) || event.key === "Escape") {
        show.stop();
        return true;
      }
      return false;
    }
    if (isTyping(event) || (target.matches("input") && OF_SLIDERS.test(event.key))) {
      return false;
    }
    if ((event.key === "Enter" || event.key === " ") && target.closest("button, a")) {
      return false;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) {
      if (event.key === "Enter" && !event.altKey) {
        options.toggleScreen();
        return true;
      }
      return false;
    }
    if (item.player?.key(event)) {
      return true;
    }
    if (event.shiftKey && pans[event.key]) {
      stage.pan(...pans[event.key]);
      return true;
    }
    const act = acts[event.key] ?? acts[event.key.toLowerCase()];
    if (act) {
      act();
      return true;
    }
    return Boolean(/** @type {any} */ (gallery).judgeKey?.(event, [id()]));
  }

  scope.listen(element, "keydown", (event) => {
    // In full screen, dialogs lie within.
    if (event.defaultPrevented || ALONE.test(event.key) || event.target.closest(".holaf-layer")) {
      return;
    }
    if (event.key === "?" && !told) {
      told = true;
      void import("../ui/shortcuts.js").then(({ describeShortcuts }) =>
        describeShortcuts(element, strings.large, strings.keys, scope.signal),
      );
      return;
    }
    if (take(event)) {
      event.preventDefault();
    }
  });
}
