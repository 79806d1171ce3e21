/** Collections: made, filled, renamed and deleted. Those that stay live are saved searches. */
import { getJson, postJson } from "../core/api.js";
import { dialog, prompt } from "../ui/dialog.js";
import { toast } from "../ui/toast.js";
import { judgeWords as words } from "./judge_strings.js";
import { meant, sayUndoable, tellMarks } from "./judging.js";
import { onView } from "./on_view.js";

export const LONGEST_NAME = 80;

/** @typedef {import("./index.js").Gallery} Gallery @typedef {{id: number, name: string, count: number}} Collection */

/** @param {AbortSignal} [signal] @returns {Promise<Collection[]>} */
export const readCollections = async (signal) => (await getJson("images/collections", signal)).collections;

/** @param {string} text */
export const checkName = (text) =>
  text.trim() ? (text.trim().length > LONGEST_NAME ? words.nameTooLong(LONGEST_NAME) : null) : words.nameMissing;

/** Says what went wrong. @param {() => Promise<any>} task */
export async function attempt(task) {
  try {
    return await task();
  } catch (error) {
    toast({ text: /** @type {Error} */ (error).message, kind: "error" });
    return null;
  }
}

/**
 * @param {Gallery} gallery
 * @param {import("./judging.js").Targets} targets
 * @param {{id: number, name: string}} collection
 * @param {"add" | "remove"} [how]
 */
export const putInto = (gallery, targets, { id, name }, how = "add") =>
  attempt(async () => {
    const { selection } = meant(gallery, targets);
    const { changed, undo } = await onView(
      gallery,
      (which) => postJson(`images/collections/${how}`, { id, ...which }),
      selection,
    );
    tellMarks(gallery, selection.ids);
    sayUndoable(gallery, (how === "add" ? words.added : words.takenOut)(name, changed), changed ? undo : null);
  });

/** @param {Gallery} gallery @param {import("./judging.js").Targets | null} targets what is put into it at once */
export async function createCollection(gallery, targets) {
  const total = targets ? meant(gallery, targets).count : 0;
  const name = await prompt({
    title: words.newCollection,
    label: words.collectionName,
    action: total ? words.createWith(total) : words.create,
    check: checkName,
    signal: gallery.scope.signal,
  });
  if (name !== null) {
    await attempt(async () => {
      const { id } = await postJson("images/collections/create", { name: name.trim() });
      if (targets && total) {
        await putInto(gallery, targets, { id, name: name.trim() });
      }
    });
  }
}

/** @param {Gallery} gallery @param {Collection} collection */
export async function renameCollection(gallery, { id, name }) {
  const to = await prompt({
    title: words.renameCollection,
    label: words.collectionName,
    value: name,
    action: words.renameAction,
    check: checkName,
    signal: gallery.scope.signal,
  });
  if (to !== null && to.trim() !== name) {
    await attempt(() => postJson("images/collections/rename", { id, name: to.trim() }));
  }
}

/** @param {Gallery} gallery @param {Collection} collection */
export const deleteCollection = (gallery, { id, name }) =>
  attempt(async () => {
    const { undo } = await postJson("images/collections/delete", { id });
    tellMarks(gallery, null);
    sayUndoable(gallery, words.deletedCollection(name), undo);
  });

/** Items of a menu that put pictures into a collection. @param {Gallery} gallery @param {import("./judging.js").Targets} targets */
export async function addingItems(gallery, targets) {
  const found = (await attempt(() => readCollections(gallery.scope.signal))) ?? [];
  /** @type {import("../ui/menu.js").MenuItem[]} */
  const items = found.map((/** @type {Collection} */ one) => ({
    label: one.name,
    action: () => void putInto(gallery, targets, one),
  }));
  return [
    ...items,
    ...(items.length ? [{ separator: true }] : []),
    { label: words.newCollectionItem, icon: "plus", action: () => void createCollection(gallery, targets) },
  ];
}

/** Where ratings and tags are written to. @param {Gallery} gallery @param {import("./judging.js").Targets} targets */
export async function writeXmp(gallery, targets) {
  const [{ h }, { runTask }] = await Promise.all([import("../core/dom.js"), import("./actions.js")]);
  const { selection, count } = meant(gallery, targets);
  let where = "sidecar";
  /** @param {string} value @param {string} label @param {string} text */
  const choice = (value, label, text) =>
    h(
      "label",
      { class: "holaf-choice" },
      h("input", {
        type: "radio",
        name: "holaf-xmp-where",
        checked: value === where,
        onchange: () => {
          where = value;
        },
      }),
      h("span", {}, label, h("span", { class: "holaf-note" }, text)),
    );
  const body = [
    h("p", {}, words.xmpText),
    choice("sidecar", words.xmpSidecar, words.xmpSidecarText),
    choice("file", words.xmpFile, words.xmpFileText),
  ];
  await dialog({
    title: words.xmpTitle(count),
    icon: "file-pen",
    body,
    width: 480,
    signal: gallery.scope.signal,
    buttons: [
      { label: words.cancel },
      {
        label: words.xmpAction(count),
        primary: true,
        value: true,
        // What is missing, such as a library that writes into files, is said in the dialog: another way may do.
        check: () =>
          runTask(
            words.xmp,
            () => onView(gallery, (which) => postJson("images/xmp/write", { ...which, where }), selection),
            words.xmpDone,
          ),
      },
    ],
  });
}
