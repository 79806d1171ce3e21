import assert from "node:assert/strict";
import test from "node:test";
import { columnsFor, layOut, neighbour } from "../../../js/image_viewer/compare_layout.js";
import { placeAt } from "../../../js/image_viewer/compare_videos.js";

const wide = { width: 1200, height: 700 };
const phone = { width: 360, height: 500 };

test("pictures lie where they are shown largest: beside each other on a desk, below on a phone", () => {
  assert.equal(columnsFor([1, 1], wide), 2);
  assert.equal(columnsFor([1.6, 1.6], phone), 1);
  assert.equal(columnsFor([0.5, 0.5], phone), 2);
  assert.equal(columnsFor(Array(8).fill(1), wide), 4);
  assert.equal(columnsFor(Array(3).fill(3), wide), 1);
});

test("no two boxes of a grid overlap, and all lie on the stage", () => {
  for (const count of [2, 3, 5, 7, 8]) {
    const { boxes, columns } = layOut("grid", Array(count).fill(0.8), wide);
    assert.equal(boxes.length, count);
    for (const [at, { left, top, width, height }] of boxes.entries()) {
      assert.ok(left >= 0 && top >= 0 && left + width <= wide.width + 1e-6 && top + height <= wide.height + 1e-6);
      const next = boxes[at + 1];
      assert.ok(!next || next.left >= left + width || next.top >= top + height || (at + 1) % columns === 0);
    }
  }
});

test("two that lie over each other have all of the stage each, even one of no size", () => {
  assert.deepEqual(layOut("slider", [1, 2], wide).boxes, Array(2).fill({ left: 0, top: 0, ...wide }));
  const [box] = layOut("grid", [1, 1], { width: 0, height: 0 }).boxes;
  assert.ok(box.width > 0 && box.height > 0);
});

test("arrow keys go to the picture beside or below, and stay at the edge", () => {
  assert.equal(neighbour(0, "ArrowRight", 5, 3), 1);
  assert.equal(neighbour(1, "ArrowDown", 5, 3), 4);
  assert.equal(neighbour(2, "ArrowDown", 5, 3), 2);
  assert.equal(neighbour(0, "ArrowLeft", 5, 3), 0);
  assert.equal(neighbour(4, "ArrowUp", 5, 3), 1);
});

test("the shorter of two videos begins again while the longer one goes on", () => {
  assert.equal(placeAt(2.5, 2), 0.5);
  assert.equal(placeAt(1, 4), 1);
  assert.equal(placeAt(3, 0), 0);
  assert.equal(placeAt(3, Number.NaN), 0);
});
