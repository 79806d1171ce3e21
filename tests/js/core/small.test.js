import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, clock, count, date, duration, plural } from "../../../js/core/format.js";
import { isTyping, matches } from "../../../js/core/keys.js";
import { Scope } from "../../../js/core/scope.js";
import { createStore } from "../../../js/core/store.js";

test("figures have thin spaces and units", () => {
  assert.equal(count(1234567), "1\u2009234\u2009567");
  assert.equal(count(999), "999");
  assert.equal(bytes(0), "0\u2009B");
  assert.equal(bytes(999), "999\u2009B");
  assert.equal(bytes(1536), "1.5\u2009KiB");
  assert.equal(bytes(12_345_678), "12\u2009MiB");
  assert.equal(plural(1, "file"), "1 file");
  assert.equal(plural(2000, "file"), "2\u2009000 files");
});

test("lengths of time are read as people say them", () => {
  assert.equal(duration(0.42), "0.4\u2009s");
  assert.equal(duration(3), "3\u2009s");
  assert.equal(duration(59.6), "1:00");
  assert.equal(duration(3723), "1:02:03");
  assert.equal(clock(7.9), "0:07");
});

test("a moment is relative under a day and a date after it", () => {
  const now = 1_800_000_000_000;
  const at = (ago) => date(now / 1000 - ago, now);
  assert.match(at(10), /now/);
  assert.match(at(180), /3 min/);
  assert.match(at(7200), /2 h/);
  assert.doesNotMatch(at(86_401), /ago/);
  assert.doesNotMatch(at(-7200), /in /);
});

const key = (text, held = {}) => ({
  key: text,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

test("a shortcut matches its own keys and no others", () => {
  assert.ok(matches(key("K", { ctrlKey: true }), "Ctrl+K"));
  assert.ok(!matches(key("k", { ctrlKey: true, shiftKey: true }), "Ctrl+K"));
  assert.ok(!matches(key("k"), "Ctrl+K"));
  assert.ok(!matches(key("k", { ctrlKey: true, metaKey: true }), "Ctrl+K"));
  assert.ok(matches(key("?", { shiftKey: true }), "?"));
  assert.ok(matches(key("+", { ctrlKey: true, shiftKey: true }), "Ctrl++"));
  assert.ok(matches(key("Delete", { shiftKey: true }), "Shift+Delete"));
  assert.ok(!matches(key("Delete"), "Shift+Delete"));
  assert.ok(matches(key(" "), "Space"));
});

test("keys in a text field belong to the field, in a checkbox they do not", () => {
  const on = (target) => isTyping({ target });
  assert.ok(on({ tagName: "INPUT", type: "text" }));
  assert.ok(on({ tagName: "TEXTAREA" }));
  assert.ok(on({ tagName: "DIV", isContentEditable: true }));
  assert.ok(!on({ tagName: "INPUT", type: "checkbox" }));
  assert.ok(!on({ tagName: "BUTTON" }));
});

test("a scope ends everything that was switched on in it, and its children", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const scope = new Scope();
  const child = scope.child();
  const target = new EventTarget();
  const seen = [];
  child.listen(target, "x", () => seen.push("event"));
  child.every(10, () => seen.push("tick"));
  child.after(10, () => seen.push("once"));
  const giveUp = child.after(10, () => seen.push("never"));
  giveUp();
  context.mock.timers.tick(10);
  target.dispatchEvent(new Event("x"));
  scope.onDispose(() => seen.push("disposed"));
  scope.dispose();
  scope.dispose();
  assert.ok(child.disposed);
  context.mock.timers.tick(100);
  target.dispatchEvent(new Event("x"));
  assert.deepEqual(seen, ["tick", "once", "event", "disposed"]);
  scope.onDispose(() => seen.push("at once"));
  assert.equal(seen.at(-1), "at once");
});

test("a child that ends leaves its parent alone", () => {
  const scope = new Scope();
  scope.child().dispose();
  assert.equal(scope.disposed, false);
});

test("a watcher hears only when its part changes, and not after its signal", () => {
  const store = createStore({ a: 1, b: 1 });
  const end = new AbortController();
  const seen = [];
  store.watch(
    (state) => state.a,
    (a) => seen.push(a),
    end.signal,
  );
  store.update({ b: 2 });
  store.update({ a: 2 });
  end.abort();
  store.update({ a: 3 });
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(store.get(), { a: 3, b: 2 });
});

test("a watcher that an earlier one ended in the same round is not called", () => {
  const store = createStore({ a: 1 });
  const end = new AbortController();
  const seen = [];
  store.watch(
    (state) => state.a,
    (a) => a === 2 && end.abort(),
  );
  store.watch(
    (state) => state.a,
    (a) => seen.push(a),
    end.signal,
  );
  store.update({ a: 2 });
  assert.deepEqual(seen, [1]);
});
