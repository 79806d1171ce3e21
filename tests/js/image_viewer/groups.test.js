import assert from "node:assert/strict";
import { test } from "node:test";
import { groupAt, groupsWithin, joinDays } from "../../../js/image_viewer/groups.js";
import { startOfDay } from "../../../js/image_viewer/jump_to_date.js";

const days = (...entries) => {
  let start = 0;
  return entries.map(([key, count]) => {
    const day = { key, start, count };
    start += count;
    return day;
  });
};

test("days with few pictures share a header within their month", () => {
  const joined = joinDays(days(["2026-11-21", 2], ["2026-11-20", 3], ["2026-10-31", 1], ["2026-10-01", 1]), 10);
  assert.deepEqual(joined, [
    { key: "2026-11-21", to: "2026-11-20", start: 0, count: 5 },
    { key: "2026-10-31", to: "2026-10-01", start: 5, count: 2 },
  ]);
});

test("days are joined in the order of the list, whichever it is", () => {
  const joined = joinDays(days(["2026-10-01", 1], ["2026-10-31", 1], ["2026-11-20", 3]), 10);
  assert.deepEqual(joined, [
    { key: "2026-10-01", to: "2026-10-31", start: 0, count: 2 },
    { key: "2026-11-20", to: "2026-11-20", start: 2, count: 3 },
  ]);
});

test("a full day keeps a header of its own", () => {
  const joined = joinDays(days(["2026-11-21", 50], ["2026-11-20", 60]), 10);
  assert.deepEqual(
    joined.map((group) => group.count),
    [50, 60],
  );
});

test("a new picture changes no header but the newest", () => {
  const before = joinDays(days(["2026-11-20", 4], ["2026-11-19", 9], ["2026-11-18", 12], ["2026-11-02", 3]), 10);
  const after = joinDays(
    days(["2026-11-21", 1], ["2026-11-20", 4], ["2026-11-19", 9], ["2026-11-18", 12], ["2026-11-02", 3]),
    10,
  );
  assert.deepEqual(
    after.slice(1).map((group) => [group.key, group.to, group.count]),
    before.slice(1).map((group) => [group.key, group.to, group.count]),
  );
});

test("groups are found by position", () => {
  const list = days(["2026-11-21", 2], ["2026-11-20", 3], ["2026-10-31", 1]);
  assert.deepEqual(
    [0, 1, 2, 4, 5, 99].map((position) => groupAt(list, position)),
    [0, 0, 1, 1, 2, 2],
  );
  assert.equal(groupAt([], 5), 0);
});

test("of a list whose first screen is here, the groups end where it does", () => {
  const list = days(["b", 30], ["a", 50], ["c", 7]);
  assert.equal(groupsWithin(list, 87), list);
  assert.deepEqual(groupsWithin(list, 80), list.slice(0, 2));
  assert.deepEqual(groupsWithin(list, 40), [list[0], { key: "a", start: 30, count: 10 }]);
  assert.deepEqual(groupsWithin(list, 5), [{ key: "b", start: 0, count: 5 }]);
  assert.deepEqual(groupsWithin([], 5), []);
});

test("a date leads to its day or the nearest one before it, in either order", () => {
  const newest = days(["2026-11-21", 2], ["2026-11-10", 3], ["2025-01-05", 1]);
  const oldest = days(["2025-01-05", 1], ["2026-11-10", 3], ["2026-11-21", 2]);
  for (const [date, fromNewest, fromOldest] of [
    ["2026-11-21", 0, 4],
    ["2026-11-20", 2, 1],
    ["2026-11-10", 2, 1],
    ["2026-01-01", 5, 0],
    ["2030-01-01", 0, 4],
    ["1999-01-01", 5, 0],
  ]) {
    assert.equal(startOfDay(newest, date), fromNewest, date);
    assert.equal(startOfDay(oldest, date), fromOldest, date);
  }
  assert.equal(startOfDay([], "2026-01-01"), 0);
});
