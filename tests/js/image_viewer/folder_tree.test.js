import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_FILTERS } from "../../../js/image_viewer/filters.js";
import { filterChips } from "../../../js/image_viewer/facet_choice.js";
import { pathOfValue, valueOfPath } from "../../../js/image_viewer/folder_names.js";
import { buildTree, stateOf, tickMany, toggle, walk } from "../../../js/image_viewer/folder_tree.js";
import { words } from "../../../js/image_viewer/search_strings.js";
import { folderLabel, groupLabel } from "../../../js/image_viewer/strings.js";

const tree = buildTree(
  ["b10", "b2", "a", "a/x", "a/y", "a/y/deep", "input:", "input:refs"].map((path) => ({ path, count: 1 })),
);
const at = (path) => [...walk(tree)].find((folder) => folder.path === path);
const sorted = (set) => [...set].sort();

test("folders are a tree in natural order, roots of their own at the top", () => {
  assert.deepEqual(
    tree.map((folder) => folder.path),
    ["a", "b2", "b10", "input:"],
  );
  assert.deepEqual(
    at("a").children.map((folder) => folder.name),
    ["x", "y"],
  );
  assert.equal(at("a/y/deep").depth, 2);
  assert.equal(at("input:refs").name, "refs");
});

test("a folder counts what is below it, too", () => {
  assert.equal(at("a").count, 4);
  assert.equal(at("a/y").count, 2);
  assert.equal(at("b2").count, 1);
});

test("a parent that the server did not list is made up", () => {
  const [only] = buildTree([{ path: "p/q/r", count: 3 }]);
  assert.equal(only.path, "p");
  assert.equal(only.count, 3);
  assert.equal(only.children[0].children[0].count, 3);
});

test("a ticked folder brings what is below it; the one above is partly ticked", () => {
  const ticked = new Set(["a/y"]);
  assert.equal(stateOf(at("a/y/deep"), ticked), "on");
  assert.equal(stateOf(at("a"), ticked), "some");
  assert.equal(stateOf(at("b2"), ticked), "off");
});

test("ticking a folder takes the place of what was ticked below it", () => {
  assert.deepEqual(sorted(toggle(tree, new Set(["a/x", "b2"]), at("a"))), ["a", "b2"]);
});

test("unticking below a ticked folder keeps the others", () => {
  assert.deepEqual(sorted(toggle(tree, new Set(["a"]), at("a/x"))), ["a/y"]);
  assert.deepEqual(sorted(toggle(tree, new Set(["a", "b2"]), at("a/y/deep"))), ["a/x", "b2"]);
});

test("all, none and invert leave locked folders as they are", () => {
  const locked = new Set(["b2"]);
  assert.deepEqual(sorted(tickMany(tree, new Set(), locked, "all")), ["a", "b10", "input:"]);
  assert.deepEqual(sorted(tickMany(tree, new Set(["a", "b2"]), locked, "none")), ["b2"]);
  assert.deepEqual(sorted(tickMany(tree, new Set(["a", "b2"]), locked, "invert")), ["b10", "b2", "input:"]);
  assert.deepEqual(sorted(tickMany(tree, new Set(["a/x"]), new Set(), "invert")), ["a/y", "b10", "b2", "input:"]);
  assert.deepEqual(sorted(tickMany(tree, new Set(["a"]), new Set(["a/x"]), "none")), ["a/x"]);
});

test("a folder called root is another one than the output folder itself", () => {
  const paths = ["root", "output:root", "output:root/x", "roots"];
  const made = buildTree(paths.map((path) => ({ path, count: 1 })));
  const named = new Map([...walk(made)].map((folder) => [folder.path, folder]));
  assert.deepEqual(
    made.map((folder) => [folder.path, folder.name, folder.count]),
    [
      ["root", "root", 1],
      ["output:root", "root", 2],
      ["roots", "roots", 1],
    ],
  );
  const ticked = toggle(made, new Set(), named.get("output:root"));
  assert.deepEqual(
    [...walk(made)].map((folder) => stateOf(folder, ticked)),
    ["off", "on", "on", "off"],
  );
  assert.equal(folderLabel("output:root/x"), "root/x");
  assert.notEqual(folderLabel("root"), "root");
});

test("the filter and the facet name the same folder, each in its way", () => {
  const pairs = {
    "": "root",
    root: "output:root",
    "root/x": "output:root/x",
    roots: "roots",
    "input:root": "input:root",
  };
  for (const [value, path] of Object.entries(pairs)) {
    assert.equal(pathOfValue(value), path);
    assert.equal(valueOfPath(path), value);
  }
  const left = { ...NO_FILTERS, facets: { folder: { any: [], none: ["", "root"] } } };
  assert.deepEqual(
    filterChips(left).map((chip) => words.chip(chip)),
    [folderLabel("root"), "root"],
  );
  assert.equal(groupLabel("folder", { key: "root" }), "root");
  assert.equal(groupLabel("folder", { key: "" }), folderLabel("root"));
});
