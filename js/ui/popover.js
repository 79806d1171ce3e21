import { h } from "../core/dom.js";
import { containKeys } from "../core/keys.js";
import { Scope } from "../core/scope.js";
import { focusable, focused, layer, refocus } from "./layer.js";
import { besides } from "./popup_place.js";

const ENOUGH = 280;

/** @type {{ anchor: Element, close: () => void } | null} */
let current = null;

/**
 * A small window at a button, for what is more than a menu. Escape, a press beside it, and opening it again at the
 * same button close it.
 *
 * @param {Element} anchor
 * @param {Element | Element[]} content
 * @param {{ label: string, width?: number }} options
 * @returns {{ close: () => void, place: () => void, readonly scope: Scope } | null} null when it was closed by this
 */
export function openPopover(anchor, content, { label, width = 360 }) {
  const again = current?.anchor === anchor;
  current?.close();
  if (again) {
    return null;
  }
  const scope = new Scope();
  const before = focused();
  const element = h(
    "div",
    {
      class: "holaf-popover",
      role: "dialog",
      "aria-label": label,
      tabIndex: -1,
      style: { width: `min(${width}px, calc(100vw - 8px))` },
    },
    content,
  );
  const close = (back = true) => {
    if (!scope.disposed) {
      scope.dispose();
      current = null;
      element.remove();
      anchor.setAttribute("aria-expanded", "false");
      if (back) {
        refocus(before);
      }
    }
  };
  const place = () => {
    // Below its button where that leaves enough of it to see; what is longer scrolls.
    const below = innerHeight - anchor.getBoundingClientRect().bottom - 12;
    element.style.maxHeight = below > ENOUGH ? `${below}px` : "";
    const at = besides(
      anchor.getBoundingClientRect(),
      element.getBoundingClientRect(),
      innerWidth,
      innerHeight,
      "start",
    );
    element.style.left = `${at.left}px`;
    element.style.top = `${at.top}px`;
  };
  current = { anchor, close };
  layer("over").append(element);
  place();
  anchor.setAttribute("aria-expanded", "true");
  scope.listen(
    document,
    "keydown",
    (event) => {
      const within = element.contains(event.target);
      // What had the focus may be gone, such as the button of a toast.
      if (event.key === "Escape" && (within || event.target === document.body)) {
        event.preventDefault();
        event.stopPropagation();
        close();
      } else if (event.key === "Tab" && within) {
        // It stands at the end of the page: Tab out of it goes on from its button.
        const stops = focusable(element);
        if (document.activeElement === (event.shiftKey ? stops[0] : stops.at(-1))) {
          event.preventDefault();
          close();
        }
      }
    },
    { capture: true },
  );
  containKeys(element, scope.signal);
  scope.listen(
    document,
    "pointerdown",
    (event) => {
      // What is opened from it, such as a dialog or a toast, lies in the same layer.
      if (!anchor.contains(event.target) && !event.target.closest?.(".holaf-layer-over")) {
        close(false);
      }
    },
    { capture: true },
  );
  scope.listen(window, "resize", () => close());
  (focusable(element)[0] ?? element).focus({ preventScroll: true });
  return { close, place, scope };
}
