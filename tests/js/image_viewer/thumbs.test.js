import assert from "node:assert/strict";
import { test } from "node:test";
import { readBatch, Thumbs } from "../../../js/image_viewer/thumbs.js";

/** As the server packs it. */
function packed(items) {
  const size = 4 + items.reduce((all, { bytes = [] }) => all + 10 + bytes.length, 0);
  const view = new DataView(new ArrayBuffer(size));
  view.setUint32(0, items.length, true);
  let at = 4;
  for (const { id, status = 2, type = 1, bytes = [] } of items) {
    view.setUint32(at, id, true);
    view.setUint8(at + 4, status);
    view.setUint8(at + 5, type);
    view.setUint32(at + 6, bytes.length, true);
    new Uint8Array(view.buffer, at + 10, bytes.length).set(bytes);
    at += 10 + bytes.length;
  }
  return view.buffer;
}

/** Thumbs whose answers the test gives; `asked` holds the requests. */
function bench(t) {
  const asked = [];
  const thumbs = new Thumbs({
    fetch: (ids, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        asked.push({ ids, signal, answer: (items) => resolve(packed(items)) });
      }),
    prioritise: async () => {},
    arrived: () => {},
  });
  t.after(() => thumbs.dispose());
  return { thumbs, asked };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a batch is read item by item", () => {
  const items = readBatch(
    packed([
      { id: 7, bytes: [1, 2] },
      { id: 9, status: 3, type: 0 },
    ]),
  );
  assert.deepEqual(
    items.map(({ id, status, type, bytes }) => [id, status, type, [...bytes]]),
    [
      [7, 2, "image/jpeg", [1, 2]],
      [9, 3, "", []],
    ],
  );
});

test("what arrives is shown as a data URL and not asked for again", async (t) => {
  const { thumbs, asked } = bench(t);
  thumbs.want([1, 2]);
  asked[0].answer([
    { id: 1, bytes: [255, 216] },
    { id: 2, bytes: [1], type: 2 },
  ]);
  await settled();
  assert.equal(thumbs.get(1)?.url, "data:image/jpeg;base64,/9g=");
  assert.equal(thumbs.get(2)?.url, "data:image/webp;base64,AQ==");
  thumbs.want([1, 2]);
  assert.equal(asked.length, 1);
});

test("one that was made while the answer was on its way is asked for again", async (t) => {
  const { thumbs, asked } = bench(t);
  thumbs.want([1]);
  thumbs.renew([1]);
  asked[0].answer([{ id: 1, status: 0, type: 0 }]);
  await settled();
  assert.deepEqual(asked[1]?.ids, [1]);
});

test("one that has left the library is not asked for over and over", async (t) => {
  const { thumbs, asked } = bench(t);
  thumbs.want([1]);
  asked[0].answer([]);
  await settled();
  assert.equal(asked.length, 1);
});

test("what was scrolled away is given up", (t) => {
  const { thumbs, asked } = bench(t);
  thumbs.want([1, 2]);
  thumbs.want([3]);
  assert.equal(asked[0].signal.aborted, true);
  assert.deepEqual(asked[1].ids, [3]);
});

test("once it has ended, what it gave up is not asked for again", async (t) => {
  const { thumbs, asked } = bench(t);
  thumbs.want([1, 2]);
  thumbs.dispose();
  await settled();
  assert.ok(asked[0].signal.aborted);
  assert.equal(asked.length, 1);
});
