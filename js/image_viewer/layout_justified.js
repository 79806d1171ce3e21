/** Rows of one height each, filled from edge to edge, every picture in its own shape. */
import { RowWriter } from "./geometry.js";

// A tower or a ribbon would leave a row of slivers: beyond these shapes a tile shows a part of its picture.
const NARROWEST = 0.4;
const WIDEST = 3.2;

// A group's last row is stretched over the width only when it is nearly full anyway.
const NEARLY_FULL = 1.3;

/** What the aspect byte of a view's layout says: width / height; 0 is unknown, taken as square. */
export const ASPECTS = Float64Array.from({ length: 256 }, (_, byte) =>
  byte ? Math.min(WIDEST, Math.max(NARROWEST, 2 ** ((byte - 128) / 32))) : 1,
);

/**
 * @param {Uint8Array} aspects one byte per picture
 * @param {readonly import("./geometry.js").Span[]} groups in order, without holes
 * @param {import("./geometry.js").LayoutOptions} options
 * @returns {import("./geometry.js").Geometry}
 */
export function layoutJustified(aspects, groups, options) {
  const { width, size, gap, breakAt = -1 } = options;
  const count = aspects.length;
  const expected = Math.ceil((count * size * 1.4) / Math.max(1, width)) + groups.length + 16;
  const writer = new RowWriter(expected, groups.length, options);

  for (const group of groups) {
    writer.group();
    const groupEnd = group.start + group.count;
    const cut = breakAt > group.start && breakAt < groupEnd ? breakAt : groupEnd;
    fill(group.start, cut);
    if (cut < groupEnd) {
      fill(cut, groupEnd);
    }
  }

  /** @param {number} start @param {number} end */
  function fill(start, end) {
    let first = start;
    let sum = 0;
    for (let position = start; position < end; position++) {
      const aspect = ASPECTS[aspects[position]];
      const inRow = position - first;
      const withIt = sum + aspect;
      if (withIt * size + inRow * gap < width) {
        sum = withIt;
        continue;
      }
      // The row is full with this picture (lower than wanted) or without it (higher): whichever is nearer.
      const low = (width - inRow * gap) / withIt;
      const high = inRow ? (width - (inRow - 1) * gap) / sum : Infinity;
      if (high / size < size / low) {
        writer.row(first, high);
        first = position;
        sum = aspect;
        if (aspect * size >= width) {
          writer.row(first, width / aspect);
          first = position + 1;
          sum = 0;
        }
      } else {
        writer.row(first, low);
        first = position + 1;
        sum = 0;
      }
    }
    if (first < end) {
      const full = (width - (end - first - 1) * gap) / sum;
      writer.row(first, full <= size * NEARLY_FULL ? full : size);
    }
  }

  const geometry = writer.finish(count, (row, edges) => {
    const first = geometry.rowStart[row];
    const last = geometry.rowStart[row + 1];
    const height = geometry.rowHeight[row];
    let sum = 0;
    for (let position = first, index = 0; position < last; position++, index++) {
      edges[index * 2] = Math.round(sum * height) + index * gap;
      sum += ASPECTS[aspects[position]];
      edges[index * 2 + 1] = Math.round(sum * height) + index * gap;
    }
    return last - first;
  });
  return geometry;
}
