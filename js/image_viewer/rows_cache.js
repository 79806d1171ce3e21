/**
 * The facts of the pictures that are looked at: fetched in windows of a view, kept by id.
 */
const WINDOW = 200;
const MOST_ROWS = 12_000;
const AT_ONCE = 3;

/** @typedef {Record<string, any> & {id: number, filename: string}} Row as GET rows sends it */

export class RowsCache {
  /** @type {Map<number, Row>} in the order of their last use */
  #rows = new Map();
  /** @type {Map<string, AbortController>} by view and window */
  #inFlight = new Map();
  #fetch;
  #arrived;
  #failed;

  /**
   * @param {object} options
   * @param {(view: string, from: number, count: number, signal: AbortSignal) => Promise<{rows: Array<Row | null>}>} options.fetch
   * @param {(rows: Row[]) => void} options.arrived
   * @param {(error: any) => void} options.failed
   */
  constructor({ fetch, arrived, failed }) {
    this.#fetch = fetch;
    this.#arrived = arrived;
    this.#failed = failed;
  }

  /** @param {number} id @returns {Row | undefined} */
  get(id) {
    return this.#rows.get(id);
  }

  /** All that are here. */
  values() {
    return this.#rows.values();
  }

  /** Rows that are another now. @param {Iterable<number>} ids */
  forget(ids) {
    for (const id of ids) {
      this.#rows.delete(id);
    }
  }

  /**
   * Sees to it that a range of the view is here, and that nothing else is on its way.
   * @param {string} view
   * @param {Uint32Array} ids of the view
   * @param {number} first @param {number} last
   */
  want(view, ids, first, last) {
    /** @type {Set<string>} */
    const wanted = new Set();
    for (let index = Math.floor(first / WINDOW); index <= Math.floor(last / WINDOW); index++) {
      wanted.add(`${view} ${index}`);
    }
    for (const [key, controller] of this.#inFlight) {
      if (!wanted.has(key)) {
        controller.abort();
        this.#inFlight.delete(key);
      }
    }
    for (const key of wanted) {
      const from = Number(key.slice(key.lastIndexOf(" "))) * WINDOW;
      const until = Math.min(ids.length, from + WINDOW);
      if (
        !this.#inFlight.has(key) &&
        this.#inFlight.size < AT_ONCE &&
        this.#lacks(ids, Math.max(from, first), Math.min(until, last + 1))
      ) {
        void this.#load(key, view, from, until - from);
      }
    }
  }

  /** @param {Uint32Array} ids @param {number} from @param {number} until */
  #lacks(ids, from, until) {
    for (let position = from; position < until; position++) {
      if (!this.#rows.has(ids[position])) {
        return true;
      }
    }
    return false;
  }

  /** @param {string} key @param {string} view @param {number} from @param {number} count */
  async #load(key, view, from, count) {
    const controller = new AbortController();
    this.#inFlight.set(key, controller);
    try {
      const { rows } = await this.#fetch(view, from, count, controller.signal);
      const here = /** @type {Row[]} */ (rows.filter(Boolean));
      this.put(here);
      this.#arrived(here);
    } catch (error) {
      if (!controller.signal.aborted) {
        this.#failed(error);
      }
    } finally {
      if (this.#inFlight.get(key) === controller) {
        this.#inFlight.delete(key);
      }
    }
  }

  /** @param {Row[]} rows */
  put(rows) {
    for (const row of rows) {
      this.#rows.delete(row.id);
      this.#rows.set(row.id, row);
    }
    for (const id of this.#rows.keys()) {
      if (this.#rows.size <= MOST_ROWS) {
        break;
      }
      this.#rows.delete(id);
    }
  }

  dispose() {
    for (const controller of this.#inFlight.values()) {
      controller.abort();
    }
    this.#inFlight.clear();
  }
}
