import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, filterChips, monthRange, ordered, stateOfValue } from "../../../js/image_viewer/facet_choice.js";
import { NO_FILTERS, cleared } from "../../../js/image_viewer/filters.js";

const START = { ...NO_FILTERS };

test("a value is wanted, left out, or neither, and never two of them", () => {
  let filters = choose(START, "model", "a", "any");
  filters = choose(filters, "model", "b", "any");
  assert.deepEqual(filters.facets, { model: { any: ["a", "b"], none: [] } });
  filters = choose(filters, "model", "a", "none");
  assert.deepEqual(filters.facets, { model: { any: ["b"], none: ["a"] } });
  assert.equal(stateOfValue(filters, "model", "a"), "none");
  filters = choose(choose(filters, "model", "a", null), "model", "b", null);
  assert.deepEqual(filters, START);
});

test("choosing leaves the filters before as they were", () => {
  const before = choose(START, "lora", "x", "any");
  const copy = structuredClone(before);
  choose(before, "lora", "x", "none");
  choose(before, "tag", "", "any");
  assert.deepEqual(before, copy);
});

test("each chip takes away exactly its own filter", () => {
  let filters = {
    ...START,
    folders: ["a", "b"],
    facets: { model: { any: ["m"], none: ["n"] }, rating: { any: ["5"], none: [] } },
    from: "2026-01-02",
    workflow: true,
    edits: false,
    sort: "name_asc",
  };
  const seen = [];
  for (let chips = filterChips(filters); chips.length; chips = filterChips(filters)) {
    seen.push(`${chips[0].excluded ? "-" : ""}${chips[0].kind}`);
    filters = chips[0].without;
  }
  assert.deepEqual(seen, ["folder", "folder", "model", "-model", "rating", "date", "has-workflow", "-has-edits"]);
  assert.deepEqual(filters, cleared({ ...filters }));
});

test("many folders are one chip", () => {
  const chips = filterChips({ ...START, folders: ["a", "b", "c", "d"] });
  assert.deepEqual(
    chips.map((chip) => [chip.kind, chip.value]),
    [["folders", 4]],
  );
});

test("a month ends on its last day", () => {
  assert.deepEqual(monthRange(2024, 2), { from: "2024-02-01", to: "2024-02-29" });
  assert.deepEqual(monthRange(2026, 12), { from: "2026-12-01", to: "2026-12-31" });
});

const VALUES = ["a", "b", "c"].map((value, index) => ({ value, count: 10 - index }));
const names = (list) => list.map(({ value }) => value).join("");

test("what is chosen stands first, also what is not among the values that came", () => {
  const found = ordered(VALUES, { any: ["c", "z"], none: ["b"] });
  assert.equal(names(found), "czba");
  assert.deepEqual(
    found.map(({ state, count }) => [state, count]),
    [
      ["any", 8],
      ["any", null],
      ["none", 9],
      [null, 10],
    ],
  );
});

test("nothing moves where an order has to stay, and what is new comes last", () => {
  assert.equal(names(ordered(VALUES, { any: ["c"], none: [] }, ["a", "b", "c"])), "abc");
  assert.equal(names(ordered(VALUES, { any: [], none: [] }, ["c", "gone", "a"])), "cab");
});
