import { url } from "./api.js";
import { events as ownEvents } from "./events.js";
import { whenAborted } from "./scope.js";
import { strings } from "./strings.js";

/**
 * Talks with the user's other tabs: at once with those of this browser (BroadcastChannel), through
 * the server with those of another one that is signed in as the same user.
 *
 * @typedef {object} Tab
 * @property {string} tab its id
 * @property {string} role "comfyui" or "standalone"
 * @property {string} title
 * @property {string[]} answers kinds of requests that it takes
 * @property {number} seen when it was last looked at, in milliseconds since 1970
 */

/** A request to another tab that came to nothing; its text is for the user. */
export class ChannelError extends Error {}

/** There is no tab that can take it. */
export class NoTab extends ChannelError {}

/** More than one tab can take it: let the user choose one of `tabs`, and ask again with `to`. */
export class SeveralTabs extends ChannelError {
  /** @param {Tab[]} tabs the one last looked at first */
  constructor(tabs) {
    super(strings.severalTabs(tabs.length));
    this.tabs = tabs;
  }
}

const REMEMBERED = 200;
const LOOK_AROUND = 400;
const LONGEST_LOOK = 3_000;
const LONGEST_WAKING = 15_000;
/** A tab that the server lost may only have a new connection to it: so long it has to show itself again. */
const GRACE = 2_500;

/**
 * @param {object} [options]
 * @param {Pick<import("./events.js").Events, "on" | "announce" | "relay" | "onRelay" | "state">} [options.events]
 * @param {(name: string) => any} [options.broadcast]
 * @param {string} [options.role]
 * @param {number} [options.patience] milliseconds that a tab which is busy has to say that it is there
 * @param {number} [options.grace] milliseconds that a tab which the server lost has to show itself again
 * @param {() => string} [options.title]
 * @param {any} [options.page]
 */
export function createChannel({
  events = ownEvents,
  broadcast = (name) => new BroadcastChannel(name),
  role = "standalone",
  patience = LONGEST_LOOK,
  grace = GRACE,
  title = () => globalThis.document?.title ?? "",
  page = globalThis,
} = {}) {
  const me = randomId();
  /** @type {Map<string, (payload: any, from: Tab | undefined) => any>} */
  const handlers = new Map();
  /** @type {Map<string, {to: string, title: string, settle: (answer: any) => void}>} requests that wait */
  const open = new Map();
  /** @type {Map<string, Tab>} tabs of this browser */
  const near = new Map();
  /** @type {Map<string, Tab>} tabs that the server knows */
  let far = new Map();
  /** @type {Set<() => void>} */
  const watchers = new Set();
  /** @type {string[]} */
  const handled = [];
  let seen = Date.now();
  /** @type {any} */
  let line = null;
  let joined = false;
  /** Tabs of ComfyUI that load their side of this line now, and until when they may take. */
  let waking = 0;
  let wakingUntil = 0;

  /** @returns {Tab} */
  const self = () => ({ tab: me, role, title: title(), answers: [...handlers.keys()], seen });

  function join() {
    if (joined) {
      return;
    }
    joined = true;
    try {
      // Two servers may live on one origin, each behind a path of its own.
      line = broadcast(`holaf:${new URL(url("")).pathname}`);
      line.onmessage = (/** @type {any} */ event) => takeNear(event.data);
    } catch {
      line = null;
    }
    events.on("tabs", (tabs) => {
      const before = far;
      far = new Map(
        tabs.filter((/** @type {Tab} */ one) => one.tab !== me).map((/** @type {Tab} */ one) => [one.tab, one]),
      );
      for (const tab of before.keys()) {
        if (!far.has(tab)) {
          suspect(tab);
        }
      }
      changed();
    });
    events.onRelay((message) => take(message, "far"));
    line?.postMessage({ type: "who" });
    introduce();
    page.addEventListener?.("pagehide", () => line?.postMessage({ type: "gone", tab: me }));
    for (const type of ["pageshow", "focus"]) {
      page.addEventListener?.(type, () => {
        seen = Date.now();
        introduce();
      });
    }
  }

  let introducing = false;

  function introduce() {
    if (introducing) {
      return;
    }
    introducing = true;
    queueMicrotask(() => {
      introducing = false;
      line?.postMessage({ type: "here", info: self() });
      events.announce(self());
    });
  }

  /** The tab says that it is gone, or nothing any more: whoever waits for its answer waits in vain. @param {string} tab */
  function lost(tab) {
    for (const { to, title, settle } of [...open.values()]) {
      if (to === tab) {
        settle({ ok: false, error: strings.tabGone(title) });
      }
    }
  }

  /** The server does not see it: one that crashed says no farewell. @param {string} tab */
  function suspect(tab) {
    if (![...open.values()].some(({ to }) => to === tab)) {
      return;
    }
    const known = near.get(tab);
    line?.postMessage({ type: "who" });
    setTimeout(() => {
      if (!far.has(tab) && near.get(tab) === known) {
        near.delete(tab);
        lost(tab);
        changed();
      }
    }, grace);
  }

  function changed() {
    for (const watcher of [...watchers]) {
      watcher();
    }
  }

  /** @param {any} message */
  function takeNear(message) {
    if (message.type === "who") {
      line.postMessage({ type: "here", info: self() });
    } else if (message.type === "here") {
      if (message.info.role === "comfyui" && near.get(message.info.tab)?.role !== "comfyui") {
        waking = Math.max(0, waking - 1);
      }
      near.set(message.info.tab, message.info);
      changed();
    } else if (message.type === "waking") {
      waking += 1;
      wakingUntil = Date.now() + LONGEST_WAKING;
    } else if (message.type === "gone") {
      near.delete(message.tab);
      lost(message.tab);
      changed();
    } else if (message.to === me) {
      take(message, "near");
    }
  }

  /**
   * @param {any} message
   * @param {"near" | "far"} way
   */
  function take(message, way) {
    if (message.undelivered) {
      open.get(message.id)?.settle({ ok: false, error: strings.tabGone(name(message.to)) });
    } else if (message.answer) {
      open.get(message.answer)?.settle(message);
    } else if (message.kind && !handled.includes(message.id)) {
      handled.push(message.id);
      handled.splice(0, handled.length - REMEMBERED);
      void reply(message, way);
    }
  }

  /**
   * @param {any} message
   * @param {"near" | "far"} way
   */
  async function reply(message, way) {
    /** @type {any} */
    const answer = { to: message.from, from: me, answer: message.id };
    try {
      const handler = handlers.get(message.kind);
      if (!handler) {
        throw new ChannelError(strings.noReceiver);
      }
      answer.value = await handler(message.payload, known().get(message.from));
      answer.ok = true;
    } catch (error) {
      answer.ok = false;
      answer.error = error instanceof Error ? error.message : String(error);
    }
    deliver(answer, way);
  }

  /**
   * @param {any} message
   * @param {"near" | "far"} way
   */
  function deliver(message, way) {
    if (way === "near") {
      line.postMessage(message);
      return true;
    }
    return events.relay(message);
  }

  /** Every other tab once, also one that is reachable both ways. */
  const known = () => new Map([...far, ...near]);

  /** @param {string} tab */
  const name = (tab) => known().get(tab)?.title || "ComfyUI";

  /**
   * The other tabs that take requests of `kind`, the one last looked at first.
   * @param {string} kind
   */
  const tabs = (kind) => {
    join();
    return [...known().values()].filter((one) => one.answers.includes(kind)).sort((a, b) => b.seen - a.seen);
  };

  /**
   * The tabs that can take the request. Waits a moment for them: this one may only just have been opened, and who
   * answered first need not be the only one.
   *
   * @param {string} kind
   * @param {string | undefined} to
   * @returns {Promise<Tab[]>}
   */
  function find(kind, to) {
    const pick = () => tabs(kind).filter((one) => to === undefined || one.tab === to);
    const awaited = () => waking > 0 && Date.now() < wakingUntil;
    const started = Date.now();
    // The one that is known need not be the only one: another may sleep, and say so when it hears the question.
    const enough = () => pick().length > 0 && (to !== undefined || (!awaited() && Date.now() - started >= LOOK_AROUND));
    if (enough()) {
      return Promise.resolve(pick());
    }
    line?.postMessage({ type: "who" });
    return new Promise((resolve) => {
      const finish = () => {
        clearInterval(timer);
        watchers.delete(look);
        resolve(pick());
      };
      const look = () => enough() && finish();
      const timer = setInterval(() => {
        if (enough() || (!awaited() && Date.now() - started > patience)) {
          finish();
        }
      }, LOOK_AROUND / 4);
      watchers.add(look);
    });
  }

  return {
    me,
    tabs,

    /**
     * Has another tab do something, and answers with what it returned. It goes to one tab only:
     * `to`, or the only one that takes this kind; with several it rejects with `SeveralTabs`.
     * Rejects with a `ChannelError` for the user when there is none, when it fails, and when it
     * does not answer in time.
     *
     * @param {string} kind
     * @param {any} [payload] as JSON, below 4 MB
     * @param {{ to?: string, timeout?: number, signal?: AbortSignal }} [options]
     * @returns {Promise<any>}
     */
    async request(kind, payload, { to, timeout = 10_000, signal } = {}) {
      join();
      const found = await find(kind, to);
      signal?.throwIfAborted();
      const [target] = found;
      if (!target) {
        throw new NoTab(strings.noReceiver);
      }
      if (found.length > 1) {
        throw new SeveralTabs(found);
      }
      const id = randomId();
      const way = near.has(target.tab) ? "near" : "far";
      /** @type {any} */
      let timer;
      const done = new AbortController();
      try {
        const answer = await new Promise((resolve, reject) => {
          open.set(id, { to: target.tab, title: target.title, settle: resolve });
          whenAborted(signal, () => reject(signal?.reason), done.signal);
          timer = setTimeout(() => {
            // It may have crashed without a farewell.
            near.delete(target.tab);
            reject(new ChannelError(strings.noAnswer(target.title)));
          }, timeout);
          if (!deliver({ to: target.tab, from: me, id, kind, payload }, way)) {
            reject(new ChannelError(strings.tabGone(target.title)));
          }
        });
        if (!answer.ok) {
          throw new ChannelError(answer.error);
        }
        return answer.value;
      } finally {
        clearTimeout(timer);
        done.abort();
        open.delete(id);
      }
    },

    /**
     * Takes requests of `kind`; what `fn` returns, or a promise of it, is the answer.
     *
     * @param {string} kind
     * @param {(payload: any, from: Tab | undefined) => any} fn
     * @param {AbortSignal} [signal]
     */
    answer(kind, fn, signal) {
      if (signal?.aborted) {
        return;
      }
      handlers.set(kind, fn);
      join();
      introduce();
      whenAborted(signal, () => {
        if (handlers.get(kind) === fn) {
          handlers.delete(kind);
          introduce();
        }
      });
    },

    /**
     * Calls `fn` when tabs come, go or change.
     *
     * @param {() => void} fn
     * @param {AbortSignal} [signal]
     */
    onTabs(fn, signal) {
      join();
      watchers.add(fn);
      whenAborted(signal, () => watchers.delete(fn));
    },

    /** What this tab is; the host says it once, before anything else. @param {string} name */
    setRole(name) {
      role = name;
      if (joined) {
        introduce();
      }
    },

    /** For tests, and for a page that lives on after its panels. */
    close() {
      line?.postMessage({ type: "gone", tab: me });
      line?.close();
      line = null;
      events.announce(null);
    },
  };
}

/** `crypto.randomUUID` is missing on plain http to another machine. */
function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** This tab's line to the others. */
export const channel = createChannel();
