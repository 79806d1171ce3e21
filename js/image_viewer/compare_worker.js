/** Counts the pixels in which two pictures differ: a worker, since it takes a second for large ones. */

const ROWS = 128;
const scope = /** @type {any} */ (globalThis);

/**
 * @param {string[]} sources addresses; the second is scaled to the first
 * @returns {Promise<{pixels: number, differing: number, most: number}>} most: of 255
 */
async function measure([first, second]) {
  const one = await bitmapOf(first);
  const other = await bitmapOf(second);
  const { width, height } = one;
  let differing = 0;
  let most = 0;
  for (let top = 0; top < height; top += ROWS) {
    const rows = Math.min(ROWS, height - top);
    const [ours, theirs] = [one, other].map((bitmap) => {
      const canvas = new OffscreenCanvas(width, rows);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
        canvas.getContext("2d", { willReadFrequently: true })
      );
      const scale = bitmap.height / height;
      context.drawImage(bitmap, 0, top * scale, bitmap.width, rows * scale, 0, 0, width, rows);
      return context.getImageData(0, 0, width, rows).data;
    });
    for (let at = 0; at < ours.length; at += 4) {
      const by = Math.max(
        Math.abs(ours[at] - theirs[at]),
        Math.abs(ours[at + 1] - theirs[at + 1]),
        Math.abs(ours[at + 2] - theirs[at + 2]),
        Math.abs(ours[at + 3] - theirs[at + 3]),
      );
      if (by) {
        differing++;
        most = Math.max(most, by);
      }
    }
  }
  return { pixels: width * height, differing, most };
}

/** @param {string} source */
async function bitmapOf(source) {
  const answer = await fetch(source);
  if (!answer.ok) {
    throw new Error(`${answer.status}`);
  }
  return createImageBitmap(await answer.blob());
}

scope.onmessage = async (/** @type {MessageEvent} */ { data }) => {
  try {
    scope.postMessage(await measure(data));
  } catch {
    scope.postMessage(null);
  }
};
