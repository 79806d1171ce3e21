import assert from "node:assert/strict";
import { test } from "node:test";
import { Selection } from "../../../js/image_viewer/selection.js";

test("all that match is one word, with exceptions", () => {
  const selection = new Selection();
  selection.selectAll();
  assert.equal(selection.count(1_000_000), 1_000_000);
  assert.ok(selection.has(123));
  selection.toggle(123);
  assert.ok(!selection.has(123));
  assert.equal(selection.count(1_000_000), 999_999);
  assert.equal(selection.ids, null);
  assert.deepEqual(selection.toRequest({ sort: "name_asc" }), { filter: { sort: "name_asc" }, except: [123] });
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
  assert.deepEqual(selection.toRequest({}), { ids: [7, 8] });
});

test("what is deleted is no longer selected", () => {
  const selection = new Selection();
  selection.replace([1, 2]);
  selection.anchor = 2;
  selection.forget([2, 9]);
  assert.deepEqual(selection.ids, [1]);
  assert.equal(selection.anchor, null);
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
