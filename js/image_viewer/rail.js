/** The rail on the left: a strip of icons; the filters themselves are loaded when it is first opened. */
import { h } from "../core/dom.js";
import { strings } from "./strings.js";
import { iconButton } from "./toolbar.js";

/** The section to which each icon leads. @type {Array<["folders" | "dates" | "models" | "ratings", string, string]>} */
const PARTS = [
  ["folders", "folder", "folders"],
  ["dates", "calendar", "dates"],
  ["models", "box", "model"],
  ["ratings", "star", "rating"],
];

/** @param {import("./index.js").Gallery} gallery */
export function createRail(gallery) {
  /** @type {Promise<ReturnType<typeof import("./filter_panel.js").createFilterPanel>> | null} */
  let filters = null;
  const strip = h(
    "div",
    { class: "holaf-rail-strip" },
    iconButton("panel-left-open", strings.showFilters, () => gallery.toggleRail(true)),
    PARTS.map(([id, symbol, section]) =>
      iconButton(symbol, strings[id], async () => {
        gallery.toggleRail(true);
        (await load()).goTo(section);
      }),
    ),
  );
  const element = h("aside", { class: "holaf-rail", "aria-label": strings.filters }, strip);

  function load() {
    filters ??= import("./filter_panel.js").then(({ createFilterPanel }) => {
      const panel = createFilterPanel(gallery);
      element.append(...panel.elements);
      return panel;
    });
    return filters;
  }

  /** Gives the focus to what undoes it, where the rail was opened or closed from inside. @param {boolean} open */
  async function focus(open) {
    if (open) {
      await load();
    }
    element.querySelector(open ? ".holaf-rail-head button" : ".holaf-rail-strip button")?.focus();
  }

  /** It is open: what it shows is brought up to date. */
  const shown = async () => (await load()).shown();

  return { element, shown, focus };
}
