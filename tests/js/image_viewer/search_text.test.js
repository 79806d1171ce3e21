import assert from "node:assert/strict";
import { test } from "node:test";
import {
  accept,
  quoted,
  spanSince,
  segments,
  spanOf,
  toCharacters,
  toUnits,
  tokens,
  withTerm,
  without,
} from "../../../js/image_viewer/search_text.js";
import { random as numbers } from "./random.js";

const read = (text) =>
  tokens(text)
    .map(({ start, end, kind, excluded }) => `${excluded ? "!" : ""}${kind}:${text.slice(start, end)}`)
    .join(" ");

test("words, phrases, fields, ranges, expressions and what is left out are told apart", () => {
  assert.equal(read("cat -dog"), "word:cat !minus:- !word:dog");
  assert.equal(read('"red fox" OR x'), 'phrase:"red fox" keyword:OR word:x');
  assert.equal(read("steps:20..30 cfg>=3"), "field:steps: value:20 operator:.. value:30 field:cfg operator:>= value:3");
  assert.equal(read('-lora:"a b">=0.6'), '!minus:- !field:lora: !phrase:"a b" !operator:>= !value:0.6');
  assert.equal(read("/a(b|c) d/i neg:/x/"), "regex:/a(b|c) d/i field:neg: regex:/x/");
  assert.equal(read("-(a OR b) c"), "!minus:- !paren:( !word:a !keyword:OR !word:b !paren:) word:c");
  assert.equal(read("miku_(vocaloid)"), "word:miku_(vocaloid)");
  assert.equal(read("ORANGE well-known"), "word:ORANGE word:well-known");
});

test("any text is read to its end, in order and without gaps but for space", () => {
  const random = numbers(5);
  const signs = [
    "a",
    "-",
    "(",
    ")",
    '"',
    "“",
    "”",
    "/",
    "\\",
    ":",
    "model:",
    " ",
    "OR ",
    "..",
    ">=",
    ",",
    "|",
    "🦊",
    "é",
    "=",
  ];
  for (let round = 0; round < 3000; round++) {
    const text = Array.from(
      { length: Math.floor(random() * 14) },
      () => signs[Math.floor(random() * signs.length)],
    ).join("");
    let at = 0;
    for (const { start, end } of tokens(text)) {
      assert.match(text.slice(at, start), /^\s*$/, JSON.stringify(text));
      assert.ok(end > start && end <= text.length, JSON.stringify(text));
      at = end;
    }
    assert.match(text.slice(at), /^\s*$/, JSON.stringify(text));
    assert.equal(
      segments(text)
        .map((part) => part.text)
        .join(""),
      text,
    );
  }
});

test("a mistake is marked exactly where it is, and at the end by a sign of its own", () => {
  const marked = (text, span) =>
    segments(text, span)
      .filter(({ classes }) => classes.includes("mistake"))
      .map((part) => part.text)
      .join("");
  assert.equal(marked("a modle:x b", { start: 2, end: 8 }), "modle:");
  assert.equal(marked("abc", { start: 3, end: 3 }), "\u00a0");
  assert.equal(marked("abc", { start: 1, end: 1 }), "b");
  assert.equal(marked("", { start: 0, end: 0 }), "\u00a0");
  assert.equal(marked("ab", { start: 0, end: 99 }), "ab");
});

test("a very long text is one piece, but its mistake is still marked", () => {
  const text = "word ".repeat(1000);
  assert.equal(segments(text).length, 1);
  assert.deepEqual(
    segments(text, { start: 10, end: 14 }).map(({ classes }) => classes),
    [[], ["mistake"], []],
  );
});

test("the server counts characters, the page units of UTF-16", () => {
  const text = "🦊 model:🌲 é";
  assert.equal(toUnits(text, 2), 3);
  assert.equal(toCharacters(text, 3), 2);
  assert.deepEqual(spanOf(text, { start: 2, end: 9 }), { start: 3, end: 11 });
  assert.equal(toUnits(text, 999), text.length);
});

test("a term goes without leaving what joined it behind", () => {
  const cut = (text, term) => without(text, { start: text.indexOf(term), end: text.indexOf(term) + term.length });
  assert.equal(cut("a  -b   c", "-b"), "a c");
  assert.equal(cut("a b", "a"), "b");
  assert.equal(cut("a b", "b"), "a");
  assert.equal(cut("a, b", "a"), "b");
  assert.equal(cut("a", "a"), "");
});

test("a suggestion replaces what was typed, and a field waits for its value", () => {
  assert.deepEqual(accept("cat mod", { start: 4, end: 7, insert: "model:" }), {
    text: "cat model:",
    caret: 10,
    more: true,
  });
  assert.deepEqual(accept("model:fl dog", { start: 0, end: 8, insert: "model:flux" }), {
    text: "model:flux dog",
    caret: 10,
    more: false,
  });
  assert.equal(accept("fl", { start: 0, end: 2, insert: "flux" }).text, "flux ");
});

test("what was typed on at the end of a word is still that word", () => {
  const word = { start: 4, end: 6 };
  assert.deepEqual(spanSince("cat mo dog", "cat mod dog", word), { start: 4, end: 7 });
  assert.deepEqual(spanSince("cat mo dog", "cat m dog", word), { start: 4, end: 5 });
  assert.deepEqual(spanSince("cat mo dog", "cat mo dog", word), word);
  // Another word began, or something else was changed: nothing there may be replaced.
  assert.equal(spanSince("cat mo", "cat mo x", word), null);
  assert.equal(spanSince("cat mo", "cut mo", word), null);
  assert.equal(spanSince("cat mo dog", "cat mo dogs", word), null);
  assert.equal(spanSince("cat mo", "cat", word), null);
});

test("a value is put in quotes where it would not be read as one", () => {
  assert.equal(quoted("flux1-dev.safetensors"), "flux1-dev.safetensors");
  assert.equal(quoted("a b"), '"a b"');
  assert.equal(quoted('say "x" \\'), '"say \\"x\\" \\\\"');
  assert.equal(quoted("-x"), '"-x"');
  assert.equal(quoted(""), '""');
});

test("a further term joins a search without changing what stood there", () => {
  assert.equal(withTerm("", "seed:1"), "seed:1");
  assert.equal(withTerm("cat ", "seed:1"), "cat seed:1");
  assert.equal(withTerm("cat seed:1", "seed:1"), "cat seed:1");
  assert.equal(withTerm("cat OR dog", "seed:1"), "(cat OR dog) seed:1");
});
