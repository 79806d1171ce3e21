import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { createEvents } from "../../../js/core/events.js";

class FakeSocket {
  sent = [];
  closed = false;
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
    this.onclose?.();
  }
  hear(...messages) {
    this.onmessage({ data: JSON.stringify(messages.length === 1 ? messages[0] : messages) });
  }
  hello(epoch = "e", seq = 0) {
    this.hear({ hello: { epoch, seq } });
  }
}

let sockets;
let page;
const make = () =>
  createEvents({
    address: "ws://x",
    open: () => sockets[sockets.push(new FakeSocket()) - 1],
    page,
    document: undefined,
  });
const turn = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  sockets = [];
  page = new EventTarget();
});

test("one socket serves all modules, opened by the first that listens", () => {
  const events = make();
  assert.equal(sockets.length, 0);
  events.on("a", () => {});
  events.on("b", () => {});
  assert.equal(sockets.length, 1);
  sockets[0].hello();
  assert.deepEqual(sockets[0].sent[0].subscribe, ["a", "b"]);
  assert.ok(sockets[0].sent[0].since.age_ms >= 0);
});

test("each listener hears its topic until its signal ends, also from an array of messages", () => {
  const events = make();
  const heard = [];
  const end = new AbortController();
  events.on("a", (data) => heard.push(data), end.signal);
  sockets[0].hello();
  sockets[0].hear({ topic: "a", data: 1, seq: 1 }, { topic: "b", data: 2, seq: 2 }, { topic: "a", data: 3, seq: 3 });
  end.abort();
  sockets[0].hear({ topic: "a", data: 4, seq: 4 });
  assert.deepEqual(heard, [1, 3]);
});

test("a topic that nobody listens to any more is unsubscribed", async () => {
  const events = make();
  const end = new AbortController();
  events.on("a", () => {});
  events.on("b", () => {}, end.signal);
  sockets[0].hello();
  end.abort();
  await turn();
  assert.deepEqual(sockets[0].sent.at(-1), { subscribe: [], unsubscribe: ["b"] });
});

test("who listens later to a last-value topic gets its newest value too", async () => {
  const events = make();
  const heard = [];
  events.on("v", () => {});
  sockets[0].hello();
  sockets[0].hear({ topic: "v", data: 7 });
  events.on("v", (data) => heard.push(data));
  await turn();
  assert.deepEqual(heard, [7]);
});

test("a lost connection is opened again and asks for what was missed", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const events = make();
  const states = [];
  events.onState((state) => states.push(state));
  events.on("a", () => {});
  sockets[0].hello("e", 5);
  sockets[0].hear({ topic: "a", data: 1, seq: 9 });
  sockets[0].close();
  context.mock.timers.tick(499);
  assert.equal(sockets.length, 1);
  context.mock.timers.tick(400);
  assert.equal(sockets.length, 2);
  sockets[1].hello("e", 20);
  assert.deepEqual(sockets[1].sent[0], { subscribe: ["a"], since: { epoch: "e", seq: 9 } });
  assert.deepEqual(states, ["off", "connecting", "open", "waiting", "connecting", "open"]);
});

test("waits between attempts grow and never pass ten seconds", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  make().on("a", () => {});
  let waited = 0;
  const waits = [];
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    sockets.at(-1).close();
    waited = 0;
    while (sockets.length === attempt) {
      context.mock.timers.tick(100);
      waited += 100;
      assert.ok(waited <= 10_000);
    }
    waits.push(waited);
  }
  assert.ok(waits[0] >= 500 && waits[0] <= 800, String(waits[0]));
  assert.ok(waits[7] >= 9_900);
});

test("being online again ends the waiting at once", () => {
  make().on("a", () => {});
  sockets[0].close();
  page.dispatchEvent(new Event("online"));
  assert.equal(sockets.length, 2);
});

test("a connection that does not answer after a sleep is given up", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  make().on("a", () => {});
  sockets[0].hello();
  page.dispatchEvent(new Event("online"));
  assert.deepEqual(sockets[0].sent.at(-1), { ping: 1 });
  sockets[0].hear({ pong: 1 });
  context.mock.timers.tick(5_000);
  assert.equal(sockets.length, 1);
  page.dispatchEvent(new Event("online"));
  context.mock.timers.tick(5_000);
  assert.equal(sockets[0].closed, true);
  assert.equal(sockets.length, 2);
});

test("after signing in or out the socket is opened anew as who the user is now", () => {
  make().on("a", () => {});
  sockets[0].hello("e", 3);
  page.dispatchEvent(new Event("holaf-session"));
  assert.equal(sockets[0].closed, true);
  sockets[1].hello("e", 3);
  assert.deepEqual(sockets[1].sent[0].since, { epoch: "e", seq: 3 });
});

test("a resync reaches everyone, and one that fails keeps nobody from hearing", (context) => {
  context.mock.method(console, "error", () => {});
  const events = make();
  let heard = 0;
  events.onResync(() => {
    throw new Error("mine");
  });
  events.onResync(() => (heard += 1));
  events.on("a", () => {});
  sockets[0].hello();
  sockets[0].hear({ resync: true, seq: 40 });
  assert.equal(heard, 1);
  sockets[0].close();
  page.dispatchEvent(new Event("online"));
  sockets[1].hello("e", 41);
  assert.deepEqual(sockets[1].sent[0].since, { epoch: "e", seq: 40 });
});

test("the socket is closed a while after the last listener left", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const events = make();
  const end = new AbortController();
  events.on("a", () => {}, end.signal);
  sockets[0].hello();
  end.abort();
  context.mock.timers.tick(5_000);
  assert.equal(sockets[0].closed, true);
  assert.equal(events.state(), "off");
  events.on("a", () => {});
  assert.equal(sockets.length, 2);
});

test("a reconnect that waits for its turn is tried at once when it is wanted", () => {
  const events = make();
  events.on("a", () => {});
  sockets[0].onclose();
  assert.equal(events.state(), "waiting");
  events.retry();
  assert.equal(sockets.length, 2);
  assert.equal(events.state(), "connecting");
});
