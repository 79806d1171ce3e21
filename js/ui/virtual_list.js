import { h } from "../core/dom.js";

/**
 * A list of any length of which only what is seen exists. Rows have one height. Browsers cannot
 * scroll through more than some ten million pixels: beyond, a pixel stands for several.
 *
 * @template T
 * @param {object} options
 * @param {number} options.rowHeight
 * @param {(row: HTMLElement, index: number) => void} options.draw fills a row, which is used again for others
 * @param {AbortSignal} options.signal
 * @param {string} [options.label]
 * @param {string} [options.role] of the list: "listbox", "rowgroup", …
 * @param {string} [options.rowRole]
 * @param {(index: number) => void} [options.onChoose] Enter or double click
 * @param {(index: number) => void} [options.onActive]
 * @param {HTMLElement} [options.scroller] that scrolls; by default the list itself
 * @param {number} [options.before] pixels in the scroller above the list
 * @param {HTMLElement} [options.owner] has the focus and the keys, such as a grid around the list; by default the list
 */
export function createVirtualList({
  rowHeight,
  draw,
  signal,
  label = "",
  role = "listbox",
  rowRole = "option",
  onChoose,
  onActive,
  scroller: given,
  before = 0,
  owner: around,
}) {
  const MOST = 8_000_000;
  const EXTRA = 6;
  let count = 0;
  let active = -1;
  let waiting = false;
  /** @type {Map<number, HTMLElement>} */
  let rows = new Map();

  const space = h("div", { class: "holaf-virtual-space", role: "presentation" });
  const element = /** @type {HTMLElement} */ (
    h(
      "div",
      {
        class: ["holaf-virtual", !given && "holaf-virtual-scroller"],
        role,
        "aria-label": label || null,
        tabindex: around ? null : "0",
      },
      space,
    )
  );
  const owner = around ?? element;
  const scroller = given ?? element;
  const id = `holaf-virtual-${Math.random().toString(36).slice(2, 9)}`;

  const full = () => count * rowHeight;
  const shown = () => Math.min(full(), MOST);
  const view = () => Math.max(0, scroller.clientHeight - before);
  /** How far the content is from the place that its scroll bar says. */
  const offset = () => {
    const range = shown() - view();
    return full() <= MOST || range <= 0 ? 0 : (scroller.scrollTop / range) * (full() - view()) - scroller.scrollTop;
  };

  function later() {
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        if (!signal.aborted) {
          render(false);
        }
      });
    }
  }

  /** @param {boolean} all also rows that stay are drawn again */
  function render(all) {
    const away = offset();
    const top = scroller.scrollTop + away;
    const first = Math.max(0, Math.floor(top / rowHeight) - EXTRA);
    const last = Math.min(count, Math.ceil((top + view()) / rowHeight) + EXTRA);
    const next = new Map();
    const free = [...rows].filter(([index]) => index < first || index >= last).map(([, row]) => row);
    for (let index = first; index < last; index++) {
      let row = rows.get(index);
      const kept = row !== undefined;
      row ??=
        free.pop() ??
        /** @type {HTMLElement} */ (
          h("div", { class: "holaf-virtual-row", role: rowRole, style: { height: `${rowHeight}px` } })
        );
      row.style.transform = `translateY(${Math.round(index * rowHeight - away)}px)`;
      if (!kept || all) {
        row.id = `${id}-${index}`;
        row.dataset.index = String(index);
        draw(row, index);
      }
      if (rowRole === "option") {
        row.setAttribute("aria-setsize", String(count));
        row.setAttribute("aria-posinset", String(index + 1));
      } else if (rowRole !== "treeitem") {
        // The first row is the header.
        row.setAttribute("aria-rowindex", String(index + 2));
      }
      row.setAttribute("aria-selected", String(index === active));
      row.classList.toggle("holaf-active", index === active);
      if (!row.isConnected) {
        space.append(row);
      }
      next.set(index, row);
    }
    for (const row of free) {
      row.remove();
    }
    rows = next;
    if (rows.has(active)) {
      owner.setAttribute("aria-activedescendant", `${id}-${active}`);
    } else {
      owner.removeAttribute("aria-activedescendant");
    }
  }

  /** @param {number} index */
  function show(index) {
    const top = index * rowHeight;
    const seen = scroller.scrollTop + offset();
    let wanted = seen;
    if (top < seen) {
      wanted = top;
    } else if (top + rowHeight > seen + view()) {
      wanted = top + rowHeight - view();
    }
    const range = full() - view();
    scroller.scrollTop = full() <= MOST || range <= 0 ? wanted : (wanted / range) * (shown() - view());
    render(false);
  }

  /** @param {number} index */
  function activate(index) {
    if (!count) {
      return;
    }
    active = Math.max(0, Math.min(count - 1, index));
    show(active);
    onActive?.(active);
  }

  owner.addEventListener(
    "keydown",
    (event) => {
      if (/** @type {Element} */ (event.target).closest("button, a, input, select, textarea")) {
        return;
      }
      const page = Math.max(1, Math.floor(view() / rowHeight) - 1);
      const target = {
        ArrowDown: active + 1,
        ArrowUp: active - 1,
        PageDown: active + page,
        PageUp: active - page,
        Home: 0,
        End: count - 1,
      }[event.key];
      if (target !== undefined && !event.ctrlKey && !event.altKey) {
        event.preventDefault();
        activate(target);
      } else if (event.key === "Enter" && active >= 0 && onChoose) {
        event.preventDefault();
        onChoose(active);
      }
    },
    { signal },
  );
  const indexAt = (/** @type {Event} */ event) => {
    const row = /** @type {Element} */ (event.target).closest(".holaf-virtual-row");
    return row instanceof HTMLElement ? Number(row.dataset.index) : -1;
  };
  element.addEventListener("click", (event) => indexAt(event) >= 0 && activate(indexAt(event)), { signal });
  element.addEventListener("dblclick", (event) => indexAt(event) >= 0 && onChoose?.(indexAt(event)), { signal });
  scroller.addEventListener("scroll", later, { signal, passive: true });
  const observer = new ResizeObserver(later);
  observer.observe(scroller);
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });

  return {
    element,
    /** @param {number} length */
    setCount(length) {
      count = length;
      active = Math.min(active, count - 1);
      space.style.height = `${shown()}px`;
      render(true);
    },
    /** Draws what is seen again. */
    refresh: () => render(true),
    activate,
    show,
    get active() {
      return active;
    },
  };
}
