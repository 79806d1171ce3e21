/** The headers over the groups: those on screen, each with a button that selects its pictures. */
import { h, icon } from "../core/dom.js";
import { groupOfRow } from "./geometry.js";
import { count, groupLabel, strings } from "./strings.js";

/** @typedef {import("./groups.js").Header} Header */

export class GroupHeaders {
  element = h("div", {});
  /** @type {Map<number, HTMLElement>} by the number of their group */
  #headers = new Map();
  /** @type {readonly Header[]} */
  #groups = [];
  #select;
  #kind = "";

  /** @param {(group: Header) => void} select */
  constructor(select) {
    this.#select = select;
  }

  clear() {
    this.element.replaceChildren();
    this.#headers.clear();
  }

  /**
   * @param {import("./geometry.js").Geometry} geometry
   * @param {readonly Header[]} groups
   * @param {{first: number, last: number}} rows that are drawn
   * @param {number} base what tops are counted from
   * @param {string} kind what they are groups of
   */
  draw(geometry, groups, { first, last }, base, kind) {
    this.#groups = groups;
    this.#kind = kind;
    /** @type {Set<number>} */
    const keep = new Set();
    if (geometry.headerHeight && last >= first) {
      // "Today" is another day after midnight.
      const today = new Date().toDateString();
      let number = groupOfRow(geometry, first);
      for (; number < groups.length && geometry.groupRow[number] <= last; number++) {
        const group = groups[number];
        const key = `${kind} ${group.key} ${group.to} ${group.count} ${today}`;
        let header = this.#headers.get(number);
        if (!header || header.dataset.key !== key) {
          header?.remove();
          header = this.#make(number, key);
          this.element.append(header);
          this.#headers.set(number, header);
        }
        header.style.transform = `translateY(${geometry.groupTop[number] - base}px)`;
        keep.add(number);
      }
    }
    for (const [number, header] of this.#headers) {
      if (!keep.has(number)) {
        header.remove();
        this.#headers.delete(number);
      }
    }
  }

  /** @param {number} number @param {string} key @returns {HTMLElement} */
  #make(number, key) {
    const group = this.#groups[number];
    const label = groupLabel(this.#kind, group);
    return h(
      "div",
      { class: "holaf-group", dataset: { key } },
      h("h2", { title: label }, label),
      h("span", { class: "holaf-group-count" }, count(group.count)),
      h(
        "button",
        {
          type: "button",
          class: "holaf-group-select",
          "aria-label": strings.selectGroup(label),
          title: strings.selectGroup(label),
          onclick: () => this.#select(this.#groups[number]),
        },
        icon("check", 14),
      ),
    );
  }
}
