import { url } from "./api.js";
import { whenAborted } from "./scope.js";

/**
 * What the server tells this tab, over one WebSocket for all modules. The protocol is described in
 * holaf_core/event_socket.py.
 *
 * @typedef {"off" | "connecting" | "open" | "waiting"} State "off": nobody listens to anything
 * @typedef {ReturnType<typeof createEvents>} Events
 */

const SHORTEST_WAIT = 500;
const LONGEST_WAIT = 10_000;
const ANSWER_TIME = 4_000;
const IDLE_TIME = 5_000;

/**
 * @param {object} [options]
 * @param {string} [options.address]
 * @param {(address: string) => WebSocket} [options.open]
 * @param {EventTarget} [options.page] tells when the browser is back online
 * @param {Document | undefined} [options.document] tells when the tab is looked at again
 */
export function createEvents({
  address = url("events").replace(/^http/, "ws"),
  open = (at) => new WebSocket(at),
  page = globalThis,
  document = globalThis.document,
} = {}) {
  /** @type {Map<string, Set<{ fn: (data: any) => void }>>} */
  const topics = new Map();
  /** @type {Map<string, any>} the newest of each last-value topic */
  const newest = new Map();
  /** @type {Set<() => void>} */
  const resyncs = new Set();
  /** @type {Set<(state: State) => void>} */
  const watchers = new Set();
  /** @type {Set<(message: any) => void>} */
  const relays = new Set();
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {State} */
  let state = "off";
  /** @type {{ epoch: string, seq: number } | null} up to where this tab knows everything */
  let since = null;
  /** @type {object | null} */
  let announcement = null;
  let greeted = false;
  let failures = 0;
  let startedAt = 0;
  /** @type {any} */ let retryTimer;
  /** @type {any} */ let answerTimer;
  /** @type {any} */ let idleTimer;
  /** @type {Set<string>} */
  const asked = new Set();

  /** @param {State} next */
  function enter(next) {
    if (next !== state) {
      state = next;
      for (const watcher of [...watchers]) {
        watcher(state);
      }
    }
  }

  function connect() {
    clearTimeout(idleTimer);
    if (socket || state === "waiting") {
      return;
    }
    clearTimeout(retryTimer);
    startedAt ||= Date.now();
    enter("connecting");
    /** @type {WebSocket} */
    let mine;
    try {
      mine = open(address);
    } catch {
      retryLater();
      return;
    }
    socket = mine;
    greeted = false;
    mine.onmessage = (event) => mine === socket && receive(event.data);
    mine.onclose = () => mine === socket && lost();
  }

  function lost() {
    socket = null;
    asked.clear();
    clearTimeout(answerTimer);
    if (wanted()) {
      retryLater();
    } else {
      enter("off");
    }
  }

  function retryLater() {
    const wait = SHORTEST_WAIT * 2 ** Math.min(failures, 10) * (1 + Math.random() / 2);
    failures += 1;
    enter("waiting");
    retryTimer = setTimeout(retryNow, Math.min(LONGEST_WAIT, wait));
  }

  function retryNow() {
    clearTimeout(retryTimer);
    if (state === "waiting") {
      state = "off";
      connect();
    }
  }

  /** Opens a new connection now, whatever the old one still thinks. */
  function reconnect() {
    const old = socket;
    if (old) {
      lost();
      old.close();
    }
    retryNow();
  }

  /** After a sleep a dead connection still looks open: ask, and believe only an answer. */
  function check() {
    if (socket && greeted) {
      say({ ping: 1 });
      clearTimeout(answerTimer);
      answerTimer = setTimeout(reconnect, ANSWER_TIME);
    } else {
      retryNow();
    }
  }

  const wanted = () => topics.size > 0 || announcement !== null;

  function leaveWhenIdle() {
    clearTimeout(idleTimer);
    if (!wanted()) {
      idleTimer = setTimeout(() => {
        clearTimeout(retryTimer);
        const old = socket;
        socket = null;
        asked.clear();
        since = null;
        startedAt = 0;
        enter("off");
        old?.close();
      }, IDLE_TIME);
    }
  }

  /** @param {object} message */
  function say(message) {
    if (socket && greeted) {
      socket.send(JSON.stringify(message));
      return true;
    }
    return false;
  }

  let saying = false;

  /** Subscriptions made in one go travel together. */
  function tellTopics() {
    if (saying) {
      return;
    }
    saying = true;
    queueMicrotask(() => {
      saying = false;
      const fresh = [...topics.keys()].filter((topic) => !asked.has(topic));
      const stale = [...asked].filter((topic) => !topics.has(topic));
      if ((fresh.length || stale.length) && say({ subscribe: fresh, unsubscribe: stale })) {
        for (const topic of fresh) asked.add(topic);
        for (const topic of stale) asked.delete(topic);
      }
    });
  }

  /** @param {string} text */
  function receive(text) {
    clearTimeout(answerTimer);
    let messages;
    try {
      messages = JSON.parse(text);
    } catch {
      return;
    }
    for (const message of Array.isArray(messages) ? messages : [messages]) {
      take(message);
    }
  }

  /** @param {any} message */
  function take(message) {
    if (message.hello) {
      greet(message.hello);
    } else if (message.resync) {
      since = since && { ...since, seq: message.seq };
      for (const react of [...resyncs]) {
        guarded(react);
      }
    } else if (message.relay) {
      for (const react of [...relays]) {
        guarded(react, message.relay);
      }
    } else if (message.topic) {
      if (typeof message.seq === "number") {
        since = since && { ...since, seq: message.seq };
      } else {
        newest.set(message.topic, message.data);
      }
      for (const { fn } of [...(topics.get(message.topic) ?? [])]) {
        guarded(fn, message.data);
      }
    }
  }

  /** @param {{ epoch: string, seq: number }} hello */
  function greet(hello) {
    greeted = true;
    failures = 0;
    asked.clear();
    for (const topic of topics.keys()) asked.add(topic);
    say({
      ...(announcement && { announce: announcement }),
      subscribe: [...asked],
      // The first time, whatever was published since the page began to read its data counts too.
      since: since ?? { age_ms: Date.now() - startedAt + 200 },
    });
    since = since?.epoch === hello.epoch ? since : hello;
    enter("open");
  }

  page.addEventListener?.("online", check);
  page.addEventListener?.("holaf-session", reconnect);
  // Back from the browser's page cache, whose sockets are closed.
  page.addEventListener?.("pageshow", check);
  document?.addEventListener("visibilitychange", () => document.visibilityState === "visible" && check());

  return {
    /**
     * Calls `fn(data)` for each event of `topic`; of a last-value topic with the newest at once.
     *
     * @param {string} topic
     * @param {(data: any) => void} fn
     * @param {AbortSignal} [signal] ends it
     */
    on(topic, fn, signal) {
      if (signal?.aborted) {
        return;
      }
      const entry = { fn };
      const entries = topics.get(topic) ?? new Set();
      topics.set(topic, entries.add(entry));
      if (newest.has(topic)) {
        queueMicrotask(() => entries.has(entry) && newest.has(topic) && guarded(fn, newest.get(topic)));
      }
      whenAborted(signal, () => {
        entries.delete(entry);
        if (entries.size === 0 && topics.get(topic) === entries) {
          topics.delete(topic);
          newest.delete(topic);
          tellTopics();
          leaveWhenIdle();
        }
      });
      tellTopics();
      connect();
    },

    /**
     * Calls `fn` when events were missed: read again what you show.
     *
     * @param {() => void} fn
     * @param {AbortSignal} [signal]
     */
    onResync: (fn, signal) => add(resyncs, fn, signal),

    /**
     * Calls `fn` with the state of the connection, now and when it changes.
     *
     * @param {(state: State) => void} fn
     * @param {AbortSignal} [signal]
     */
    onState(fn, signal) {
      add(watchers, fn, signal);
      if (!signal?.aborted) {
        fn(state);
      }
    },

    state: () => state,

    /** Tries at once what would be tried later; asks a connection that looks open whether it is. */
    retry: check,

    /**
     * Tells the user's other tabs about this one; `null` takes it back. For core/channel.js.
     * @param {object | null} info
     */
    announce(info) {
      announcement = info;
      say({ announce: info });
      if (info) {
        connect();
      } else {
        leaveWhenIdle();
      }
    },

    /**
     * Hands a message to another tab through the server; false when that is not possible now.
     * @param {object} message
     */
    relay: (message) => say({ relay: message }),

    /**
     * @param {(message: any) => void} fn
     * @param {AbortSignal} [signal]
     */
    onRelay: (fn, signal) => add(relays, fn, signal),
  };
}

/**
 * @template T
 * @param {Set<T>} set
 * @param {T} fn
 * @param {AbortSignal} [signal]
 */
function add(set, fn, signal) {
  if (!signal?.aborted) {
    set.add(fn);
    whenAborted(signal, () => set.delete(fn));
  }
}

/**
 * One listener that fails must not keep the others from hearing.
 *
 * @param {(data: any) => void} fn
 * @param {any} [data]
 */
function guarded(fn, data) {
  try {
    fn(data);
  } catch (error) {
    console.error("[holaf]", error);
  }
}

/** This tab's events. */
export const events = createEvents();
