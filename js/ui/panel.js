import { h, fill, icon } from "../core/dom.js";
import { containKeys, isTyping, matches } from "../core/keys.js";
import { Scope } from "../core/scope.js";
import { focusable, focused, layer, refocus } from "./layer.js";
import { boxOf, firstPlace, modeAt, moved, readPlace, resized, SHEET_WIDTH } from "./panel_place.js";
import { strings } from "./strings.js";
import { addTooltip } from "./tooltip.js";

/**
 * @typedef {object} Panel
 * @property {string} id
 * @property {HTMLElement} element the whole panel
 * @property {HTMLElement} root where the content goes; it has no padding
 * @property {HTMLElement} tools a place in the header for buttons of the content
 * @property {Scope} scope ends when the panel is closed
 * @property {boolean} isOpen
 * @property {() => void} close
 * @property {() => void} focus raises it and gives it the focus
 * @property {(title: string) => void} setTitle
 * @property {(...content: any[]) => void} setStatus fills the status bar; nothing takes it away
 *
 * @typedef {object} PanelOptions
 * @property {string} id there is one panel per id: opening it again raises it
 * @property {string} title
 * @property {string} [icon]
 * @property {import("../core/host.js").Host} host remembers where the panel was
 * @property {number} [width]
 * @property {number} [height]
 * @property {number} [minWidth]
 * @property {number} [minHeight]
 * @property {string} [popOut] a page of ours with the same content, such as "view"
 * @property {boolean} [closeOnEscape]
 * @property {(root: HTMLElement, context: {host: import("../core/host.js").Host, scope: Scope, panel: Panel}) => any} mount
 */

/** Open panels, the one in front last. @type {Panel[]} */
const stack = [];

const screenSize = () => ({ width: globalThis.innerWidth, height: globalThis.innerHeight });

/** @param {string} id */
export const panelOf = (id) => stack.find((panel) => panel.id === id);

/** Gives the panels their order on the screen. */
function order() {
  stack.forEach((panel, index) => {
    panel.element.style.zIndex = String(index + 1);
    panel.element.classList.toggle("holaf-front", index === stack.length - 1);
  });
}

/**
 * Opens a floating panel, or raises the one of this id.
 *
 * @param {PanelOptions} options
 * @returns {Panel}
 */
export function openPanel(options) {
  const open = panelOf(options.id);
  if (open) {
    open.focus();
    return open;
  }
  return createPanel(options);
}

/**
 * @param {PanelOptions} options
 * @returns {Panel}
 */
function createPanel(options) {
  const { id, title, host, width = 900, height = 640, minWidth = 320, minHeight = 220, popOut } = options;
  const min = { width: minWidth, height: minHeight };
  const size = { width, height };
  const key = `panel.${id}`;
  const scope = new Scope();
  const before = focused();
  let place = readPlace(host.preferences.get(key), min) ?? firstPlace(size, screenSize(), stack.length);
  /** The place that leaving full screen goes back to. @type {import("./panel_place.js").Mode} */
  let usual = place.mode === "full" ? "free" : place.mode;
  /** The browser's own full screen was asked for by this panel. */
  let ownScreen = false;

  const titleId = `holaf-panel-${id}-title`;
  /** @param {string} name @param {string} label @param {(event: Event) => void} onclick */
  const button = (name, label, onclick) => {
    const element = h(
      "button",
      { type: "button", class: "holaf-icon-button", "aria-label": label, onclick },
      icon(name),
    );
    addTooltip(element, label);
    return element;
  };
  const windowButton = h(
    "button",
    {
      type: "button",
      class: "holaf-icon-button holaf-panel-menu",
      "aria-label": strings.moreAbout(title),
      "aria-haspopup": "menu",
      onclick: openWindowMenu,
    },
    icon(options.icon ?? "square"),
  );
  const heading = h("h2", { id: titleId, class: "holaf-panel-title holaf-clip" }, title);
  const tools = h("div", { class: "holaf-panel-tools" });
  const fullButton = button("maximize", strings.fullScreen, () => setFullScreen(place.mode !== "full"));
  const header = h(
    "div",
    { class: "holaf-panel-header" },
    windowButton,
    heading,
    tools,
    popOut && button("external-link", strings.popOut, leaveForTab),
    fullButton,
    button("x", strings.close, close),
  );
  const root = h("div", { class: `holaf-panel-root holaf-${id}` });
  const status = h("div", { class: "holaf-panel-status holaf-figure", hidden: true });
  const edges = ["n", "e", "s", "w", "ne", "se", "sw", "nw"].map((edge) =>
    h("div", { class: `holaf-panel-edge holaf-panel-edge-${edge}`, dataset: { edge }, onpointerdown: startResize }),
  );
  const element = h(
    "section",
    { class: "holaf-panel", role: "dialog", "aria-labelledby": titleId, tabIndex: -1, "aria-modal": "false" },
    header,
    root,
    status,
    edges,
  );

  /** @type {Panel} */
  const panel = {
    id,
    element,
    root,
    tools,
    scope,
    get isOpen() {
      return !scope.disposed;
    },
    close,
    focus() {
      raise();
      if (!element.contains(document.activeElement)) {
        (focusable(root)[0] ?? element).focus({ preventScroll: true });
      }
    },
    setTitle(text) {
      heading.textContent = text;
    },
    setStatus(...content) {
      fill(
        status,
        ...content
          .flat()
          .map((/** @type {any} */ part) =>
            part instanceof Node || !part ? part : h("span", { class: "holaf-clip" }, part),
          ),
      );
      status.hidden = !status.hasChildNodes();
    },
  };

  function draw() {
    const screen = screenSize();
    const sheet = screen.width < SHEET_WIDTH;
    const box = boxOf(place, screen);
    element.classList.toggle("holaf-sheet", sheet);
    element.classList.toggle("holaf-snapped", sheet || place.mode !== "free");
    for (const name of /** @type {const} */ (["left", "top", "width", "height"])) {
      element.style[name] = sheet ? "" : `${box[name]}px`;
    }
    const full = place.mode === "full";
    const label = full ? strings.leaveFullScreen : strings.fullScreen;
    fullButton.setAttribute("aria-label", label);
    fill(fullButton, icon(full ? "minimize" : "maximize"));
    addTooltip(fullButton, label);
  }

  const remember = () => host.preferences.set(key, place);

  /** @param {Partial<import("./panel_place.js").Place>} changes */
  function put(changes) {
    place = { ...place, ...changes };
    if (place.mode !== "full") {
      usual = place.mode;
    }
    draw();
    remember();
  }

  /** @param {boolean} full */
  function setFullScreen(full) {
    // The page, not the panel: menus and dialogs are beside it.
    if (full) {
      ownScreen = true;
      document.documentElement.requestFullscreen?.().catch(() => {});
    } else {
      leaveOwnScreen();
    }
    put({ mode: full ? "full" : usual });
  }

  function leaveOwnScreen() {
    if (ownScreen && document.fullscreenElement === document.documentElement) {
      void document.exitFullscreen();
    }
    ownScreen = false;
  }

  async function openWindowMenu() {
    const { openMenu } = await import("./menu.js");
    const choice = (/** @type {string} */ label, /** @type {import("./panel_place.js").Mode} */ mode) => ({
      label,
      checked: place.mode === mode,
      action: () => put({ mode }),
    });
    openMenu(windowButton, [
      choice(strings.ownPlace, "free"),
      choice(strings.leftHalf, "left"),
      choice(strings.rightHalf, "right"),
      choice(strings.fillWindow, "full"),
      { separator: true },
      { label: strings.firstPlace, icon: "rotate-ccw", action: () => put(firstPlace(size, screenSize(), 0)) },
      { label: strings.close, icon: "x", action: close },
    ]);
  }

  function leaveForTab() {
    host.openPage(/** @type {string} */ (popOut));
    close();
  }

  function raise() {
    const at = stack.indexOf(panel);
    if (at !== stack.length - 1) {
      stack.push(...stack.splice(at, 1));
      order();
    }
  }

  /**
   * Follows the pointer until it is lifted; Escape and a lost pointer put everything back.
   *
   * @param {PointerEvent} event
   * @param {(dx: number, dy: number, move: PointerEvent) => void} onMove
   * @param {(up: PointerEvent | null) => void} onEnd gets null when it was broken off
   */
  function follow(event, onMove, onEnd) {
    const target = /** @type {HTMLElement} */ (event.currentTarget);
    const drag = scope.child();
    const end = (/** @type {PointerEvent | null} */ up) => {
      drag.dispose();
      element.classList.remove("holaf-moving");
      onEnd(up);
    };
    target.setPointerCapture(event.pointerId);
    element.classList.add("holaf-moving");
    drag.listen(target, "pointermove", (move) =>
      onMove(move.clientX - event.clientX, move.clientY - event.clientY, move),
    );
    drag.listen(target, "pointerup", end);
    drag.listen(target, "pointercancel", () => end(null));
    drag.listen(element, "keydown", (key) => {
      if (key.key === "Escape") {
        key.preventDefault();
        end(null);
      }
    });
  }

  /** @param {PointerEvent} event */
  function startMove(event) {
    const target = /** @type {Element} */ (event.target);
    if (
      event.button !== 0 ||
      target.closest("button, input, select, a, [role=menuitem]") ||
      element.matches(".holaf-sheet")
    ) {
      return;
    }
    const old = place;
    let start = boxOf(place, screenSize());
    let far = false;
    const ghost = h("div", { class: "holaf-panel-ghost", hidden: true });
    layer("panels").append(ghost);
    follow(
      event,
      (dx, dy, move) => {
        far ||= Math.hypot(dx, dy) > 4;
        if (!far) {
          return;
        }
        if (place.mode !== "free") {
          // It comes off the edge under the pointer, as wide as it was before.
          const width = Math.min(old.width, screenSize().width);
          const part = (event.clientX - start.left) / start.width;
          start = { ...start, width, height: old.height, left: event.clientX - part * width };
        }
        const screen = screenSize();
        place = { ...moved(start, dx, dy, screen), mode: "free" };
        draw();
        const mode = modeAt(move.clientX, move.clientY, screen);
        ghost.hidden = mode === "free";
        const box = boxOf({ ...place, mode }, screen);
        for (const name of /** @type {const} */ (["left", "top", "width", "height"])) {
          ghost.style[name] = `${box[name]}px`;
        }
      },
      (up) => {
        ghost.remove();
        if (!up) {
          put(old);
        } else if (far) {
          const mode = modeAt(up.clientX, up.clientY, screenSize());
          put(mode === "free" ? place : { ...old, mode });
        }
      },
    );
  }

  /** @param {PointerEvent} event */
  function startResize(event) {
    if (event.button !== 0) {
      return;
    }
    const edge = /** @type {HTMLElement} */ (event.currentTarget).dataset.edge ?? "";
    const old = place;
    const start = boxOf(place, screenSize());
    follow(
      event,
      (dx, dy) => {
        place = { ...resized(start, edge, dx, dy, min, screenSize()), mode: "free" };
        draw();
      },
      (up) => put(up ? place : old),
    );
  }

  function close() {
    if (scope.disposed) {
      return;
    }
    const hadFocus = element.contains(document.activeElement) || document.activeElement === document.body;
    stack.splice(stack.indexOf(panel), 1);
    scope.dispose();
    leaveOwnScreen();
    element.remove();
    order();
    if (hadFocus) {
      const next = before?.isConnected && before !== document.body ? before : null;
      if (next) {
        refocus(next);
      } else {
        stack.at(-1)?.focus();
      }
    }
  }

  scope.listen(header, "pointerdown", startMove);
  scope.listen(header, "dblclick", (event) => {
    if (!event.target.closest("button, input, select, a")) {
      put({ mode: place.mode === "full" ? usual : "full" });
    }
  });
  scope.listen(element, "pointerdown", raise, { capture: true });
  scope.listen(element, "focusin", raise);
  scope.listen(element, "keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      if (place.mode === "full") {
        setFullScreen(false);
      } else if (options.closeOnEscape) {
        close();
      }
    } else if (matches(event, "?") && !isTyping(event)) {
      event.preventDefault();
      void import("./shortcuts.js").then(({ openShortcuts }) => openShortcuts(element));
    }
  });
  containKeys(element, scope.signal);
  scope.listen(globalThis.window, "resize", draw);
  scope.listen(document, "fullscreenchange", () => {
    if (!document.fullscreenElement && ownScreen) {
      ownScreen = false;
      if (place.mode === "full") {
        put({ mode: usual });
      }
    }
  });

  layer("panels").append(element);
  stack.push(panel);
  order();
  draw();
  options.mount(root, { host, scope, panel });
  panel.focus();
  return panel;
}
