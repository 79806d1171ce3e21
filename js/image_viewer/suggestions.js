/** What may be meant by what is typed: a list below the search box, the most frequent first. */
import { getJson, isAbort } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { count } from "../core/format.js";
import { words } from "./search_strings.js";
import { accept, spanOf, spanSince, toCharacters } from "./search_text.js";

const REST_MS = 120;
const MOST = 12;

/** A longer search fits no address; whoever pastes one knows what to type. */
const LONGEST = 1500;

/** What is not counted in pictures, but in the prompts or workflows that have it. */
const COUNTED = { word: words.prompts, prompt: words.prompts, neg: words.prompts, node: words.workflows };

/** @typedef {{insert: string, label: string, kind: string, count?: number | null, example?: string}} Item */

/**
 * @param {object} options
 * @param {HTMLInputElement} options.field
 * @param {HTMLElement} options.place where the list is put
 * @param {HTMLElement} options.box whatever has the keys before the field
 * @param {import("../core/scope.js").Scope} options.scope
 * @param {string} options.id
 * @param {(text?: string) => void} options.search
 * @param {() => void} options.changed opened or closed
 * @param {(text: string, at: number, signal: AbortSignal) => Promise<{start: number, end: number, items: Item[]}>} [options.fetch]
 */
export function createSuggestions({ field, place, box, scope, id, search, changed, fetch = ask }) {
  const list = h("div", {
    class: "holaf-suggestions",
    role: "listbox",
    id,
    "aria-label": words.suggestions,
    hidden: true,
  });
  place.append(list);
  field.setAttribute("aria-controls", id);
  /** @type {Item[]} */
  let items = [];
  let span = { start: 0, end: 0 };
  /** The text that the items are for. */
  let text = "";
  let active = -1;
  let stop = () => {};
  let controller = new AbortController();
  scope.onDispose(() => controller.abort());

  // The server counts the words of all prompts when it is first asked for one, and has them a moment later.
  fetch("a", 1, scope.signal).catch(() => {});

  const isOpen = () => !list.hidden;

  function close() {
    stop();
    controller.abort();
    if (isOpen()) {
      list.hidden = true;
      active = -1;
      field.setAttribute("aria-expanded", "false");
      field.removeAttribute("aria-activedescendant");
      changed();
    }
  }

  async function look() {
    stop();
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    const asked = field.value;
    const at = field.selectionStart ?? asked.length;
    try {
      const answer = await fetch(asked, toCharacters(asked, at), signal);
      // The caret may have gone elsewhere, and so may the user.
      if (signal.aborted || field.value !== asked || document.activeElement !== field) {
        return;
      }
      text = asked;
      span = spanOf(asked, answer);
      items = answer.items.slice(0, MOST);
      // What stands there already is no suggestion.
      if (items.length === 1 && items[0].insert === asked.slice(span.start, span.end)) {
        items = [];
      }
      draw();
    } catch (error) {
      // Without suggestions one can search all the same.
      if (!isAbort(error)) {
        close();
      }
    }
  }

  function draw() {
    if (!items.length) {
      close();
      return;
    }
    const chosen = active < 0 ? null : list.children[active]?.getAttribute("data-insert");
    active = -1;
    const typed = text.slice(span.start, span.end);
    fill(
      list,
      items.map((item, index) =>
        h(
          "div",
          {
            class: "holaf-suggestion",
            role: "option",
            id: `${id}-${index}`,
            "aria-selected": "false",
            "data-insert": item.insert,
            // The field keeps the focus.
            onpointerdown: (/** @type {Event} */ event) => event.preventDefault(),
            onclick: () => take(index),
          },
          h("span", { class: "holaf-suggestion-text holaf-clip", dir: "auto", title: item.label }, textOf(item, typed)),
          item.kind !== "word" && h("span", { class: "holaf-note" }, item.example ?? kindLabel(item.kind)),
          typeof item.count === "number" &&
            h("span", { class: "holaf-count" }, (COUNTED[/** @type {"word"} */ (item.kind)] ?? count)(item.count)),
        ),
      ),
    );
    list.scrollTop = 0;
    // Who chose while these were on their way chose this, not its place.
    point(items.findIndex((item) => item.insert === chosen));
    const opened = list.hidden;
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    if (opened) {
      changed();
    }
  }

  /** @param {number} index */
  function point(index) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = index;
    const row = list.children[active];
    if (row) {
      row.setAttribute("aria-selected", "true");
      row.scrollIntoView({ block: "nearest" });
      field.setAttribute("aria-activedescendant", row.id);
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  }

  /** @param {number} index */
  function take(index) {
    const now = spanSince(text, field.value, span);
    const { insert } = items[index];
    close();
    if (!now) {
      return;
    }
    const done = accept(field.value, { ...now, insert });
    field.value = done.text;
    field.setSelectionRange(done.caret, done.caret);
    // What scrolls the end of a long search into view, as typing would.
    field.scrollLeft = field.scrollWidth;
    changed();
    if (done.more) {
      void look();
    } else {
      search();
    }
  }

  scope.listen(field, "input", (event) => {
    stop();
    controller.abort();
    if (event.isComposing) {
      return;
    }
    if (!field.value.trim() || field.value.length > LONGEST) {
      close();
      return;
    }
    stop = scope.after(REST_MS, () => void look());
  });
  scope.listen(field, "blur", close);
  // Before the field's own keys.
  scope.listen(
    box,
    "keydown",
    (event) => {
      if (event.target !== field || event.isComposing || event.ctrlKey || event.metaKey) {
        return;
      }
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!isOpen()) {
        if (event.altKey && event.key === "ArrowDown") {
          event.preventDefault();
          void look();
        }
        if (event.key === "Enter") {
          close();
        }
        return;
      }
      if (step) {
        // Past either end is the field itself.
        const places = items.length + 1;
        point(((active + 1 + step + places) % places) - 1);
      } else if ((event.key === "Enter" || event.key === "Tab") && active >= 0 && !event.shiftKey) {
        take(active);
      } else if (event.key === "Escape") {
        close();
        event.stopPropagation();
      } else {
        if (event.key === "Enter") {
          close();
        }
        return;
      }
      event.preventDefault();
    },
    { capture: true },
  );

  return {
    close,
    look,
    get isOpen() {
      return isOpen();
    },
  };
}

/** @param {string} text @param {number} at @param {AbortSignal} signal */
const ask = (text, at, signal) => getJson(`images/suggest?text=${encodeURIComponent(text)}&at=${at}`, signal);

/** @param {string} kind */
const kindLabel = (kind) =>
  words.facets[/** @type {"model"} */ (kind)] ?? words.kinds[/** @type {"word"} */ (kind)] ?? kind;

/** @param {Item} item @param {string} typed */
const textOf = ({ kind, insert, label }, typed) =>
  kind === "field" ? [emphasised(insert, typed), h("span", { class: "holaf-note" }, label)] : emphasised(label, typed);

/** The label with what was typed in bold. @param {string} label @param {string} typed */
function emphasised(label, typed) {
  const part = typed.replace(/^.*?:/, "").replace(/["=-]/g, "").trim().toLowerCase();
  const at = part ? label.toLowerCase().indexOf(part) : -1;
  return at < 0
    ? label
    : [label.slice(0, at), h("b", {}, label.slice(at, at + part.length)), label.slice(at + part.length)];
}
