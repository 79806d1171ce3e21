/** Where in compared pictures one looks: in all of them together, or in each alone. */
import { isOver, layOut } from "./compare_layout.js";
import { actualZoom, panBy, pinch, WHOLE, within, zoomTo } from "./zoom.js";

/**
 * @typedef {import("./compare_picture.js").ComparedPicture} ComparedPicture
 * @typedef {import("./zoom.js").Look} Look
 * @typedef {{x: number, y: number}} Point of the stage
 * @typedef {object} Spot a picture at a point
 * @property {ComparedPicture} picture
 * @property {import("./zoom.js").Size} shape that it has, or takes on
 * @property {import("./compare_layout.js").Box} box
 * @property {(point: Point) => Point} inside from the corner of its box
 */

export class Looks {
  /** @type {Map<number, Look>} of those that are looked at alone */
  #own = new Map();
  /** @type {Look} of all, while they are locked */
  #shared = WHOLE;
  #comparison;
  locked = true;

  /** @param {import("./comparison.js").Comparison} comparison */
  constructor(comparison) {
    this.#comparison = comparison;
  }

  /** Pictures that lie over each other have no looks of their own. */
  get together() {
    return this.locked || isOver(this.#comparison.mode);
  }

  /** @param {ComparedPicture} picture */
  of(picture) {
    return this.together ? this.#shared : (this.#own.get(picture.id) ?? this.#shared);
  }

  /** Are the pictures shown whole? */
  get whole() {
    return this.#shared.zoom <= 1;
  }

  /** @param {ComparedPicture} picture @param {Look} look */
  #set(picture, look) {
    if (this.together) {
      this.#shared = look;
    } else {
      this.#own.set(picture.id, look);
    }
    this.#comparison.draw();
  }

  get layout() {
    const { mode, shown, stageSize } = this.#comparison;
    const aspects = shown.map(({ aspect }) => aspect);
    return layOut(mode, aspects, stageSize);
  }

  /** The picture at a place among those that are shown. @param {number} at @returns {Spot} */
  #spot(at) {
    const box = this.layout.boxes[at];
    const inside = (/** @type {Point} */ { x, y }) => ({ x: x - box.left, y: y - box.top });
    const picture = this.#comparison.shown[at];
    return { picture, shape: this.#comparison.shapeOf(picture), box, inside };
  }

  /** What lies under a point; of pictures that lie over each other the one that is seen there. @param {Point} point */
  at(point) {
    const { mode, shown, activePicture, share, stageSize } = this.#comparison;
    if (mode === "slider") {
      return this.#spot(point.x / stageSize.width > share ? 1 : 0);
    }
    if (isOver(mode)) {
      return this.#spot(shown.indexOf(activePicture));
    }
    const found = this.layout.boxes.findIndex(
      ({ left, top, width, height }) =>
        point.x >= left && point.x <= left + width && point.y >= top && point.y <= top + height,
    );
    return this.#spot(Math.max(0, found));
  }

  /** The active picture, and the middle of its box. @returns {[Spot, Point]} */
  get middle() {
    const { shown, activePicture } = this.#comparison;
    const spot = this.#spot(shown.indexOf(activePicture));
    const { left, top, width, height } = spot.box;
    return [spot, { x: left + width / 2, y: top + height / 2 }];
  }

  /** @param {Spot} spot @param {Point} point @param {number} factor */
  zoom({ picture, shape, box, inside }, point, factor) {
    const look = this.of(picture);
    this.#set(picture, zoomTo(look, look.zoom * factor, inside(point), shape, box));
  }

  /** All of it, or its pixels as they are. @param {Spot} spot @param {Point} point */
  toggle(spot, point) {
    const { zoom } = this.of(spot.picture);
    const actual = actualZoom(spot.shape, spot.box);
    // One that is shown in its own size already is made larger.
    const wanted = Math.abs(zoom - 1) > 0.01 ? 1 : actual > 1.05 ? actual : 2;
    this.zoom(spot, point, wanted / zoom);
  }

  /** @param {Spot} spot @param {number} dx @param {number} dy */
  pan({ picture, shape, box }, dx, dy) {
    this.#set(picture, panBy(this.of(picture), dx, dy, shape, box));
  }

  /** @param {Spot} spot @param {Point[]} from @param {Point[]} to */
  pinch({ picture, shape, box, inside }, from, to) {
    this.#set(picture, pinch(this.of(picture), from.map(inside), to.map(inside), shape, box));
  }

  toggleLock() {
    const look = this.of(this.#comparison.activePicture);
    this.locked = !this.locked;
    this.#own.clear();
    this.#shared = look;
    this.#comparison.draw();
  }

  /** Percent of its own pixels at which the active one is shown. */
  get percent() {
    const [{ picture, shape, box }] = this.middle;
    const { zoom } = within(this.of(picture), shape, box);
    return Math.round((zoom / actualZoom(shape, box)) * 100);
  }
}
