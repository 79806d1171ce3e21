/**
 * Scrolls heights that no browser can make an element of (Chromium stops at 33,554,428 px).
 *
 * The element is at most MAX_HEIGHT high. A small scroll moves the content one to one; a long jump (the scrollbar, a
 * script) moves in proportion. While the two drift apart the user sees nothing of it; `settle` brings the scrollbar
 * back to the true place when the scrolling has ended, and at once near an end of the element.
 */
export const MAX_HEIGHT = 8_000_000;

export class ScrollMap {
  /** Height of the content, of the view onto it, and of the element. */
  content = 0;
  view = 0;
  element = 0;
  /** Where the content is: 0 .. limit. */
  top = 0;
  /** The element's scrollTop that goes with it. */
  scrollTop = 0;

  get limit() {
    return Math.max(0, this.content - this.view);
  }

  get #room() {
    return Math.max(0, this.element - this.view);
  }

  /** True when the element is as high as the content. */
  get exact() {
    return this.element === this.content;
  }

  /** Add to a place in the content for its place in the element. Changes only on jumps. */
  get offset() {
    return this.scrollTop - this.top;
  }

  /** A scroll shorter than this is a finger or a wheel, not a scrollbar. */
  get #step() {
    return Math.max(600, Math.min(2 * this.view, this.element / (2 * Math.max(1, this.view))));
  }

  /**
   * @param {number} content @param {number} view
   * @returns {number} the scrollTop to set
   */
  resize(content, view) {
    this.content = content;
    this.view = view;
    this.element = Math.min(content, MAX_HEIGHT);
    return this.moveTo(this.top);
  }

  /**
   * Goes to a place in the content.
   * @param {number} top
   * @returns {number} the scrollTop to set
   */
  moveTo(top) {
    this.top = Math.round(Math.min(this.limit, Math.max(0, top)));
    this.scrollTop = this.#trueScrollTop();
    return this.scrollTop;
  }

  #trueScrollTop() {
    if (this.exact) {
      return this.top;
    }
    return this.limit ? Math.round((this.top / this.limit) * this.#room) : 0;
  }

  /**
   * The element was scrolled.
   * @param {number} scrollTop
   * @returns {number} the place in the content
   */
  scrolled(scrollTop) {
    const by = scrollTop - this.scrollTop;
    this.scrollTop = scrollTop;
    if (this.exact) {
      this.top = scrollTop;
    } else if (Math.abs(by) <= this.#step) {
      this.top = Math.min(this.limit, Math.max(0, this.top + by));
    } else {
      this.top = Math.round((scrollTop / Math.max(1, this.#room)) * this.limit);
    }
    return this.top;
  }

  /** True when the element ends before the content does: settle now. */
  get stuck() {
    const near = 2 * this.view;
    return (
      !this.exact &&
      ((this.scrollTop < near && this.top > this.scrollTop) ||
        (this.#room - this.scrollTop < near && this.limit - this.top > this.#room - this.scrollTop))
    );
  }

  /** @returns {number | null} the scrollTop to set, or null when it is right */
  settle() {
    const scrollTop = this.#trueScrollTop();
    if (scrollTop === this.scrollTop) {
      return null;
    }
    this.scrollTop = scrollTop;
    return scrollTop;
  }
}
