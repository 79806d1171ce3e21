/** What somebody thinks of a picture, in its details: stars, heart, label, note, tags, collections. */
import { ApiError, getJson, isAbort } from "../core/api.js";
import { fill, h, icon } from "../core/dom.js";
import { loadSheet } from "../core/sheet.js";
import { toast } from "../ui/toast.js";
import { judgeWords as words } from "./judge_strings.js";
import { judge, openTags } from "./judging.js";
import { LABELS, swatch } from "./marks.js";
import { quoted } from "./search_text.js";
import { createTagField } from "./tag_field.js";
import { iconButton } from "./toolbar.js";

const SHOWN = 40;
const REST_MS = 80;

/**
 * @param {import("./index.js").Gallery} gallery
 * @param {(term: string) => void} look searches for something
 */
export function createInfoMarks(gallery, look) {
  const { rows, root } = gallery;
  const scope = gallery.scope.child();
  void loadSheet("judge");
  let id = 0;
  /** What the server said of it. @type {any} */
  let judged = null;
  let allTags = false;
  let stop = () => {};
  let controller = new AbortController();
  scope.onDispose(() => controller.abort());

  /** What the note is changed from. @type {string} */
  let noteBefore = "";
  /** What the server has, which was not known when this was written. @type {string | null} */
  let theirs = null;
  let saving = 0;

  const stars = [1, 2, 3, 4, 5].map((n) =>
    h(
      "button",
      {
        type: "button",
        class: "holaf-star",
        role: "radio",
        "aria-label": words.stars(n),
        title: words.stars(n),
        onclick: () => set({ rating: ratingNow() === n ? 0 : n }),
      },
      icon("star"),
    ),
  );
  const rating = h("div", { class: "holaf-stars", role: "radiogroup", "aria-label": words.rating }, stars);
  const heart = h(
    "button",
    {
      type: "button",
      class: "holaf-icon-button holaf-heart",
      onclick: () => set({ favourite: heart.getAttribute("aria-pressed") !== "true" }),
    },
    icon("heart"),
  );
  const labels = LABELS.map((label) =>
    h(
      "button",
      {
        type: "button",
        class: "holaf-label",
        "aria-label": words.labels[label],
        title: words.labels[label],
        onclick: (/** @type {any} */ event) =>
          set({ label: event.currentTarget.getAttribute("aria-pressed") === "true" ? "" : label }),
      },
      swatch(label),
    ),
  );
  const note = h("textarea", {
    class: "holaf-input holaf-note-text",
    "aria-label": words.note,
    placeholder: words.notePlaceholder,
    rows: "2",
    maxlength: "10000",
    dir: "auto",
    oninput: grow,
    onblur: () => void saveNote(),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void saveNote();
      } else if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        note.value = noteBefore;
        note.blur();
      }
    },
  });
  const conflict = h("div", { class: "holaf-conflict", role: "alert", hidden: true });
  const chips = h("div", { class: "holaf-tag-chips", role: "list", "aria-label": words.tags });
  const adding = createTagField({
    label: words.addTag,
    placeholder: words.addTagHint,
    scope,
    take: (name) => void changeTags({ add_tags: [name] }),
    known: (name) => tagNames().includes(name),
  });
  const collections = h("div", { class: "holaf-tag-chips", role: "list", "aria-label": words.collections });
  const collectionsPart = h("section", { class: "holaf-passage" }, h("h3", {}, words.collections), collections);
  const element = h(
    "div",
    { class: "holaf-judged" },
    h("div", { class: "holaf-judged-row" }, rating, heart),
    h("div", { class: "holaf-judged-row", role: "group", "aria-label": words.label }, labels),
    h(
      "section",
      { class: "holaf-passage" },
      h(
        "div",
        { class: "holaf-passage-head" },
        h("h3", {}, words.tags),
        iconButton("pencil", words.tagsMenu, () => void openTags(gallery, [id])),
      ),
      chips,
      adding.element,
    ),
    collectionsPart,
    h("section", { class: "holaf-passage" }, h("h3", {}, words.note), note, conflict),
  );

  const ratingNow = () => stars.filter((star) => star.classList.contains("holaf-on")).length;
  const tagNames = () => /** @type {string[]} */ ((judged?.tags ?? []).map((/** @type {any} */ tag) => tag.name));

  /** @param {import("./judging.js").Changes} changes */
  function set(changes) {
    // Also where its row is not here.
    judged = judged && { ...judged, ...changes };
    drawMarks();
    void judge(gallery, [id], changes).then((answer) => answer || read(0));
  }

  /** @param {import("./judging.js").Changes} changes */
  async function changeTags(changes) {
    const of = id;
    const answer = await judge(gallery, [id], changes);
    if (of === id && answer?.tags) {
      judged = { ...judged, tags: answer.tags };
      drawTags();
    }
  }

  function drawMarks() {
    const now = rows.get(id) ?? judged ?? {};
    stars.forEach((star, index) => {
      const on = index < (now.rating ?? 0);
      star.classList.toggle("holaf-on", on);
      star.setAttribute("aria-checked", String(index + 1 === now.rating));
      star.tabIndex = index + 1 === (now.rating || 1) ? 0 : -1;
    });
    const favourite = Boolean(now.favourite);
    const text = favourite ? words.noFavourite : words.makeFavourite;
    heart.setAttribute("aria-pressed", String(favourite));
    heart.setAttribute("aria-label", words.favourite);
    heart.title = text;
    labels.forEach((button, index) => {
      button.setAttribute("aria-pressed", String(LABELS[index] === (now.label ?? "")));
    });
  }

  function drawTags() {
    const tags = judged?.tags ?? [];
    const shown = allTags ? tags : tags.slice(0, SHOWN);
    fill(
      chips,
      shown.map((/** @type {{name: string, from_file: boolean}} */ { name, from_file }) =>
        h(
          "span",
          { class: "holaf-tag holaf-tag-all", role: "listitem" },
          h(
            "button",
            {
              type: "button",
              class: "holaf-tag-name",
              title: from_file ? `${words.lookForTag(name)} (${words.fromFile})` : words.lookForTag(name),
              onclick: () => look(`tag:=${quoted(name)}`),
            },
            h("bdi", {}, name),
          ),
          h(
            "button",
            {
              type: "button",
              class: "holaf-icon-button",
              "aria-label": words.removeTag(name),
              title: words.removeTag(name),
              onclick: () => {
                adding.field.focus();
                void changeTags({ remove_tags: [name] });
              },
            },
            icon("x", 14),
          ),
        ),
      ),
      tags.length > SHOWN &&
        h(
          "button",
          {
            type: "button",
            class: "holaf-link",
            onclick: () => {
              allTags = !allTags;
              drawTags();
              chips.querySelector(".holaf-link")?.focus();
            },
          },
          allTags ? words.fewerTags : words.allTags(tags.length),
        ),
    );
    chips.hidden = !tags.length;
    const within = judged?.collections ?? [];
    collectionsPart.hidden = !within.length;
    fill(
      collections,
      within.map((/** @type {{id: number, name: string}} */ one) =>
        h(
          "span",
          { class: "holaf-tag holaf-tag-all", role: "listitem" },
          h(
            "button",
            {
              type: "button",
              class: "holaf-tag-name",
              title: words.openCollection(one.name),
              onclick: () => look(`collection:=${quoted(one.name)}`),
            },
            h("bdi", {}, one.name),
          ),
          h(
            "button",
            {
              type: "button",
              class: "holaf-icon-button",
              "aria-label": words.takeOut(one.name),
              title: words.takeOut(one.name),
              onclick: async () => (await import("./collections.js")).putInto(gallery, [id], one, "remove"),
            },
            icon("x", 14),
          ),
        ),
      ),
    );
  }

  // --- the note ---------------------------------------------------------------------------------

  function grow() {
    note.style.height = "auto";
    note.style.height = `${Math.min(240, note.scrollHeight + 2)}px`;
  }

  const changed = () => note.value.trim() !== noteBefore.trim();

  /** Whatever is typed belongs to the picture that it was typed at. */
  async function saveNote() {
    if (!changed() || theirs !== null || !judged) {
      return;
    }
    const [of, text, before] = [id, note.value.trim(), noteBefore];
    noteBefore = text;
    saving++;
    try {
      await judge(gallery, [of], { note: text, note_before: before }, { rethrow: true, quiet: !before });
    } catch (error) {
      if (error instanceof ApiError && error.status === 409 && typeof error.data.note === "string") {
        ask(of, text, error.data.note);
      } else if (!isAbort(error)) {
        toast({ text: words.noteRefused(/** @type {Error} */ (error).message), kind: "error", life: 0 });
        if (of === id) {
          // It stays to be saved again.
          noteBefore = before;
        }
      }
    } finally {
      saving--;
    }
  }

  /** Two wrote at once: both texts are shown, and one says which stays. @param {number} of @param {string} mine @param {string} other */
  function ask(of, mine, other) {
    /** @param {string} text */
    const decide = (text) => {
      if (of === id) {
        theirs = null;
        conflict.hidden = true;
        note.value = text;
        noteBefore = other;
        grow();
      }
      void judge(gallery, [of], { note: text, note_before: other }, { rethrow: true, quiet: text === other }).then(
        () => {
          if (of === id) {
            noteBefore = text;
          }
        },
        (error) => {
          if (error instanceof ApiError && error.status === 409 && typeof error.data.note === "string") {
            ask(of, text, error.data.note);
          } else {
            toast({ text: words.noteRefused(/** @type {Error} */ (error).message), kind: "error", life: 0 });
          }
        },
      );
    };
    if (of !== id) {
      // Another picture is shown by now: nothing is lost until somebody says so.
      void askElsewhere(mine, other).then((text) => text === null || decide(text));
      return;
    }
    theirs = other;
    note.value = mine;
    fill(
      conflict,
      h("p", {}, words.conflictTitle),
      texts(mine, other),
      h(
        "div",
        { class: "holaf-row holaf-wrap" },
        choices(mine, other).map(([label, text]) =>
          h("button", { type: "button", class: "holaf-button holaf-small", onclick: () => decide(text) }, label),
        ),
      ),
    );
    conflict.hidden = false;
    grow();
  }

  // --- what is shown ----------------------------------------------------------------------------

  /** @param {number} after milliseconds: who runs through the pictures does not look at each */
  function read(after) {
    stop();
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    const of = id;
    stop = scope.after(after, async () => {
      try {
        const answer = await getJson(`images/judged?id=${of}`, signal);
        take(answer);
      } catch (error) {
        if (!isAbort(error)) {
          fill(chips, h("p", { class: "holaf-note" }, /** @type {Error} */ (error).message));
          chips.hidden = false;
        }
      }
    });
  }

  /** @param {any} answer */
  function take(answer) {
    const first = judged === null;
    judged = answer;
    // What is being written stays, and is compared with what is there when it is saved.
    if (first || (!changed() && theirs === null && !saving && document.activeElement !== note)) {
      note.value = noteBefore = answer.note ?? "";
      grow();
    }
    note.disabled = false;
    drawMarks();
    drawTags();
  }

  scope.listen(root, "holaf-marks", ({ detail }) => {
    if (id && element.isConnected && (detail === null || detail.includes(id))) {
      drawMarks();
      read(REST_MS);
    }
  });
  scope.listen(rating, "keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (by) {
      event.preventDefault();
      const next = Math.min(5, Math.max(0, ratingNow() + by));
      set({ rating: next });
      stars[Math.max(0, next - 1)].focus();
    }
  });

  return {
    element,
    /** @param {number} of */
    show(of) {
      if (of === id) {
        drawMarks();
        read(REST_MS);
        return;
      }
      void saveNote();
      id = of;
      judged = null;
      allTags = false;
      theirs = null;
      conflict.hidden = true;
      note.value = noteBefore = "";
      // Until it is known what stands there.
      note.disabled = true;
      drawMarks();
      drawTags();
      read(REST_MS);
    },
    /** Nothing is shown any more. */
    leave() {
      void saveNote();
      stop();
      controller.abort();
    },
  };
}

/** @param {string} mine @param {string} other @returns {Array<[string, string]>} */
const choices = (mine, other) => [
  [words.keepMine, mine],
  [words.takeTheirs, other],
  [words.keepBoth, `${other}\n\n${mine}`],
];

/** @param {string} mine @param {string} other */
const texts = (mine, other) => [
  h("h4", {}, words.theirs),
  h("p", { class: "holaf-text", dir: "auto" }, other),
  h("h4", {}, words.mine),
  h("p", { class: "holaf-text", dir: "auto" }, mine),
];

/** @param {string} mine @param {string} other @returns {Promise<string | null>} */
async function askElsewhere(mine, other) {
  const { dialog } = await import("../ui/dialog.js");
  return dialog({
    title: words.conflictTitle,
    body: h("div", { class: "holaf-conflict" }, texts(mine, other)),
    buttons: choices(mine, other).map(([label, text], index) => ({ label, value: text, primary: index === 0 })),
  });
}
