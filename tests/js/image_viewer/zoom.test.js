import assert from "node:assert/strict";
import test from "node:test";
import {
  actualZoom,
  fitScale,
  MOST_ZOOM,
  panBy,
  pinch,
  place,
  wheelFactor,
  WHOLE,
  within,
  zoomTo,
} from "../../../js/image_viewer/zoom.js";

const picture = { width: 1024, height: 512 };
const box = { width: 600, height: 400 };
const near = (/** @type {number} */ one, /** @type {number} */ other) => assert.ok(Math.abs(one - other) < 1e-6);

/** The share of the picture that lies under a point of the box. */
const under = (/** @type {any} */ look, /** @type {any} */ { x, y }) => {
  const at = place(look, picture, box);
  return [(x - at.left) / at.width, (y - at.top) / at.height];
};

test("at zoom 1 all of a picture is shown in the middle of its box", () => {
  assert.deepEqual(place(WHOLE, picture, box), { left: 0, top: 50, width: 600, height: 300, scale: 600 / 1024 });
  assert.equal(fitScale({ width: 0, height: 0 }, box), 1);
  near(actualZoom(picture, box), 1024 / 600);
  near(actualZoom(picture, box, 2), 512 / 600);
});

test("what lies under the cursor stays there while it zooms, in and out again", () => {
  const point = { x: 420, y: 180 };
  let look = WHOLE;
  const before = under(look, point);
  for (const zoom of [2, 5, 30, 6, 3]) {
    look = zoomTo(look, zoom, point, picture, box);
    const now = under(look, point);
    near(now[0], before[0]);
    near(now[1], before[1]);
  }
  assert.deepEqual(zoomTo(look, 1, point, picture, box), WHOLE);
});

test("a picture that is larger than its box leaves no bare edge, a smaller one stays in the middle", () => {
  for (const [dx, dy] of [
    [9999, 0],
    [-9999, 0],
    [0, 9999],
    [0, -9999],
  ]) {
    const at = place(panBy({ zoom: 4, x: 0.4, y: 0.6 }, dx, dy, picture, box), picture, box);
    assert.ok(at.left <= 1e-9 && at.top <= 1e-9);
    assert.ok(at.left + at.width >= box.width - 1e-9 && at.top + at.height >= box.height - 1e-9);
  }
  assert.deepEqual(panBy(WHOLE, 50, 50, picture, box), WHOLE);
  // Wider than the box, not as high: only across it can be moved.
  assert.equal(panBy({ zoom: 1.2, x: 0.5, y: 0.5 }, 10, 10, picture, box).y, 0.5);
});

test("zoom ends at 30 times, or at 800 % of a picture so large that 30 times would be less", () => {
  assert.equal(within({ zoom: 500, x: 0.5, y: 0.5 }, picture, box).zoom, MOST_ZOOM);
  const large = { width: 12_000, height: 9_000 };
  near(within({ zoom: 5000, x: 0.5, y: 0.5 }, large, box).zoom, 8 * actualZoom(large, box));
  assert.equal(within({ zoom: 0.01, x: 0.5, y: 0.5 }, picture, box).zoom, 1);
  // One that is smaller than its box can be seen in its own size.
  near(within({ zoom: 0.01, x: 0, y: 1 }, { width: 60, height: 40 }, box).zoom, 0.1);
});

test("two fingers zoom by how far they go apart and take what lies between them along", () => {
  const from = [
    { x: 250, y: 200 },
    { x: 350, y: 200 },
  ];
  const to = [
    { x: 230, y: 180 },
    { x: 430, y: 180 },
  ];
  const look = pinch({ zoom: 3, x: 0.5, y: 0.5 }, from, to, picture, box);
  near(look.zoom, 6);
  const [x, y] = under({ zoom: 3, x: 0.5, y: 0.5 }, { x: 300, y: 200 });
  const after = under(look, { x: 330, y: 180 });
  near(after[0], x);
  near(after[1], y);
});

test("the wheel zooms as much back as forth, by lines as by pixels, and never by a leap", () => {
  near(wheelFactor({ deltaY: 120, deltaMode: 0 }) * wheelFactor({ deltaY: -120, deltaMode: 0 }), 1);
  near(wheelFactor({ deltaY: 3, deltaMode: 1 }), wheelFactor({ deltaY: 48, deltaMode: 0 }));
  assert.ok(wheelFactor({ deltaY: -1e6, deltaMode: 0 }) < 2);
  assert.ok(wheelFactor({ deltaY: -4, deltaMode: 0, ctrlKey: true }) > wheelFactor({ deltaY: -4, deltaMode: 0 }));
});
