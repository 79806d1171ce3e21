/** What the menu does: thumbnails, synchronising, statistics. */
import { getJson, isAbort, postJson } from "../core/api.js";
import { events } from "../core/events.js";
import { confirm } from "../ui/dialog.js";
import { openMenu } from "../ui/menu.js";
import { toast } from "../ui/toast.js";
import { strings } from "./action_strings.js";
import { onView } from "./on_view.js";
import { watchTask } from "./watch_task.js";

const QUICK_SYNC_MS = 2500;

/** @typedef {import("./index.js").Gallery} Gallery */

/** @param {Gallery} gallery @param {Element} anchor */
export function openActions(gallery, anchor) {
  /** @param {string} name @param {string} label @param {string} icon */
  const item = (name, label, icon) => ({ label, icon, action: () => void act(gallery, name) });
  openMenu(
    anchor,
    [
      {
        ...item("regenerateSelected", strings.regenerateSelected, "refresh-cw"),
        disabled: gallery.selection.empty && strings.nothingSelected,
      },
      item("regenerateFailed", strings.regenerateFailed, "image-off"),
      item("regenerateAll", strings.regenerateAll, "images"),
      { separator: true },
      item("sync", strings.sync, "folder-search"),
      item("clean", strings.clean, "trash-2"),
      item("statistics", strings.statistics, "chart-column"),
      { separator: true },
      {
        label: strings.jumpTitle,
        icon: "calendar-days",
        shortcut: "G",
        disabled: !gallery.view.months.length && strings.jumpUndated,
        action: () => void gallery.jumpToDate(),
      },
      {
        label: strings.selectAll,
        icon: "list-checks",
        shortcut: "Ctrl+A",
        action: () => gallery.selection.selectAll(),
      },
      {
        label: strings.invertSelection,
        icon: "contrast",
        shortcut: "Ctrl+I",
        action: () => gallery.selection.invert(),
      },
      { separator: true },
      item("manageTags", strings.manageTags, "tags"),
    ],
    { label: strings.more },
  );
}

/** @param {Gallery} gallery @param {string} name */
export async function act(gallery, name) {
  try {
    await actions[name]?.(gallery);
  } catch (error) {
    if (!isAbort(error)) {
      toast({ text: /** @type {Error} */ (error).message, kind: "error" });
    }
  }
}

/** @type {Record<string, (gallery: Gallery) => Promise<void>>} */
const actions = {
  async regenerateSelected(gallery) {
    const { selection, thumbs, grid } = gallery;
    if (selection.empty) {
      return;
    }
    const ids = selection.ids ?? [...grid.cells.used.keys()];
    await runTask(
      strings.regenerateSelected,
      () => onView(gallery, (which) => postJson("images/regenerate-thumbnail", which)),
      strings.thumbsMade,
    );
    thumbs.renew(ids);
  },
  async regenerateFailed() {
    await runTask(strings.regenerateFailed, () => postJson("images/regenerate-failed", {}), strings.thumbsMade);
  },
  async regenerateAll({ view }) {
    const sure = await confirm({
      title: strings.regenerateAllTitle(view.totalCount),
      body: strings.regenerateAllText,
      action: strings.regenerateAllAction,
    });
    if (sure) {
      await runTask(
        strings.regenerateAll,
        () => postJson("images/regenerate-thumbnail", { all: true }),
        strings.thumbsMade,
      );
    }
  },
  async compare(gallery) {
    const { openCompare } = await import("./compare.js");
    await openCompare(gallery, gallery.selection.ids);
  },
  sync: synchronise,
  async manageTags(gallery) {
    const { openManageTags } = await import("./manage_tags.js");
    await openManageTags(gallery);
  },
  async clean() {
    await runTask(strings.clean, () => postJson("images/maintenance/clean-thumbnails", {}), strings.cleaned);
  },
  async statistics() {
    toast({ text: strings.thumbStats(await getJson("images/thumbnail-stats")) });
  },
};

/**
 * Compares every folder with the disk, and shows how far that is. A folder that was found empty loses its files from
 * the gallery only when the user says that it is meant to be empty.
 * @param {Gallery} gallery
 */
async function synchronise({ view }) {
  const { roots } = await getJson("images/index-status");
  const emptied = roots.filter((/** @type {any} */ root) => root.emptied);
  const meant =
    emptied.length > 0 &&
    (await confirm({
      title: strings.emptiedTitle(emptied.map((/** @type {any} */ root) => root.label).join(", ")),
      body: emptied.map((/** @type {any} */ root) => strings.emptiedText(root.path)).join(" "),
      action: strings.emptiedAction,
      danger: true,
    }));
  const watching = new AbortController();
  let shown = toast({ text: strings.started(strings.sync), progress: 0 });
  let begun = false;
  const end = (/** @type {import("../ui/toast.js").ToastOptions} */ said) => {
    if (!watching.signal.aborted) {
      watching.abort();
      shown.close();
      shown = toast(said);
    }
  };
  try {
    await postJson("images/maintenance/sync-database", { confirm_empty: meant });
  } catch (error) {
    shown.close();
    throw error;
  }
  const said = () => ({
    text: strings.done(strings.sync, strings.synced(view.totalCount)),
    kind: /** @type {const} */ ("good"),
  });
  events.on(
    "images.index",
    (index) => {
      const busy = index.state === "scanning" || index.state === "starting";
      begun ||= busy;
      if (index.state === "error") {
        end({ text: strings.taskFailed(strings.sync, index.message), kind: "error" });
      } else if (busy) {
        shown.update({ text: strings.indexing(index), progress: index.found ? index.done / index.found : 0 });
      } else if (begun) {
        end(said());
      }
    },
    watching.signal,
  );
  // A small library is done before anybody hears that it began.
  setTimeout(() => begun || end(said()), QUICK_SYNC_MS);
}

/**
 * Starts something and shows how far it is, where the server follows it as a task.
 * @param {string} what
 * @param {() => Promise<any>} start
 * @param {(result: any) => string} result what came of it, in words
 */
export async function runTask(what, start, result) {
  const answer = await start();
  const id = answer?.task?.id ?? answer?.task ?? answer?.task_id;
  if (id === undefined || id === null) {
    toast({ text: strings.done(what, result(answer)), kind: "good" });
    return;
  }
  watchTask({ id, what, result, toast, events });
}
