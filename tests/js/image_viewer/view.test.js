import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { NO_FILTERS, toRequest } from "../../../js/image_viewer/filters.js";
import { begin } from "../../../js/image_viewer/head_start.js";
import { View } from "../../../js/image_viewer/view.js";

Object.assign(globalThis, { innerWidth: 1600, innerHeight: 900 });
const REQUEST = toRequest(NO_FILTERS);
const IDS = Array.from({ length: 1000 }, (_, index) => 5000 - index);

/** @type {Array<{path: string, body: any}>} */
let asked = [];
/** @type {Record<string, () => any>} */
let answers = {};

/** A server of a thousand pictures. */
function serve(path, { body, signal } = {}) {
  const name = new URL(path).pathname.split("/images/")[1];
  const data = body ? JSON.parse(body) : null;
  asked.push({ path: name, body: data });
  signal?.throwIfAborted();
  return answers[name.replace(/^view\/.*/, "layout")](data);
}

const json = (data, status = 200) => new Response(JSON.stringify(data), { status });

function opened({ first = 0 }) {
  return json({
    view: "one",
    version: 7,
    total: IDS.length,
    total_count: IDS.length,
    groups: [],
    months: [{ key: "2026-11", start: 0, count: IDS.length }],
    first: { ids: IDS.slice(0, first), aspects: IDS.slice(0, first).map(() => 128) },
  });
}

function layout() {
  const buffer = new ArrayBuffer(4 + IDS.length * 5);
  new DataView(buffer).setUint32(0, IDS.length, true);
  new Uint32Array(buffer, 4, IDS.length).set(IDS);
  return new Response(buffer);
}

/** A view, and what it said. */
function made(more = {}) {
  const changes = [];
  const view = new View({
    ...more,
    changed: (change) => changes.push({ ...change, shown: view.ids.length, filled: view.filled }),
    failed: (error, opening) => changes.push({ kind: "failed", error, opening }),
  });
  return { view, changes };
}

beforeEach(() => {
  asked = [];
  answers = { view: opened, layout, thumbnails: () => new Response(new ArrayBuffer(4)) };
  globalThis.fetch = async (...request) => serve(...request);
});

test("a long list shows its first screen, and all of it a moment later", async () => {
  const { view, changes } = made();
  await view.open(REQUEST);
  assert.deepEqual(
    changes.map(({ kind, shown, filled }) => [kind, shown, filled]),
    [
      ["opened", 400, false],
      ["filled", 1000, true],
    ],
  );
  assert.deepEqual([...view.ids], IDS);
  assert.equal(view.total, 1000);
  assert.equal(view.months.length, 1);
});

test("a list that fits the first screen is whole at once, and no layout is asked for", async () => {
  IDS.length = 30;
  const { view, changes } = made();
  await view.open(REQUEST);
  assert.deepEqual(
    changes.map(({ kind, filled }) => [kind, filled]),
    [["opened", true]],
  );
  assert.deepEqual(
    asked.map(({ path }) => path),
    ["view"],
  );
  IDS.length = 0;
  IDS.push(...Array.from({ length: 1000 }, (_, index) => 5000 - index));
});

test("the rest is asked for when it may come, and shown when it is prepared", async () => {
  const steps = [];
  const say = async (text) => void steps.push(`${text} ${asked.map(({ path }) => path)} ${view.ids.length}`);
  const { view, changes } = made({
    restMayCome: () => say("may come"),
    prepare: (aspects) => say(`prepare ${aspects.length}`),
  });
  await view.open(REQUEST);
  assert.deepEqual(steps, ["may come view 400", "prepare 1000 view,view/one/layout 400"]);
  assert.deepEqual(
    changes.map(({ kind, shown }) => [kind, shown]),
    [
      ["opened", 400],
      ["filled", 1000],
    ],
  );
});

test("what was asked ahead is taken over, once, by who opens the same list", async () => {
  begin(NO_FILTERS);
  const { view } = made();
  await view.open(REQUEST);
  assert.equal(asked.filter(({ path }) => path === "view").length, 1);
  const { ids } = await view.thumbs;
  assert.deepEqual(ids, IDS.slice(0, 36));
  assert.deepEqual(asked.find(({ path }) => path === "thumbnails").body, { ids });
  await view.open(REQUEST);
  assert.equal(asked.filter(({ path }) => path === "view").length, 2);
  assert.equal(view.thumbs, null);
});

test("another list than the one asked for ahead is asked for itself", async () => {
  begin(NO_FILTERS);
  const { view } = made();
  await view.open({ ...REQUEST, sort: "name_asc" });
  assert.deepEqual(
    asked.filter(({ path }) => path === "view").map(({ body }) => body.sort),
    ["mtime_desc", "name_asc"],
  );
});

test("what failed ahead is asked for again, and nobody hears of it", async () => {
  answers.view = () => json({ error: "not now" }, 503);
  begin(NO_FILTERS);
  answers.view = opened;
  const { view, changes } = made();
  await view.open(REQUEST);
  assert.deepEqual(
    changes.map(({ kind }) => kind),
    ["opened", "filled"],
  );
});

test("a list that is given up before all of it came says nothing more", async () => {
  const { view, changes } = made();
  /** @type {() => void} */
  let go = () => {};
  answers.layout = () => new Promise((resolve) => (go = () => resolve(layout())));
  const opening = view.open(REQUEST);
  while (!changes.length) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  answers.layout = layout;
  await view.open({ ...REQUEST, sort: "name_asc" });
  go();
  await opening;
  assert.deepEqual(
    changes.map(({ kind }) => kind),
    ["opened", "opened", "filled"],
  );
});

test("a list that the server forgot before all of it came is opened again, and no error is said", async () => {
  const { view, changes } = made();
  answers.layout = () => {
    answers.layout = layout;
    return json({ error: "gone" }, 404);
  };
  await view.open(REQUEST);
  assert.deepEqual(
    changes.map(({ kind, shown, filled }) => [kind, shown, filled]),
    [
      ["opened", 400, false],
      ["filled", 1000, true],
    ],
  );
  assert.deepEqual(
    asked.map(({ path, body }) => [path, body?.since]),
    [
      ["view", undefined],
      ["view/one/layout", undefined],
      ["view", undefined],
      ["view/one/layout", undefined],
    ],
  );
});

test("a list whose rest could not be read says so of what is shown, and is whole after the next try", async () => {
  const { view, changes } = made();
  answers.layout = () => json({ error: "not now" }, 503);
  await view.open(REQUEST);
  assert.deepEqual(
    changes.map(({ kind, opening }) => [kind, opening]),
    [
      ["opened", undefined],
      ["failed", false],
    ],
  );
  assert.equal(view.filled, false);
  const next = { ...(await opened({}).json()), view: "two" };
  answers.view = () => json(next);
  answers.layout = layout;
  await view.refresh();
  // It changed meanwhile: a patch does not fit what is only a part.
  assert.equal(asked.at(-2).body.since, undefined);
  assert.equal(view.filled, true);
  assert.equal(view.id, "two");
  assert.deepEqual([...view.ids], IDS);
  assert.equal(changes.at(-1).kind, "filled");
});

const NONE = { before: 0, after: 0, between: [] };
const PATCH = { from: "one", removed: [], inserted: [[0, 6000, 128]], changed: [], groups: NONE };

test("a change is taken over without asking for the whole list", async () => {
  const { view, changes } = made();
  await view.open(REQUEST);
  const months = { before: 0, after: 1, between: [["2026-12", "2026-12", 1]] };
  const patch = { ...PATCH, months };
  answers.view = () => json({ view: "two", version: 8, total: 1001, total_count: 1001, patch });
  asked = [];
  await view.refresh();
  assert.deepEqual(
    asked.map(({ path, body }) => [path, body.since]),
    [["view", "one"]],
  );
  assert.deepEqual([...view.ids.subarray(0, 2)], [6000, 5000]);
  assert.deepEqual(
    view.months.map(({ key, start, count }) => [key, start, count]),
    [
      ["2026-12", 0, 1],
      ["2026-11", 1, 1000],
    ],
  );
  assert.equal(changes.at(-1).whole, false);
});

test("a change that does not fit what is here is asked for as a whole", async () => {
  const { view, changes } = made();
  await view.open(REQUEST);
  const patch = { ...PATCH, months: { before: 2, after: 1, between: [] } };
  const whole = { ...(await opened({}).json()), view: "two" };
  answers.view = ({ since }) =>
    json(since ? { view: "two", version: 8, total: 1001, total_count: 1001, patch } : whole);
  await view.refresh();
  assert.deepEqual([...view.ids], IDS);
  assert.deepEqual(view.months, whole.months);
  assert.equal(changes.at(-1).whole, true);
});

test("a list that could not be opened is an error of opening", async () => {
  const { view, changes } = made();
  answers.view = () => json({ error: "no" }, 500);
  await view.open(REQUEST);
  assert.deepEqual(
    changes.map(({ kind, opening }) => [kind, opening]),
    [["failed", true]],
  );
});

test("who asks for a refresh while one is under way is told when that is done", async () => {
  const { view } = made();
  await view.open(REQUEST);
  const next = { ...(await opened({}).json()), view: "two" };
  /** @type {() => void} */
  let go = () => {};
  answers.view = () => new Promise((resolve) => (go = () => resolve(json(next))));
  const first = view.refresh();
  const second = view.refresh().then(() => view.id);
  answers.view = () => json(next);
  go();
  assert.equal(await second, "two");
  await first;
});
