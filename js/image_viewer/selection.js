/**
 * Which pictures are selected: a bit for each id, or all that match but those with a bit, so that "select all" of a
 * million pictures is one word and a group of half a million is an eighth of a megabyte.
 */

/** More than these are named by where they stand in the list. */
const FEW = 2000;
/** @typedef {{bits: Uint32Array, size: number, all: boolean, carried: boolean}} Chosen */

export class Selection {
  /** The chosen ones, or the exceptions when `all`. */
  #bits = new Uint32Array(64);
  #size = 0;
  #all = false;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  #carried = false;
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

  /** Of the list before: how many are in this one is known when it is here. */
  get carried() {
    return this.#carried;
  }

  /** @param {number} id */
  #bit(id) {
    return ((this.#bits[id >>> 5] >>> (id & 31)) & 1) === 1;
  }

  /** @param {number} id @param {boolean} on */
  #put(id, on) {
    if (this.#bit(id) !== on) {
      const at = id >>> 5;
      if (at >= this.#bits.length) {
        const old = this.#bits;
        this.#bits = new Uint32Array(Math.max(at + 64, old.length * 2));
        this.#bits.set(old);
      }
      this.#bits[at] ^= 1 << (id & 31);
      this.#size += on ? 1 : -1;
    }
  }

  #none() {
    this.#all = false;
    this.#carried = false;
    this.#bits = new Uint32Array(64);
    this.#size = 0;
  }

  /** @param {number} id */
  has(id) {
    return this.#bit(id) !== this.#all;
  }

  /** @param {number} total pictures that match */
  count(total) {
    return this.#all ? Math.max(0, total - this.#size) : this.#size;
  }

  /** Is it all but each of them? @param {number} total pictures that match */
  nothingOf(total) {
    return this.#all && !this.#carried && this.#size >= total;
  }

  get empty() {
    return !this.#all && this.#size === 0;
  }

  /** The ids when they are few, else null. @returns {number[] | null} */
  get ids() {
    if (this.#all || this.#size > FEW) {
      return null;
    }
    /** @type {number[]} */
    const found = [];
    for (let at = 0; found.length < this.#size; at++) {
      for (let bits = this.#bits[at]; bits; bits &= bits - 1) {
        found.push(at * 32 + 31 - Math.clz32(bits & -bits));
      }
    }
    return found;
  }

  /** @param {number} id */
  only(id) {
    this.anchor = id;
    this.replace([id]);
  }

  /** @param {number} id */
  toggle(id) {
    this.#put(id, !this.#bit(id));
    this.anchor = id;
    this.#changed();
  }

  /** @param {Iterable<number>} ids @param {boolean} on */
  set(ids, on) {
    for (const id of ids) {
      this.#put(id, on !== this.#all);
    }
    this.#changed();
  }

  /** @returns {Chosen} what is selected now, for `replace` */
  get chosen() {
    return { bits: this.#bits.slice(), size: this.#size, all: this.#all, carried: this.#carried };
  }

  copy() {
    const made = new Selection();
    made.replace([], this.chosen);
    return made;
  }

  /** Selects exactly these, and what was chosen earlier. @param {Iterable<number>} ids @param {Chosen | null} [kept] */
  replace(ids, kept = null) {
    this.#none();
    if (kept) {
      this.#bits = kept.bits.slice();
      this.#size = kept.size;
      this.#all = kept.all;
      this.#carried = kept.carried;
    }
    this.set(ids, true);
  }

  /** What was not selected is, and the other way round. */
  invert() {
    this.#all = !this.#all;
    this.#changed();
  }

  selectAll() {
    this.#none();
    this.#all = true;
    this.#changed();
  }

  clear() {
    if (!this.empty) {
      this.#none();
      this.#changed();
    }
  }

  /** All of a list that goes on: what comes to it later was not meant. @param {Uint32Array | number[]} list */
  settle(list) {
    if (this.#all) {
      const excepted = this.#bits;
      this.#none();
      this.#fill(list, (id) => !((excepted[id >>> 5] >>> (id & 31)) & 1));
    }
  }

  /**
   * Another list is shown: what is in it, too, stays selected.
   * @param {Uint32Array | number[]} list the one before
   * @param {boolean} whole is all of that known? Nobody can say what "all" of the rest was.
   */
  carry(list, whole) {
    if (this.#all && !whole) {
      this.clear();
      return;
    }
    this.settle(list);
    this.#carried = !this.empty;
  }

  /** @param {Uint32Array | number[]} list @param {(id: number) => boolean} wanted */
  #fill(list, wanted) {
    // A growing array would be copied again and again.
    let highest = 0;
    for (const id of list) {
      highest = Math.max(highest, id);
    }
    const bits = new Uint32Array((highest >>> 5) + 64);
    let size = 0;
    for (const id of list) {
      if (wanted(id)) {
        bits[id >>> 5] |= 1 << (id & 31);
        size++;
      }
    }
    this.#bits = bits;
    this.#size = size;
  }

  /**
   * Whatever is not in the list any more is not selected either: nobody can see it.
   * @param {Uint32Array | number[]} list
   */
  keepOnly(list) {
    if (this.anchor !== null && !list.includes(this.anchor)) {
      this.anchor = null;
    }
    const carried = this.#carried;
    this.#carried = false;
    const [bits, size] = [this.#bits, this.#size];
    if (size) {
      this.#fill(list, (id) => ((bits[id >>> 5] >>> (id & 31)) & 1) === 1);
    }
    if (carried || this.#size !== size) {
      this.#changed();
    }
  }
}
