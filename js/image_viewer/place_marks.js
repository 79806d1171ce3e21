/**
 * What stands where in an order that is not one of dates, as the server says it: a few hundred places of the list. Rows
 * that are here are more exact; where neither is, a moment's rest asks for the very place.
 */
import { getJson } from "../core/api.js";
import { bytes, count, duration, modelLabel, strings } from "./strings.js";
import { valueLabel, words } from "./search_strings.js";
import { groupAt } from "./groups.js";

// A list that changes all the time is marked anew now and then.
const AGAIN_MS = 1000;
const REST_MS = 60;

/** @typedef {{start: number, value: any}} PlaceMark */
/** @typedef {{by: string, exact: boolean, marks: PlaceMark[]}} Marks exact: each begins where its value does */
/** @typedef {ReturnType<typeof createPlaceMarks>} PlaceMarks */

/** @type {Record<string, (row: import("./rows_cache.js").Row) => any>} by the key of the order; a value as marks have it */
const OF_ROW = {
  name: (row) => row.filename,
  size: (row) => row.size_bytes,
  resolution: (row) => [row.width, row.height],
  duration: (row) => row.duration,
  mtime: (row) => row.mtime,
};

/** A value in words. @param {string} by @param {any} value */
export function placeWords(by, value) {
  switch (by) {
    case "size":
      return bytes(value);
    case "resolution":
      return value[0] ? `${count(value[0])} × ${count(value[1])}` : words.noSize;
    case "duration":
      return value ? duration(value) : words.noDuration;
    case "rating":
      return valueLabel(by, String(value));
    case "model":
      return modelLabel(value) || strings.nothing.model;
    case "seed":
      return value === "" ? words.noSeed : words.seedIs(value);
    case "prompt":
    case "workflow":
      return value || strings.nothing[by];
    default:
      return String(value);
  }
}

/** The short name of a mark beside the bar, "" for none. @param {string} by @param {any} value */
export function shortWords(by, value) {
  if (by === "rating") {
    return value ? `${value} ★` : "–";
  }
  // Letters as they are sorted: without their case, and digits as one.
  return by === "name" ? ([...value][0] ?? "").toUpperCase().replace(/\d/, "0–9") : "";
}

/** @param {import("./view.js").View} view @param {import("../core/scope.js").Scope} scope @param {() => void} arrived */
export function createPlaceMarks(view, scope, arrived) {
  /** @type {Marks | null} */
  let known = null;
  /** What was asked for by itself, by position. @type {Map<number, any>} */
  const single = new Map();
  /** The view that `single` is of. */
  let singleOf = "";
  let asked = "";
  /** The list, before it changes, that the marks are of. */
  let list = "";
  let stopMarks = () => {};
  let stopOne = () => {};
  let controller = new AbortController();
  let one = new AbortController();
  scope.onDispose(() => {
    controller.abort();
    one.abort();
  });

  /** The marks, if they are of the list that is shown. */
  const here = () => (known?.by === byOf(view) && list === JSON.stringify(view.request) ? known : null);

  /** @param {string} id */
  async function read(id) {
    try {
      known = await getJson(`images/marks?view=${encodeURIComponent(id)}`, controller.signal);
      arrived();
    } catch {
      // Then the label says a number, and the next list is asked for again.
    }
  }

  /** Sees to it that the marks of this list are here. */
  function renew() {
    if (asked !== view.id) {
      const request = JSON.stringify(view.request);
      const first = request !== list;
      asked = view.id;
      list = request;
      controller.abort();
      controller = new AbortController();
      stopMarks();
      stopMarks = scope.after(first ? 0 : AGAIN_MS, () => void read(view.id));
      if (first && known) {
        known = null;
        arrived();
      }
    }
  }

  /** @param {number} position */
  function ask(position) {
    stopOne();
    one.abort();
    stopOne = scope.after(REST_MS, async () => {
      one = new AbortController();
      const { id } = view;
      try {
        const { marks } = await getJson(`images/marks?view=${encodeURIComponent(id)}&at=${position}`, one.signal);
        if (marks.length && id === view.id) {
          single.set(position, marks[0].value);
          arrived();
        }
      } catch {
        // What is said is near enough.
      }
    });
  }

  return {
    renew,

    /** The marks where each value has one. @returns {PlaceMark[]} */
    get parts() {
      const marks = here();
      return marks?.exact ? marks.marks : [];
    },

    /** What stands beside the bar. @returns {Array<{key: string, start: number, count: number}>} */
    get named() {
      const { by, marks } = here() ?? { by: "", marks: [] };
      return marks.map(({ start, value }, index) => ({
        key: shortWords(by, value),
        start,
        count: (marks[index + 1]?.start ?? view.total) - start,
      }));
    },

    /** @param {import("./rows_cache.js").Row | undefined} row @param {number} position @returns {string} "" where nothing is known */
    label(row, position) {
      const by = byOf(view);
      if (row && OF_ROW[by]) {
        return placeWords(by, OF_ROW[by](row));
      }
      const known = here();
      if (!known?.marks.length) {
        return "";
      }
      if (singleOf !== view.id) {
        singleOf = view.id;
        single.clear();
      }
      const mark = known.marks[groupAt(known.marks, position)];
      if (!known.exact && !OF_ROW[by] && mark.start !== position && !single.has(position)) {
        ask(position);
      }
      return placeWords(by, single.has(position) ? single.get(position) : mark.value);
    },
  };
}

/** What the list is in the order of. @param {import("./view.js").View} view */
const byOf = ({ request, groupsLeftOut }) => (groupsLeftOut ? request.group : (request.sort ?? "mtime").split("_")[0]);
