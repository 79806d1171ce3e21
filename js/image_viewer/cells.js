/** The tiles on screen: at most 400 elements, whatever the library; one that leaves is used for one that comes. */
import { h, icon } from "../core/dom.js";
import { clock } from "../core/format.js";
import { strings } from "./strings.js";
import { marksKey, tileMarks } from "./tile_marks.js";

export const MOST_CELLS = 400;

let made = 0;
/** What can be pressed of marks: here once a pointer was over a tile. @type {typeof import("./tile_offer.js").offeredMarks | null} */
let offered = null;

/**
 * One tile: an element and its picture. All that only the pointer or a selection brings to light is made when it does,
 * and goes when the tile becomes another picture's: a jump draws every tile anew, and elements are what that costs.
 */
export class Cell {
  id = 0;
  position = -1;
  /** @type {string} what the picture shows or is loading */
  #url = "";
  #row = "";
  #total = -1;
  #left = -1;
  #top = -1;
  #width = -1;
  #height = -1;
  #marks = 0;
  /** @type {HTMLElement | null} */
  #check = null;
  /** @type {HTMLElement | null} */
  #badges = null;
  /** @type {HTMLElement | null} */
  #judged = null;
  #offered = false;
  /** @type {HTMLElement | null} */
  #length = null;
  /** @type {HTMLElement | null} */
  #failed = null;

  constructor() {
    this.picture = h("img", { class: "holaf-tile-picture", alt: "", draggable: "false" });
    this.picture.onload = () => {
      if (this.#url) {
        this.element.classList.add("holaf-ready");
        if (this.#url.startsWith("data:image/webp")) {
          // Only transparent pictures come as WebP.
          this.element.style.backgroundImage = "";
        }
      }
    };
    this.picture.onerror = () => {
      this.#url = "";
    };
    this.element = h(
      "div",
      { class: "holaf-tile", role: "option", "aria-selected": "false", id: `holaf-tile-${++made}` },
      this.picture,
    );
  }

  /** @param {number} id @param {number} position @param {number} total */
  assign(id, position, total) {
    if (id !== this.id) {
      this.id = id;
      this.element.dataset.id = String(id);
      this.#row = "";
      this.#url = "";
      this.element.className = "holaf-tile";
      this.#marks &= 1;
      this.element.style.backgroundImage = "";
      this.element.setAttribute("aria-label", strings.tile(null));
      for (const part of [this.#check, this.#badges, this.#judged, this.#length, this.#failed]) {
        part?.remove();
      }
      this.#check = this.#badges = this.#judged = this.#length = this.#failed = null;
      this.#offered = false;
    }
    if (position !== this.position) {
      this.position = position;
      this.element.setAttribute("aria-posinset", String(position + 1));
    }
    if (total !== this.#total) {
      this.#total = total;
      this.element.setAttribute("aria-setsize", String(total));
    }
  }

  /** @param {number} left @param {number} top @param {number} width @param {number} height */
  place(left, top, width, height) {
    const { style } = this.element;
    if (left !== this.#left || top !== this.#top) {
      this.#left = left;
      this.#top = top;
      style.transform = `translate(${left}px, ${top}px)`;
    }
    if (width !== this.#width) {
      this.#width = width;
      style.width = `${width}px`;
    }
    if (height !== this.#height) {
      this.#height = height;
      style.height = `${height}px`;
    }
  }

  /** @param {boolean} selected @param {boolean} focused @param {boolean} [selecting] others are selected: offer to */
  mark(selected, focused, selecting = false) {
    const marks = Number(selected) + 2 * Number(focused);
    if (marks !== this.#marks) {
      this.#marks = marks;
      this.element.setAttribute("aria-selected", String(selected));
      this.element.classList.toggle("holaf-focused", focused);
    }
    if (selected || selecting) {
      this.#offerCheck();
    }
  }

  #offerCheck() {
    if (!this.#check) {
      this.#check = h("span", { class: "holaf-tile-check" });
      this.element.append(this.#check);
    }
  }

  /** The pointer is over it. @param {import("./rows_cache.js").Row | undefined} row */
  hover(row) {
    this.#offerCheck();
    if (row && !this.#offered) {
      this.#offered = true;
      const { id } = this;
      void import("./tile_offer.js").then(({ offeredMarks }) => {
        offered = offeredMarks;
        if (this.id === id && this.#offered) {
          this.#judge(row);
        }
      });
    }
    if (row && !this.#badges && (row.has_edit_file || row.has_workflow)) {
      const badge = (/** @type {string} */ name) => h("span", { class: "holaf-tile-badge" }, icon(name, 12));
      this.#badges = h(
        "span",
        { class: "holaf-tile-badges" },
        row.has_edit_file && badge("pencil"),
        row.has_workflow && badge("workflow"),
      );
      this.element.append(this.#badges);
    }
  }

  /** @param {import("./rows_cache.js").Row} row */
  #judge(row) {
    const marks = this.#offered && offered ? offered(row, this.#width) : tileMarks(row);
    this.#judged?.remove();
    this.#judged = marks;
    if (marks) {
      this.element.append(marks);
    }
  }

  /** @param {import("./rows_cache.js").Row | undefined} row */
  describe(row) {
    const known = row
      ? `${row.filename} ${row.mtime} ${row.has_edit_file} ${row.has_workflow} ${row.duration} ${marksKey(row)}`
      : "";
    if (!row || known === this.#row) {
      return;
    }
    this.#row = known;
    this.#badges?.remove();
    this.#badges = null;
    this.element.setAttribute("aria-label", strings.tile(row));
    this.#judge(row);
    this.#length?.remove();
    this.#length = null;
    if (row.kind === "video" || row.kind === "audio") {
      const length = row.duration ? clock(row.duration) : "";
      this.#length = h(
        "span",
        { class: "holaf-tile-badge holaf-tile-length" },
        icon(row.kind === "video" ? "play" : "music", 12),
        length,
      );
      this.element.append(this.#length);
    }
    if (!this.#url && row.placeholder) {
      this.element.style.backgroundImage = blend(row.placeholder);
    }
  }

  /** @param {import("./thumbs.js").Thumb | undefined} thumb @param {string} reason of a failure */
  show(thumb, reason) {
    const failed = Boolean(thumb?.failed && !thumb.url);
    if (failed !== Boolean(this.#failed)) {
      this.#failed?.remove();
      this.#failed = failed ? h("span", { class: "holaf-tile-failed" }, icon("image-off", 20)) : null;
      if (this.#failed) {
        this.element.append(this.#failed);
      }
      this.element.classList.toggle("holaf-failed", failed);
    }
    if (this.#failed) {
      this.#failed.title = strings.thumbFailed(reason);
    }
    if (thumb?.url && thumb.url !== this.#url) {
      this.#url = thumb.url;
      this.picture.src = thumb.url;
    }
  }
}

/** What stands in for a picture: its colours from top to bottom. @param {string} text 4 x 4 RGB in base64 */
export function blend(text) {
  /** @param {number} row */
  const colour = (row) =>
    [0, 1, 2].map((channel) => {
      let sum = 0;
      for (let pixel = 0; pixel < 4; pixel++) {
        const at = ((row * 4 + pixel) * 3 + channel) * 2;
        sum += Number.parseInt(text.slice(at, at + 2), 16);
      }
      return sum >> 2;
    });
  return `linear-gradient(${[0, 1, 2, 3].map((row) => `rgb(${colour(row)})`)})`;
}

/** The tiles in use by id, and those that wait. */
export class Cells {
  /** @type {Map<number, Cell>} */
  used = new Map();
  /** @type {Cell[]} */
  #free = [];
  #parent;

  /** @param {Element} parent */
  constructor(parent) {
    this.#parent = parent;
  }

  /** @param {number} id */
  get(id) {
    return this.used.get(id);
  }

  /** Tiles of other pictures are free from now on. @param {Set<number>} ids */
  keep(ids) {
    for (const [id, cell] of this.used) {
      if (!ids.has(id)) {
        this.used.delete(id);
        this.#free.push(cell);
      }
    }
  }

  /** @param {number} id @returns {Cell} */
  take(id) {
    let cell = this.used.get(id);
    if (!cell) {
      cell = this.#free.pop() ?? new Cell();
      this.used.set(id, cell);
      if (!cell.element.isConnected) {
        this.#parent.append(cell.element);
      }
      cell.element.hidden = false;
    }
    return cell;
  }

  /** Those that are left over stay in the page, unseen, for the next frame. */
  hideFree() {
    for (const cell of this.#free) {
      if (!cell.element.hidden) {
        cell.element.hidden = true;
      }
    }
  }
}
