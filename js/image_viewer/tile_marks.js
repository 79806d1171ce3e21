/** The marks that are set on a tile: letters instead of drawings, a screen of them is a hundred elements less. */
import { h } from "../core/dom.js";
import { strings } from "./strings.js";

/** What a tile shows, as a key. @param {import("./rows_cache.js").Row} row */
export const marksKey = ({ rating, favourite, label }) => `${rating} ${favourite} ${label}`;

/** @param {string} label */
export const spot = (label) =>
  label && h("span", { class: "holaf-swatch", dataset: { label }, title: strings.marks.labelled(label) });

/** @param {import("./rows_cache.js").Row} row @returns {HTMLElement | null} */
export const tileMarks = ({ rating, favourite, label }) =>
  rating || favourite || label
    ? h(
        "span",
        { class: "holaf-tile-marks", "aria-hidden": "true" },
        spot(label),
        rating > 0 && h("span", { class: "holaf-tile-stars" }, "★".repeat(rating)),
        favourite && h("span", { class: "holaf-tile-heart" }, "♥\uFE0E"),
      )
    : null;
