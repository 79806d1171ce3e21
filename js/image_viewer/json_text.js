/**
 * The places of all values of a JSON text, found in one pass that makes no objects: 30 MB of it has millions of values.
 * Numbers keep all of their digits, which JSON.parse would round; what only Python writes (NaN) is taken as it is.
 */

export const OBJECT = 0;
export const ARRAY = 1;
export const STRING = 2;
export const OTHER = 3;

/**
 * @typedef {object} Places values in the order of the text
 * @property {string} text
 * @property {number} count
 * @property {Uint8Array} kind
 * @property {Int32Array} from where a value begins
 * @property {Int32Array} to
 * @property {Int32Array} keyFrom of its name, without the quotes; -1 in a list
 * @property {Int32Array} keyTo
 * @property {Int32Array} parent -1 for the whole
 * @property {Int32Array} next the first value behind all that is in it
 * @property {Int32Array} size how many values are directly in it
 */

class Column {
  /** @param {any} Type @param {number} length */
  constructor(Type, length) {
    this.Type = Type;
    this.values = new Type(length);
  }

  /** @param {number} at @param {number} value */
  set(at, value) {
    if (at >= this.values.length) {
      const larger = new this.Type(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[at] = value;
  }
}

const QUOTE = 34;
const BACKSLASH = 92;
/** Space, and what separates values. */
const isGap = (/** @type {number} */ code) =>
  code === 32 || code === 10 || code === 13 || code === 9 || code === 44 || code === 58;

/** @param {string} text @returns {Places} Throws SyntaxError where it is no JSON */
export function placesIn(text) {
  const guess = Math.max(16, text.length >> 5);
  const [kind, from, to, keyFrom, keyTo, parent, next, size] = [Uint8Array, ...Array(7).fill(Int32Array)].map(
    (Type) => new Column(Type, guess),
  );
  let count = 0;
  let within = -1;
  let at = 0;
  let [nameFrom, nameTo] = [-1, -1];
  const end = text.length;
  const wrong = () => new SyntaxError(`no JSON at ${at}`);

  /** @param {number} what */
  const begin = (what) => {
    if (within < 0 && count > 0) {
      throw wrong();
    }
    kind.set(count, what);
    from.set(count, at);
    to.set(count, at);
    keyFrom.set(count, nameFrom);
    keyTo.set(count, nameTo);
    parent.set(count, within);
    next.set(count, count + 1);
    size.set(count, 0);
    if (within >= 0) {
      if (kind.values[within] === OBJECT && nameFrom < 0) {
        throw wrong();
      }
      size.values[within] += 1;
    }
    nameFrom = nameTo = -1;
    return count++;
  };

  /** Behind the closing quote of the text that begins here. */
  const stringEnd = () => {
    let close = at + 1;
    for (;;) {
      close = text.indexOf('"', close);
      if (close < 0) {
        throw wrong();
      }
      let slashes = 0;
      while (text.charCodeAt(close - 1 - slashes) === BACKSLASH) {
        slashes += 1;
      }
      if (slashes % 2 === 0) {
        return close + 1;
      }
      close += 1;
    }
  };

  while (at < end) {
    const code = text.charCodeAt(at);
    if (isGap(code)) {
      at += 1;
    } else if (code === QUOTE) {
      const close = stringEnd();
      if (within >= 0 && kind.values[within] === OBJECT && nameFrom < 0) {
        nameFrom = at + 1;
        nameTo = close - 1;
      } else {
        to.set(begin(STRING), close);
      }
      at = close;
    } else if (code === 123 || code === 91) {
      within = begin(code === 123 ? OBJECT : ARRAY);
      at += 1;
    } else if (code === 125 || code === 93) {
      if (within < 0 || kind.values[within] !== (code === 125 ? OBJECT : ARRAY) || nameFrom >= 0) {
        throw wrong();
      }
      at += 1;
      to.values[within] = at;
      next.values[within] = count;
      within = parent.values[within];
    } else {
      const node = begin(OTHER);
      while (at < end) {
        const one = text.charCodeAt(at);
        if (isGap(one) || one === 125 || one === 93 || one === QUOTE || one === 123 || one === 91) {
          break;
        }
        at += 1;
      }
      to.values[node] = at;
    }
  }
  if (within >= 0 || count === 0) {
    throw wrong();
  }
  return {
    text,
    count,
    kind: kind.values,
    from: from.values,
    to: to.values,
    keyFrom: keyFrom.values,
    keyTo: keyTo.values,
    parent: parent.values,
    next: next.values,
    size: size.values,
  };
}
