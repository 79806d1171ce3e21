import { getJson, postJson, url } from "../core/api.js";
import { events } from "../core/events.js";
import { createPreferences } from "../core/preferences.js";
import { applyTheme } from "../ui/theme.js";
import { themeState } from "./theme_state.js";

/** The host of a page of our own. @returns {import("../core/host.js").Host} */
export function createHost() {
  const preferences = createPreferences({ name: "page" });
  const dark = globalThis.matchMedia("(prefers-color-scheme: dark)");
  /** @type {Set<() => void>} */
  const watchers = new Set();
  // What the settings said last stands in the browser too, so that the page never opens in the wrong colours.
  let state = themeState(preferences.get("theme"));

  function apply() {
    const { shown } = state;
    applyTheme("standalone", shown === "system" ? (dark.matches ? "dark" : "light") : shown);
  }

  /** @param {ReturnType<typeof themeState>} next */
  function enter(next) {
    state = next;
    preferences.set("theme", state.kept);
    apply();
    for (const watcher of watchers) {
      watcher();
    }
  }

  dark.addEventListener("change", apply);
  apply();
  events.on("settings.changed", ({ settings }) => enter(state.follow(settings.appearance?.theme)));

  return {
    kind: "standalone",
    user: "default",
    preferences,
    openPage: (path) => void globalThis.open(url(path), "_blank"),
    theme: {
      get: () => state.shown,
      async set(theme) {
        enter(state.choose(theme));
        // Nobody should have to sign in for a colour: who may not save it keeps it in this browser.
        const status = await getJson("auth/status").catch(() => null);
        if (status?.can_change && state.shown === theme) {
          await postJson("utilities/save-all-settings", { appearance: { theme } }).catch(() => {});
        }
      },
      watch: (fn) => void watchers.add(fn),
    },
    // Served by ComfyUI itself, its editor is in another tab; the pack's own server has none.
    canvas:
      document.documentElement.dataset.server === "comfyui"
        ? {
            here: false,
            ask: async (...given) => (await import("../core/far_canvas.js")).askFarCanvas(...given),
          }
        : null,
  };
}
