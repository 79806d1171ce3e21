/** A menu where the mouse's second button is pressed, or a finger rests: what Alt+click does has no finger of its own. */
import { openMenu } from "../ui/menu.js";

const REST_MS = 450;
const STILL_PX = 8;
// What a finger makes of itself, a click or a menu, it makes at once after it has left.
const OVER_MS = 400;

/**
 * @param {HTMLElement} list
 * @param {import("../core/scope.js").Scope} scope
 * @param {(target: Element) => Parameters<typeof openMenu>[1] | null} itemsOf of what was pressed; null: nothing of ours
 * @param {(target: Element) => string} labelOf
 * @param {typeof openMenu} [show]
 */
export function pressMenu(list, scope, itemsOf, labelOf, show = openMenu) {
  let stop = () => {};
  let stopEnd = () => {};
  let byTouch = false;
  /** Opened while the finger was down: its end is no click. */
  let opened = false;
  let from = { x: 0, y: 0 };

  /** @param {Element} target @param {{x: number, y: number}} at */
  function open(target, at) {
    const items = itemsOf(target);
    if (items) {
      show(at, items, { label: labelOf(target) });
    }
    return Boolean(items);
  }

  /** Nothing that comes now is of a finger that was down. */
  function over() {
    stopEnd();
    opened = false;
    byTouch = false;
  }

  scope.listen(list, "pointerdown", (event) => {
    stop();
    over();
    byTouch = event.pointerType === "touch";
    from = { x: event.clientX, y: event.clientY };
    if (byTouch) {
      const { target } = event;
      stop = scope.after(REST_MS, () => {
        opened = open(target, from);
      });
    }
  });
  scope.listen(list, "pointermove", (event) => {
    if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > STILL_PX) {
      stop();
    }
  });
  for (const type of ["pointerup", "pointercancel"]) {
    scope.listen(list, type, () => {
      stop();
      stopEnd();
      stopEnd = scope.after(OVER_MS, over);
    });
  }
  // Also where its end was not told: what it was on is gone.
  scope.listen(list, "keydown", over);
  scope.listen(list, "contextmenu", (event) => {
    if (byTouch || open(event.target, { x: event.clientX, y: event.clientY })) {
      event.preventDefault();
    }
  });
  scope.listen(
    list,
    "click",
    (event) => {
      if (opened) {
        opened = false;
        event.preventDefault();
        event.stopPropagation();
      }
    },
    { capture: true },
  );
}
