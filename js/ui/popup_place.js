/**
 * Where a menu or a tooltip goes: arithmetic only.
 *
 * @typedef {{ left: number, top: number, right: number, bottom: number }} Rect
 */

const GAP = 4;
const MARGIN = 4;

/** @param {number} value @param {number} low @param {number} high */
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/**
 * Below the anchor, or above it where there is more room; always inside the window.
 *
 * @param {Rect} anchor
 * @param {{ width: number, height: number }} size
 * @param {number} width of the window
 * @param {number} height
 * @param {"start" | "middle"} align
 */
export function besides(anchor, size, width, height, align) {
  const below = height - anchor.bottom - GAP - MARGIN;
  const above = anchor.top - GAP - MARGIN;
  const up = size.height > below && above > below;
  const wanted = align === "start" ? anchor.left : (anchor.left + anchor.right - size.width) / 2;
  // What does not fit to the right is aligned with the anchor's right edge.
  const left = align === "start" && wanted + size.width > width - MARGIN ? anchor.right - size.width : wanted;
  return {
    left: Math.round(clamp(left, MARGIN, Math.max(MARGIN, width - size.width - MARGIN))),
    top: Math.round(
      clamp(
        up ? anchor.top - GAP - size.height : anchor.bottom + GAP,
        MARGIN,
        Math.max(MARGIN, height - size.height - MARGIN),
      ),
    ),
  };
}

/**
 * To the right of an item of a menu, or to its left.
 *
 * @param {Rect} item
 * @param {{ width: number, height: number }} size
 * @param {number} width of the window
 * @param {number} height
 */
export function aside(item, size, width, height) {
  const right = item.right + size.width + MARGIN <= width;
  return {
    left: Math.round(
      clamp(right ? item.right - 2 : item.left - size.width + 2, MARGIN, Math.max(MARGIN, width - size.width - MARGIN)),
    ),
    top: Math.round(clamp(item.top - 5, MARGIN, Math.max(MARGIN, height - size.height - MARGIN))),
  };
}
