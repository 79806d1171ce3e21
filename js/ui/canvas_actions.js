/** Sends workflows and files to ComfyUI's canvas, asks what has to be asked, and says what came of it. */
import { isAbort, url } from "../core/api.js";
import { NoTab, SeveralTabs } from "../core/channel.js";
import { h } from "../core/dom.js";
import { date } from "../core/format.js";
import { strings } from "./canvas_strings.js";
import { dialog } from "./dialog.js";
import { toast } from "./toast.js";

/**
 * @typedef {import("../core/host.js").Canvas} Canvas
 * @typedef {{id: number, filename: string, kind: string, root: string, subfolder: string, size_bytes: number}} File
 */

const PATIENCE_MS = 900;

/** The user chose not to. */
const LEFT = Symbol("left");

/**
 * @param {Canvas} canvas
 * @param {Pick<File, "id" | "filename">} file
 * @param {"replace" | "tab"} how
 * @returns {Promise<any>} what the canvas answered; null where it did not come to that
 */
export function loadWorkflow(canvas, file, how) {
  return tell(async () => {
    const asked = asker(canvas);
    const payload = { id: file.id, name: file.filename, how };
    let done = await asked("load", payload);
    if (done.unsaved) {
      const choice = await dialog({
        title: strings.unsavedTitle,
        body: strings.unsavedBody(done.workflow),
        buttons: [
          { label: strings.cancel },
          { label: strings.replace, danger: true, value: "replace" },
          { label: strings.newTab, primary: true, value: "tab" },
        ],
      });
      if (!choice) {
        return LEFT;
      }
      done = await asked("load", { ...payload, how: choice, sure: true });
    }
    return [done, strings.loaded(done.workflow, done.nodes)];
  }, canvas);
}

/**
 * @param {Canvas} canvas
 * @param {File} file
 * @returns {Promise<any>} as above
 */
export function sendToInput(canvas, file) {
  return tell(async () => {
    const asked = asker(canvas);
    const { id, filename, kind, root, subfolder, size_bytes } = file;
    const payload = { file: { id, filename, kind, root, subfolder, size_bytes } };
    let done = await asked("send", payload);
    if (done.choose) {
      const node = await pickNode(filename, done.choose);
      if (node === null) {
        return LEFT;
      }
      done = await asked("send", { ...payload, node });
    }
    return [done, (done.added ? strings.added : strings.set)(filename, done.node)];
  }, canvas);
}

/**
 * Asks one tab, and goes on asking the same one.
 * @param {Canvas} canvas
 */
function asker(canvas) {
  /** @type {string | undefined} */
  let to;
  return async (/** @type {"load" | "send"} */ what, /** @type {any} */ payload) => {
    const quiet = setTimeout(() => {
      busy = toast({ text: strings.busy, life: 0 });
    }, PATIENCE_MS);
    /** @type {import("./toast.js").Toast | undefined} */
    let busy;
    const rest = () => {
      clearTimeout(quiet);
      busy?.close();
    };
    try {
      return await canvas.ask(what, payload, { to });
    } catch (error) {
      if (!(error instanceof SeveralTabs)) {
        throw error;
      }
      rest();
      to = await pickTab(canvas, error.tabs);
      if (!to) {
        throw LEFT;
      }
      return await canvas.ask(what, payload, { to });
    } finally {
      rest();
    }
  };
}

/** @param {() => Promise<any>} act @param {Canvas} canvas */
async function tell(act, canvas) {
  try {
    const came = await act();
    if (came === LEFT) {
      return null;
    }
    const [done, text] = came;
    toast({ text: canvas.here ? text : strings.inTab(text, done.title), kind: "good" });
    return done;
  } catch (error) {
    if (error instanceof NoTab) {
      await sayNoTab();
    } else if (error !== LEFT && !isAbort(error)) {
      toast({ text: error instanceof Error ? error.message : String(error), kind: "error" });
    }
    return null;
  }
}

async function sayNoTab() {
  const open = await dialog({
    title: strings.noTabTitle,
    body: strings.noTabBody,
    icon: "unplug",
    buttons: [{ label: strings.cancel }, { label: strings.openComfy, primary: true, value: true }],
  });
  if (open) {
    // Our routes are below ComfyUI's own page, whatever path a proxy gave it.
    globalThis.open(url("../"), "_blank");
  }
}

/**
 * @param {string} name
 * @param {Array<{value: string, label: string, note?: any}>} options
 */
const choices = (name, options) =>
  h(
    "div",
    { class: "holaf-picks", role: "radiogroup", "aria-label": name },
    options.map(({ value, label, note }, index) =>
      h(
        "label",
        { class: "holaf-pick" },
        h("input", { type: "radio", name: "holaf-pick", value, checked: index === 0 }),
        h("span", { class: "holaf-pick-label", dir: "auto" }, label),
        h("span", { class: "holaf-pick-note" }, note),
      ),
    ),
  );

/** @param {string} title @param {HTMLElement} body @param {string} action @returns {Promise<string | null>} */
async function pick(title, body, action) {
  const sure = await dialog({
    title,
    body,
    buttons: [{ label: strings.cancel }, { label: action, primary: true, value: true }],
  });
  const chosen = /** @type {HTMLInputElement | null} */ (body.querySelector("input:checked"));
  return sure && chosen ? chosen.value : null;
}

/** @param {Canvas} canvas @param {import("../core/channel.js").Tab[]} tabs the one last looked at first */
async function pickTab(canvas, tabs) {
  const seen = (/** @type {import("../core/channel.js").Tab} */ tab) => strings.lastSeen(date(tab.seen / 1000));
  const body = choices(
    strings.tabsTitle,
    tabs.map((tab) => ({ value: tab.tab, label: tab.title || "ComfyUI", note: `${seen(tab)} · ${strings.asking}` })),
  );
  const rows = [...body.querySelectorAll(".holaf-pick")];
  tabs.forEach(async (tab, index) => {
    const label = rows[index].querySelector(".holaf-pick-label");
    const note = rows[index].querySelector(".holaf-pick-note");
    try {
      // Titles change with every tab of a workflow: ask for the present one.
      const state = await canvas.ask("state", {}, { to: tab.tab });
      label.textContent = state.workflow;
      note.textContent = state.unsaved ? `${seen(tab)} · ${strings.unsaved}` : seen(tab);
    } catch {
      note.textContent = strings.silent;
      rows[index].querySelector("input").disabled = true;
    }
  });
  return (await pick(strings.tabsTitle, body, strings.choose)) ?? undefined;
}

/** @param {string} file @param {Array<{id: string, title: string, value: string}>} nodes */
const pickNode = (file, nodes) =>
  pick(
    strings.nodesTitle(file),
    choices(strings.nodesTitle(file), [
      ...nodes.map(({ id, title, value }) => ({
        value: id,
        label: `${title} #${id}`,
        note: value ? strings.holds(value) : strings.empty,
      })),
      { value: "new", label: strings.newNode },
    ]),
    strings.use,
  );
