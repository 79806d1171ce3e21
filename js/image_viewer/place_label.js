/** Where in the list a position is, in the words of its order: a day, a group, or what place_marks.js says. */
import { groupAt } from "./groups.js";
import { dayLabel, groupLabel, isoDay, monthLabel, strings } from "./strings.js";

/**
 * @param {import("./view.js").View} view
 * @param {import("./rows_cache.js").Row | undefined} row of the position, when it is here
 * @param {number} position
 * @param {import("./place_marks.js").PlaceMarks | null} [marks]
 */
export function placeLabel(view, row, position, marks = null) {
  const { sort = "", group } = view.request;
  const own = view.groups[groupAt(view.groups, position)];
  if (own && group !== "month") {
    return groupLabel(group, own);
  }
  if (view.months.length) {
    // Within a month the days are mixed, in another order than theirs.
    const key = row && sort.startsWith("mtime") ? isoDay(row.mtime) : "";
    return key ? dayLabel(key) : monthLabel(view.months[groupAt(view.months, position)].key);
  }
  return marks?.label(row, position) || strings.position(position + 1, view.total);
}
