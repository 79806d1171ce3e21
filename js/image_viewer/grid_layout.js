/** The geometry of a list in the look and the area it is shown in; that of a long one is made between other tasks. */
import { groupsWithin, joinDays } from "./groups.js";
import { layoutGrid } from "./layout_grid.js";
import { justifiedSteps, layoutJustified } from "./layout_justified.js";

// Tiles must not become so small that more than MOST_CELLS fit the screen.
const MOST_VISIBLE = 280;
const HEADER_HEIGHT = 40;
// Pictures that are placed in one task: some milliseconds, the first time too.
const AT_ONCE = 200_000;

/**
 * @typedef {object} Area
 * @property {import("./grid.js").Look} look
 * @property {boolean} withHeaders
 * @property {number} width
 * @property {number} height
 * @property {number} breakAt
 */

export class GridLayout {
  #view;
  /** Made ahead. @type {{aspects: Uint8Array, key: string, geometry: import("./geometry.js").Geometry} | null} */
  #ready = null;

  /** @param {import("./view.js").View} view */
  constructor(view) {
    this.#view = view;
  }

  /** @param {Area} area @param {number} count of pictures, from the first on */
  #plan({ look, withHeaders, width, height, breakAt }, count) {
    const view = this.#view;
    const { mode } = look;
    const gap = width < 500 ? 2 : 4;
    const least = Math.sqrt((width * height) / MOST_VISIBLE);
    const size = Math.max(
      60,
      Math.min(Math.max(look.size, least), width < 500 && mode === "justified" ? width / 2 : width),
    );
    const perRow = Math.max(1, width / (size * (mode === "justified" ? 1.1 : 1)));
    const grouped = withHeaders && view.groups.length > 0;
    const groups = grouped
      ? view.request.group === "day"
        ? joinDays(view.groups, Math.round(perRow * 2))
        : view.groups
      : count
        ? [{ key: "", start: 0, count }]
        : [];
    const options = { width, size, gap, headerHeight: grouped ? HEADER_HEIGHT : 0, breakAt };
    return { mode, groups: groupsWithin(groups, count), options, key: JSON.stringify([view.id, mode, options]) };
  }

  /** @param {Area} area @returns {{geometry: import("./geometry.js").Geometry, groups: readonly import("./groups.js").Header[]}} */
  make(area) {
    const { aspects, ids } = this.#view;
    const { mode, groups, options, key } = this.#plan(area, ids.length);
    const ready = this.#ready;
    this.#ready = null;
    if (ready && ready.aspects === aspects && ready.key === key) {
      return { geometry: ready.geometry, groups };
    }
    const geometry =
      mode === "justified" ? layoutJustified(aspects, groups, options) : layoutGrid(ids.length, groups, options);
    return { geometry, groups };
  }

  /** Makes ahead what `make` will be asked for. @param {Area} area @param {Uint8Array} aspects @param {AbortSignal} signal */
  async prepare(area, aspects, signal) {
    if (!area.width || area.look.mode !== "justified" || aspects.length <= AT_ONCE) {
      return;
    }
    const { groups, options, key } = this.#plan(area, aspects.length);
    const steps = justifiedSteps(aspects, groups, options);
    while (!steps.step(AT_ONCE)) {
      await new Promise((resolve) => setTimeout(resolve));
      if (signal.aborted) {
        return;
      }
    }
    this.#ready = { aspects, key, geometry: steps.finish() };
  }
}
