import { whenAborted } from "../core/scope.js";

/** @typedef {"light" | "dark"} Theme */

/**
 * Is a colour as browsers compute it, "rgb(32, 32, 32)" or "color(srgb 0.1 0.1 0.1)", a light one?
 * A transparent one is neither: then the answer is null.
 *
 * @param {string} colour
 * @returns {boolean | null}
 */
export function isLight(colour) {
  const numbers = (colour.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number);
  if (numbers.length < 3 || (numbers[3] ?? 1) < 0.1 || !/^(rgb|color\(srgb)/.test(colour)) {
    return null;
  }
  const scale = colour.startsWith("rgb") ? 255 : 1;
  const [red, green, blue] = numbers.slice(0, 3).map((part) => (part / scale) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.3;
}

/**
 * Tells our style sheets what kind of page this is.
 *
 * @param {"comfyui" | "standalone"} kind
 * @param {Theme} theme
 */
export function applyTheme(kind, theme) {
  const { body } = document;
  body.classList.add("holaf-theme");
  body.dataset.holafHost = kind;
  if (body.dataset.holafTheme !== theme) {
    body.dataset.holafTheme = theme;
    globalThis.dispatchEvent(new CustomEvent("holaf-theme", { detail: theme }));
  }
}

/** What canvases and charts draw for. @returns {Theme} */
export const currentTheme = () => (document.body.dataset.holafTheme === "light" ? "light" : "dark");

/**
 * @param {(theme: Theme) => void} fn
 * @param {AbortSignal} signal
 */
export const onTheme = (fn, signal) =>
  globalThis.addEventListener("holaf-theme", (event) => fn(/** @type {CustomEvent} */ (event).detail), { signal });

/**
 * Follows the theme of the page around us. New frontends mark a dark theme in other ways than old
 * ones, and palettes may have any colours: what counts is how light the ground is.
 *
 * @param {AbortSignal} [signal]
 */
export function followPage(signal) {
  const look = () => {
    const probe = document.createElement("div");
    probe.style.cssText = "display:none;background-color:var(--interface-panel-surface, var(--comfy-menu-bg, #202020))";
    document.body.append(probe);
    const ground = getComputedStyle(probe).backgroundColor;
    probe.remove();
    applyTheme("comfyui", isLight(ground) ? "light" : "dark");
  };
  let waiting = false;
  const observer = new MutationObserver(() => {
    if (!waiting) {
      waiting = true;
      // Palettes set dozens of variables one after the other.
      requestAnimationFrame(() => {
        waiting = false;
        look();
      });
    }
  });
  for (const element of [document.documentElement, document.body]) {
    observer.observe(element, { attributes: true, attributeFilter: ["class", "style", "data-theme"] });
  }
  whenAborted(signal, () => observer.disconnect());
  look();
}
