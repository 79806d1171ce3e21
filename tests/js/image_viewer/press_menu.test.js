import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { Scope } from "../../../js/core/scope.js";
import { pressMenu } from "../../../js/image_viewer/press_menu.js";

afterEach(() => mock.timers.reset());

/** A list with a press menu; `send(type, more)` answers whether the event went on. */
function pressed() {
  mock.timers.enable({ apis: ["setTimeout"] });
  const list = new EventTarget();
  let shown = 0;
  pressMenu(
    /** @type {any} */ (list),
    new Scope(),
    () => [],
    () => "",
    /** @type {any} */ (() => (shown += 1)),
  );
  const send = (type, more = {}) =>
    list.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), { clientX: 0, clientY: 0, ...more }));
  const touch = (type) => send(type, { pointerType: "touch" });
  return { send, touch, shown: () => shown };
}

test("a finger that rests opens the menu once, and its end is no click", () => {
  const { send, touch, shown } = pressed();
  touch("pointerdown");
  mock.timers.tick(450);
  assert.equal(shown(), 1);
  send("contextmenu");
  touch("pointerup");
  assert.equal(send("click"), false);
  assert.equal(shown(), 1);
});

test("where no click follows a finger that rested the next click is a click", () => {
  const { send, touch, shown } = pressed();
  touch("pointerdown");
  mock.timers.tick(450);
  assert.equal(shown(), 1);
  touch("pointercancel");
  mock.timers.tick(400);
  assert.equal(send("click"), true);
});

test("the menu of a touch comes after it too, and is not another one", () => {
  const { send, touch, shown } = pressed();
  touch("pointerdown");
  touch("pointerup");
  assert.equal(send("contextmenu"), false);
  assert.equal(shown(), 0);
});

test("the menu key works after any touch", () => {
  const { send, touch, shown } = pressed();
  touch("pointerdown");
  touch("pointerup");
  mock.timers.tick(400);
  send("contextmenu");
  assert.equal(shown(), 1);
  // Whose end was not told.
  touch("pointerdown");
  send("pointermove", { clientX: 50 });
  send("keydown", { key: "ContextMenu" });
  send("contextmenu");
  assert.equal(shown(), 2);
});
