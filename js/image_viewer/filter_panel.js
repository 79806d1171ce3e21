/** The rail of filters: folders with counts, dates, the facets, contents, trashcan. */
import { fill, h, icon } from "../core/dom.js";
import { pathOfValue, valueOfPath } from "./folder_names.js";
import { buildTree, stateOf, tickMany, toggle, walk } from "./folder_tree.js";
import { choiceOf, choose, monthRange, stateOfValue } from "./facet_choice.js";
import { createFacets } from "./facets_panel.js";
import { createCollectionsPart } from "./collections_section.js";
import { createSection } from "./filter_section.js";
import { SWITCHES, TRASHCAN } from "./filters.js";
import { pressMenu } from "./press_menu.js";
import { words } from "./search_strings.js";
import { count, folderLabel, strings } from "./strings.js";
import { iconButton } from "./toolbar.js";

/**
 * @typedef {object} Row of the tree
 * @property {string} path
 * @property {number} depth
 * @property {string} label
 * @property {"on" | "off" | "some"} state
 * @property {boolean} isOut left out
 * @property {boolean} isLocked
 * @property {boolean | null} expanded null: nothing is in it
 * @property {number | null} pictures null: not known
 */

/**
 * What stands in the rail when it is open.
 * @param {import("./index.js").Gallery} gallery
 */
export function createFilterPanel(gallery) {
  const { scope, store, preferences } = gallery;
  /** @type {Set<string>} */
  const locked = new Set(preferences.get("images.locked", []));
  /** @type {Set<string>} */
  const open = new Set(preferences.get("images.expanded", []));
  /** @type {import("./folder_tree.js").Folder[]} */
  let tree = [];
  /** What the rows of the tree show, but for their counts. */
  let drawnFolders = "";
  /** How many each folder would show, as the facets say. @type {{whole: boolean, counts: Map<string, number>} | null} */
  let live = null;
  const filters = () => store.get().filters;
  const withoutFolders = () => {
    const { folder: _, ...others } = filters().facets;
    return { folders: [], facets: others };
  };
  /** @param {string} path */
  const leaveOut = (path) => {
    const value = valueOfPath(path);
    const state = stateOfValue(filters(), "folder", value) === "none" ? null : "none";
    gallery.setFilters(choose(filters(), "folder", value, state));
  };
  const ticked = () => new Set(filters().folders.filter((folder) => folder !== TRASHCAN));
  /** @param {Iterable<string>} folders */
  const setFolders = (folders) => gallery.setFilters({ ...filters(), folders: [...folders] });

  const folderNote = h("p", { class: "holaf-note" });
  const folderList = h("div", { class: "holaf-folders", role: "group", "aria-label": words.folders });
  const buttons = h(
    "div",
    { class: "holaf-row" },
    /** @type {const} */ (["all", "none", "invert"]).map((how) =>
      h(
        "button",
        {
          type: "button",
          class: "holaf-button holaf-small",
          onclick: () => setFolders(tickMany(tree, ticked(), locked, how)),
        },
        words[how],
      ),
    ),
  );
  const trash = h(
    "button",
    {
      type: "button",
      class: "holaf-trash",
      "aria-pressed": "false",
      onclick: () => setFolders(filters().folders.includes(TRASHCAN) ? [] : [TRASHCAN]),
    },
    icon("trash-2"),
    words.trashcan,
  );
  /** @param {"from" | "to"} name @param {string} label */
  const dateField = (name, label) =>
    h(
      "label",
      { class: "holaf-date" },
      h("span", {}, label),
      h("input", {
        type: "date",
        dataset: { name },
        onchange: (/** @type {any} */ event) => gallery.setFilters({ ...filters(), [name]: event.target.value }),
      }),
    );
  const dates = h(
    "div",
    {},
    h("div", { class: "holaf-row" }, dateField("from", words.from), dateField("to", words.to)),
    h(
      "div",
      { class: "holaf-row holaf-wrap" },
      shortcuts().map(([text, range]) =>
        h(
          "button",
          {
            type: "button",
            class: "holaf-button holaf-small",
            onclick: () => gallery.setFilters({ ...filters(), ...range() }),
          },
          text,
        ),
      ),
    ),
  );
  const switches = h(
    "div",
    { class: "holaf-switches" },
    SWITCHES.map((name) => {
      const select = h(
        "select",
        {
          class: "holaf-select",
          dataset: { name },
          "aria-label": words.switches[name],
          onchange: () =>
            gallery.setFilters({
              ...filters(),
              [name]: { yes: true, no: false }[/** @type {string} */ (select.value)] ?? null,
            }),
        },
        h("option", { value: "" }, words.either),
        h("option", { value: "yes" }, words.yes),
        h("option", { value: "no" }, words.no),
      );
      return h("label", { class: "holaf-has" }, h("span", {}, words.switches[name]), select);
    }),
  );

  const foldersSection = createSection(
    preferences,
    "folders",
    words.folders,
    [buttons, folderNote, folderList, trash],
    {
      toggled: (isOpen) => isOpen && facets.refresh(),
      clear: () => gallery.setFilters({ ...filters(), ...withoutFolders() }),
    },
  );
  const facets = createFacets(gallery, {
    isShown: () => gallery.root.dataset.rail === "open",
    folders: () => foldersSection.isOpen,
    counted: (facet) => {
      live = facet && {
        whole: facet.distinct <= facet.values.length,
        counts: new Map(facet.values.map((one) => [pathOfValue(one.value), one.count])),
      };
      drawFolders();
    },
  });
  const datesSection = createSection(preferences, "dates", words.dates, [dates], {
    clear: () => gallery.setFilters({ ...filters(), from: "", to: "" }),
  });
  const collections = createCollectionsPart(gallery);
  const collectionsSection = createSection(preferences, "collections", words.collections, collections.content, {
    toggled: (isOpen) => isOpen && collections.refresh(),
  });
  const hasSection = createSection(preferences, "has", words.has, [switches], {
    clear: () => gallery.setFilters({ ...filters(), ...Object.fromEntries(SWITCHES.map((name) => [name, null])) }),
  });
  const sections = [collectionsSection, foldersSection, datesSection, ...facets.sections, hasSection];
  const body = h(
    "div",
    { class: "holaf-rail-body" },
    sections.map(({ element }) => element),
  );
  const head = h(
    "div",
    { class: "holaf-rail-head" },
    h("h2", {}, strings.filters),
    iconButton("panel-left-close", words.hideFilters, () => gallery.toggleRail(false)),
  );

  function drawFolders() {
    const on = ticked();
    const list = filters().folders;
    foldersSection.tell(list.length + choiceOf(filters(), "folder").none.length);
    folderNote.textContent = on.size
      ? words.someFolders(on.size)
      : list.includes(TRASHCAN)
        ? words.trashcan
        : words.allFolders;
    trash.setAttribute("aria-pressed", String(list.includes(TRASHCAN)));
    /** @type {Row[]} */
    const shown = [];
    /** @param {import("./folder_tree.js").Folder} folder */
    const visit = (folder) => {
      const { path, depth } = folder;
      const expanded = open.has(path);
      shown.push({
        path,
        depth,
        label: depth ? folder.name : folderLabel(path),
        state: stateOf(folder, on),
        isOut: stateOfValue(filters(), "folder", valueOfPath(path)) === "none",
        isLocked: locked.has(path),
        expanded: folder.children.length ? expanded : null,
        pictures: live ? (live.counts.get(path) ?? (live.whole ? 0 : null)) : folder.count,
      });
      if (expanded) {
        folder.children.forEach(visit);
      }
    };
    tree.forEach(visit);
    // Counts come often while files are read: a row must not go away under the pointer that presses it.
    const key = JSON.stringify(shown.map((row) => ({ ...row, pictures: 0 })));
    if (key !== drawnFolders) {
      drawnFolders = key;
      refill(folderList, shown.length ? shown.map(folderRow) : h("p", { class: "holaf-note" }, words.noFolders));
    }
    for (const [index, { pictures }] of shown.entries()) {
      const place = /** @type {HTMLElement} */ (folderList.children[index].lastChild);
      place.textContent = pictures === null ? "" : count(pictures);
    }
  }

  /** @param {Row} row */
  function folderRow({ path, depth, label, state, isOut, isLocked, expanded }) {
    return h(
      "div",
      {
        class: ["holaf-folder", isOut && "holaf-excluded"],
        style: { "--depth": String(depth) },
        dataset: { path },
      },
      expanded === null
        ? h("span", { class: "holaf-folder-space" })
        : iconButton(
            expanded ? "chevron-down" : "chevron-right",
            words.expand(label),
            () => flip(open, path, "images.expanded"),
            { "aria-expanded": String(expanded) },
          ),
      h(
        "label",
        { title: isOut ? `${path} (${words.leftOut})` : path },
        h("input", {
          type: "checkbox",
          "aria-keyshortcuts": "-",
          checked: state === "on",
          indeterminate: state === "some",
          onchange: () => {
            const folder = [...walk(tree)].find((each) => each.path === path);
            if (folder) {
              setFolders(toggle(tree, ticked(), folder));
            }
          },
        }),
        h(
          "span",
          { class: "holaf-folder-name" },
          label,
          isOut && h("span", { class: "holaf-unseen" }, ` (${words.leftOut})`),
        ),
      ),
      iconButton(
        isLocked ? "lock" : "lock-open",
        isLocked ? words.unlock(label) : words.lock(label),
        () => flip(locked, path, "images.locked"),
        {
          class: ["holaf-icon-button", "holaf-lock", isLocked && "holaf-on"],
          "aria-pressed": String(isLocked),
        },
      ),
      h("span", { class: "holaf-count" }),
    );
  }

  /** @param {Set<string>} set @param {string} path @param {string} key */
  function flip(set, path, key) {
    if (!set.delete(path)) {
      set.add(path);
    }
    preferences.set(key, [...set]);
    drawFolders();
  }

  function draw() {
    const { from, to } = filters();
    drawFolders();
    datesSection.tell(Number(Boolean(from || to)));
    hasSection.tell(SWITCHES.filter((name) => filters()[name] !== null).length);
    for (const input of dates.querySelectorAll("input")) {
      const value = filters()[/** @type {"from"} */ (input.dataset.name)];
      // Setting it anew would take away a date that is half typed.
      if (input.value !== value) {
        input.value = value;
      }
    }
    for (const select of switches.querySelectorAll("select")) {
      const value = filters()[/** @type {"prompt"} */ (select.dataset.name)];
      select.value = value === null ? "" : value ? "yes" : "no";
    }
  }

  store.watch(
    (state) => state.options,
    (options) => {
      tree = buildTree((options?.subfolders ?? []).filter((/** @type {any} */ folder) => folder.path !== TRASHCAN));
      draw();
    },
    scope.signal,
  );
  store.watch((state) => state.filters, draw, scope.signal);
  scope.listen(folderList, "click", (event) => {
    const row = event.altKey && event.target.closest(".holaf-folder");
    if (row && !event.target.closest("button")) {
      event.preventDefault();
      leaveOut(row.dataset.path);
    }
  });
  pressMenu(
    folderList,
    scope,
    (target) => {
      const path = target.closest(".holaf-folder")?.getAttribute("data-path");
      if (path === null || path === undefined) {
        return null;
      }
      const isOut = stateOfValue(filters(), "folder", valueOfPath(path)) === "none";
      return [
        { label: words.onlyFolder, icon: "folder", action: () => setFolders([path]) },
        { label: isOut ? words.takeBack : words.leaveOutHere, icon: "minus", action: () => leaveOut(path) },
      ];
    },
    (target) => target.closest(".holaf-folder")?.querySelector(".holaf-folder-name")?.textContent ?? "",
  );
  scope.listen(folderList, "keydown", (event) => {
    const row = event.key === "-" && event.target.closest(".holaf-folder");
    if (row) {
      event.preventDefault();
      leaveOut(row.dataset.path);
    }
  });
  return {
    elements: [head, body],
    /** The rail was opened. */
    shown: () => {
      facets.refresh();
      collections.refresh();
    },
    /** @param {string} id */
    goTo: (id) => sections.find((each) => each.id === id)?.goTo(),
  };
}

/** As `fill`; who was at the third button before is there again. @param {Element} parent @param {...any} children */
function refill(parent, ...children) {
  const parts = () => /** @type {HTMLElement[]} */ ([...parent.querySelectorAll("button, input")]);
  const at = parts().indexOf(/** @type {HTMLElement} */ (document.activeElement));
  fill(parent, ...children);
  parts()[at]?.focus({ preventScroll: true });
}

/** @returns {Array<[string, () => {from: string, to: string}]>} */
function shortcuts() {
  const now = new Date();
  /** @param {Date} date */
  const day = (date) =>
    `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
  const ago = (/** @type {number} */ days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  return [
    [words.today, () => ({ from: day(now), to: day(now) })],
    [words.week, () => ({ from: day(ago(6)), to: day(now) })],
    [words.month, () => monthRange(now.getFullYear(), now.getMonth() + 1)],
    [
      words.lastMonth,
      () => {
        const before = new Date(now.getFullYear(), now.getMonth() - 1, 1);
        return monthRange(before.getFullYear(), before.getMonth() + 1);
      },
    ],
    [words.year, () => ({ from: `${now.getFullYear()}-01-01`, to: `${now.getFullYear()}-12-31` })],
  ];
}
