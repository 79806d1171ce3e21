/** How a selection is told to the server: by name where it is small, else by where it stands in the view. */

/** In more pieces than these a bit for each picture of the list is shorter. */
const MOST_RANGES = 10_000;

/** @typedef {{ids: number[]} | {view: string, ranges: Array<[number, number]>} | {view: string, bits: string}} Which */

/**
 * What an action over the selection sends: a few ids, or where it stands in the view that is shown.
 * @param {import("./selection.js").Selection} selection
 * @param {{id: string, ids: Uint32Array}} view
 * @returns {Which}
 */
export function whichOf(selection, view) {
  const few = selection.ids;
  if (few) {
    return { ids: few };
  }
  /** @type {Array<[number, number]>} */
  const ranges = [];
  let start = -1;
  for (let at = 0; at <= view.ids.length; at++) {
    const on = at < view.ids.length && selection.has(view.ids[at]);
    if (on && start < 0) {
      start = at;
    } else if (!on && start >= 0) {
      ranges.push([start, at - start]);
      start = -1;
    }
  }
  return ranges.length > MOST_RANGES
    ? { view: view.id, bits: bitsOf(ranges, view.ids.length) }
    : { view: view.id, ranges };
}

/** A bit for each position, the lowest of a byte first, in base64. @param {Array<[number, number]>} ranges @param {number} total */
function bitsOf(ranges, total) {
  const bytes = new Uint8Array(Math.ceil(total / 8));
  for (const [start, count] of ranges) {
    for (let at = start; at < start + count; at++) {
      bytes[at >>> 3] |= 1 << (at & 7);
    }
  }
  let text = "";
  // So many arguments a call may have.
  for (let from = 0; from < bytes.length; from += 8192) {
    text += String.fromCharCode(...bytes.subarray(from, from + 8192));
  }
  return btoa(text);
}
