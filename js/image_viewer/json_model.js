/** A large JSON text as lines that open and close: what is shown of it, where it is found, and what is copied of it. */
import { ARRAY, OBJECT, placesIn } from "./json_text.js";

/**
 * @typedef {object} Line
 * @property {number} node
 * @property {number} depth
 * @property {string | null} name
 * @property {boolean} index its name is a place in a list
 * @property {"object" | "list" | "text" | "number" | "word"} kind
 * @property {string} value the beginning of it
 * @property {number} size how many values are in it
 * @property {boolean} open
 */

/** Of a value that is shown; who wants all of it copies it. */
const SHOWN = 300;
/** Lines that one press may open. */
const MOST_LINES = 50_000;
const MOST_FOUND = 100_000;
/** Looking for the place of a list's value passes those before it. */
const NAME = /^[A-Za-z_$][\w$]*$/;

export class JsonModel {
  /** Nodes that are shown, in order. @type {Int32Array} */
  #lines = new Int32Array(0);
  #open;
  #depth;
  #index;

  /** @param {string} text @param {string} title of the whole */
  constructor(text, title) {
    const places = placesIn(text);
    this.places = places;
    this.title = title;
    this.#open = new Uint8Array(places.count);
    this.#depth = new Uint16Array(places.count);
    this.#index = new Int32Array(places.count);
    const seen = new Int32Array(places.count);
    for (let node = 1; node < places.count; node++) {
      const parent = places.parent[node];
      this.#depth[node] = Math.min(65_535, this.#depth[parent] + 1);
      this.#index[node] = seen[parent]++;
    }
    this.#open[0] = 1;
    this.#draw();
  }

  get length() {
    return this.#lines.length;
  }

  #draw() {
    const { count, next } = this.places;
    const lines = [];
    for (let node = 0; node < count; ) {
      lines.push(node);
      node = this.#open[node] ? node + 1 : next[node];
    }
    this.#lines = Int32Array.from(lines);
  }

  /** @param {number} from @param {number} count @returns {Line[]} */
  window(from, count) {
    return [...this.#lines.subarray(from, from + count)].map((node) => this.#line(node));
  }

  /** @param {number} node @returns {Line} */
  #line(node) {
    const { kind, from, to, size, text } = this.places;
    const what = kind[node];
    const nested = what === OBJECT || what === ARRAY;
    const shown = nested ? "" : text.slice(from[node], Math.min(to[node], from[node] + SHOWN));
    const first = shown[0];
    return {
      node,
      depth: this.#depth[node],
      name: this.#name(node),
      index: this.places.keyFrom[node] < 0,
      kind: nested
        ? what === OBJECT
          ? "object"
          : "list"
        : first === '"'
          ? "text"
          : /[-\d]/.test(first)
            ? "number"
            : "word",
      value: shown.length < to[node] - from[node] && !nested ? `${readable(shown)}…` : readable(shown),
      size: size[node],
      open: Boolean(this.#open[node]),
    };
  }

  /** @param {number} node */
  #name(node) {
    const { keyFrom, keyTo, text } = this.places;
    if (node === 0) {
      return this.title;
    }
    return keyFrom[node] < 0 ? String(this.#index[node]) : unquoted(text.slice(keyFrom[node], keyTo[node]));
  }

  /** @param {number} node @param {boolean} [open] */
  toggle(node, open = !this.#open[node]) {
    this.#open[node] = Number(open);
    this.#draw();
  }

  /** Opens as many levels as MOST_LINES lines hold; answers whether that was all. */
  openAll() {
    const { count, size } = this.places;
    const per = [];
    for (let node = 0; node < count; node++) {
      per[this.#depth[node]] = (per[this.#depth[node]] ?? 0) + 1;
    }
    let [levels, lines] = [0, 0];
    while (levels < per.length && lines + per[levels] <= MOST_LINES) {
      lines += per[levels++];
    }
    for (let node = 0; node < count; node++) {
      this.#open[node] = Number(size[node] > 0 && this.#depth[node] < levels - 1);
    }
    this.#open[0] = 1;
    // One list of a million values: its first ones are to be seen all the same.
    this.#draw();
    return levels === per.length;
  }

  closeAll() {
    this.#open.fill(0);
    this.#open[0] = 1;
    this.#draw();
  }

  /**
   * The nodes whose name or value has this in it, in order.
   * @param {string} query @returns {{nodes: Int32Array, more: boolean}}
   */
  find(query) {
    const { text, keyFrom, keyTo, from, to, kind } = this.places;
    const found = [];
    const pattern = new RegExp([...query].map(letter).join(""), "gi");
    let node = 0;
    for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
      const start = match.index;
      const end = start + match[0].length;
      node = this.#at(start, node);
      const inKey = keyFrom[node] >= 0 && start >= keyFrom[node] && end <= keyTo[node];
      const nested = kind[node] === OBJECT || kind[node] === ARRAY;
      const inValue = !nested && start >= from[node] && end <= to[node];
      if ((inKey || inValue) && found.at(-1) !== node) {
        if (found.length === MOST_FOUND) {
          return { nodes: Int32Array.from(found), more: true };
        }
        found.push(node);
      }
    }
    return { nodes: Int32Array.from(found), more: false };
  }

  /** The last node that begins at or before a place. @param {number} place @param {number} low */
  #at(place, low) {
    const { count, keyFrom, from } = this.places;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const begins = keyFrom[middle] >= 0 ? keyFrom[middle] : from[middle];
      if (begins <= place) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** Opens what it is in; answers with its line. @param {number} node */
  reveal(node) {
    for (let up = this.places.parent[node]; up >= 0; up = this.places.parent[up]) {
      this.#open[up] = 1;
    }
    this.#draw();
    return this.lineOf(node);
  }

  /** @param {number} node */
  lineOf(node) {
    let [low, high] = [0, this.#lines.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#lines[middle] < node) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return this.#lines[low] === node ? low : -1;
  }

  /** As a script would write it: nodes[3].inputs.seed. @param {number} node */
  path(node) {
    const { parent, keyFrom } = this.places;
    let path = "";
    for (let up = node; up > 0; up = parent[up]) {
      const name = /** @type {string} */ (this.#name(up));
      const step = keyFrom[up] < 0 ? `[${name}]` : NAME.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
      path = step + path;
    }
    return path.replace(/^\./, "") || this.title;
  }

  /** All of it; a text without its quotes. @param {number} node */
  value(node) {
    const { from, to, text } = this.places;
    const value = text.slice(from[node], to[node]);
    return value[0] === '"' ? unquoted(value.slice(1, -1)) : value;
  }
}

/** How a letter of a search may stand in the text: Python writes all but ASCII as \uXXXX. @param {string} one */
function letter(one) {
  if (one === '"' || one === "\\") {
    return `\\\\\\${one}`;
  }
  const plain = one.replace(/[.*+?^${}()|[\]/]/g, "\\$&");
  if (one.length === 1 && one >= " " && one <= "~") {
    return plain;
  }
  const written = (/** @type {string} */ text) =>
    Array.from({ length: text.length }, (_, at) => `\\\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join(
      "",
    );
  const ways = new Set([one, one.toLowerCase(), one.toUpperCase()]);
  return `(?:${[plain, ...[...ways].map(written)].join("|")})`;
}

/** What is between the quotes of a JSON text. @param {string} text */
function unquoted(text) {
  if (!text.includes("\\")) {
    return text;
  }
  try {
    return JSON.parse(`"${text.replace(/[\t\n\r\f\v]/g, " ")}"`);
  } catch {
    return text;
  }
}

/** On one line, and without a letter that was cut in two. @param {string} text */
function readable(text) {
  if (text[0] !== '"') {
    return text;
  }
  const whole = text.length > 1 && text.endsWith('"') && !/[^\\](?:\\\\)*\\"$/.test(text);
  const inner = whole ? text.slice(1, -1) : text.slice(1).replace(/\\(?:u[\da-f]{0,3})?$/i, "");
  const plain = unquoted(inner).replace(/\s+/g, " ");
  return whole ? `"${plain}"` : `"${plain}`;
}
