/** The keys of the timeline: a screen, a month, a group or a twentieth of the list, an end. */
import { groupAt } from "./groups.js";

const PARTS = 20;

/**
 * @param {string} key
 * @param {object} where
 * @param {import("./grid.js").Grid} where.grid
 * @param {import("./scroll_map.js").ScrollMap} where.map
 * @param {() => readonly {start: number}[]} where.parts
 * @param {(top: number) => number} where.positionAt
 */
export function leadAlong(key, { grid, map, parts, positionAt }) {
  switch (key) {
    case "ArrowUp":
    case "ArrowLeft":
      return grid.scrollTo(map.top - map.view * 0.9, true);
    case "ArrowDown":
    case "ArrowRight":
      return grid.scrollTo(map.top + map.view * 0.9, true);
    case "PageUp":
      return grid.scrollTo(turn(-1), true);
    case "PageDown":
      return grid.scrollTo(turn(1), true);
    case "Home":
      return grid.scrollTo(0, true);
    default:
      return grid.lead(() => grid.scrollTo(map.limit, true));
  }

  /** @param {1 | -1} by */
  function turn(by) {
    const steps = parts();
    if (!steps.length || !grid.geometry.rows) {
      return map.top + (by * map.limit) / PARTS;
    }
    const here = groupAt(steps, positionAt(map.top));
    const to = steps[here + by];
    return to ? grid.topOf(to.start) : by < 0 ? 0 : map.limit;
  }
}
