/**
 * Zoom and pan of a picture in a box, apart from any element. Where one looks is said in shares of the picture, so
 * that pictures of other sizes can be looked at in the same place.
 *
 * @typedef {{width: number, height: number}} Size in CSS pixels, or in the picture's own
 * @typedef {object} Look
 * @property {number} zoom 1: all of the picture, as large as the box allows
 * @property {number} x of the point in the middle of the box: 0 the picture's left edge, 1 its right one
 * @property {number} y
 */

export const MOST_ZOOM = 30;
/** @type {Look} all of it */
export const WHOLE = Object.freeze({ zoom: 1, x: 0.5, y: 0.5 });

/** Pixels of the box for one of the picture, at zoom 1. @param {Size} picture @param {Size} box */
export const fitScale = (picture, box) =>
  picture.width > 0 && picture.height > 0 ? Math.min(box.width / picture.width, box.height / picture.height) : 1;

/** The zoom that shows one pixel as one. @param {Size} picture @param {Size} box @param {number} [ratio] of the device */
export const actualZoom = (picture, box, ratio = 1) => 1 / ratio / (fitScale(picture, box) || 1);

/** Where the picture lies in the box. @param {Look} look @param {Size} picture @param {Size} box */
export function place(look, picture, box) {
  const scale = fitScale(picture, box) * look.zoom;
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { left: box.width / 2 - look.x * width, top: box.height / 2 - look.y * height, width, height, scale };
}

/**
 * Within the limits: the picture covers the box where it is larger, and is in its middle where it is not. Zoom goes
 * from 1, or from 100 % where that is less, to 30, or to 800 % where that is more.
 *
 * @param {Look} look @param {Size} picture @param {Size} box @returns {Look}
 */
export function within(look, picture, box) {
  const actual = actualZoom(picture, box);
  const zoom = Math.min(Math.max(look.zoom, Math.min(1, actual)), Math.max(MOST_ZOOM, 8 * actual));
  const { width, height } = place({ ...look, zoom }, picture, box);
  return { zoom, x: inside(look.x, box.width / width), y: inside(look.y, box.height / height) };
}

/** @param {number} middle @param {number} seen share of the picture that the box shows */
const inside = (middle, seen) => (seen >= 1 || !(seen > 0) ? 0.5 : Math.min(1 - seen / 2, Math.max(seen / 2, middle)));

/**
 * Zooms; what lies under the point stays under it as far as the limits allow.
 *
 * @param {Look} look @param {number} zoom @param {{x: number, y: number}} point from the box's corner
 * @param {Size} picture @param {Size} box
 */
export function zoomTo(look, zoom, point, picture, box) {
  const before = place(look, picture, box);
  const wanted = within({ ...look, zoom }, picture, box).zoom;
  const after = place({ ...look, zoom: wanted }, picture, box);
  const x = (point.x - before.left) / before.width;
  const y = (point.y - before.top) / before.height;
  return within(
    { zoom: wanted, x: x - (point.x - box.width / 2) / after.width, y: y - (point.y - box.height / 2) / after.height },
    picture,
    box,
  );
}

/** Moves the picture by pixels of the box. @param {Look} look @param {number} dx @param {number} dy @param {Size} picture @param {Size} box */
export function panBy(look, dx, dy, picture, box) {
  const { width, height } = place(look, picture, box);
  return within({ ...look, x: look.x - dx / width, y: look.y - dy / height }, picture, box);
}

/** How much a turn of the wheel zooms. @param {{deltaY: number, deltaMode: number, ctrlKey?: boolean}} wheel */
export function wheelFactor({ deltaY, deltaMode, ctrlKey }) {
  const pixels = deltaY * (deltaMode === 1 ? 16 : deltaMode === 2 ? 400 : 1);
  // A pinch on a touchpad comes as a wheel with Ctrl, in smaller steps.
  return Math.exp(-Math.max(-240, Math.min(240, pixels)) * (ctrlKey ? 0.01 : 0.002));
}

/**
 * What two fingers do: what lay between them stays between them.
 *
 * @param {Look} look before @param {Array<{x: number, y: number}>} from @param {Array<{x: number, y: number}>} to
 * @param {Size} picture @param {Size} box
 */
export function pinch(look, from, to, picture, box) {
  const start = middle(from);
  const end = middle(to);
  const factor = (spread(to) || 1) / (spread(from) || 1);
  const zoomed = zoomTo(look, look.zoom * factor, start, picture, box);
  return panBy(zoomed, end.x - start.x, end.y - start.y, picture, box);
}

/** @param {Array<{x: number, y: number}>} points */
const middle = ([one, other]) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });

/** @param {Array<{x: number, y: number}>} points */
const spread = ([one, other]) => Math.hypot(one.x - other.x, one.y - other.y);
