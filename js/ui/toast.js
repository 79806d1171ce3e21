import { h, fill, icon } from "../core/dom.js";
import { containKeys } from "../core/keys.js";
import { layer } from "./layer.js";
import { strings } from "./strings.js";

/**
 * @typedef {object} ToastOptions
 * @property {string} text
 * @property {"info" | "good" | "warn" | "error"} [kind]
 * @property {{ label: string, action: () => any } | null} [action] Undo, Show
 * @property {number | null} [progress] of one; with it the toast stays until it is closed
 * @property {() => void} [onCancel] of what makes progress
 * @property {number} [life] in milliseconds; 0 stays
 *
 * @typedef {object} Toast
 * @property {(changes: Partial<ToastOptions>) => void} update
 * @property {() => void} close
 * @property {boolean} isOpen
 */

const MOST = 3;
const LIFE = 5_000;
const LIFE_WITH_ACTION = 8_000;
const ICONS = { info: null, good: "circle-check", warn: "triangle-alert", error: "circle-alert" };

/** @type {Array<{ close: () => void, busy: boolean }>} */
const open = [];
/** @type {HTMLElement | null} */
let place = null;

/** Screen readers hear only what is added to a region that was there before. */
function region() {
  if (!place?.isConnected) {
    place = /** @type {HTMLElement} */ (
      h("div", { class: "holaf-toasts", role: "status", "aria-live": "polite", "aria-atomic": "false" })
    );
    containKeys(place);
    layer("over").append(place);
  }
  return place;
}

/**
 * Says something in passing, at the bottom of the window.
 *
 * @param {ToastOptions | string} given
 * @returns {Toast}
 */
export function toast(given) {
  /** @type {ToastOptions} */
  let options = typeof given === "string" ? { text: given } : { ...given };
  /** @type {any} */
  let timer;
  let isOpen = true;
  const element = h("div", { class: "holaf-toast" });
  const entry = { close, busy: false };

  const text = h("span", { class: "holaf-toast-text" });
  const done = h("div", {});
  const bar = h(
    "div",
    { class: "holaf-toast-progress", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 },
    done,
  );
  let drawn = "";

  function draw() {
    const { kind = "info", action, progress, onCancel } = options;
    const name = ICONS[kind];
    entry.busy = typeof progress === "number" && progress < 1;
    const cancel = entry.busy && onCancel;
    // Progress comes many times a second: a button must not go away under the pointer that presses it.
    const parts = [kind, action?.label, Boolean(cancel), typeof progress].join();
    if (parts !== drawn) {
      drawn = parts;
      element.dataset.kind = kind;
      if (kind === "error") {
        element.setAttribute("role", "alert");
      }
      fill(
        element,
        name && icon(name),
        text,
        action && actionButton(action.label, () => options.action?.action()),
        cancel
          ? actionButton(strings.cancel, () => options.onCancel?.())
          : h(
              "button",
              { type: "button", class: "holaf-icon-button", "aria-label": strings.dismiss, onclick: close },
              icon("x", 14),
            ),
        typeof progress === "number" && bar,
      );
    }
    if (text.textContent !== options.text) {
      text.textContent = options.text;
    }
    // What has begun was said once; how far it is, is asked of the bar.
    text.setAttribute("aria-live", entry.busy ? "off" : "polite");
    if (typeof progress === "number") {
      bar.setAttribute("aria-label", options.text);
      bar.setAttribute("aria-valuenow", String(Math.round(progress * 100)));
      done.style.transform = `scaleX(${Math.max(0, Math.min(1, progress))})`;
    }
    wait();
  }

  /** @param {string} label @param {() => void} run */
  const actionButton = (label, run) =>
    h("button", { type: "button", class: "holaf-toast-action", onclick: () => then(run) }, label);

  function wait() {
    clearTimeout(timer);
    const life = options.life ?? (entry.busy ? 0 : options.action ? LIFE_WITH_ACTION : LIFE);
    if (life && isOpen) {
      timer = setTimeout(close, options.kind === "error" ? Math.max(life, LIFE_WITH_ACTION) : life);
    }
  }

  /** @param {() => void} run */
  function then(run) {
    close();
    run();
  }

  function close() {
    if (isOpen) {
      isOpen = false;
      clearTimeout(timer);
      open.splice(open.indexOf(entry), 1);
      element.remove();
    }
  }

  // Nobody loses the Undo that the pointer is already on.
  for (const type of ["pointerenter", "focusin"]) {
    element.addEventListener(type, () => clearTimeout(timer));
  }
  for (const type of ["pointerleave", "focusout"]) {
    element.addEventListener(type, wait);
  }

  while (open.length >= MOST) {
    (open.find((one) => !one.busy) ?? open[0]).close();
  }
  open.push(entry);
  region().append(element);
  draw();
  return {
    update(changes) {
      if (isOpen) {
        options = { ...options, ...changes };
        draw();
      }
    },
    close,
    get isOpen() {
      return isOpen;
    },
  };
}
