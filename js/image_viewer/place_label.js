/** Where in the list a position is, in the words of its order: a day, a name, a size. */
import { groupAt } from "./groups.js";
import { bytes, count, dayLabel, duration, groupLabel, isoDay, monthLabel, strings } from "./strings.js";

/** @type {Record<string, (row: import("./rows_cache.js").Row) => string>} by the key of the order */
const BY_ORDER = {
  name: (row) => row.filename,
  size: (row) => bytes(row.size_bytes),
  resolution: (row) => (row.width ? `${count(row.width)} × ${count(row.height)}` : ""),
  duration: (row) => (row.duration ? duration(row.duration) : ""),
};

/**
 * @param {import("./view.js").View} view
 * @param {import("./rows_cache.js").Row | undefined} row of the position, when it is here
 * @param {number} position
 */
export function placeLabel(view, row, position) {
  const { sort = "", group } = view.request;
  const own = view.groups[groupAt(view.groups, position)];
  if (view.months.length) {
    if (own && group === "day") {
      return dayLabel(own.key);
    }
    return row ? dayLabel(isoDay(row.mtime)) : monthLabel(view.months[groupAt(view.months, position)].key);
  }
  if (own) {
    return groupLabel(group, own);
  }
  return (row && BY_ORDER[sort.split("_")[0]]?.(row)) || strings.position(position + 1, view.total);
}
