/** The marks on a tile: quiet where they are set, and to be changed where the pointer is. */
import { h } from "../core/dom.js";
import { strings } from "./strings.js";

const STAR = "★";
const HEART = "♥\uFE0E";
/** Below this width stars to press would lie over each other. */
const ROOM = 118;

/** What a tile shows, as a key. @param {import("./rows_cache.js").Row} row */
export const marksKey = (row) => `${row.rating ?? 0} ${row.favourite ?? ""} ${row.label ?? ""}`;

/**
 * Letters instead of drawings: a screen of rated pictures is a hundred elements less.
 * @param {import("./rows_cache.js").Row | undefined} row
 * @param {number | null} width of a tile under the pointer: there they can be pressed
 * @returns {HTMLElement | null}
 */
export function tileMarks(row, width) {
  const { rating = 0, favourite = false, label = "" } = row ?? /** @type {any} */ ({});
  const offered = row !== undefined && width !== null && width >= ROOM;
  if (!rating && !favourite && !label && !offered) {
    return null;
  }
  const words = strings.marks;
  return h(
    "span",
    { class: ["holaf-tile-marks", offered && "holaf-offered"], "aria-hidden": "true" },
    label ? h("span", { class: "holaf-swatch", dataset: { label }, title: words.labelled(label) }) : null,
    offered
      ? [1, 2, 3, 4, 5].map((n) =>
          h(
            "span",
            {
              class: ["holaf-tile-star", n <= rating && "holaf-on"],
              dataset: { rate: String(n === rating ? 0 : n) },
              title: words.stars(n === rating ? 0 : n),
            },
            STAR,
          ),
        )
      : rating > 0 && h("span", { class: "holaf-tile-stars" }, STAR.repeat(rating)),
    offered || favourite
      ? h(
          "span",
          {
            class: ["holaf-tile-heart", favourite && "holaf-on"],
            dataset: offered ? { favourite: String(!favourite) } : {},
            title: favourite ? words.favourite : words.makeFavourite,
          },
          HEART,
        )
      : null,
  );
}
