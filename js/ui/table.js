import { h, fill, icon } from "../core/dom.js";
import { copyText } from "./clipboard.js";
import { openMenu } from "./menu.js";
import { strings } from "./strings.js";
import { sortRows, toCsv } from "./table_model.js";
import { createVirtualList } from "./virtual_list.js";

const ROW_HEIGHT = 32;
const NARROWEST = 48;
const WIDTH = 140;

/**
 * A table of any length: sorted by its headers, with columns that can be chosen and made wider.
 *
 * @template R
 * @param {object} options
 * @param {string} options.id under which the choice of columns is remembered
 * @param {string} options.label
 * @param {import("./table_model.js").Column<R>[]} options.columns
 * @param {import("../core/host.js").Host} options.host
 * @param {AbortSignal} options.signal
 * @param {{ column: string, down: boolean }} [options.sort]
 * @param {(row: R) => any} [options.onChoose] Enter or double click
 * @param {(row: R) => any} [options.onActive]
 */
export function createTable({ id, label, columns, host, signal, sort, onChoose, onActive }) {
  const key = `table.${id}`;
  /** @type {{ widths: Record<string, number>, hidden: string[], sort?: { column: string, down: boolean } }} */
  const kept = {
    widths: {},
    hidden: columns.filter(({ hidden }) => hidden).map((column) => column.id),
    sort,
    ...host.preferences.get(key, {}),
  };
  /** @type {readonly R[]} */
  let rows = [];
  /** @type {R[]} */
  let sorted = [];

  const header = h("div", { class: "holaf-table-header", role: "row", "aria-rowindex": "1" });
  const scroller = /** @type {HTMLElement} */ (h("div", { class: "holaf-table-scroller", role: "presentation" }));
  const element = h("div", { class: "holaf-table", role: "grid", "aria-label": label, tabIndex: 0 }, scroller);
  const list = createVirtualList({
    rowHeight: ROW_HEIGHT,
    signal,
    role: "rowgroup",
    rowRole: "row",
    draw: drawRow,
    onChoose: (index) => onChoose?.(sorted[index]),
    onActive: (index) => onActive?.(sorted[index]),
    scroller,
    before: ROW_HEIGHT,
    owner: element,
  });
  scroller.append(h("div", { role: "rowgroup" }, header), list.element);

  const visible = () => columns.filter((column) => column.fixed || !kept.hidden.includes(column.id));
  const widthOf = (/** @type {import("./table_model.js").Column<R>} */ column) =>
    kept.widths[column.id] ?? column.width ?? WIDTH;
  const remember = () => host.preferences.set(key, kept);

  function layOut() {
    const shown = visible();
    const template = shown
      .map((column, index) => (index === 0 ? `minmax(${widthOf(column)}px, 1fr)` : `${widthOf(column)}px`))
      .join(" ");
    element.style.setProperty("--holaf-columns", `${template} 32px`);
    element.style.setProperty("--holaf-table-width", `${shown.reduce((sum, column) => sum + widthOf(column), 32)}px`);
  }

  function drawHeader() {
    fill(
      header,
      visible().map((column) => {
        const on = kept.sort?.column === column.id;
        return h(
          "div",
          {
            class: ["holaf-table-head", column.number && "holaf-number"],
            role: "columnheader",
            "aria-sort": on ? (kept.sort?.down ? "descending" : "ascending") : "none",
          },
          h(
            "button",
            { type: "button", class: "holaf-table-sort", onclick: () => sortBy(column) },
            h("span", { class: "holaf-clip" }, column.title),
            on && icon(kept.sort?.down ? "arrow-down" : "arrow-up", 12),
          ),
          h("div", {
            class: "holaf-table-grip",
            onpointerdown: (/** @type {PointerEvent} */ event) => widen(event, column),
          }),
        );
      }),
      h(
        "div",
        { class: "holaf-table-head", role: "columnheader" },
        h(
          "button",
          {
            type: "button",
            class: "holaf-icon-button",
            "aria-label": strings.columns,
            "aria-haspopup": "menu",
            onclick: openTableMenu,
          },
          icon("columns-3"),
        ),
      ),
    );
  }

  /** @param {HTMLElement} element @param {number} index */
  function drawRow(element, index) {
    const row = sorted[index];
    element.classList.add("holaf-table-row");
    fill(
      element,
      visible().map((column) => {
        const bar = column.bar?.(row) ?? 0;
        return h(
          "div",
          { class: ["holaf-table-cell", column.number && "holaf-number"], role: "gridcell" },
          bar > 0 && h("div", { class: "holaf-table-bar", style: { width: `${Math.min(100, bar * 100)}%` } }),
          h("span", { class: "holaf-clip" }, column.draw ? column.draw(row) : String(column.value(row) ?? "")),
        );
      }),
    );
  }

  function openTableMenu(/** @type {Event} */ event) {
    openMenu(/** @type {Element} */ (event.currentTarget), [
      { heading: true, label: strings.columns },
      ...columns
        .filter((column) => !column.fixed)
        .map((column) => ({
          label: column.title,
          checked: !kept.hidden.includes(column.id),
          keepOpen: true,
          action() {
            const at = kept.hidden.indexOf(column.id);
            kept.hidden = at < 0 ? [...kept.hidden, column.id] : kept.hidden.filter((one) => one !== column.id);
            remember();
            layOut();
            drawHeader();
            list.refresh();
          },
        })),
      { separator: true },
      {
        label: strings.copyCsv,
        icon: "copy",
        action: () => copyText(toCsv(sorted, visible()), strings.rowsCopied(sorted.length)),
      },
    ]);
  }

  /** @param {import("./table_model.js").Column<R>} column */
  function sortBy(column) {
    const same = kept.sort?.column === column.id;
    // Figures: the biggest first; names: from A.
    kept.sort = { column: column.id, down: same ? !kept.sort?.down : Boolean(column.number) };
    remember();
    const focus = visible().indexOf(column);
    arrange();
    /** @type {HTMLElement | null} */ (header.children[focus]?.querySelector("button"))?.focus();
  }

  /** @param {PointerEvent} event @param {import("./table_model.js").Column<R>} column */
  function widen(event, column) {
    const grip = /** @type {HTMLElement} */ (event.currentTarget);
    const start = grip.parentElement?.getBoundingClientRect().width ?? widthOf(column);
    const done = new AbortController();
    grip.setPointerCapture(event.pointerId);
    grip.addEventListener(
      "pointermove",
      (move) => {
        kept.widths[column.id] = Math.max(NARROWEST, Math.round(start + move.clientX - event.clientX));
        layOut();
      },
      { signal: done.signal },
    );
    grip.addEventListener(
      "lostpointercapture",
      () => {
        done.abort();
        remember();
      },
      { once: true },
    );
  }

  function arrange() {
    const column = columns.find((one) => one.id === kept.sort?.column);
    sorted = column ? sortRows(rows, column.value, Boolean(kept.sort?.down)) : [...rows];
    drawHeader();
    element.setAttribute("aria-rowcount", String(sorted.length + 1));
    list.setCount(sorted.length);
  }

  layOut();
  return {
    element: /** @type {HTMLElement} */ (element),
    /** @param {readonly R[]} next */
    setRows(next) {
      rows = next;
      arrange();
    },
    refresh: () => list.refresh(),
  };
}
