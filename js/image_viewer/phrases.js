/** The parts of a prompt that somebody may want to search for. */

/** Parts of a prompt that a menu offers. */
const MOST_PHRASES = 24;
const LONGEST_PHRASE = 60;

/** The parts between commas and lines, as people put a prompt together. @param {string} text */
export function phrasesOf(text) {
  const found = new Set();
  for (const part of text.split(/[,\n\r;|]+/)) {
    // Weights are not searched: (a castle:1.2) is about a castle.
    const plain = part
      .replace(/<[^>]*>|:\s*[\d.]+(?=\s*[)\]])|[()[\]{}]/g, " ")
      .replace(/\s+/g, " ")
      .trim();
    if (plain && plain.length <= LONGEST_PHRASE) {
      found.add(plain);
    }
  }
  return [...found].slice(0, MOST_PHRASES);
}
