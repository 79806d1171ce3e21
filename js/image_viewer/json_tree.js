/** A JSON text of any size as a tree: only the lines in sight exist, and a worker keeps the rest. */
import { h, icon } from "../core/dom.js";
import { loadSheet } from "../core/sheet.js";
import { copyText } from "../ui/clipboard.js";
import { createVirtualList } from "../ui/virtual_list.js";
import { strings } from "./json_strings.js";
import { iconButton } from "./toolbar.js";

const ROW = 22;
const INDENT = 12;
const DEEPEST_INDENT = 14;
const CHUNK = 200;
const MOST_CHUNKS = 60;
const TYPING_MS = 180;

/**
 * @param {ArrayBuffer} bytes the answer of metadata?raw=1; it is handed over
 * @param {string} key which of its texts
 * @param {string} title
 * @param {import("../core/scope.js").Scope} scope
 */
export function createJsonTree(bytes, key, title, scope) {
  const worker = createWorker(scope);
  /** Lines that are here, by the chunk they are in. @type {Map<number, import("./json_model.js").Line[] | null>} */
  let chunks = new Map();
  /** What was shown before: it stays until the new lines are here. @type {typeof chunks} */
  let stale = chunks;
  let version = 0;
  let found = { count: 0, more: false };
  let at = -1;
  /** @type {number | null} */
  let hit = null;
  /** @type {number | null} */
  let chosen = null;
  let stopTyping = () => {};

  const list = createVirtualList({
    rowHeight: ROW,
    draw,
    signal: scope.signal,
    label: strings.tree(title),
    role: "tree",
    rowRole: "treeitem",
    onChoose: (index) => toggle(index),
    onActive: (index) => choose(index),
  });
  const input = h("input", {
    type: "search",
    class: "holaf-input",
    placeholder: strings.search,
    "aria-label": strings.search,
    spellcheck: "false",
    autocomplete: "off",
  });
  const counter = h("span", { class: "holaf-json-count", role: "status" });
  const previous = iconButton("arrow-up", strings.previous, () => void go(-1));
  const next = iconButton("arrow-down", strings.next, () => void go(1));
  const note = h("p", { class: "holaf-note", hidden: true, role: "status" });
  const path = h("span", { class: "holaf-json-path", dir: "ltr" }, strings.nothingChosen);
  const copies = [
    iconButton("copy", strings.copyValue, () => void copy("value")),
    iconButton("workflow", strings.copyPath, () => void copy("path")),
  ];
  const element = h(
    "div",
    { class: "holaf-json-tree", "aria-busy": "true" },
    h("div", { class: "holaf-json-bar" }, input, counter, previous, next),
    h(
      "div",
      { class: "holaf-json-bar" },
      textButton("rows-3", strings.openAll, async () => {
        const { all, lines } = await ask("openAll");
        drawn(lines);
        say(all ? "" : strings.opened);
      }),
      textButton("minus", strings.closeAll, async () => {
        drawn((await ask("closeAll")).lines);
        list.element.scrollTop = 0;
        say("");
      }),
    ),
    note,
    list.element,
    h("div", { class: "holaf-json-foot" }, path, copies),
  );
  say(strings.reading);
  enable();
  void loadSheet("json_tree");
  void open();

  /** @param {string} name @param {string} label @param {() => any} act */
  function textButton(name, label, act) {
    return h(
      "button",
      { type: "button", class: "holaf-button holaf-small", onclick: () => void act() },
      icon(name, 14),
      label,
    );
  }

  /** What fails here is said in the tree. @param {string} task @param {any} [given] @param {any[]} [handedOver] */
  async function ask(task, given = {}, handedOver = []) {
    try {
      return await worker.ask(task, given, handedOver);
    } catch (error) {
      say(strings.failed(/** @type {Error} */ (error).message));
      return {};
    }
  }

  async function open() {
    try {
      drawn((await worker.ask("open", { bytes, key, title }, [bytes])).lines);
      say("");
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      say(strings.failed(/^no JSON|Unexpected/.test(message) ? strings.notJson : message));
    }
    element.removeAttribute("aria-busy");
  }

  /** @param {string} text */
  function say(text) {
    note.textContent = text;
    note.hidden = !text;
  }

  /** Other lines from now on. @param {number | undefined} lines */
  function drawn(lines) {
    if (lines !== undefined) {
      version += 1;
      stale = chunks;
      chunks = new Map();
      list.setCount(lines);
    }
  }

  /** @param {number} index @returns {import("./json_model.js").Line | undefined} */
  function lineAt(index) {
    const number = Math.floor(index / CHUNK);
    const chunk = chunks.get(number);
    if (chunk === undefined) {
      chunks.set(number, null);
      const mine = version;
      void ask("window", { from: number * CHUNK, count: CHUNK }).then(({ lines = [] }) => {
        if (mine === version && !scope.disposed) {
          chunks.set(number, lines);
          for (const old of [...chunks.keys()].slice(0, Math.max(0, chunks.size - MOST_CHUNKS))) {
            chunks.delete(old);
          }
          list.refresh();
        }
      });
    }
    return chunk?.[index % CHUNK];
  }

  /** @param {HTMLElement} row @param {number} index */
  function draw(row, index) {
    const line = lineAt(index) ?? stale.get(Math.floor(index / CHUNK))?.[index % CHUNK];
    if (!line) {
      row.replaceChildren();
      row.removeAttribute("aria-expanded");
      return;
    }
    const nested = line.kind === "object" || line.kind === "list";
    row.setAttribute("aria-level", String(line.depth + 1));
    row.classList.toggle("holaf-hit", line.node === hit);
    if (nested && line.size) {
      row.setAttribute("aria-expanded", String(line.open));
    } else {
      row.removeAttribute("aria-expanded");
    }
    row.style.setProperty("padding-inline-start", `${4 + Math.min(line.depth, DEEPEST_INDENT) * INDENT}px`);
    row.replaceChildren(
      h(
        "span",
        {
          class: ["holaf-json-arrow", line.open && "holaf-open"],
          // A press opens it; a press beside it only chooses the line.
          onclick: nested && line.size ? () => toggle(index) : null,
          ondblclick: (/** @type {Event} */ event) => event.stopPropagation(),
        },
        nested && line.size ? icon("chevron-right", 12) : null,
      ),
      h("span", { class: line.index ? "holaf-json-index" : "holaf-json-name" }, `${line.name ?? ""}`),
      nested
        ? h("span", { class: "holaf-json-size" }, strings.size(line.kind, line.size))
        : h("span", { class: `holaf-json-${line.kind}`, dir: "auto" }, line.value),
    );
  }

  /** @param {number} index */
  async function toggle(index) {
    const line = lineAt(index);
    if (line?.size) {
      drawn((await ask("toggle", { node: line.node })).lines);
    }
  }

  /** @param {number} index */
  async function choose(index) {
    const line = lineAt(index);
    if (line) {
      await name(line.node);
    }
  }

  /** @param {number} node */
  async function name(node) {
    chosen = node;
    const answer = await ask("path", { node });
    if (chosen === node) {
      path.textContent = answer.path ?? "";
      path.title = answer.path ?? "";
      enable();
    }
  }

  function enable() {
    for (const button of copies) {
      button.disabled = chosen === null;
    }
    previous.disabled = next.disabled = found.count === 0;
  }

  /** @param {"path" | "value"} what */
  async function copy(what) {
    if (chosen !== null) {
      const { text } = await ask("copy", { node: chosen, what });
      if (text !== undefined) {
        await copyText(text, what === "path" ? strings.copiedPath : strings.copiedValue);
      }
    }
  }

  async function search() {
    const query = input.value;
    if (query) {
      counter.textContent = strings.searching;
    }
    const answer = await ask("find", { query });
    if (query !== input.value) {
      return;
    }
    found = { count: answer.count ?? 0, more: Boolean(answer.more) };
    at = -1;
    hit = null;
    enable();
    if (found.count) {
      await go(1);
    } else {
      counter.textContent = query ? strings.nothing : "";
      list.refresh();
    }
  }

  /** @param {1 | -1} by */
  async function go(by) {
    if (!found.count) {
      return;
    }
    at = (at + by + found.count) % found.count;
    counter.textContent = strings.place(at + 1, found.count, found.more);
    const mine = at;
    const { node, line, lines } = await ask("show", { number: at });
    if (mine === at && line !== undefined) {
      hit = node;
      drawn(lines);
      list.activate(line);
      await name(node);
    }
  }

  input.addEventListener("input", () => {
    stopTyping();
    stopTyping = scope.after(TYPING_MS, () => void search());
  });
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      void go(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && input.value) {
      // It would leave the details.
      event.stopPropagation();
      event.preventDefault();
      input.value = "";
      void search();
    }
  });
  /** Into a line or out of it. @param {boolean} inwards */
  async function step(inwards) {
    const index = list.active;
    // Lines may be on their way, after one that was opened a moment ago.
    const line = lineAt(index) ?? (await ask("window", { from: index, count: 1 })).lines?.[0];
    if (!line) {
      return;
    }
    if (inwards === line.open || !line.size) {
      list.activate(inwards ? index + 1 : above(index, line.depth));
    } else {
      drawn((await ask("toggle", { node: line.node, open: inwards })).lines);
    }
  }

  /** One key after the other: what a key does takes a moment. @type {Promise<void>} */
  let steps = Promise.resolve();
  list.element.addEventListener("keydown", (event) => {
    if (list.active < 0) {
      return;
    }
    if (/^Arrow(Left|Right)$/.test(event.key) && !event.altKey) {
      const inwards = event.key === "ArrowRight";
      steps = steps.then(() => step(inwards));
    } else if (event.key.toLowerCase() === "c" && (event.ctrlKey || event.metaKey)) {
      void copy(event.shiftKey ? "path" : "value");
    } else {
      if (event.key === "Enter") {
        event.stopPropagation();
      }
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });

  /** The line that holds this one, where it is at hand. @param {number} index @param {number} depth */
  function above(index, depth) {
    for (let up = index - 1; up >= 0; up--) {
      const line = lineAt(up);
      if (!line || line.depth < depth) {
        return up;
      }
    }
    return 0;
  }

  return { element };
}

/** @param {import("../core/scope.js").Scope} scope */
function createWorker(scope) {
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  const waiting = new Map();
  let last = 0;
  const worker = new Worker(new URL("./json_worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data: { id, value, error } }) => {
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    error === undefined ? resolve?.(value) : reject?.(new Error(error));
  };
  worker.onerror = () => {
    for (const { reject } of waiting.values()) {
      reject(new Error(strings.noWorker));
    }
    waiting.clear();
  };
  scope.onDispose(() => worker.terminate());
  return {
    /** @param {string} task @param {any} given @param {any[]} handedOver @returns {Promise<any>} */
    ask: (task, given, handedOver) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve, reject });
        worker.postMessage({ id: last, task, given }, handedOver);
      }),
  };
}
