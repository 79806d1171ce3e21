/**
 * Brings the columns of an open view to its next version.
 *
 * @typedef {object} Columns
 * @property {Uint32Array} ids
 * @property {Uint8Array} aspects
 *
 * @typedef {object} Patch
 * @property {number} from version it applies to
 * @property {number[]} removed positions in the old view
 * @property {Array<[number, number, number]>} inserted position in the new view, id, aspect byte
 * @property {number[]} changed ids whose row or thumbnail is another now
 * @property {GroupsPatch} groups
 * @property {GroupsPatch} months
 *
 * @typedef {object} GroupsPatch
 * @property {number} before how many of the old groups stay at the beginning
 * @property {number} after and at the end
 * @property {Array<[string, string, number]>} between key, label and count of those that come between them
 */

/**
 * @param {Columns} old
 * @param {Patch} patch
 * @returns {Columns}
 */
export function applyPatch(old, patch) {
  const removed = Uint32Array.from(patch.removed).sort();
  const inserted = [...patch.inserted].sort((a, b) => a[0] - b[0]);
  const total = old.ids.length - removed.length + inserted.length;
  const ids = new Uint32Array(total);
  const aspects = new Uint8Array(total);

  // Between two changes whole stretches are copied.
  let from = 0;
  let to = 0;
  let nextRemoved = 0;
  let nextInserted = 0;
  while (to < total || from < old.ids.length) {
    if (nextInserted < inserted.length && inserted[nextInserted][0] === to) {
      ids[to] = inserted[nextInserted][1];
      aspects[to] = inserted[nextInserted][2];
      to += 1;
      nextInserted += 1;
      continue;
    }
    if (nextRemoved < removed.length && removed[nextRemoved] === from) {
      from += 1;
      nextRemoved += 1;
      continue;
    }
    const untilRemoved = (nextRemoved < removed.length ? removed[nextRemoved] : old.ids.length) - from;
    const untilInserted = (nextInserted < inserted.length ? inserted[nextInserted][0] : total) - to;
    const length = Math.min(untilRemoved, untilInserted);
    if (length <= 0) {
      throw new RangeError("The patch does not fit the view");
    }
    ids.set(old.ids.subarray(from, from + length), to);
    aspects.set(old.aspects.subarray(from, from + length), to);
    from += length;
    to += length;
  }
  return { ids, aspects };
}

/**
 * @param {readonly import("./view.js").Group[]} old
 * @param {GroupsPatch} patch
 * @returns {import("./view.js").Group[]}
 */
export function patchGroups(old, { before, after, between }) {
  if (before + after > old.length) {
    throw new RangeError("The patch does not fit the groups");
  }
  const made = between.map(([key, label, count]) => ({ key, label, count, start: 0 }));
  let start = 0;
  return [...old.slice(0, before), ...made, ...old.slice(old.length - after)].map((group) => {
    const moved = group.start === start ? group : { ...group, start };
    start += group.count;
    return moved;
  });
}
