import assert from "node:assert/strict";
import { test } from "node:test";
import { controlOf, heading, parse, same, shown } from "../../../js/settings/field.js";

test("each type has its control", () => {
  assert.equal(controlOf({ type: "bool" }), "switch");
  assert.equal(controlOf({ type: "int" }), "number");
  assert.equal(controlOf({ type: "float" }), "number");
  assert.equal(controlOf({ type: "str" }), "text");
  assert.equal(controlOf({ type: "list" }), "lines");
  assert.equal(controlOf({ type: "str", choices: ["a", "b"] }), "choice");
});

test("a number is checked before it is sent", () => {
  const schema = { type: "int", min: 80, max: 512 };
  assert.deepEqual(parse(schema, "200"), { value: 200 });
  assert.deepEqual(parse(schema, "200.6"), { value: 201 });
  assert.match(parse(schema, "79").error, /least 80/);
  assert.match(parse(schema, "513").error, /most 512/);
  assert.match(parse(schema, "").error, /number/);
  assert.match(parse(schema, "x").error, /number/);
  assert.deepEqual(parse({ type: "float" }, "0,5"), { value: 0.5 });
});

test("a choice keeps the type of what the schema offers", () => {
  assert.deepEqual(parse({ type: "int", choices: [1, 2] }, "2"), { value: 2 });
});

test("lines become a list without the empty ones, and back", () => {
  assert.deepEqual(parse({ type: "list" }, " a \n\n b"), { value: ["a", "b"] });
  assert.equal(shown(["a", "b"]), "a\nb");
});

test("lists are the same when their members are", () => {
  assert.ok(same([1], [1]));
  assert.ok(!same([1], [2]));
});

test("a key without a label gets a readable one", () => {
  assert.equal(heading("thumbnail_size"), "Thumbnail size");
});
