import assert from "node:assert/strict";
import { test } from "node:test";
import { choose } from "../../../js/image_viewer/facet_choice.js";
import { NO_FILTERS } from "../../../js/image_viewer/filters.js";
import { fromSaved, toSaved } from "../../../js/image_viewer/saved_searches.js";
import { activeOf, wordsOf } from "../../../js/image_viewer/search_chips.js";
import { folderOfValue, valueLabel } from "../../../js/image_viewer/search_strings.js";

const words = (list) => list.map(wordsOf);

test("chips are the terms as the server read them, then the filters, and each says what is left out", () => {
  const text = "🦊 -model:flux red";
  const chips = [
    { start: 0, end: 1, text: "🦊", label: "🦊", kind: "word", excluded: false },
    { start: 2, end: 13, text: "-model:flux", label: "Model: flux", kind: "model", excluded: true },
    { start: 14, end: 17, text: "red", label: "red", kind: "word", excluded: false },
  ];
  let filters = { ...NO_FILTERS, search: text, edits: false, prompt: true };
  filters = choose(filters, "lora", "x/detail.safetensors", "none");
  filters = choose(filters, "rating", "5", "any");
  const active = activeOf(filters, { text, chips });
  assert.deepEqual(words(active), [
    "🦊",
    "Not Model: flux",
    "red",
    "Not LoRA: detail",
    "5 stars",
    "With prompt",
    "Without edits",
  ]);
  assert.equal(active[1].without.search, "🦊 red");
  assert.equal(active[0].without.search, "-model:flux red");
  assert.deepEqual(active[1].without.facets, filters.facets);
  assert.equal(active[3].without.search, text);
  assert.deepEqual(Object.keys(active[3].without.facets), ["rating"]);
});

test("what is not nothing is called something", () => {
  let filters = { ...NO_FILTERS };
  for (const [name, value] of [
    ["rating", "0"],
    ["tag", ""],
    ["lora", ""],
    ["model", ""],
    ["folder", ""],
    ["tag", "x"],
  ]) {
    filters = choose(filters, name, value, "none");
  }
  const active = activeOf(filters, { text: "", chips: [] });
  assert.deepEqual(words(active), [
    "Rated",
    "With tags",
    "Not #x",
    "With LoRA",
    "Model known",
    "Not Directly in output",
  ]);
  const has = {
    text: "x",
    chips: [{ start: 0, end: 9, text: "-has:tags", label: "Has tags", kind: "has", excluded: true }],
  };
  assert.deepEqual(words(activeOf(NO_FILTERS, has)), ["No tags"]);
});

test("a value that has a name of its own is called by it in its chip", () => {
  const filters = choose({ ...NO_FILTERS }, "shape", "7", "any");
  const terms = { text: "", chips: [] };
  assert.deepEqual(words(activeOf(filters, terms, new Map([["shape 7", "Flux · 2 LoRA"]]))), [
    "Workflow: Flux · 2 LoRA",
  ]);
  assert.deepEqual(words(activeOf(filters, terms)), ["Workflow: 7"]);
});

test("models are called by their file, and nothing has a name, too", () => {
  assert.equal(valueLabel("model", "flux/dev v1.0.safetensors"), "dev v1.0");
  assert.equal(valueLabel("lora", "a\\b\\detail.PT"), "detail");
  assert.equal(folderOfValue("model", "flux/sub/dev.safetensors"), "flux/sub");
  assert.equal(folderOfValue("tag", "a/b"), "");
  assert.equal(valueLabel("tag", "a/b.pt"), "a/b.pt");
  assert.equal(valueLabel("lora", ""), "None");
  assert.equal(valueLabel("model", ""), "Unknown");
  assert.equal(valueLabel("rating", "0"), "Not rated");
  assert.equal(valueLabel("rating", "1"), "1 star");
  assert.equal(valueLabel("resolution", "1024x768"), "1024 × 768");
  assert.equal(valueLabel("orientation", ""), "Unknown");
  assert.equal(valueLabel("month", ""), "No date");
});

test("a saved search opens as what it was, and a damaged one as the whole library", () => {
  let filters = {
    ...NO_FILTERS,
    search: 'a "b c" -d',
    sort: "model_asc",
    group: "month",
    folders: ["x"],
    tagged: true,
  };
  filters = choose(filters, "tag", "späť", "none");
  assert.deepEqual(fromSaved(JSON.parse(JSON.stringify(toSaved(filters)))), filters);
  for (const damaged of [null, {}, { address: 7 }, { address: "%%%&sort=;" }]) {
    assert.deepEqual(fromSaved(damaged), { ...NO_FILTERS });
  }
});
