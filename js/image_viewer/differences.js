/**
 * In what the making of pictures differs: which parameters, which LoRAs, which words of their prompts. Arithmetic only.
 *
 * @typedef {object} Made what is known of one picture
 * @property {any} metadata what GET metadata sent; null where it could not be read
 * @property {any} row its row in the list; null where it has gone
 *
 * @typedef {object} Cell
 * @property {string | null} text null: not known
 * @property {boolean} sure no other value is possible
 * @property {import("./word_marks.js").Marked | null} [marked] of a prompt
 *
 * @typedef {object} Parameter
 * @property {string} name "seed", "prompt", "lora"
 * @property {string} [of] the LoRA
 * @property {Cell[]} cells in the order of the pictures
 */
import { markAll } from "./word_marks.js";

const FACTS = [
  "seed",
  "checkpoint",
  "loras",
  "sampler",
  "scheduler",
  "steps",
  "cfg",
  "guidance",
  "denoise",
  "vae",
  "size",
];
/** @type {Cell} */
const UNKNOWN = Object.freeze({ text: null, sure: true });

/**
 * @param {Made[]} pictures
 * @returns {{different: Parameter[], equal: Parameter[], prompts: Parameter[]}} what nobody knows of any is left out;
 *   prompts: the texts that differ
 */
export function differences(pictures) {
  /** @type {Parameter[]} */
  const all = FACTS.flatMap((name) =>
    name === "loras" ? loras(pictures) : [{ name, cells: pictures.map((each) => factCell(each, name)) }],
  );
  all.push(
    { name: "dimensions", cells: pictures.map(({ row }) => cell(row?.width ? `${row.width} × ${row.height}` : null)) },
    { name: "format", cells: pictures.map(({ row }) => cell(row?.format || null)) },
  );
  const texts = [textOf(pictures, "prompt"), textOf(pictures, "negative_prompt")];
  const known = [...all, ...texts].filter(({ cells }) => cells.some(({ text }) => text !== null));
  const equal = known.filter(isEqual);
  const different = known.filter((each) => !equal.includes(each));
  const prompts = different.filter((each) => texts.includes(each));
  for (const each of prompts) {
    const marked = markAll(each.cells.map(({ text }) => text));
    each.cells = each.cells.map((one, at) => ({ ...one, marked: marked[at] }));
  }
  return { different: different.filter((each) => !texts.includes(each)), equal, prompts };
}

/** @param {Parameter} parameter */
function isEqual({ cells: [first, ...others] }) {
  return others.every(({ text }) => text === first.text);
}

/** @param {string | null} text @returns {Cell} */
const cell = (text) => (text === null ? UNKNOWN : { text, sure: true });

/** @param {Made} made @param {string} name @returns {Cell} */
function factCell({ metadata }, name) {
  const fact = metadata?.facts?.[name];
  const text = fact && fact.status !== "unknown" ? valueText(fact.value) : null;
  return text === null ? UNKNOWN : { text, sure: fact.status === "ok" };
}

/** One value as it is shown; what differs by less than anyone could have set is the same. @param {any} value */
export function valueText(value) {
  if (value === null || value === undefined || value === "") {
    return null;
  }
  if (Array.isArray(value)) {
    return value.every((each) => typeof each === "number") ? value.join(" × ") : value.map(String).join(", ");
  }
  // 0.8700000000000001
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
}

/** A row for each LoRA that any of them uses. @param {Made[]} pictures @returns {Parameter[]} */
function loras(pictures) {
  const found = pictures.map(({ metadata }) => {
    const fact = metadata?.facts?.loras;
    return fact && fact.status !== "unknown" && Array.isArray(fact.value) ? fact : null;
  });
  const names = new Set(found.flatMap((fact) => (fact ? fact.value.map(nameOf) : [])));
  return [...names].map((of) => ({
    name: "lora",
    of,
    cells: found.map((fact) => {
      const uses = fact?.value.filter((/** @type {any} */ each) => nameOf(each) === of) ?? [];
      return fact ? { text: uses.map(strengths).join(" + "), sure: fact.status === "ok" } : UNKNOWN;
    }),
  }));
}

/** @param {any} lora */
const nameOf = (lora) => String(lora?.name ?? lora);

/** Of the model, and of the text encoder where that is another. @param {any} lora */
function strengths({ strength_model: model, strength_clip: clip } = /** @type {any} */ ({})) {
  const both = [model, clip === model ? null : clip].filter((each) => typeof each === "number");
  return both.map((each) => each.toFixed(2)).join(" / ") || "1.00";
}

/** @param {Made[]} pictures @param {"prompt" | "negative_prompt"} name @returns {Parameter} */
function textOf(pictures, name) {
  return {
    name,
    cells: pictures.map(({ metadata }) => {
      const status = metadata?.[`${name}_status`];
      // A sidecar's or another tool's text has no status of its own.
      const known = metadata && (metadata[name] || (status && status !== "unknown"));
      return known ? { text: metadata[name] ?? "", sure: status !== "partial" } : UNKNOWN;
    }),
  };
}
