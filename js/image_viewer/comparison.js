/** The window of a comparison: which pictures, how they are shown, and where in them one looks. */
import { h } from "../core/dom.js";
import { createBar } from "./compare_bar.js";
import { createCaptions } from "./compare_captions.js";
import { listenToCompareKeys } from "./compare_keys.js";
import { PAIR_MODES } from "./compare_layout.js";
import { Looks } from "./compare_looks.js";
import { createParameters } from "./compare_parameters.js";
import { ComparedPicture } from "./compare_picture.js";
import { followPointer } from "./compare_pointer.js";
import { strings } from "./compare_strings.js";
import { within } from "./zoom.js";

/** @typedef {import("./compare_layout.js").Mode} Mode */

const AGAIN_MS = 200;

export class Comparison {
  #drawing = 0;
  #stopFlicker = () => {};
  #stopWaiting = () => {};
  /** @type {Array<[HTMLElement, boolean]>} */
  #inert;
  #before;

  /** @param {import("./index.js").Gallery} gallery @param {any[]} rows */
  constructor(gallery, rows) {
    this.gallery = gallery;
    this.scope = gallery.scope.child();
    const kept = gallery.preferences.get("images.compare", /** @type {any} */ ({}));
    const narrow = gallery.root.dataset.size === "narrow";
    this.settings = { mode: "slider", parameters: true, seconds: 1, amplify: 4, ...kept };
    if (!PAIR_MODES.includes(this.settings.mode)) {
      this.settings.mode = "slider";
    }
    this.parametersOpen = this.settings.parameters && !narrow;
    this.pictures = rows.map(({ id }) => new ComparedPicture(id, gallery.thumbs.get(id)?.url ?? "", () => this.draw()));
    /** Two of more, that are looked at alone. @type {number[] | null} */
    this.pair = null;
    /** The first of a pair whose second is not chosen. @type {number | null} */
    this.half = null;
    this.active = this.pictures[0].id;
    this.share = 0.5;
    this.holding = false;
    this.playing = false;
    this.stageSize = { width: 1, height: 1 };

    this.looks = new Looks(this);

    this.layer = h("div", { class: "holaf-compare-layer" });
    this.divider = h("div", {
      class: "holaf-compare-divider",
      role: "slider",
      tabindex: "0",
      "aria-label": strings.divider,
      "aria-valuemin": "0",
      "aria-valuemax": "100",
    });
    this.captions = createCaptions(this);
    this.bar = createBar(this);
    this.stage = h(
      "div",
      { class: "holaf-compare-stage" },
      this.layer,
      this.divider,
      this.captions.element,
      this.bar.said,
    );
    this.parameters = createParameters(this);
    this.element = h(
      "div",
      // Not modal: the page's own bar, or the panel's, stays within reach.
      { class: "holaf-compare", role: "dialog", "aria-label": strings.compare(rows.length), tabindex: "-1" },
      this.bar.element,
      this.stage,
      this.parameters.element,
    );
    this.layer.append(...this.pictures.map(({ element }) => element));
    this.#before = gallery.largeView;
    const others = /** @type {HTMLElement[]} */ ([...gallery.root.children]);
    this.#inert = others.map((part) => [part, part.inert]);
    for (const [part] of this.#inert) {
      part.inert = true;
    }
    gallery.largeView = /** @type {any} */ (this);
    gallery.root.append(this.element);
    this.#listen();
    for (const [at, row] of rows.entries()) {
      this.pictures[at].show(row);
    }
    this.element.focus();
    this.parameters.load();
    this.drawNow();
  }

  #listen() {
    const { scope, stage, looks } = this;
    listenToCompareKeys(this);
    const observer = new ResizeObserver(([{ contentRect }]) => {
      this.stageSize = { width: contentRect.width, height: contentRect.height };
      this.draw();
    });
    observer.observe(stage);
    scope.onDispose(() => {
      observer.disconnect();
      cancelAnimationFrame(this.#drawing);
      this.#stopFlicker();
    });
    followPointer(scope, stage, {
      at: (point) => looks.at(point),
      zoom: (spot, point, factor) => looks.zoom(spot, point, factor),
      drag: (spot, dx, dy, point) =>
        this.mode === "slider" && looks.whole ? this.divide(point.x / this.stageSize.width) : looks.pan(spot, dx, dy),
      pinch: (spot, from, to) => looks.pinch(spot, from, to),
      press: (spot) => {
        this.choose(spot.picture.id);
        this.element.focus({ preventScroll: true });
      },
      double: (spot, point) => looks.toggle(spot, point),
    });
    scope.listen(this.divider, "pointerdown", (event) => {
      event.preventDefault();
      this.divider.focus({ preventScroll: true });
      this.divider.setPointerCapture(event.pointerId);
    });
    scope.listen(this.divider, "pointermove", (event) => {
      if (this.divider.hasPointerCapture(event.pointerId)) {
        const { left, width } = stage.getBoundingClientRect();
        this.divide((event.clientX - left) / width);
      }
    });
  }

  // --- what is shown ----------------------------------------------------------------------------

  get shown() {
    const { pair } = this;
    return pair ? this.pictures.filter(({ id }) => pair.includes(id)) : this.pictures;
  }

  /** @returns {Mode} */
  get mode() {
    return this.shown.length === 2 ? this.settings.mode : "grid";
  }

  /** From 1, as it is called on the stage and among the parameters. @param {number} id */
  numberOf(id) {
    return this.pictures.findIndex((each) => each.id === id) + 1;
  }

  /** The one that keys act on. */
  get activePicture() {
    return this.shown.find(({ id }) => id === this.active) ?? this.shown[0];
  }

  /** Where pictures are subtracted, the second takes on the shape of the first. @param {ComparedPicture} picture */
  shapeOf(picture) {
    return (this.mode === "difference" ? this.shown[0] : picture).size;
  }

  draw() {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    if (this.scope.disposed) {
      return;
    }
    const { shown, mode, stage } = this;
    const { boxes } = this.looks.layout;
    stage.dataset.mode = mode;
    for (const picture of this.pictures) {
      picture.element.hidden = !shown.includes(picture);
    }
    const front = this.#front();
    for (const [at, picture] of shown.entries()) {
      const { element } = picture;
      const shape = this.shapeOf(picture);
      picture.place(within(this.looks.of(picture), shape, boxes[at]), boxes[at], shape);
      element.classList.toggle("holaf-active", picture.id === this.active);
      element.classList.toggle("holaf-behind", mode === "flicker" && picture !== front);
      const cut = (at ? this.share : 1 - this.share) * 100;
      element.style.clipPath = mode === "slider" ? `inset(0 ${at ? 0 : cut}% 0 ${at ? cut : 0}%)` : "";
    }
    this.divider.hidden = mode !== "slider";
    this.divider.style.left = `${this.share * 100}%`;
    this.divider.setAttribute("aria-valuenow", String(Math.round(this.share * 100)));
    this.divider.setAttribute("aria-valuetext", strings.dividerAt(this.share));
    this.layer.style.setProperty("--holaf-amplify", String(mode === "difference" ? this.settings.amplify : 1));
    this.element.classList.toggle("holaf-with-parameters", this.parametersOpen);
    this.captions.draw(boxes);
    this.bar.draw();
    this.parameters.draw();
  }

  /** Of two that take turns, the one that is seen. */
  #front() {
    const { shown, activePicture } = this;
    return this.holding ? shown.find((each) => each !== activePicture) : activePicture;
  }

  // --- what can be done -------------------------------------------------------------------------

  /** @param {Record<string, any>} changes */
  set(changes) {
    Object.assign(this.settings, changes);
    this.gallery.preferences.set("images.compare", { ...this.settings });
    if ("mode" in changes || "seconds" in changes) {
      this.play(this.playing && this.mode === "flicker");
    }
    this.draw();
  }

  /** @param {number} [by] */
  nextMode(by = 1) {
    if (this.shown.length === 2) {
      const at = PAIR_MODES.indexOf(this.settings.mode);
      this.set({ mode: PAIR_MODES[(at + by + PAIR_MODES.length) % PAIR_MODES.length] });
    }
  }

  /** @param {number} id */
  choose(id) {
    if (id !== this.active) {
      this.active = id;
      this.draw();
    }
  }

  /** Shows the other one of two for as long. @param {boolean} on */
  hold(on) {
    if (this.holding !== on) {
      this.holding = on;
      this.draw();
    }
  }

  /** @param {boolean} on */
  play(on) {
    this.#stopFlicker();
    this.playing = on;
    if (on) {
      this.#stopFlicker = this.scope.after(this.settings.seconds * 1000, () => {
        this.turn();
        this.play(true);
      });
    }
    this.draw();
  }

  /** The other one, or the next. */
  turn() {
    const { shown } = this;
    this.choose(shown[(shown.indexOf(this.activePicture) + 1) % shown.length].id);
  }

  /** @param {number} share of the stage that is the first's */
  divide(share) {
    this.share = Math.min(1, Math.max(0, share));
    this.draw();
  }

  toggleParameters() {
    this.parametersOpen = !this.parametersOpen;
    this.set({ parameters: this.parametersOpen });
  }

  /** @param {number} id */
  async remove(id) {
    if (this.pictures.length <= 2) {
      const { toast } = await import("../ui/toast.js");
      toast({ text: strings.lastTwo, kind: "info" });
      return;
    }
    const focus = this.element.contains(document.activeElement);
    const at = this.pictures.findIndex((each) => each.id === id);
    const [gone] = this.pictures.splice(at, 1);
    gone.dispose();
    this.pair = this.pair?.includes(id) ? null : this.pair;
    this.half = this.half === id ? null : this.half;
    if (this.active === id) {
      this.active = this.pictures[Math.min(at, this.pictures.length - 1)].id;
    }
    this.drawNow();
    if (focus) {
      this.element.focus({ preventScroll: true });
    }
  }

  /** The first or the second of a pair of more than two. @param {number} id */
  choosePair(id) {
    if (this.half === null || this.half === id) {
      this.half = this.half === id ? null : id;
    } else {
      this.pair = [this.half, id];
      this.active = this.half;
      this.half = null;
      this.element.focus({ preventScroll: true });
    }
    this.draw();
  }

  /** From a pair to all, from all to the gallery. */
  close() {
    if (this.pair) {
      this.play(false);
      this.pair = null;
      this.draw();
    } else {
      this.leave();
    }
  }

  leave() {
    if (this.scope.disposed) {
      return;
    }
    const { gallery } = this;
    this.scope.dispose();
    for (const picture of this.pictures) {
      picture.dispose();
    }
    this.element.remove();
    for (const [part, inert] of this.#inert) {
      part.inert = inert;
    }
    gallery.largeView = this.#before;
    if (this.#before) {
      this.#before.element.focus({ preventScroll: true });
      return;
    }
    gallery.grid.list.focus({ preventScroll: true });
    const position = gallery.view.ids.indexOf(this.active);
    if (position >= 0) {
      gallery.grid.focusOn(position);
    }
  }

  /** @param {number} id */
  thumbArrived(id) {
    this.pictures.find((each) => each.id === id)?.takeThumb(this.gallery.thumbs.get(id)?.url ?? "");
  }

  /** The list is another: some may have gone from it, or be other files. */
  listChanged() {
    const { rows, view } = this.gallery;
    let waits = !view.filled;
    for (const picture of view.filled ? this.pictures : []) {
      const position = view.ids.indexOf(picture.id);
      const row = rows.get(picture.id);
      if (position < 0) {
        picture.lose();
      } else if (row) {
        picture.show(row);
      } else {
        // It was changed, and what it is now has not come.
        rows.want(view.id, view.ids, position, position);
        waits = true;
      }
    }
    this.#stopWaiting();
    if (waits) {
      this.#stopWaiting = this.scope.after(AGAIN_MS, () => this.listChanged());
    } else {
      this.#before?.listChanged();
    }
  }
}
