import assert from "node:assert/strict";
import test from "node:test";
import { Ahead, affordable, around, blocksAround } from "../../../js/image_viewer/large_ahead.js";
import { besideFrame } from "../../../js/image_viewer/large_media.js";
import { playable } from "../../../js/image_viewer/large_rates.js";
import { courseOf, Deck } from "../../../js/image_viewer/slideshow.js";
import { random as randomOf } from "./random.js";

const wanted = (/** @type {number[]} */ ...pixels) => pixels.map((each, id) => ({ id, url: `u${id}`, pixels: each }));
const idsOf = (/** @type {any[]} */ list) => list.map(({ id }) => id);

test("two on and one back are wanted, in the direction one goes, within the list", () => {
  assert.deepEqual(around(5, 1, 10), [5, 6, 7, 4]);
  assert.deepEqual(around(5, -1, 10), [5, 4, 3, 6]);
  assert.deepEqual(around(0, 1, 2), [0, 1]);
  assert.deepEqual(around(9, 1, 10), [9, 8]);
});

test("thumbnails are asked for once in ten turns, this one's first", () => {
  assert.deepEqual(blocksAround(3, 5), [3, 0, 1, 2, 4]);
  const ten = blocksAround(20, 100);
  assert.equal(ten[0], 20);
  for (let at = 21; at < 30; at++) {
    assert.deepEqual(new Set(blocksAround(at, 100)), new Set(ten));
  }
  assert.deepEqual([Math.min(...ten), Math.max(...ten)], [10, 39]);
});

test("a huge picture is kept once: when it is looked at; smaller ones after it still fit", () => {
  assert.deepEqual(idsOf(affordable(wanted(100e6, 100e6, 1e6, 2e6))), [0, 2, 3]);
  assert.deepEqual(idsOf(affordable(wanted(1, 30, 30, 20), 50)), [0, 1, 3]);
  assert.deepEqual(affordable([]), []);
});

/** Images whose decoding the test ends. */
function fakeImages() {
  /** @type {any[]} */
  const made = [];
  const make = () => {
    const image = /** @type {any} */ ({ src: "", removeAttribute: () => (image.src = "") });
    image.decode = () =>
      new Promise((resolve, reject) => {
        image.come = resolve;
        image.fail = reject;
      });
    made.push(image);
    return image;
  };
  return { made, make };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("pictures come one after the other, and one that nobody waits for any more is given up", async () => {
  const { made, make } = fakeImages();
  const ahead = new Ahead(make);
  ahead.want(wanted(1, 1, 1));
  assert.deepEqual(
    made.map(({ src }) => src),
    ["u0"],
  );
  made[0].come();
  await settled();
  assert.deepEqual(
    made.map(({ src }) => src),
    ["u0", "u1"],
  );
  ahead.want([{ id: 7, url: "u7", pixels: 1 }]);
  assert.equal(made[1].src, "");
  assert.equal(made[0].src, "u0");
  assert.equal(made[2].src, "u7");
  assert.equal(ahead.get("u0"), undefined);
});

test("a picture that cannot be decoded has failed, one that is only cut off has not", async () => {
  const { made, make } = fakeImages();
  const ahead = new Ahead(make);
  ahead.want(wanted(1, 1));
  made[0].fail(new Error("EncodingError"));
  await settled();
  Object.assign(made[1], { complete: true, naturalWidth: 20 }).fail(new Error("EncodingError"));
  await settled();
  assert.equal(ahead.get("u0")?.failed, true);
  assert.equal(ahead.get("u1")?.failed, false);
});

test("each card of a deck is drawn once, whichever lies open first", () => {
  const random = randomOf(4);
  for (const first of [-1, 0, 3, 9]) {
    const deck = new Deck(10, random, first);
    const drawn = first < 0 ? [] : [first];
    for (let card = deck.next(); card !== null; card = deck.next()) {
      drawn.push(card);
    }
    assert.deepEqual(
      drawn.sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  }
});

test("a show goes on to the end, or from the beginning, and asked twice it says the same", () => {
  const plain = courseOf();
  assert.equal(plain.after(3, 5, { shuffle: false, loop: false }), 4);
  assert.equal(plain.after(4, 5, { shuffle: false, loop: false }), null);
  assert.equal(plain.after(4, 5, { shuffle: false, loop: true }), 0);
  assert.equal(plain.after(0, 1, { shuffle: false, loop: true }), null);
  const shuffled = courseOf(randomOf(9));
  const how = { shuffle: true, loop: true };
  let at = 2;
  const seen = [at];
  for (let turn = 0; turn < 9; turn++) {
    const next = /** @type {number} */ (shuffled.after(at, 5, how));
    assert.equal(shuffled.after(at, 5, how), next);
    assert.notEqual(next, at);
    at = next;
    seen.push(at);
  }
  assert.equal(new Set(seen.slice(0, 5)).size, 5);
});

test("a frame's step leads into the middle of the one beside it, and not out of the video", () => {
  const frame = 1 / 24;
  assert.ok(Math.abs(besideFrame(1, frame, 1, 5) - (1 + 1.5 * frame)) < 1e-9);
  assert.ok(Math.abs(besideFrame(1, frame, -1, 5) - (1 - 0.5 * frame)) < 1e-9);
  assert.equal(besideFrame(0, frame, -1, 5), 0);
  assert.ok(besideFrame(4.99, frame, 1, 5) < 5);
  assert.ok(besideFrame(2, frame, 1, Number.NaN) > 2);
});

test("a speed that no browser plays is the nearest one that it does", () => {
  assert.deepEqual(["2", 0.01, 9, 0, undefined, "fast", null].map(playable), [2, 0.25, 4, 1, 1, 1, 1]);
});
