import assert from "node:assert/strict";
import { test } from "node:test";
import {
  NO_FILTERS,
  cleared,
  fromQuery,
  groupOf,
  isFiltered,
  remembered,
  toQuery,
  toRequest,
} from "../../../js/image_viewer/filters.js";

const FULL = {
  ...NO_FILTERS,
  folders: ["a/b & c", "input:x"],
  facets: {
    model: { any: ["flux/dev.safetensors", ""], none: [] },
    lora: { any: [], none: ["détail", "a=b&c"] },
    format: { any: ["PNG"], none: [] },
    tag: { any: ["späť"], none: ["-minus"] },
    folder: { any: [], none: [""] },
  },
  from: "2026-01-02",
  to: "2026-02-03",
  workflow: true,
  prompt: false,
  edits: true,
  tagged: false,
  search: "red fox",
  sort: "random_asc",
  shuffle: 77,
  group: "month",
};

const sorted = (facets) => Object.fromEntries(Object.entries(facets).sort());

test("filters survive the way through the address of the page", () => {
  const again = fromQuery(new URLSearchParams(toQuery(FULL).toString()));
  assert.deepEqual({ ...again, facets: sorted(again.facets) }, { ...FULL, facets: sorted(FULL.facets) });
  assert.equal(toQuery({ ...NO_FILTERS }).toString(), "");
  assert.deepEqual(fromQuery(new URLSearchParams("")), { ...NO_FILTERS });
});

test("an address made by hand cannot ask for what does not exist", () => {
  const filters = fromQuery(
    new URLSearchParams("sort=evil&in=nowhere&from=2026-99-99&workflow=maybe&shuffle=-1&group=all&colour=red&sort=x_y"),
  );
  assert.deepEqual(filters, { ...NO_FILTERS });
  for (const sort of ["name", "name_up", "_desc", "constructor_asc", "mtime_desc_asc_"]) {
    assert.match(fromQuery(new URLSearchParams({ sort })).sort, /^mtime_desc$/, sort);
  }
});

test("a value cannot be wanted and left out at once", () => {
  const { facets } = fromQuery(new URLSearchParams("model=a&model=a&-model=a&-model=b"));
  assert.deepEqual(facets, { model: { any: ["a"], none: ["b"] } });
});

test("addresses of an older version still say where their words are looked for", () => {
  assert.equal(fromQuery(new URLSearchParams("q=red+fox&in=prompt")).search, "prompt:(red fox)");
  assert.equal(fromQuery(new URLSearchParams("q=red&in=name")).search, "file:(red)");
  assert.equal(fromQuery(new URLSearchParams("q=red&in=all")).search, "red");
});

test("what an older version remembered becomes choices of facets", () => {
  const kept = { formats: ["PNG"], tags: ["a"], folders: ["x"], scope: "prompt", search: "old", sort: "name_asc" };
  assert.deepEqual(remembered(kept), {
    ...NO_FILTERS,
    folders: ["x"],
    facets: { format: { any: ["PNG"], none: [] }, tag: { any: ["a"], none: [] } },
    sort: "name_asc",
  });
  assert.deepEqual(remembered(null), { ...NO_FILTERS });
  assert.deepEqual(remembered({ ...FULL }), { ...FULL, search: "" });
});

test("what is not filtered is not sent", () => {
  assert.deepEqual(toRequest({ ...NO_FILTERS }), { sort: "mtime_desc", group: "day" });
});

test("the request has the names that the server knows", () => {
  assert.deepEqual(toRequest(FULL), {
    sort: "random_asc",
    random_seed: 77,
    group: "month",
    folder_filters: ["a/b & c", "input:x"],
    facets: FULL.facets,
    startDate: "2026-01-02",
    endDate: "2026-02-03",
    workflow_sources: ["embedded", "sidecar"],
    bool_filters: { has_prompt: false, has_edits: true, has_tags: false },
    search: "red fox",
  });
  assert.deepEqual(toRequest({ ...NO_FILTERS, workflow: false }).workflow_sources, ["none"]);
});

test("space at the end asks for nothing new, and space before a term keeps its place", () => {
  assert.equal(toRequest({ ...NO_FILTERS, search: " x " }).search, " x");
  assert.equal(toRequest({ ...NO_FILTERS, search: "  " }).search, undefined);
});

test("days are the groups of dates unless others were chosen", () => {
  assert.equal(groupOf({ ...NO_FILTERS }), "day");
  assert.equal(groupOf({ ...NO_FILTERS, sort: "name_asc" }), null);
  assert.equal(groupOf({ ...NO_FILTERS, group: "none" }), null);
  assert.equal(groupOf({ ...NO_FILTERS, sort: "name_asc", group: "model" }), "model");
});

test("an order is no filter, and clearing keeps it", () => {
  assert.equal(isFiltered({ ...NO_FILTERS, sort: "random_desc", shuffle: 3, group: "folder" }), false);
  assert.equal(isFiltered({ ...NO_FILTERS, search: " " }), false);
  for (const name of ["folders", "facets", "from", "to", "workflow", "prompt", "edits", "tagged", "search"]) {
    assert.equal(isFiltered({ ...NO_FILTERS, [name]: FULL[name] }), true, name);
  }
  assert.deepEqual(cleared(FULL), { ...NO_FILTERS, sort: "random_asc", shuffle: 77, group: "month" });
});
