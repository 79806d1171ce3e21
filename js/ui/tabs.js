import { h, icon } from "../core/dom.js";

/**
 * @typedef {object} Tab
 * @property {string} id
 * @property {string} title
 * @property {string} [icon]
 * @property {(root: HTMLElement) => void} mount called when the tab is first shown
 */

let count = 0;

/**
 * Tabs and what belongs to them.
 *
 * @param {Tab[]} tabs
 * @param {{ label: string, selected?: string, onSelect?: (id: string) => void, vertical?: boolean }} options
 * @returns {{ element: HTMLElement, select: (id: string) => void, readonly selected: string }}
 */
export function createTabs(tabs, { label, selected = tabs[0].id, onSelect, vertical = false }) {
  const prefix = `holaf-tabs-${++count}`;
  /** @type {Set<string>} */
  const mounted = new Set();

  const buttons = tabs.map((tab) =>
    h(
      "button",
      {
        type: "button",
        class: "holaf-tab",
        role: "tab",
        id: `${prefix}-${tab.id}`,
        "aria-controls": `${prefix}-${tab.id}-panel`,
        onclick: () => select(tab.id),
      },
      tab.icon && icon(tab.icon),
      h("span", {}, tab.title),
    ),
  );
  const panels = tabs.map((tab) =>
    h("div", {
      class: "holaf-tab-panel",
      role: "tabpanel",
      id: `${prefix}-${tab.id}-panel`,
      "aria-labelledby": `${prefix}-${tab.id}`,
      tabIndex: 0,
    }),
  );
  const list = h(
    "div",
    {
      class: "holaf-tab-list",
      role: "tablist",
      "aria-label": label,
      "aria-orientation": vertical ? "vertical" : "horizontal",
      onkeydown(/** @type {KeyboardEvent} */ event) {
        const at = tabs.findIndex((tab) => tab.id === selected);
        const [before, after] = vertical ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
        const target = { [before]: at - 1, [after]: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
        if (target !== undefined) {
          event.preventDefault();
          const index = (target + tabs.length) % tabs.length;
          select(tabs[index].id);
          buttons[index].focus();
        }
      },
    },
    buttons,
  );
  const element = h("div", { class: ["holaf-tabs", vertical && "holaf-vertical"] }, list, panels);

  /** @param {string} id */
  function select(id) {
    const changed = id !== selected;
    selected = id;
    tabs.forEach((tab, index) => {
      const on = tab.id === id;
      buttons[index].setAttribute("aria-selected", String(on));
      buttons[index].tabIndex = on ? 0 : -1;
      panels[index].hidden = !on;
      if (on && !mounted.has(id)) {
        mounted.add(id);
        tab.mount(panels[index]);
      }
    });
    if (changed) {
      onSelect?.(id);
    }
  }

  select(selected);
  return {
    element,
    select,
    get selected() {
      return selected;
    },
  };
}
