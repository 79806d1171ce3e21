import { layer } from "./layer.js";
import { strings } from "./strings.js";
import { toast } from "./toast.js";

/**
 * Copies, and says so. Over plain http to another machine browsers have no clipboard: then the old
 * way, by a selection; and where that is refused too, the user's own keys copy what is selected for them.
 *
 * @param {string} text
 * @param {string} [said]
 */
export async function copyText(text, said = strings.copied) {
  const done = await write(text);
  if (done) {
    toast({ text: said, kind: "good", life: 2500 });
  } else {
    await offer(text, said);
  }
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
    // Here a dialog lets it have the focus.
    layer("over").append(area);
    area.select();
    try {
      return document.execCommand("copy");
    } catch {
      return false;
    } finally {
      area.remove();
      before?.focus();
    }
  }
}

/** @param {string} text @param {string} said */
async function offer(text, said) {
  const [{ dialog }, { h }] = await Promise.all([import("./dialog.js"), import("../core/dom.js")]);
  const area = h("textarea", {
    class: "holaf-input holaf-copy-text",
    readonly: true,
    rows: "6",
    "aria-label": strings.copyByHand,
    spellcheck: "false",
  });
  area.value = text;
  await dialog({
    title: strings.copyFailed,
    body: [h("p", {}, strings.copyByHand), area],
    buttons: [{ label: strings.close, primary: true }],
    onOpen({ close }) {
      area.select();
      area.addEventListener("copy", () =>
        // The browser takes the selection after this.
        setTimeout(() => {
          close();
          toast({ text: said, kind: "good", life: 2500 });
        }),
      );
    },
  });
}
