import { plural } from "../core/format.js";

/** Words of what goes to ComfyUI's canvas, wherever it is sent from. */
export const strings = {
  cancel: "Cancel",
  busy: "ComfyUI is busy with it…",
  loaded: (/** @type {string} */ name, /** @type {number} */ nodes) =>
    `“${name}” is on the canvas: ${plural(nodes, "node")}`,
  set: (/** @type {string} */ file, /** @type {string} */ node) => `“${node}” loads “${file}” now`,
  added: (/** @type {string} */ file, /** @type {string} */ node) => `A node “${node}” was added that loads “${file}”`,
  inTab: (/** @type {string} */ text, /** @type {string} */ title) => `${text}, in the tab “${title}”`,

  unsavedTitle: "Replace what is on the canvas?",
  unsavedBody: (/** @type {string} */ name) =>
    `“${name}” has changes that are not saved. In a workflow tab of its own the other one keeps them.`,
  replace: "Replace",
  newTab: "Open in a new workflow tab",

  noTabTitle: "ComfyUI is not open",
  noTabBody:
    "No tab of this browser has ComfyUI open, nor one of another browser where you are signed in. Open it; when it has loaded, send this again.",
  openComfy: "Open ComfyUI",

  tabsTitle: "Which ComfyUI tab?",
  choose: "Send to this tab",
  lastSeen: (/** @type {string} */ when) => `last looked at ${when}`,
  unsaved: "unsaved changes",
  asking: "asking…",
  silent: "does not answer",

  nodesTitle: (/** @type {string} */ file) => `Which node is to load “${file}”?`,
  holds: (/** @type {string} */ value) => `now “${value}”`,
  empty: "empty",
  newNode: "A new node",
  use: "Use",
};
