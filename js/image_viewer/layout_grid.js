/** Squares in columns. */
import { RowWriter } from "./geometry.js";

/**
 * @param {number} count
 * @param {readonly import("./geometry.js").Span[]} groups in order, without holes
 * @param {import("./geometry.js").LayoutOptions} options
 * @returns {import("./geometry.js").Geometry}
 */
export function layoutGrid(count, groups, options) {
  const { width, size, gap, breakAt = -1 } = options;
  const columns = Math.max(1, Math.floor((width + gap) / (size + gap)));
  const step = (width + gap) / columns;
  const side = Math.max(1, step - gap);
  const writer = new RowWriter(Math.ceil(count / columns) + groups.length + 1, groups.length, options);

  for (const group of groups) {
    writer.group();
    const groupEnd = group.start + group.count;
    const cut = breakAt > group.start && breakAt < groupEnd ? breakAt : groupEnd;
    for (let start = group.start; start < cut; start += columns) {
      writer.row(start, side);
    }
    for (let start = cut; start < groupEnd; start += columns) {
      writer.row(start, side);
    }
  }

  const geometry = writer.finish(count, (row, edges) => {
    const inRow = geometry.rowStart[row + 1] - geometry.rowStart[row];
    for (let column = 0; column < inRow; column++) {
      edges[column * 2] = Math.round(column * step);
      edges[column * 2 + 1] = Math.round((column + 1) * step) - gap;
    }
    return inRow;
  });
  return geometry;
}
