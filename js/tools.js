/**
 * The tools, in the order of the menu. To add one, add its line here and one in holaf_app.py.
 *
 * @typedef {object} ToolEntry
 * @property {string} id as in the server's routes
 * @property {string} title
 * @property {string} icon
 * @property {string} css its style sheet in css/
 * @property {() => Promise<{ mount: (root: HTMLElement, context: any) => any }>} load
 * @property {{ width: number, height: number, minWidth?: number, minHeight?: number }} size of its panel
 * @property {string} [page] a page of its own
 */

/** @type {ToolEntry[]} */
export const tools = [
  {
    id: "images",
    title: "Gallery",
    icon: "images",
    css: "image_viewer",
    load: () => import("./image_viewer/index.js"),
    size: { width: 1180, height: 760, minWidth: 340, minHeight: 320 },
    page: "view",
  },
  {
    id: "settings",
    title: "Settings",
    icon: "settings",
    css: "settings",
    load: () => import("./settings/index.js"),
    size: { width: 760, height: 620, minWidth: 340, minHeight: 320 },
  },
];
