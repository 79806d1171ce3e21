import { h } from "../core/dom.js";
import { shortcutLabel } from "../core/keys.js";
import { whenAborted } from "../core/scope.js";
import { strings } from "./strings.js";

/**
 * @typedef {{ keys: string | string[], text: string }} Shortcut keys as for `matches` in core/keys.js
 * @typedef {{ root: Element, title: string, list: Shortcut[] }} Group
 */

/** @type {Set<Group>} */
const groups = new Set();

/**
 * Says which shortcuts work while the focus is inside `root`. It does not listen for them.
 *
 * @param {Element} root
 * @param {string} title
 * @param {Shortcut[]} list
 * @param {AbortSignal} [signal]
 */
export function describeShortcuts(root, title, list, signal) {
  const group = { root, title, list };
  groups.add(group);
  whenAborted(signal, () => groups.delete(group));
}

const SIGNS = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
  PageUp: "Page up",
  PageDown: "Page down",
};

/** @param {string} keys */
const keyLabel = (keys) =>
  shortcutLabel(keys).replace(
    /[A-Z][a-z]+[A-Z]?[a-z]+$/,
    (name) => SIGNS[/** @type {keyof typeof SIGNS} */ (name)] ?? name,
  );

/**
 * The sheet of what works where the focus is.
 * @param {Element} where
 */
export async function openShortcuts(where) {
  const { dialog } = await import("./dialog.js");
  const here = [...groups].filter(({ root }) => root.isConnected && (root.contains(where) || where.contains(root)));
  const always = {
    title: strings.everywhere,
    list: [
      { keys: "?", text: strings.shortcuts },
      { keys: "Ctrl+K", text: strings.commands },
    ],
  };
  return dialog({
    title: strings.shortcuts,
    icon: "keyboard",
    width: 480,
    body: h(
      "div",
      { class: "holaf-shortcuts", tabIndex: 0 },
      here.length === 0 && h("p", { class: "holaf-muted" }, strings.noShortcuts),
      [...here, always].map(({ title, list }) => [
        h("h3", {}, title),
        h(
          "dl",
          {},
          list.map(({ keys, text }) => [
            h("dt", {}, text),
            h(
              "dd",
              {},
              [keys].flat().map((one) => h("kbd", { class: "holaf-key" }, keyLabel(one))),
            ),
          ]),
        ),
      ]),
    ),
    buttons: [{ label: strings.close, primary: true, value: true }],
  });
}
