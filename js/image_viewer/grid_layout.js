/** The geometry of a list in the look and the area it is shown in; that of a long one is made between other tasks. */
import { groupsWithin, joinDays } from "./groups.js";
import { layoutGrid } from "./layout_grid.js";
import { alikeAtEnd, justifiedSteps, layoutJustified } from "./layout_justified.js";

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

/** What the rows depend on, but for where one was broken. @param {import("./geometry.js").LayoutOptions} options */
const look = (options) => JSON.stringify({ ...options, breakAt: 0 });

export class GridLayout {
  #view;
  /** What was made last. @type {{aspects: Uint8Array, groups: readonly import("./groups.js").Header[], options: import("./geometry.js").LayoutOptions, geometry: import("./geometry.js").Geometry} | null} */
  #last = null;
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
    const geometry =
      mode !== "justified"
        ? layoutGrid(ids.length, groups, options)
        : ready && ready.aspects === aspects && ready.key === key
          ? ready.geometry
          : this.#justified(aspects, groups, options);
    this.#last = mode === "justified" ? { aspects, groups, options, geometry } : null;
    return { geometry, groups };
  }

  /**
   * A new picture changes the newest day: the others are taken over as they lie.
   * @param {Uint8Array} aspects
   * @param {readonly import("./groups.js").Header[]} groups
   * @param {import("./geometry.js").LayoutOptions} options
   */
  #justified(aspects, groups, options) {
    const last = this.#last;
    if (!last || look(last.options) !== look(options)) {
      return layoutJustified(aspects, groups, options);
    }
    let kept = alikeAtEnd(last, { aspects, groups });
    // Where a row was broken, or is to be, all is placed anew.
    const whole = (/** @type {readonly import("./geometry.js").Span[]} */ of, /** @type {number} */ at) =>
      at <= (of[of.length - kept]?.start ?? at);
    if (!whole(groups, options.breakAt ?? -1) || !whole(last.groups, last.options.breakAt ?? -1)) {
      kept = 0;
    }
    return layoutJustified(aspects, groups.slice(0, groups.length - kept), options, {
      geometry: last.geometry,
      from: last.groups.length - kept,
      by: aspects.length - last.aspects.length,
    });
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
