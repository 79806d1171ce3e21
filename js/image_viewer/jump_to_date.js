/** Asks for a date, and shows the pictures from there on. */
import { postJson } from "../core/api.js";
import { h } from "../core/dom.js";
import { dialog } from "../ui/dialog.js";
import { strings } from "./action_strings.js";
import { groupAt, startOfDay } from "./groups.js";

/** @param {import("./index.js").Gallery} gallery */
export async function askForDate({ view, grid, scope }) {
  const { request, id } = view;
  // By other groups in the order of dates, too: then the server says which days there are.
  const days =
    request.group === "day" ? view.groups : (await postJson("images/view", { ...request, group: "day" })).groups;
  const known = days.filter((/** @type {any} */ { key }) => key);
  if (scope.disposed || !known.length) {
    return;
  }
  const keys = known.map((/** @type {any} */ { key }) => key).sort();
  const here = days[groupAt(days, grid.firstBelow(grid.top))].key;
  const field = h("input", {
    type: "date",
    class: "holaf-input",
    "aria-label": strings.jumpDate,
    required: true,
    min: keys[0],
    max: keys[keys.length - 1],
    value: here || keys[keys.length - 1],
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
    grid.goTo(startOfDay(view.id !== id && request.group === "day" ? view.groups : days, field.value));
  }
}
