/** What differs in the making of compared pictures, beside them. */
import { getJson, isAbort } from "../core/api.js";
import { fill, h, icon } from "../core/dom.js";
import { strings } from "./compare_strings.js";
import { differences } from "./differences.js";
import { modelLabel } from "./strings.js";

/** @typedef {import("./differences.js").Cell} Cell @typedef {import("./differences.js").Parameter} Parameter */

/** @param {import("./comparison.js").Comparison} comparison */
export function createParameters(comparison) {
  const { scope } = comparison;
  const body = h("div", { class: "holaf-compare-body", tabindex: "0" });
  const element = h(
    "aside",
    { class: "holaf-compare-parameters", "aria-label": strings.parameters },
    h("h2", {}, strings.parameters),
    body,
  );
  /** @type {Map<number, {source: string, metadata: any, why: string}>} */
  const read = new Map();
  let shown = "";

  /** @param {import("./compare_picture.js").ComparedPicture} picture */
  async function readOne({ id, source }) {
    let metadata = null;
    let why = "";
    try {
      metadata = await getJson(`images/metadata?id=${id}&graphs=0`, scope.signal);
    } catch (error) {
      if (isAbort(error)) {
        return;
      }
      why = /** @type {Error} */ (error).message;
    }
    read.set(id, { source, metadata, why });
    comparison.draw();
  }

  function load() {
    for (const picture of comparison.pictures) {
      if (!read.has(picture.id)) {
        void readOne(picture);
      }
    }
  }

  /** @param {import("./compare_picture.js").ComparedPicture[]} pictures */
  function content(pictures) {
    const made = pictures.map(({ id, row, gone }) => ({
      row: gone ? null : row,
      metadata: read.get(id)?.metadata ?? null,
    }));
    const numbers = pictures.map(({ id }) => comparison.numberOf(id));
    const { different, equal, prompts } = differences(made);
    const notes = pictures.map((picture, at) => note(picture, numbers[at]));
    const none = !different.length && !prompts.length;
    const silent = made.every(({ metadata }) => !saysAnything(metadata));
    return [
      notes,
      none && h("p", { class: "holaf-note" }, silent ? strings.nothingKnown : strings.nothingDiffers),
      different.length > 0 && (pictures.length === 2 ? pairs(different) : table(different, numbers)),
      prompts.map((each) => texts(each, numbers)),
      equal.length > 0 &&
        h(
          "details",
          { class: "holaf-compare-equal" },
          h("summary", {}, strings.equal(equal.length)),
          h(
            "dl",
            {},
            equal.map((each) => [h("dt", {}, nameOf(each)), h("dd", {}, shownValue(each.cells[0]))]),
          ),
        ),
    ];
  }

  /** @param {import("./compare_picture.js").ComparedPicture} picture @param {number} number */
  function note({ id, row }, number) {
    const { metadata, why } = /** @type {any} */ (read.get(id));
    const which = strings.picture(number, row.filename);
    const text = why ? strings.unread(which, why) : saysAnything(metadata) ? "" : strings.noParameters(which);
    return text && h("p", { class: "holaf-note" }, text);
  }

  return {
    element,
    load,
    /** Why the server could not read a file. @param {number} id */
    problemOf: (id) => read.get(id)?.why ?? "",
    draw() {
      const pictures = comparison.shown;
      element.hidden = !comparison.parametersOpen;
      if (element.hidden) {
        return;
      }
      for (const { id, source } of comparison.pictures) {
        if (read.has(id) && read.get(id)?.source !== source) {
          // It is another file now.
          read.delete(id);
        }
      }
      const ready = pictures.every(({ id }) => read.has(id));
      const key = JSON.stringify([
        ready,
        ...pictures.map(({ id, gone, source }) => [comparison.numberOf(id), gone, source]),
      ]);
      if (key === shown) {
        return;
      }
      shown = key;
      body.setAttribute("aria-busy", String(!ready));
      if (ready) {
        fill(body, content(pictures));
      } else {
        load();
        fill(body, h("p", { class: "holaf-note" }, strings.reading));
      }
    },
  };
}

/** @param {any} metadata */
const saysAnything = (metadata) =>
  Boolean(
    metadata &&
      (metadata.prompt ||
        Object.values(metadata.facts ?? {}).some((/** @type {any} */ fact) => fact && fact.status !== "unknown")),
  );

/** @param {Parameter} parameter */
const nameOf = ({ name, of }) =>
  of === undefined ? strings.names[name] : h("span", { class: "holaf-compare-lora", title: of }, modelLabel(of));

/** @param {Cell} cell */
function shownValue({ text, sure, marked }) {
  if (text === null) {
    return h("span", { class: "holaf-compare-unknown" }, strings.unknown);
  }
  if (text === "") {
    return h("span", { class: "holaf-compare-unknown" }, strings.notUsed);
  }
  const words = marked?.map(({ text: piece, differs }) => (differs ? h("mark", {}, piece) : piece)) ?? text;
  return h(
    "span",
    { class: "holaf-compare-value", title: sure ? null : strings.unsure, dir: "auto" },
    words,
    sure ? null : icon("circle-help", 12),
  );
}

/** Seed 1 → 2. @param {Parameter[]} parameters */
const pairs = (parameters) =>
  h(
    "dl",
    { class: "holaf-compare-pairs" },
    parameters.map((each) => [
      h("dt", {}, nameOf(each)),
      h(
        "dd",
        {},
        shownValue(each.cells[0]),
        h("span", { class: "holaf-compare-to" }, strings.to),
        shownValue(each.cells[1]),
      ),
    ]),
  );

/** A line for each picture, a column for each parameter that differs. @param {Parameter[]} parameters @param {number[]} numbers */
const table = (parameters, numbers) =>
  h(
    "div",
    { class: "holaf-compare-table", tabindex: "0", role: "group", "aria-label": strings.different },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("td", {}),
          parameters.map((each) => h("th", { scope: "col" }, nameOf(each))),
        ),
      ),
      h(
        "tbody",
        {},
        numbers.map((number, at) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, h("span", { class: "holaf-compare-number" }, number)),
            parameters.map(({ cells }) => h("td", {}, shownValue(cells[at]))),
          ),
        ),
      ),
    ),
  );

/** A prompt of each, with the words marked that differ; those that are alike are shown once. @param {Parameter} parameter @param {number[]} numbers */
function texts(parameter, numbers) {
  /** @type {Map<string | null, {cell: Cell, numbers: number[]}>} */
  const alike = new Map();
  for (const [at, cell] of parameter.cells.entries()) {
    const known = alike.get(cell.text);
    known ? known.numbers.push(numbers[at]) : alike.set(cell.text, { cell, numbers: [numbers[at]] });
  }
  return h(
    "section",
    { class: "holaf-compare-texts" },
    h("h3", {}, nameOf(parameter)),
    [...alike.values()].map(({ cell, numbers: whose }) =>
      h(
        "div",
        { class: "holaf-compare-text" },
        h(
          "span",
          { class: "holaf-compare-whose" },
          whose.map((number) => h("span", { class: "holaf-compare-number" }, number)),
        ),
        h(
          "p",
          {},
          cell.text === "" ? h("span", { class: "holaf-compare-unknown" }, strings.emptyText) : shownValue(cell),
        ),
      ),
    ),
  );
}
