/** Where compared pictures lie. Arithmetic only. */

/**
 * @typedef {"slider" | "side" | "flicker" | "difference" | "grid"} Mode
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 */

/** @type {Mode[]} of two pictures, in the order of the key */
export const PAIR_MODES = ["slider", "side", "flicker", "difference"];
const GAP = 4;

/** Do the pictures lie over each other? @param {Mode} mode */
export const isOver = (mode) => mode === "slider" || mode === "flicker" || mode === "difference";

/**
 * As many columns as show the pictures largest.
 *
 * @param {number[]} aspects width by height of each @param {{width: number, height: number}} stage
 */
export function columnsFor(aspects, stage) {
  let best = 1;
  let most = 0;
  for (let columns = 1; columns <= aspects.length; columns++) {
    const [{ width, height }] = grid(aspects.length, columns, stage);
    const shown = aspects.reduce(
      (sum, aspect) => sum + Math.min(width, height * aspect) * Math.min(height, width / aspect),
      0,
    );
    // By a hair more is no reason for another layout.
    if (shown > most * 1.001) {
      most = shown;
      best = columns;
    }
  }
  return best;
}

/** @param {number} count @param {number} columns @param {{width: number, height: number}} stage @returns {Box[]} */
function grid(count, columns, stage) {
  const rows = Math.ceil(count / columns);
  const width = Math.max(1, (stage.width - GAP * (columns - 1)) / columns);
  const height = Math.max(1, (stage.height - GAP * (rows - 1)) / rows);
  return Array.from({ length: count }, (_, at) => ({
    left: (at % columns) * (width + GAP),
    top: Math.floor(at / columns) * (height + GAP),
    width,
    height,
  }));
}

/**
 * @param {Mode} mode @param {number[]} aspects @param {{width: number, height: number}} stage
 * @returns {{boxes: Box[], columns: number}}
 */
export function layOut(mode, aspects, stage) {
  if (isOver(mode)) {
    return { boxes: aspects.map(() => ({ left: 0, top: 0, ...stage })), columns: aspects.length };
  }
  const columns = columnsFor(aspects, stage);
  return { boxes: grid(aspects.length, columns, stage), columns };
}

/** The place that an arrow key leads to. @param {number} at @param {string} key @param {number} count @param {number} columns */
export function neighbour(at, key, count, columns) {
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key] ?? 0;
  const to = at + by;
  return to >= 0 && to < count ? to : at;
}
