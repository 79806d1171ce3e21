/** Asks for a date, and shows the pictures from there on. */
import { postJson } from "../core/api.js";
import { h } from "../core/dom.js";
import { dialog } from "../ui/dialog.js";
import { strings } from "./action_strings.js";
import { monthRange } from "./facet_choice.js";
import { groupAt } from "./groups.js";

/** @param {import("./index.js").Gallery} gallery */
export async function askForDate({ view, grid, scope }) {
  const { request, id } = view;
  const own = request.group === "day";
  // By months in another order their days are mixed: then a date leads to its month. Else the server says which days.
  const mixed = request.group === "month" && !request.sort.startsWith("mtime");
  const days = own
    ? view.groups
    : mixed
      ? view.months
      : (await postJson("images/view", { ...request, group: "day" })).groups;
  const known = days.filter((/** @type {any} */ { key }) => key);
  if (scope.disposed || !known.length) {
    return;
  }
  const keys = known.map((/** @type {any} */ { key }) => key).sort();
  const ends = [keys[0], keys[keys.length - 1]].map((key) =>
    mixed ? monthRange(+key.slice(0, 4), +key.slice(5)) : { from: key, to: key },
  );
  const here = days[groupAt(days, grid.firstBelow(grid.top))].key;
  const field = h("input", {
    type: "date",
    class: "holaf-input",
    "aria-label": strings.jumpDate,
    required: true,
    min: ends[0].from,
    max: ends[1].to,
    value: here ? here.padEnd(10, "-01") : ends[1].to,
  });
  const sure = await dialog({
    title: strings.jumpTitle,
    body: field,
    width: 320,
    signal: scope.signal,
    buttons: [
      { label: strings.cancel, value: null },
      { label: strings.jumpAction, primary: true, value: true, check: () => Boolean(field.value) },
    ],
    onOpen: () => field.focus(),
  });
  if (sure && field.value) {
    // The list may have changed meanwhile; its days are then in view.groups, where they are its groups.
    grid.goTo(startOfDay(view.id !== id && own ? view.groups : days, field.value));
  }
}

/**
 * Where the pictures of a day begin, or those of the nearest day before it, in a list in either order of dates.
 * @param {readonly import("./groups.js").Group[]} days
 * @param {string} wanted YYYY-MM-DD
 * @returns {number} a position
 */
export function startOfDay(days, wanted) {
  const newestFirst = days.length > 0 && days[0].key >= days[days.length - 1].key;
  const found = newestFirst
    ? days.find(({ key }) => key <= wanted)
    : (days.findLast(({ key }) => key <= wanted) ?? days[0]);
  return (found ?? days[days.length - 1])?.start ?? 0;
}
