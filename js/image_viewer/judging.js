/** Rating, favourites, labels, tags and notes: shown at once, sent one after the other, put back where they are refused. */
import { isAbort, postJson } from "../core/api.js";
import { loadSheet } from "../core/sheet.js";
import { toast } from "../ui/toast.js";
import { judgeWords } from "./judge_strings.js";
import { MARKS } from "./marks.js";
import { onView } from "./on_view.js";
import { Selection } from "./selection.js";

export { marksOf } from "./marks.js";

/** @typedef {import("./index.js").Gallery} Gallery */
/** @typedef {readonly number[] | Selection} Targets ids, or a selection of the list that is shown */
/**
 * @typedef {object} Changes
 * @property {number} [rating] 0 .. 5
 * @property {boolean} [favourite]
 * @property {string} [label] "" for none
 * @property {string} [note]
 * @property {string} [note_before] what the note was changed from
 * @property {readonly string[]} [add_tags]
 * @property {readonly string[]} [remove_tags]
 */
/** @typedef {Record<string, any>} Row */

/**
 * @typedef {object} Doing a change on its way
 * @property {(id: number) => boolean} meant
 * @property {Changes} changes
 * @property {Map<number, Row>} before what rows that are shown said
 */

const LABEL_KEYS = /** @type {Record<string, string>} */ ({ 6: "red", 7: "yellow", 8: "green", 9: "blue" });

/** What is on its way, gallery by gallery. */
class Desk {
  /** Two changes of one picture must come in the order in which they were made. @type {Promise<any>} */
  #last = Promise.resolve();
  /** @type {Set<Doing>} */
  #doing = new Set();
  /** @type {import("../ui/toast.js").Toast | null} */
  said = null;

  /** @param {Gallery} gallery */
  constructor(gallery) {
    this.gallery = gallery;
    gallery.arriving = (rows) => this.#overlay(rows);
    void loadSheet("judge");
  }

  /** @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  queue(task) {
    const done = this.#last.then(task);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Rows that were read before the change was written. @param {Iterable<Row>} rows */
  #overlay(rows) {
    for (const row of rows) {
      for (const one of this.#doing) {
        if (one.meant(row.id)) {
          put(one, row);
        }
      }
    }
  }

  /** @param {Doing} doing */
  show(doing) {
    this.#doing.add(doing);
    this.#draw([...this.gallery.rows.values()].filter((row) => doing.meant(row.id) && put(doing, row)));
  }

  /** @param {Doing} doing */
  done(doing) {
    this.#doing.delete(doing);
  }

  /** Rows are again as they were, where nothing else has changed them since. @param {Doing} doing */
  putBack(doing) {
    this.#doing.delete(doing);
    /** @type {Row[]} */
    const changed = [];
    for (const [id, before] of doing.before) {
      const row = this.gallery.rows.get(id);
      for (const name of MARKS) {
        if (row && name in before && row[name] === doing.changes[/** @type {"rating"} */ (name)]) {
          row[name] = before[name];
          changed.push(row);
        }
      }
    }
    this.#draw(changed);
  }

  /** @param {Row[]} rows */
  #draw(rows) {
    if (rows.length) {
      this.gallery.grid.rowsArrived(/** @type {any} */ (rows));
    }
    tellMarks(
      this.gallery,
      rows.map((row) => row.id),
    );
  }
}

/** @param {Doing} doing @param {Row} row @returns {boolean} whether that changed it */
function put({ changes, before }, row) {
  let any = false;
  for (const name of MARKS) {
    const value = changes[/** @type {"rating"} */ (name)];
    if (value !== undefined && row[name] !== value) {
      before.set(row.id, { ...before.get(row.id), [name]: row[name] });
      row[name] = value;
      any = true;
    }
  }
  return any;
}

/** @type {WeakMap<Gallery, Desk>} */
const desks = new WeakMap();

/** @param {Gallery} gallery @returns {Desk} */
function deskOf(gallery) {
  let desk = desks.get(gallery);
  if (!desk) {
    desk = new Desk(gallery);
    desks.set(gallery, desk);
  }
  return desk;
}

/** Whoever shows marks of these pictures draws them anew. @param {Gallery} gallery @param {readonly number[] | null} ids null: of any */
export const tellMarks = (gallery, ids) => gallery.root.dispatchEvent(new CustomEvent("holaf-marks", { detail: ids }));

/**
 * What is meant, as it is now: the selection may change before it is sent.
 * @param {Gallery} gallery
 * @param {Targets} targets
 */
export function meant(gallery, targets) {
  const chosen = targets instanceof Selection ? targets.copy() : new Selection();
  if (!(targets instanceof Selection)) {
    chosen.replace(targets);
  }
  return {
    selection: chosen,
    count: chosen.count(gallery.view.total),
    has: (/** @type {number} */ id) => chosen.has(id),
  };
}

/**
 * Changes marks of pictures. What is known is shown at once; more than one picture, or what something else stood in
 * the place of, can be undone.
 *
 * @param {Gallery} gallery
 * @param {Targets} targets
 * @param {Changes} changes
 * @param {{quiet?: boolean, rethrow?: boolean}} [how] quiet: nothing is said of what succeeds; rethrow: the caller says what failed
 * @returns {Promise<any>} what the server answered; null when it refused
 */
export async function judge(gallery, targets, changes, { quiet = false, rethrow = false } = {}) {
  const desk = deskOf(gallery);
  const { selection, count, has } = meant(gallery, targets);
  if (!count) {
    return null;
  }
  /** @type {Doing} */
  const doing = { meant: has, changes, before: new Map() };
  desk.show(doing);
  const replaced = [...doing.before.values()].some((row) => Object.values(row).some(Boolean));
  const alone = count === 1 ? selection.ids?.[0] : undefined;
  const unknown = alone !== undefined && !gallery.rows.get(alone);
  let answer;
  try {
    answer = await desk.queue(() =>
      onView(gallery, (which) => postJson("images/judge", { ...which, ...changes }), selection),
    );
  } catch (error) {
    desk.putBack(doing);
    if (rethrow) {
      throw error;
    }
    if (!isAbort(error)) {
      toast({ text: judgeWords.refused(/** @type {Error} */ (error).message), kind: "error" });
    }
    return null;
  }
  desk.done(doing);
  // Notes and tags are not in rows.
  tellMarks(gallery, selection.ids);
  if (!quiet && (count > 1 || replaced || unknown || changes.remove_tags?.length || changes.note !== undefined)) {
    sayDone(desk, said(changes, count), answer.undo, () => desk.putBack(doing));
  }
  return answer;
}

/** @param {Desk} desk @param {string} text @param {string | null | undefined} undo @param {() => void} putBack */
function sayDone(desk, text, undo, putBack) {
  const { gallery } = desk;
  // Of one rating after the other, only the last is worth a line.
  desk.said?.close();
  desk.said = toast({
    text,
    kind: "good",
    action: undo
      ? {
          label: judgeWords.undo,
          action: async () => {
            try {
              await desk.queue(() => postJson("images/judge/undo", { undo }));
              putBack();
              tellMarks(gallery, null);
            } catch (error) {
              toast({ text: judgeWords.undoFailed(/** @type {Error} */ (error).message), kind: "error" });
            }
          },
        }
      : null,
  });
}

/** Says what was done elsewhere, with a way back. @param {Gallery} gallery @param {string} text @param {string | null | undefined} undo */
export const sayUndoable = (gallery, text, undo) => sayDone(deskOf(gallery), text, undo, () => {});

/** @param {Changes} changes @param {number} count */
function said({ rating, favourite, label, note, add_tags = [], remove_tags = [] }, count) {
  if (rating !== undefined) {
    return judgeWords.rated(rating, count);
  }
  if (favourite !== undefined) {
    return judgeWords.favoured(favourite, count);
  }
  if (label !== undefined) {
    return judgeWords.labelGiven(label, count);
  }
  return note === undefined ? judgeWords.tagged(add_tags, remove_tags, count) : judgeWords.noted(count);
}

/** Do all of them have it, as far as is known? @param {Gallery} gallery @param {Targets} targets @param {(row: Row) => boolean} has */
function all(gallery, targets, has) {
  const chosen = meant(gallery, targets);
  const known = [...gallery.rows.values()].filter((row) => chosen.has(row.id));
  return known.length > 0 && known.every(has);
}

/** @param {Gallery} gallery @param {Targets} targets */
export const toggleFavourite = (gallery, targets) =>
  judge(gallery, targets, { favourite: !all(gallery, targets, (row) => row.favourite) });

/** Gives a label, or takes it away where all have it. @param {Gallery} gallery @param {Targets} targets @param {string} label */
export const toggleLabel = (gallery, targets, label) =>
  judge(gallery, targets, { label: all(gallery, targets, (row) => row.label === label) ? "" : label });

/** @param {Gallery} gallery @param {Targets} targets */
export async function openTags(gallery, targets) {
  deskOf(gallery);
  const now = targets instanceof Selection ? targets.copy() : targets;
  const { openTagsDialog } = await import("./tags_dialog.js");
  await openTagsDialog(gallery, now);
}

/**
 * What a key does to pictures.
 * @param {Gallery} gallery
 * @param {string} key
 * @param {Targets | undefined} ids where something else than the grid is shown
 * @param {{selection: Selection, focused: readonly number[], moved: boolean}} moment in the grid
 */
export function judgeByKey(gallery, key, ids, { selection, focused, moved }) {
  // Where one is selected and the arrows have gone on from it, the one they are at is meant.
  const alone = selection.empty || (moved && focused.length > 0 && selection.count(gallery.view.total) === 1);
  const targets = ids ?? (alone ? focused : selection);
  if (Array.isArray(targets) && !targets.length) {
    toast(judgeWords.nothingSelected);
  } else if (key === "b") {
    void toggleFavourite(gallery, targets);
  } else if (key === "t") {
    void openTags(gallery, targets);
  } else if (LABEL_KEYS[key]) {
    void toggleLabel(gallery, targets, LABEL_KEYS[key]);
  } else {
    void judge(gallery, targets, { rating: Number(key) });
  }
}
