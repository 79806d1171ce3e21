/** @typedef {{ key: string, mod: boolean, shift: boolean, alt: boolean }} Shortcut */

/** The Control key, or Command where that is what people press. */
export const onMac = /^(Mac|iP)/.test(globalThis.navigator?.platform ?? "");

/**
 * Reads "Ctrl+Shift+A", "Delete", "?" or "Alt+ArrowUp". Ctrl means Command on a Mac.
 *
 * @param {string} text
 * @returns {Shortcut}
 */
export function parseShortcut(text) {
  // The last part may itself be a plus sign.
  const parts = text.split(/\+(?!$)/);
  const key = /** @type {string} */ (parts.pop());
  const has = (/** @type {string} */ name) => parts.includes(name);
  return { key: key === "Space" ? " " : key.toLowerCase(), mod: has("Ctrl"), shift: has("Shift"), alt: has("Alt") };
}

/**
 * @param {KeyboardEvent} event
 * @param {string} text as for `parseShortcut`
 */
export function matches(event, text) {
  const want = parseShortcut(text);
  const mod = onMac ? event.metaKey : event.ctrlKey;
  const other = onMac ? event.ctrlKey : event.metaKey;
  // "?" and "+" are themselves typed with Shift on most keyboards.
  const symbol = want.key.length === 1 && want.key.toLowerCase() === want.key.toUpperCase() && want.key !== " ";
  return (
    event.key.toLowerCase() === want.key &&
    mod === want.mod &&
    !other &&
    event.altKey === want.alt &&
    (symbol || event.shiftKey === want.shift)
  );
}

/**
 * How a shortcut is shown: "Ctrl+A", or "⌘A" on a Mac.
 * @param {string} text
 */
export const shortcutLabel = (text) =>
  onMac ? text.replace("Ctrl+", "⌘").replace("Shift+", "⇧").replace("Alt+", "⌥") : text;

/**
 * Does the key belong to a field that the user types in?
 * @param {Event} event
 */
export function isTyping(event) {
  const target = /** @type {any} */ (event.composedPath?.()[0] ?? event.target);
  const name = target?.tagName;
  if (name === "INPUT") {
    return !/^(button|checkbox|radio|range|submit|reset|color|file)$/.test(target.type);
  }
  return name === "TEXTAREA" || name === "SELECT" || Boolean(target?.isContentEditable);
}

/**
 * Keeps what is typed inside `root` from the page around it: ComfyUI's shortcuts must not fire. When
 * what has the focus there is hidden or taken away, `root` gets it, where it can: on the page's body
 * the next Delete would be ComfyUI's.
 *
 * @param {EventTarget} root
 * @param {AbortSignal} [signal]
 */
export function containKeys(root, signal) {
  for (const type of ["keydown", "keyup", "keypress", "paste", "copy", "cut"]) {
    root.addEventListener(type, (event) => event.stopPropagation(), { signal });
  }
  root.addEventListener("focusout", (event) => keepFocus(/** @type {FocusEvent} */ (event), root), { signal });
}

/** @param {FocusEvent} event @param {EventTarget} root */
function keepFocus({ target, relatedTarget }, root) {
  if (relatedTarget || !(target instanceof HTMLElement) || !(root instanceof HTMLElement)) {
    return;
  }
  requestAnimationFrame(() => {
    const gone = !target.isConnected || target.getClientRects().length === 0;
    if (gone && document.activeElement === document.body) {
      root.focus({ preventScroll: true });
    }
  });
}
