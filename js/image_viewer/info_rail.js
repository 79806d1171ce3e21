/** Facts of what is selected: from its row at once, how it was made a moment later. */
import { getJson, isAbort } from "../core/api.js";
import { fill, h, icon } from "../core/dom.js";
import { dateTime } from "../core/format.js";
import { copyText } from "../ui/clipboard.js";
import { cleared } from "./filters.js";
import { words } from "./search_strings.js";
import { createInfoMarks } from "./info_marks.js";
import { quoted, withTerm } from "./search_text.js";
import { strings } from "./info_strings.js";
import { bytes, date, duration, folderLabel } from "./strings.js";
import { iconButton } from "./toolbar.js";

/** @typedef {{narrow: (term: string) => void, anew: (term: string) => void}} Look starts a search */

/** @param {import("./index.js").Gallery} gallery */
export function createInfo(gallery) {
  const { scope, info, selection, view, rows } = gallery;
  const head = h(
    "div",
    { class: "holaf-info-head" },
    h("h2", {}, strings.info),
    iconButton("x", strings.close, () => gallery.toggleInfo(false)),
  );
  const body = h("div", { class: "holaf-info-body" });
  info.replaceChildren(head, body);
  let controller = new AbortController();
  scope.onDispose(() => controller.abort());
  let stop = () => {};
  /** @type {number | null | undefined} */
  let shown;

  /** @param {number | null} id null: what is selected, or nothing */
  async function show(id) {
    if (id !== null && id === shown && rows.get(id)) {
      return;
    }
    shown = id;
    stop();
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    if (id === null) {
      fill(body, selection.empty ? h("p", { class: "holaf-note" }, strings.nothingSelected) : many());
      return;
    }
    let row;
    try {
      row = rows.get(id) ?? (await fetchRow(id, signal));
    } catch (error) {
      if (!signal.aborted) {
        fill(body, h("p", { class: "holaf-note" }, strings.metadataFailed(/** @type {Error} */ (error).message)));
      }
      return;
    }
    if (signal.aborted || !row) {
      return;
    }
    const made = h("div", { class: "holaf-made", "aria-busy": "true" });
    marks.show(id);
    fill(body, facts(row), marks.element, made);
    stop = scope.after(80, async () => {
      try {
        const metadata = await getJson(`images/metadata?id=${id}`, signal);
        fill(made, generation(metadata, row, look));
      } catch (error) {
        if (!isAbort(error)) {
          fill(made, h("p", { class: "holaf-note" }, strings.metadataFailed(/** @type {Error} */ (error).message)));
        }
      }
      made.removeAttribute("aria-busy");
    });
  }

  /** @type {Look} */
  const look = {
    /** Among what is shown. */
    narrow: (term) => {
      const { filters } = gallery.store.get();
      gallery.setFilters({ ...filters, search: withTerm(filters.search, term) });
    },
    /** In the whole library. */
    anew: (term) => gallery.setFilters({ ...cleared(gallery.store.get().filters), search: term }),
  };

  const marks = createInfoMarks(gallery, look.anew);

  /** @param {number} id @param {AbortSignal} signal */
  async function fetchRow(id, signal) {
    const position = view.ids.indexOf(id);
    const answer = await getJson(`images/rows?view=${encodeURIComponent(view.id)}&from=${position}&count=1`, signal);
    rows.put(answer.rows.filter(Boolean));
    return rows.get(id);
  }

  function many() {
    const total = selection.count(view.total);
    const known = (selection.ids ?? []).map((id) => rows.get(id)).filter((row) => row !== undefined);
    const sum = known.reduce((all, row) => all + row.size_bytes, 0);
    return [
      h("p", { class: "holaf-info-name" }, strings.manySelected(total)),
      known.length
        ? factList([
            [
              strings.totalSize,
              known.length < total ? `${bytes(sum)} (${strings.sumUnknown(known.length)})` : bytes(sum),
            ],
          ])
        : null,
    ];
  }

  return {
    show,
    /** The list has changed: what is shown may be another picture now, or gone. */
    renew: () => typeof shown === "number" && void show(view.ids.includes(shown) ? shown : null),
  };
}

/** @param {Array<[string, any]>} pairs */
const factList = (pairs) =>
  h(
    "dl",
    { class: "holaf-facts" },
    pairs
      .filter(([, value]) => value !== null && value !== "")
      .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

/** @param {string} text @param {string} what */
const copyButton = (text, what) => iconButton("copy", strings.copyWhat(what), () => void copyText(text));

/** @param {any} row */
function facts(row) {
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
      [names.dimensions, row.width ? `${row.width} × ${row.height}` : ""],
      [names.duration, row.duration ? duration(row.duration) : ""],
      [names.size, bytes(row.size_bytes)],
      [names.format, row.format],
    ]),
  ];
}

/** @param {string} title @param {string} text @param {string} source */
const passage = (title, text, source) =>
  h(
    "section",
    { class: "holaf-passage" },
    h(
      "div",
      { class: "holaf-passage-head" },
      h("h3", {}, title),
      source === "sidecar" ? h("span", { class: "holaf-note" }, strings.sidecar) : null,
      copyButton(text, title),
    ),
    h("p", { class: "holaf-text", dir: "auto", tabindex: "0" }, text),
  );

/** @param {any} metadata @param {any} row @param {Look} look */
function generation(metadata, row, look) {
  const parts = [];
  if (metadata.metadata_error) {
    parts.push(h("p", { class: "holaf-note" }, strings.metadataFailed(metadata.metadata_error)));
  }
  if (metadata.prompt) {
    parts.push(passage(strings.prompt, metadata.prompt, metadata.prompt_source));
  }
  if (metadata.negative_prompt) {
    parts.push(passage(strings.negative, metadata.negative_prompt, ""));
  }
  const lines = factLines(metadata.facts ?? {}, look);
  if (lines.length) {
    parts.push(h("section", { class: "holaf-passage" }, h("h3", {}, strings.generation), factList(lines)));
  }
  const alike = /** @type {const} */ ([
    ["prompt", metadata.prompt],
    ["seed", known(metadata.facts?.seed)],
    ["workflow", metadata.workflow ?? metadata.prompt_graph],
  ]).filter(([, is]) => is);
  if (alike.length) {
    parts.push(
      h(
        "section",
        { class: "holaf-passage" },
        h("h3", {}, words.alike),
        h(
          "div",
          { class: "holaf-alike" },
          alike.map(([kind]) =>
            h(
              "button",
              {
                type: "button",
                class: "holaf-button holaf-small",
                onclick: () => look.anew(`like:${kind}:${row.id}`),
              },
              words.like[kind],
            ),
          ),
        ),
      ),
    );
  }
  if (metadata.workflow) {
    parts.push(workflow(metadata.workflow, row, metadata.workflow_source));
  }
  return parts.length ? parts : h("p", { class: "holaf-note" }, strings.noMetadata);
}

/** Is it known at all? @param {any} fact */
const known = (fact) => fact && fact.status !== "unknown" && fact.value !== null && fact.value !== undefined;

/** Fields of the search that mean the same as a fact. */
const FIELDS = /** @type {Record<string, (value: any) => string>} */ ({
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
});

/** @param {Record<string, any>} found @param {Look} look @returns {Array<[string, any]>} */
function factLines(found, look) {
  const order = /** @type {const} */ ([
    "checkpoint",
    "loras",
    "vae",
    "sampler",
    "scheduler",
    "steps",
    "cfg",
    "seed",
    "denoise",
    "guidance",
  ]);
  /** @type {Array<[string, any]>} */
  const lines = [];
  for (const name of order) {
    // LoRAs come as one list, or as a fact that holds one.
    const fact = found[name];
    const value = Array.isArray(fact) ? fact : fact?.value;
    const status = Array.isArray(fact) ? "ok" : fact?.status;
    if (
      value === null ||
      value === undefined ||
      value === "" ||
      status === "unknown" ||
      (Array.isArray(value) && !value.length)
    ) {
      continue;
    }
    const text = (Array.isArray(value) ? value : [value]).map((one) => [
      Array.isArray(value) ? loraLine(one) : String(one),
      FIELDS[name]?.(one),
    ]);
    lines.push([
      strings.facts[name],
      h(
        "span",
        {
          class: ["holaf-fact", status === "partial" && "holaf-partial"],
          title: status === "partial" ? strings.partial : null,
        },
        text.map(([line, term]) =>
          term
            ? h(
                "button",
                {
                  type: "button",
                  class: "holaf-fact-link",
                  title: words.filterBy(term),
                  onclick: () => look.narrow(term),
                },
                line,
              )
            : h("span", {}, line),
        ),
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

/** @param {object} graph @param {any} row @param {string} source */
function workflow(graph, row, source) {
  const nodes = /** @type {any} */ (graph).nodes?.length;
  const text = () => JSON.stringify(graph, null, 2);
  const json = h("pre", { class: "holaf-json", tabindex: "0" });
  const details = h("details", {}, h("summary", {}, strings.showWorkflow), json);
  details.addEventListener("toggle", () => {
    json.textContent ||= text().slice(0, 400_000);
  });
  const download = () => {
    const address = URL.createObjectURL(new Blob([text()], { type: "application/json" }));
    h("a", { href: address, download: `${row.filename.replace(/\.[^.]*$/, "")}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  };
  return h(
    "section",
    { class: "holaf-passage" },
    h(
      "div",
      { class: "holaf-passage-head" },
      h("h3", {}, strings.workflow, nodes ? h("span", { class: "holaf-note" }, ` ${strings.nodes(nodes)}`) : null),
      source === "sidecar" ? h("span", { class: "holaf-note" }, strings.sidecar) : null,
      iconButton("copy", strings.copyWhat(strings.workflow), () => void copyText(text())),
      iconButton("download", strings.downloadWorkflow, download),
    ),
    details,
  );
}
