/** Does something with pictures that are named by where they stand in the view. */
import { ApiError } from "../core/api.js";
import { strings } from "./action_strings.js";
import { whichOf } from "./which.js";

/**
 * Where the server has forgotten the view, as after a restart, it is opened again, and what is still in it is meant.
 * @template T
 * @param {Pick<import("./index.js").Gallery, "view" | "selection">} gallery
 * @param {(which: import("./which.js").Which) => Promise<T>} start
 * @param {import("./selection.js").Selection} [selection]
 */
export async function onView({ view, selection: selected }, start, selection = selected) {
  // A few are named by themselves.
  if (!view.filled && (selection.carried || selection.ids === null)) {
    throw new Error(strings.stillLoading);
  }
  try {
    return await start(whichOf(selection, view));
  } catch (error) {
    if (!(error instanceof ApiError && error.data?.expired)) {
      throw error;
    }
    selection.settle(view.ids);
    await view.refresh();
    selection.keepOnly(view.ids);
    return await start(whichOf(selection, view));
  }
}
