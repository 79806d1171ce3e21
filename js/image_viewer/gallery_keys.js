/** The keys of the whole gallery, wherever in it the focus is. */
import { isTyping } from "../core/keys.js";

/** @param {import("./index.js").Gallery} gallery */
export function listenToGalleryKeys(gallery) {
  const { root, scope, selection, store } = gallery;
  scope.listen(root, "keydown", (event) => {
    if (event.defaultPrevented || isTyping(event)) {
      return;
    }
    if (event.key === "Escape") {
      if (gallery.largeView) {
        gallery.largeView.close();
      } else if (!selection.empty) {
        selection.clear();
      } else if (root.dataset.size === "narrow" && root.dataset.rail === "open") {
        gallery.toggleRail(false);
      } else if (root.dataset.size !== "wide" && store.get().infoOpen) {
        gallery.toggleInfo(false);
      } else {
        return;
      }
      event.preventDefault();
      return;
    }
    if (event.key === "?") {
      event.preventDefault();
      void import("./key_strings.js").then(({ showKeys }) => showKeys(gallery));
      return;
    }
    const choose = { a: () => selection.selectAll(), i: () => selection.invert() }[event.key.toLowerCase()];
    // What is not pictures has such keys of its own.
    const elsewhere = event.target.closest("aside, [role='dialog']");
    if (choose && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && !elsewhere) {
      event.preventDefault();
      choose();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || gallery.largeView || gallery.judgeKey(event)) {
      return;
    }
    const actions = /** @type {Record<string, () => void>} */ ({
      i: () => gallery.toggleInfo(),
      f: () => gallery.toggleRail(),
      g: () => void gallery.jumpToDate(),
      c: () => void gallery.act("compare"),
      m: () => void gallery.openLarge(gallery.grid.focusPosition, { slideshow: true }),
      "/": () => gallery.toolbar.focusSearch(),
    });
    const action = actions[event.key.toLowerCase()];
    if (action) {
      event.preventDefault();
      action();
    }
  });
}
