import assert from "node:assert/strict";
import test from "node:test";
import { differences, valueText } from "../../../js/image_viewer/differences.js";
import { markAll, markWords } from "../../../js/image_viewer/word_marks.js";

const fact = (/** @type {any} */ value, status = "ok") => ({ value, status });
const picture = (/** @type {any} */ facts, prompt = "a fox", /** @type {any} */ more = {}) => ({
  row: { width: 1024, height: 1024, format: "PNG" },
  metadata: { facts, prompt, prompt_status: "ok", negative_prompt: null, negative_prompt_status: "unknown", ...more },
});
const shown = (/** @type {any[]} */ parameters) =>
  Object.fromEntries(
    parameters.map(({ name, of, cells }) => [of ?? name, cells.map((/** @type {any} */ c) => c.text)]),
  );
const marked = (/** @type {any[]} */ pieces) =>
  pieces.map(({ text, differs }) => (differs ? `[${text}]` : text)).join("");

test("what differs is listed with both values, what is the same apart from it", () => {
  const { different, equal, prompts } = differences([
    picture({ seed: fact("1"), cfg: fact(7), steps: fact(20), sampler: fact("euler") }),
    picture({ seed: fact("2"), cfg: fact(4.5), steps: fact(20), sampler: fact("euler") }),
  ]);
  assert.deepEqual(shown(different), { seed: ["1", "2"], cfg: ["7", "4.5"] });
  assert.deepEqual(Object.keys(shown(equal)), ["sampler", "steps", "dimensions", "format", "prompt"]);
  assert.deepEqual(prompts, []);
});

test("what is unknown of one is a difference that says so, of all it is left out", () => {
  const none = { row: { width: 64, height: 64, format: "PNG" }, metadata: null };
  const { different, equal, prompts } = differences([picture({ seed: fact("1"), vae: fact(null, "unknown") }), none]);
  assert.deepEqual(shown(different), { seed: ["1", null], dimensions: ["1024 × 1024", "64 × 64"] });
  assert.deepEqual(shown(equal), { format: ["PNG", "PNG"] });
  assert.deepEqual(shown(prompts), { prompt: ["a fox", null] });
  assert.equal(prompts[0].cells[1].marked, null);
  const gone = { row: null, metadata: null };
  assert.deepEqual(differences([gone, gone]), { different: [], equal: [], prompts: [] });
});

test("a value that may be another is marked as not sure", () => {
  const [seed] = differences([picture({ seed: fact("1", "partial") }), picture({ seed: fact("2") })]).different;
  assert.deepEqual(
    seed.cells.map(({ sure }) => sure),
    [false, true],
  );
});

test("seeds beyond what a number holds and figures of rounding are compared as people read them", () => {
  const { different, equal } = differences([
    picture({ seed: fact("18446744073709551615"), cfg: fact(0.8700000000000001) }),
    picture({ seed: fact("18446744073709551614"), cfg: fact(0.87) }),
  ]);
  assert.deepEqual(shown(different), { seed: ["18446744073709551615", "18446744073709551614"] });
  assert.deepEqual(shown(equal).cfg, ["0.87", "0.87"]);
  assert.equal(valueText([1024, 768]), "1024 × 768");
  assert.equal(valueText(0), "0");
  assert.equal(valueText(""), null);
});

test("each LoRA has its own line, with nothing where it is not used and unknown where nothing is known", () => {
  const use = (/** @type {string} */ name, /** @type {number} */ model, clip = model) => ({
    name,
    strength_model: model,
    strength_clip: clip,
  });
  const { different, equal } = differences([
    picture({ loras: fact([use("film", 0.8), use("detail", 1)]) }),
    picture({ loras: fact([use("film", 0.6, 0.2), use("detail", 1)]) }),
    picture({ loras: fact([use("detail", 1)]) }),
  ]);
  assert.deepEqual(shown(different), { film: ["0.80", "0.60 / 0.20", ""] });
  assert.deepEqual(shown(equal).detail, ["1.00", "1.00", "1.00"]);
  const one = differences([picture({ loras: fact([use("film", 1)]) }), picture({ loras: fact(null, "unknown") })]);
  assert.deepEqual(shown(one.different), { film: ["1.00", null] });
});

test("words of the prompt that differ are marked, the fewest that explain it", () => {
  const [one, other] = markWords("a red fox, evening light, 35mm", "a blue fox, evening light, film grain, 35mm");
  assert.equal(marked(one), "a [red] fox, evening light, 35mm");
  assert.equal(marked(other), "a [blue] fox, evening light[, film grain], 35mm");
  const text = "  (fox:1.2),\n<lora:film:0.8>  tail ";
  assert.equal(markWords(text, "").map(marked)[0].replace(/[[\]]/g, ""), text);
  assert.deepEqual(markWords("fox", "fox"), [[{ text: "fox", differs: false }], [{ text: "fox", differs: false }]]);
});

test("of more than two prompts the words are marked that not all have; one that is unknown marks none", () => {
  const found = markAll(["a red fox", null, "a red hare", "a red fox at night"]);
  assert.deepEqual(
    found.map((pieces) => pieces && marked(pieces)),
    ["a red [fox]", null, "a red [hare]", "a red fox [at night]"],
  );
  assert.deepEqual(markAll(["a fox", null]), [[{ text: "a fox", differs: false }], null]);
});

test("prompts of a megabyte are marked without comparing every word with every other", () => {
  const words = (/** @type {string} */ kind) => Array.from({ length: 60_000 }, (_, n) => `${kind}${n}`).join(" ");
  const [one, other] = markWords(`${words("a")} shared`, `shared ${words("b")}`);
  assert.equal(
    one
      .filter(({ differs }) => !differs)
      .map(({ text }) => text.trim())
      .join(""),
    "shared",
  );
  assert.equal(other[0].text.trim(), "shared");
  assert.equal(other[0].differs, false);
});
