import assert from "node:assert/strict";
import { test } from "node:test";
import { fitness } from "../../../js/ui/commands.js";
import { aside, besides } from "../../../js/ui/popup_place.js";
import { sortRows, toCsv } from "../../../js/ui/table_model.js";
import { isLight } from "../../../js/ui/theme.js";

const menu = { width: 200, height: 300 };

test("a menu opens below its button, and above it where there is more room", () => {
  const top = { left: 50, right: 90, top: 10, bottom: 40 };
  assert.deepEqual(besides(top, menu, 1000, 800, "start"), { left: 50, top: 44 });
  const low = { left: 50, right: 90, top: 700, bottom: 730 };
  assert.equal(besides(low, menu, 1000, 800, "start").top, 396);
});

test("a menu never leaves the window, however small it is", () => {
  for (const [width, height] of [
    [1000, 800],
    [320, 400],
    [150, 100],
  ]) {
    const at = besides(
      { left: width - 20, right: width, top: height / 2, bottom: height / 2 + 20 },
      menu,
      width,
      height,
      "start",
    );
    assert.ok(at.left >= 4 && at.top >= 4);
    assert.ok(at.left + menu.width <= Math.max(width, menu.width + 4));
  }
});

test("a submenu opens to the left where the right side is too narrow", () => {
  assert.ok(aside({ left: 850, right: 990, top: 10, bottom: 40 }, menu, 1000, 800).left < 850);
  assert.equal(aside({ left: 50, right: 190, top: 10, bottom: 40 }, menu, 1000, 800).left, 188);
});

test("rows without a value are last both ways, and equal ones keep their order", () => {
  const rows = [
    { v: 2, n: "a" },
    { v: null, n: "b" },
    { v: 10, n: "c" },
    { v: 2, n: "d" },
  ];
  const names = (/** @type {boolean} */ down) =>
    sortRows(rows, (row) => row.v, down)
      .map(({ n }) => n)
      .join("");
  assert.equal(names(false), "adcb");
  assert.equal(names(true), "cadb");
});

test("names with figures are sorted as people count", () => {
  assert.deepEqual(
    sortRows(["a10", "a9", "A1"], (name) => name, false),
    ["A1", "a9", "a10"],
  );
});

test("CSV quotes what needs it and defuses what a spreadsheet would run", () => {
  const columns = [
    { id: "n", title: "Name", value: (/** @type {any} */ row) => row.n },
    { id: "v", title: "Value", value: (/** @type {any} */ row) => row.v },
  ];
  assert.equal(
    toCsv(
      [
        { n: 'say "a, b"', v: -3 },
        { n: "=cmd()", v: null },
      ],
      columns,
    ),
    'Name,Value\r\n"say ""a, b""",-3\r\n\'=cmd(),',
  );
});

test("grounds of ComfyUI's palettes are told apart, in every way browsers write colours", () => {
  assert.equal(isLight("rgb(53, 53, 53)"), false);
  assert.equal(isLight("rgb(245, 245, 245)"), true);
  assert.equal(isLight("color(srgb 0.09 0.09 0.1)"), false);
  assert.equal(isLight("color(srgb 1 1 1)"), true);
  assert.equal(isLight("rgba(255, 255, 255, 0)"), null);
  assert.equal(isLight("rgb(253, 246, 227)"), true);
  assert.equal(isLight("rgb(46, 52, 64)"), false);
});

test("a command is found by its words in any order, best first", () => {
  assert.ok(fitness("Open gallery", "gal op"));
  assert.equal(fitness("Open gallery", "settings"), 0);
  assert.ok(fitness("Gallery", "gal") > fitness("Open gallery", "gal"));
});
