/** Facts of what is selected: from its row at once, how it was made a moment later. */
import { getJson, isAbort } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { cleared } from "./filters.js";
import { factList, fileFacts } from "./info_facts.js";
import { generation } from "./info_generation.js";
import { createInfoMarks } from "./info_marks.js";
import { strings } from "./info_strings.js";
import { withTerm } from "./search_text.js";
import { bytes } from "./strings.js";
import { iconButton } from "./toolbar.js";

/**
 * @param {import("./index.js").Gallery} gallery
 * @param {{place?: HTMLElement, close?: () => void, scope?: import("../core/scope.js").Scope}} [where] the viewer has one of its own
 */
export function createInfo(
  gallery,
  { place = gallery.info, close = () => gallery.toggleInfo(false), scope = gallery.scope } = {},
) {
  const { selection, view, rows } = gallery;
  const head = h("div", { class: "holaf-info-head" }, h("h2", {}, strings.info), iconButton("x", strings.close, close));
  const body = h("div", { class: "holaf-info-body" });
  place.replaceChildren(head, body);
  let shownScope = scope.child();
  let stop = () => {};
  /** @type {number | null | undefined} */
  let shown;

  /** What of its row is drawn. */
  let drawn = "";

  /** Is nothing to be drawn anew, though its row is another? What it is thought of is drawn by itself. @param {number} id */
  async function isDrawn(id) {
    const row = rows.get(id) ?? (await fetchRow(id, scope.signal).catch(() => undefined));
    return shown !== id || (row !== undefined && factsOf(row) === drawn);
  }

  /** @param {number | null} id null: what is selected, or nothing */
  async function show(id) {
    if (id !== null && id === shown && (await isDrawn(id))) {
      return;
    }
    shown = id;
    drawn = "";
    stop();
    shownScope.dispose();
    shownScope = scope.child();
    const mine = shownScope;
    const { signal } = mine;
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
    drawn = factsOf(row);
    marks.show(id);
    fill(body, fileFacts(row, look), marks.element, made);
    stop = scope.after(80, async () => {
      try {
        const metadata = await getJson(`images/metadata?id=${id}&graphs=0`, signal);
        fill(made, generation(gallery, metadata, row, look, mine));
      } catch (error) {
        if (!isAbort(error)) {
          fill(made, h("p", { class: "holaf-note" }, strings.metadataFailed(/** @type {Error} */ (error).message)));
        }
      }
      made.removeAttribute("aria-busy");
    });
  }

  /** @type {import("./info_facts.js").Look} */
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

/** What the details show of a row, but for its marks. @param {Record<string, any>} row */
const factsOf = ({ rev, rating, favourite, label, has_tags, thumbnail_status, thumb_hash, placeholder, ...facts }) =>
  JSON.stringify(facts);
