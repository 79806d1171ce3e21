/** What is dragged out of the gallery, here or in another window, onto the canvas or a node. */
import { url } from "../core/api.js";
import { loadWorkflow, sendToInput } from "../ui/canvas_actions.js";
import { toast } from "../ui/toast.js";
import { strings } from "./strings.js";

/** What is drawn of the canvas, and what lies on it. */
const ON_CANVAS = "canvas, .dom-widget, .lg-node, [data-node-id], .graph-canvas-container";

/**
 * @param {any} app
 * @param {import("../core/host.js").Canvas} canvas
 * @param {ReturnType<typeof import("./inputs.js").createInputs>} inputs
 */
export function createDrops(app, canvas, inputs) {
  /** @param {{x: number, y: number, target: Element | null}} at in the window */
  const place = ({ x, y }) => app.canvas.convertEventToCanvasOffset({ clientX: x, clientY: y });

  /** @param {{x: number, y: number, target: Element | null}} at */
  function nodeAt(at) {
    if (!at.target?.closest?.(ON_CANVAS)) {
      return null;
    }
    const [x, y] = place(at);
    return app.canvas.graph?.getNodeOnPos(x, y) ?? null;
  }

  return {
    /** Shows which node would take it, as ComfyUI does for its own. @param {any} at null: it has left */
    hover(at) {
      const node = at && nodeAt(at);
      const taken = node && inputs.isLoader(node) ? node : null;
      if ((app.dragOverNode ?? null) !== taken) {
        app.dragOverNode = taken;
        app.canvas.setDirty(true, true);
      }
    },

    /** @param {string} text @param {{x: number, y: number, target: Element | null}} at */
    async drop(text, at) {
      this.hover(null);
      const { server, file } = JSON.parse(text);
      if (server !== url("")) {
        toast({ text: strings.otherServer, kind: "error" });
        return;
      }
      const node = nodeAt(at);
      if (inputs.takes(node, file.kind)) {
        await sendToInput(only(canvas, String(node.id)), file);
      } else if (file.has_workflow || file.has_prompt) {
        await loadWorkflow(canvas, file, "replace");
      } else {
        // Nothing to load: then it is a picture like any other, for which ComfyUI makes a node.
        await sendToInput(only(canvas, "new", place(at)), file);
      }
    },
  };
}

/** The canvas, asked about one node. @param {import("../core/host.js").Canvas} canvas @param {string} node @param {any} [at] */
const only = (canvas, node, at) => ({
  ...canvas,
  ask: (/** @type {any} */ what, /** @type {any} */ payload) => canvas.ask(what, { ...payload, node, at }),
});
