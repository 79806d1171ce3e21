/**
 * Asks for the first screen while the browser still reads the gallery's other modules: its pictures are then there when
 * there is a place to show them. Whoever opens the same list within a moment takes over what was asked.
 */
import { postBytes, postJson } from "../core/api.js";
import { fromQuery, remembered, toRequest } from "./filters.js";

/** Pictures that come with the answer; more than a screen holds, so that its rows are complete. */
export const FIRST = 400;
const MOST_THUMBS = 60;
const PER_THUMB = 40_000;

/**
 * @typedef {object} Started
 * @property {Promise<any>} answer of POST view
 * @property {Promise<{ids: number[], bytes: Promise<ArrayBuffer>}>} thumbs
 */

/** @type {Map<string, Started>} by request */
const started = new Map();

/** What the address says, or else what was used last. @param {string} search @param {any} kept @returns {import("./filters.js").Filters} */
export function firstFilters(search, kept) {
  const query = new URLSearchParams(search);
  return [...query.keys()].length ? fromQuery(query) : remembered(kept);
}

/** @param {import("./filters.js").Filters} filters */
export function begin(filters) {
  const request = toRequest(filters);
  const answer = postJson("images/view", { ...request, first: FIRST });
  const thumbs = answer.then(({ first }) => {
    const most = Math.min(MOST_THUMBS, Math.ceil((innerWidth * innerHeight) / PER_THUMB));
    const ids = first.ids.slice(0, most);
    const bytes = ids.length ? postBytes("images/thumbnails", { ids }) : Promise.resolve(new ArrayBuffer(4));
    bytes.catch(() => {});
    return { ids, bytes };
  });
  // Whoever takes it over hears of what failed, and asks again.
  thumbs.catch(() => {});
  started.set(JSON.stringify(request), { answer, thumbs });
}

/** @param {Record<string, any>} request @returns {Started | undefined} */
export function takeOver(request) {
  const found = started.get(JSON.stringify(request));
  started.clear();
  return found;
}
