/** The gallery: every picture, video and sound of the library. Puts its parts together and keeps its state. */
import { ApiError, getJson, postBytes, postJson } from "../core/api.js";
import { h } from "../core/dom.js";
import { containKeys } from "../core/keys.js";
import { createStore } from "../core/store.js";
import { createBanner } from "./banner.js";
import { DEFAULT_SORT, toRequest } from "./filters.js";
import { galleryFilters } from "./gallery_filters.js";
import { galleryInfo } from "./gallery_info.js";
import { listenToGalleryKeys } from "./gallery_keys.js";
import { createStates } from "./gallery_states.js";
import { Grid } from "./grid.js";
import { firstFilters } from "./head_start.js";
import { followLibrary } from "./live.js";
import { createRail } from "./rail.js";
import { RowsCache } from "./rows_cache.js";
import { Selection } from "./selection.js";
import { strings } from "./strings.js";
import { Thumbs } from "./thumbs.js";
import { createStatusBar, createToolbar } from "./toolbar.js";
import { View } from "./view.js";

/** @typedef {import("./filters.js").Filters} Filters */

/** @typedef {{text: string, message: string, hint: string, start: number, end: number}} Mistake in a search */

/**
 * @typedef {object} State
 * @property {Filters} filters
 * @property {import("./grid.js").Look} look
 * @property {boolean} dateHeaders
 * @property {boolean} infoOpen
 * @property {{text: string, chips: any[]}} terms of the search that is shown; another object with each list
 * @property {Mistake | null} mistake why the search that was typed is not the one that is shown
 * @property {any} labelled another object when `labels` has news
 * @property {any} options what GET filter-options sent
 * @property {any} index the topic images.index
 * @property {any} thumbnails the topic thumbnails.status
 */

const client = [...crypto.getRandomValues(new Uint8Array(8))]
  .map((byte) => byte.toString(16).padStart(2, "0"))
  .join("");
let mounted = 0;
/** @type {import("./grid.js").Look} */
const FIRST_LOOK = { mode: "justified", size: 200 };
// A search that takes a blink is not worth showing.
const SOON_MS = 150;
const AGAIN_MS = 3000;
const IDLE_MS = 200;

/** Until the page has nothing else to do, but not for long. */
const idle = () =>
  new Promise((resolve) =>
    globalThis.requestIdleCallback ? requestIdleCallback(resolve, { timeout: IDLE_MS }) : setTimeout(resolve, IDLE_MS),
  );

export class Gallery {
  #details;
  #filters;
  #ended = false;
  #new = 0;
  /** @type {Promise<void>} when the thumbnails that were asked for with the list are here */
  #firstShown = Promise.resolve();
  #busy = () => {};
  #optionsAsked = false;
  /** Why there is no list. @type {any} */
  error = null;
  /** The library's version that was last heard of. */
  newest = 0;
  /** Before rows that were read are drawn. @type {(rows: import("./rows_cache.js").Row[]) => void} */
  arriving = () => {};

  /**
   * @param {HTMLElement} root
   * @param {{host: import("../core/host.js").Host, scope: import("../core/scope.js").Scope, panel?: any}} context
   */
  constructor(root, { host, scope, panel }) {
    this.root = root;
    this.host = host;
    this.scope = scope;
    this.panel = panel ?? null;
    this.preferences = host.preferences;
    /** Once the user has chosen an order, the pack's settings no longer do. */
    this.ownSort = this.preferences.get("images.filters", null) !== null;
    this.inUrl = host.kind === "standalone" && !panel;
    this.client = `${client}-${++mounted}`;
    // As the settings were last: news of them would lay out anew what has just been drawn.
    const { look, dateHeaders = true } = this.preferences.get("images.defaults", /** @type {any} */ ({}));
    this.store = createStore(
      /** @type {State} */ ({
        filters: firstFilters(this.inUrl ? location.search : "", this.preferences.get("images.filters")),
        look: { ...FIRST_LOOK, ...look, ...this.preferences.get("images.look", null) },
        dateHeaders,
        infoOpen: false,
        terms: { text: "", chips: [] },
        mistake: null,
        labelled: null,
        options: null,
        index: null,
        thumbnails: null,
      }),
    );
    /** Of values of facets that are not their own names, by "facet value". @type {Map<string, string>} */
    this.labels = new Map();
    this.selection = new Selection();
    this.view = new View({
      changed: (change) => this.#viewChanged(change),
      failed: (error, opening) => void this.#viewFailed(error, opening),
      restMayCome: () => this.#firstShown.then(idle),
      prepare: (aspects, signal) => this.grid.prepare(aspects, signal),
    });
    this.rows = new RowsCache({
      fetch: (view, from, count, signal) =>
        getJson(`images/rows?view=${encodeURIComponent(view)}&from=${from}&count=${count}`, signal),
      arrived: (rows) => {
        this.arriving(rows);
        this.grid.rowsArrived(rows);
        this.largeView?.rowsArrived();
      },
      failed: (error) => {
        if (error instanceof ApiError && error.status === 404) {
          // The server has forgotten this view, but nobody here has left it.
          void this.view.refresh();
        }
      },
    });
    this.thumbs = new Thumbs({
      fetch: (ids, signal) => postBytes("images/thumbnails", { ids }, signal),
      prioritise: (ids) => postJson("images/prioritize-thumbnails", { client: this.client, ids }),
      arrived: (id) => {
        this.grid.thumbArrived(id);
        this.largeView?.thumbArrived(id);
      },
    });
    this.grid = new Grid({
      view: this.view,
      selection: this.selection,
      rows: this.rows,
      thumbs: this.thumbs,
      scope,
      open: (position, options) => void this.openLarge(position, options),
      focused: (position) => this.#details.show(this.view.ids[position]),
      atTop: (atTop) => atTop && this.#new && this.#tellNew(0),
      jump: () => void this.jumpToDate(),
      judge: (id, changes) => void this.judge([id], changes),
      menu: (at, id) => void this.openTileMenu(at, id),
    });
    this.#details = galleryInfo(this);
    this.#filters = galleryFilters(this);
    this.rail = createRail(this);
    this.toolbar = createToolbar(this);
    this.statusBar = createStatusBar(this);
    this.pill = h("button", {
      type: "button",
      class: "holaf-new",
      hidden: true,
      title: strings.toTop,
      onclick: () => this.grid.scrollTo(0),
    });
    this.states = createStates(this);
    this.banner = createBanner(this);
    this.info = h("aside", { class: "holaf-info", "aria-label": strings.info, hidden: true });
    this.main = h(
      "div",
      { class: "holaf-main" },
      this.toolbar.chips,
      this.banner.element,
      h("div", { class: "holaf-stage" }, this.grid.element, this.states.element, this.pill),
    );
    root.classList.add("holaf", "holaf-images");
    // What loses the focus with its element leaves it here: then the keys go on from the pictures.
    root.tabIndex = -1;
    root.append(this.toolbar.element, this.rail.element, this.main, this.info, this.statusBar.element);
  }

  start() {
    const { scope, root, store } = this;
    this.toggleRail(this.#railWanted, false);
    containKeys(root, scope.signal);
    listenToGalleryKeys(this);
    scope.listen(root, "focus", () => (this.largeView?.element ?? this.grid.list).focus({ preventScroll: true }));
    this.#watchSize();
    this.grid.setLook(store.get().look, store.get().dateHeaders);
    this.selection.onChange(() => {
      if (this.view.loaded && this.selection.nothingOf(this.view.total)) {
        this.selection.clear();
      } else {
        this.#details.selectionChanged();
      }
    }, scope.signal);
    this.#filters.start();
    scope.onDispose(() => {
      this.#ended = true;
      this.view.dispose();
      this.rows.dispose();
      this.thumbs.dispose();
    });
    followLibrary(this);
    this.states.draw(this.error);
    void this.reopen();
  }

  // --- the list -------------------------------------------------------------------------------

  /** Opens the list again with the present filters. */
  async reopen() {
    this.#busy();
    this.#busy = this.scope.after(SOON_MS, () => this.root.classList.add("holaf-loading"));
    await this.view.open(toRequest(this.store.get().filters));
  }

  /**
   * @param {Filters} filters
   * @param {{typing?: boolean, quiet?: boolean}} [how] typing: one step of the history for all of a word
   */
  setFilters(filters, how = {}) {
    this.#filters.set(filters, how);
  }

  /** What the user has not chosen is as the pack's settings say. @param {any} defaults */
  takeDefaults(defaults) {
    this.#filters.takeDefaults(defaults);
  }

  #atRest() {
    this.#busy();
    this.root.classList.remove("holaf-loading");
  }

  /** @param {import("./view.js").Change} change */
  #viewChanged(change) {
    if (change.kind === "opened") {
      this.#atRest();
    }
    this.error = null;
    if (change.kind !== "filled") {
      this.#filters.tellTerms();
    }
    if (change.kind === "opened") {
      this.#tellNew(0);
      this.#expectThumbs();
      this.selection.carry(change.before, change.wasFilled);
      this.grid.reset();
    } else if (change.kind === "filled") {
      this.rows.forget(change.whole ? change.before : change.changed);
      this.grid.filled(change.before);
    } else {
      this.selection.settle(change.before);
      this.rows.forget(change.whole ? change.before : change.changed);
      this.root.dispatchEvent(new CustomEvent("holaf-marks", { detail: change.whole ? null : change.changed }));
      this.thumbs.renew(change.changed);
      const added = this.grid.follow(change.before);
      // In another order what is above is not what is new.
      const newestFirst = this.store.get().filters.sort === DEFAULT_SORT;
      this.#tellNew(this.grid.atTop || !newestFirst ? 0 : Math.max(0, this.#new + added));
    }
    if (this.view.filled) {
      this.selection.keepOnly(this.view.ids);
      if (!this.#optionsAsked) {
        // Not before: pictures come first.
        this.#optionsAsked = true;
        void this.readOptions();
        this.root.dispatchEvent(new Event("holaf-filled"));
        import("./tile_drag.js").then(({ listenToDrag }) => listenToDrag(this.grid, this)).catch(() => {});
      }
    }
    this.banner.draw();
    if (this.newest > this.view.version) {
      void this.view.refresh();
    }
    this.toolbar.redraw();
    this.statusBar.draw();
    this.states.draw(this.error);
    if (document.activeElement === this.root) {
      // It was waiting for pictures.
      this.grid.list.focus({ preventScroll: true });
    }
    this.largeView?.listChanged();
    if (change.kind === "changed") {
      this.#details.renew();
    }
  }

  /** Some were asked for together with the list. */
  #expectThumbs() {
    const { thumbs } = this.view;
    this.#firstShown = Promise.resolve(thumbs?.then(({ ids, bytes }) => this.thumbs.expect(ids, bytes))).catch(
      () => {},
    );
  }

  /** @param {any} error @param {boolean} opening */
  async #viewFailed(error, opening) {
    this.#atRest();
    const refused = error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 404;
    if (!opening && !refused) {
      // What is shown stays; what changed meanwhile is asked for again.
      this.scope.after(AGAIN_MS, () => void this.view.refresh());
      return;
    }
    if (error.data?.field === "search") {
      const { showLastSearch } = await import("./last_search.js");
      if (this.#ended || showLastSearch(this, error)) {
        return;
      }
    }
    this.error = error;
    this.states.draw(this.error);
  }

  /** @param {number} count */
  #tellNew(count) {
    this.#new = count;
    this.pill.hidden = count === 0;
    this.pill.textContent = strings.newItems(count);
  }

  async readOptions() {
    try {
      this.store.update({ options: await getJson("images/filter-options", this.scope.signal) });
    } catch {
      // The list itself says what is wrong.
    }
  }

  // --- look -----------------------------------------------------------------------------------

  /** @param {import("./grid.js").Look} look */
  setLook(look) {
    this.store.update({ look });
    this.preferences.set("images.look", look);
    this.grid.setLook(look, this.store.get().dateHeaders);
  }

  get #railWanted() {
    return this.preferences.get("images.rail", /** @type {string} */ ("closed")) === "open";
  }

  /** @param {boolean} [open] @param {boolean} [remember] */
  toggleRail(open = this.root.dataset.rail !== "open", remember = true) {
    const within = this.rail.element.contains(document.activeElement);
    this.root.dataset.rail = open ? "open" : "closed";
    this.toolbar.showRail(open);
    if (within) {
      this.rail.focus(open);
    }
    if (open) {
      void this.rail.shown();
    }
    if (remember && this.root.dataset.size !== "narrow") {
      this.preferences.set("images.rail", this.root.dataset.rail);
    }
  }

  /** @param {boolean} [open] @param {boolean} [remember] */
  toggleInfo(open = !this.store.get().infoOpen, remember = true) {
    this.#details.toggle(open, remember);
  }

  #watchSize() {
    const observer = new ResizeObserver(([{ contentRect }]) => {
      const size = contentRect.width < 640 ? "narrow" : contentRect.width < 1100 ? "medium" : "wide";
      if (size !== this.root.dataset.size) {
        const before = this.root.dataset.size;
        this.root.dataset.size = size;
        if (size === "narrow" || before === "narrow") {
          this.toggleRail(size !== "narrow" && this.#railWanted, false);
        }
      }
    });
    observer.observe(this.root);
    this.scope.onDispose(() => observer.disconnect());
  }

  /** @param {number} position @param {{fullscreen?: boolean, slideshow?: boolean}} [options] */
  async openLarge(position, options) {
    this.#details.wait();
    const { openLarge } = await import("./large_view.js");
    if (!this.#ended && !this.largeView) {
      /** @type {ReturnType<typeof openLarge> | null} */
      this.largeView = openLarge(this, position, options);
    }
  }

  /** Where the details are open they are of this one. @param {number} id */
  showInfo(id) {
    this.#details.show(id);
  }

  async jumpToDate() {
    if (this.view.months.length) {
      const { askForDate } = await import("./jump_to_date.js");
      await askForDate(this);
    }
  }

  /** @param {Element} anchor */
  async openMenu(anchor) {
    const { openActions } = await import("./actions.js");
    openActions(this, anchor);
  }

  /** @param {Element | {x: number, y: number}} at @param {number} id */
  async openTileMenu(at, id) {
    const { openTileMenu } = await import("./tile_menu.js");
    await openTileMenu(this, at, id);
  }

  /** @param {import("./judging.js").Targets} targets @param {import("./judging.js").Changes} changes */
  async judge(targets, changes) {
    const { judge } = await import("./judging.js");
    return judge(this, targets, changes);
  }

  /** Now, and when they change. @param {Element} place @param {any} row */
  async showMarks(place, row) {
    const { showMarks } = await import("./marks.js");
    showMarks(this, place, row);
  }

  /**
   * Rates, labels and tags by 0 to 9, b, t.
   * @param {KeyboardEvent} event
   * @param {readonly number[]} [ids]
   * @returns {boolean} whether it was one of them
   */
  judgeKey(event, ids) {
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey || event.altKey || !/^[0-9bt]$/.test(key)) {
      return false;
    }
    event.preventDefault();
    const { selection, view, grid } = this;
    // As it is when the key is pressed.
    const focused = grid.unfocused ? [] : [view.ids[grid.focusPosition]];
    const moment = { selection: selection.copy(), focused, moved: grid.movedByKeys };
    void import("./judging.js").then(({ judgeByKey }) => this.#ended || judgeByKey(this, key, ids, moment));
    return true;
  }

  /** @param {string} name */
  async act(name) {
    const { act } = await import("./actions.js");
    await act(this, name);
  }
}

/**
 * @param {HTMLElement} root
 * @param {{host: import("../core/host.js").Host, scope: import("../core/scope.js").Scope, panel?: any}} context
 */
export function mount(root, context) {
  const gallery = new Gallery(root, context);
  gallery.start();
  return gallery;
}
