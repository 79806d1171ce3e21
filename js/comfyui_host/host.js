import { url } from "../core/api.js";
import { channel } from "../core/channel.js";
import { h } from "../core/dom.js";
import { containKeys } from "../core/keys.js";
import { createPreferences } from "../core/preferences.js";
import { Scope } from "../core/scope.js";
import { mountTool, openTool, start } from "../main.js";
// It comes with us: what cannot be loaded later would open nothing, and say nothing.
import "../ui/panel.js";
import { followPage } from "../ui/theme.js";
import { createCanvas } from "./canvas.js";
import { createDrops } from "./drop.js";

/**
 * Our side of ComfyUI's page, made once, when something of ours is first wanted there.
 *
 * @param {{ app: any, api: any }} comfy
 */
export function createPage({ app, api }) {
  const user = String(api.user || "default");
  const { inputs, ...asked } = createCanvas({ app, api });
  /** @type {import("../core/host.js").Canvas} */
  const canvas = { here: true, ask: async (what, payload) => asked[what](payload) };
  const drops = createDrops(app, canvas, inputs);
  /** @type {import("../core/host.js").Host} */
  const host = {
    kind: "comfyui",
    user,
    preferences: createPreferences({ name: `comfyui.${user}` }),
    openPage: (path) => void globalThis.open(url(path), "_blank"),
    theme: null,
    canvas,
  };
  followPage();
  channel.setRole("comfyui");
  channel.answer("comfyui.ping", () => ({ title: document.title }));
  for (const [what, answer] of Object.entries(asked)) {
    channel.answer(`canvas.${what}`, answer);
  }
  void start(host);

  return {
    host,
    hover: drops.hover,
    /** @param {string} text @param {any} at */
    drop: (text, at) => drops.drop(text, at),
    /** @param {string} id */
    open: (id) => openTool(id, host),

    /**
     * Puts a tool into a place of ComfyUI's own, such as its sidebar.
     *
     * @param {string} id
     * @param {HTMLElement} place
     * @returns {() => void} takes it away again
     */
    mount(id, place) {
      const scope = new Scope();
      const root = /** @type {HTMLElement} */ (h("div", { class: "holaf holaf-embedded", tabIndex: -1 }));
      // ComfyUI's place is as high as what is in it; we are as high as the place.
      place.style.height = "100%";
      place.append(root);
      containKeys(root, scope.signal);
      scope.onDispose(() => root.remove());
      void mountTool(id, root, { host, scope, panel: null });
      return () => scope.dispose();
    },
  };
}
