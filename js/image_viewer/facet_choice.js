/** Choosing values of facets, and the chips of what is chosen: values in, values out. */

import { pathOfValue } from "./folder_names.js";

/** @typedef {import("./filters.js").Filters} Filters @typedef {import("./filters.js").Choice} Choice */
/** @typedef {"any" | "none" | null} State wanted, left out, or neither */
/** @typedef {{kind: string, value: any, excluded: boolean, without: Filters}} Chip */

/** @type {Choice} */
const NOTHING = { any: [], none: [] };

/** @param {Filters} filters @param {string} name @returns {Choice} */
export const choiceOf = (filters, name) => filters.facets[name] ?? NOTHING;

/** @param {Filters} filters @param {string} name @param {string} value @returns {State} */
export function stateOfValue(filters, name, value) {
  const { any, none } = choiceOf(filters, name);
  return any.includes(value) ? "any" : none.includes(value) ? "none" : null;
}

/**
 * @param {Filters} filters
 * @param {string} name
 * @param {string} value
 * @param {State} state
 * @returns {Filters}
 */
export function choose(filters, name, value, state) {
  const { any, none } = choiceOf(filters, name);
  const without = (/** @type {readonly string[]} */ list) => list.filter((other) => other !== value);
  return withChoice(filters, name, {
    any: state === "any" ? [...without(any), value] : without(any),
    none: state === "none" ? [...without(none), value] : without(none),
  });
}

/** @param {Filters} filters @param {string} name @param {Choice} choice @returns {Filters} */
export function withChoice(filters, name, choice) {
  const facets = { ...filters.facets, [name]: choice };
  if (!choice.any.length && !choice.none.length) {
    delete facets[name];
  }
  return { ...filters, facets };
}

/**
 * One chip per active filter, but for the search, and what the filters are without it.
 * @param {Filters} filters
 * @returns {Chip[]}
 */
export function filterChips(filters) {
  /** @type {Chip[]} */
  const found = [];
  /** @param {string} kind @param {any} value @param {Partial<Filters>} changes @param {boolean} [excluded] */
  const add = (kind, value, changes, excluded = false) =>
    found.push({ kind, value, excluded, without: { ...filters, ...changes } });
  if (filters.folders.length > 3) {
    add("folders", filters.folders.length, { folders: [] });
  } else {
    for (const folder of filters.folders) {
      add("folder", folder, { folders: filters.folders.filter((other) => other !== folder) });
    }
  }
  for (const [name, { any, none }] of Object.entries(filters.facets)) {
    for (const value of [...any, ...none]) {
      const shown = name === "folder" ? pathOfValue(value) : value;
      add(name, shown, choose(filters, name, value, null), none.includes(value));
    }
  }
  if (filters.from || filters.to) {
    add("date", { from: filters.from, to: filters.to }, { from: "", to: "" });
  }
  for (const name of /** @type {const} */ (["workflow", "prompt", "edits", "tagged"])) {
    const wanted = filters[name];
    if (wanted !== null) {
      add(`has-${name}`, wanted, { [name]: null }, !wanted);
    }
  }
  return found;
}

/** The days of a month. @param {number} year @param {number} month 1 .. 12 */
export function monthRange(year, month) {
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const prefix = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}`;
  return { from: `${prefix}-01`, to: `${prefix}-${String(last).padStart(2, "0")}` };
}

/**
 * The values of a facet in the order in which they are shown: what is chosen first; after that as they were before,
 * so that nothing moves under the pointer, or as they come.
 *
 * @param {ReadonlyArray<{value: string, label?: string, count: number}>} values
 * @param {Choice} choice
 * @param {readonly string[]} [before] the order that is shown now, where it has to stay
 * @returns {Array<{value: string, label: string, count: number | null, state: State}>}
 */
export function ordered(values, choice, before) {
  const known = new Map(values.map((one) => [one.value, one]));
  const chosen = [...choice.any, ...choice.none];
  const order = before
    ? [...before.filter((value) => known.has(value) || chosen.includes(value)), ...chosen, ...known.keys()]
    : [...chosen, ...known.keys()];
  return [...new Set(order)].map((value) => ({
    value,
    label: known.get(value)?.label ?? value,
    // Of what was chosen and is not among the first, it is not known; of what nothing has any more, neither.
    count: known.get(value)?.count ?? null,
    state: choice.any.includes(value) ? "any" : choice.none.includes(value) ? "none" : null,
  }));
}
