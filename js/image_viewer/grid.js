/** The pictures: scrolling, tiles, headers. */
import { h } from "../core/dom.js";
import { Cells, MOST_CELLS } from "./cells.js";
import { groupOfRow, heightOf, rowAt, rowOf, rowsAround } from "./geometry.js";
import { listenToKeys } from "./grid_keys.js";
import { GridLayout } from "./grid_layout.js";
import { listenToPointer } from "./grid_pointer.js";
import { GridScroll } from "./grid_scroll.js";
import { gridTimeline } from "./grid_timeline.js";
import { GroupHeaders } from "./group_headers.js";
import { layoutGrid } from "./layout_grid.js";
import { strings } from "./strings.js";

/** Tiles are placed against a point near the view, so that their own numbers stay small. */
const NEARBY = 400_000;
const ROWS_AFTER_MS = 30;
// Two frames without a move: who drags slower than that looks at what passes.
const LOAD_REST_MS = 35;
// A jump draws what is on screen; what is beyond it follows.
const BEYOND = 0.75;
const BEYOND_AFTER_MS = 120;

/**
 * @typedef {object} GridOptions
 * @property {import("./view.js").View} view
 * @property {import("./selection.js").Selection} selection
 * @property {import("./rows_cache.js").RowsCache} rows
 * @property {import("./thumbs.js").Thumbs} thumbs
 * @property {import("../core/scope.js").Scope} scope
 * @property {(position: number, options?: {fullscreen?: boolean}) => void} open
 * @property {(position: number) => void} focused the keys have moved to another picture
 * @property {(atTop: boolean) => void} atTop
 * @property {() => void} jump asks for a date to go to
 * @property {(id: number, changes: import("./judging.js").Changes) => void} judge
 * @property {(at: Element | {x: number, y: number}, id: number) => void} menu
 */

/** @typedef {{mode: "justified" | "square" | "contain", size: number}} Look */

export class Grid {
  /** @type {Look} */
  #look = { mode: "justified", size: 220 };
  /** @type {import("./geometry.js").Geometry} */
  #geometry;
  /** @type {readonly import("./groups.js").Header[]} */
  #groups = [];
  #o;
  #layouts;
  #scroll;
  #map;
  #width = 0;
  #height = 0;
  #base = 0;
  #breakAt = -1;
  #edges = new Int32Array(8192);
  /** @type {number | null} id of the picture that the keys act on */
  #focusId = null;
  #focusAt = 0;
  /** The keys have gone on since something was clicked. */
  movedByKeys = false;
  #selecting = false;
  /** Where the group begins that is selected when all of it is here. */
  #toSelect = -1;
  #withHeaders = true;
  #loadTimer = () => {};
  #rowsTimer = () => {};
  #beyondTimer = () => {};
  /** Goes where the first screen alone does not lead. @type {(() => void) | null} */
  #later = null;
  /** Where the view was when it was drawn last. */
  #drawnAt = -1;
  #loadedAt = 0;

  /** @param {GridOptions} options */
  constructor(options) {
    this.#o = options;
    const { scope } = options;
    this.#layouts = new GridLayout(options.view);
    this.list = h("div", {
      class: "holaf-tiles",
      role: "listbox",
      tabindex: "0",
      "aria-multiselectable": "true",
      "aria-label": strings.pictures,
    });
    this.headers = new GroupHeaders((group) => this.#selectGroup(group));
    this.layer = h("div", { class: "holaf-grid-layer" }, this.headers.element, this.list);
    this.spacer = h("div", { class: "holaf-grid-space" }, this.layer);
    this.scroller = h("div", { class: "holaf-grid-scroll", tabindex: "-1" }, this.spacer);
    this.#scroll = new GridScroll({
      scroller: this.scroller,
      spacer: this.spacer,
      scope,
      render: () => this.render(),
      byUser: () => this.#stay(),
    });
    this.#map = this.#scroll.map;
    this.timeline = gridTimeline(this, options, this.#map);
    this.element = h("div", { class: "holaf-grid" }, this.scroller, this.timeline.element);
    this.cells = new Cells(this.list);
    this.#geometry = layoutGrid(0, [], { width: 1, size: 1, gap: 0, headerHeight: 0 });

    scope.listen(this.list, "focus", () => this.#markAll());
    scope.listen(this.list, "blur", () => this.#markAll());
    listenToPointer(this, options);
    listenToKeys(this, options);
    options.selection.onChange(() => this.#markAll(), scope.signal);
    const observer = new ResizeObserver(() => this.#resized());
    observer.observe(this.scroller);
    scope.onDispose(() => observer.disconnect());
  }

  /** @param {Look} look @param {boolean} [headers] whether days have headers */
  setLook(look, headers = true) {
    this.#look = look;
    this.#withHeaders = headers;
    this.element.dataset.mode = look.mode;
    this.relayout();
  }

  get focusPosition() {
    return this.#focusAt;
  }

  /** Nothing has been chosen by the keys yet. */
  get unfocused() {
    return this.#focusId === null;
  }

  /** In pixels. */
  get height() {
    return this.#height;
  }

  get geometry() {
    return this.#geometry;
  }

  /** What is at the top edge of the view, in pixels of all rows. */
  get top() {
    return this.#map.top;
  }

  /** What the drawn tiles' places are counted from, in pixels of all rows. */
  get base() {
    return this.#base;
  }

  get atTop() {
    return !this.#geometry.rows || this.#map.top < heightOf(this.#geometry, 0);
  }

  /** The list is another one: shown from its beginning. */
  reset() {
    this.#breakAt = -1;
    this.#toSelect = -1;
    this.#focusId = null;
    this.#focusAt = 0;
    this.#drawnAt = -1;
    this.#stay();
    // Before it has a size, asking for one would only make the page lay out once more.
    if (this.#width) {
      this.#layout();
      this.#scroll.jump(0);
      this.render();
    }
  }

  /**
   * The list has changed a little: what is looked at stays where it is, unless that is the top.
   * @param {Uint32Array} before
   * @returns {number} how many more pictures there are above
   */
  follow(before) {
    const { ids } = this.#o.view;
    if (this.#focusId !== null) {
      const focused = ids.indexOf(this.#focusId);
      this.#focusAt = focused >= 0 ? focused : Math.min(this.#focusAt, Math.max(0, ids.length - 1));
      this.#focusId = ids[this.#focusAt] ?? null;
    }
    if (this.atTop || !before.length) {
      this.#breakAt = -1;
      this.#layout();
      this.#scroll.jump(this.#map.top);
      this.render(0);
      return 0;
    }
    const added = this.#keepPlace(before);
    this.render(0);
    return added;
  }

  /** All of the list is here. @param {Uint32Array} before */
  filled(before) {
    const later = this.#later;
    this.follow(before);
    later?.();
    const group = this.#groups.find(({ start }) => start === this.#toSelect);
    this.#toSelect = -1;
    if (group) {
      this.#selectGroup(group);
    }
  }

  /** Sizes changed: lays out again around what is looked at. */
  relayout() {
    if (this.#width) {
      const { ids } = this.#o.view;
      if (this.atTop) {
        this.#breakAt = -1;
        this.#layout();
        this.#scroll.jump(this.#map.top);
      } else {
        this.#keepPlace(ids);
      }
      this.render();
    }
  }

  /** @param {Uint32Array} before the ids that the present geometry shows @returns {number} */
  #keepPlace(before) {
    const { ids } = this.#o.view;
    const row = rowAt(this.#geometry, this.#map.top + 1);
    const away = this.#map.top - this.#geometry.rowTop[row];
    const height = heightOf(this.#geometry, row);
    const first = this.#geometry.rowStart[row];
    let found = -1;
    let anchor = first;
    for (; anchor < Math.min(before.length, first + 300); anchor++) {
      found = before === ids ? anchor : ids.indexOf(before[anchor]);
      if (found >= 0) {
        break;
      }
    }
    // The anchor begins a row from now on, so that the rows below it are filled as they were.
    this.#breakAt = found;
    this.#layout();
    if (found >= 0) {
      const now = rowOf(this.#geometry, found);
      const same = heightOf(this.#geometry, now) === height;
      this.#scroll.jump(
        this.#geometry.rowTop[now] + (same ? away : Math.round((away / height) * heightOf(this.#geometry, now))),
      );
    } else {
      this.#scroll.jump(this.#map.top);
    }
    return found >= 0 ? found - anchor : 0;
  }

  /** @returns {import("./grid_layout.js").Area} */
  get #area() {
    return {
      look: this.#look,
      withHeaders: this.#withHeaders,
      width: this.#width,
      height: this.#height,
      breakAt: this.#breakAt,
    };
  }

  /** All of the list will be here: sees to it that laying it out does not take long then. @param {Uint8Array} aspects @param {AbortSignal} signal */
  prepare(aspects, signal) {
    // As `follow` will break it, if nobody scrolls meanwhile.
    const breakAt = this.atTop ? -1 : this.#geometry.rowStart[rowAt(this.#geometry, this.#map.top + 1)];
    return this.#layouts.prepare({ ...this.#area, breakAt }, aspects, signal);
  }

  #layout() {
    const { view } = this.#o;
    const { geometry, groups } = this.#layouts.make(this.#area);
    this.#geometry = geometry;
    this.#groups = groups;
    this.#scroll.resize(this.#geometry.height + 12, this.#height);
    this.list.hidden = view.ids.length === 0;
    this.#base = -1;
    this.timeline.mark();
  }

  #resized() {
    const width = this.scroller.clientWidth;
    const height = this.scroller.clientHeight;
    if (width === this.#width && height === this.#height) {
      return;
    }
    const sideways = width !== this.#width;
    const first = !this.#width;
    this.#width = width;
    this.#height = height;
    if (first || !width) {
      this.#layout();
      this.#scroll.jump(this.#map.top);
      this.render();
    } else if (sideways || this.#map.element !== this.#map.content) {
      this.relayout();
    } else {
      this.#scroll.resize(this.#geometry.height + 12, height);
      this.#scroll.jump(this.#map.top);
      this.render();
    }
  }

  // --- scrolling ------------------------------------------------------------------------------

  #stay() {
    this.#later = null;
  }

  /** Goes somewhere; once more when all of the list is here, unless the user goes elsewhere before. @param {() => void} go */
  lead(go) {
    go();
    this.#later = this.#o.view.filled ? null : go;
  }

  /** @param {number} top @param {boolean} [byUser] */
  scrollTo(top, byUser = false) {
    this.#stay();
    this.#scroll.to(top, byUser);
  }

  /** Where the view must begin to show a picture in its first row, below its header. @param {number} position */
  topOf(position) {
    const row = rowOf(this.#geometry, position);
    return Math.max(0, this.#geometry.rowTop[row] - this.#geometry.headerHeight);
  }

  /** The first picture in view when the view begins there. @param {number} top */
  firstBelow(top) {
    const { rows, rowStart, headerHeight } = this.#geometry;
    return rows ? rowStart[rowAt(this.#geometry, top + headerHeight + 1)] : 0;
  }

  /** Shows the list from a picture on; the keys go on from it. @param {number} position */
  goTo(position) {
    this.lead(() => {
      this.scrollTo(this.topOf(position), true);
      this.focusOn(position);
    });
    this.list.focus({ preventScroll: true });
  }

  /** Scrolls as little as is needed to show a picture. @param {number} position */
  reveal(position) {
    if (!this.#geometry.rows || position < 0 || position >= this.#geometry.count) {
      return;
    }
    const row = rowOf(this.#geometry, position);
    const top = this.#geometry.rowTop[row];
    const first = this.#geometry.groupRow[groupOfRow(this.#geometry, row)] === row;
    const above = top - (first ? this.#geometry.headerHeight : 0) - 4;
    const below = top + heightOf(this.#geometry, row) + 8;
    if (above < this.#map.top) {
      this.scrollTo(above);
    } else if (below > this.#map.top + this.#height) {
      this.scrollTo(Math.min(above, below - this.#height));
    }
  }

  // --- drawing --------------------------------------------------------------------------------

  /** @param {number} [rowsAfter] milliseconds that the names of what is new let its thumbnails go ahead */
  render(rowsAfter = ROWS_AFTER_MS) {
    const { view, rows, thumbs, selection } = this.#o;
    const geometry = this.#geometry;
    const map = this.#map;
    if (!this.#width || !this.#height) {
      return;
    }
    const top = map.top;
    if (this.#base < 0 || Math.abs(top - this.#base) > NEARBY) {
      this.#base = Math.floor(top / 1000) * 1000;
      for (const cell of this.cells.used.values()) {
        cell.position = -1;
      }
      this.headers.clear();
    }
    this.layer.style.transform = `translateY(${this.#base + map.offset}px)`;

    const jumped = this.#drawnAt < 0 || Math.abs(top - this.#drawnAt) > this.#height;
    this.#drawnAt = top;
    if (jumped) {
      this.#beyondTimer();
      this.#beyondTimer = this.#o.scope.after(BEYOND_AFTER_MS, () => this.render());
    }
    const seen = rowsAround(geometry, top, this.#height, MOST_CELLS, jumped ? 0 : this.#height * BEYOND);
    const start = geometry.rowStart[seen.first];
    const end = seen.last < seen.first ? start : geometry.rowStart[seen.last + 1];
    const keep = new Set(view.ids.subarray(start, end));
    this.cells.keep(keep);
    const focused = document.activeElement === this.list;
    /** @type {number[]} */
    const nearby = [];
    /** @type {number[]} */
    const visible = [];
    for (let row = seen.first; row <= seen.last; row++) {
      const inRow = geometry.place(row, this.#edges);
      const onScreen = row >= seen.from && row <= seen.until;
      for (let index = 0; index < inRow; index++) {
        const position = geometry.rowStart[row] + index;
        const id = view.ids[position];
        (onScreen ? visible : nearby).push(id);
        const old = this.cells.get(id);
        const cell = old ?? this.cells.take(id);
        cell.assign(id, position, view.total);
        const left = this.#edges[index * 2];
        cell.place(left, geometry.rowTop[row] - this.#base, this.#edges[index * 2 + 1] - left, heightOf(geometry, row));
        if (!old) {
          cell.mark(selection.has(id), focused && id === this.#focusId, this.#selecting);
          cell.describe(rows.get(id));
          cell.show(thumbs.get(id), rows.get(id)?.thumbnail_error ?? "");
        }
      }
    }
    this.cells.hideFree();
    this.headers.draw(geometry, this.#groups, seen, this.#base, view.request.group);
    this.#activeDescendant();
    this.timeline.update(this.#scroll.moving);
    this.#o.atTop(this.atTop);
    if (this.atTop && this.#breakAt >= 0 && !this.#scroll.moving) {
      this.#breakAt = -1;
    }
    this.#load([...visible, ...nearby], start, end - 1, rowsAfter);
  }

  /** @param {import("./groups.js").Header} group */
  #selectGroup({ start, count }) {
    const { view, selection } = this.#o;
    if (!view.filled && start + count >= view.ids.length) {
      // It goes on beyond what is here, and all of it is meant.
      this.#toSelect = start;
      return;
    }
    const ids = view.ids.subarray(start, start + count);
    selection.set(ids, !ids.every((id) => selection.has(id)));
  }

  /** Fetches what is on screen: at once after a rest, else when the scrolling slows down. @param {number[]} ids @param {number} first @param {number} last @param {number} rowsAfter */
  #load(ids, first, last, rowsAfter) {
    this.#loadTimer();
    const load = () => {
      this.#loadedAt = performance.now();
      this.#o.thumbs.want(ids);
      // What they are called can wait for what they look like.
      this.#rowsTimer();
      const rows = () => {
        const { id, ids: all } = this.#o.view;
        const until = Math.min(last, all.length - 1);
        if (until >= first) {
          this.#o.rows.want(id, all, first, until);
        }
      };
      if (rowsAfter) {
        this.#rowsTimer = this.#o.scope.after(rowsAfter, rows);
      } else {
        rows();
      }
    };
    if (performance.now() - this.#loadedAt > 120) {
      load();
    } else {
      this.#loadTimer = this.#o.scope.after(LOAD_REST_MS, load);
    }
  }

  /** @param {Iterable<import("./rows_cache.js").Row>} rows */
  rowsArrived(rows) {
    for (const row of rows) {
      const cell = this.cells.get(row.id);
      cell?.describe(row);
      if (row.thumbnail_status === 3) {
        cell?.show(this.#o.thumbs.get(row.id), row.thumbnail_error ?? "");
      }
    }
    this.timeline.renew();
  }

  /** @param {number} id */
  thumbArrived(id) {
    this.cells.get(id)?.show(this.#o.thumbs.get(id), this.#o.rows.get(id)?.thumbnail_error ?? "");
  }

  #markAll() {
    const { selection } = this.#o;
    const focused = document.activeElement === this.list;
    this.#selecting = selection.count(this.#o.view.total) > 1;
    for (const [id, cell] of this.cells.used) {
      cell.mark(selection.has(id), focused && id === this.#focusId, this.#selecting);
    }
    this.element.classList.toggle("holaf-selecting", this.#selecting);
  }

  #activeDescendant() {
    const cell = this.#focusId === null ? undefined : this.cells.get(this.#focusId);
    if (cell) {
      this.list.setAttribute("aria-activedescendant", cell.element.id);
    } else {
      this.list.removeAttribute("aria-activedescendant");
    }
  }

  // --- selecting ------------------------------------------------------------------------------

  /** @param {number} position */
  focusOn(position) {
    this.#stay();
    this.movedByKeys = true;
    const { ids } = this.#o.view;
    this.#focusAt = Math.min(ids.length - 1, Math.max(0, position));
    this.#focusId = ids[this.#focusAt] ?? null;
    this.reveal(this.#focusAt);
    this.#markAll();
    this.#activeDescendant();
  }

  /** The keys go on from here, and nothing moves. @param {import("./cells.js").Cell} cell */
  take(cell) {
    this.#stay();
    this.movedByKeys = false;
    this.#focusAt = cell.position;
    this.#focusId = cell.id;
    this.#markAll();
    this.#activeDescendant();
  }

  /** Selects from the last that was chosen alone to this one. @param {number} position @param {boolean} add */
  range(position, add) {
    const { view, selection } = this.#o;
    const from = selection.anchor === null ? -1 : view.ids.indexOf(selection.anchor);
    const start = from < 0 ? position : from;
    const ids = view.ids.subarray(Math.min(start, position), Math.max(start, position) + 1);
    const anchor = view.ids[start];
    if (add) {
      selection.set(ids, true);
    } else {
      selection.replace(ids);
    }
    selection.anchor = anchor;
  }
}
