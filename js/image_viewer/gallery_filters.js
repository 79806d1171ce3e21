/** What is searched for: kept in the address and for the next time, and explained where it cannot be read. */
import { fromQuery, toQuery, toRequest } from "./filters.js";

// What is typed without a longer rest is one step of the history.
const ONE_WORD_MS = 2500;

/** @param {import("./index.js").Gallery} gallery */
export function galleryFilters(gallery) {
  const { store, view, preferences } = gallery;

  /** @param {number} holafTyped when it was typed @param {boolean} replace no step back is worth it */
  function writeAddress(holafTyped, replace) {
    if (gallery.inUrl) {
      const query = toQuery(store.get().filters).toString();
      const address = `${location.pathname}${query ? `?${query}` : ""}`;
      if (address !== location.pathname + location.search) {
        history[replace ? "replaceState" : "pushState"]({ holafTyped }, "", address);
      }
    }
  }

  return {
    start() {
      if (gallery.inUrl) {
        // What was remembered belongs into the address too: it may be shared, and is where "back" leads.
        writeAddress(0, true);
        gallery.scope.listen(window, "popstate", () => {
          store.update({ filters: fromQuery(new URLSearchParams(location.search)) });
          void gallery.reopen();
        });
      }
    },

    /**
     * @param {import("./filters.js").Filters} filters
     * @param {{typing?: boolean, quiet?: boolean}} how
     */
    set(filters, { typing = false, quiet = false }) {
      gallery.ownSort = true;
      store.update({ filters });
      preferences.set("images.filters", { ...filters, search: "" });
      if (quiet) {
        return;
      }
      writeAddress(typing ? Date.now() : 0, typing && Date.now() - (history.state?.holafTyped ?? 0) < ONE_WORD_MS);
      void gallery.reopen();
    },

    /** What the shown list was searched for; a mistake is forgotten with the search that has it. */
    tellTerms() {
      const text = view.request.search ?? "";
      const { mistake, filters } = store.get();
      const still = mistake && mistake.text === toRequest(filters).search;
      const chips = view.chips ?? (text ? [{ start: 0, end: text.length, label: text, kind: "word" }] : []);
      store.update({ terms: { text, chips }, mistake: still ? mistake : null });
    },

    /** What the user has not chosen is as the pack's settings say. @param {any} defaults */
    takeDefaults(defaults) {
      if (!defaults) {
        return;
      }
      const { look, filters, dateHeaders } = store.get();
      const own = preferences.get("images.look", null);
      const usual = { mode: defaults.layout, size: defaults.tile_size };
      const wanted = own ? look : usual;
      preferences.set("images.defaults", { look: usual, dateHeaders: defaults.show_date_headers });
      if (wanted.mode !== look.mode || wanted.size !== look.size || defaults.show_date_headers !== dateHeaders) {
        store.update({ look: wanted, dateHeaders: defaults.show_date_headers });
        gallery.grid.setLook(wanted, defaults.show_date_headers);
      }
      if (!gallery.ownSort && filters.sort !== defaults.sort && !(gallery.inUrl && location.search)) {
        store.update({ filters: { ...filters, sort: defaults.sort } });
        void gallery.reopen();
      }
    },
  };
}
