import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_HEIGHT, ScrollMap } from "../../../js/image_viewer/scroll_map.js";
import { random } from "./random.js";

function map(content, view = 900) {
  const scroll = new ScrollMap();
  scroll.resize(content, view);
  return scroll;
}

test("a content that fits scrolls as the element does", () => {
  const scroll = map(100_000);
  assert.equal(scroll.element, 100_000);
  assert.equal(scroll.scrolled(4321), 4321);
  assert.equal(scroll.offset, 0);
  assert.equal(scroll.settle(), null);
});

test("no element is higher than 8,000,000 px, whatever the library", () => {
  assert.equal(map(100_000 * 512).element, MAX_HEIGHT);
  assert.equal(map(2_000_000 * 512).element, MAX_HEIGHT);
});

test("small scrolls move one to one and the content does not move against the element", () => {
  const scroll = map(60_000_000);
  scroll.moveTo(30_000_000);
  const offset = scroll.offset;
  for (let step = 0; step < 50; step++) {
    const top = scroll.top;
    assert.equal(scroll.scrolled(scroll.scrollTop + 120), top + 120);
    assert.equal(scroll.offset, offset);
  }
});

test("a drag of the scrollbar goes in proportion, and its ends are the ends", () => {
  const scroll = map(60_000_000);
  const room = MAX_HEIGHT - 900;
  assert.equal(scroll.scrolled(room / 2), Math.round(scroll.limit / 2));
  assert.equal(scroll.scrolled(room), scroll.limit);
  assert.equal(scroll.scrolled(0), 0);
});

test("every place is reached exactly and settles where it is", () => {
  const next = random(4);
  for (const content of [9_000_000, 28_800_000, 51_200_000, 1_024_000_000]) {
    const scroll = map(content);
    for (let round = 0; round < 200; round++) {
      const wanted = Math.floor(next() * scroll.limit);
      scroll.moveTo(wanted);
      assert.equal(scroll.top, wanted);
      assert.equal(scroll.settle(), null);
      scroll.scrolled(scroll.scrollTop + Math.floor(next() * 500) - 250);
      const top = scroll.top;
      scroll.settle();
      assert.equal(scroll.top, top, "settling moves the scrollbar, not the content");
    }
    scroll.moveTo(Infinity);
    assert.equal(scroll.top, scroll.limit);
    assert.equal(scroll.scrollTop, scroll.element - 900);
  }
});

test("wheeling on for ever reaches both ends and never runs out of element", () => {
  for (const direction of [1, -1]) {
    const scroll = map(9_000_000, 300);
    scroll.moveTo(direction > 0 ? 8_900_000 : 100_000);
    let guard = 0;
    while (scroll.top !== (direction > 0 ? scroll.limit : 0)) {
      const room = scroll.element - scroll.view;
      scroll.scrolled(Math.max(0, Math.min(room, scroll.scrollTop + direction * 100)));
      if (scroll.stuck) {
        scroll.settle();
      }
      guard += 1;
      assert.ok(guard < 20_000, "an end is reached");
    }
  }
});

test("a smaller content brings the view back inside it", () => {
  const scroll = map(50_000_000);
  scroll.moveTo(Infinity);
  scroll.resize(1000, 900);
  assert.equal(scroll.top, 100);
  scroll.resize(10, 900);
  assert.equal(scroll.top, 0);
});
