/** Stars and a heart to be pressed, on the tile under the pointer. */
import { h } from "../core/dom.js";
import { strings } from "./strings.js";
import { spot, tileMarks } from "./tile_marks.js";

/** Below this width they would lie over each other. */
const ROOM = 118;

/** @param {import("./rows_cache.js").Row} row @param {number} width of the tile @returns {HTMLElement | null} */
export function offeredMarks(row, width) {
  if (width < ROOM) {
    return tileMarks(row);
  }
  const { rating = 0, favourite = false, label = "" } = row;
  const words = strings.marks;
  return h(
    "span",
    { class: "holaf-tile-marks holaf-offered", "aria-hidden": "true" },
    spot(label),
    [1, 2, 3, 4, 5].map((n) =>
      h(
        "span",
        {
          class: ["holaf-tile-star", n <= rating && "holaf-on"],
          dataset: { rate: String(n === rating ? 0 : n) },
          title: words.stars(n === rating ? 0 : n),
        },
        "★",
      ),
    ),
    h(
      "span",
      {
        class: ["holaf-tile-heart", favourite && "holaf-on"],
        dataset: { favourite: String(!favourite) },
        title: favourite ? words.favourite : words.makeFavourite,
      },
      "♥\uFE0E",
    ),
  );
}
