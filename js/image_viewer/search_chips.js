/** What is active, a chip each: the terms of the search and the filters. */
import { postJson } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { filterChips } from "./facet_choice.js";
import { cleared } from "./filters.js";
import { words } from "./search_strings.js";
import { spanOf, without } from "./search_text.js";
import { iconButton } from "./toolbar.js";

/** @typedef {import("./filters.js").Filters} Filters */
/** @typedef {{text: string, kind: string, excluded: boolean, without: Filters}} Active text: how it is read */

/**
 * Everything that keeps pictures away, as it is in effect.
 * @param {Filters} filters
 * @param {{text: string, chips: any[]}} terms of the search that is shown, as the server read them
 * @param {ReadonlyMap<string, string>} [labels] of values that have names of their own, by "facet value"
 * @returns {Active[]}
 */
export function activeOf(filters, { text, chips }, labels = new Map()) {
  const terms = chips.map((one) => ({
    text: one.label || one.text,
    kind: one.kind,
    excluded: Boolean(one.excluded),
    without: { ...filters, search: without(text, spanOf(text, one)) },
  }));
  const others = filterChips(filters).map((one) => {
    // "Not not rated" says less than "rated".
    const some = one.excluded && words.some(one);
    return {
      text: some || words.chip(one, labels.get(`${one.kind} ${one.value}`)),
      kind: one.kind,
      excluded: one.excluded && !some,
      without: one.without,
    };
  });
  return [...terms, ...others];
}

/** The words of a chip, excluded or not. @param {Active} one */
export const wordsOf = ({ text, kind, excluded }) =>
  kind === "has" && excluded
    ? text.replace("Has", "No")
    : kind.startsWith("has-")
      ? words[excluded ? "without" : "with"](text)
      : excluded
        ? words.excluded(text)
        : text;

/**
 * @param {import("./index.js").Gallery} gallery
 * @param {HTMLElement} place
 * @param {HTMLElement} field gets the focus when the last chip goes
 */
export function createChips(gallery, place, field) {
  const { scope, store, labels } = gallery;
  let drawn = "";

  /** A workflow is a number in the address; the server knows what is in it. @param {Filters} filters */
  async function name(filters) {
    const { any = [], none = [] } = filters.facets.shape ?? {};
    const unknown = [...any, ...none].filter((value) => value && !labels.has(`shape ${value}`));
    if (unknown.length) {
      for (const value of unknown) {
        labels.set(`shape ${value}`, value);
      }
      try {
        const body = { facets: { shape: { any: unknown, none: [] } }, names: ["shape"], limit: 1 };
        const { facets } = await postJson("images/facets", body, scope.signal);
        for (const { value, label } of facets.shape.values) {
          labels.set(`shape ${value}`, label);
        }
        draw();
      } catch {
        // Then its chip has the number.
      }
    }
  }

  function draw() {
    const { filters, terms } = store.get();
    const list = activeOf(filters, filters.search.trim() ? terms : { text: "", chips: [] }, labels);
    void name(filters);
    // The list changes often while files are read; a chip must not go away under the pointer that presses it.
    const key = JSON.stringify(list);
    if (key === drawn) {
      return;
    }
    drawn = key;
    const buttons = () => /** @type {HTMLElement[]} */ ([...place.querySelectorAll("button")]);
    const at = buttons().indexOf(/** @type {HTMLElement} */ (document.activeElement));
    fill(
      place,
      list.map((one) => {
        const text = wordsOf(one);
        return h(
          "span",
          { class: ["holaf-chip", one.excluded && "holaf-excluded"], title: text, dataset: { kind: one.kind } },
          h("span", { class: "holaf-chip-text", dir: "auto" }, text),
          iconButton("x", words.remove(text), () => gallery.setFilters(one.without)),
        );
      }),
      h(
        "button",
        { type: "button", class: "holaf-link", onclick: () => gallery.setFilters(cleared(store.get().filters)) },
        words.clearAll,
      ),
    );
    if (at >= 0) {
      (place.hidden ? field : buttons()[Math.min(at, list.length)]).focus();
    }
  }

  store.watch((state) => state.filters, draw, scope.signal);
  store.watch((state) => state.terms, draw, scope.signal);
  store.watch((state) => state.labelled, draw, scope.signal);
}
