/** What stands beside the scrollbar, and where: arithmetic only. */

/**
 * @typedef {object} Mark
 * @property {number} from pixels of the bar
 * @property {number} to
 *
 * @typedef {{at: number, label: string}} YearMark
 */

/** Below this a month is not drawn by itself. */
const THINNEST = 2;
const YEAR_ROOM = 20;

/**
 * One mark a group, as high as its part of the list. Neighbours that would be thinner than a line share one.
 *
 * @param {readonly {start: number}[]} groups
 * @param {(position: number) => number} placeOf pixels of the bar
 * @param {number} end of the last one
 * @returns {Mark[]}
 */
export function segments(groups, placeOf, end) {
  /** @type {Mark[]} */
  const marks = [];
  let from = groups.length ? placeOf(groups[0].start) : 0;
  for (let index = 1; index <= groups.length; index++) {
    const to = index < groups.length ? placeOf(groups[index].start) : end;
    if (to - from >= THINNEST || index === groups.length) {
      marks.push({ from, to });
      from = to;
    }
  }
  return marks;
}

/**
 * The years of a list of months, each where it begins; of two that would touch the one with fewer pictures is left out.
 *
 * @param {readonly {key: string, start: number, count: number}[]} months
 * @param {(position: number) => number} placeOf pixels of the bar
 * @param {number} height of the bar
 * @returns {YearMark[]}
 */
export function years(months, placeOf, height) {
  /** @type {Array<YearMark & {count: number}>} */
  const all = [];
  for (const { key, start, count } of months) {
    const label = key.slice(0, 4);
    const last = all[all.length - 1];
    if (last?.label === label) {
      last.count += count;
    } else if (label) {
      all.push({ label, at: Math.min(height - YEAR_ROOM / 2, Math.max(YEAR_ROOM / 2, placeOf(start))), count });
    }
  }
  /** @type {YearMark[]} */
  const kept = [];
  for (const one of [...all].sort((a, b) => b.count - a.count)) {
    if (kept.every(({ at }) => Math.abs(at - one.at) >= YEAR_ROOM)) {
      kept.push({ at: one.at, label: one.label });
    }
  }
  return kept.sort((a, b) => a.at - b.at);
}
