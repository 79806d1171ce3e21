import assert from "node:assert/strict";
import { test } from "node:test";
import { themeState } from "../../../js/standalone/theme_state.js";

test("the settings' theme is shown until this browser chooses another", () => {
  const start = themeState(undefined);
  assert.equal(start.shown, "system");
  const followed = start.follow("dark");
  assert.equal(followed.shown, "dark");
  const own = followed.choose("light");
  assert.deepEqual([own.shown, own.kept], ["light", { saved: "dark", own: "light" }]);
  assert.equal(themeState(own.kept).shown, "light");
});

test("an own choice holds while the settings say the same, and ends when they change", () => {
  const own = themeState({ saved: "dark" }).choose("light");
  assert.equal(own.follow("dark").shown, "light");
  assert.equal(own.follow("system").shown, "system");
  assert.equal(own.follow("system").follow("dark").shown, "dark");
});

test("choosing what the settings say is no choice of one's own", () => {
  assert.deepEqual(themeState({ saved: "dark", own: "light" }).choose("dark").kept, { saved: "dark", own: null });
});

test("what was kept wrongly is forgotten", () => {
  for (const kept of ["dark", 5, null, { saved: "purple", own: [] }]) {
    assert.equal(themeState(kept).shown, "system");
  }
  assert.equal(themeState({ saved: "dark" }).follow("purple").shown, "dark");
});
