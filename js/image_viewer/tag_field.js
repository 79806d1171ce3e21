/** A field for a tag: what is typed is completed with the tags that are known, the most frequent first. */
import { getJson, isAbort } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { count } from "../core/format.js";
import { judgeWords as words } from "./judge_strings.js";

const REST_MS = 120;
const MOST = 8;
export const LONGEST_TAG = 100;
let numbers = 0;

/** As the server keeps it. @param {string} text */
export const cleanTag = (text) => text.normalize("NFC").trim();

/** Are they one tag? @param {string} one @param {string} other */
export const sameTag = (one, other) => one.toLowerCase() === other.toLowerCase();

/**
 * @param {object} options
 * @param {string} options.label
 * @param {string} options.placeholder
 * @param {import("../core/scope.js").Scope} options.scope
 * @param {(tag: string) => void} options.take
 * @param {(tag: string) => boolean} [options.known] is chosen already, so that it is not suggested
 * @param {() => void} [options.empty] Enter, where nothing is typed
 */
export function createTagField({ label, placeholder, scope, take, known = () => false, empty = () => {} }) {
  const id = `holaf-tag-list-${++numbers}`;
  const field = h("input", {
    type: "text",
    class: "holaf-input holaf-tag-input",
    role: "combobox",
    "aria-label": label,
    "aria-expanded": "false",
    "aria-autocomplete": "list",
    "aria-controls": id,
    placeholder,
    maxlength: LONGEST_TAG,
    dir: "auto",
    spellcheck: "false",
    autocomplete: "off",
    enterkeyhint: "enter",
  });
  const list = h("div", { class: "holaf-tag-list", role: "listbox", id, "aria-label": words.tags, hidden: true });
  const element = h("div", { class: "holaf-tag-field" }, field, list);
  /** @type {Array<{name: string, count: number}>} */
  let found = [];
  let active = -1;
  let stop = () => {};
  let controller = new AbortController();
  scope.onDispose(() => controller.abort());

  function close() {
    stop();
    controller.abort();
    active = -1;
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  async function look() {
    stop();
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    try {
      const { tags } = await getJson(`images/tags?find=${encodeURIComponent(cleanTag(field.value))}`, signal);
      if (document.activeElement === field) {
        found = tags.filter((/** @type {any} */ tag) => !known(tag.name)).slice(0, MOST);
        draw();
      }
    } catch (error) {
      // Without suggestions a tag can be typed all the same.
      if (!isAbort(error)) {
        close();
      }
    }
  }

  function draw() {
    if (!found.length) {
      close();
      return;
    }
    active = -1;
    fill(
      list,
      found.map((tag, index) =>
        h(
          "div",
          {
            class: "holaf-tag-option",
            role: "option",
            id: `${id}-${index}`,
            "aria-selected": "false",
            // The field keeps the focus.
            onpointerdown: (/** @type {Event} */ event) => event.preventDefault(),
            onclick: () => choose(tag.name),
          },
          h("span", { class: "holaf-clip", dir: "auto" }, tag.name),
          h("span", { class: "holaf-count" }, count(tag.count)),
        ),
      ),
    );
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    field.removeAttribute("aria-activedescendant");
  }

  /** @param {number} by */
  function step(by) {
    // Past either end is the field itself.
    const places = found.length + 1;
    list.children[active]?.setAttribute("aria-selected", "false");
    active = ((active + 1 + by + places) % places) - 1;
    const row = list.children[active];
    if (row) {
      row.setAttribute("aria-selected", "true");
      row.scrollIntoView({ block: "nearest" });
      field.setAttribute("aria-activedescendant", row.id);
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  }

  /** @param {string} name */
  function choose(name) {
    field.value = "";
    close();
    take(name);
  }

  scope.listen(field, "input", (event) => {
    stop();
    if (!cleanTag(field.value)) {
      close();
    } else if (!event.isComposing) {
      stop = scope.after(REST_MS, () => void look());
    }
  });
  scope.listen(field, "blur", close);
  scope.listen(field, "keydown", (event) => {
    if (event.isComposing) {
      return;
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) {
        void look();
      } else {
        step(event.key === "ArrowDown" ? 1 : -1);
      }
    } else if (event.key === "Escape" && !list.hidden) {
      // The dialog around it stays open.
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const name = found[active]?.name ?? cleanTag(field.value);
      if (name) {
        choose(name);
      } else {
        empty();
      }
    }
  });
  return {
    element,
    field,
    /** What is typed and not yet taken. */
    get rest() {
      return cleanTag(field.value);
    },
  };
}
