import assert from "node:assert/strict";
import { test } from "node:test";
import { readColumns } from "../../../js/image_viewer/view.js";
import { applyPatch, patchGroups } from "../../../js/image_viewer/view_patch.js";
import { random } from "./random.js";

/** What a patch means, said as slowly as can be. */
function naive(items, patch) {
  const removed = new Set(patch.removed);
  const result = items.filter((_, position) => !removed.has(position));
  for (const [position, id, aspect] of [...patch.inserted].sort((a, b) => a[0] - b[0])) {
    result.splice(position, 0, [id, aspect]);
  }
  return result;
}

const columns = (items) => ({
  ids: Uint32Array.from(items, (item) => item[0]),
  aspects: Uint8Array.from(items, (item) => item[1]),
});

test("a patch does what the naive model says, for a thousand random ones", () => {
  const next = random(7);
  const below = (limit) => Math.floor(next() * limit);
  let id = 1;
  for (let round = 0; round < 1000; round++) {
    const items = Array.from({ length: below(60) }, () => [id++, below(256)]);
    const removed = items.map((_, position) => position).filter(() => next() < 0.2);
    const room = items.length - removed.length;
    const places = new Set();
    const added = below(8);
    while (places.size < added) {
      places.add(below(room + added));
    }
    const inserted = [...places].map((place) => [place, id++, below(256)]);
    const patch = { from: 1, removed, inserted, changed: [] };
    const expected = naive(items, patch);
    const result = applyPatch(columns(items), patch);
    assert.deepEqual(
      [...result.ids],
      expected.map((item) => item[0]),
    );
    assert.deepEqual(
      [...result.aspects],
      expected.map((item) => item[1]),
    );
  }
});

test("a million rows take a patch at both ends and in the middle", () => {
  const ids = Uint32Array.from({ length: 1_000_000 }, (_, index) => index + 1);
  const old = { ids, aspects: new Uint8Array(1_000_000) };
  const result = applyPatch(old, {
    from: 1,
    removed: [0, 500_000, 999_999],
    inserted: [
      [0, 2_000_000, 9],
      [999_998, 2_000_001, 9],
    ],
    changed: [],
  });
  assert.equal(result.ids.length, 999_999);
  assert.equal(result.ids[0], 2_000_000);
  assert.equal(result.ids[1], 2);
});

test("a patch that does not fit is refused instead of applied wrongly", () => {
  const old = columns([[1, 1]]);
  assert.throws(() => applyPatch(old, { from: 1, removed: [], inserted: [[5, 2, 1]], changed: [] }), RangeError);
});

test("groups that stay keep their names and move with what came before them", () => {
  const old = [
    { key: "c", start: 0, count: 2 },
    { key: "b", start: 2, count: 3 },
    { key: "a", start: 5, count: 4 },
  ];
  const next = patchGroups(old, { before: 1, after: 1, between: [["b", "B", 5]] });
  assert.deepEqual(next, [
    { key: "c", start: 0, count: 2 },
    { key: "b", label: "B", start: 2, count: 5 },
    { key: "a", start: 7, count: 4 },
  ]);
  assert.deepEqual(patchGroups(old, { before: 0, after: 0, between: [] }), []);
  assert.throws(() => patchGroups(old, { before: 2, after: 2, between: [] }), RangeError);
});

test("the layout of a view is read as it lies, and a short one is refused", () => {
  const buffer = new ArrayBuffer(4 + 2 * 5);
  const view = new DataView(buffer);
  view.setUint32(0, 2, true);
  view.setUint32(4, 77, true);
  view.setUint32(8, 78, true);
  view.setUint8(12, 128);
  view.setUint8(13, 160);
  const read = readColumns(buffer);
  assert.deepEqual([...read.ids], [77, 78]);
  assert.deepEqual([...read.aspects], [128, 160]);
  assert.throws(() => readColumns(buffer.slice(0, 12)), RangeError);
});
