/** A video plays, muted, in its tile when the mouse rests on it: one at a time, at the rate its edits say. */
import { getJson, url } from "../core/api.js";
import { h } from "../core/dom.js";
import { playable } from "./large_rates.js";

const REST_MS = 300;

/** @type {import("../core/scope.js").Scope | null} */
let playing = null;
let playingId = 0;
/** What this browser cannot play. @type {Set<number>} */
const refused = new Set();

/** Who wants less motion, or pays for each byte, is not given any. */
const unwanted = () =>
  matchMedia("(prefers-reduced-motion: reduce)").matches ||
  Boolean(/** @type {any} */ (globalThis.navigator).connection?.saveData);

function stop() {
  playing?.dispose();
  playing = null;
  playingId = 0;
}

/**
 * The mouse is on a video's tile.
 *
 * @param {import("./cells.js").Cell} cell @param {import("./rows_cache.js").Row} row
 * @param {import("../core/scope.js").Scope} outer @param {HTMLElement} scroller
 */
export function hoverPlay(cell, row, outer, scroller) {
  if (row.id === playingId || refused.has(row.id) || !cell.element.matches(":hover") || unwanted()) {
    return;
  }
  stop();
  const scope = outer.child();
  playing = scope;
  playingId = row.id;
  scope.listen(cell.element, "pointerleave", stop);
  scope.listen(scroller, "scroll", stop);
  scope.listen(window, "blur", stop);
  for (const type of ["pointerdown", "keydown"]) {
    scope.listen(window, type, stop, { capture: true });
  }
  scope.after(REST_MS, () => void play(cell, row, scope));
}

/** @param {import("./cells.js").Cell} cell @param {import("./rows_cache.js").Row} row @param {import("../core/scope.js").Scope} scope */
async function play(cell, row, scope) {
  const said = row.has_edit_file
    ? await getJson(`images/load-edits?id=${row.id}`, scope.signal).catch(() => null)
    : null;
  if (scope.disposed || cell.id !== row.id) {
    return;
  }
  /** @type {HTMLVideoElement} */
  const video = h("video", { class: "holaf-tile-video", loop: true, playsinline: true, "aria-hidden": "true" });
  video.muted = true;
  video.defaultPlaybackRate = playable(said?.edits?.playbackRate);
  video.src = url("images/full", { id: row.id, v: row.mtime });
  scope.onDispose(() => {
    video.remove();
    video.pause();
    video.removeAttribute("src");
    video.load();
  });
  scope.listen(video, "playing", () => video.classList.add("holaf-playing"));
  scope.listen(video, "error", () => {
    refused.add(row.id);
    stop();
  });
  // The tile may have become another picture's.
  scope.listen(video, "timeupdate", () => cell.id !== row.id && stop());
  cell.element.append(video);
  video.play().catch(() => {});
}
