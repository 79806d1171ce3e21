/**
 * The list that is shown: opened on the server, kept here in columns, followed as it changes.
 */
import { ApiError, getBytes, isAbort, postJson } from "../core/api.js";
import { FIRST, takeOver } from "./head_start.js";

/**
 * @typedef {object} Change
 * @property {"opened" | "filled" | "changed"} kind another list; all of it, after its first screen; the same one a moment later
 * @property {number[]} changed ids whose row is another now
 * @property {Uint32Array} before the ids that were shown until now
 * @property {boolean} whole true when it is not known what changed
 * @property {boolean} wasFilled `before` is all of that list
 *
 * @typedef {{key: string, label?: string, start: number, count: number}} Group
 */

/** @param {ArrayBuffer} buffer u32 count, u32 ids[], u8 aspects[], little-endian @returns {import("./view_patch.js").Columns} */
export function readColumns(buffer) {
  const count = buffer.byteLength >= 4 ? new DataView(buffer).getUint32(0, true) : 0;
  if (buffer.byteLength < 4 + count * 5) {
    throw new RangeError("The layout of the view is cut short");
  }
  return { ids: new Uint32Array(buffer, 4, count), aspects: new Uint8Array(buffer, 4 + count * 4, count) };
}

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
  /** What is under way. @type {Promise<void> | null} */
  #running = null;
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
  open(request) {
    this.#controller.abort();
    this.#controller = new AbortController();
    let opening = true;
    return this.#run(
      async (signal) => {
        await this.#begin(request, signal);
        opening = false;
        if (!this.filled) {
          // Megabytes: behind the first pictures.
          await this.#restMayCome();
          signal.throwIfAborted();
          await this.#fill(signal);
        }
      },
      () => opening,
    );
  }

  /** @param {Record<string, any>} request @param {AbortSignal} signal */
  async #begin(request, signal) {
    const early = takeOver(request);
    const answer =
      (await early?.answer.catch(() => null)) ?? (await postJson("images/view", { ...request, first: FIRST }, signal));
    signal.throwIfAborted();
    const { ids: before, filled: wasFilled } = this;
    const { first, total } = answer;
    this.request = request;
    this.thumbs = early?.thumbs ?? null;
    this.#take(answer, { ids: Uint32Array.from(first.ids), aspects: Uint8Array.from(first.aspects) });
    this.filled = first.ids.length === total;
    this.#changed({ kind: "opened", changed: [], before, whole: true, wasFilled });
  }

  /** @param {AbortSignal} signal */
  async #fill(signal) {
    let columns;
    try {
      columns = await this.#layout(this.id, signal);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) {
        throw error;
      }
      // The server has forgotten this view since its first screen came.
      await this.#renew(signal);
      return;
    }
    await this.#prepare(columns.aspects, signal);
    signal.throwIfAborted();
    const before = this.ids;
    Object.assign(this, columns, { filled: true });
    this.#changed({ kind: "filled", changed: [], before, whole: false, wasFilled: false });
  }

  /** @param {string} id @param {AbortSignal} signal */
  async #layout(id, signal) {
    return readColumns(await getBytes(`images/view/${encodeURIComponent(id)}/layout`, signal));
  }

  /** The library changed, or not all of the list came: brings it up to date. @returns {Promise<void>} when that is done */
  refresh() {
    if (this.#running || !this.loaded) {
      this.#again = true;
      return this.#running ?? Promise.resolve();
    }
    this.#again = false;
    return this.#run((signal) => this.#renew(signal));
  }

  /** @param {AbortSignal} signal */
  async #renew(signal) {
    const { filled } = this;
    const since = filled ? { since: this.id } : {};
    let answer = await postJson("images/view", { ...this.request, ...since }, signal);
    signal.throwIfAborted();
    if (answer.view === this.id && filled) {
      return;
    }
    let patched = null;
    if (answer.patch) {
      patched = await this.#patched(answer.patch, answer.total);
      signal.throwIfAborted();
      // What does not fit is asked for as a whole.
      answer = patched ? { ...answer, ...patched } : await postJson("images/view", this.request, signal);
    }
    const columns = patched ?? (await this.#layout(answer.view, signal));
    signal.throwIfAborted();
    const before = this.ids;
    this.#take(answer, columns);
    this.filled = true;
    const changed = answer.patch?.changed ?? [];
    this.#changed({ kind: filled ? "changed" : "filled", changed, before, whole: !patched, wasFilled: filled });
  }

  /**
   * One thing at a time; what is asked for meanwhile comes after it.
   * @param {(signal: AbortSignal) => Promise<void>} task
   * @param {() => boolean} [opening] another list, or following this one
   */
  #run(task, opening = () => false) {
    const { signal } = this.#controller;
    const running = task(signal).then(
      () => {
        if (this.#running === running) {
          this.#running = null;
          this.#next();
        }
      },
      (error) => {
        if (this.#running === running) {
          this.#running = null;
        }
        if (!signal.aborted && !isAbort(error)) {
          this.#failed(error, opening());
        }
      },
    );
    this.#running = running;
    return running;
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
  async #patched(patch, total) {
    try {
      const { applyPatch, patchGroups } = await import("./view_patch.js");
      const columns = applyPatch(this, patch);
      const groups = patchGroups(this.groups, patch.groups);
      return columns.ids.length === total
        ? { ...columns, groups, months: patchGroups(this.months, patch.months) }
        : null;
    } catch {
      return null;
    }
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
