/**
 * The list that is shown: opened on the server, kept here in columns, followed as it changes.
 */
import { getBytes, isAbort, postJson } from "../core/api.js";
import { FIRST, takeOver } from "./head_start.js";
import { applyPatch, readColumns } from "./view_patch.js";

/**
 * @typedef {object} Change
 * @property {"opened" | "filled" | "changed"} kind another list; all of it, after its first screen; the same one a moment later
 * @property {number[]} changed ids whose row is another now
 * @property {Uint32Array} before the ids that were shown until now
 * @property {boolean} whole true when it is not known what changed
 *
 * @typedef {{key: string, label?: string, start: number, count: number}} Group
 */

export class View {
  id = "";
  /** Until it is `filled`, those of the first screen. @type {Uint32Array} */
  ids = new Uint32Array(0);
  /** @type {Uint8Array} */
  aspects = new Uint8Array(0);
  /** @type {Group[]} */
  groups = [];
  /** How many there are, when they are too many to name. */
  groupsLeftOut = 0;
  /** Of a list in the order of dates. @type {Group[]} */
  months = [];
  /** Of the library, as the topic images.changed counts. */
  version = 0;
  total = 0;
  totalCount = 0;
  loaded = false;
  filled = false;
  /** The terms of its search, as the server read them. @type {any[] | null} */
  chips = null;
  /** @type {Record<string, any>} */
  request = {};
  /** Thumbnails that were asked for with it. @type {import("./head_start.js").Started["thumbs"] | null} */
  thumbs = null;

  #changed;
  #failed;
  #restMayCome;
  #prepare;
  #controller = new AbortController();
  #refreshing = false;
  #again = false;

  /**
   * @param {object} listeners
   * @param {(change: Change) => void} listeners.changed
   * @param {(error: any, opening: boolean) => void} listeners.failed
   * @param {() => Promise<any>} [listeners.restMayCome] when the first screen needs nothing any more
   * @param {(aspects: Uint8Array, signal: AbortSignal) => Promise<any>} [listeners.prepare] for a list that is `filled`
   */
  constructor({ changed, failed, restMayCome = async () => {}, prepare = async () => {} }) {
    this.#changed = changed;
    this.#failed = failed;
    this.#restMayCome = restMayCome;
    this.#prepare = prepare;
  }

  /** Opens another list; whatever was on its way is given up. @param {Record<string, any>} request */
  async open(request) {
    this.#controller.abort();
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    this.#refreshing = true;
    const early = takeOver(request);
    try {
      const answer =
        (await early?.answer.catch(() => null)) ??
        (await postJson("images/view", { ...request, first: FIRST }, signal));
      signal.throwIfAborted();
      const before = this.ids;
      const { first, total } = answer;
      this.request = request;
      this.thumbs = early?.thumbs ?? null;
      this.#take(answer, { ids: Uint32Array.from(first.ids), aspects: Uint8Array.from(first.aspects) });
      this.filled = first.ids.length === total;
      this.#changed({ kind: "opened", changed: [], before, whole: true });
      if (!this.filled) {
        // Megabytes: behind the first pictures.
        await this.#restMayCome();
        signal.throwIfAborted();
        await this.#fill(signal);
      }
      this.#refreshing = false;
      this.#next();
    } catch (error) {
      this.#report(error, signal, true);
    }
  }

  /** @param {AbortSignal} signal */
  async #fill(signal) {
    const { ids, aspects } = await this.#layout(this.id, signal);
    await this.#prepare(aspects, signal);
    signal.throwIfAborted();
    const before = this.ids;
    Object.assign(this, { ids, aspects, filled: true });
    this.#changed({ kind: "filled", changed: [], before, whole: false });
  }

  /** @param {string} id @param {AbortSignal} signal */
  async #layout(id, signal) {
    return readColumns(await getBytes(`images/view/${encodeURIComponent(id)}/layout`, signal));
  }

  /** The library changed: brings the list up to date. */
  async refresh() {
    if (this.#refreshing || !this.loaded) {
      this.#again = true;
      return;
    }
    this.#refreshing = true;
    this.#again = false;
    const { signal } = this.#controller;
    try {
      const answer = await postJson("images/view", { ...this.request, since: this.id }, signal);
      if (answer.view !== this.id) {
        const patched = answer.patch && this.#patched(answer.patch, answer.total);
        const columns = patched || (await this.#layout(answer.view, signal));
        signal.throwIfAborted();
        const before = this.ids;
        this.#take(answer, columns);
        this.#changed({ kind: "changed", changed: answer.patch?.changed ?? [], before, whole: !patched });
      }
      this.#refreshing = false;
      this.#next();
    } catch (error) {
      this.#report(error, signal, false);
    }
  }

  /** @param {any} answer @param {import("./view_patch.js").Columns} columns */
  #take(answer, columns) {
    this.id = answer.view;
    this.version = answer.version;
    this.groups = answer.groups ?? [];
    this.groupsLeftOut = answer.groups_left_out ?? 0;
    this.months = answer.months ?? [];
    this.chips = answer.chips ?? null;
    this.total = answer.total;
    this.totalCount = answer.total_count;
    this.ids = columns.ids;
    this.aspects = columns.aspects;
    this.loaded = true;
  }

  /** @param {import("./view_patch.js").Patch} patch @param {number} total */
  #patched(patch, total) {
    try {
      const columns = applyPatch(this, patch);
      return columns.ids.length === total ? columns : null;
    } catch {
      return null;
    }
  }

  /** @param {any} error @param {AbortSignal} signal @param {boolean} opening another list, or following this one */
  #report(error, signal, opening) {
    if (signal.aborted || isAbort(error)) {
      return;
    }
    this.#refreshing = false;
    this.#failed(error, opening);
  }

  #next() {
    if (this.#again) {
      void this.refresh();
    }
  }

  dispose() {
    this.#controller.abort();
  }
}
