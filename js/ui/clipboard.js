import { strings } from "./strings.js";
import { toast } from "./toast.js";

/**
 * Copies, and says so. Over plain http to another machine browsers have no clipboard: then the old
 * way, by a selection.
 *
 * @param {string} text
 * @param {string} [said]
 */
export async function copyText(text, said = strings.copied) {
  const done = await write(text);
  toast(done ? { text: said, kind: "good", life: 2500 } : { text: strings.copyFailed, kind: "error" });
  return done;
}

/** @param {string} text */
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    const area = document.createElement("textarea");
    area.value = text;
    area.style.cssText = "position:fixed;opacity:0";
    document.body.append(area);
    area.select();
    try {
      return document.execCommand("copy");
    } finally {
      area.remove();
      before?.focus();
    }
  }
}
