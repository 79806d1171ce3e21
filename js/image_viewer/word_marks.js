/** Which words of two texts differ. */

/** @typedef {Array<{text: string, differs: boolean}>} Marked a text in pieces, nothing of it left out */

// A word with what its brackets and weight say, a comma, or what is between them.
const TOKENS = /\s+|[,;|]|[^\s,;|]+/g;
// Comparing all words of one text with all of the other is too much for texts of megabytes.
const MOST_PAIRS = 250_000;

/** @param {string} text */
const tokensOf = (text) => text.match(TOKENS) ?? [];
/** @param {string} token */
const isWord = (token) => token.trim() !== "";

/**
 * Marks what only one of two texts has: as few words as possible.
 *
 * @param {string} one @param {string} other @returns {[Marked, Marked]}
 */
export function markWords(one, other) {
  const tokens = [tokensOf(one), tokensOf(other)];
  const words = tokens.map((list) => list.filter(isWord));
  const same = alike(words[0], words[1]);
  return [pieces(tokens[0], same[0]), pieces(tokens[1], same[1])];
}

/**
 * Marks in each text what not all of the others have too. For two texts this is `markWords`.
 *
 * @param {Array<string | null>} texts null: not known
 * @returns {Array<Marked | null>}
 */
export function markAll(texts) {
  const known = /** @type {string[]} */ (texts.filter((text) => text !== null));
  if (known.length < 2) {
    return texts.map((text) => (text === null ? null : [{ text, differs: false }]));
  }
  const first = tokensOf(known[0]);
  const words = first.filter(isWord);
  const inAll = words.map(() => true);
  const others = known.slice(1).map((text) => {
    const tokens = tokensOf(text);
    const [ours, theirs] = alike(words, tokens.filter(isWord));
    for (const [at, same] of ours.entries()) {
      inAll[at] &&= same;
    }
    return pieces(tokens, theirs);
  });
  const marked = [pieces(first, inAll), ...others];
  return texts.map((text) => (text === null ? null : /** @type {Marked} */ (marked.shift())));
}

/**
 * For each word of two lists, whether the other list has it at the same point of the order.
 *
 * @param {string[]} one @param {string[]} other @returns {[boolean[], boolean[]]}
 */
function alike(one, other) {
  let start = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) {
    start++;
  }
  let end = 0;
  while (
    end < one.length - start &&
    end < other.length - start &&
    one[one.length - 1 - end] === other[other.length - 1 - end]
  ) {
    end++;
  }
  const same = /** @type {[boolean[], boolean[]]} */ (
    [one, other].map((list) => list.map((_word, at) => at < start || at >= list.length - end))
  );
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  if (left.length * right.length > MOST_PAIRS) {
    const [ours, theirs] = [new Set(left), new Set(right)];
    for (const [at, word] of left.entries()) {
      same[0][start + at] = theirs.has(word);
    }
    for (const [at, word] of right.entries()) {
      same[1][start + at] = ours.has(word);
    }
    return same;
  }
  for (const [a, b] of longestCommon(left, right)) {
    same[0][start + a] = true;
    same[1][start + b] = true;
  }
  return same;
}

/** Places in both lists of the longest sequence that both have. @param {string[]} one @param {string[]} other */
function longestCommon(one, other) {
  const across = other.length + 1;
  const lengths = new Uint32Array((one.length + 1) * across);
  for (let a = one.length - 1; a >= 0; a--) {
    for (let b = other.length - 1; b >= 0; b--) {
      lengths[a * across + b] =
        one[a] === other[b]
          ? lengths[(a + 1) * across + b + 1] + 1
          : Math.max(lengths[(a + 1) * across + b], lengths[a * across + b + 1]);
    }
  }
  /** @type {Array<[number, number]>} */
  const pairs = [];
  for (let a = 0, b = 0; a < one.length && b < other.length; ) {
    if (one[a] === other[b]) {
      pairs.push([a++, b++]);
    } else if (lengths[(a + 1) * across + b] >= lengths[a * across + b + 1]) {
      a++;
    } else {
      b++;
    }
  }
  return pairs;
}

/** @param {string[]} tokens @param {boolean[]} same for each word among them @returns {Marked} */
function pieces(tokens, same) {
  /** @type {Marked} */
  const found = [];
  let word = 0;
  for (const [at, token] of tokens.entries()) {
    // What is between two words that differ differs with them.
    const differs = isWord(token)
      ? !same[word++]
      : Boolean(found.at(-1)?.differs) && at + 1 < tokens.length && !same[word];
    const last = found.at(-1);
    if (last && last.differs === differs) {
      last.text += token;
    } else {
      found.push({ text: token, differs });
    }
  }
  return found;
}
