import { onSignIn } from "./core/api.js";
import { channel } from "./core/channel.js";
import { fill } from "./core/dom.js";
import { isTyping, matches } from "./core/keys.js";
import { loadSheet } from "./core/sheet.js";
import { tools } from "./tools.js";
import { errorBlock, stateBlock } from "./ui/state_block.js";
import { strings } from "./ui/strings.js";

/**
 * @typedef {import("./core/host.js").Host} Host
 * @typedef {import("./core/scope.js").Scope} Scope
 * @typedef {import("./ui/panel.js").Panel} Panel
 */

/** Below this nothing is shown while something loads: a flash is worse than nothing. */
const QUIET = 150;

let started = false;

/**
 * Makes the page ready for our panels; calling it again does nothing.
 * @param {Host} host
 */
export async function start(host) {
  if (!started) {
    started = true;
    channel.setRole(host.kind);
    onSignIn(async (error) => (await import("./ui/sign_in.js")).askToSignIn(error));
    // Before anything else on the page: ComfyUI has shortcuts of its own.
    globalThis.addEventListener("keydown", (event) => onKey(event, host), { capture: true });
  }
  await loadSheet("index");
}

/**
 * @param {KeyboardEvent} event
 * @param {Host} host
 */
async function onKey(event, host) {
  const where = event.target instanceof Element ? event.target : null;
  if (!where?.closest(".holaf") || !matches(event, "Ctrl+K")) {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  try {
    const { addCommand, openCommands } = await import("./ui/commands.js");
    for (const { id, title, icon } of tools) {
      addCommand({ id: `open.${id}`, title: strings.openIn(title), icon, action: () => openTool(id, host) });
    }
    if (!isTyping(event) || !where.closest(".holaf-dialog")) {
      await openCommands(where);
    }
  } catch (error) {
    await sayError(error);
  }
}

/** A file of ours did not come. @param {unknown} error */
const isNotLoaded = (error) => error instanceof TypeError && /import|module/i.test(error.message);

/** Says in passing what went wrong. @param {unknown} error */
export async function sayError(error) {
  const text = isNotLoaded(error) ? strings.notLoadedBody : error instanceof Error ? error.message : String(error);
  try {
    const { toast } = await import("./ui/toast.js");
    toast({ text, kind: "error" });
  } catch {
    console.error("Holaf:", error);
  }
}

/**
 * @param {string} id
 */
function toolOf(id) {
  const tool = tools.find((one) => one.id === id);
  if (!tool) {
    throw new RangeError(`There is no tool ${id}`);
  }
  return tool;
}

/**
 * Opens a tool as a floating panel, or raises the one that is open; says so when it cannot be opened.
 *
 * @param {string} id
 * @param {Host} host
 * @returns {Promise<Panel | null>}
 */
export async function openTool(id, host) {
  const tool = toolOf(id);
  try {
    const [{ openPanel }] = await Promise.all([import("./ui/panel.js"), start(host)]);
    return openPanel({
      id,
      title: tool.title,
      icon: tool.icon,
      host,
      ...tool.size,
      popOut: tool.page,
      mount: (root, context) => void mountTool(id, root, context),
    });
  } catch (error) {
    await sayError(error);
    return null;
  }
}

/**
 * Loads a tool and puts it into `root`; says so there when it cannot be loaded.
 *
 * @param {string} id
 * @param {HTMLElement} root
 * @param {{ host: Host, scope: Scope, panel: Panel | null }} context
 */
export async function mountTool(id, root, context) {
  const { host, scope, panel } = context;
  const tool = toolOf(id);
  const quiet = scope.after(QUIET, () =>
    fill(root, stateBlock({ kind: "busy", icon: tool.icon, title: strings.loading(tool.title) })),
  );
  try {
    await start(host);
    const [{ mount }] = await Promise.all([tool.load(), loadSheet(tool.css)]);
    quiet();
    if (!scope.disposed) {
      const within = panel?.element.contains(document.activeElement);
      fill(root);
      root.classList.add("holaf", `holaf-${id}`);
      await mount(root, { host, scope, panel });
      if (within && !scope.disposed) {
        panel?.focus();
      }
    }
  } catch (error) {
    quiet();
    console.error(`Holaf: ${id} could not be opened`, error);
    if (!scope.disposed) {
      const notLoaded = isNotLoaded(error);
      fill(
        root,
        errorBlock(error, {
          title: strings.notLoaded(tool.title),
          text: notLoaded ? strings.notLoadedBody : undefined,
          // A module that failed once fails for good until the page is loaded again.
          retry: () => (notLoaded ? location.reload() : mountTool(id, root, context)),
        }),
      );
    }
  }
}
