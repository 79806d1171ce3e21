import { h } from "../core/dom.js";
import { strings } from "./strings.js";

/** @type {Map<string, HTMLElement>} */
const layers = new Map();

/**
 * Where what floats is put: panels, and above them all menus, dialogs, toasts and tooltips. It
 * covers the window and lets every click through.
 *
 * @param {"panels" | "over"} name
 * @returns {HTMLElement}
 */
export function layer(name) {
  let element = layers.get(name);
  if (!element?.isConnected) {
    element = /** @type {HTMLElement} */ (
      h("div", {
        class: `holaf holaf-layer holaf-layer-${name}`,
        role: name === "over" ? "region" : null,
        "aria-label": name === "over" ? strings.overlays : null,
      })
    );
    document.body.append(element);
    layers.set(name, element);
  }
  return element;
}

const FOCUSABLE =
  "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex]:not([tabindex='-1'])";

/**
 * What can be reached with Tab inside `root`, in order.
 * @param {Element} root
 * @returns {HTMLElement[]}
 */
export const focusable = (root) =>
  /** @type {HTMLElement[]} */ ([...root.querySelectorAll(FOCUSABLE)]).filter(
    (element) => element.tabIndex >= 0 && element.getClientRects().length > 0,
  );

/** @returns {HTMLElement | null} */
export const focused = () => (document.activeElement instanceof HTMLElement ? document.activeElement : null);

/**
 * Gives the focus back to what had it, where that is still on the page.
 * @param {HTMLElement | null} element
 */
export function refocus(element) {
  if (element?.isConnected && element !== document.body) {
    element.focus({ preventScroll: true });
  }
}
