import { h, fill, icon } from "../core/dom.js";
import { shortcutLabel } from "../core/keys.js";
import { whenAborted } from "../core/scope.js";
import { dialog } from "./dialog.js";
import { strings } from "./strings.js";

/**
 * @typedef {object} Command
 * @property {string} id
 * @property {string} title
 * @property {string} [icon]
 * @property {string} [shortcut]
 * @property {() => any} action
 * @property {Element} [root] only while the focus is inside it
 */

/** @type {Map<string, Command>} */
const commands = new Map();

/** @param {Command} command @param {AbortSignal} [signal] */
export function addCommand(command, signal) {
  commands.set(command.id, command);
  whenAborted(signal, () => {
    if (commands.get(command.id) === command) {
      commands.delete(command.id);
    }
  });
}

/**
 * How well a title fits what was typed: the letters in order, word beginnings first. 0: not at all.
 *
 * @param {string} title
 * @param {string} typed
 */
export function fitness(title, typed) {
  const text = title.toLowerCase();
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  let score = 1;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at < 0) {
      return 0;
    }
    score += at === 0 ? 3 : /\W/.test(text[at - 1]) ? 2 : 1;
  }
  return score;
}

let open = false;

/** The palette (Ctrl+K). @param {Element | null} [where] */
export async function openCommands(where = document.activeElement) {
  if (open) {
    return;
  }
  open = true;
  const all = [...commands.values()].filter(({ root }) => !root || (where && root.contains(where)));
  /** @type {Command[]} */
  let found = [];
  let at = 0;
  /** @type {Command | null} */
  let chosen = null;
  /** @type {any} */
  let control;

  const list = h("div", {
    class: "holaf-commands",
    role: "listbox",
    id: "holaf-commands",
    "aria-label": strings.commands,
  });
  const input = h("input", {
    class: "holaf-input",
    type: "text",
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": "holaf-commands",
    "aria-autocomplete": "list",
    "aria-label": strings.findCommand,
    placeholder: strings.findCommand,
    autocomplete: "off",
    spellcheck: "false",
    oninput: draw,
    onkeydown(/** @type {KeyboardEvent} */ event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && found.length) {
        event.preventDefault();
        at = (at + step + found.length) % found.length;
        mark();
      } else if (event.key === "Enter" && found[at]) {
        event.preventDefault();
        choose(found[at]);
      }
    },
  });

  /** @param {Command} command */
  function choose(command) {
    chosen = command;
    control.close();
  }

  function draw() {
    found = all
      .map((command) => ({ command, score: fitness(command.title, input.value) }))
      .filter(({ score }) => score)
      .sort((a, b) => b.score - a.score || a.command.title.localeCompare(b.command.title))
      .map(({ command }) => command);
    at = 0;
    fill(
      list,
      found.map((command, index) =>
        h(
          "div",
          { class: "holaf-command", role: "option", id: `holaf-command-${index}`, onclick: () => choose(command) },
          icon(command.icon ?? "command"),
          h("span", { class: "holaf-clip" }, command.title),
          command.shortcut && h("span", { class: "holaf-menu-hint" }, shortcutLabel(command.shortcut)),
        ),
      ),
      !found.length &&
        h("div", { class: "holaf-command holaf-muted", role: "option", "aria-disabled": "true" }, strings.noCommand),
    );
    mark();
  }

  function mark() {
    [...list.children].forEach((row, index) => {
      row.setAttribute("aria-selected", String(index === at));
      if (index === at) {
        row.scrollIntoView({ block: "nearest" });
      }
    });
    input.setAttribute("aria-activedescendant", found.length ? `holaf-command-${at}` : "");
  }

  draw();
  try {
    await dialog({
      title: strings.commands,
      body: [input, list],
      buttons: [],
      width: 480,
      onOpen: (given) => (control = given),
    });
  } finally {
    open = false;
  }
  /** @type {Command | null} */ (chosen)?.action();
}
