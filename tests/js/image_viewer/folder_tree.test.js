import assert from "node:assert/strict";
import { test } from "node:test";
import { buildTree, stateOf, tickMany, toggle, walk } from "../../../js/image_viewer/folder_tree.js";

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
