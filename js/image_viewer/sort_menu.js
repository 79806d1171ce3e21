/** The menu of orders and groups. */
import { openMenu } from "../ui/menu.js";
import { GROUPS, SORTS, groupOf } from "./filters.js";
import { words } from "./search_strings.js";
import { strings } from "./strings.js";

/** The way in which an order is wanted first: new pictures, large ones, but names from A. */
const DOWN = new Set(["mtime", "size", "resolution", "duration", "rating"]);
const MOST_ORDERS = 1e9;

/** @param {import("./index.js").Gallery} gallery @param {Element} anchor */
export function openSortMenu(gallery, anchor) {
  const { filters } = gallery.store.get();
  const [key, way] = filters.sort.split("_");
  const group = groupOf(filters) ?? "none";
  /** @param {Partial<import("./filters.js").Filters>} changes */
  const set = (changes) => gallery.setFilters({ ...filters, ...changes });
  const shuffled = () => ({ sort: "random_asc", shuffle: 1 + Math.floor(Math.random() * (MOST_ORDERS - 1)) });
  /** @param {string} of */
  const first = (of) => (of === "random" ? shuffled() : { sort: `${of}_${DOWN.has(of) ? "desc" : "asc"}`, shuffle: 0 });
  const other = `${key}_${way === "asc" ? "desc" : "asc"}`;
  const firstWay = first(key).sort;
  const ways = [firstWay, filters.sort === firstWay ? other : filters.sort];
  openMenu(
    anchor,
    [
      { heading: true, label: words.sortBy },
      ...SORTS.map((one) => ({
        label: words.sortKeys[/** @type {"name"} */ (one)],
        checked: one === key,
        action: () => one !== key && set(first(one)),
      })),
      { separator: true },
      ...(key === "random"
        ? [{ label: words.shuffle, icon: "refresh-cw", action: () => set(shuffled()) }]
        : ways.map((one) => ({
            label: strings.sorts[/** @type {"name_asc"} */ (one)],
            checked: one === filters.sort,
            action: () => one !== filters.sort && set({ sort: one }),
          }))),
      { separator: true },
      {
        label: words.groupBy,
        icon: "rows-3",
        hint: words.groups[/** @type {"day"} */ (group)],
        items: GROUPS.map((one) => ({
          label: words.groups[/** @type {"day"} */ (one)],
          checked: one === group,
          // What it is by itself stays so in another order.
          action: () => set({ group: one === (groupOf({ ...filters, group: "auto" }) ?? "none") ? "auto" : one }),
        })),
      },
    ],
    { label: strings.sort },
  );
}
