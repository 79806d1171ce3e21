/**
 * The text of a search, as far as the page itself has to read it: how it is marked, and how terms are put in and
 * taken out. What it means is for the server to say.
 *
 * @typedef {{start: number, end: number, kind: string, excluded: boolean}} Token
 * @typedef {{text: string, classes: string[]}} Segment
 */

/** A longer text is shown without marks. */
const MOST_MARKED = 2000;
const QUOTES = /** @type {Record<string, string>} */ ({ '"': '"', "“": "”", "”": "”", "„": "“" });
const FIELD = /[A-Za-z_]+[:：]/y;
const COMPARED =
  /(?:steps?|cfg|guidance|seed|denoise|size|resolution|pixels|width|w|height|h|duration|length|date|mtime|day|rating|stars|bytes|filesize)(?=[<>=!≤≥≠])/iy;
const KEYWORD = /(?:OR|AND|NOT)(?=[\s("]|$)|\|/y;
const EXPRESSION = /\/(?:\\.|[^/\\])*(?:\/[A-Za-z]*|$)/y;
const OPERATOR = /[<>=!≤≥≠]+|\.\.|,/y;

/**
 * What stands where in a search. Forgiving: there is no text that it cannot read.
 * @param {string} text
 * @returns {Token[]} in order; what is between them is space
 */
export function tokens(text) {
  /** @type {Token[]} */
  const found = [];
  let at = 0;
  let excluded = false;
  /** Minus signs before groups that are open. @type {boolean[]} */
  const groups = [];
  /** @param {RegExp} pattern */
  const match = (pattern) => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0].length ?? 0;
  };
  /** @param {number} length @param {string} kind */
  const take = (length, kind) => {
    const within = excluded || groups.includes(true);
    found.push({ start: at, end: at + length, kind, excluded: within });
    at += length;
  };
  const quoted = () => {
    const closing = QUOTES[text[at]];
    let end = at + 1;
    while (end < text.length && text[end] !== closing && !(closing === "”" && text[end] === '"')) {
      end += text[end] === "\\" ? 2 : 1;
    }
    take(Math.min(end + 1, text.length) - at, "phrase");
  };
  /** Up to a space, or a parenthesis that was not opened in it. @param {string} kind @param {boolean} inValue */
  const bare = (kind, inValue) => {
    const start = at;
    let opened = 0;
    let end = at;
    while (end < text.length && !/[\s"“”„|]/.test(text[end])) {
      if (text[end] === "\\") {
        end += 1;
      } else if (text[end] === "(") {
        opened += 1;
      } else if (text[end] === ")" && --opened < 0) {
        break;
      } else if (inValue && end > start) {
        at = end;
        if (match(OPERATOR)) {
          break;
        }
      }
      end += 1;
    }
    at = start;
    take(Math.max(1, Math.min(end, text.length) - start), kind);
  };

  while (at < text.length) {
    if (/\s/.test(text[at])) {
      at += 1;
      continue;
    }
    const keyword = match(KEYWORD);
    if (keyword) {
      take(keyword, "keyword");
      continue;
    }
    if (text[at] === ")") {
      take(1, "paren");
      groups.pop();
      continue;
    }
    if (/[-−]/.test(text[at])) {
      excluded = true;
      take(1, "minus");
      if (at >= text.length || /\s/.test(text[at])) {
        excluded = false;
      }
      continue;
    }
    if (text[at] === "(") {
      groups.push(excluded);
      take(1, "paren");
      excluded = false;
      continue;
    }
    const field = match(FIELD) || match(COMPARED);
    if (field) {
      take(field, "field");
      value();
    } else if (match(EXPRESSION)) {
      take(match(EXPRESSION), "regex");
    } else if (QUOTES[text[at]]) {
      quoted();
    } else {
      bare("word", false);
    }
    excluded = false;
  }
  return found;

  function value() {
    while (at < text.length && !/[\s)]/.test(text[at])) {
      if (text[at] === "(") {
        groups.push(excluded);
        take(1, "paren");
        return;
      }
      const operator = match(OPERATOR);
      if (operator) {
        take(operator, "operator");
      } else if (match(EXPRESSION) && found.at(-1)?.kind === "field") {
        take(match(EXPRESSION), "regex");
      } else if (QUOTES[text[at]]) {
        quoted();
      } else {
        bare("value", true);
      }
    }
  }
}

/**
 * The text in pieces, each with what it is; the mistake is one of its marks.
 * @param {string} text
 * @param {{start: number, end: number} | null} [mistake]
 * @returns {Segment[]}
 */
export function segments(text, mistake = null) {
  const marked = text.length > MOST_MARKED ? [] : tokens(text);
  let wrong = mistake;
  if (mistake) {
    // A mistake at the very end has no sign to stand under.
    const start = Math.max(0, Math.min(mistake.start, text.length));
    wrong = { start, end: Math.max(start + 1, mistake.end) };
  }
  const shown = wrong && wrong.start >= text.length ? `${text}\u00a0` : text;
  const cuts = new Set([0, shown.length]);
  for (const one of wrong ? [...marked, wrong] : marked) {
    cuts.add(Math.min(one.start, shown.length)).add(Math.min(one.end, shown.length));
  }
  const places = [...cuts].sort((a, b) => a - b);
  /** @type {Segment[]} */
  const found = [];
  let next = 0;
  for (let index = 0; index + 1 < places.length; index++) {
    const [start, end] = [places[index], places[index + 1]];
    while (next < marked.length && marked[next].end <= start) {
      next += 1;
    }
    const token = marked[next]?.start <= start ? marked[next] : null;
    const classes = token ? [token.kind] : [];
    if (token?.excluded) {
      classes.push("excluded");
    }
    if (wrong && wrong.start <= start && end <= wrong.end) {
      classes.push("mistake");
    }
    found.push({ text: shown.slice(start, end), classes });
  }
  return found;
}

/** Python counts characters, JavaScript pairs of bytes. @param {string} text @param {number} characters */
export function toUnits(text, characters) {
  let at = 0;
  for (let left = characters; left > 0 && at < text.length; left--) {
    at += /** @type {number} */ (text.codePointAt(at)) > 0xffff ? 2 : 1;
  }
  return at;
}

/** @param {string} text @param {number} units */
export const toCharacters = (text, units) => [...text.slice(0, units)].length;

/** A place in the text as the server says it, as the page counts. @param {string} text @param {any} span */
export const spanOf = (text, span) => ({ start: toUnits(text, span.start), end: toUnits(text, span.end) });

/** The text without one of its terms. @param {string} text @param {{start: number, end: number}} span */
export function without(text, { start, end }) {
  const before = text.slice(0, start).trimEnd();
  const after = text.slice(end).trimStart();
  // A sign that joined it to its neighbour joins nothing any more.
  const joined = /^(?:OR(?=[\s(])|AND(?=[\s(])|[,;|])\s*/;
  return before ? (after ? `${before} ${after}` : before) : after.replace(joined, "");
}

/**
 * Puts a suggestion in.
 * @param {string} text
 * @param {{start: number, end: number, insert: string}} suggestion
 * @returns {{text: string, caret: number, more: boolean}} more: what was put in waits for a value
 */
export function accept(text, { start, end, insert }) {
  const more = /[:：]$/.test(insert);
  const after = text.slice(end);
  const space = more || /^[\s)]/.test(after) || insert.endsWith(" ") ? "" : " ";
  const before = text.slice(0, start) + insert + space;
  return { text: before + after, caret: before.length, more };
}

/**
 * Where in `now` lies what `span` was in `before`, when only the end of that word was typed on or
 * taken back; null when anything else changed.
 * @param {string} before @param {string} now @param {{start: number, end: number}} span
 */
export function spanSince(before, now, { start, end }) {
  const grown = end + now.length - before.length;
  const same = grown >= start && now.startsWith(before.slice(0, start)) && now.endsWith(before.slice(end));
  const [was, is] = [before.slice(start, end), now.slice(start, grown)];
  const typedOn = is.startsWith(was) && !/[\s"()|]/.test(is.slice(was.length));
  return same && (typedOn || was.startsWith(is)) ? { start, end: grown } : null;
}

/** A value so that it is read as one. @param {string} value */
export const quoted = (value) =>
  /^[\w./+][\w./+-]*$/.test(value) && /\w$/.test(value) ? value : `"${value.replace(/[\\"]/g, "\\$&")}"`;

/** The search with one more term. @param {string} text @param {string} term */
export function withTerm(text, term) {
  const before = text.trim();
  const terms = new Set(before.split(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/));
  if (!before || terms.has(term)) {
    return before || term;
  }
  return /\b(?:OR)\b|\|/.test(before) ? `(${before}) ${term}` : `${before} ${term}`;
}
