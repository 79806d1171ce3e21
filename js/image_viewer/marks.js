/** Rating, favourite and label of a picture, as they are shown. */
import { fill, h, icon } from "../core/dom.js";
import { strings } from "./strings.js";

/** What a row has of them. */
export const MARKS = /** @type {const} */ (["rating", "favourite", "label"]);
export const LABELS = ["red", "orange", "yellow", "green", "blue", "purple"];

/** A spot of the label's colour. @param {string} label */
export const swatch = (label) =>
  h("span", { class: "holaf-swatch", dataset: { label }, title: label ? strings.marks.labelled(label) : null });

/**
 * Rating, heart and label of a row, to look at; empty where it has none.
 * @param {Record<string, any> | undefined} row
 * @returns {HTMLElement}
 */
export function marksOf(row) {
  const text = row ? strings.marks.text(row) : "";
  return h(
    "span",
    { class: "holaf-marks", role: text ? "img" : null, "aria-label": text || null, title: text || null },
    row?.rating
      ? h(
          "span",
          { class: "holaf-marks-stars" },
          Array.from({ length: row.rating }, () => icon("star", 14)),
        )
      : null,
    row?.favourite ? h("span", { class: "holaf-marks-heart" }, icon("heart", 14)) : null,
    row?.label ? swatch(row.label) : null,
  );
}

/** Where marks are shown, and of which picture. @type {WeakMap<Element, number>} */
const shown = new WeakMap();

/**
 * Shows the marks of a row in `place`, until another is shown there.
 * @param {import("./index.js").Gallery} gallery
 * @param {Element} place
 * @param {Record<string, any> | undefined} row
 */
export function showMarks(gallery, place, row) {
  const known = shown.has(place);
  shown.set(place, row?.id ?? 0);
  fill(place, marksOf(row));
  if (!known) {
    gallery.scope.listen(gallery.root, "holaf-marks", () => {
      const now = gallery.rows.get(shown.get(place) ?? 0);
      if (now && place.isConnected) {
        fill(place, marksOf(now));
      }
    });
  }
}
