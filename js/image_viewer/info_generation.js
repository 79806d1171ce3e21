/** How a picture was made: its prompts, its facts, what is like it, and its workflow. */
import { h, icon } from "../core/dom.js";
import { copyButton, factList, known, madeFacts } from "./info_facts.js";
import { jsonSections } from "./info_json.js";
import { strings } from "./info_strings.js";
import { phrasesOf } from "./phrases.js";
import { words } from "./search_strings.js";
import { quoted } from "./search_text.js";
import { iconButton } from "./toolbar.js";
import { workflowActions } from "./workflow_actions.js";

/**
 * @param {import("./index.js").Gallery} gallery
 * @param {any} metadata @param {any} row
 * @param {import("./info_facts.js").Look} look
 * @param {import("../core/scope.js").Scope} scope
 */
export function generation(gallery, metadata, row, look, scope) {
  const parts = [];
  if (metadata.metadata_error) {
    parts.push(h("p", { class: "holaf-note" }, strings.metadataFailed(metadata.metadata_error)));
  }
  if (metadata.prompt) {
    parts.push(passage(strings.prompt, metadata.prompt, metadata.prompt_source, "prompt", look));
  }
  if (metadata.negative_prompt) {
    parts.push(passage(strings.negative, metadata.negative_prompt, "", "neg", look));
  }
  const lines = madeFacts(metadata.facts ?? {}, row, look);
  if (lines.length) {
    parts.push(h("section", { class: "holaf-passage" }, h("h3", {}, strings.generation), factList(lines)));
  }
  const alike = /** @type {const} */ ([
    ["prompt", metadata.prompt],
    ["seed", known(metadata.facts?.seed)],
    ["workflow", metadata.graph],
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
              { type: "button", class: "holaf-button holaf-small", onclick: () => look.anew(`like:${kind}:${row.id}`) },
              words.like[kind],
            ),
          ),
        ),
      ),
    );
  }
  if (!parts.length) {
    parts.push(h("p", { class: "holaf-note" }, strings.noMetadata));
  }
  parts.push(workflow(gallery, metadata, row), ...jsonSections(metadata, row, scope));
  return parts;
}

/**
 * @param {string} title @param {string} text @param {string} source
 * @param {"prompt" | "neg"} field @param {import("./info_facts.js").Look} look
 */
function passage(title, text, source, field, look) {
  const phrases = phrasesOf(text);
  const search = iconButton("search", strings.searchWords(title), async () => {
    const { openMenu } = await import("../ui/menu.js");
    openMenu(
      search,
      phrases.map((phrase) => ({ label: phrase, action: () => look.narrow(`${field}:${quoted(phrase)}`) })),
      { label: strings.searchWords(title) },
    );
  });
  search.setAttribute("aria-haspopup", "menu");
  return h(
    "section",
    { class: "holaf-passage" },
    h(
      "div",
      { class: "holaf-passage-head" },
      h("h3", {}, title),
      source === "sidecar" ? h("span", { class: "holaf-note" }, strings.sidecar) : null,
      phrases.length ? search : null,
      copyButton(text, title),
    ),
    h("p", { class: "holaf-text", dir: "auto", tabindex: "0" }, text),
  );
}

/** @param {import("./index.js").Gallery} gallery @param {any} metadata @param {any} row */
function workflow(gallery, metadata, row) {
  // Where it was not told, as of a server that is older than this page, a row says enough.
  const actions = workflowActions(gallery, row.id, metadata.graph);
  if (!metadata.graph && !gallery.host.canvas) {
    return null;
  }
  const reason = actions.find(({ disabled }) => disabled)?.disabled;
  return h(
    "section",
    { class: "holaf-passage" },
    h(
      "div",
      { class: "holaf-passage-head" },
      h(
        "h3",
        {},
        strings.workflow,
        metadata.nodes ? h("span", { class: "holaf-note" }, ` ${strings.nodes(metadata.nodes)}`) : null,
      ),
      metadata.workflow_source === "sidecar" ? h("span", { class: "holaf-note" }, strings.sidecar) : null,
    ),
    h(
      "div",
      { class: "holaf-workflow-actions" },
      actions.map(({ id, label, icon: name, disabled, action }) =>
        h(
          "button",
          {
            type: "button",
            class: "holaf-button holaf-small",
            dataset: { action: id },
            // With its reason it stays within reach of the keys.
            "aria-disabled": disabled ? "true" : null,
            title: disabled || null,
            onclick: () => !disabled && void action(),
          },
          icon(name, 14),
          label,
        ),
      ),
    ),
    reason ? h("p", { class: "holaf-note" }, `${reason}.`) : null,
  );
}
