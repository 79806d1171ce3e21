import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Scope } from "../../../js/core/scope.js";
import { placeLabel } from "../../../js/image_viewer/place_label.js";
import { createPlaceMarks, placeWords, shortWords } from "../../../js/image_viewer/place_marks.js";

const TOTAL = 1000;
const real = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = real;
});

const viewOf = (request, more = {}) => ({
  id: "v",
  request,
  total: TOTAL,
  groups: [],
  groupsLeftOut: 0,
  months: [],
  ...more,
});

/** Marks of a view from a server that answers `answers(url)`; each arrival is one more in `arrived`. */
function marksOf(view, answers) {
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(String(url).replace(/^.*images/, ""));
    return new Response(JSON.stringify(answers(String(url))), { headers: { "Content-Type": "application/json" } });
  };
  const waiting = [];
  let arrived = 0;
  const marks = createPlaceMarks(view, new Scope(), () => {
    arrived += 1;
    for (const done of waiting.splice(0)) {
      done();
    }
  });
  const next = () => new Promise((done) => waiting.push(done));
  return { marks, asked, next, times: () => arrived };
}

test("values are read as what they are", () => {
  assert.equal(placeWords("rating", 4), "4 stars");
  assert.equal(placeWords("rating", 0), "Not rated");
  assert.equal(placeWords("model", "flux/dev.safetensors"), "flux/dev");
  assert.equal(placeWords("model", ""), "No model known");
  assert.equal(placeWords("seed", "18446744073709551614"), "Seed 18446744073709551614");
  assert.equal(placeWords("seed", ""), "No seed known");
  assert.match(placeWords("resolution", [1024, 768]), /^1.?024 × 768$/);
  assert.equal(placeWords("resolution", [0, 0]), "No size known");
  assert.equal(placeWords("duration", 0), "No duration");
  assert.equal(placeWords("prompt", ""), "No prompt");
  assert.equal(placeWords("name", "a_1.png"), "a_1.png");
});

test("a model begins where its first picture is, and ends with its last", async () => {
  const view = viewOf({ sort: "model_asc" });
  const found = [
    { start: 0, value: "" },
    { start: 10, value: "a.ckpt" },
    { start: 400, value: "b.ckpt" },
  ];
  const { marks, next } = marksOf(view, () => ({ by: "model", exact: true, marks: found }));
  assert.match(placeLabel(view, undefined, 9, marks), /^10 of 1.?000$/);
  marks.renew();
  await next();
  assert.equal(placeLabel(view, undefined, 9, marks), "No model known");
  assert.equal(placeLabel(view, undefined, 10, marks), "a");
  assert.equal(placeLabel(view, undefined, 399, marks), "a");
  assert.equal(placeLabel(view, undefined, 999, marks), "b");
  assert.deepEqual(marks.parts, found);
});

test("of a seed between two marks the very one is asked for, once", async () => {
  const view = viewOf({ sort: "seed_asc" });
  const { marks, asked, next } = marksOf(view, (url) =>
    url.includes("at=")
      ? { by: "seed", exact: false, marks: [{ start: 7, value: "77" }] }
      : {
          by: "seed",
          exact: false,
          marks: [
            { start: 0, value: "1" },
            { start: 500, value: "5000" },
          ],
        },
  );
  marks.renew();
  await next();
  assert.equal(placeLabel(view, undefined, 500, marks), "Seed 5000");
  assert.equal(placeLabel(view, undefined, 7, marks), "Seed 1");
  await next();
  assert.equal(placeLabel(view, undefined, 7, marks), "Seed 77");
  assert.deepEqual(asked, ["/marks?view=v", "/marks?view=v&at=7"]);
  assert.deepEqual(marks.parts, []);
});

test("a row that is here says more than a mark, and names have their letters beside the bar", async () => {
  const view = viewOf({ sort: "name_asc" });
  const { marks, next } = marksOf(view, () => ({
    by: "name",
    exact: false,
    marks: [
      { start: 0, value: "12.png" },
      { start: 300, value: "apple.png" },
      { start: 600, value: "zebra.png" },
    ],
  }));
  marks.renew();
  await next();
  assert.equal(placeLabel(view, undefined, 450, marks), "apple.png");
  assert.equal(placeLabel(view, { filename: "kiwi.png" }, 450, marks), "kiwi.png");
  assert.deepEqual(marks.named, [
    { key: "0–9", start: 0, count: 300 },
    { key: "A", start: 300, count: 300 },
    { key: "Z", start: 600, count: 400 },
  ]);
  assert.equal(shortWords("rating", 3), "3 ★");
  assert.equal(shortWords("name", "🦊fox.png"), "🦊");
  assert.equal(shortWords("name", ""), "");
  assert.equal(shortWords("seed", "3"), "");
});

test("marks of another order are not those of this one", async () => {
  const view = viewOf({ sort: "rating_desc" });
  const { marks, next } = marksOf(view, () => ({ by: "rating", exact: true, marks: [{ start: 0, value: 5 }] }));
  marks.renew();
  await next();
  assert.equal(placeLabel(view, undefined, 3, marks), "5 stars");
  view.request = { sort: "seed_asc" };
  assert.match(placeLabel(view, undefined, 3, marks), /^4 of 1.?000$/);
  assert.deepEqual([marks.parts, marks.named], [[], []]);
});

test("marks of another list in the same order are not those of this one", async () => {
  const view = viewOf({ sort: "rating_desc" });
  const { marks, next, times } = marksOf(view, () => ({ by: "rating", exact: true, marks: [{ start: 0, value: 5 }] }));
  marks.renew();
  await next();
  assert.equal(marks.parts.length, 1);
  // Its first screen is here, and its marks are not asked for yet.
  view.id = "w";
  view.request = { sort: "rating_desc", search: "castle" };
  assert.match(placeLabel(view, undefined, 3, marks), /^4 of 1.?000$/);
  assert.deepEqual([marks.parts, marks.named], [[], []]);
  marks.renew();
  assert.equal(times(), 2);
  await next();
  assert.equal(placeLabel(view, undefined, 3, marks), "5 stars");
  // A list that changes keeps its marks until there are newer ones.
  view.id = "x";
  marks.renew();
  assert.equal(marks.parts.length, 1);
});

test("dates and groups say themselves where one is", () => {
  const months = [
    { key: "2026-02", start: 0, count: 500 },
    { key: "2026-01", start: 500, count: 500 },
  ];
  const by = (request, groups = []) => viewOf(request, { months, groups });
  const row = { mtime: new Date(2026, 0, 9).getTime() / 1000 };
  assert.match(placeLabel(by({ sort: "mtime_desc" }), undefined, 700), /January 2026/);
  assert.match(placeLabel(by({ sort: "mtime_desc" }), row, 700), /9 .*January 2026|January 9, 2026/);
  // Days are mixed within a month that is in the order of names.
  const mixed = by({ sort: "name_asc", group: "month" }, months);
  assert.match(placeLabel(mixed, row, 700), /^January 2026$/);
  const folders = [
    { key: "a", label: "a", start: 0, count: 600 },
    { key: "b", label: "b", start: 600, count: 400 },
  ];
  assert.equal(placeLabel(viewOf({ sort: "seed_asc", group: "folder" }, { groups: folders }), row, 700), "b");
});
