import { h } from "../core/dom.js";
import { layer } from "./layer.js";
import { besides } from "./popup_place.js";

const DELAY = 500;

/** @type {WeakMap<Element, string>} */
const texts = new WeakMap();
/** @type {HTMLElement | null} */
let shown = null;
/** @type {Element | null} */
let owner = null;
/** @type {any} */
let timer;
let hiddenAt = 0;

/**
 * Says what `element` is when it is pointed at or reached with the keyboard. Screen readers have
 * its own label; calling it again changes the text.
 *
 * @param {Element} element
 * @param {string} text
 */
export function addTooltip(element, text) {
  const known = texts.has(element);
  texts.set(element, text);
  if (owner === element && shown) {
    show(element);
  }
  if (known) {
    return;
  }
  element.addEventListener("pointerenter", (event) => {
    if (/** @type {PointerEvent} */ (event).pointerType !== "touch") {
      later(element);
    }
  });
  element.addEventListener("focus", () => element.matches(":focus-visible") && later(element));
  for (const type of ["pointerleave", "blur", "pointerdown", "keydown"]) {
    element.addEventListener(type, hide);
  }
}

/** @param {Element} element */
function later(element) {
  clearTimeout(timer);
  // Someone who goes along a row of buttons has waited once already.
  timer = setTimeout(() => show(element), performance.now() - hiddenAt < 300 ? 0 : DELAY);
}

/** @param {Element} element */
function show(element) {
  hide();
  const text = texts.get(element);
  if (!text || !element.isConnected || element.getAttribute("aria-expanded") === "true") {
    return;
  }
  const tip = /** @type {HTMLElement} */ (h("div", { class: "holaf-tooltip", "aria-hidden": "true" }, text));
  layer("over").append(tip);
  const at = besides(element.getBoundingClientRect(), tip.getBoundingClientRect(), innerWidth, innerHeight, "middle");
  tip.style.left = `${at.left}px`;
  tip.style.top = `${at.top}px`;
  shown = tip;
  owner = element;
  watch(element, tip);
}

/** What is pointed at may be taken away without a word. @param {Element} element @param {HTMLElement} tip */
function watch(element, tip) {
  setTimeout(() => {
    if (shown === tip) {
      if (element.isConnected) {
        watch(element, tip);
      } else {
        hide();
      }
    }
  }, 500);
}

export function hide() {
  clearTimeout(timer);
  if (shown) {
    hiddenAt = performance.now();
    shown.remove();
    shown = null;
    owner = null;
  }
}
