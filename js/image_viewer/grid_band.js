/** A band that the mouse draws around pictures. */
import { h } from "../core/dom.js";
import { heightOf, rowAt } from "./geometry.js";

const scratch = new Int32Array(8192);

/**
 * Positions of the pictures that touch a rectangle, as ranges [first, last].
 * @param {import("./geometry.js").Geometry} geometry
 * @param {{left: number, top: number, right: number, bottom: number}} box
 * @returns {Array<[number, number]>}
 */
export function rangesIn(geometry, box) {
  /** @type {Array<[number, number]>} */
  const ranges = [];
  if (!geometry.rows) {
    return ranges;
  }
  for (let row = rowAt(geometry, box.top); row < geometry.rows && geometry.rowTop[row] < box.bottom; row++) {
    if (geometry.rowTop[row] + heightOf(geometry, row) <= box.top) {
      continue;
    }
    const count = geometry.place(row, scratch);
    let first = -1;
    let last = -1;
    for (let index = 0; index < count; index++) {
      if (scratch[index * 2] < box.right && scratch[index * 2 + 1] > box.left) {
        first = first < 0 ? index : first;
        last = index;
      }
    }
    if (first >= 0) {
      const start = geometry.rowStart[row];
      ranges.push([start + first, start + last]);
    }
  }
  return ranges;
}

/**
 * @param {import("./grid.js").Grid} grid
 * @param {import("./grid.js").GridOptions} options
 * @param {PointerEvent} start
 * @param {readonly PointerEvent[]} moves since then
 */
export function drawBand(grid, { view, selection, scope }, start, moves) {
  const box = grid.scroller.getBoundingClientRect();
  /** @param {PointerEvent} event */
  const at = (event) => ({ x: event.clientX - box.left, y: event.clientY - box.top + grid.top });
  const from = at(start);
  const band = h("div", { class: "holaf-band" });
  const kept = start.ctrlKey || start.metaKey || start.shiftKey ? selection.chosen : null;
  const drag = scope.child();
  let moved = false;

  /** @param {PointerEvent} event */
  function move(event) {
    const to = at(event);
    if (!moved && Math.hypot(to.x - from.x, to.y - from.y) < 5) {
      return;
    }
    moved = true;
    grid.layer.append(band);
    const area = {
      left: Math.min(from.x, to.x),
      top: Math.min(from.y, to.y),
      right: Math.max(from.x, to.x),
      bottom: Math.max(from.y, to.y),
    };
    band.style.transform = `translate(${area.left}px, ${area.top - grid.base}px)`;
    band.style.width = `${area.right - area.left}px`;
    band.style.height = `${area.bottom - area.top}px`;
    /** @type {number[]} */
    const ids = [];
    for (const [first, last] of rangesIn(grid.geometry, area)) {
      ids.push(...view.ids.subarray(first, last + 1));
    }
    selection.replace(ids, kept);
  }

  function end() {
    if (!moved && !kept) {
      selection.clear();
    }
    drag.dispose();
  }

  drag.listen(window, "pointermove", move);
  for (const type of ["pointerup", "pointercancel"]) {
    drag.listen(window, type, end);
  }
  drag.onDispose(() => band.remove());
  for (const event of moves) {
    if (drag.disposed) {
      break;
    }
    (event.type === "pointermove" ? move : end)(event);
  }
}
