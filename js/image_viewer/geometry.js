/**
 * Where every picture of a list lies, for lists of millions: rows in typed arrays, found by binary search.
 *
 * Pictures come in order, in rows; rows in groups that each may have a header above their first row. Tops are whole
 * pixels, so that nothing is drawn between two of them. `rowHeight` keeps its fraction: widths come from it.
 *
 * @typedef {object} Geometry
 * @property {number} count pictures
 * @property {number} width of the area in pixels
 * @property {number} height of all rows and headers
 * @property {number} rows
 * @property {Uint32Array} rowStart rows + 1 positions; row r holds rowStart[r] .. rowStart[r + 1] - 1
 * @property {Float64Array} rowTop
 * @property {Float32Array} rowHeight
 * @property {Uint32Array} groupRow first row of each group
 * @property {Float64Array} groupTop top of each group's header
 * @property {number} headerHeight 0 without headers
 * @property {(row: number, edges: Int32Array) => number} place writes left, right of each picture of a row;
 *   answers how many there are
 *
 * @typedef {object} LayoutOptions
 * @property {number} width
 * @property {number} size wanted height of a row, or width of a square
 * @property {number} gap
 * @property {number} headerHeight 0: no headers
 * @property {number} [breakAt] a position that must begin a row, so that rows below it stay as they were
 *
 * @typedef {{start: number, count: number}} Span
 */

/**
 * The last index whose value is at most `wanted`; 0 when there is none.
 * @param {ArrayLike<number>} sorted
 * @param {number} wanted
 * @param {number} length
 */
export function lastAtMost(sorted, wanted, length) {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (sorted[middle] <= wanted) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/** @param {Geometry} geometry @param {number} y */
export const rowAt = (geometry, y) => lastAtMost(geometry.rowTop, y, geometry.rows);

/** @param {Geometry} geometry @param {number} position */
export const rowOf = (geometry, position) => lastAtMost(geometry.rowStart, position, geometry.rows);

/** The group of a row. @param {Geometry} geometry @param {number} row */
export const groupOfRow = (geometry, row) => lastAtMost(geometry.groupRow, row, geometry.groupRow.length);

/** Visible height of a row in whole pixels. @param {Geometry} geometry @param {number} row */
export const heightOf = (geometry, row) => Math.round(geometry.rowHeight[row]);

const scratch = new Int32Array(8192);

/**
 * The picture of `row` that lies nearest below or above `x`.
 * @param {Geometry} geometry
 * @param {number} row
 * @param {number} x
 */
export function nearestInRow(geometry, row, x) {
  const count = geometry.place(row, scratch);
  let best = 0;
  let distance = Infinity;
  for (let index = 0; index < count; index++) {
    const away = Math.abs((scratch[index * 2] + scratch[index * 2 + 1]) / 2 - x);
    if (away < distance) {
      distance = away;
      best = index;
    }
  }
  return geometry.rowStart[row] + best;
}

/**
 * The rows on screen, and those to draw beyond it: one above and one below in turn, while there are tiles left.
 * @param {Geometry} geometry
 * @param {number} top of the view, and its height, in pixels
 * @param {number} height
 * @param {number} most tiles
 * @param {number} margin drawn beyond the view, in pixels
 * @returns {{first: number, last: number, from: number, until: number}} drawn: first to last; on screen: from to until
 */
export function rowsAround(geometry, top, height, most, margin) {
  if (!geometry.rows) {
    return { first: 0, last: -1, from: 0, until: -1 };
  }
  const { rowStart, rowTop } = geometry;
  const from = rowAt(geometry, top);
  let until = from;
  while (until + 1 < geometry.rows && rowTop[until + 1] < top + height) {
    until += 1;
  }
  let first = from;
  let last = until;
  for (let more = true; more; ) {
    more = false;
    if (last + 1 < geometry.rows && rowTop[last + 1] < top + height + margin) {
      if (rowStart[last + 2] - rowStart[first] > most) {
        break;
      }
      last += 1;
      more = true;
    }
    if (first > 0 && rowTop[first - 1] + heightOf(geometry, first - 1) > top - margin) {
      if (rowStart[last + 1] - rowStart[first - 1] > most) {
        break;
      }
      first -= 1;
      more = true;
    }
  }
  return { first, last, from, until };
}

/**
 * Where a key leads from a picture; null when it is no such key. It may be beyond either end.
 * @param {Geometry} geometry
 * @param {string} key
 * @param {number} position
 * @param {number} page height of the view in pixels
 * @returns {number | null}
 */
export function leadsTo(geometry, key, position, page) {
  const row = rowOf(geometry, position);
  const inRow = geometry.place(row, scratch);
  const index = position - geometry.rowStart[row];
  const middle = index < inRow ? (scratch[index * 2] + scratch[index * 2 + 1]) / 2 : 0;
  const inside = (/** @type {number} */ wanted) => Math.min(geometry.rows - 1, Math.max(0, wanted));
  const turn = (/** @type {number} */ by) => {
    const to = inside(rowAt(geometry, geometry.rowTop[row] + by));
    return nearestInRow(geometry, to === row ? inside(row + Math.sign(by)) : to, middle);
  };
  switch (key) {
    case "ArrowLeft":
      return position - 1;
    case "ArrowRight":
      return position + 1;
    case "ArrowUp":
      return row > 0 ? nearestInRow(geometry, row - 1, middle) : position;
    case "ArrowDown":
      return row + 1 < geometry.rows ? nearestInRow(geometry, row + 1, middle) : position;
    case "PageUp":
      return turn(-page);
    case "PageDown":
      return turn(page);
    case "Home":
      return 0;
    case "End":
      return geometry.count - 1;
    default:
      return null;
  }
}

/**
 * Collects rows while a layout runs over the list.
 */
export class RowWriter {
  /** @param {number} expected rows @param {number} groups @param {LayoutOptions} options */
  constructor(expected, groups, options) {
    this.options = options;
    this.rows = 0;
    this.top = 0;
    this.starts = new Uint32Array(expected + 1);
    this.tops = new Float64Array(expected);
    this.heights = new Float32Array(expected);
    this.groupRow = new Uint32Array(groups);
    this.groupTop = new Float64Array(groups);
    this.groups = 0;
  }

  group() {
    const { headerHeight, gap } = this.options;
    if (this.groups && headerHeight) {
      this.top += gap;
    }
    this.groupRow[this.groups] = this.rows;
    this.groupTop[this.groups] = this.top;
    this.groups += 1;
    this.top += headerHeight;
  }

  /** @param {number} start first position @param {number} height */
  row(start, height) {
    if (this.rows === this.tops.length) {
      this.#grow();
    }
    this.starts[this.rows] = start;
    this.tops[this.rows] = this.top;
    this.heights[this.rows] = height;
    this.rows += 1;
    this.top += Math.round(height) + this.options.gap;
  }

  #grow() {
    const size = this.tops.length * 2 + 64;
    const starts = new Uint32Array(size + 1);
    const tops = new Float64Array(size);
    const heights = new Float32Array(size);
    starts.set(this.starts);
    tops.set(this.tops);
    heights.set(this.heights);
    Object.assign(this, { starts, tops, heights });
  }

  /**
   * Takes over the groups that another layout ends with, as they lie there.
   * @param {Geometry} other @param {number} from the first group of them @param {number} by how much further down its pictures are in this list
   */
  append(other, from, by) {
    if (from >= other.groupRow.length) {
      return;
    }
    const first = other.groupRow[from];
    const { rows } = other;
    while (this.rows + rows - first > this.tops.length) {
      this.#grow();
    }
    const groups = this.groups;
    const start = this.rows;
    this.group();
    const down = this.groupTop[groups] - other.groupTop[from];
    for (let row = first; row < rows; row++) {
      this.starts[start + row - first] = other.rowStart[row] + by;
      this.tops[start + row - first] = other.rowTop[row] + down;
    }
    this.heights.set(other.rowHeight.subarray(first, rows), start);
    for (let group = from + 1; group < other.groupRow.length; group++) {
      this.groupRow[groups + group - from] = other.groupRow[group] - first + start;
      this.groupTop[groups + group - from] = other.groupTop[group] + down;
    }
    this.groups = groups + other.groupRow.length - from;
    this.rows = start + rows - first;
    this.top = other.height + this.options.gap + down;
  }

  /** @param {number} count @param {Geometry["place"]} place @returns {Geometry} */
  finish(count, place) {
    this.starts[this.rows] = count;
    return {
      count,
      width: this.options.width,
      height: Math.max(0, this.rows ? this.top - this.options.gap : 0),
      rows: this.rows,
      rowStart: this.starts.subarray(0, this.rows + 1),
      rowTop: this.tops.subarray(0, this.rows),
      rowHeight: this.heights.subarray(0, this.rows),
      groupRow: this.groupRow.subarray(0, this.groups),
      groupTop: this.groupTop.subarray(0, this.groups),
      headerHeight: this.options.headerHeight,
      place,
    };
  }
}
