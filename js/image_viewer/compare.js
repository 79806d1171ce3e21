/** Two to eight pictures held against each other: what is asked for, and the window it is shown in. */
import { getJson } from "../core/api.js";
import { loadSheet } from "../core/sheet.js";
import { strings } from "./compare_strings.js";

const MOST = 8;

/** @typedef {import("./index.js").Gallery} Gallery */

/**
 * Opens the comparison over the gallery, or says why it cannot be.
 *
 * @param {Gallery} gallery
 * @param {number[] | null} ids null: more than are ever listed
 * @returns {Promise<import("./comparison.js").Comparison | null>}
 */
export async function openCompare(gallery, ids) {
  if (!ids || ids.length > MOST) {
    await say(strings.tooMany(ids?.length ?? gallery.selection.count(gallery.view.total)));
    return null;
  }
  const [{ Comparison }, rows] = await Promise.all([
    import("./comparison.js"),
    rowsOf(gallery, [...new Set(ids)]),
    loadSheet("compare"),
  ]);
  const able = rows.filter(({ kind }) => kind !== "audio");
  if (able.length < 2) {
    await say(able.length < rows.length ? strings.noSounds : strings.tooFew);
    return null;
  }
  if (gallery.scope.disposed || gallery.root.querySelector(".holaf-compare")) {
    return null;
  }
  if (able.length < rows.length) {
    void say(strings.soundsLeftOut);
  }
  return new Comparison(gallery, able);
}

/** @param {string} text */
async function say(text) {
  const { toast } = await import("../ui/toast.js");
  toast({ text, kind: "warn" });
}

/** Of those that are in the list still, in its order. @param {Gallery} gallery @param {number[]} ids @returns {Promise<any[]>} */
async function rowsOf({ rows, view, scope }, ids) {
  const places = ids.map((id) => ({ id, position: view.ids.indexOf(id) }));
  places.sort((one, other) => one.position - other.position);
  const found = await Promise.all(
    places.map(async ({ id, position }) => {
      const known = rows.get(id);
      if (known || position < 0) {
        return known;
      }
      const path = `images/rows?view=${encodeURIComponent(view.id)}&from=${position}&count=1`;
      const answer = await getJson(path, scope.signal);
      rows.put(answer.rows.filter(Boolean));
      return rows.get(id);
    }),
  );
  return found.filter((row) => row !== undefined);
}
