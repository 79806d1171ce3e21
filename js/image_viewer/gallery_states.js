/** What stands where no pictures are: why there are none, and what to do next. */
import { h } from "../core/dom.js";
import { errorBlock, stateBlock } from "../ui/state_block.js";
import { isFiltered } from "./filters.js";
import { strings } from "./strings.js";

/** @param {import("./index.js").Gallery} gallery */
export function createStates(gallery) {
  const { root, store, view } = gallery;
  const element = h("div", { class: "holaf-gallery-state", "aria-live": "polite" });
  const again = () => void gallery.reopen();
  const sync = () => ({ label: strings.synchronise, icon: "refresh-cw", action: () => gallery.act("sync") });
  /** @returns {any[]} */
  const roots = () => store.get().index?.roots ?? [];
  /** Of what is still counted for the block that is shown. */
  let controller = new AbortController();
  gallery.scope.onDispose(() => controller.abort());
  const paths = () => roots().map(({ path }) => path);

  /** @type {Record<string, (error: any) => HTMLElement | null>} by what is the case */
  const blocks = {
    pictures: () => null,
    error: (error) =>
      errorBlock(error, { title: strings.failed, text: strings.failedText(error.message), retry: again }),
    index: () =>
      stateBlock({
        kind: "error",
        icon: "triangle-alert",
        title: strings.failed,
        text: store.get().index.message,
        buttons: [sync()],
      }),
    loading: () =>
      h(
        "div",
        { class: "holaf-skeleton", role: "status", "aria-label": strings.loading },
        Array.from({ length: 24 }, (_, at) => h("span", { style: { "--grow": String(3 + ((at * 7) % 5)) } })),
      ),
    none: () => {
      const place = h("div", {});
      const { signal } = controller;
      void import("./empty_result.js").then(
        ({ emptyResult }) => !signal.aborted && place.append(emptyResult(gallery, signal)),
      );
      return place;
    },
    first: () => stateBlock({ kind: "busy", icon: "images", title: strings.firstIndex, text: strings.firstIndexText }),
    lost: () =>
      stateBlock({
        kind: "error",
        icon: "unplug",
        title: strings.gone,
        text: strings.goneText(paths().join("\n")),
        buttons: [sync()],
      }),
    empty: () =>
      stateBlock({
        icon: "images",
        title: strings.empty,
        text: [strings.emptyText, h("code", { class: "holaf-path" }, paths().join("\n"))],
        buttons: [sync()],
      }),
  };

  /** @param {any} error */
  function which(error) {
    const { index, filters } = store.get();
    if (error) {
      return "error";
    }
    if (!view.loaded) {
      return "loading";
    }
    if (view.total) {
      return "pictures";
    }
    if (isFiltered(filters)) {
      return "none";
    }
    if (index && index.state !== "idle" && index.state !== "error") {
      return "first";
    }
    if (roots().some((root) => root.reachable === false)) {
      return "lost";
    }
    return index?.state === "error" ? "index" : "empty";
  }

  return {
    element,

    /** @param {any} error why there is no list */
    draw(error) {
      const name = which(error);
      // What it says, too: what stays as it is must not be announced again.
      const about = name === "none" ? JSON.stringify(view.request) : "";
      const key = [name, error?.message, view.totalCount, store.get().index?.message, about, ...paths()].join("\n");
      if (element.dataset.key !== key) {
        element.dataset.key = key;
        root.classList.toggle("holaf-has-state", name !== "pictures");
        controller.abort();
        controller = new AbortController();
        const block = blocks[name](error);
        element.replaceChildren(...(block ? [block] : []));
      }
    },
  };
}
