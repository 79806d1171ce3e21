/**
 * What the search box does beyond a field: its text is marked as it is read, a mistake is explained where it is,
 * suggestions, help and saved searches are at hand.
 */
import { fill, h } from "../core/dom.js";
import { words } from "./search_strings.js";
import { segments, spanOf } from "./search_text.js";
import { createSuggestions } from "./suggestions.js";
import { iconButton } from "./toolbar.js";

let boxes = 0;

/**
 * @param {import("./index.js").Gallery} gallery
 * @param {{field: HTMLInputElement, box: HTMLElement, searchFor: (text?: string) => void}} parts
 */
export function createSearchBox(gallery, { field, box, searchFor }) {
  const { scope, store } = gallery;
  const id = `holaf-search-${++boxes}`;
  /** Lies over the field, whose own text is not seen. */
  const marks = h("div", { class: "holaf-search-marks", dir: "auto" });
  const mirror = h("div", { class: "holaf-search-mirror", "aria-hidden": "true" }, marks);
  const clear = iconButton("x", words.clearSearch, () => {
    searchFor("");
    field.focus();
  });
  const saved = iconButton(
    "save",
    words.saved,
    async () => (await import("./saved_searches.js")).openSaved(gallery, saved),
    { "aria-haspopup": "dialog", "aria-expanded": "false" },
  );
  const help = iconButton(
    "circle-help",
    words.help,
    async () => (await import("./search_help.js")).openHelp(help, { field, searchFor }),
    { "aria-haspopup": "dialog", "aria-expanded": "false" },
  );
  clear.classList.add("holaf-search-clear");
  saved.classList.add("holaf-search-saved");
  help.classList.add("holaf-search-help-button");
  const message = h("div", { class: "holaf-mistake", id: `${id}-mistake`, role: "status", hidden: true });
  const pop = h("div", { class: "holaf-search-pop" }, message);
  field.after(mirror);
  box.append(clear, saved, help, pop);
  box.classList.add("holaf-marked");

  /** @type {{start: number, end: number} | null} */
  let wrong = null;
  let drawn = "";

  function mark() {
    const text = field.value;
    clear.hidden = !text;
    const key = `${wrong?.start} ${wrong?.end} ${text}`;
    if (key !== drawn) {
      drawn = key;
      fill(
        marks,
        segments(text, wrong).map((part) =>
          part.classes.length
            ? h("span", { class: part.classes.map((name) => `holaf-mark-${name}`) }, part.text)
            : part.text,
        ),
      );
    }
    follow();
  }
  const follow = () => {
    marks.style.transform = `translateX(${-field.scrollLeft}px)`;
  };

  function explain() {
    const { mistake, filters } = store.get();
    const mine = mistake && mistake.text === field.value.trimEnd() ? mistake : null;
    wrong = mine && Number.isFinite(mine.start) ? spanOf(mine.text, mine) : null;
    // While a value is chosen for what stands there, it is no mistake yet.
    const unfinished = suggestions.isOpen && wrong && wrong.end >= mine.text.length;
    const shown = mine && !unfinished;
    if (unfinished) {
      wrong = null;
    }
    field.setAttribute("aria-invalid", String(Boolean(shown)));
    field.setAttribute("aria-describedby", shown ? message.id : "");
    box.classList.toggle("holaf-wrong", Boolean(shown));
    const key = shown ? `${mine.message}\n${mine.hint}` : "";
    if (message.dataset.key !== key) {
      message.dataset.key = key;
      message.hidden = !shown;
      fill(
        message,
        shown && [
          h("strong", {}, mine.message),
          mine.hint && h("span", {}, ` ${mine.hint}`),
          h("p", { class: "holaf-note" }, words.stillShown),
        ],
      );
    }
    if (filters.search.trim() === "" && mistake) {
      message.hidden = true;
    }
    mark();
  }

  const suggestions = createSuggestions({
    field,
    place: pop,
    box,
    scope,
    id: `${id}-list`,
    search: searchFor,
    changed: explain,
  });

  scope.listen(field, "input", explain);
  for (const type of ["scroll", "keyup", "click", "focus", "blur"]) {
    scope.listen(field, type, follow);
  }
  scope.listen(document, "selectionchange", follow);
  store.watch((state) => state.mistake, explain, scope.signal);
  // The field itself follows the filters; it was listening earlier.
  store.watch((state) => state.filters, explain, scope.signal);
  if (document.activeElement === field && field.value.trim() && field.value !== store.get().filters.search) {
    // Somebody typed while this was loaded.
    void suggestions.look();
  }
}
