/** What can be done with the selection: in the bar above the pictures while there is one. */
import { loadSheet } from "../core/sheet.js";
import { openMenu } from "../ui/menu.js";
import { judgeWords as words } from "./judge_strings.js";
import { judge, openTags, toggleFavourite, toggleLabel } from "./judging.js";
import { LABELS, swatch } from "./marks.js";
import { iconButton } from "./toolbar.js";

/** @typedef {import("./index.js").Gallery} Gallery @typedef {import("./judging.js").Targets} Targets */

const LABEL_KEYS = /** @type {Record<string, string>} */ ({ red: "6", yellow: "7", green: "8", blue: "9" });

/** @param {Gallery} gallery @param {Targets} targets @returns {import("../ui/menu.js").MenuItem[]} */
export const ratingItems = (gallery, targets) =>
  [5, 4, 3, 2, 1, 0].map((rating) => ({
    label: rating ? "★".repeat(rating) : words.stars(0),
    name: words.stars(rating),
    shortcut: String(rating),
    action: () => void judge(gallery, targets, { rating }),
  }));

/** @param {Gallery} gallery @param {Targets} targets @returns {import("../ui/menu.js").MenuItem[]} */
export const labelItems = (gallery, targets) => [
  ...LABELS.map((label) => ({
    label: words.labels[label],
    mark: () => swatch(label),
    shortcut: LABEL_KEYS[label],
    action: () => void toggleLabel(gallery, targets, label),
  })),
  { label: words.labels[""], action: () => void judge(gallery, targets, { label: "" }) },
];

/** What needs its module first. @param {Gallery} gallery @param {Targets} targets @returns {Promise<import("../ui/menu.js").MenuItem[]>} */
export async function collectionItems(gallery, targets) {
  const { addingItems } = await import("./collections.js");
  return addingItems(gallery, targets);
}

/** @param {Gallery} gallery @param {Element} place */
export async function fillSelectionBar(gallery, place) {
  await loadSheet("judge");
  const { selection } = gallery;
  /** @param {string} name @param {string} label @param {(button: Element) => any} press @param {Record<string, any>} [more] */
  const button = (name, label, press, more = {}) => {
    const made = iconButton(name, label, () => press(made), more);
    return made;
  };
  const menu = { "aria-haspopup": "menu" };
  // What has less room is in the menu behind the others.
  const wide = { class: "holaf-icon-button holaf-wide-only" };
  place.replaceChildren(
    button(
      "star",
      `${words.rate} (0–5)`,
      (at) => openMenu(at, ratingItems(gallery, selection), { label: words.rate }),
      menu,
    ),
    button("heart", `${words.favourite} (B)`, () => void toggleFavourite(gallery, selection)),
    button(
      "palette",
      `${words.label} (6–9)`,
      (at) => openMenu(at, labelItems(gallery, selection), { label: words.label }),
      {
        ...menu,
        ...wide,
      },
    ),
    button("tags", `${words.tags} (T)`, () => void openTags(gallery, selection)),
    button(
      "library",
      words.collection,
      async (at) => openMenu(at, await collectionItems(gallery, selection), { label: words.collection }),
      { ...menu, ...wide },
    ),
    button("columns-2", `${words.compare} (C)`, () => void gallery.act("compare"), wide),
    button("refresh-cw", words.regenerateSelected, () => void gallery.act("regenerateSelected"), wide),
    button("ellipsis", words.more, async (at) => (await import("./tile_menu.js")).openSelectionMenu(gallery, at), menu),
  );
}
