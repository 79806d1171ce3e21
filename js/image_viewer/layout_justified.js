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
 * A layout that is made in as many steps as its caller likes: one of millions takes longer than a page may stand still.
 *
 * @typedef {{geometry: import("./geometry.js").Geometry, from: number, by: number}} Rest of a list that was laid out
 *   before: the groups of that geometry from one on, whose pictures are so much further down now
 *
 * @param {Uint8Array} aspects one byte per picture
 * @param {readonly import("./geometry.js").Span[]} groups in order, without holes
 * @param {import("./geometry.js").LayoutOptions} options
 * @param {Rest | null} [rest] what follows `groups`
 */
export function justifiedSteps(aspects, groups, options, rest = null) {
  const { width, size, gap, breakAt = -1 } = options;
  const count = aspects.length;
  const kept = rest ? rest.geometry.groupRow.length - rest.from : 0;
  const expected = Math.ceil((count * size * 1.4) / Math.max(1, width)) + groups.length + kept + 16;
  const writer = new RowWriter(expected, groups.length + kept, options);
  // What is filled without a break: a group, or its part before or after `breakAt`.
  /** @type {Array<{start: number, end: number, begins: boolean}>} */
  const stretches = [];
  for (const group of groups) {
    const end = group.start + group.count;
    const cut = breakAt > group.start && breakAt < end ? breakAt : end;
    stretches.push({ start: group.start, end: cut, begins: true });
    if (cut < end) {
      stretches.push({ start: cut, end, begins: false });
    }
  }
  let next = 0;
  let position = 0;
  let first = 0;
  let sum = 0;

  /** Fills rows from `position` on. @param {number} end */
  function fill(end) {
    let from = first;
    let wide = sum;
    for (let at = position; at < end; at++) {
      const aspect = ASPECTS[aspects[at]];
      const inRow = at - from;
      const withIt = wide + aspect;
      if (withIt * size + inRow * gap < width) {
        wide = withIt;
        continue;
      }
      // The row is full with this picture (lower than wanted) or without it (higher): whichever is nearer.
      const low = (width - inRow * gap) / withIt;
      const high = inRow ? (width - (inRow - 1) * gap) / wide : Infinity;
      if (high / size < size / low) {
        writer.row(from, high);
        from = at;
        wide = aspect;
        if (aspect * size >= width) {
          writer.row(from, width / aspect);
          from = at + 1;
          wide = 0;
        }
      } else {
        writer.row(from, low);
        from = at + 1;
        wide = 0;
      }
    }
    position = end;
    first = from;
    sum = wide;
  }

  return {
    /** @param {number} most pictures to place @returns {boolean} whether all have their place */
    step(most) {
      let left = most;
      while (next < stretches.length && left > 0) {
        const { start, end, begins } = stretches[next];
        if (position <= start) {
          position = first = start;
          sum = 0;
          if (begins) {
            writer.group();
          }
        }
        const until = Math.min(end, position + left);
        left -= until - position;
        fill(until);
        if (until === end) {
          if (first < end) {
            const full = (width - (end - first - 1) * gap) / sum;
            writer.row(first, full <= size * NEARLY_FULL ? full : size);
          }
          next += 1;
        }
      }
      return next === stretches.length;
    },

    /** @returns {import("./geometry.js").Geometry} */
    finish() {
      if (rest) {
        writer.append(rest.geometry, rest.from, rest.by);
      }
      const geometry = writer.finish(count, (row, edges) => {
        const start = geometry.rowStart[row];
        const end = geometry.rowStart[row + 1];
        const height = geometry.rowHeight[row];
        let before = 0;
        for (let at = start, index = 0; at < end; at++, index++) {
          edges[index * 2] = Math.round(before * height) + index * gap;
          before += ASPECTS[aspects[at]];
          edges[index * 2 + 1] = Math.round(before * height) + index * gap;
        }
        return end - start;
      });
      return geometry;
    },
  };
}

/**
 * @param {Uint8Array} aspects one byte per picture
 * @param {readonly import("./geometry.js").Span[]} groups in order, without holes
 * @param {import("./geometry.js").LayoutOptions} options
 * @param {Rest | null} [rest] what follows `groups`
 * @returns {import("./geometry.js").Geometry}
 */
export function layoutJustified(aspects, groups, options, rest = null) {
  const steps = justifiedSteps(aspects, groups, options, rest);
  steps.step(Infinity);
  return steps.finish();
}

/**
 * How many groups at the end of a list lie as they did in another one.
 * @param {{aspects: Uint8Array, groups: readonly import("./geometry.js").Span[]}} old
 * @param {{aspects: Uint8Array, groups: readonly import("./geometry.js").Span[]}} now
 */
export function alikeAtEnd(old, now) {
  const by = now.aspects.length - old.aspects.length;
  let kept = 0;
  while (kept < Math.min(old.groups.length, now.groups.length)) {
    const one = old.groups[old.groups.length - 1 - kept];
    const other = now.groups[now.groups.length - 1 - kept];
    if (one.count !== other.count || one.start + by !== other.start) {
      break;
    }
    let at = one.start;
    const end = one.start + one.count;
    while (at < end && old.aspects[at] === now.aspects[at + by]) {
      at += 1;
    }
    if (at < end) {
      break;
    }
    kept += 1;
  }
  return kept;
}
