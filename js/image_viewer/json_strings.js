import { count, plural } from "../core/format.js";

/** Words of the raw JSON. */
export const strings = {
  tree: (/** @type {string} */ title) => `${title}: JSON`,
  search: "Search names and values",
  previous: "Previous match (Shift+Enter)",
  next: "Next match (Enter)",
  openAll: "Expand all",
  closeAll: "Collapse all",
  reading: "Reading…",
  failed: (/** @type {string} */ why) => `It cannot be shown as a tree: ${why}`,
  notJson: "it is not valid JSON.",
  noWorker: "the browser did not start the script that reads it.",
  place: (/** @type {number} */ at, /** @type {number} */ all, /** @type {boolean} */ more) =>
    `${count(at)} of ${count(all)}${more ? "+" : ""}`,
  nothing: "No match",
  searching: "Searching…",
  opened: "Expanded as far as 50,000 lines: open the rest one by one.",
  size: (/** @type {string} */ kind, /** @type {number} */ n) =>
    kind === "list" ? `[${plural(n, "item")}]` : `{${plural(n, "key")}}`,
  copyPath: "Copy path",
  copyValue: "Copy value",
  copiedPath: "Path copied",
  copiedValue: "Value copied",
  nothingChosen: "Choose a line to copy its path or value",
};
