import assert from "node:assert/strict";
import { test } from "node:test";
import { segments, years } from "../../../js/image_viewer/timeline_marks.js";
import { random } from "./random.js";

/** Months of some years with pictures at random, newest first. */
function library(count, seed) {
  const next = random(seed);
  const months = [];
  let start = 0;
  for (let month = 0; month < count; month++) {
    const number = 2026 * 12 + 10 - month;
    const pictures = 1 + Math.floor(next() ** 6 * 50_000);
    months.push({
      key: `${Math.floor(number / 12)}-${String((number % 12) + 1).padStart(2, "0")}`,
      start,
      count: pictures,
    });
    start += pictures;
  }
  return { months, total: start };
}

test("the labels of two years never touch, and each stands in the bar", () => {
  for (let seed = 1; seed < 60; seed++) {
    for (const height of [60, 300, 900]) {
      const { months, total } = library(1 + ((seed * 37) % 500), seed);
      const named = years(months, (position) => (position / total) * height, height);
      assert.ok(named.length > 0);
      for (let index = 0; index < named.length; index++) {
        assert.ok(named[index].at >= 10 && named[index].at <= height - 10);
        assert.ok(!index || named[index].at - named[index - 1].at >= 20);
      }
    }
  }
});

test("of two years without room the one with more pictures is named", () => {
  const months = [
    { key: "2026-01", start: 0, count: 1 },
    { key: "2025-12", start: 1, count: 900 },
    { key: "2024-12", start: 901, count: 99 },
  ];
  const named = years(months, (position) => position / 2, 500);
  assert.deepEqual(
    named.map(({ label }) => label),
    ["2025", "2024"],
  );
});

test("months cover the bar without holes, each as high as its part of the list", () => {
  for (let seed = 1; seed < 30; seed++) {
    const { months, total } = library(120, seed);
    const marks = segments(months, (position) => (position / total) * 800, 800);
    assert.equal(marks[0].from, 0);
    assert.equal(marks.at(-1).to, 800);
    for (let index = 1; index < marks.length; index++) {
      assert.equal(marks[index].from, marks[index - 1].to);
      assert.ok(marks[index - 1].to - marks[index - 1].from >= 2);
    }
  }
});

test("a list without groups has no marks", () => {
  assert.deepEqual(
    segments([], () => 0, 800),
    [],
  );
  assert.deepEqual(
    years([], () => 0, 800),
    [],
  );
  assert.deepEqual(
    years([{ key: "", start: 0, count: 3 }], () => 0, 800),
    [],
  );
});
