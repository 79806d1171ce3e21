/**
 * Thumbnails of what is on screen, many per request, by id, so that pictures need not wait for their rows.
 *
 * They are shown as data URLs. Making an object URL asks another process of the browser and waits for it: 60 of them
 * held the page up for 70 to 140 ms. Measured in Chromium on two busy cores, a jump in 100,000 rows until the last
 * thumbnail on screen: 75 ms so, 110 ms with one request per picture, 290 ms with object URLs.
 */
const BATCH = 60;
const AT_ONCE = 3;
const MOST = 1500;
const AGAIN_MS = 4000;
const LATEST_MS = 10_000;
const TYPES = ["", "image/jpeg", "image/webp"];

/** @typedef {{url: string, failed: boolean, asked: number}} Thumb url "" while it is being made */

/**
 * @param {ArrayBuffer} buffer u32 count, then per item u32 id, u8 status, u8 type, u32 length, bytes
 * @returns {Array<{id: number, status: number, type: string, bytes: Uint8Array<ArrayBuffer>}>}
 */
export function readBatch(buffer) {
  const view = new DataView(buffer);
  const items = [];
  let at = 4;
  for (let left = view.getUint32(0, true); left > 0; left--) {
    const id = view.getUint32(at, true);
    const status = view.getUint8(at + 4);
    const type = TYPES[view.getUint8(at + 5)] ?? "";
    const length = view.getUint32(at + 6, true);
    items.push({ id, status, type, bytes: new Uint8Array(buffer, at + 10, length) });
    at += 10 + length;
  }
  return items;
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  // Chrome 140, Firefox 133 and Safari 18.2 have it; the other way is three times as slow.
  const quick = /** @type {any} */ (bytes).toBase64;
  if (quick) {
    return quick.call(bytes);
  }
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

export class Thumbs {
  /** @type {Map<number, Thumb>} in the order of their last use */
  #thumbs = new Map();
  /** @type {Set<{ids: number[], controller: AbortController}>} */
  #inFlight = new Set();
  /** @type {number[]} in the order they are looked at */
  #wanted = [];
  /** @type {Set<number>} */
  #wantedSet = new Set();
  #fetch;
  #prioritise;
  #arrived;
  /** @type {Set<number>} made anew while an answer was on its way that may not know it */
  #outdated = new Set();
  #wished = "";
  /** @type {any} */
  #wishTimer;
  /** @type {any} */
  #againTimer;
  #ended = false;

  /**
   * @param {object} options
   * @param {(ids: number[], signal: AbortSignal) => Promise<ArrayBuffer>} options.fetch
   * @param {(ids: number[]) => Promise<any>} options.prioritise
   * @param {(id: number) => void} options.arrived
   */
  constructor({ fetch, prioritise, arrived }) {
    this.#fetch = fetch;
    this.#prioritise = prioritise;
    this.#arrived = arrived;
  }

  /** @param {number} id */
  get(id) {
    return this.#thumbs.get(id);
  }

  /** What is on screen now, first things first. @param {number[]} ids */
  want(ids) {
    this.#wanted = ids;
    this.#wantedSet = new Set(ids);
    for (const request of this.#inFlight) {
      if (!request.ids.some((id) => this.#wantedSet.has(id))) {
        request.controller.abort();
        this.#inFlight.delete(request);
      }
    }
    this.#pump();
    this.#wish();
  }

  /** These have new thumbnails, or are worth another try. @param {Iterable<number>} ids */
  renew(ids) {
    for (const id of ids) {
      this.#outdated.add(id);
      const thumb = this.#thumbs.get(id);
      if (thumb) {
        thumb.asked = 0;
        thumb.failed = false;
      }
    }
    this.#pump();
  }

  /** @param {number} id */
  fail(id) {
    const thumb = this.#thumbs.get(id);
    if (thumb) {
      thumb.failed = true;
      this.#arrived(id);
    }
  }

  #pump() {
    if (this.#ended) {
      return;
    }
    const now = performance.now();
    const underway = new Set([...this.#inFlight].flatMap((request) => request.ids));
    for (const id of this.#outdated) {
      if (!underway.has(id)) {
        this.#outdated.delete(id);
      }
    }
    // What the server was not yet done with is asked for again even when nobody says that it is.
    clearTimeout(this.#againTimer);
    const waits = (/** @type {Thumb | undefined} */ thumb) => thumb && thumb.asked > 0 && !thumb.failed;
    if (this.#wanted.some((id) => waits(this.#thumbs.get(id)))) {
      this.#againTimer = setTimeout(() => this.#pump(), LATEST_MS);
    }
    /** @type {number[]} */
    let ids = [];
    for (const id of this.#wanted) {
      const thumb = this.#thumbs.get(id);
      const due = !thumb || (!thumb.failed && (thumb.asked === 0 || (thumb.asked > 0 && now - thumb.asked > AGAIN_MS)));
      if (due && !underway.has(id)) {
        ids.push(id);
        if (ids.length === BATCH) {
          if (this.#inFlight.size >= AT_ONCE) {
            return;
          }
          void this.#load(ids);
          ids = [];
        }
      }
    }
    if (ids.length && this.#inFlight.size < AT_ONCE) {
      void this.#load(ids);
    }
  }

  /**
   * These were asked for before anyone listened to what becomes ready: those that were not are asked for again.
   * @param {number[]} ids @param {Promise<ArrayBuffer>} bytes
   */
  expect(ids, bytes) {
    return this.#load(ids, () => bytes, 0);
  }

  /** @param {number[]} ids @param {(ids: number[], signal: AbortSignal) => Promise<ArrayBuffer>} fetch @param {number} [asked] */
  async #load(ids, fetch = this.#fetch, asked = performance.now()) {
    const request = { ids, controller: new AbortController() };
    this.#inFlight.add(request);
    try {
      const batch = readBatch(await fetch(ids, request.controller.signal));
      for (const { id, status, type, bytes } of batch) {
        const old = this.#thumbs.get(id);
        let url = old?.url ?? "";
        if (type) {
          url = `data:${type};base64,${base64(bytes)}`;
        }
        this.#thumbs.delete(id);
        // asked -1: it is here and need not be asked for again.
        this.#thumbs.set(id, {
          url,
          failed: status === 3,
          asked: this.#outdated.has(id) ? 0 : type ? -1 : asked,
        });
        this.#arrived(id);
      }
      for (const id of ids) {
        if (!this.#thumbs.has(id)) {
          // It has left the library: the list will say so.
          this.#thumbs.set(id, { url: "", failed: false, asked });
        }
      }
      this.#trim();
      this.#wish();
    } catch {
      for (const id of request.controller.signal.aborted ? [] : ids) {
        this.#thumbs.set(id, { url: this.#thumbs.get(id)?.url ?? "", failed: false, asked });
      }
    } finally {
      this.#inFlight.delete(request);
      this.#pump();
    }
  }

  #trim() {
    for (const id of this.#thumbs.keys()) {
      if (this.#thumbs.size <= MOST) {
        return;
      }
      if (!this.#wantedSet.has(id)) {
        this.#thumbs.delete(id);
      }
    }
  }

  /** Tells the server which thumbnails to make first; what was scrolled away is no longer wished for. */
  #wish() {
    clearTimeout(this.#wishTimer);
    if (this.#ended) {
      return;
    }
    this.#wishTimer = setTimeout(() => {
      const ids = this.#wanted.filter((id) => {
        const thumb = this.#thumbs.get(id);
        return thumb && !thumb.url && !thumb.failed;
      });
      const wished = ids.join();
      if (wished !== this.#wished) {
        this.#wished = wished;
        this.#prioritise(ids.slice(0, 200)).catch(() => {
          this.#wished = "";
        });
      }
    }, 50);
  }

  dispose() {
    // Requests that are given up below must not be asked again.
    this.#ended = true;
    clearTimeout(this.#wishTimer);
    clearTimeout(this.#againTimer);
    if (this.#wished) {
      this.#prioritise([]).catch(() => {});
    }
    for (const request of this.#inFlight) {
      request.controller.abort();
    }
    this.#thumbs.clear();
  }
}
