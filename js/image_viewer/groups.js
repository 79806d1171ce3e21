/**
 * The headers over the pictures: one for each group of the view. Days with few pictures share one: a library of one
 * picture a day must not become a list of headers.
 *
 * @typedef {import("./view.js").Group} Group of days the key is YYYY-MM-DD, "" when there is no date
 * @typedef {Group & {to?: string}} Header of joined days the key is the one shown first, `to` the other end
 */

/**
 * Neighbouring days of one month are joined until they hold `enough` pictures. Joining starts at the old end, so that
 * a new picture changes only the newest header.
 *
 * @param {readonly Group[]} days
 * @param {number} enough
 * @returns {Header[]}
 */
export function joinDays(days, enough) {
  const newestFirst = days.length > 0 && days[0].key >= days[days.length - 1].key;
  /** @type {Array<Required<Pick<Header, "key" | "to" | "start" | "count">>>} */
  const joined = [];
  for (let index = 0; index < days.length; index++) {
    const { key, start, count } = days[newestFirst ? days.length - 1 - index : index];
    const last = joined[joined.length - 1];
    const sameMonth = last && last.to.slice(0, 7) === key.slice(0, 7);
    if (last && sameMonth && (last.count < enough || count < enough / 3)) {
      last.to = key;
      last.count += count;
      last.start = Math.min(last.start, start);
    } else {
      joined.push({ key, to: key, start, count });
    }
  }
  return newestFirst ? joined.reverse().map((group) => ({ ...group, key: group.to, to: group.key })) : joined;
}

/**
 * The groups of the first pictures alone: of a view whose first screen is all that is here yet.
 * @template {Group} G
 * @param {readonly G[]} groups
 * @param {number} count
 * @returns {readonly G[]}
 */
export function groupsWithin(groups, count) {
  const last = groups[groups.length - 1];
  if (!last || last.start + last.count <= count) {
    return groups;
  }
  return groups.slice(0, groupAt(groups, count - 1) + 1).map((group) => ({
    ...group,
    count: Math.min(group.count, count - group.start),
  }));
}

/**
 * The number of the group that holds a position; 0 when there are none.
 * @param {readonly {start: number}[]} groups
 * @param {number} position
 */
export function groupAt(groups, position) {
  let low = 0;
  let high = groups.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (groups[middle].start <= position) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
