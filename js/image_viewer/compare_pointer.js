/** What mouse and fingers do on compared pictures: zoom at the cursor, move, pinch, choose. */
import { wheelFactor } from "./zoom.js";

const MOVED = 4;

/**
 * Points are measured from the corner of the stage.
 *
 * @typedef {{x: number, y: number}} Point
 * @typedef {object} Reactions
 * @property {(point: Point) => any} at what lies there; handed to the others
 * @property {(at: any, point: Point, factor: number) => void} zoom
 * @property {(at: any, dx: number, dy: number, point: Point) => void} drag
 * @property {(at: any, from: Point[], to: Point[]) => void} pinch
 * @property {(at: any) => void} press
 * @property {(at: any, point: Point) => void} double
 *
 * @param {import("../core/scope.js").Scope} scope @param {HTMLElement} stage @param {Reactions} react
 */
export function followPointer(scope, stage, react) {
  /** @type {Map<number, Point>} */
  const down = new Map();
  /** @type {any} */
  let held = null;
  let travelled = 0;
  const pointOf = (/** @type {MouseEvent} */ event) => {
    const { left, top } = stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const isOurs = (/** @type {any} */ event) => !event.target.closest("button, input, select, [role='slider']");

  scope.listen(
    stage,
    "wheel",
    (event) => {
      event.preventDefault();
      const point = pointOf(event);
      react.zoom(react.at(point), point, wheelFactor(event));
    },
    { passive: false },
  );
  scope.listen(stage, "pointerdown", (event) => {
    if (event.button !== 0 || !isOurs(event)) {
      return;
    }
    const point = pointOf(event);
    if (down.size === 0) {
      held = react.at(point);
      travelled = 0;
    }
    down.set(event.pointerId, point);
    stage.setPointerCapture(event.pointerId);
  });
  scope.listen(stage, "pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) {
      return;
    }
    const from = [...down.values()];
    const point = pointOf(event);
    down.set(event.pointerId, point);
    travelled += Math.hypot(point.x - before.x, point.y - before.y);
    if (down.size === 1 && travelled > MOVED) {
      react.drag(held, point.x - before.x, point.y - before.y, point);
    } else if (down.size === 2) {
      travelled = Infinity;
      react.pinch(held, from, [...down.values()]);
    }
  });
  const up = (/** @type {PointerEvent} */ event) => {
    if (down.delete(event.pointerId) && event.type === "pointerup" && down.size === 0 && travelled <= MOVED) {
      react.press(held);
    }
  };
  scope.listen(stage, "pointerup", up);
  scope.listen(stage, "pointercancel", up);
  scope.listen(stage, "dblclick", (event) => {
    if (isOurs(event)) {
      const point = pointOf(event);
      react.double(react.at(point), point);
    }
  });
}
