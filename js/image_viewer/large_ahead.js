/** Pictures that are decoded before they are looked at: the next ones, and the one before. */
import { h } from "../core/dom.js";

/** Of those that wait, 4 bytes each. What is looked at comes on top: a picture of 100 megapixels is here once. */
const MOST_PIXELS = 48 * 1024 * 1024;

// What is there already is drawn first: two frames on a busy machine.
const DRAWN_MS = 60;

/** @typedef {{id: number, url: string, pixels: number}} Wanted pixels: 0 where it is not known */

/**
 * What of a list fits: its first always, as it is looked at; of the others as many as there is room for.
 *
 * @param {Wanted[]} wanted the most urgent first @param {number} [most] pixels
 */
export function affordable([first, ...others], most = MOST_PIXELS) {
  let left = most;
  const rest = others.filter(({ pixels }) => {
    const fits = pixels <= left;
    left -= fits ? pixels : 0;
    return fits;
  });
  return first ? [first, ...rest] : [];
}

/** The places to have ready from where one is: two on, one back. @param {number} at @param {number} step 1 or -1 @param {number} count */
export const around = (at, step, count) =>
  [at, at + step, at + 2 * step, at - step].filter((place) => place >= 0 && place < count);

const BLOCK = 10;

/** Whose thumbnails to have: this one's, then those of the ten it is among and of the ten on both sides; one request for ten turns. @param {number} at @param {number} count */
export function blocksAround(at, count) {
  const from = Math.max(0, (Math.floor(at / BLOCK) - 1) * BLOCK);
  const until = Math.min(count, (Math.floor(at / BLOCK) + 2) * BLOCK);
  return [at, ...Array.from({ length: Math.max(0, until - from) }, (_, n) => from + n).filter((place) => place !== at)];
}

/** A picture on its way. It is `settled` when it is decoded, or will never be: then it has `failed`. */
class Coming {
  settled = false;
  failed = false;

  /** @param {string} url @param {HTMLImageElement} image */
  constructor(url, image) {
    this.url = url;
    this.image = image;
    this.image.src = url;
    this.ready = this.image.decode().then(
      () => this.#settle(),
      // One that is cut off, or too large to be decoded at once, is shown as far as it goes.
      () => this.#settle(!(this.image.complete && this.image.naturalWidth)),
    );
  }

  #settle(failed = false) {
    this.failed = failed;
    this.settled = true;
  }

  /** Nobody waits for it any more. */
  drop() {
    if (!this.settled) {
      this.image.removeAttribute("src");
    }
  }
}

export class Ahead {
  /** @type {Map<string, Coming>} */
  #coming = new Map();
  /** @type {Wanted[]} */
  #wanted = [];
  #image;
  /** @type {any} */
  #timer;

  /** @param {() => HTMLImageElement} [image] makes an element */
  constructor(image = () => h("img", { class: "holaf-large-picture", alt: "", draggable: "false", decoding: "sync" })) {
    this.#image = image;
  }

  /** One after the other, so that what is looked at never waits for what may be. @param {Wanted[]} wanted */
  want(wanted) {
    this.#wanted = affordable(wanted);
    const urls = new Set(this.#wanted.map(({ url }) => url));
    for (const [url, coming] of this.#coming) {
      if (!urls.has(url)) {
        this.#coming.delete(url);
        coming.drop();
      }
    }
    clearTimeout(this.#timer);
    if (this.#wanted.length && this.#coming.get(this.#wanted[0].url)?.settled) {
      this.#timer = setTimeout(() => this.#next(), DRAWN_MS);
    } else {
      this.#next();
    }
  }

  #next() {
    for (const { url } of this.#wanted) {
      let coming = this.#coming.get(url);
      if (!coming) {
        coming = new Coming(url, this.#image());
        this.#coming.set(url, coming);
        void coming.ready.then(() => this.#next());
      }
      if (!coming.settled) {
        return;
      }
    }
  }

  /** @param {string} url */
  get(url) {
    return this.#coming.get(url);
  }

  /** Tries it anew when it is wanted next. @param {string} url */
  forget(url) {
    this.#coming.get(url)?.drop();
    this.#coming.delete(url);
  }

  dispose() {
    this.want([]);
  }
}
