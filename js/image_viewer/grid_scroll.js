/** The scrolling of a grid: the element's own, mapped to rows that no element could be as high as. */
import { ScrollMap } from "./scroll_map.js";

const REST_MS = 160;

export class GridScroll {
  map = new ScrollMap();
  /** The user moves, not only the list. */
  moving = false;
  #frame = 0;
  #rest = () => {};
  #o;

  /** @param {{scroller: HTMLElement, spacer: HTMLElement, scope: import("../core/scope.js").Scope, render: () => void, byUser: () => void}} options */
  constructor(options) {
    this.#o = options;
    const { scroller, scope } = options;
    scope.listen(scroller, "scroll", () => this.#scrolled(), { passive: true });
    scope.onDispose(() => cancelAnimationFrame(this.#frame));
  }

  /** @param {number} content height of all rows @param {number} view onto them */
  resize(content, view) {
    this.map.resize(content, view);
    this.#o.spacer.style.height = `${this.map.element}px`;
  }

  /** Goes to a place without drawing it. @param {number} top */
  jump(top) {
    const { scroller } = this.#o;
    const scrollTop = this.map.moveTo(top);
    if (Math.abs(scroller.scrollTop - scrollTop) > 0.5) {
      scroller.scrollTop = scrollTop;
    }
  }

  /** @param {number} top @param {boolean} [byUser] */
  to(top, byUser = false) {
    this.moving = byUser || this.moving;
    this.jump(top);
    this.#draw();
  }

  #scrolled() {
    const { scrollTop } = this.#o.scroller;
    if (Math.abs(scrollTop - this.map.scrollTop) >= 1) {
      this.map.scrolled(scrollTop);
      this.moving = true;
      this.#o.byUser();
      this.#draw();
    }
  }

  #draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.map.stuck) {
        this.#settle();
      }
      this.#o.render();
    });
    this.#rest();
    this.#rest = this.#o.scope.after(REST_MS, () => {
      this.moving = false;
      this.#settle();
    });
  }

  #settle() {
    const scrollTop = this.map.settle();
    if (scrollTop !== null) {
      this.#o.scroller.scrollTop = scrollTop;
      this.#o.render();
    }
  }
}
