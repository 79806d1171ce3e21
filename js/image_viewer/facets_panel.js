/** The facets: the values that the shown pictures have, each with how many; clicking narrows, Alt+click leaves out. */
import { isAbort, postJson } from "../core/api.js";
import { fill, h, icon } from "../core/dom.js";
import { choiceOf, choose, ordered, stateOfValue, withChoice } from "./facet_choice.js";
import { createSection } from "./filter_section.js";
import { pressMenu } from "./press_menu.js";
import { folderOfValue, valueLabel, words } from "./search_strings.js";
import { count } from "./strings.js";

/** @typedef {import("./index.js").Gallery} Gallery */
/** @typedef {{value: string, label?: string, count: number}} Value */
/** @typedef {{values: Value[], distinct: number, shown?: number}} Facet */
/** @typedef {(body: Record<string, any>, signal: AbortSignal) => Promise<{facets: Record<string, Facet>}>} Fetch */

/** As they stand in the rail; folders have their tree. */
export const SHOWN_FACETS = [
  "model",
  "lora",
  "rating",
  "tag",
  "format",
  "sampler",
  "scheduler",
  "resolution",
  "orientation",
  "month",
  "shape",
];
/** How many values are shown at first, and after each "more". With more than the last one finds them by name. */
const STEPS = [8, 50, 200];
const ENOUGH_TO_FIND = 12;
const LIVE_MS = 400;
const TYPED_MS = 150;
/** These have an order of their own. */
const DESCENDING = new Set(["rating", "month"]);

/**
 * @param {Gallery} gallery
 * @param {{isShown: () => boolean, counted?: (folders: Facet | null) => void, folders?: () => boolean, fetch?: Fetch}} options
 *   counted gets the folders' counts, which it wants while folders() is true
 */
export function createFacets(gallery, { isShown, counted, folders, fetch = ask }) {
  const { scope, store, view } = gallery;
  let controller = new AbortController();
  let stop = () => {};
  let running = false;
  let again = false;
  /** The request that the counts are for, so that another list is told from the same one a moment later. */
  let asked = "";
  scope.onDispose(() => controller.abort());
  const parts = SHOWN_FACETS.map((name) => createFacet(gallery, name, () => soon(0)));

  /** @param {number} rest */
  function soon(rest) {
    stop();
    stop = scope.after(rest, () => void refresh());
  }

  async function refresh() {
    stop();
    if (!isShown() || !view.loaded) {
      return;
    }
    const open = parts.filter((part) => part.section.isOpen);
    const { sort, group, random_seed, since, ...request } = view.request;
    const { folder_filters, ...anyFolder } = request;
    /** @type {Array<{body: Record<string, any>, take: (facets: Record<string, Facet>) => void}>} */
    const wanted = [];
    const plain = open.filter((part) => !part.find);
    if (plain.length) {
      const limit = Math.max(...plain.map((part) => part.limit));
      wanted.push({
        body: { ...request, names: plain.map(({ name }) => name), limit },
        take: (facets) => {
          for (const part of plain) {
            part.take(facets[part.name]);
          }
        },
      });
    }
    for (const part of open.filter((each) => each.find)) {
      const { name } = part;
      wanted.push({
        body: { ...request, names: [name], limit: STEPS[1], find: { name, text: part.find } },
        take: (facets) => part.take(facets[name]),
      });
    }
    if (folders?.()) {
      wanted.push({
        body: { ...anyFolder, names: ["folder"], limit: MOST_FOLDERS },
        take: (facets) => counted?.(facets.folder ?? null),
      });
    }
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    asked = JSON.stringify(view.request);
    running = wanted.length > 0;
    again = false;
    await Promise.all(
      wanted.map(async ({ body, take }) => {
        try {
          const { facets } = await fetch(body, signal);
          if (!signal.aborted) {
            take(facets);
          }
        } catch (error) {
          if (!isAbort(error) && !signal.aborted) {
            for (const part of open) {
              part.failed();
            }
          }
        }
      }),
    );
    if (!signal.aborted) {
      running = false;
      if (again) {
        soon(LIVE_MS);
      }
    }
  }

  const draw = () => {
    for (const part of parts) {
      part.draw();
    }
  };
  store.watch((state) => state.filters, draw, scope.signal);
  // Then lists may become shorter.
  scope.listen(gallery.rail.element, "pointerleave", () => scope.after(0, draw));
  // With each list that is shown, and with each change of it.
  store.watch(
    (state) => state.terms,
    () => {
      if (JSON.stringify(view.request) !== asked) {
        void refresh();
      } else if (running) {
        again = true;
      } else {
        soon(LIVE_MS);
      }
    },
    scope.signal,
  );
  return { sections: parts.map(({ section }) => section), refresh: () => void refresh() };
}

/** The server counts no more at once. */
const MOST_FOLDERS = 1000;

/** @type {Fetch} */
const ask = (body, signal) => postJson("images/facets", body, signal);

/** @param {Gallery} gallery @param {string} name @param {() => void} changed more or others are wanted */
function createFacet(gallery, name, changed) {
  const { scope, store, labels } = gallery;
  const title = words.facets[/** @type {"model"} */ (name)];
  const filters = () => store.get().filters;
  /** @type {Facet | null} */
  let facet = null;
  let broken = false;
  let step = 0;
  let stop = () => {};
  /** @type {string[] | undefined} the order that is shown */
  let order;
  /** @type {Map<string, HTMLElement>} */
  let rows = new Map();

  const list = h("div", { class: "holaf-values", role: "group", "aria-label": title });
  const find = h("input", {
    type: "search",
    class: "holaf-input holaf-find",
    hidden: true,
    "aria-label": words.find(title),
    placeholder: words.find(title),
    spellcheck: "false",
    autocomplete: "off",
    oninput: () => {
      stop();
      stop = scope.after(TYPED_MS, changed);
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape" && find.value) {
        event.preventDefault();
        find.value = "";
        changed();
      } else if (event.key === "ArrowDown") {
        event.preventDefault();
        focusRow(0);
      }
    },
  });
  const note = h("p", { class: "holaf-note", role: "status" });
  const more = h("button", { type: "button", class: "holaf-link", onclick: () => turn() });
  const section = createSection(gallery.preferences, name, title, [find, list, note, more], {
    toggled: (open) => open && changed(),
    clear: () => gallery.setFilters(withChoice(filters(), name, { any: [], none: [] })),
  });

  function turn() {
    step = more.dataset.way === "fewer" ? 0 : step + 1;
    order = undefined;
    changed();
    draw();
  }

  const settled = () => !section.element.matches(":hover, :focus-within");

  function draw() {
    const choice = choiceOf(filters(), name);
    section.tell(choice.any.length + choice.none.length);
    if (!section.isOpen) {
      return;
    }
    const values = DESCENDING.has(name)
      ? (facet?.values ?? []).toSorted((a, b) => (a.value < b.value ? 1 : -1))
      : (facet?.values ?? []);
    const shown = ordered(values, choice, settled() ? undefined : order).filter(
      (one, index) => one.state || index < STEPS[Math.min(step, STEPS.length - 1)],
    );
    order = shown.map(({ value }) => value);
    /** @type {Map<string, HTMLElement>} */
    const next = new Map();
    // What is below must not come up under the pointer while somebody chooses here.
    const busy = !find.value && section.element.closest(".holaf-rail")?.matches(":hover, :focus-within");
    list.style.minHeight = busy ? `${list.offsetHeight}px` : "";
    const named = shown.map((one) => valueLabel(name, one.value, one.label));
    let before = list.firstChild;
    for (const [index, one] of shown.entries()) {
      const row = rows.get(one.value) ?? createRow();
      // Two that are read alike are told apart by their whole names.
      const alike = named.indexOf(named[index]) !== named.lastIndexOf(named[index]);
      drawRow(row, name, one, alike ? one.value : named[index]);
      next.set(one.value, row);
      // What stays where it is keeps the focus.
      if (row === before) {
        before = row.nextSibling;
      } else {
        list.insertBefore(row, before);
      }
    }
    for (const [value, row] of rows) {
      if (next.get(value) !== row) {
        row.remove();
      }
    }
    rows = next;
    roam();
    const distinct = facet?.distinct ?? 0;
    const others = distinct - values.length;
    find.hidden = !find.value && distinct <= ENOUGH_TO_FIND;
    const last = step >= STEPS.length - 1;
    const hidden = (facet?.values ?? []).length - shown.length + others;
    note.textContent = broken
      ? words.facetFailed
      : !facet || shown.length
        ? last && hidden > 0 && !find.value
          ? words.others(hidden)
          : ""
        : find.value
          ? words.nothingFound
          : words.noValues;
    note.hidden = !note.textContent;
    more.hidden = Boolean(find.value) || !(hidden > 0 || step > 0);
    more.dataset.way = hidden > 0 && !last ? "more" : "fewer";
    more.textContent = more.dataset.way === "more" ? words.more : words.fewer;
    more.setAttribute("aria-label", `${more.textContent}: ${title}`);
    if (document.activeElement === find) {
      // A list that became short may have taken the field under its heading.
      find.scrollIntoView({ block: "nearest" });
    }
  }

  /** One value is reached with Tab, the others with the arrows. */
  function roam() {
    const mains = [...rows.values()].map((row) => /** @type {HTMLElement} */ (row.firstChild));
    const current =
      mains.find((main) => main === document.activeElement) ?? mains.find((main) => main.tabIndex === 0) ?? mains[0];
    for (const main of mains) {
      main.tabIndex = main === current ? 0 : -1;
    }
  }

  /** @param {number} index */
  function focusRow(index) {
    const mains = [...rows.values()].map((row) => /** @type {HTMLElement} */ (row.firstChild));
    const main = mains.at(Math.min(Math.max(index, 0), mains.length - 1));
    main?.focus();
    roam();
  }

  /** @param {string} value @param {"any" | "none"} state it takes, or loses where it has it */
  function toggle(value, state) {
    const now = filters();
    gallery.setFilters(choose(now, name, value, stateOfValue(now, name, value) === state ? null : state));
  }

  /** @param {Event} event */
  const valueAt = (event) =>
    /** @type {Element} */ (event.target).closest(".holaf-value")?.getAttribute("data-value") ?? null;

  scope.listen(list, "click", (event) => {
    const value = valueAt(event);
    if (value !== null && event.target.closest("button")) {
      toggle(value, event.altKey || event.target.closest(".holaf-value-not") ? "none" : "any");
    }
  });
  pressMenu(
    list,
    scope,
    (target) => {
      const value = target.closest(".holaf-value")?.getAttribute("data-value") ?? null;
      const state = value === null ? null : stateOfValue(filters(), name, value);
      return value === null
        ? null
        : [
            {
              label: state === "any" ? words.takeBack : words.showThese,
              icon: "check",
              action: () => toggle(value, "any"),
            },
            {
              label: state === "none" ? words.takeBack : words.leaveOutHere,
              icon: "minus",
              action: () => toggle(value, "none"),
            },
          ];
    },
    (target) => target.closest(".holaf-value")?.querySelector(".holaf-value-text")?.textContent ?? "",
  );
  scope.listen(list, "keydown", (event) => {
    const value = valueAt(event);
    const at = value === null ? -1 : [...rows.keys()].indexOf(value);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.size - 1 }[event.key];
    if (value === null || event.ctrlKey || event.metaKey) {
      return;
    }
    if (to !== undefined) {
      if (to < 0 && !find.hidden) {
        find.focus();
      } else {
        focusRow(to);
      }
    } else if (event.key === "-") {
      toggle(value, "none");
    } else {
      return;
    }
    event.preventDefault();
  });
  // What was chosen meanwhile goes to the top once nobody points at it.
  for (const type of ["pointerleave", "focusout"]) {
    scope.listen(section.element, type, () => scope.after(0, () => settled() && facet && draw()));
  }

  return {
    name,
    section,
    draw,
    get find() {
      return section.isOpen ? find.value.trim() : "";
    },
    get limit() {
      return STEPS[Math.min(step, STEPS.length - 1)];
    },
    /** @param {Facet | undefined} given */
    take(given) {
      facet = given ?? { values: [], distinct: 0 };
      broken = false;
      let named = false;
      for (const { value, label } of facet.values) {
        if (label && label !== value && labels.get(`${name} ${value}`) !== label) {
          labels.set(`${name} ${value}`, label);
          named ||= stateOfValue(filters(), name, value) !== null;
        }
      }
      if (named) {
        store.update({ labelled: {} });
      }
      draw();
    },
    failed() {
      broken = true;
      draw();
    },
  };
}

function createRow() {
  return h(
    "div",
    { class: "holaf-value" },
    h(
      "button",
      { type: "button", class: "holaf-value-main", role: "checkbox", "aria-keyshortcuts": "-" },
      h("span", { class: "holaf-value-mark" }),
      h("span", { class: "holaf-value-text holaf-clip", dir: "auto" }),
      h("span", { class: "holaf-count" }),
    ),
    h(
      "button",
      { type: "button", class: "holaf-icon-button holaf-value-not", tabIndex: -1, title: words.leaveOutTip },
      icon("minus", 14),
    ),
  );
}

/**
 * @param {HTMLElement} row
 * @param {string} name
 * @param {ReturnType<typeof ordered>[number]} one
 * @param {string} text
 */
function drawRow(row, name, { value, count: pictures, state }, text) {
  const key = `${text}\n${pictures}\n${state}`;
  if (row.dataset.key === key) {
    return;
  }
  Object.assign(row.dataset, { key, value, state: state ?? "" });
  const [main, not] = /** @type {HTMLElement[]} */ ([...row.children]);
  const [mark, shown, counted] = /** @type {HTMLElement[]} */ ([...main.children]);
  const folder = text === value ? "" : folderOfValue(name, value);
  const whole = folder ? value : text;
  main.title = state === "none" ? `${whole} (${words.leftOut})` : whole;
  main.setAttribute("aria-checked", String(state === "any"));
  fill(mark, state && icon(state === "any" ? "check" : "minus", 12));
  fill(
    shown,
    text,
    folder && h("span", { class: "holaf-note" }, folder),
    state === "none" && h("span", { class: "holaf-unseen" }, ` (${words.leftOut})`),
  );
  counted.textContent = pictures === null ? "–" : count(pictures);
  not.setAttribute("aria-label", words.leaveOut(text));
  not.setAttribute("aria-pressed", String(state === "none"));
}
