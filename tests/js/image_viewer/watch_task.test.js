import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { watchTask } from "../../../js/image_viewer/watch_task.js";

const real = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = real;
});

/** A task 7 that is watched; `answers` are those of the server, in their order. */
function watched(...answers) {
  const asked = [];
  globalThis.fetch = async (address) => {
    asked.push(String(address).replace(/^.*utilities/, ""));
    const [status, data] = answers.shift() ?? [500, {}];
    if (!status) {
      throw new TypeError("not reached");
    }
    return new Response(JSON.stringify(data), { status });
  };
  const toasts = [];
  /** @type {() => void} */
  let ended = () => {};
  const end = new Promise((resolve) => (ended = resolve));
  const listeners = {};
  const toast = (said) => {
    const one = { ...(typeof said === "string" ? { text: said } : said), open: true };
    toasts.push(one);
    if (toasts.length === 2) {
      ended();
    }
    return { update: (more) => Object.assign(one, more), close: () => (one.open = false) };
  };
  watchTask({
    id: 7,
    what: "Work",
    result: () => "all of it",
    toast,
    events: { on: (_, listener) => (listeners.tasks = listener), onState: (listener) => (listeners.state = listener) },
    again: 1,
  });
  const reconnect = () => {
    listeners.state("waiting");
    listeners.state("open");
  };
  return { toasts, asked, end, reconnect, ...listeners };
}

const running = { id: 7, started: 5, state: "running", done: 1, total: 2 };

test("a task is shown until it is done", () => {
  const { toasts, tasks } = watched();
  tasks({ tasks: [running] });
  assert.equal(toasts[0].progress, 0.5);
  tasks({ tasks: [{ ...running, state: "done" }] });
  assert.deepEqual(
    toasts.map(({ text, open }) => [text, open]),
    [
      ["Work", false],
      ["Work: all of it", true],
    ],
  );
});

test("after a reconnection the tasks are asked for until an answer comes", async () => {
  const { toasts, asked, end, reconnect } = watched([0], [503, {}], [200, { tasks: [] }]);
  reconnect();
  await end;
  assert.deepEqual(asked, ["/tasks", "/tasks", "/tasks"]);
  assert.equal(toasts[0].open, false);
  assert.match(toasts[1].text, /restarted/);
});

test("who may not ask for the tasks any more is not left with a task for ever", async () => {
  const { toasts, asked, end, reconnect } = watched([403, {}]);
  reconnect();
  await end;
  assert.deepEqual(asked, ["/tasks"]);
  assert.equal(toasts[0].open, false);
});

test("what the server does not know any more is ended by its Cancel", async () => {
  const { toasts, asked, end } = watched([404, { error: "no such task" }]);
  toasts[0].onCancel();
  await end;
  assert.deepEqual(asked, ["/tasks/cancel"]);
  assert.match(toasts[1].text, /restarted/);
});
