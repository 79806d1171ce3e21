/** One picture or video of a comparison: its thumbnail at once, the file itself when it is decoded. */
import { getJson, url } from "../core/api.js";
import { h } from "../core/dom.js";
import { place } from "./zoom.js";

const LARGE = 24e6;

/** @param {string} source @param {any} row @returns {Promise<HTMLImageElement | null>} null for what the browser cannot show */
async function decoded(source, row) {
  const image = h("img", { src: source, alt: row.filename, draggable: "false" });
  return image.decode().then(
    () => image,
    () => null,
  );
}

export class ComparedPicture {
  #changed;
  #source = "";
  /** The address of what is shown: the file, or a version of it. */
  shownSource = "";
  /** @type {any} its row in the list */
  row = null;
  /** The file could not be shown. */
  failed = false;
  /** It has left the list since. */
  gone = false;
  /** @type {HTMLVideoElement | null} */
  video = null;

  /**
   * @param {number} id
   * @param {string} thumb what is known of it already
   * @param {() => void} changed its size is another, or it is sharp, or could not be shown
   */
  constructor(id, thumb, changed) {
    this.id = id;
    this.#changed = changed;
    this.frame = h("div", { class: "holaf-compare-picture" });
    this.element = h("div", { class: "holaf-compare-cell", dataset: { id: String(id) } }, this.frame);
    this.size = { width: 1, height: 1 };
    this.thumb = thumb;
  }

  get aspect() {
    return this.size.width / this.size.height;
  }

  /** The address of the file itself. */
  get source() {
    return this.#source;
  }

  /** @param {any} row */
  show(row) {
    const source = url("images/full", { id: this.id, v: row.mtime });
    if (source === this.#source && !this.gone) {
      return;
    }
    const again = this.#source !== "";
    this.#source = source;
    this.row = row;
    this.failed = false;
    this.gone = false;
    if (row.width && row.height) {
      this.size = { width: row.width, height: row.height };
    }
    if (!again) {
      this.frame.replaceChildren(this.#thumbnail());
    }
    this.element.dataset.state = "loading";
    if (row.kind === "video") {
      this.#showVideo(source);
    } else {
      void this.#showImage(source);
    }
    this.#changed();
  }

  /** Is its thumbnail seen in its place? */
  get thumbShown() {
    return Boolean(this.frame.querySelector("img")?.naturalWidth);
  }

  /** It has come, or is another. @param {string} thumb */
  takeThumb(thumb) {
    const image = this.frame.querySelector(".holaf-compare-thumb");
    if (image && thumb && thumb !== this.thumb) {
      this.thumb = thumb;
      image.src = thumb;
    }
  }

  #thumbnail() {
    const image = h("img", {
      class: "holaf-compare-thumb",
      src: this.thumb || url("images/thumbnail", this.#named),
      alt: this.row.filename,
      draggable: "false",
    });
    image.addEventListener("load", () => this.#takeSize(image.naturalWidth, image.naturalHeight, !this.row.width));
    return image;
  }

  /** @param {string} source */
  async #showImage(source) {
    const image =
      (await decoded(source, this.row)) ??
      // The server draws what this browser cannot.
      (source === this.#source ? await decoded(url("images/rendered", this.#named), this.row) : null);
    if (source !== this.#source) {
      return;
    }
    if (!image) {
      this.#fail();
      return;
    }
    this.shownSource = image.src;
    this.video = null;
    // One of so many pixels is drawn piece by piece: what stands for it stays below.
    const small = image.naturalWidth * image.naturalHeight > LARGE ? this.frame.querySelector("img") : null;
    this.frame.replaceChildren(...(small ? [small] : []), image);
    this.element.dataset.state = "sharp";
    this.#takeSize(image.naturalWidth, image.naturalHeight, true);
  }

  get #named() {
    return { id: this.id, v: this.row.mtime };
  }

  /** @param {string} source @param {string} [from] another version of it */
  #showVideo(source, from = source) {
    const video = /** @type {HTMLVideoElement} */ (
      h("video", { src: from, loop: true, playsinline: true, preload: "auto", "aria-label": this.row.filename })
    );
    video.muted = true;
    video.addEventListener("error", () => source === this.#source && void this.#showOther(source, from));
    video.addEventListener("loadeddata", () => {
      if (source === this.#source) {
        this.video = video;
        this.frame.replaceChildren(video);
        this.element.dataset.state = "sharp";
        this.#takeSize(video.videoWidth, video.videoHeight, true);
      }
    });
    video.load();
  }

  /** Where a version that browsers play was made of a video, that is played. @param {string} source @param {string} tried */
  async #showOther(source, tried) {
    const found = tried === source ? await getJson(`images/playable?id=${this.id}`).catch(() => null) : null;
    if (source === this.#source) {
      if (found?.state === "ready") {
        this.#showVideo(source, url("images/playable/file", { id: this.id, v: found.version }));
      } else {
        this.#fail();
      }
    }
  }

  #fail() {
    this.failed = true;
    this.element.dataset.state = "failed";
    this.#changed();
  }

  /** @param {number} width @param {number} height @param {boolean} better than what the list says */
  #takeSize(width, height, better) {
    if (better && width && height) {
      this.size = { width, height };
    }
    this.#changed();
  }

  /** The list has it no more. */
  lose() {
    this.gone = true;
    this.#changed();
  }

  /**
   * @param {import("./zoom.js").Look} look @param {import("./compare_layout.js").Box} box
   * @param {import("./zoom.js").Size} [shape] another's, that it takes on
   */
  place(look, box, shape = this.size) {
    const at = place(look, shape, box);
    setStyle(this.element, { left: box.left, top: box.top, width: box.width, height: box.height });
    setStyle(this.frame, { left: at.left, top: at.top, width: at.width, height: at.height });
    // So large that its pixels are what is looked at.
    this.element.classList.toggle("holaf-pixels", (at.scale * shape.width) / this.size.width >= 3);
  }

  dispose() {
    this.#source = "";
    this.video?.pause();
    this.video?.removeAttribute("src");
    this.element.remove();
  }
}

/** @param {HTMLElement} element @param {Record<string, number>} pixels */
function setStyle(element, pixels) {
  for (const [name, value] of Object.entries(pixels)) {
    element.style.setProperty(name, `${value}px`);
  }
}
