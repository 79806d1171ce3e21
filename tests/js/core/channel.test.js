import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { ChannelError, SeveralTabs, createChannel } from "../../../js/core/channel.js";

/** A server of relays: tabs that announce themselves, and messages between them. */
class FakeServer {
  tabs = new Map();
  relayed = [];
  events() {
    const topics = new Map();
    const relays = [];
    let mine = null;
    return {
      state: () => "open",
      on: (topic, fn) => topics.set(topic, fn),
      onRelay: (fn) => relays.push(fn),
      announce: (info) => {
        this.tabs.delete(mine);
        mine = info?.tab ?? mine;
        if (info) {
          this.tabs.set(mine, {
            info,
            tell: (tabs) => topics.get("tabs")(tabs),
            take: (message) => relays.forEach((fn) => void fn(message)),
          });
        }
        const all = [...this.tabs.values()].map((tab) => tab.info);
        this.tabs.forEach((tab) => void tab.tell(all));
      },
      relay: (message) => {
        this.relayed.push(message);
        const target = this.tabs.get(message.to);
        const answer = target ? { ...message, from: mine } : { undelivered: "no", to: message.to, id: message.id };
        const receiver = target ?? this.tabs.get(mine);
        setImmediate(() => receiver.take(structuredClone(answer)));
        return true;
      },
    };
  }
}

const open = [];
let names = 0;

const PATIENCE = 500;
const GRACE = 100;

/** Tabs of one browser share `line`; `null` is a browser without the others. */
function tab(server, line, title = "Tab", role = "standalone") {
  names += 1;
  const own = `alone-${names}`;
  let wire;
  const channel = createChannel({
    events: server.events(),
    broadcast: () => {
      wire = new BroadcastChannel(line ?? own);
      return wire;
    },
    title: () => title,
    role,
    patience: PATIENCE,
    grace: GRACE,
    page: new EventTarget(),
  });
  open.push(channel);
  return Object.assign(channel, { crash: () => Object.assign(wire, { onmessage: null, postMessage: () => {} }) });
}

afterEach(() => open.splice(0).forEach((channel) => void channel.close()));

test("a request is answered by a tab of the same browser, without the server", async () => {
  const server = new FakeServer();
  const [gallery, comfy] = [tab(server, "near"), tab(server, "near", "ComfyUI")];
  comfy.answer("load", async (workflow) => ({ loaded: workflow.nodes.length }));
  // The first request may find the tab through the server before the browser has named it.
  await gallery.request("load", { nodes: [] });
  server.relayed = [];
  assert.deepEqual(await gallery.request("load", { nodes: [1, 2] }), { loaded: 2 });
  assert.deepEqual(
    server.relayed.filter((message) => message.kind),
    [],
  );
});

test("a tab of another browser is reached through the server", async () => {
  const server = new FakeServer();
  const [gallery, comfy] = [tab(server, null), tab(server, null, "ComfyUI")];
  comfy.answer("load", (payload) => payload + 1);
  assert.equal(await gallery.request("load", 4), 5);
  assert.deepEqual(
    server.relayed.map((message) => message.to),
    [comfy.me, gallery.me],
  );
});

test("a tab that is reachable both ways is listed once and handles a request once", async () => {
  const server = new FakeServer();
  const [gallery, comfy] = [tab(server, "both"), tab(server, "both")];
  let handled = 0;
  comfy.answer("load", () => (handled += 1));
  await gallery.request("load");
  assert.deepEqual(
    gallery.tabs("load").map((one) => one.tab),
    [comfy.me],
  );
  assert.equal(handled, 1);
});

test("without a receiver a request is refused, and never called sent", async () => {
  const server = new FakeServer();
  const [gallery, other] = [tab(server, "none"), tab(server, "none")];
  other.answer("something else", () => {});
  await assert.rejects(
    gallery.request("load"),
    (error) => error instanceof ChannelError && /No other open tab/.test(error.message),
  );
});

test("of two receivers neither gets it until one is named, and who asks is told of both", async () => {
  const server = new FakeServer();
  const [gallery, one, two] = [tab(server, "two"), tab(server, "two"), tab(server, "two")];
  one.answer("load", () => "one");
  await new Promise((resolve) => setTimeout(resolve, 5));
  two.answer("load", () => "two");
  await assert.rejects(gallery.request("load"), (error) => {
    assert.ok(error instanceof SeveralTabs);
    const [first, second] = error.tabs;
    assert.ok(first.seen >= second.seen);
    assert.deepEqual(new Set([first.tab, second.tab]), new Set([one.me, two.me]));
    return true;
  });
  assert.equal(await gallery.request("load", null, { to: one.me }), "one");
  assert.equal(await gallery.request("load", null, { to: two.me }), "two");
});

/** What ComfyUI's page has of ours before anything was opened there: it loads the rest when it is called. */
function asleep(name, wake) {
  const line = new BroadcastChannel(name);
  line.onmessage = () => {
    line.postMessage({ type: "waking" });
    line.close();
    wake();
  };
}

test("ComfyUI's tab that only now loads our side is waited for, longer than for one that says nothing", async () => {
  const server = new FakeServer();
  const gallery = tab(server, "asleep");
  asleep("asleep", () =>
    setTimeout(() => tab(server, "asleep", "ComfyUI", "comfyui").answer("load", () => "loaded"), 3 * PATIENCE),
  );
  assert.equal(await gallery.request("load"), "loaded");
});

test("while one tab of ComfyUI wakes up, another that is awake is not taken for the only one", async () => {
  const server = new FakeServer();
  tab(server, "half asleep", "One", "comfyui").answer("load", () => "one");
  const gallery = tab(server, "half asleep");
  asleep("half asleep", () =>
    setTimeout(() => tab(server, "half asleep", "Two", "comfyui").answer("load", () => "two"), 3 * PATIENCE),
  );
  gallery.tabs("load");
  await new Promise((resolve) => setTimeout(resolve, 50));
  await assert.rejects(gallery.request("load"), SeveralTabs);
});

test("the error of a handler reaches who asked", async () => {
  const server = new FakeServer();
  const [gallery, comfy] = [tab(server, "error"), tab(server, "error")];
  comfy.answer("load", () => {
    throw new Error("The graph has unknown nodes.");
  });
  await assert.rejects(gallery.request("load"), { message: "The graph has unknown nodes." });
});

test("a tab that does not answer in time is an error with its name", async () => {
  const server = new FakeServer();
  const [gallery, comfy] = [tab(server, "late"), tab(server, "late", "My graph")];
  comfy.answer("load", () => new Promise(() => {}));
  await assert.rejects(gallery.request("load", null, { timeout: 50 }), /“My graph” did not answer/);
});

test("a tab that the server no longer knows is an error at once", async () => {
  const server = new FakeServer();
  const [gallery, comfy] = [tab(server, null), tab(server, null, "My graph")];
  comfy.answer("load", () => 1);
  await gallery.request("load");
  server.tabs.delete(comfy.me);
  await assert.rejects(gallery.request("load"), /“My graph” is no longer open/);
});

test("a tab that is closed while it is asked is an error at once, not after the time it had", async () => {
  const server = new FakeServer();
  const [gallery, comfy] = [tab(server, "closed"), tab(server, "closed", "My graph")];
  comfy.answer("load", () => setTimeout(() => comfy.close()) && new Promise(() => {}));
  await assert.rejects(gallery.request("load", null, { timeout: 60_000 }), /“My graph” is no longer open/);
});

for (const line of ["crashed", null]) {
  test(`a tab that crashes while it is asked is missed by the server, ${line ?? "of another browser"}`, async () => {
    const server = new FakeServer();
    const [gallery, comfy] = [tab(server, line), tab(server, line, "My graph")];
    comfy.answer("load", () => {
      // No farewell, and deaf from now on.
      comfy.crash();
      server.tabs.delete(comfy.me);
      server.tabs.forEach((one) => void one.tell([...server.tabs.values()].map(({ info }) => info)));
      return new Promise(() => {});
    });
    await assert.rejects(gallery.request("load", null, { timeout: 60_000 }), /“My graph” is no longer open/);
  });
}

test("a tab that only connects to the server again while it is asked is waited for", async () => {
  const server = new FakeServer();
  const [gallery, comfy] = [tab(server, null), tab(server, null, "My graph")];
  comfy.answer("load", async () => {
    const kept = server.tabs.get(comfy.me);
    const tell = () => server.tabs.forEach((one) => void one.tell([...server.tabs.values()].map(({ info }) => info)));
    server.tabs.delete(comfy.me);
    tell();
    server.tabs.set(comfy.me, kept);
    tell();
    await new Promise((resolve) => setTimeout(resolve, 3 * GRACE));
    return "loaded";
  });
  assert.equal(await gallery.request("load"), "loaded");
});

test("a tab whose handler ended is no receiver any more", async () => {
  const server = new FakeServer();
  const [gallery, comfy] = [tab(server, "ended"), tab(server, "ended")];
  const end = new AbortController();
  comfy.answer("load", () => 1, end.signal);
  await gallery.request("load");
  end.abort();
  await new Promise((resolve) => gallery.onTabs(() => gallery.tabs("load").length === 0 && resolve()));
  await assert.rejects(gallery.request("load"), ChannelError);
});

test("an aborted request ends with the abort", async () => {
  const server = new FakeServer();
  const [gallery, comfy] = [tab(server, "abort"), tab(server, "abort")];
  comfy.answer("load", () => new Promise(() => {}));
  const end = new AbortController();
  const request = gallery.request("load", null, { signal: end.signal });
  setTimeout(() => end.abort(), 20);
  await assert.rejects(request, { name: "AbortError" });
});
