/** Words of rating, labels, tags, notes and collections. */
import { count, plural } from "../core/format.js";
import { strings as common } from "./action_strings.js";

const { marks } = common;
/** @type {Record<string, string>} */
const labels = {
  "": "No label",
  red: "Red",
  orange: "Orange",
  yellow: "Yellow",
  green: "Green",
  blue: "Blue",
  purple: "Purple",
};
const items = (/** @type {number} */ n) => plural(n, "item");
/** @param {string} what @param {number} n of how many it is said; of one that is looked at, it is not */
const of = (what, n) => (n > 1 ? `${what}: ${items(n)}` : what);

/** @param {readonly string[]} tags @param {string} what */
const named = (tags, what) =>
  tags.length ? `${tags.length > 1 ? plural(tags.length, "tag") : `“${tags[0]}”`} ${what}` : "";

export const judgeWords = {
  ...common,
  items,
  rate: "Rate",
  rating: "Rating",
  stars: marks.stars,
  favourite: marks.favourite,
  makeFavourite: marks.makeFavourite,
  noFavourite: "No longer a favourite",
  label: "Label",
  labels,
  tags: "Tags",
  tagsMenu: "Tags…",
  collection: "Add to collection",
  compare: "Compare",
  nothingSelected: "Select a picture first.",
  undo: "Undo",
  undone: "Undone",

  // What was done
  rated: (/** @type {number} */ rating, /** @type {number} */ n) =>
    of(rating ? `Rated ${plural(rating, "star")}` : "Rating removed", n),
  favoured: (/** @type {boolean} */ on, /** @type {number} */ n) =>
    of(on ? "Made a favourite" : "No longer a favourite", n),
  labelGiven: (/** @type {string} */ label, /** @type {number} */ n) =>
    of(label ? `${labels[label]} label given` : "Label removed", n),
  tagged: (/** @type {readonly string[]} */ added, /** @type {readonly string[]} */ removed, /** @type {number} */ n) =>
    of([named(added, "added"), named(removed, "taken off")].filter(Boolean).join(", "), n),
  noted: (/** @type {number} */ n) => of("Note changed", n),
  refused: (/** @type {string} */ why) => `Not saved, and put back as it was: ${why}`,
  undoFailed: (/** @type {string} */ why) => `Could not be undone: ${why}`,

  // Tags of pictures
  tagsTitle: (/** @type {number} */ n) => (n === 1 ? "Tags" : `Tags of ${items(n)}`),
  addTag: "Add a tag",
  addTagHint: "Type a tag, Enter adds it",
  removeTagHint: "Type a tag to take off",
  takeOff: "Take off",
  tagLoading: "Loading tags",
  noTags: "No tags yet.",
  onAll: "On all of them",
  onSome: (/** @type {number} */ n, /** @type {number} */ total) =>
    `On ${count(n)} of ${count(total)}: press to add it to all`,
  onSomeShort: (/** @type {number} */ n, /** @type {number} */ total) => `${count(n)} of ${count(total)}`,
  willAdd: "Will be added",
  willRemove: "Will be removed",
  removeTag: (/** @type {string} */ tag) => `Remove the tag “${tag}”`,
  keepTag: (/** @type {string} */ tag) => `Keep the tag “${tag}”`,
  tagsOfMany: "So many are not looked through: type what to add or to take off.",
  saveTags: (/** @type {number} */ n) => (n === 1 ? "Save tags" : `Save tags of ${items(n)}`),
  cancel: "Cancel",
  allTags: (/** @type {number} */ n) => `Show all ${count(n)}`,
  fewerTags: "Show fewer",
  fromFile: "Read from the file or its sidecar",
  lookForTag: (/** @type {string} */ tag) => `Show pictures tagged “${tag}”`,
  tooLong: (/** @type {number} */ most) => `A tag has at most ${count(most)} characters.`,

  // Tags everywhere
  manage: "Manage tags…",
  manageTitle: "Tags",
  findTag: "Find a tag",
  tagCount: (/** @type {number} */ n) => items(n),
  noSuchTag: "No tag is like that.",
  renameTag: (/** @type {string} */ tag) => `Rename “${tag}”`,
  deleteTag: (/** @type {string} */ tag) => `Delete the tag “${tag}” everywhere`,
  renameTitle: "Rename this tag",
  renameText: (/** @type {number} */ n) => `It is changed on ${items(n)}.`,
  renameAction: "Rename",
  tagName: "Tag",
  mergeTitle: (/** @type {string} */ from, /** @type {string} */ to) => `Merge “${from}” into “${to}”?`,
  mergeText: (/** @type {string} */ to, /** @type {number} */ n) =>
    `“${to}” is on ${items(n)} already. The two become one tag.`,
  mergeAction: "Merge",
  renamedTag: (/** @type {string} */ from, /** @type {string} */ to, /** @type {number} */ n) =>
    `“${from}” is “${to}” now: ${items(n)}`,
  deletedTag: (/** @type {string} */ tag, /** @type {number} */ n) => `The tag “${tag}” was deleted: ${items(n)}`,
  done: "Done",
  nameMissing: "Give it a name.",

  // Notes
  note: "Note",
  notePlaceholder: "Add a note",
  noteRefused: (/** @type {string} */ why) => `The note was not saved: ${why}`,
  conflictTitle: "This note was changed elsewhere",
  theirs: "Saved there",
  mine: "Your text",
  keepMine: "Keep yours",
  takeTheirs: "Take the other",
  keepBoth: "Keep both",

  // Collections
  collections: "Collections",
  newCollection: "New collection",
  newCollectionItem: "New collection…",
  collectionName: "Name",
  create: "Create",
  createWith: (/** @type {number} */ n) => `Create with ${items(n)}`,
  noCollections: "Collect pictures by hand, or save a search: it stays up to date.",
  live: "Live: a saved search",
  openCollection: (/** @type {string} */ name) => `Show the collection “${name}”`,
  collectionMenu: (/** @type {string} */ name) => `Actions of “${name}”`,
  addSelection: (/** @type {number} */ n) => `Add ${items(n)}`,
  removeSelection: (/** @type {number} */ n) => `Take ${items(n)} out`,
  added: (/** @type {string} */ name, /** @type {number} */ n) =>
    n ? `Added to “${name}”: ${items(n)}` : `All of it is in “${name}” already`,
  takenOut: (/** @type {string} */ name, /** @type {number} */ n) =>
    n ? `Taken out of “${name}”: ${items(n)}` : `None of it is in “${name}”`,
  rename: "Rename…",
  renameCollection: "Rename this collection",
  delete: "Delete",
  deletedCollection: (/** @type {string} */ name) => `“${name}” was deleted; its pictures stay`,
  deleted: (/** @type {string} */ name) => `“${name}” was deleted`,
  saveLive: "Save as live collection…",
  takeOut: (/** @type {string} */ name) => `Take out of “${name}”`,
  nameTooLong: (/** @type {number} */ most) => `A name has at most ${count(most)} characters.`,

  // XMP
  writeXmp: "Write to XMP…",
  xmp: "Write to XMP",
  xmpTitle: (/** @type {number} */ n) => `Write rating and tags of ${items(n)} to XMP?`,
  xmpText: "Other programs read them there. What else is in the XMP stays as it is.",
  xmpSidecar: "Into a file beside each (.xmp)",
  xmpSidecarText: "The pictures themselves are not touched.",
  xmpFile: "Into the files themselves",
  xmpFileText: "PNG, JPEG, WebP and video. Each file is written anew and replaced in one step.",
  xmpAction: (/** @type {number} */ n) => `Write ${items(n)}`,
  xmpDone: (/** @type {any} */ { written = 0, unchanged = 0, failed = 0, problems = [] }) =>
    [
      `${items(written)} written`,
      unchanged ? `${count(unchanged)} said that already` : "",
      failed ? `${count(failed)} failed${problems[0] ? ` (${problems[0].path}: ${problems[0].error})` : ""}` : "",
    ]
      .filter(Boolean)
      .join(", "),

  // The menu of a tile
  open: "Open",
  openFull: "Open full screen",
  menuOf: (/** @type {string} */ name) => `Actions of ${name}`,
  selectFolder: "Select all from this folder",
  selectDay: "Select all of this day",
  invert: "Invert the selection",
  compareFew: "Select 2 to 8 pictures to compare them.",
  compareMissing: "Comparing is not available.",
};
