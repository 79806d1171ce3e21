import assert from "node:assert/strict";
import { test } from "node:test";
import { Selection } from "../../../js/image_viewer/selection.js";
import { whichOf } from "../../../js/image_viewer/which.js";
import { random } from "./random.js";

test("all that match is one word, with exceptions", () => {
  const selection = new Selection();
  selection.selectAll();
  assert.equal(selection.count(1_000_000), 1_000_000);
  assert.ok(selection.has(123));
  selection.toggle(123);
  assert.ok(!selection.has(123));
  assert.equal(selection.count(1_000_000), 999_999);
  assert.equal(selection.ids, null);
  const view = { id: "v", ids: Uint32Array.from({ length: 1_000_000 }, (_, at) => at + 1) };
  assert.deepEqual(whichOf(selection, view), {
    view: "v",
    ranges: [
      [0, 122],
      [123, 999_877],
    ],
  });
  selection.set([123, 5], true);
  assert.equal(selection.count(1_000_000), 1_000_000);
});

test("a range is added to what is selected, or replaces it", () => {
  const selection = new Selection();
  selection.only(1);
  selection.set([2, 3, 4], true);
  assert.deepEqual(selection.ids, [1, 2, 3, 4]);
  selection.replace([7, 8]);
  assert.deepEqual(selection.ids, [7, 8]);
  assert.deepEqual(whichOf(selection, { id: "v", ids: Uint32Array.of(7, 8) }), { ids: [7, 8] });
});

test("a group of half a million is selected with the rest, and named by where it stands", () => {
  const selection = new Selection();
  const ids = Uint32Array.from({ length: 1_000_000 }, (_, at) => 3_000_000 - at * 2);
  selection.only(ids[3]);
  selection.set(ids.subarray(200_000, 700_000), true);
  selection.toggle(ids[200_000]);
  assert.equal(selection.count(ids.length), 500_000);
  assert.equal(selection.ids, null);
  assert.ok(selection.has(ids[699_999]) && !selection.has(ids[700_000]));
  assert.deepEqual(whichOf(selection, { id: "v", ids }), {
    view: "v",
    ranges: [
      [3, 1],
      [200_001, 499_999],
    ],
  });
});

test("what comes to a list after all of it was selected is not selected", () => {
  const selection = new Selection();
  selection.selectAll();
  selection.toggle(2);
  selection.settle([1, 2, 3]);
  selection.keepOnly([9, 1, 2]);
  assert.ok(selection.has(1) && !selection.has(2) && !selection.has(9));
  assert.equal(selection.count(3), 1);
  assert.deepEqual(selection.ids, [1]);
});

test("a band is added to what was selected before it, as often as it is drawn anew", () => {
  const selection = new Selection();
  selection.selectAll();
  selection.set([4, 5, 6], false);
  const kept = selection.chosen;
  selection.replace([4, 5], kept);
  selection.replace([6], kept);
  assert.ok(selection.has(6) && selection.has(1) && !selection.has(4) && !selection.has(5));
  selection.replace([8]);
  assert.deepEqual(selection.ids, [8]);
});

test("any ids are kept as they are", () => {
  const next = random(4);
  const selection = new Selection();
  const model = new Set();
  for (let turn = 0; turn < 1900; turn++) {
    const id = Math.floor(next() ** 4 * 2_000_000);
    selection.toggle(id);
    if (!model.delete(id)) {
      model.add(id);
    }
    if (turn % 100 === 0) {
      assert.deepEqual(
        selection.ids,
        [...model].sort((a, b) => a - b),
      );
    }
  }
  assert.equal(selection.count(9), model.size);
});

test("what the list no longer shows is neither selected nor an exception", () => {
  const selection = new Selection();
  selection.replace([1, 2, 3]);
  selection.keepOnly(Uint32Array.from([9, 3, 1]));
  assert.deepEqual(selection.ids, [1, 3]);
  selection.selectAll();
  selection.toggle(5);
  selection.toggle(6);
  selection.keepOnly(Uint32Array.from([1, 3, 6, 9]));
  assert.equal(selection.count(4), 3);
  assert.ok(!selection.has(6));
});

test("listeners hear of changes until their signal ends, and not of a clear that clears nothing", () => {
  const selection = new Selection();
  const controller = new AbortController();
  let heard = 0;
  selection.onChange(() => heard++, controller.signal);
  selection.clear();
  assert.equal(heard, 0);
  selection.only(1);
  selection.clear();
  assert.equal(heard, 2);
  controller.abort();
  selection.only(1);
  assert.equal(heard, 2);
});

test("a range does not begin at a picture that is gone", () => {
  const selection = new Selection();
  selection.only(2);
  selection.keepOnly(Uint32Array.of(1, 2));
  assert.equal(selection.anchor, 2);
  selection.keepOnly(Uint32Array.of(1));
  assert.equal(selection.anchor, null);
  selection.toggle(1);
  selection.toggle(1);
  selection.keepOnly(Uint32Array.of(7));
  assert.equal(selection.anchor, null);
});

test("what is scattered over the list is a bit for each of its pictures", () => {
  const next = random(9);
  const selection = new Selection();
  const ids = Uint32Array.from({ length: 1_000_001 }, (_, at) => at + 1);
  const chosen = new Set(ids.filter((id) => id === ids.length || next() < 0.4));
  selection.set(chosen, true);
  const request = whichOf(selection, { id: "v", ids });
  assert.deepEqual(Object.keys(request), ["view", "bits"]);
  assert.ok(JSON.stringify(request).length < 200_000);
  const bytes = Buffer.from(request.bits, "base64");
  assert.deepEqual(
    ids.filter((_, at) => (bytes[at >> 3] >> (at & 7)) & 1),
    Uint32Array.from(chosen),
  );
});

test("a selection goes on in another list, and its number is known when all of that is here", () => {
  const selection = new Selection();
  selection.selectAll();
  selection.toggle(2);
  selection.carry([1, 2, 3, 4], true);
  assert.ok(selection.carried);
  assert.equal(selection.count(0), 3);
  selection.keepOnly(Uint32Array.of(4, 9, 2, 1));
  assert.ok(!selection.carried);
  assert.deepEqual(selection.ids, [1, 4]);
  // Nothing that was gone comes back.
  selection.carry(Uint32Array.of(4, 9, 2, 1), true);
  selection.keepOnly(Uint32Array.of(1, 2, 3, 4, 9));
  assert.deepEqual(selection.ids, [1, 4]);
});

test("of all of a list that never came whole, nobody can say what it was", () => {
  const selection = new Selection();
  selection.selectAll();
  selection.carry([1, 2], false);
  assert.ok(selection.empty);
  selection.replace([1, 7]);
  selection.carry([1, 2], false);
  assert.deepEqual(selection.ids, [1, 7]);
});

test("what was chosen before the list has come is inverted in all of it", () => {
  const selection = new Selection();
  selection.replace([1, 2, 50]);
  selection.carry([1, 2, 50], true);
  selection.invert();
  assert.ok(selection.carried);
  selection.keepOnly(Uint32Array.of(1, 2, 3, 4));
  assert.equal(selection.count(4), 2);
  assert.ok(selection.has(3) && !selection.has(1));
});

test("all but each one of them is nothing", () => {
  const selection = new Selection();
  selection.selectAll();
  selection.set([1, 2], false);
  assert.ok(!selection.nothingOf(3));
  selection.toggle(3);
  assert.ok(selection.nothingOf(3));
  selection.clear();
  selection.invert();
  assert.ok(!selection.nothingOf(3));
});

test("a million that were all but a few are settled and kept bit by bit", () => {
  const selection = new Selection();
  const list = Uint32Array.from({ length: 1_000_000 }, (_, at) => at * 3 + 1);
  selection.selectAll();
  selection.set(list.subarray(10, 20), false);
  selection.carry(list, true);
  assert.equal(selection.count(0), 999_990);
  selection.keepOnly(list.subarray(0, 500_000));
  assert.equal(selection.count(0), 499_990);
  assert.ok(!selection.has(list[10]) && selection.has(list[9]) && !selection.has(list[500_000]));
});
