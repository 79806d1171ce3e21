import { h, icon } from "../core/dom.js";
import { containKeys, shortcutLabel } from "../core/keys.js";
import { Scope } from "../core/scope.js";
import { focused, layer, refocus } from "./layer.js";
import { aside, besides } from "./popup_place.js";
import { strings } from "./strings.js";

/**
 * @typedef {object} MenuItem
 * @property {string} [label]
 * @property {string} [name] for screen readers, where the label is drawn with signs
 * @property {string} [icon]
 * @property {() => Element} [mark] instead of an icon
 * @property {string} [shortcut] shown only; the tool listens for it
 * @property {boolean} [checked] makes it one that can be checked
 * @property {boolean | string} [disabled] a text says why
 * @property {boolean} [danger]
 * @property {string} [hint] a short text at its right side, such as a count
 * @property {MenuItem[] | (() => MenuItem[])} [items] a menu of its own
 * @property {() => any} [action]
 * @property {boolean} [keepOpen] stays open when it is chosen, for several checks in a row
 * @property {boolean} [separator]
 * @property {boolean} [heading]
 *
 * @typedef {{ close: () => void, readonly isOpen: boolean }} Menu
 */

/** How long letters that are typed one after the other make one word. */
const TYPE_AHEAD = 700;
const SUBMENU_DELAY = 150;

/** @type {{ anchor: any, close: () => void } | null} */
let current = null;

/**
 * Opens a menu at an element or at a point. Opening it again at the same element closes it.
 *
 * @param {Element | { x: number, y: number }} anchor
 * @param {Array<MenuItem | null | false | undefined>} items nothing is left out
 * @param {{ label?: string, onClose?: () => void }} [options]
 * @returns {Menu}
 */
export function openMenu(anchor, items, { label, onClose } = {}) {
  const again = anchor instanceof Element && current?.anchor === anchor;
  current?.close();
  if (again) {
    current = null;
    return { close() {}, isOpen: false };
  }
  const scope = new Scope();
  const before = focused();
  const button = anchor instanceof Element ? anchor : null;

  const close = (back = true) => {
    if (scope.disposed) {
      return;
    }
    scope.dispose();
    current = null;
    button?.setAttribute("aria-expanded", "false");
    if (back) {
      refocus(before);
    }
    onClose?.();
  };
  current = { anchor, close };
  const list = buildList(items, {
    scope,
    close,
    label: label ?? button?.getAttribute("aria-label") ?? button?.textContent ?? "",
    level: 0,
  });
  layer("over").append(list);
  // A menu as wide as its button looks like a part of it.
  const rect = button?.getBoundingClientRect() ?? pointRect(/** @type {any} */ (anchor));
  put(list, besides(rect, list.getBoundingClientRect(), innerWidth, innerHeight, "start"));
  button?.setAttribute("aria-expanded", "true");

  scope.listen(
    document,
    "pointerdown",
    (event) => {
      if (!event.target.closest?.(".holaf-menu")) {
        close(false);
        // A press on the button itself is its click's to handle.
        if (button?.contains(event.target)) {
          current = { anchor, close() {} };
          setTimeout(() => {
            if (current?.anchor === anchor && scope.disposed) {
              current = null;
            }
          }, 400);
        }
      }
    },
    { capture: true },
  );
  scope.listen(globalThis.window, "blur", () => close(false));
  scope.listen(globalThis.window, "resize", () => close());
  focusItem(list, "first");
  return {
    close,
    get isOpen() {
      return !scope.disposed;
    },
  };
}

/** @param {{ x: number, y: number }} point */
const pointRect = ({ x, y }) => ({ left: x, right: x, top: y - 4, bottom: y - 4 });

/** @param {HTMLElement} list @param {{ left: number, top: number }} at */
function put(list, at) {
  list.style.left = `${at.left}px`;
  list.style.top = `${at.top}px`;
}

/** @param {Element} list @returns {HTMLElement[]} */
const itemsOf = (list) =>
  /** @type {HTMLElement[]} */ ([...list.children].filter((child) => child.matches("[role^=menuitem]")));

/**
 * @param {Element} list
 * @param {"first" | "last" | "next" | "previous"} which
 */
function focusItem(list, which) {
  const items = itemsOf(list);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const index = { first: 0, last: items.length - 1, next: at + 1, previous: at < 0 ? items.length - 1 : at - 1 }[which];
  items.at(index % items.length)?.focus();
}

/**
 * @param {Array<MenuItem | null | false | undefined>} items
 * @param {{ scope: Scope, close: (back?: boolean) => void, label: string, level: number, parent?: HTMLElement }} context
 * @returns {HTMLElement}
 */
function buildList(items, { scope, close, label, level, parent }) {
  /** @type {{ list: HTMLElement, owner: HTMLElement } | null} */
  let child = null;
  /** @type {any} */
  let timer;
  let typed = "";
  let typedAt = 0;
  const given = /** @type {MenuItem[]} */ (items.filter(Boolean));
  // Labels line up: icons and checks share one column, which is there when one item needs it.
  const wide = given.some((item) => item.icon || item.mark || item.checked !== undefined);

  const closeChild = () => {
    clearTimeout(timer);
    child?.list.remove();
    child?.owner.setAttribute("aria-expanded", "false");
    child = null;
  };

  /** @param {HTMLElement} element @param {MenuItem} item @param {boolean} enter */
  function openChild(element, item, enter) {
    if (child?.owner !== element) {
      closeChild();
      const more = typeof item.items === "function" ? item.items() : (item.items ?? []);
      const made = buildList(more, { scope, close, label: item.label ?? "", level: level + 1, parent: element });
      layer("over").append(made);
      put(made, aside(element.getBoundingClientRect(), made.getBoundingClientRect(), innerWidth, innerHeight));
      element.setAttribute("aria-expanded", "true");
      child = { list: made, owner: element };
    }
    if (enter && child) {
      focusItem(child.list, "first");
    }
  }

  /** @param {MenuItem} item @returns {any} */
  function buildItem(item) {
    if (item.separator) {
      return h("div", { class: "holaf-menu-separator", role: "separator" });
    }
    if (item.heading) {
      return h("div", { class: "holaf-menu-heading", role: "presentation" }, item.label);
    }
    const checks = item.checked !== undefined;
    const choose = () => {
      if (item.disabled) {
        return;
      }
      if (item.items) {
        openChild(element, item, true);
        return;
      }
      if (item.keepOpen && checks) {
        item.checked = !item.checked;
        element.setAttribute("aria-checked", String(item.checked));
        mark.replaceChildren(...(item.checked ? [icon("check")] : []));
      } else {
        close();
      }
      item.action?.();
    };
    const mark =
      wide &&
      h(
        "span",
        { class: "holaf-menu-mark" },
        item.checked ? icon("check") : (item.mark?.() ?? (item.icon && icon(item.icon))),
      );
    const reason = typeof item.disabled === "string" ? item.disabled : null;
    const element = h(
      "div",
      {
        class: ["holaf-menu-item", item.danger && "holaf-danger"],
        role: checks ? "menuitemcheckbox" : "menuitem",
        tabIndex: -1,
        "aria-label": item.name ?? null,
        "aria-checked": checks ? item.checked : null,
        "aria-disabled": item.disabled ? "true" : null,
        "aria-haspopup": item.items ? "menu" : null,
        "aria-expanded": item.items ? "false" : null,
        onclick: choose,
        onpointermove() {
          if (document.activeElement !== element && !child?.list.contains(document.activeElement)) {
            element.focus({ preventScroll: true });
          }
          if (child?.owner !== element) {
            clearTimeout(timer);
            timer = setTimeout(() => {
              if (item.items && !item.disabled) {
                openChild(element, item, false);
              } else if (child) {
                closeChild();
                element.focus({ preventScroll: true });
              }
            }, SUBMENU_DELAY);
          }
        },
        onkeydown(/** @type {KeyboardEvent} */ event) {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            choose();
          } else if (event.key === "ArrowRight" && item.items && !item.disabled) {
            openChild(element, item, true);
          }
        },
      },
      mark,
      h("span", { class: "holaf-menu-label" }, item.label, reason && h("span", { class: "holaf-menu-reason" }, reason)),
      item.hint && h("span", { class: "holaf-menu-hint" }, item.hint),
      item.shortcut && h("span", { class: "holaf-menu-hint" }, shortcutLabel(item.shortcut)),
      item.items && icon("chevron-right", 14),
    );
    return element;
  }

  const list = /** @type {HTMLElement} */ (
    h(
      "div",
      { class: "holaf-menu", role: "menu", "aria-label": label.trim() || strings.menu, tabIndex: -1 },
      given.map(buildItem),
    )
  );

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const steps = /** @type {const} */ ({ ArrowDown: "next", ArrowUp: "previous", Home: "first", End: "last" });
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step) {
      focusItem(list, step);
    } else if (event.key === "Escape" || (event.key === "ArrowLeft" && level)) {
      if (level && parent) {
        parent.setAttribute("aria-expanded", "false");
        parent.focus();
        list.remove();
      } else {
        close();
      }
    } else if (event.key === "Tab") {
      close();
    } else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) {
      typed = (event.timeStamp - typedAt < TYPE_AHEAD ? typed : "") + event.key.toLowerCase();
      typedAt = event.timeStamp;
      const all = itemsOf(list);
      const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
      const turned = [...all.slice(at + (typed.length === 1 ? 1 : 0)), ...all];
      turned
        .find((item) => item.querySelector(".holaf-menu-label")?.textContent?.trim().toLowerCase().startsWith(typed))
        ?.focus();
    } else {
      return;
    }
    event.preventDefault();
  }

  scope.listen(list, "keydown", onKey);
  containKeys(list, scope.signal);
  list.addEventListener("contextmenu", (event) => event.preventDefault());
  // A submenu that is taken away by its own keys is forgotten when another item is entered.
  list.addEventListener("focusin", () => {
    if (child && !child.list.isConnected) {
      child = null;
    }
  });
  scope.onDispose(() => {
    clearTimeout(timer);
    list.remove();
  });
  return list;
}
