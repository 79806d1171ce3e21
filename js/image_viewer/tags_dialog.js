/** The tags of one picture or of many: what all have, what some have, what is to be added or taken off. */
import { getJson } from "../core/api.js";
import { fill, h, icon } from "../core/dom.js";
import { Scope } from "../core/scope.js";
import { loadSheet } from "../core/sheet.js";
import { dialog } from "../ui/dialog.js";
import { judge, meant } from "./judging.js";
import { judgeWords as words } from "./judge_strings.js";
import { createTagField, sameTag } from "./tag_field.js";

/** Of more than these, nobody looks at each one's tags. */
const FEW = 24;
const AT_ONCE = 6;
const SHOWN = 60;

/**
 * @param {import("./index.js").Gallery} gallery
 * @param {import("./judging.js").Targets} targets
 */
export async function openTagsDialog(gallery, targets) {
  await loadSheet("judge");
  // What is selected now: the dialog is about that, whatever happens behind it.
  const { selection, count: total } = meant(gallery, targets);
  if (!total) {
    return;
  }
  const scope = new Scope(gallery.scope.signal);
  const ids = selection.ids;
  const few = ids && ids.length <= FEW ? ids : null;
  /** How many of them have it, by name. @type {Map<string, number>} */
  const had = new Map();
  /** @type {string[]} */
  const added = [];
  /** @type {Set<string>} */
  const removed = new Set();
  let all = false;
  /** @type {import("../ui/dialog.js").DialogControl | null} */
  let control = null;

  /** The tag as it is known. @param {string} name */
  const spelling = (name) => [...had.keys(), ...added].find((one) => sameTag(one, name)) ?? name;
  /** @param {string} name */
  function add(name) {
    const tag = spelling(name);
    removed.delete(tag);
    if (had.get(tag) !== total && !added.includes(tag)) {
      added.push(tag);
    }
    draw();
  }
  /** @param {string} name */
  function takeOff(name) {
    const tag = spelling(name);
    const at = added.indexOf(tag);
    if (at >= 0) {
      added.splice(at, 1);
    }
    if (had.has(tag) || !few) {
      removed.add(tag);
    }
    draw();
  }

  const adding = createTagField({
    label: words.addTag,
    placeholder: words.addTagHint,
    scope,
    take: add,
    known: (name) => had.get(name) === total || added.includes(name),
    empty: () => save.click(),
  });
  const removing = few
    ? null
    : createTagField({
        label: words.takeOff,
        placeholder: words.removeTagHint,
        scope,
        take: takeOff,
        known: (name) => removed.has(name),
        empty: () => save.click(),
      });
  const chips = h("div", { class: "holaf-tag-chips", role: "list", "aria-label": words.tags });
  const note = h("p", { class: "holaf-note", role: "status" }, few ? words.tagLoading : words.tagsOfMany);
  const manage = h(
    "button",
    {
      type: "button",
      class: "holaf-link",
      onclick: async () => {
        control?.close();
        (await import("./manage_tags.js")).openManageTags(gallery);
      },
    },
    words.manage,
  );
  const body = h("div", { class: "holaf-tags-dialog" }, adding.element, removing?.element, chips, note, manage);

  /** @param {string} name @param {string} state @param {string} [hint] */
  function chip(name, state, hint) {
    const gone = state === "removed";
    return h(
      "span",
      { class: ["holaf-tag", `holaf-tag-${state}`], role: "listitem" },
      state === "some"
        ? h(
            "button",
            {
              type: "button",
              class: "holaf-tag-name",
              title: words.onSome(had.get(name) ?? 0, total),
              onclick: () => add(name),
            },
            h("bdi", {}, name),
            h("span", { class: "holaf-note" }, hint),
          )
        : h(
            "span",
            {
              class: "holaf-tag-name",
              title: { all: words.onAll, added: words.willAdd, removed: words.willRemove }[state],
            },
            h(gone ? "s" : "bdi", { dir: "auto" }, name),
          ),
      h(
        "button",
        {
          type: "button",
          class: "holaf-icon-button",
          "aria-label": gone ? words.keepTag(name) : words.removeTag(name),
          title: gone ? words.keepTag(name) : words.removeTag(name),
          onclick: () => {
            if (gone) {
              removed.delete(name);
              draw();
            } else {
              takeOff(name);
            }
            // Its button is gone: the keys go on from the field.
            adding.field.focus();
          },
        },
        icon(gone ? "rotate-ccw" : "x", 14),
      ),
    );
  }

  function draw() {
    const some = [...had].sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
    const states = [
      ...added.map((name) => /** @type {const} */ ([name, "added", ""])),
      ...[...removed].map((name) => /** @type {const} */ ([name, "removed", ""])),
      ...some
        .filter(([name]) => !removed.has(name) && !added.includes(name))
        .map(([name, n]) =>
          n === total
            ? /** @type {const} */ ([name, "all", ""])
            : /** @type {const} */ ([name, "some", words.onSomeShort(n, total)]),
        ),
    ];
    const shown = all ? states : states.slice(0, SHOWN);
    fill(
      chips,
      shown.map(([name, state, hint]) => chip(name, state, hint)),
      states.length > SHOWN &&
        h(
          "button",
          {
            type: "button",
            class: "holaf-link",
            onclick: () => {
              all = !all;
              draw();
              adding.field.focus();
            },
          },
          all ? words.fewerTags : words.allTags(states.length),
        ),
    );
    chips.hidden = !states.length;
  }

  async function read() {
    if (!few) {
      return;
    }
    const waiting = [...few];
    const work = async () => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
        const { tags } = await getJson(`images/judged?id=${id}`, scope.signal);
        for (const { name } of tags) {
          had.set(name, (had.get(name) ?? 0) + 1);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    note.textContent = had.size ? "" : words.noTags;
    // What was typed meanwhile may be on all of them.
    for (const name of added.filter((tag) => had.get(spelling(tag)) === total)) {
      added.splice(added.indexOf(name), 1);
    }
    draw();
  }

  let save = /** @type {HTMLElement} */ (h("button", {}));
  draw();
  await dialog({
    title: words.tagsTitle(total),
    icon: "tags",
    body,
    width: 480,
    signal: scope.signal,
    buttons: [
      { label: words.cancel },
      {
        label: words.saveTags(total),
        primary: true,
        value: true,
        check: async () => {
          if (adding.rest) {
            add(adding.rest);
          }
          if (removing?.rest) {
            takeOff(removing.rest);
          }
          if (added.length || removed.size) {
            const changes = { add_tags: [...added], remove_tags: [...removed] };
            await judge(gallery, selection, changes, { rethrow: true });
          }
        },
      },
    ],
    onOpen: (opened) => {
      control = opened;
      save = /** @type {HTMLElement} */ (opened.element.querySelector("[data-primary]"));
      read().catch((error) => {
        if (!scope.disposed) {
          opened.setError(/** @type {Error} */ (error).message);
        }
      });
    },
  });
  scope.dispose();
}
