import assert from "node:assert/strict";
import { test } from "node:test";
import { boxOf, firstPlace, fit, modeAt, moved, readPlace, resized } from "../../../js/ui/panel_place.js";

const SCREEN = { width: 1000, height: 800 };
const MIN = { width: 300, height: 200 };
const BOX = { left: 100, top: 100, width: 400, height: 300 };

test("a panel that the window no longer holds is pushed into view, and shrunk only where it must be", () => {
  assert.deepEqual(fit({ left: 900, top: -50, width: 400, height: 300 }, SCREEN), {
    left: 600,
    top: 0,
    width: 400,
    height: 300,
  });
  assert.deepEqual(fit({ left: 10, top: 10, width: 2000, height: 300 }, SCREEN), {
    left: 0,
    top: 10,
    width: 1000,
    height: 300,
  });
});

test("a shrunken window changes what is drawn, not what is remembered", () => {
  const place = { ...BOX, left: 560, mode: /** @type {const} */ ("free") };
  assert.equal(boxOf(place, { width: 700, height: 800 }).left, 300);
  assert.equal(boxOf(place, SCREEN).left, 560);
});

test("two halves cover a window of odd width exactly", () => {
  const screen = { width: 1001, height: 700 };
  const left = boxOf({ ...BOX, mode: "left" }, screen);
  const right = boxOf({ ...BOX, mode: "right" }, screen);
  assert.equal(left.width, right.left);
  assert.equal(left.width + right.width, 1001);
});

test("a panel dropped at an edge of the window takes that half, at the top all of it", () => {
  assert.equal(modeAt(0, 400, SCREEN), "left");
  assert.equal(modeAt(999, 400, SCREEN), "right");
  assert.equal(modeAt(500, 0, SCREEN), "full");
  assert.equal(modeAt(500, 400, SCREEN), "free");
});

test("edges that come near the window's are drawn to it", () => {
  assert.equal(moved(BOX, -94, 0, SCREEN).left, 0);
  assert.equal(moved(BOX, 494, 0, SCREEN).left, 600);
  assert.equal(moved(BOX, -80, 0, SCREEN).left, 20);
});

test("no edge or corner makes a panel smaller than its least size or leaves the window", () => {
  for (const edge of ["n", "e", "s", "w", "ne", "se", "sw", "nw"]) {
    for (const [dx, dy] of [
      [5000, 5000],
      [-5000, -5000],
      [5000, -5000],
      [3, -7],
    ]) {
      const box = resized(BOX, edge, dx, dy, MIN, SCREEN);
      assert.ok(box.width >= MIN.width && box.height >= MIN.height, `${edge} ${dx} ${dy}`);
      assert.deepEqual(fit(box, SCREEN), box, `${edge} ${dx} ${dy}`);
    }
  }
});

test("dragging one edge leaves the opposite one where it was", () => {
  const box = resized(BOX, "nw", 40, 50, MIN, SCREEN);
  assert.equal(box.left + box.width, BOX.left + BOX.width);
  assert.equal(box.top + box.height, BOX.top + BOX.height);
  assert.equal(box.left, 140);
});

test("the first place fits a small window", () => {
  const place = firstPlace({ width: 1180, height: 760 }, { width: 700, height: 500 }, 3);
  assert.deepEqual(fit(place, { width: 700, height: 500 }), {
    left: place.left,
    top: place.top,
    width: place.width,
    height: place.height,
  });
});

test("a remembered place that is none is forgotten", () => {
  assert.equal(readPlace(undefined, MIN), null);
  assert.equal(readPlace({ left: 1, top: 2, width: "3", height: 4 }, MIN), null);
  assert.equal(readPlace({ left: NaN, top: 2, width: 3, height: 4 }, MIN), null);
  assert.deepEqual(readPlace({ left: 1, top: 2, width: 3, height: 4, mode: "x" }, MIN), {
    left: 1,
    top: 2,
    ...MIN,
    mode: "free",
  });
});
