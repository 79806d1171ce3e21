/** All tags of the library: renamed, merged and deleted everywhere. */
import { ApiError, getJson, isAbort, postJson } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { count } from "../core/format.js";
import { Scope } from "../core/scope.js";
import { loadSheet } from "../core/sheet.js";
import { confirm, dialog, prompt } from "../ui/dialog.js";
import { toast } from "../ui/toast.js";
import { judgeWords as words } from "./judge_strings.js";
import { sayUndoable, tellMarks } from "./judging.js";
import { LONGEST_TAG, cleanTag } from "./tag_field.js";
import { iconButton } from "./toolbar.js";

const REST_MS = 150;

/** @param {import("./index.js").Gallery} gallery */
export async function openManageTags(gallery) {
  await loadSheet("judge");
  const scope = new Scope(gallery.scope.signal);
  let controller = new AbortController();
  let stop = () => {};
  const find = h("input", {
    type: "text",
    class: "holaf-input",
    placeholder: words.findTag,
    "aria-label": words.findTag,
    dir: "auto",
    spellcheck: "false",
    autocomplete: "off",
    oninput: () => {
      stop();
      stop = scope.after(REST_MS, () => void read());
    },
    // The dialog's button is not what Enter means here.
    onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && event.preventDefault(),
  });
  const list = h("ul", { class: "holaf-tag-table", "aria-label": words.manageTitle });

  async function read() {
    controller.abort();
    controller = new AbortController();
    try {
      const { tags } = await getJson(`images/tags?find=${encodeURIComponent(cleanTag(find.value))}`, controller.signal);
      fill(
        list,
        tags.length ? tags.map(line) : h("li", { class: "holaf-note" }, find.value ? words.noSuchTag : words.noTags),
      );
    } catch (error) {
      if (!isAbort(error)) {
        fill(list, h("li", { class: "holaf-note" }, /** @type {Error} */ (error).message));
      }
    }
  }

  /** @param {{name: string, count: number}} tag */
  const line = (tag) =>
    h(
      "li",
      {},
      h("span", { class: "holaf-clip holaf-tag-name", dir: "auto", title: tag.name }, tag.name),
      h("span", { class: "holaf-count", title: words.tagCount(tag.count) }, count(tag.count)),
      iconButton("pencil", words.renameTag(tag.name), () => void attempt(() => rename(tag))),
      iconButton("trash-2", words.deleteTag(tag.name), () => void attempt(() => remove(tag))),
    );

  /** @param {() => Promise<void>} task */
  async function attempt(task) {
    try {
      await task();
      // This list hears it, too.
      tellMarks(gallery, null);
    } catch (error) {
      toast({ text: /** @type {Error} */ (error).message, kind: "error" });
    }
    if (!list.contains(document.activeElement)) {
      find.focus();
    }
  }

  /** @param {{name: string, count: number}} tag */
  async function rename({ name, count: on }) {
    const to = await prompt({
      title: words.renameTitle,
      body: words.renameText(on),
      label: words.tagName,
      value: name,
      action: words.renameAction,
      check: (text) =>
        cleanTag(text) ? (cleanTag(text).length > LONGEST_TAG ? words.tooLong(LONGEST_TAG) : null) : words.nameMissing,
      signal: scope.signal,
    });
    const wanted = to === null ? name : cleanTag(to);
    if (wanted === name) {
      return;
    }
    const answer = await renamed(name, wanted);
    if (answer) {
      sayUndoable(gallery, words.renamedTag(name, wanted, answer.changed), answer.undo);
    }
  }

  /** @param {string} from @param {string} to */
  async function renamed(from, to) {
    try {
      return await postJson("images/tags/rename", { from, to });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409 && error.data.exists)) {
        throw error;
      }
      const merge = await confirm({
        title: words.mergeTitle(from, to),
        body: words.mergeText(to, error.data.count ?? 0),
        action: words.mergeAction,
        signal: scope.signal,
      });
      return merge ? postJson("images/tags/rename", { from, to, merge: true }) : null;
    }
  }

  /** @param {{name: string}} tag */
  async function remove({ name }) {
    const { changed, undo } = await postJson("images/tags/delete", { name });
    sayUndoable(gallery, words.deletedTag(name, changed), undo);
  }

  scope.listen(gallery.root, "holaf-marks", () => void read());
  void read();
  await dialog({
    title: words.manageTitle,
    icon: "tags",
    body: h("div", { class: "holaf-tags-dialog" }, find, list),
    width: 480,
    signal: scope.signal,
    buttons: [{ label: words.done, primary: true, value: true }],
  });
  controller.abort();
  scope.dispose();
}
