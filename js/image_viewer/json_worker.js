/** Keeps the model of a large JSON text away from the page: what takes long stops nobody there. */
import { JsonModel } from "./json_model.js";

/** @type {JsonModel | null} */
let model = null;
/** @type {Int32Array} */
let found = new Int32Array(0);

/** @type {Record<string, (given: any) => any>} */
const tasks = {
  /** @param {{bytes: ArrayBuffer, key: string, title: string}} given the answer of metadata?raw=1, and which text of it */
  open({ bytes, key, title }) {
    const texts = JSON.parse(new TextDecoder().decode(bytes));
    model = new JsonModel(texts[key], title);
    return { lines: model.length };
  },
  window: ({ from, count }) => ({ from, lines: model?.window(from, count) ?? [] }),
  toggle({ node, open }) {
    model?.toggle(node, open);
    return { lines: model?.length };
  },
  openAll: () => ({ all: model?.openAll(), lines: model?.length }),
  closeAll() {
    model?.closeAll();
    return { lines: model?.length };
  },
  find({ query }) {
    const result = model && query ? model.find(query) : { nodes: new Int32Array(0), more: false };
    found = result.nodes;
    return { count: found.length, more: result.more };
  },
  /** Shows the n-th that was found. */
  show({ number }) {
    const node = found[number];
    const line = model?.reveal(node);
    return { node, line, lines: model?.length };
  },
  copy: ({ node, what }) => ({ text: what === "path" ? model?.path(node) : model?.value(node) }),
  path: ({ node }) => ({ path: model?.path(node) }),
};

globalThis.onmessage = ({ data: { id, task, given } }) => {
  try {
    globalThis.postMessage({ id, value: tasks[task](given) });
  } catch (error) {
    globalThis.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
};
