/**
 * What the tools need of the page they run in: ComfyUI's own, or a tab of ours. ComfyUI's is made
 * in js/comfyui/, the other in js/standalone/; nothing else knows which one it is.
 *
 * @typedef {object} Host
 * @property {"comfyui" | "standalone"} kind
 * @property {string} user whose preferences these are; "default" with one user
 * @property {import("./preferences.js").Preferences} preferences
 * @property {(path: string) => void} openPage opens a page of ours, such as "view", in another tab
 * @property {ThemeHooks | null} theme what the user may choose; null where the page around us does
 * @property {Canvas | null} canvas the graph editor of this page, or of another tab; null where there is none
 *
 * @typedef {object} ThemeHooks
 * @property {() => "light" | "dark" | "system"} get
 * @property {(theme: "light" | "dark" | "system") => void} set
 * @property {(fn: () => void) => void} watch calls `fn` whenever another one is shown
 *
 * @typedef {object} Canvas what js/comfyui_host/canvas.js does, here or in another tab; each answers when it is done
 * @property {boolean} here
 * @property {(what: "state" | "load" | "send", payload: any, options?: {to?: string}) => Promise<any>} ask
 */
export {};
