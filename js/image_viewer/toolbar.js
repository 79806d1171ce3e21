/** The bar above the pictures: search, sorting, size, layout; what can be done with the selection instead when there is one. */
import { fill, h, icon } from "../core/dom.js";
import { isFiltered } from "./filters.js";
import { strings } from "./strings.js";

/** @typedef {import("./index.js").Gallery} Gallery */

// A word is not asked for letter by letter.
const TYPED_MS = 300;
// A library of ordinary size is compared with the disk sooner than that.
const CHECKING_MS = 1000;

/** @param {string} name @param {string} label @param {(event: any) => void} onclick @param {Record<string, any>} [more] */
export const iconButton = (name, label, onclick, more = {}) =>
  h(
    "button",
    { type: "button", class: "holaf-icon-button", "aria-label": label, title: label, onclick, ...more },
    icon(name),
  );

/** @param {Gallery} gallery */
export function createToolbar(gallery) {
  const { scope, store, selection } = gallery;
  const field = h("input", {
    class: "holaf-search-field",
    type: "text",
    role: "combobox",
    "aria-expanded": "false",
    "aria-autocomplete": "list",
    "aria-label": strings.search,
    placeholder: strings.search,
    dir: "auto",
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
    enterkeyhint: "search",
  });
  const middle = h("div", { class: "holaf-search-middle" }, field);
  const box = h("div", { class: "holaf-search", role: "search" }, icon("search"), middle);

  let stop = () => {};
  /** What the field held when it was last sent: other changes of the search are shown in it. */
  let sent = "";
  /** @param {string} [text] */
  const searchFor = (text = field.value) => {
    stop();
    sent = field.value = text;
    const { filters } = store.get();
    if (text !== filters.search) {
      gallery.setFilters({ ...filters, search: text }, { typing: true });
    }
  };
  /** Marks, suggestions and help come when somebody searches. @type {Promise<any> | null} */
  let extras = null;
  const load = () => {
    extras ??= import("./search_box.js").then(({ createSearchBox }) =>
      createSearchBox(gallery, { field, box, searchFor }),
    );
    return extras;
  };
  scope.listen(field, "focus", () => void load());
  scope.listen(field, "input", () => {
    stop();
    stop = scope.after(TYPED_MS, searchFor);
  });
  scope.listen(field, "keydown", (event) => {
    // What the suggestions took is theirs.
    if (event.defaultPrevented || event.isComposing) {
      return;
    }
    if (event.key === "Enter") {
      searchFor();
    } else if (event.key === "Escape" && field.value) {
      event.stopPropagation();
      event.preventDefault();
      searchFor("");
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      gallery.grid.list.focus();
    }
  });

  const sort = h(
    "button",
    {
      type: "button",
      class: "holaf-button holaf-sort",
      "aria-haspopup": "menu",
      onclick: async () => (await import("./sort_menu.js")).openSortMenu(gallery, sort),
    },
    h("span", { class: "holaf-clip" }),
    icon("chevron-down", 14),
  );
  const size = h("input", {
    type: "range",
    class: "holaf-slider holaf-size",
    min: "80",
    max: "512",
    step: "4",
    "aria-label": strings.size,
    title: strings.size,
    oninput: () => gallery.setLook({ ...store.get().look, size: Number(size.value) }),
  });
  const modes = h(
    "div",
    { class: "holaf-modes", role: "radiogroup", "aria-label": strings.mode },
    Object.entries(strings.modes).map(([mode, text]) =>
      h(
        "button",
        {
          type: "button",
          role: "radio",
          class: "holaf-icon-button",
          "aria-label": text,
          title: text,
          dataset: { mode },
          onclick: () => gallery.setLook({ ...store.get().look, mode: /** @type {any} */ (mode) }),
          onkeydown: (/** @type {KeyboardEvent} */ event) => roam(event),
        },
        icon({ justified: "layout-dashboard", square: "grid-3x3", contain: "image" }[mode] ?? "image"),
      ),
    ),
  );
  /** @param {KeyboardEvent} event */
  const roam = (event) => {
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (by) {
      event.preventDefault();
      const buttons = [...modes.children];
      const next = buttons[(buttons.indexOf(event.currentTarget) + by + buttons.length) % buttons.length];
      next.focus();
      next.click();
    }
  };
  const filtersButton = iconButton("sliders-horizontal", strings.showFilters, () => gallery.toggleRail(), {
    "aria-expanded": "false",
  });
  const infoButton = iconButton("info", strings.toggleInfo, () => gallery.toggleInfo());
  const moreButton = iconButton("ellipsis", strings.more, () => gallery.openMenu(moreButton), {
    "aria-haspopup": "menu",
  });
  const looks = h("div", { class: "holaf-looks" }, sort, size, modes);
  const looksButton = iconButton("arrow-up-down", strings.viewOptions, () => {
    element.classList.toggle("holaf-looks-open");
    looksButton.setAttribute("aria-expanded", String(element.classList.contains("holaf-looks-open")));
  });
  looksButton.classList.add("holaf-narrow-only");
  looksButton.setAttribute("aria-expanded", "false");

  const selectedText = h("strong", { class: "holaf-selected-count", role: "status" });
  // Everyone needs these at once; what can be done with the selection comes when there is one.
  const forSelection = h("div", { class: "holaf-selection-actions" });
  const onSelection = h(
    "div",
    { class: "holaf-selection-bar" },
    iconButton("x", strings.clearSelection, () => selection.clear()),
    selectedText,
    h(
      "button",
      { type: "button", class: "holaf-button holaf-select-all", onclick: () => selection.selectAll() },
      strings.selectAll,
    ),
    h("span", { class: "holaf-spring" }),
    forSelection,
  );
  let asked = false;
  const loadActions = async () => {
    if (!asked) {
      asked = true;
      try {
        const { fillSelectionBar } = await import("./selection_bar.js");
        await fillSelectionBar(gallery, forSelection);
      } catch {
        // The next selection asks for it again.
        asked = false;
      }
    }
  };
  const normal = h("div", { class: "holaf-normal-bar" }, filtersButton, box, looksButton, looks);
  const element = h(
    "div",
    { class: "holaf-toolbar", role: "group", "aria-label": strings.gallery },
    normal,
    onSelection,
    infoButton,
    moreButton,
  );

  const chips = h("div", { class: "holaf-chips", role: "group", "aria-label": strings.activeFilters });

  store.watch(
    (state) => state.filters,
    (filters) => {
      if (filters.search !== sent) {
        stop();
        sent = field.value = filters.search;
      }
      if (filters.search) {
        void load();
      }
      const name = strings.sorts[/** @type {"mtime_asc"} */ (filters.sort)];
      sort.firstChild.textContent = name;
      sort.title = strings.sort;
      sort.setAttribute("aria-label", `${strings.sort}: ${name}`);
      filtersButton.classList.toggle("holaf-on", isFiltered(filters));
    },
    scope.signal,
  );
  let drawn = false;
  const drawChips = () => {
    const some = isFiltered(store.get().filters);
    // Its place is kept free until they are there.
    chips.hidden = !some;
    if (some && !drawn) {
      drawn = true;
      void import("./search_chips.js").then(({ createChips }) => createChips(gallery, chips, field));
    }
  };
  store.watch((state) => state.filters, drawChips, scope.signal);
  store.watch(
    (state) => state.look,
    (look) => {
      size.value = String(look.size);
      for (const button of modes.children) {
        const on = button.dataset.mode === look.mode;
        button.setAttribute("aria-checked", String(on));
        button.tabIndex = on ? 0 : -1;
      }
    },
    scope.signal,
  );
  store.watch(
    (state) => state.infoOpen,
    (open) => infoButton.setAttribute("aria-pressed", String(open)),
    scope.signal,
  );
  const drawSelection = () => {
    const some = !selection.empty;
    normal.hidden = some;
    onSelection.hidden = !some;
    element.classList.toggle("holaf-on-selection", some);
    selectedText.textContent = some ? selectedCount(gallery) : "";
    if (some) {
      void loadActions();
    }
  };
  selection.onChange(drawSelection, scope.signal);
  drawSelection();

  return {
    element,
    chips,
    redraw: drawSelection,
    /** @param {boolean} open */
    showRail: (open) => filtersButton.setAttribute("aria-expanded", String(open)),
    focusInfo: () => infoButton.focus(),
    focusSearch: () => {
      selection.clear();
      field.focus();
      field.select();
    },
  };
}

/** How many are selected; of a selection of another list it is not known until all of this one is here. @param {Gallery} gallery */
const selectedCount = ({ selection, view }) =>
  selection.carried && !view.filled ? strings.counting : strings.selected(selection.count(view.total));

/** The bar below the pictures. @param {Gallery} gallery */
export function createStatusBar(gallery) {
  const { scope, store, selection, view } = gallery;
  const shown = h("span", { class: "holaf-status-shown" });
  const selected = h("span", { class: "holaf-status-selected" });
  const progress = h("progress", { class: "holaf-progress", "aria-label": strings.firstIndex });
  const index = h("span", { class: "holaf-status-index" });
  // Of all that the bar says this alone is read aloud, and not when it is over in a blink.
  const checking = h("span", { class: "holaf-status-checking", role: "status" });
  /** @type {(() => void) | null} */
  let notYet = null;
  const watch = h("span", { class: "holaf-status-watch" });
  const element = h(
    "div",
    { class: "holaf-statusbar" },
    shown,
    selected,
    h("span", { class: "holaf-spring" }),
    progress,
    index,
    checking,
    watch,
  );
  /** @param {boolean} isChecking */
  const tellChecking = (isChecking) => {
    if (isChecking) {
      notYet ??= scope.after(CHECKING_MS, () => {
        checking.textContent = strings.checking;
      });
    } else {
      notYet?.();
      notYet = null;
      fill(checking);
    }
  };
  const draw = () => {
    const { index: state, thumbnails } = store.get();
    shown.textContent = view.loaded ? strings.shown(view.total, view.totalCount) : "";
    selected.textContent = selection.empty ? "" : selectedCount(gallery);
    const busy = state?.state === "scanning" || state?.state === "starting";
    progress.hidden = !busy;
    if (busy && state.found) {
      progress.max = state.found;
      progress.value = state.done ?? 0;
    } else {
      progress.removeAttribute("value");
    }
    const roots = state?.roots ?? [];
    const lost = roots.filter((/** @type {any} */ root) => root.reachable === false);
    if (state?.state === "error") {
      // The bar above the pictures says it.
      index.textContent = "";
    } else if (lost.length) {
      index.textContent = lost.map((/** @type {any} */ root) => strings.unreachable(root.label)).join(", ");
    } else if (busy) {
      index.textContent = state.found ? strings.indexing(state) : strings.starting;
    } else if (thumbnails?.pending) {
      index.textContent = thumbnails.paused
        ? thumbnails.message || strings.pausedThumbs
        : strings.makingThumbs(thumbnails.pending);
    } else {
      index.textContent = "";
    }
    tellChecking(Boolean(state?.checking) && !index.textContent && state.state !== "error");
    index.classList.toggle("holaf-warn", Boolean(lost.length || state?.state === "error"));
    const polled = roots.filter((/** @type {any} */ root) => root.mode === "poll");
    fill(
      watch,
      roots.length > lost.length && state.state !== "error"
        ? polled.length
          ? [icon("clock", 12), strings.polling(polled[0].message)]
          : [icon("eye", 12), strings.watching]
        : null,
    );
    watch.title = polled.length
      ? polled.map((/** @type {any} */ root) => `${root.label}: ${strings.polling(root.message)}`).join("\n")
      : strings.watchingTip;
  };
  store.watch((state) => state.index, draw, scope.signal);
  store.watch((state) => state.thumbnails, draw, scope.signal);
  selection.onChange(draw, scope.signal);
  return { element, draw };
}
