import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonModel } from "../../../js/image_viewer/json_model.js";
import { placesIn } from "../../../js/image_viewer/json_text.js";

const show = (model) =>
  model
    .window(0, 100)
    .map(({ depth, name, kind, value, size }) => `${" ".repeat(depth)}${name} ${value || kind + size}`);

test("a text is shown as its first level, and as much as is opened", () => {
  const model = new JsonModel('{"nodes": [{"id": 1, "title": "a\\nb"}, {}], "version": 0.4}', "workflow");
  assert.deepEqual(show(model), ["workflow object2", " nodes list2", " version 0.4"]);
  model.toggle(1);
  model.toggle(2);
  assert.deepEqual(show(model), [
    "workflow object2",
    " nodes list2",
    "  0 object2",
    "   id 1",
    '   title "a b"',
    "  1 object0",
    " version 0.4",
  ]);
  model.closeAll();
  assert.equal(model.length, 3);
  assert.equal(model.openAll(), true);
  assert.equal(model.length, 7);
});

test("numbers keep all of their digits, and what only Python writes is taken as it is", () => {
  const model = new JsonModel('{"seed": 18446744073709551615, "cfg": NaN, "big": -Infinity}', "prompt");
  assert.deepEqual(show(model).slice(1), [" seed 18446744073709551615", " cfg NaN", " big -Infinity"]);
  assert.equal(model.value(1), "18446744073709551615");
});

test("a place has a path as a script would write it, and a value without its quotes", () => {
  const model = new JsonModel('{"3": {"inputs": {"text": "say \\"hi\\"", "odd key": [[1]]}}}', "prompt");
  model.openAll();
  const lines = model.window(0, 10);
  assert.deepEqual(
    lines.map(({ node }) => model.path(node)),
    [
      "prompt",
      '["3"]',
      '["3"].inputs',
      '["3"].inputs.text',
      '["3"].inputs["odd key"]',
      '["3"].inputs["odd key"][0]',
      '["3"].inputs["odd key"][0][0]',
    ],
  );
  assert.equal(model.value(3), 'say "hi"');
  assert.equal(model.value(4), "[[1]]");
});

test("what is searched is found in names and values, however Python wrote its letters, and never in between", () => {
  const text = JSON.stringify({ Été: "x", a: "chat été", list: [1, 2, { deep: "ÉTÉ" }], q: 'a "b" \\ c' });
  const escaped = text.replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
  for (const one of [text, escaped]) {
    const model = new JsonModel(one, "t");
    const paths = (query) => [...model.find(query).nodes].map((node) => model.path(node));
    assert.deepEqual(paths("été"), ['["Été"]', "a", "list[2].deep"]);
    assert.deepEqual(paths('"b" \\'), ["q"]);
    assert.deepEqual(paths('","'), []);
    assert.deepEqual(paths(".*"), []);
    const [node] = model.find("deep").nodes;
    assert.equal(model.window(model.reveal(node), 1)[0].name, "deep");
  }
});

test("markup in a text is text, and a long one is cut where it is shown but copied whole", () => {
  const long = `<img src=x onerror=alert(1)>${"é".repeat(1000)}`;
  const model = new JsonModel(JSON.stringify([long]), "t");
  const [, line] = model.window(0, 2);
  assert.ok(line.value.startsWith('"<img src=x onerror=alert(1)>'));
  assert.ok(line.value.length < 320);
  assert.equal(model.value(1), long);
});

test("what is no JSON is refused, however deep it goes", () => {
  for (const text of ["", "{", '{"a"', '{"a":1]', "[1}", '"a', "[1] [2]", "{1}", '{"a":"b', "]"]) {
    assert.throws(() => placesIn(text), SyntaxError, text);
  }
  const deep = 200_000;
  const model = new JsonModel("[".repeat(deep) + "]".repeat(deep), "deep");
  assert.equal(model.openAll(), false);
  assert.equal(model.length, 50_000);
  assert.equal(model.reveal(deep - 1), deep - 1);
});

test("of millions of values all but a screen stay numbers", () => {
  const text = `{"nodes":[${Array.from({ length: 150_000 }, (_, id) => `{"id":${id},"on":true}`).join()}]}`;
  const model = new JsonModel(text, "workflow");
  assert.equal(model.places.count, 450_002);
  assert.equal(model.openAll(), false);
  assert.equal(model.length, 2);
  const { nodes, more } = model.find("on");
  assert.equal(nodes.length, 100_000);
  assert.equal(more, true);
  assert.equal(model.path(nodes[99_999]), "nodes[99999].on");
});
