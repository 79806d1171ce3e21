/**
 * Which pictures are selected: a few by their ids, or all that match with a few exceptions, so that
 * "select all" of a million pictures is one word.
 */
export class Selection {
  /** @type {Set<number>} the chosen ones, or the exceptions when `all` */
  #ids = new Set();
  #all = false;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** Where a range begins: the id of the last picture that was chosen alone. @type {number | null} */
  anchor = null;

  /** @param {() => void} listener @param {AbortSignal} signal */
  onChange(listener, signal) {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  #changed() {
    for (const listener of [...this.#listeners]) {
      listener();
    }
  }

  get all() {
    return this.#all;
  }

  /** @param {number} id */
  has(id) {
    return this.#ids.has(id) !== this.#all;
  }

  /** @param {number} total pictures that match */
  count(total) {
    return this.#all ? Math.max(0, total - this.#ids.size) : this.#ids.size;
  }

  get empty() {
    return !this.#all && this.#ids.size === 0;
  }

  /** The ids when they are few; null when all are selected. @returns {number[] | null} */
  get ids() {
    return this.#all ? null : [...this.#ids];
  }

  /** What an action over the selection sends. @param {object} filter @returns {{ids: number[]} | {filter: object, except: number[]}} */
  toRequest(filter) {
    return this.#all ? { filter, except: [...this.#ids] } : { ids: [...this.#ids] };
  }

  /** @param {number} id */
  only(id) {
    this.#all = false;
    this.#ids = new Set([id]);
    this.anchor = id;
    this.#changed();
  }

  /** @param {number} id */
  toggle(id) {
    if (!this.#ids.delete(id)) {
      this.#ids.add(id);
    }
    this.anchor = id;
    this.#changed();
  }

  /** @param {Iterable<number>} ids @param {boolean} on */
  set(ids, on) {
    for (const id of ids) {
      if (on === this.#all) {
        this.#ids.delete(id);
      } else {
        this.#ids.add(id);
      }
    }
    this.#changed();
  }

  /** Selects exactly these. @param {Iterable<number>} ids */
  replace(ids) {
    this.#all = false;
    this.#ids = new Set(ids);
    this.#changed();
  }

  selectAll() {
    this.#all = true;
    this.#ids = new Set();
    this.#changed();
  }

  clear() {
    if (this.empty) {
      return;
    }
    this.#all = false;
    this.#ids = new Set();
    this.#changed();
  }

  /**
   * Whatever is not in the list any more is not selected either: nobody can see it.
   * @param {Iterable<number>} list
   */
  keepOnly(list) {
    const gone = new Set(this.#ids);
    for (const id of list) {
      if (gone.size === 0) {
        return;
      }
      gone.delete(id);
    }
    this.forget(gone);
  }

  /** These pictures no longer match or exist. @param {Iterable<number>} ids */
  forget(ids) {
    let touched = false;
    for (const id of ids) {
      touched = this.#ids.delete(id) || touched;
      if (this.anchor === id) {
        this.anchor = null;
      }
    }
    if (touched) {
      this.#changed();
    }
  }
}
