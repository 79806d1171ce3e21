/** What is shown where a search cannot be read. */
import { toRequest } from "./filters.js";

/**
 * A search that cannot be read is explained in its box; what it asks for beyond the words is shown all the same.
 * @param {import("./index.js").Gallery} gallery
 * @param {import("../core/api.js").ApiError} error
 * @returns {boolean} whether something is shown
 */
export function showLastSearch({ store, view }, error) {
  const { search = "", ...others } = toRequest(store.get().filters);
  const { search: last, ...shown } = view.request;
  if (!search) {
    return false;
  }
  const { start = 0, end = search.length, hint = "" } = error.data;
  store.update({ mistake: { text: search, message: error.message, hint, start, end } });
  if (search === last) {
    // It was read before: its expression takes longer than it may, now.
    return view.loaded;
  }
  if (!view.loaded || JSON.stringify(others) !== JSON.stringify(shown)) {
    void view.open(last ? { ...others, search: last } : others);
  }
  return true;
}
