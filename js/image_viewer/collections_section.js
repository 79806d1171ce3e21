/** The collections in the rail: those that were filled by hand, and searches that stay live. */
import { getJson, isAbort, postJson } from "../core/api.js";
import { fill, h, icon } from "../core/dom.js";
import { events } from "../core/events.js";
import { count } from "../core/format.js";
import { loadSheet } from "../core/sheet.js";
import { prompt } from "../ui/dialog.js";
import { openMenu } from "../ui/menu.js";
import {
  attempt,
  checkName,
  createCollection,
  deleteCollection,
  putInto,
  readCollections,
  renameCollection,
} from "./collections.js";
import { cleared, isFiltered } from "./filters.js";
import { judgeWords as words } from "./judge_strings.js";
import { toast } from "../ui/toast.js";
import { fromSaved, toSaved } from "./saved_searches.js";
import { quoted } from "./search_text.js";
import { iconButton } from "./toolbar.js";

/** @typedef {import("./collections.js").Collection} Collection @typedef {import("./saved_searches.js").Saved} Saved */

/** The search that shows it. @param {string} name */
const termOf = (name) => `collection:=${quoted(name)}`;

/**
 * @param {import("./index.js").Gallery} gallery
 * @returns {{content: Element[], refresh: () => void}}
 */
export function createCollectionsPart(gallery) {
  const { scope, store, selection, view } = gallery;
  void loadSheet("judge");
  const list = h("ul", { class: "holaf-collections" });
  const add = h(
    "button",
    {
      type: "button",
      class: "holaf-button holaf-small",
      onclick: () => void createCollection(gallery, selection.empty ? null : selection),
    },
    icon("plus", 14),
    words.newCollection,
  );
  /** @type {Collection[]} */
  let manual = [];
  /** @type {Saved[]} */
  let live = [];
  let drawn = "";
  let reading = new AbortController();
  scope.onDispose(() => reading.abort());

  const isShown = () => gallery.root.dataset.rail === "open";

  async function read() {
    reading.abort();
    reading = new AbortController();
    const { signal } = reading;
    try {
      const [collections, saved] = await Promise.all([
        readCollections(signal),
        getJson("images/saved-searches", signal),
      ]);
      manual = collections;
      live = saved.searches;
      draw();
    } catch (error) {
      if (!isAbort(error)) {
        drawn = "";
        fill(list, h("li", { class: "holaf-note" }, /** @type {Error} */ (error).message));
      }
    }
  }

  /** @param {string} name */
  const isOn = (name) => store.get().filters.search.trim() === termOf(name);
  /** @param {Saved} one */
  const isOpenLive = (one) => toSaved(store.get().filters).address === one.query?.address;

  /** Shows a collection alone, or all again. @param {Collection} one */
  const press = ({ name }) =>
    gallery.setFilters({ ...cleared(store.get().filters), search: isOn(name) ? "" : termOf(name) });

  /** @param {Collection} one @param {Element} anchor */
  function openManual(one, anchor) {
    const n = selection.count(view.total);
    openMenu(
      anchor,
      [
        {
          label: words.addSelection(n),
          icon: "plus",
          disabled: selection.empty && words.nothingSelected,
          action: () => void putInto(gallery, selection, one),
        },
        {
          label: words.removeSelection(n),
          icon: "minus",
          disabled: selection.empty && words.nothingSelected,
          action: () => void putInto(gallery, selection, one, "remove"),
        },
        { separator: true },
        { label: words.rename, icon: "pencil", action: () => void renameCollection(gallery, one) },
        { label: words.delete, icon: "trash-2", action: () => void deleteCollection(gallery, one) },
      ],
      { label: words.collectionMenu(one.name) },
    );
  }

  /** @param {Saved} one @param {Element} anchor */
  function openLive(one, anchor) {
    openMenu(
      anchor,
      [
        { label: words.rename, icon: "pencil", action: () => void renameLive(one) },
        { label: words.delete, icon: "trash-2", action: () => void removeLive(one) },
      ],
      { label: words.collectionMenu(one.name) },
    );
  }

  /** @param {Saved} one */
  async function renameLive(one) {
    const name = await prompt({
      title: words.renameCollection,
      label: words.collectionName,
      value: one.name,
      action: words.renameAction,
      check: checkName,
      signal: scope.signal,
    });
    if (name !== null && name.trim() !== one.name) {
      await attempt(() => postJson("images/saved-searches/rename", { id: one.id, name: name.trim() }));
    }
  }

  /** @param {Saved} one */
  const removeLive = (one) =>
    attempt(async () => {
      await postJson("images/saved-searches/delete", { id: one.id });
      toast({
        text: words.deleted(one.name),
        action: { label: words.undo, action: () => void attempt(() => save(one.name, one.query)) },
      });
    });

  /** @param {string} name @param {any} query */
  const save = (name, query) => postJson("images/saved-searches/save", { name, query });

  async function saveLive() {
    const wanted = store.get().filters;
    const name = await prompt({
      title: words.newCollection,
      body: words.live,
      label: words.collectionName,
      action: words.create,
      check: checkName,
      signal: scope.signal,
    });
    if (name !== null) {
      await attempt(() => save(name.trim(), toSaved(wanted)));
    }
  }

  /** @param {string} name @param {string} symbol @param {boolean} on @param {() => void} open @param {(anchor: Element) => void} more @param {number | null} total */
  function line(name, symbol, on, open, more, total) {
    const menu = iconButton("ellipsis", words.collectionMenu(name), () => more(menu), { "aria-haspopup": "menu" });
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: "holaf-collection",
          "aria-pressed": String(on),
          title: total === null ? `${words.openCollection(name)} (${words.live})` : words.openCollection(name),
          onclick: open,
        },
        icon(symbol, 14),
        h("span", { class: "holaf-clip", dir: "auto" }, name),
        total === null ? null : h("span", { class: "holaf-count" }, count(total)),
      ),
      menu,
    );
  }

  function draw() {
    const worth = isFiltered(store.get().filters);
    // What has the focus must not go away with each count.
    const key = JSON.stringify([manual, live, worth, manual.map((one) => isOn(one.name)), live.map(isOpenLive)]);
    if (key === drawn) {
      return;
    }
    drawn = key;
    const buttons = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]);
    const at = buttons().indexOf(/** @type {HTMLElement} */ (document.activeElement));
    fill(
      list,
      !manual.length && !live.length && h("li", { class: "holaf-note" }, words.noCollections),
      manual.map((one) =>
        line(
          one.name,
          "library",
          isOn(one.name),
          () => press(one),
          (anchor) => openManual(one, anchor),
          one.count,
        ),
      ),
      live.map((one) =>
        line(
          one.name,
          "search",
          isOpenLive(one),
          () => gallery.setFilters(isOpenLive(one) ? cleared(store.get().filters) : fromSaved(one.query)),
          (anchor) => openLive(one, anchor),
          null,
        ),
      ),
    );
    saveButton.hidden = !worth;
    if (at >= 0) {
      (buttons()[at] ?? add).focus();
    }
  }

  const saveButton = h(
    "button",
    { type: "button", class: "holaf-link", hidden: true, onclick: () => void saveLive() },
    words.saveLive,
  );
  const refresh = () => void (isShown() && read());
  store.watch((state) => state.filters, draw, scope.signal);
  events.on("images.collections", refresh, scope.signal);
  events.on("images.saved-searches", refresh, scope.signal);
  return { content: [list, add, saveButton], refresh };
}
