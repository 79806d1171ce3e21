/** Facts of a file and of how it was made; a press on a value searches for it. */
import { h, icon } from "../core/dom.js";
import { dateTime } from "../core/format.js";
import { copyText } from "../ui/clipboard.js";
import { strings } from "./info_strings.js";
import { words } from "./search_strings.js";
import { quoted } from "./search_text.js";
import { bytes, date, duration, folderLabel } from "./strings.js";
import { iconButton } from "./toolbar.js";

/** @typedef {{narrow: (term: string) => void, anew: (term: string) => void}} Look starts a search */

/** @param {Array<[string, any]>} pairs */
export const factList = (pairs) =>
  h(
    "dl",
    { class: "holaf-facts" },
    pairs
      .filter(([, value]) => value !== null && value !== "")
      .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

/** @param {string | (() => string)} text @param {string} what */
export const copyButton = (text, what) =>
  iconButton("copy", strings.copyWhat(what), () => void copyText(typeof text === "function" ? text() : text));

/** @param {string} line @param {string} term @param {Look} look */
const link = (line, term, look) =>
  h(
    "button",
    { type: "button", class: "holaf-fact-link", title: words.filterBy(term), onclick: () => look.narrow(term) },
    line,
  );

/** Of the file itself. @param {any} row @param {Look} look */
export function fileFacts(row, look) {
  const names = strings.facts;
  return [
    h(
      "div",
      { class: "holaf-info-name" },
      h("span", { dir: "auto" }, row.filename),
      copyButton(row.filename, names.name),
    ),
    factList([
      [
        names.folder,
        row.subfolder
          ? `${row.root && row.root !== "output" ? `${row.root}: ` : ""}${row.subfolder}`
          : folderLabel(row.root ?? "output"),
      ],
      [names.date, h("time", { title: dateTime(row.mtime) }, date(row.mtime))],
      [
        names.dimensions,
        row.width ? link(`${row.width} × ${row.height}`, `size:${row.width}x${row.height}`, look) : "",
      ],
      [names.duration, row.duration ? duration(row.duration) : ""],
      [names.bytes, bytes(row.size_bytes)],
      [names.format, row.format ? link(row.format, `format:${row.format.toLowerCase()}`, look) : ""],
    ]),
  ];
}

/** Is it known at all? @param {any} fact */
export const known = (fact) => fact && fact.status !== "unknown" && fact.value !== null && fact.value !== undefined;

/** Fields of the search that mean the same as a fact. */
const FIELDS = /** @type {Record<string, (value: any, row: any) => string>} */ ({
  checkpoint: (value) => `model:=${quoted(String(value))}`,
  loras: (lora) => {
    const one = lora?.value ?? lora;
    return `lora:=${quoted(String(typeof one === "string" ? one : (one?.name ?? "")))}`;
  },
  vae: (value) => `vae:=${quoted(String(value))}`,
  sampler: (value) => `sampler:=${quoted(String(value))}`,
  scheduler: (value) => `scheduler:=${quoted(String(value))}`,
  steps: (value) => `steps:${value}`,
  cfg: (value) => `cfg:${value}`,
  seed: (value) => `seed:${value}`,
  denoise: (value) => `denoise:${value}`,
  // Of what was made larger afterwards no search knows how large it was.
  size: (value, row) => (value[0] === row.width && value[1] === row.height ? `size:${value.join("x")}` : ""),
});

const ORDER = /** @type {const} */ ([
  "checkpoint",
  "loras",
  "vae",
  "sampler",
  "scheduler",
  "steps",
  "cfg",
  "guidance",
  "seed",
  "denoise",
  "size",
]);

/** What is a list, but one value. */
const WRITTEN = /** @type {Record<string, (value: any) => string>} */ ({
  size: (value) => (Array.isArray(value) ? value.join(" × ") : String(value)),
});

/** Of how it was made. @param {Record<string, any>} found @param {any} row @param {Look} look @returns {Array<[string, any]>} */
export function madeFacts(found, row, look) {
  /** @type {Array<[string, any]>} */
  const lines = [];
  for (const name of ORDER) {
    // LoRAs come as one list, or as a fact that holds one.
    const fact = found[name];
    const value = Array.isArray(fact) ? fact : fact?.value;
    const status = Array.isArray(fact) ? "ok" : fact?.status;
    const empty = value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);
    if (empty || status === "unknown") {
      continue;
    }
    const many = Array.isArray(value) && !WRITTEN[name];
    const text = (many ? value : [value]).map((/** @type {any} */ one) => [
      many ? loraLine(one) : (WRITTEN[name] ?? String)(one),
      FIELDS[name]?.(one, row),
    ]);
    lines.push([
      strings.facts[name],
      h(
        "span",
        {
          class: ["holaf-fact", status === "partial" && "holaf-partial"],
          title: status === "partial" ? strings.partial : null,
        },
        text.map(([line, term]) => (term ? link(line, term, look) : h("span", {}, line))),
        status === "partial" ? icon("circle-help", 12) : null,
        name === "seed" ? copyButton(String(value), strings.facts.seed) : null,
      ),
    ]);
  }
  return lines;
}

/** @param {any} lora */
const loraLine = (lora) => {
  const one = lora?.value ?? lora;
  const strengths = [one?.strength_model, one?.strength_clip].filter((strength) => typeof strength === "number");
  const same = strengths.length === 2 && strengths[0] === strengths[1];
  const name = typeof one === "string" ? one : (one?.name ?? "");
  return strengths.length
    ? `${name} · ${(same ? strengths.slice(1) : strengths).map((each) => each.toFixed(2)).join(" / ")}`
    : name;
};
