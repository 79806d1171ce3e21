/** Files of the library as inputs of nodes: into ComfyUI's input folder, and into the widget of a node that loads it. */
import { strings } from "./strings.js";

/** @typedef {import("./canvas.js").File} File */

/** What a node's definition says of a widget that takes such a file, and the node that has one in every ComfyUI. */
const KINDS = /** @type {const} */ ({
  image: { flags: ["image_upload", "animated_image_upload"], type: "LoadImage", widget: "image" },
  video: { flags: ["video_upload"], type: "LoadVideo", widget: "file" },
  audio: { flags: ["audio_upload"], type: "LoadAudio", widget: "audio" },
});

/** @param {{ app: any, api: any, readFile: (id: number) => Promise<Blob> }} needs */
export function createInputs({ app, api, readFile }) {
  const graph = () => app.canvas.graph ?? app.rootGraph ?? app.graph;
  const nodes = () => graph()?.nodes ?? graph()?._nodes ?? [];

  /**
   * The widget of a node that takes such a file.
   * @param {any} node @param {string} kind
   */
  function widgetOf(node, kind) {
    const { flags, type, widget } = KINDS[/** @type {keyof typeof KINDS} */ (kind)];
    const inputs = node.constructor?.nodeData?.input ?? {};
    const named = Object.entries({ ...inputs.required, ...inputs.optional }).find(([, spec]) => {
      const options = /** @type {any} */ (spec)?.[1] ?? {};
      return flags.some((flag) => options[flag]) && (options.image_folder ?? "input") === "input";
    });
    const name = named?.[0] ?? (node.type === type ? widget : null);
    const found = node.widgets?.find((/** @type {any} */ one) => one.name === name);
    // Fed by a link, it does not matter what stands in it.
    const linked = node.inputs?.some(
      (/** @type {any} */ input, /** @type {number} */ slot) =>
        input.widget?.name === name && (node.isInputConnected?.(slot) ?? input.link != null),
    );
    return found && !linked ? found : null;
  }

  /** @param {any} node */
  const titleOf = (node) => String(node.title || node.type);

  /** @param {string} kind */
  const loaders = (kind) => nodes().filter((/** @type {any} */ node) => widgetOf(node, kind));

  /** @param {string} kind @param {string} [wanted] @returns {any} the node, "new", or null where the user has to say */
  function choose(kind, wanted) {
    if (wanted === "new") {
      return "new";
    }
    const all = loaders(kind);
    if (wanted !== undefined) {
      const found = all.find((/** @type {any} */ node) => String(node.id) === wanted);
      if (!found) {
        throw new Error(strings.gone);
      }
      return found;
    }
    const selected = all.filter((/** @type {any} */ node) => app.canvas.selectedItems?.has(node) || node.is_selected);
    const likely = selected.length ? selected : all;
    return likely.length === 1 ? likely[0] : likely.length ? null : "new";
  }

  /** @param {string} kind @param {[number, number]} [at] on the canvas */
  function add(kind, at) {
    const { type } = KINDS[/** @type {keyof typeof KINDS} */ (kind)];
    const node = globalThis.LiteGraph.createNode(type);
    if (!node) {
      throw new Error(strings.noLoader(type));
    }
    const { ds, canvas } = app.canvas;
    const scale = ds.scale * (globalThis.devicePixelRatio || 1);
    node.pos = at ?? [
      canvas.width / 2 / scale - ds.offset[0] - node.size[0] / 2,
      canvas.height / 2 / scale - ds.offset[1] - node.size[1] / 2,
    ];
    graph().add(node);
    return node;
  }

  /** @param {File} file @returns {Promise<string>} what a widget calls it */
  async function upload(file) {
    if (file.root === "input") {
      return file.subfolder ? `${file.subfolder}/${file.filename}` : file.filename;
    }
    const most = Number(api.getServerFeature?.("max_upload_size") ?? api.serverFeatureFlags?.max_upload_size ?? 0);
    if (most && file.size_bytes > most) {
      throw new Error(strings.refusedUpload(file.filename, strings.tooLarge(Math.floor(most / 1048576))));
    }
    const body = new FormData();
    body.append("image", await readFile(file.id), file.filename);
    body.append("type", "input");
    let answer;
    try {
      answer = await api.fetchApi("/upload/image", { method: "POST", body });
    } catch {
      throw new Error(strings.refusedUpload(file.filename, strings.unreachable));
    }
    if (!answer.ok) {
      const why = answer.status === 413 ? strings.tooLarge(0) : strings.status(answer.status, answer.statusText);
      throw new Error(strings.refusedUpload(file.filename, why));
    }
    const { name, subfolder } = await answer.json();
    return subfolder ? `${subfolder}/${name}` : name;
  }

  /** @param {any} node @param {string} kind @param {string} value */
  function set(node, kind, value) {
    const widget = widgetOf(node, kind);
    if (!widget || !nodes().includes(node)) {
      throw new Error(strings.gone);
    }
    const values = widget.options?.values;
    if (Array.isArray(values) && !values.includes(value)) {
      // A choice that ComfyUI did not know when it drew the node.
      widget.options.values = [...values, value];
    }
    widget.value = value;
    widget.callback?.(value);
    if (widget.value !== value) {
      throw new Error(strings.notSet(titleOf(node)));
    }
    app.canvas.setDirty(true, true);
    const tracker = app.extensionManager.workflow?.activeWorkflow?.changeTracker;
    (tracker?.captureCanvasState ?? tracker?.checkState)?.call(tracker);
  }

  return {
    /** Does this node take such a file? @param {any} node @param {string} kind */
    takes: (node, kind) => Boolean(node && widgetOf(node, kind)),

    /** @param {any} node */
    isLoader: (node) => Object.keys(KINDS).some((kind) => widgetOf(node, kind)),

    /**
     * @param {File} file
     * @param {string} [wanted] id of the node, or "new"
     * @param {[number, number]} [at] where a new node is put
     */
    async send(file, wanted, at) {
      const chosen = choose(file.kind, wanted);
      if (chosen === null) {
        return {
          choose: loaders(file.kind).map((/** @type {any} */ node) => ({
            id: String(node.id),
            title: titleOf(node),
            value: String(widgetOf(node, file.kind).value ?? ""),
          })),
        };
      }
      const value = await upload(file);
      const added = chosen === "new";
      const node = added ? add(file.kind, at) : chosen;
      set(node, file.kind, value);
      return { title: document.title, node: titleOf(node), id: String(node.id), value, added };
    },
  };
}
