/** A part of the filter rail that opens and closes, and remembers which. */
import { h, icon } from "../core/dom.js";
import { words } from "./search_strings.js";

const OPEN_AT_FIRST = new Set(["collections", "folders", "model", "lora", "rating", "tag", "format"]);
const KEY = "images.sections";
let numbers = 0;

/**
 * @param {import("../core/preferences.js").Preferences} preferences
 * @param {string} id
 * @param {string} title
 * @param {any[]} content
 * @param {{toggled?: (open: boolean) => void, clear?: () => void}} [reactions]
 */
export function createSection(preferences, id, title, content, { toggled, clear } = {}) {
  const bodyId = `holaf-filter-${++numbers}`;
  const chosen = h("span", { class: "holaf-count" });
  const body = h("div", { class: "holaf-filter-body", id: bodyId }, content);
  const head = h(
    "button",
    {
      type: "button",
      class: "holaf-filter-head",
      "aria-controls": bodyId,
      onclick: () => {
        setOpen(!isOpen());
        preferences.set(KEY, { ...preferences.get(KEY, {}), [id]: isOpen() });
        toggled?.(isOpen());
      },
    },
    icon("chevron-right", 14),
    h("span", {}, title),
    chosen,
  );
  const clearButton = clear
    ? h(
        "button",
        {
          type: "button",
          class: "holaf-icon-button",
          hidden: true,
          "aria-label": words.clearFacet(title),
          title: words.clearFacet(title),
          onclick: () => {
            clear();
            head.focus();
          },
        },
        icon("x", 14),
      )
    : null;
  const element = h("section", { class: "holaf-filter", dataset: { id } }, h("h3", {}, head, clearButton), body);
  const isOpen = () => !body.hidden;
  /** @param {boolean} open */
  function setOpen(open) {
    body.hidden = !open;
    head.setAttribute("aria-expanded", String(open));
  }
  const kept = /** @type {Record<string, boolean>} */ (preferences.get(KEY, {}))[id];
  setOpen(kept ?? OPEN_AT_FIRST.has(id));
  return {
    id,
    element,
    get isOpen() {
      return isOpen();
    },
    /** How many of its values are chosen. @param {number} count */
    tell(count) {
      chosen.textContent = count ? words.chosen(count) : "";
      if (clearButton) {
        clearButton.hidden = !count;
      }
    },
    /** Brings it into view, open, and gives it the focus. */
    goTo() {
      if (!isOpen()) {
        head.click();
      }
      element.scrollIntoView({ block: "start" });
      head.focus({ preventScroll: true });
    },
  };
}
