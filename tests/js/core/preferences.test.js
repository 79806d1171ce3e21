import assert from "node:assert/strict";
import { test } from "node:test";
import { createPreferences } from "../../../js/core/preferences.js";

class FakeStorage {
  items = new Map();
  writes = 0;
  getItem(key) {
    return this.items.get(key) ?? null;
  }
  setItem(key, value) {
    this.writes += 1;
    this.items.set(key, value);
  }
  removeItem(key) {
    this.items.delete(key);
  }
}

const broken = {
  getItem() {
    throw new Error("blocked");
  },
  setItem() {
    throw new Error("full");
  },
  removeItem() {
    throw new Error("blocked");
  },
};

test("what was set is known at once and read back later, per user", () => {
  const storage = new FakeStorage();
  const ann = createPreferences({ name: "ann", storage });
  ann.set("panel", { x: 1 });
  assert.deepEqual(ann.get("panel"), { x: 1 });
  ann.flush();
  assert.deepEqual(createPreferences({ name: "ann", storage }).get("panel"), { x: 1 });
  assert.equal(createPreferences({ name: "bob", storage }).get("panel", "none"), "none");
});

test("many changes are written once", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const storage = new FakeStorage();
  const saved = [];
  const preferences = createPreferences({ storage, save: (key, value) => saved.push([key, value]), delay: 400 });
  for (let x = 0; x < 50; x += 1) {
    preferences.set("x", x);
  }
  assert.equal(storage.writes, 0);
  context.mock.timers.tick(400);
  assert.equal(storage.writes, 1);
  assert.deepEqual(saved, [["x", 49]]);
});

test("a storage that is blocked or full only forgets", () => {
  const preferences = createPreferences({ storage: broken });
  preferences.set("a", 1);
  preferences.flush();
  assert.equal(preferences.get("a"), 1);
  assert.equal(preferences.get("b", 2), 2);
});

test("a stored text that is no JSON is as if it were absent", () => {
  const storage = new FakeStorage();
  storage.items.set("holaf:default:a", "{oops");
  assert.equal(createPreferences({ storage }).get("a", "fallback"), "fallback");
});

test("what the host kept comes in, but never over what the user did meanwhile", async () => {
  const preferences = createPreferences({
    storage: null,
    load: async () => ({ a: "kept", b: "kept" }),
    save: () => {},
  });
  preferences.set("a", "mine");
  await preferences.ready;
  assert.equal(preferences.get("a"), "mine");
  assert.equal(preferences.get("b"), "kept");
  preferences.flush();
});

test("a host that cannot be asked, or cannot keep, breaks nothing", async () => {
  const preferences = createPreferences({
    storage: null,
    load: () => Promise.reject(new Error("offline")),
    save: () => Promise.reject(new Error("offline")),
  });
  await preferences.ready;
  preferences.set("a", 1);
  preferences.flush();
  assert.equal(preferences.get("a"), 1);
});

test("false and 0 are values, undefined forgets", () => {
  const storage = new FakeStorage();
  const preferences = createPreferences({ storage });
  preferences.set("off", false);
  preferences.set("none", 0);
  preferences.flush();
  const again = createPreferences({ storage });
  assert.equal(again.get("off", true), false);
  assert.equal(again.get("none", 5), 0);
  again.set("off", undefined);
  again.flush();
  assert.equal(createPreferences({ storage }).get("off", true), true);
});
