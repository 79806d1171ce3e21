/**
 * Where a floating panel lies: arithmetic only.
 *
 * @typedef {{ left: number, top: number, width: number, height: number }} Box
 * @typedef {{ width: number, height: number }} Size
 * @typedef {"free" | "full" | "left" | "right"} Mode
 * @typedef {Box & { mode: Mode }} Place
 */

/** How near an edge of the window must be to be snapped to. */
const SNAP = 10;
/** Below this width of the window, panels are sheets. */
export const SHEET_WIDTH = 600;

/** @param {number} value @param {number} low @param {number} high */
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/**
 * The box moved, and where need be shrunk, so that all of it is inside the window.
 *
 * @param {Box} box
 * @param {Size} screen
 * @returns {Box}
 */
export function fit(box, screen) {
  const width = Math.min(box.width, screen.width);
  const height = Math.min(box.height, screen.height);
  return {
    width,
    height,
    left: Math.round(clamp(box.left, 0, screen.width - width)),
    top: Math.round(clamp(box.top, 0, screen.height - height)),
  };
}

/**
 * The box to draw for a place.
 *
 * @param {Place} place
 * @param {Size} screen
 * @returns {Box}
 */
export function boxOf(place, screen) {
  const half = Math.floor(screen.width / 2);
  switch (place.mode) {
    case "full":
      return { left: 0, top: 0, ...screen };
    case "left":
      return { left: 0, top: 0, width: half, height: screen.height };
    case "right":
      return { left: half, top: 0, width: screen.width - half, height: screen.height };
    default:
      return fit(place, screen);
  }
}

/**
 * What a panel that is dropped with the pointer at (x, y) becomes.
 *
 * @param {number} x
 * @param {number} y
 * @param {Size} screen
 * @returns {Mode}
 */
export function modeAt(x, y, screen) {
  if (y <= 2) {
    return "full";
  }
  if (x <= 2) {
    return "left";
  }
  return x >= screen.width - 3 ? "right" : "free";
}

/**
 * The box moved by (dx, dy); edges near the window's are drawn to it.
 *
 * @param {Box} box
 * @param {number} dx
 * @param {number} dy
 * @param {Size} screen
 */
export function moved(box, dx, dy, screen) {
  const next = fit({ ...box, left: box.left + dx, top: box.top + dy }, screen);
  const right = screen.width - next.width;
  const bottom = screen.height - next.height;
  return {
    ...next,
    left: next.left < SNAP ? 0 : right - next.left < SNAP ? right : next.left,
    top: next.top < SNAP ? 0 : bottom - next.top < SNAP ? bottom : next.top,
  };
}

/**
 * The box after one edge or corner was dragged by (dx, dy).
 *
 * @param {Box} box
 * @param {string} edge letters of n, e, s, w
 * @param {number} dx
 * @param {number} dy
 * @param {Size} min
 * @param {Size} screen
 * @returns {Box}
 */
export function resized(box, edge, dx, dy, min, screen) {
  let { left, top } = box;
  let right = left + box.width;
  let bottom = top + box.height;
  const width = Math.min(min.width, screen.width);
  const height = Math.min(min.height, screen.height);
  const near = (/** @type {number} */ value, /** @type {number} */ end) => (Math.abs(value - end) < SNAP ? end : value);
  if (edge.includes("w")) {
    left = clamp(near(left + dx, 0), 0, right - width);
  }
  if (edge.includes("e")) {
    right = clamp(near(right + dx, screen.width), left + width, screen.width);
  }
  if (edge.includes("n")) {
    top = clamp(near(top + dy, 0), 0, bottom - height);
  }
  if (edge.includes("s")) {
    bottom = clamp(near(bottom + dy, screen.height), top + height, screen.height);
  }
  return { left, top, width: right - left, height: bottom - top };
}

/**
 * The first place of a panel: in the middle, a little lower and further right for each open one.
 *
 * @param {Size} size
 * @param {Size} screen
 * @param {number} others panels that are open
 * @returns {Place}
 */
export function firstPlace(size, screen, others) {
  const step = (others % 6) * 24;
  const width = Math.min(size.width, screen.width - 32);
  const height = Math.min(size.height, screen.height - 64);
  const box = { width, height, left: (screen.width - width) / 2 + step, top: (screen.height - height) / 2.4 + step };
  return { ...fit(box, screen), mode: "free" };
}

/**
 * What was remembered, where it is one: preferences come from a file that anyone may have changed.
 *
 * @param {any} kept
 * @param {Size} min
 * @returns {Place | null}
 */
export function readPlace(kept, min) {
  const numbers = ["left", "top", "width", "height"].map((name) => kept?.[name]);
  if (!numbers.every(Number.isFinite)) {
    return null;
  }
  const [left, top, width, height] = numbers;
  const mode = ["free", "full", "left", "right"].includes(kept.mode) ? kept.mode : "free";
  return { left, top, width: Math.max(width, min.width), height: Math.max(height, min.height), mode };
}
