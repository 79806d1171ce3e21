/**
 * Where one picture or video lies: fitted, zoomed, moved. What it shows stays until something else can be drawn, so
 * that no frame is bare; a picture's place is known before it comes, so that nothing jumps.
 */
import { h } from "../core/dom.js";
import { actualZoom, panBy, pinch, place, WHOLE, wheelFactor, within, zoomTo } from "./zoom.js";

/** @typedef {import("./zoom.js").Size} Size @typedef {import("./zoom.js").Look} Look */
/** @typedef {{x: number, y: number}} Point */

const STEP = 1.5;
// Pixels of a picture become squares that one can count.
const SQUARES_FROM = 6;
const MOVED_PX = 5;
const SWIPE_PX = 60;
const FLING_PX_PER_MS = 0.5;

/**
 * @param {object} options
 * @param {import("../core/scope.js").Scope} options.scope
 * @param {(by: number) => void} options.turn a finger has swiped
 * @param {() => void} options.leave a finger has swiped down
 * @param {() => void} options.pressed a click that is no drag
 * @param {(percent: number, whole: boolean) => void} options.zoomed 0: there is nothing to zoom
 */
export function createStage({ scope, turn, leave, pressed, zoomed }) {
  const element = h("div", { class: "holaf-large-stage" });
  /** @type {HTMLElement | null} */
  let frame = null;
  /** @type {Size} */
  let size = { width: 0, height: 0 };
  /** @type {Look} */
  let look = WHOLE;
  /** @type {Size} */
  let box = { width: 0, height: 0 };

  function draw() {
    if (!frame) {
      return;
    }
    const at = place(look, size, box);
    frame.style.width = `${at.width}px`;
    frame.style.height = `${at.height}px`;
    frame.style.transform = `translate(${at.left}px, ${at.top}px)`;
    frame.classList.toggle("holaf-squares", at.scale * devicePixelRatio >= SQUARES_FROM);
    element.classList.toggle("holaf-movable", at.width > box.width + 1 || at.height > box.height + 1);
    zoomed(Math.round(at.scale * devicePixelRatio * 100), look.zoom === 1);
  }

  /** @param {Look} next */
  function set(next) {
    look = next;
    draw();
  }

  /** @param {number} zoom @param {Point} [point] */
  const zoom = (zoom, point = { x: box.width / 2, y: box.height / 2 }) => set(zoomTo(look, zoom, point, size, box));

  /** All of it, or one pixel as one. @param {Point} [point] */
  function toggle(point) {
    const actual = actualZoom(size, box, devicePixelRatio);
    // Where both are the same, closer.
    zoom(look.zoom !== 1 ? 1 : Math.abs(actual - 1) < 0.02 ? 2 : actual, point);
  }

  /**
   * @param {Size} natural @param {Array<Element>} parts one over the other
   * @param {{same?: boolean, ground?: string}} [how] same: of what is shown already, so that the place is kept
   */
  function show(natural, parts, { same = false, ground = "" } = {}) {
    size = natural.width > 0 && natural.height > 0 ? natural : box;
    look = same ? within(look, size, box) : WHOLE;
    const next = h("div", { class: "holaf-large-frame" });
    next.append(...parts);
    next.style.backgroundImage = ground;
    frame = next;
    draw();
    element.replaceChildren(next);
  }

  /** Puts something over what is shown. @param {Element} part @param {Size} natural */
  function cover(part, natural) {
    frame?.append(part);
    resize(natural);
  }

  /** What is shown has another size than was thought. @param {Size} natural */
  function resize(natural) {
    size = natural;
    set(within(look, size, box));
  }

  /** A video that ends now stays to be seen as it is until something else is. @param {HTMLVideoElement} media */
  function freeze(media) {
    if (frame?.contains(media) && media.videoWidth) {
      const still = h("canvas", { class: "holaf-large-small", width: media.videoWidth, height: media.videoHeight });
      still.getContext("2d")?.drawImage(media, 0, 0);
      media.replaceWith(still);
    }
  }

  /** Something that is no picture, in the middle. @param {Element} part */
  function say(part) {
    frame = null;
    element.classList.remove("holaf-movable");
    element.replaceChildren(part);
    zoomed(0, true);
  }

  const observer = new ResizeObserver(([{ contentRect }]) => {
    box = { width: contentRect.width, height: contentRect.height };
    look = within(look, size, box);
    draw();
  });
  observer.observe(element);
  scope.onDispose(() => observer.disconnect());

  // --- mouse and fingers ------------------------------------------------------------------------

  /** @param {MouseEvent} event @returns {Point} */
  function at(event) {
    const { left, top } = element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
  /** Fingers, or the mouse, that are down. @type {Map<number, Point>} */
  const down = new Map();
  let moved = false;
  /** Of one finger on a picture that is not zoomed. @type {{x: number, y: number, from: Point, began: number} | null} */
  let swipe = null;

  const movable = () => element.classList.contains("holaf-movable");
  const ours = (/** @type {Event} */ event) =>
    frame !== null && !(/** @type {any} */ (event.target).closest("button, a"));

  scope.listen(
    element,
    "wheel",
    (event) => {
      if (ours(event)) {
        event.preventDefault();
        zoom(look.zoom * wheelFactor(event), at(event));
      }
    },
    { passive: false },
  );
  scope.listen(element, "dblclick", (event) => ours(event) && toggle(at(event)));
  scope.listen(element, "click", (event) => {
    if (ours(event) && !moved) {
      pressed();
    }
  });
  scope.listen(element, "pointerdown", (event) => {
    if (!ours(event) || (event.pointerType === "mouse" && event.button !== 0)) {
      return;
    }
    if (down.size === 0) {
      moved = false;
      swipe =
        event.pointerType === "touch" && !movable() ? { x: 0, y: 0, from: at(event), began: event.timeStamp } : null;
    } else {
      endSwipe(null);
    }
    down.set(event.pointerId, at(event));
    // One that is over already, as far as the browser knows, cannot be caught.
    if (event.isTrusted) {
      element.setPointerCapture(event.pointerId);
    }
    element.classList.add("holaf-held");
  });
  scope.listen(element, "pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) {
      return;
    }
    const now = at(event);
    const from = [...down.values()];
    if (!moved && Math.hypot(now.x - before.x, now.y - before.y) < MOVED_PX) {
      return;
    }
    moved = true;
    down.set(event.pointerId, now);
    if (down.size === 2) {
      set(pinch(look, from, [...down.values()], size, box));
    } else if (swipe) {
      swipe.x = now.x - swipe.from.x;
      swipe.y = now.y - swipe.from.y;
      lean(Math.abs(swipe.x) > Math.abs(swipe.y) ? swipe.x : 0, Math.abs(swipe.x) > Math.abs(swipe.y) ? 0 : swipe.y);
    } else if (down.size === 1) {
      set(panBy(look, now.x - before.x, now.y - before.y, size, box));
    }
  });
  for (const type of ["pointerup", "pointercancel"]) {
    scope.listen(element, type, (event) => {
      if (down.delete(event.pointerId) && down.size === 0) {
        element.classList.remove("holaf-held");
        endSwipe(type === "pointerup" ? event.timeStamp : null);
      }
    });
  }

  /** @param {number} x @param {number} y */
  function lean(x, y) {
    if (frame) {
      frame.style.translate = x || y ? `${x}px ${Math.max(0, y)}px` : "";
    }
  }

  /** @param {number | null} when null: it was given up */
  function endSwipe(when) {
    const made = swipe;
    swipe = null;
    lean(0, 0);
    if (!made || when === null) {
      return;
    }
    const { x, y } = made;
    const fast = Math.hypot(x, y) / Math.max(1, when - made.began) > FLING_PX_PER_MS;
    const far = (/** @type {number} */ way) => Math.abs(way) > SWIPE_PX || (fast && Math.abs(way) > SWIPE_PX / 3);
    if (Math.abs(x) > Math.abs(y) && far(x)) {
      turn(x < 0 ? 1 : -1);
    } else if (y > Math.abs(x) && far(y)) {
      leave();
    }
  }

  return {
    element,
    show,
    cover,
    resize,
    freeze,
    say,
    toggle,
    /** In or out, in the middle. @param {number} way 1 or -1 */
    step: (way) => zoom(look.zoom * STEP ** way),
    /** By a tenth of what is seen. @param {number} x -1, 0 or 1 @param {number} y */
    pan: (x, y) => set(panBy(look, (-x * box.width) / 10, (-y * box.height) / 10, size, box)),
    get shows() {
      return frame !== null;
    },
    /** Its size is known only now: before, it has none to fit anything into. */
    measure() {
      box = { width: element.clientWidth, height: element.clientHeight };
    },
  };
}
