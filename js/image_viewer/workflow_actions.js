/** What can be done with a picture's workflow, and with the picture in a workflow: for menus, and for the details. */
import { getJson, isAbort } from "../core/api.js";
import { h } from "../core/dom.js";
import { strings } from "./workflow_strings.js";

/**
 * @typedef {object} Action
 * @property {string} id
 * @property {string} label
 * @property {string} icon
 * @property {false | string} disabled why it cannot be done
 * @property {() => Promise<void>} action
 */

/**
 * @param {import("./index.js").Gallery} gallery
 * @param {number} id
 * @param {"workflow" | "prompt" | null} [graph] what is stored, where that was read already
 * @returns {Action[]} items of a menu; those that need a canvas only where there is one
 */
export function workflowActions(gallery, id, graph) {
  const { canvas } = gallery.host;
  const row = gallery.rows.get(id);
  if (!row) {
    return [];
  }
  // A row knows of the canvas's own format alone; what was queued can be loaded too.
  const none = graph === undefined ? !row.has_workflow && !row.has_prompt : graph === null;
  const disabled = none && strings.noWorkflow;
  /** @param {(actions: typeof import("../ui/canvas_actions.js"), canvas: import("../core/host.js").Canvas) => Promise<any>} act */
  const onCanvas = (act) => () =>
    said(async () => act(await import("../ui/canvas_actions.js"), /** @type {any} */ (canvas)));
  const file = { ...row, id, root: row.root ?? "output", subfolder: row.subfolder ?? "" };
  return [
    ...(canvas
      ? [
          {
            id: "load",
            label: strings.load,
            icon: "workflow",
            disabled,
            action: onCanvas(({ loadWorkflow }, on) => loadWorkflow(on, file, "replace")),
          },
          {
            id: "tab",
            label: strings.newTab,
            icon: "plus",
            disabled,
            action: onCanvas(({ loadWorkflow }, on) => loadWorkflow(on, file, "tab")),
          },
          {
            id: "send",
            label: strings.send,
            icon: "log-in",
            disabled: /** @type {false} */ (false),
            action: onCanvas(({ sendToInput }, on) => sendToInput(on, /** @type {any} */ (file))),
          },
        ]
      : []),
    {
      id: "download",
      label: strings.download,
      icon: "download",
      disabled,
      action: () => said(() => download(id, row.filename)),
    },
  ];
}

/** @param {() => Promise<any>} act */
async function said(act) {
  try {
    await act();
  } catch (error) {
    if (!isAbort(error)) {
      const { toast } = await import("../ui/toast.js");
      toast({ text: error instanceof Error ? error.message : String(error), kind: "error" });
    }
  }
}

/** As it stands in the file, if it does. @param {number} id @param {string} filename */
async function download(id, filename) {
  const texts = await getJson(`images/metadata?raw=1&id=${id}`);
  let text = texts.workflow;
  if (!text) {
    const metadata = await getJson(`images/metadata?id=${id}`);
    const graph = metadata.workflow ?? metadata.prompt_graph;
    if (!graph) {
      throw new Error(`${strings.noWorkflow}.`);
    }
    text = metadata.workflow || !texts.prompt ? JSON.stringify(graph, null, 2) : texts.prompt;
  }
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href: address, download: `${filename.replace(/\.[^.]*$/, "")}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
