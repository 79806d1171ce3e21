/** The details beside the pictures: when they open, and which picture they are of. */
const DOUBLE_CLICK_MS = 400;

/** @param {import("./index.js").Gallery} gallery */
export function galleryInfo(gallery) {
  const { store, selection, view, preferences, root, scope } = gallery;
  /** @type {Promise<any> | null} */
  let module = null;
  let notYet = () => {};

  function selectionChanged() {
    notYet();
    const { ids } = selection;
    const { infoOpen } = store.get();
    if (ids?.length === 1 && !infoOpen && preferences.get("images.info", true) && root.dataset.size === "wide") {
      // Not between the two clicks that open it: the second one would hit something else.
      notYet = scope.after(DOUBLE_CLICK_MS, () => !gallery.largeView && toggle(true, false));
      return;
    }
    if (infoOpen) {
      const focused = view.ids[gallery.grid.focusPosition];
      show(ids?.length === 1 ? ids[0] : selection.empty ? focused : null);
    }
  }

  /** @param {number | null | undefined} id */
  function show(id) {
    if (!store.get().infoOpen) {
      return;
    }
    module ??= import("./info_rail.js").then(({ createInfo }) => createInfo(gallery));
    module.then(
      (info) => !scope.disposed && info.show(id ?? null),
      () => {
        // The next picture asks for it again.
        module = null;
      },
    );
  }

  /** @param {boolean} open @param {boolean} remember */
  function toggle(open, remember) {
    const within = gallery.info.contains(document.activeElement);
    store.update({ infoOpen: open });
    gallery.info.hidden = !open;
    if (within) {
      gallery.toolbar.focusInfo();
    }
    root.classList.toggle("holaf-info-open", open);
    if (remember) {
      preferences.set("images.info", open);
    }
    if (open) {
      selectionChanged();
    }
  }

  return {
    show,
    toggle,
    /** What was clicked is opened: its details do not open by themselves. */
    wait: () => notYet(),
    selectionChanged,
    /** The list has changed, and with it perhaps what is shown. */
    renew() {
      void module?.then(
        (info) => store.get().infoOpen && info.renew(),
        () => {},
      );
    },
  };
}
