import assert from "node:assert/strict";
import { test } from "node:test";
import { heightOf, nearestInRow, rowAt, rowOf } from "../../../js/image_viewer/geometry.js";
import { rangesIn } from "../../../js/image_viewer/grid_band.js";
import { GridLayout } from "../../../js/image_viewer/grid_layout.js";
import { layoutGrid } from "../../../js/image_viewer/layout_grid.js";
import { alikeAtEnd, ASPECTS, justifiedSteps, layoutJustified } from "../../../js/image_viewer/layout_justified.js";
import { random } from "./random.js";

const OPTIONS = { width: 1200, size: 200, gap: 4, headerHeight: 36 };

function library(count, groups, seed = 1) {
  const next = random(seed);
  const aspects = Uint8Array.from({ length: count }, () => 90 + Math.floor(next() * 76));
  const each = Math.ceil(count / groups);
  const spans = [];
  for (let start = 0; start < count; start += each) {
    spans.push({ start, count: Math.min(each, count - start) });
  }
  return { aspects, spans };
}

function check(geometry, count, spans, gap) {
  const edges = new Int32Array(8192);
  assert.equal(geometry.rowStart[0], 0);
  assert.equal(geometry.rowStart[geometry.rows], count);
  const starts = new Set(geometry.rowStart);
  for (const { start } of spans) {
    assert.ok(starts.has(start), "a group begins a row");
  }
  for (let row = 0; row < geometry.rows; row++) {
    const inRow = geometry.place(row, edges);
    assert.equal(inRow, geometry.rowStart[row + 1] - geometry.rowStart[row]);
    assert.ok(inRow > 0);
    assert.equal(edges[0], 0);
    for (let index = 1; index < inRow; index++) {
      assert.equal(edges[index * 2] - edges[index * 2 - 1], gap, "one gap between two pictures");
      assert.ok(edges[index * 2 + 1] > edges[index * 2]);
    }
    assert.ok(edges[inRow * 2 - 1] <= geometry.width);
    assert.ok(Number.isInteger(geometry.rowTop[row]));
    if (row && !geometry.groupRow.includes(row)) {
      assert.equal(geometry.rowTop[row], geometry.rowTop[row - 1] + heightOf(geometry, row - 1) + gap);
    }
  }
  const last = geometry.rows - 1;
  assert.equal(geometry.height, geometry.rowTop[last] + heightOf(geometry, last));
}

/** @param {import("../../../js/image_viewer/geometry.js").Geometry} geometry @param {number} position */
function rectOf(geometry, position) {
  const edges = new Int32Array(2000);
  const row = rowOf(geometry, position);
  geometry.place(row, edges);
  const left = edges[(position - geometry.rowStart[row]) * 2];
  const right = edges[(position - geometry.rowStart[row]) * 2 + 1];
  return { row, left, top: geometry.rowTop[row], width: right - left, height: heightOf(geometry, row) };
}

test("a layout that is made in steps is the one that is made at once", () => {
  const next = random(9);
  for (const most of [1, 7, 100, 333, 5000]) {
    const { aspects, spans } = library(3000, 1 + Math.floor(next() * 40), most);
    const options = { ...OPTIONS, width: 300 + Math.floor(next() * 1500), breakAt: Math.floor(next() * 3000) };
    const steps = justifiedSteps(aspects, spans, options);
    let taken = 1;
    while (!steps.step(most)) {
      taken += 1;
    }
    assert.equal(taken, Math.ceil(3000 / most));
    const { place, ...made } = steps.finish();
    const { place: _, ...whole } = layoutJustified(aspects, spans, options);
    assert.deepEqual(made, whole);
  }
});

test("justified rows fill the width to the pixel, with the same gap everywhere", () => {
  for (const width of [280, 341, 900, 1600, 3840]) {
    const { aspects, spans } = library(3000, 7, width);
    const geometry = layoutJustified(aspects, spans, { ...OPTIONS, width });
    check(geometry, 3000, spans, 4);
    const edges = new Int32Array(8192);
    const lastOfGroup = new Set([...geometry.groupRow].map((row) => row - 1).concat(geometry.rows - 1));
    for (let row = 0; row < geometry.rows; row++) {
      if (!lastOfGroup.has(row)) {
        const inRow = geometry.place(row, edges);
        assert.equal(edges[inRow * 2 - 1], width);
      }
    }
  }
});

test("a justified picture keeps its shape to within a pixel", () => {
  const { aspects, spans } = library(2000, 3);
  const geometry = layoutJustified(aspects, spans, OPTIONS);
  for (let position = 0; position < 2000; position++) {
    const rect = rectOf(geometry, position);
    const height = geometry.rowHeight[rect.row];
    assert.ok(Math.abs(rect.width - ASPECTS[aspects[position]] * height) <= 1);
  }
});

test("justified rows stay near the wanted height", () => {
  const { aspects, spans } = library(5000, 1);
  const geometry = layoutJustified(aspects, spans, OPTIONS);
  for (let row = 0; row < geometry.rows - 1; row++) {
    assert.ok(geometry.rowHeight[row] > 200 * 0.6 && geometry.rowHeight[row] < 200 * 1.6);
  }
});

test("one picture wider than the area is made to fit it", () => {
  const geometry = layoutJustified(Uint8Array.of(255, 255, 128), [{ start: 0, count: 3 }], { ...OPTIONS, width: 300 });
  assert.equal(rectOf(geometry, 0).width, 300);
  assert.equal(rectOf(geometry, 1).width, 300);
});

test("an empty list has no rows and no height", () => {
  for (const geometry of [layoutJustified(new Uint8Array(0), [], OPTIONS), layoutGrid(0, [], OPTIONS)]) {
    assert.equal(geometry.rows, 0);
    assert.equal(geometry.height, 0);
    assert.deepEqual(rangesIn(geometry, { left: 0, top: 0, right: 1, bottom: 1 }), []);
  }
});

test("squares fill the width to the pixel", () => {
  for (const width of [280, 341, 900, 1601]) {
    const { spans } = library(1000, 5);
    const geometry = layoutGrid(1000, spans, { ...OPTIONS, width, size: 160 });
    check(geometry, 1000, spans, 4);
    const edges = new Int32Array(8192);
    const inRow = geometry.place(0, edges);
    assert.equal(edges[inRow * 2 - 1], width);
  }
});

test("a million pictures in 2,000 days are laid out exactly, for both layouts", () => {
  const { aspects, spans } = library(1_000_000, 2000);
  for (const geometry of [
    layoutJustified(aspects, spans, OPTIONS),
    layoutGrid(aspects.length, spans, { ...OPTIONS, size: 160 }),
  ]) {
    assert.equal(geometry.rowStart[geometry.rows], 1_000_000);
    assert.equal(geometry.groupRow.length, 2000);
    for (const position of [0, 1, 499, 500, 123_456, 999_999]) {
      const row = rowOf(geometry, position);
      assert.ok(geometry.rowStart[row] <= position && position < geometry.rowStart[row + 1]);
      assert.equal(rowAt(geometry, geometry.rowTop[row]), row);
      assert.equal(rowAt(geometry, geometry.rowTop[row] + heightOf(geometry, row) - 1), row);
    }
  }
});

test("new pictures above a break leave every row below it as it was", () => {
  const next = random(9);
  for (let round = 0; round < 30; round++) {
    const { aspects, spans } = library(400, 2, round + 1);
    const before = layoutJustified(aspects, spans, OPTIONS);
    const row = 3 + Math.floor(next() * (before.rows - 4));
    const first = before.rowStart[row];
    const added = 1 + Math.floor(next() * 9);
    const longer = new Uint8Array(400 + added);
    longer.fill(140, 0, added);
    longer.set(aspects, added);
    const moved = spans.map((span, index) => ({
      start: index ? span.start + added : 0,
      count: index ? span.count : span.count + added,
    }));
    const after = layoutJustified(longer, moved, { ...OPTIONS, breakAt: first + added });
    const afterRow = rowOf(after, first + added);
    const by = after.rowTop[afterRow] - before.rowTop[row];
    for (let position = first; position < 400; position++) {
      const old = rectOf(before, position);
      const now = rectOf(after, position + added);
      assert.deepEqual([now.left, now.top - by, now.width, now.height], [old.left, old.top, old.width, old.height]);
    }
  }
});

test("up and down reach the picture that lies nearest", () => {
  const geometry = layoutGrid(20, [{ start: 0, count: 20 }], {
    ...OPTIONS,
    width: 500,
    size: 96,
    gap: 5,
    headerHeight: 0,
  });
  const rect = rectOf(geometry, 7);
  assert.equal(nearestInRow(geometry, rect.row + 1, rect.left + rect.width / 2), 12);
});

test("a rectangle finds exactly the pictures it touches", () => {
  const { aspects, spans } = library(600, 4);
  const geometry = layoutJustified(aspects, spans, OPTIONS);
  const box = { left: 100, top: 333, right: 700, bottom: 1234 };
  const found = new Set();
  for (const [first, last] of rangesIn(geometry, box)) {
    for (let position = first; position <= last; position++) {
      found.add(position);
    }
  }
  for (let position = 0; position < 600; position++) {
    const rect = rectOf(geometry, position);
    const touches =
      rect.left < box.right &&
      rect.left + rect.width > box.left &&
      rect.top < box.bottom &&
      rect.top + rect.height > box.top;
    assert.equal(found.has(position), touches);
  }
});

/** A list as the page has it. */
const listed = (aspects, spans) => ({
  aspects,
  ids: new Uint32Array(aspects.length),
  groups: spans.map((span, index) => ({ key: `folder ${index}`, ...span })),
  request: { group: "folder" },
});

/** What is made of it, without what places a row. */
function shape({ geometry }) {
  const edges = new Int32Array(8192);
  const { place, ...rest } = geometry;
  return {
    ...rest,
    placed: Array.from({ length: geometry.rows }, (_, row) => [...edges.subarray(0, place(row, edges) * 2)]),
  };
}

test("a list that changed a little is laid out as if it were new, wherever it changed and was broken", () => {
  const next = random(11);
  const below = (limit) => Math.floor(next() * limit);
  for (let round = 0; round < 300; round++) {
    const { aspects, spans } = library(1 + below(400), 1 + below(12), round + 1);
    const view = listed(aspects, spans);
    const kept = new GridLayout(view);
    const area = (breakAt) => ({
      look: { mode: "justified", size: 100 + 50 * below(2) },
      withHeaders: next() < 0.7,
      width: 900,
      height: 700,
      breakAt,
    });
    const often = area(-1);
    for (let change = 0; change < 4; change++) {
      const breakAt = next() < 0.5 ? -1 : below(view.aspects.length);
      const asked = next() < 0.8 ? { ...often, breakAt } : area(breakAt);
      const made = kept.make(asked);
      assert.deepEqual(shape(made), shape(new GridLayout(view).make(asked)));
      // One more in a group, or one of another shape.
      const group = below(view.groups.length);
      const at = view.groups[group].start;
      const more = [...view.aspects];
      const grows = next() < 0.6;
      more.splice(at, grows ? 0 : 1, 90 + below(76));
      const groups = view.groups.map((one, index) => ({
        ...one,
        start: one.start + (grows && index > group ? 1 : 0),
        count: one.count + (grows && index === group ? 1 : 0),
      }));
      Object.assign(view, { aspects: Uint8Array.from(more), ids: new Uint32Array(more.length), groups });
    }
  }
});

test("groups are alike at the end as far as their pictures have the same shapes", () => {
  const spans = [
    { start: 0, count: 2 },
    { start: 2, count: 2 },
    { start: 4, count: 1 },
  ];
  const old = { aspects: Uint8Array.of(1, 2, 3, 4, 5), groups: spans };
  const moved = spans.map(({ start, count }, index) => ({
    start: start + (index ? 1 : 0),
    count: count + (index ? 0 : 1),
  }));
  assert.equal(alikeAtEnd(old, old), 3);
  assert.equal(alikeAtEnd(old, { aspects: Uint8Array.of(9, 1, 2, 3, 4, 5), groups: moved }), 2);
  assert.equal(alikeAtEnd(old, { aspects: Uint8Array.of(9, 1, 2, 3, 7, 5), groups: moved }), 1);
  assert.equal(alikeAtEnd(old, { aspects: Uint8Array.of(1, 2, 3, 4, 6), groups: spans }), 0);
});
