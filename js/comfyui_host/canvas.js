/** What the gallery asks of ComfyUI's graph editor: each answers only when it is so. */
import { getJson, send as fetchOurs } from "../core/api.js";
import { channel } from "../core/channel.js";
import { createInputs } from "./inputs.js";
import { strings } from "./strings.js";

/**
 * @typedef {{id: number, filename: string, kind: string, root: string, subfolder: string, size_bytes: number}} File
 * of the library, as a row describes it
 */

const SETTLE_MS = 5_000;
const LOOK_MS = 40;

/** @param {{ app: any, api: any }} comfy */
export function createCanvas({ app, api }) {
  const inputs = createInputs({ app, api, readFile });
  const store = () => app.extensionManager.workflow;

  /** @param {number} id */
  async function readFile(id) {
    return (await fetchOurs(`images/full?id=${id}`)).blob();
  }

  /** What is on the canvas, and whether somebody would miss it. */
  function state() {
    const active = store()?.activeWorkflow;
    const tracker = active?.changeTracker;
    // It looks when the mouse is let go; what a script changed it has not seen.
    (tracker?.captureCanvasState ?? tracker?.checkState)?.call(tracker);
    return {
      tab: channel.me,
      title: document.title,
      workflow: active?.filename ?? strings.unsaved,
      unsaved: Boolean(active?.isModified),
    };
  }

  /**
   * Loads what is stored in a file. With `how` "replace" in the place of what is on the canvas: answers with
   * `{unsaved: true}` and does nothing where that has changes, unless `sure`.
   *
   * @param {{id: number, name: string, how: "replace" | "tab", sure?: boolean}} wanted
   */
  async function load({ id, name, how, sure = false }) {
    const now = state();
    if (how === "replace" && now.unsaved && !sure) {
      return { ...now, unsaved: true };
    }
    const { workflow, prompt } = await stored(id);
    const before = store()?.activeWorkflow;
    const title = freeName(name);
    const expected = workflow ? workflow.nodes.map((/** @type {any} */ node) => String(node.id)) : Object.keys(prompt);
    if (workflow) {
      await app.loadGraphData(workflow, true, true, title);
    } else {
      await app.loadApiJson(prompt, title);
    }
    // Older versions do not wait for their own new tab.
    await until(() => store()?.activeWorkflow !== before);
    const there = new Set(nodesOf(rootGraph()).map((node) => String(node.id)));
    // Ids of inner nodes have colons, which newer versions write otherwise.
    const came = expected.length === 0 || expected.some((one) => there.has(one) || there.has(one.replaceAll(":", "_")));
    if (store()?.activeWorkflow === before || !came) {
      const missing = [
        ...new Set(typesOf(workflow, prompt).filter((type) => !globalThis.LiteGraph?.registered_node_types?.[type])),
      ];
      throw new Error(missing.length ? strings.notInstalled(missing) : strings.notLoaded);
    }
    if (how === "replace" && before) {
      await store().closeWorkflow?.(before);
    }
    return { title: document.title, workflow: store()?.activeWorkflow?.filename ?? name, nodes: there.size };
  }

  /** @param {number} id */
  async function stored(id) {
    const texts = await getJson(`images/metadata?raw=1&id=${id}`);
    let workflow = parse(texts.workflow);
    let prompt = parse(texts.prompt);
    if (!Array.isArray(workflow?.nodes)) {
      // A file beside it may have one.
      const metadata = await getJson(`images/metadata?id=${id}`);
      workflow = metadata.workflow;
      prompt ??= metadata.prompt_graph;
    }
    if (Array.isArray(workflow?.nodes)) {
      return { workflow, prompt: null };
    }
    if (prompt && Object.values(prompt).some((node) => /** @type {any} */ (node)?.class_type)) {
      return { workflow: null, prompt };
    }
    throw new Error(strings.noWorkflow);
  }

  const rootGraph = () => app.rootGraph ?? app.graph;

  /** One that no workflow has: ComfyUI would show that one instead. @param {string} name */
  function freeName(name) {
    const plain = [...name.replace(/\.[^.]*$/, "")]
      .map((letter) => (/[\\/:*?"<>|]/.test(letter) || letter < " " ? "_" : letter))
      .join("")
      .slice(0, 120);
    let free = plain || strings.unsaved;
    for (let number = 2; store()?.getWorkflowByPath?.(`workflows/${free}.json`); number++) {
      free = `${plain} (${number})`;
    }
    return free;
  }

  return {
    state,
    load,
    /**
     * Puts a file into ComfyUI's input folder and names it in a node. Answers with `{choose: nodes}` and does nothing
     * where it may be one of several, until `node` says which: its id, or "new".
     *
     * @param {{file: File, node?: string, at?: [number, number]}} wanted
     */
    send: ({ file, node, at }) => inputs.send(file, node, at),
    inputs,
  };
}

/** As ComfyUI's Python wrote it, which knows numbers that JSON does not. @param {unknown} text @returns {any} */
function parse(text) {
  if (typeof text !== "string") {
    return null;
  }
  try {
    return JSON.parse(text);
  } catch {
    const plain = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (part) =>
      part[0] === '"' ? part : "null",
    );
    try {
      return JSON.parse(plain);
    } catch {
      return null;
    }
  }
}

/** @param {any} graph @returns {any[]} */
const nodesOf = (graph) => graph?.nodes ?? graph?._nodes ?? [];

/** @param {any} workflow @param {any} prompt @returns {string[]} */
const typesOf = (workflow, prompt) =>
  workflow
    ? workflow.nodes.map((/** @type {any} */ node) => node.type)
    : Object.values(prompt).map((node) => /** @type {any} */ (node).class_type);

/** @param {() => boolean} done */
async function until(done) {
  const end = Date.now() + SETTLE_MS;
  while (!done() && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
