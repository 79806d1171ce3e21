/** A list without pictures: what keeps them away, and how many there are without each of it. */
import { postJson } from "../core/api.js";
import { fill, h, icon } from "../core/dom.js";
import { count } from "../core/format.js";
import { stateBlock } from "../ui/state_block.js";
import { cleared, toRequest } from "./filters.js";
import { activeOf, wordsOf } from "./search_chips.js";
import { words } from "./search_strings.js";

const MOST = 6;

/**
 * @param {import("./index.js").Gallery} gallery
 * @param {AbortSignal} signal ends the counting
 */
export function emptyResult(gallery, signal) {
  const { store, view, labels } = gallery;
  const { filters, terms } = store.get();
  const active = activeOf(filters, terms, labels);
  const list = h("div", { class: "holaf-blame" });
  if (active.length > 1) {
    void blame();
  }
  return stateBlock({
    icon: "search",
    title: words.noMatches,
    text: [words.noMatchesText(view.totalCount), list],
    buttons: [{ label: words.clearFilters, primary: true, action: () => gallery.setFilters(cleared(filters)) }],
  });

  async function blame() {
    const counted = await Promise.all(
      active.slice(0, MOST).map(async (one) => ({ ...one, total: await totalOf(one.without) })),
    );
    const helpful = counted.filter(({ total }) => total > 0).sort((a, b) => b.total - a.total);
    if (!signal.aborted) {
      fill(
        list,
        helpful.map((one) =>
          h(
            "button",
            { type: "button", class: "holaf-button holaf-small", onclick: () => gallery.setFilters(one.without) },
            icon("x", 12),
            h("span", { class: "holaf-clip", dir: "auto" }, words.withoutIt(wordsOf(one))),
            " ",
            h("span", { class: "holaf-count" }, count(one.total)),
          ),
        ),
        !helpful.length && h("p", { class: "holaf-note" }, words.noneAlone),
      );
    }
  }

  /** @param {import("./filters.js").Filters} wanted */
  async function totalOf(wanted) {
    const { group: _, ...request } = toRequest(wanted);
    try {
      return (await postJson("images/list", { ...request, limit: 1 }, signal)).filtered_count;
    } catch {
      return 0;
    }
  }
}
