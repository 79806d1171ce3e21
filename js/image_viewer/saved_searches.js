/** Searches that were given a name: kept on the server, opened and deleted here. */
import { getJson, isAbort, postJson } from "../core/api.js";
import { fill, h, icon } from "../core/dom.js";
import { events } from "../core/events.js";
import { prompt } from "../ui/dialog.js";
import { openPopover } from "../ui/popover.js";
import { toast } from "../ui/toast.js";
import { NO_FILTERS, fromQuery, isFiltered, toQuery } from "./filters.js";
import { words } from "./search_strings.js";
import { iconButton } from "./toolbar.js";

const LONGEST_NAME = 80;

/** @typedef {{id: number, name: string, query: any}} Saved */

/** What is kept of the filters. @param {import("./filters.js").Filters} filters */
export const toSaved = (filters) => ({ address: toQuery(filters).toString() });

/** @param {any} query @returns {import("./filters.js").Filters} */
export const fromSaved = (query) =>
  typeof query?.address === "string" ? fromQuery(new URLSearchParams(query.address)) : { ...NO_FILTERS };

/** @param {import("./index.js").Gallery} gallery @param {Element} anchor */
export function openSaved(gallery, anchor) {
  const { store } = gallery;
  const list = h("ul", { class: "holaf-saved" }, h("li", { class: "holaf-note" }, words.loading));
  const { filters } = store.get();
  const worth = isFiltered(filters);
  const saveButton = h(
    "button",
    { type: "button", class: "holaf-button", disabled: !worth, onclick: () => void save() },
    icon("plus"),
    words.save,
  );
  const popover = openPopover(
    anchor,
    [
      h("h2", { class: "holaf-popover-title" }, words.saved),
      list,
      h(
        "div",
        { class: "holaf-popover-foot" },
        saveButton,
        !worth && h("p", { class: "holaf-note" }, words.nothingToSave),
      ),
    ],
    { label: words.saved },
  );
  if (!popover) {
    return;
  }
  let reading = new AbortController();
  popover.scope.onDispose(() => reading.abort());
  /** @type {Saved[]} */
  let known = [];
  let drawn = false;

  async function read() {
    if (popover?.scope.disposed) {
      return;
    }
    reading.abort();
    reading = new AbortController();
    const { signal } = reading;
    try {
      const answer = await getJson("images/saved-searches", signal);
      if (!drawn || JSON.stringify(answer.searches) !== JSON.stringify(known)) {
        known = answer.searches;
        draw();
      }
    } catch (error) {
      if (!isAbort(error)) {
        drawn = false;
        fill(list, h("li", { class: "holaf-note" }, /** @type {Error} */ (error).message));
      }
    }
  }

  function draw() {
    drawn = true;
    const buttons = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]);
    const before = /** @type {HTMLElement} */ (document.activeElement);
    const at = buttons().indexOf(before);
    const id = before?.closest("li")?.dataset.id;
    fill(
      list,
      known.length === 0 && h("li", { class: "holaf-note" }, words.nothingSaved),
      known.map((one) =>
        h(
          "li",
          { dataset: { id: String(one.id) } },
          h(
            "button",
            {
              type: "button",
              class: "holaf-saved-open",
              title: one.name,
              onclick: () => {
                popover?.close();
                gallery.setFilters(fromSaved(one.query));
              },
            },
            h("span", { class: "holaf-clip", dir: "auto" }, one.name),
          ),
          iconButton("pencil", words.renameSaved(one.name), () => void rename(one)),
          iconButton("trash-2", words.deleteSaved(one.name), () => void remove(one)),
        ),
      ),
    );
    if (at >= 0) {
      // The same button of the same search; where that is gone, of the one in its place.
      const left = buttons();
      const row = [...list.children].findIndex((one) => /** @type {HTMLElement} */ (one).dataset.id === id);
      const to = row < 0 ? Math.min(at, left.length - 3 + (at % 3)) : row * 3 + (at % 3);
      (left[to] ?? (worth ? saveButton : list.parentElement))?.focus();
    }
    popover?.place();
  }

  async function save() {
    const wanted = store.get().filters;
    popover?.close();
    const name = await prompt({
      title: words.saveTitle,
      body: words.saveText,
      label: words.saveName,
      value: wanted.search.trim().slice(0, LONGEST_NAME),
      action: words.saveAction,
      check: checkName,
      signal: gallery.scope.signal,
    });
    if (name !== null) {
      await attempt(async () => {
        const before = known.find((one) => one.name.toLowerCase() === name.trim().toLowerCase());
        await keep(name, toSaved(wanted));
        toast({
          text: before ? words.replaced(before.name) : words.savedAs(name.trim()),
          kind: "good",
          action: before
            ? { label: words.undo, action: () => void attempt(() => keep(before.name, before.query)) }
            : null,
        });
      });
    }
  }

  /** @param {Saved} one */
  async function rename(one) {
    popover?.close();
    const name = await prompt({
      title: words.renameTitle,
      label: words.saveName,
      value: one.name,
      action: words.renameAction,
      check: checkName,
      signal: gallery.scope.signal,
    });
    if (name !== null && name.trim() !== one.name) {
      await attempt(async () => {
        await postJson("images/saved-searches/rename", { id: one.id, name });
        toast({ text: words.savedAs(name.trim()), kind: "good" });
      });
    }
  }

  /** @param {Saved} one */
  async function remove(one) {
    await attempt(async () => {
      await postJson("images/saved-searches/delete", { id: one.id });
      await read();
      toast({
        text: words.deleted(one.name),
        action: {
          label: words.undo,
          action: () =>
            void attempt(async () => {
              await keep(one.name, one.query);
              await read();
            }),
        },
      });
    });
  }

  // Also what another tab saves or deletes; the newest event comes at once, and asks again for what was just read.
  events.on("images.saved-searches", () => void read(), popover.scope.signal);
  void read();
}

/** @param {string} text */
const checkName = (text) =>
  text.trim() ? (text.trim().length > LONGEST_NAME ? words.nameTooLong(LONGEST_NAME) : null) : words.nameMissing;

/** @param {string} name @param {any} query */
const keep = (name, query) => postJson("images/saved-searches/save", { name, query });

/** @param {() => Promise<void>} task */
async function attempt(task) {
  try {
    await task();
  } catch (error) {
    toast({ text: /** @type {Error} */ (error).message, kind: "error" });
  }
}
