/** The menus of a tile and of the selection. */
import { getBytes, postJson } from "../core/api.js";
import { loadSheet } from "../core/sheet.js";
import { openMenu } from "../ui/menu.js";
import { toast } from "../ui/toast.js";
import { addingItems, writeXmp } from "./collections.js";
import { groupAt } from "./groups.js";
import { judgeWords as words } from "./judge_strings.js";
import { openTags, toggleFavourite } from "./judging.js";
import { labelItems, ratingItems } from "./selection_bar.js";
import { isoDay } from "./strings.js";
import { readColumns } from "./view.js";

/** @typedef {import("./index.js").Gallery} Gallery @typedef {import("./judging.js").Targets} Targets */
/** @typedef {import("../ui/menu.js").MenuItem | null | false} Item */

/** Rating, label, tags and collections of one picture or of many. @param {Gallery} gallery @param {Targets} targets @returns {Promise<Item[]>} */
async function judgeItems(gallery, targets) {
  const adding = await addingItems(gallery, targets);
  return [
    { label: words.rate, icon: "star", items: ratingItems(gallery, targets) },
    { label: words.favourite, icon: "heart", shortcut: "B", action: () => void toggleFavourite(gallery, targets) },
    { label: words.label, icon: "palette", items: labelItems(gallery, targets) },
    { label: words.tagsMenu, icon: "tags", shortcut: "T", action: () => void openTags(gallery, targets) },
    { label: words.collection, icon: "library", items: adding },
  ];
}

/** @param {Gallery} gallery @param {Targets} targets @returns {Item[]} */
const fileItems = (gallery, targets) => [
  { label: words.writeXmp, icon: "file-pen", action: () => void writeXmp(gallery, targets) },
];

/** @param {Gallery} gallery @returns {Item} */
function compareItem(gallery) {
  const n = gallery.selection.count(gallery.view.total);
  return {
    label: words.compare,
    icon: "columns-2",
    shortcut: "C",
    disabled: (n < 2 || n > 8) && words.compareFew,
    action: () => void gallery.act("compare"),
  };
}

/** @param {Gallery} gallery @returns {Item[]} */
const selectingItems = (gallery) => [
  {
    label: words.selectAll,
    icon: "list-checks",
    shortcut: "Ctrl+A",
    action: () => gallery.selection.selectAll(),
  },
  { label: words.invert, icon: "contrast", shortcut: "Ctrl+I", action: () => gallery.selection.invert() },
];

/** @param {Gallery} gallery @param {Element} anchor */
export async function openSelectionMenu(gallery, anchor) {
  const { selection, view } = gallery;
  const judging = await judgeItems(gallery, selection);
  openMenu(
    anchor,
    [
      { heading: true, label: words.selected(selection.count(view.total)) },
      ...judging,
      compareItem(gallery),
      { separator: true },
      ...fileItems(gallery, selection),
      { label: words.regenerateSelected, icon: "refresh-cw", action: () => void gallery.act("regenerateSelected") },
      { separator: true },
      ...selectingItems(gallery),
      { label: words.clearSelection, icon: "x", action: () => selection.clear() },
    ],
    { label: words.more },
  );
}

/**
 * Of a picture that is selected, the menu is about all that are.
 * @param {Gallery} gallery
 * @param {Element | {x: number, y: number}} at
 * @param {number} id
 */
export async function openTileMenu(gallery, at, id) {
  const { selection, view, rows, root } = gallery;
  const many = selection.has(id) && selection.count(view.total) > 1;
  const targets = many ? selection : [id];
  const row = rows.get(id);
  const position = view.ids.indexOf(id);
  const [judging, { workflowActions }] = await Promise.all([
    judgeItems(gallery, targets),
    import("./workflow_actions.js"),
    loadSheet("judge"),
  ]);
  const workflow = many ? [] : workflowActions(gallery, id);
  if (position < 0 || !root.isConnected) {
    return;
  }
  const name = many ? words.selected(selection.count(view.total)) : (row?.filename ?? "");
  openMenu(
    at,
    [
      { heading: true, label: name },
      { label: words.open, icon: "maximize", shortcut: "Enter", action: () => void gallery.openLarge(position) },
      many && compareItem(gallery),
      { separator: true },
      ...judging,
      { separator: true },
      ...workflow,
      workflow.length > 0 && { separator: true },
      ...fileItems(gallery, targets),
      { separator: true },
      row && { label: words.selectFolder, icon: "folder", action: () => void selectAlike(gallery, id, folderOf(row)) },
      row && { label: words.selectDay, icon: "calendar", action: () => void selectDay(gallery, id) },
      ...selectingItems(gallery),
    ],
    { label: words.menuOf(name) },
  );
}

/** What the request must say in addition. @param {any} row */
const folderOf = (row) => (/** @type {any} */ request) => {
  const value = row.root && row.root !== "output" ? `${row.root}:${row.subfolder}` : row.subfolder;
  const { folder = { any: [], none: [] } } = request.facets ?? {};
  // Whatever other folders are wanted, this one is among them.
  return { facets: { ...request.facets, folder: { any: [value], none: folder.none } } };
};

/** All pictures of the day of this one. @param {Gallery} gallery @param {number} id */
async function selectDay(gallery, id) {
  const { view, selection, rows } = gallery;
  const position = view.ids.indexOf(id);
  if (view.request.group === "day" && view.groups.length && position >= 0 && view.filled) {
    const { start, count } = view.groups[groupAt(view.groups, position)];
    selection.set(view.ids.subarray(start, start + count), true);
    return;
  }
  const row = rows.get(id);
  if (row) {
    const day = isoDay(row.mtime);
    await selectAlike(gallery, id, () => ({ startDate: day, endDate: day }));
  }
}

/**
 * Selects what the list holds of something: the server says which, and it stays until then as it is.
 * @param {Gallery} gallery @param {number} id of the picture that was pressed: whatever comes, it is one of them
 * @param {(request: Record<string, any>) => Record<string, any>} more
 */
async function selectAlike({ view, selection }, id, more) {
  try {
    const request = { ...view.request, ...more(view.request), group: null };
    const answer = await postJson("images/view", request);
    const { ids } = readColumns(await getBytes(`images/view/${encodeURIComponent(answer.view)}/layout`));
    const here = meantHere(view, ids);
    selection.set([...here, id], true);
  } catch (error) {
    toast({ text: /** @type {Error} */ (error).message, kind: "error" });
  }
}

/** The server may know of newer pictures than are shown. @param {import("./view.js").View} view @param {Uint32Array} ids */
function meantHere(view, ids) {
  if (!view.filled) {
    return ids;
  }
  const shown = new Set(view.ids);
  return ids.filter((id) => shown.has(id));
}
