/** Words of the menu and of what it does. */
import { bytes, count, plural } from "../core/format.js";
import { strings as common } from "./strings.js";

export const strings = {
  ...common,
  nothingSelected: "Select a picture first.",
  regenerateSelected: "Make thumbnails again",
  stillLoading: "The list is still being loaded. Try again in a moment.",
  invertSelection: "Invert the selection",
  manageTags: "Manage tags…",
  jumpTitle: "Go to a date",
  jumpDate: "Date",
  jumpAction: "Go there",
  cancel: "Cancel",
  regenerateFailed: "Make failed thumbnails again",
  regenerateAll: "Make all thumbnails again",
  regenerateAllTitle: (/** @type {number} */ n) => `Make ${plural(n, "thumbnail")} again?`,
  regenerateAllText: "They are made in the background, those on screen first. Until then the old ones are shown.",
  regenerateAllAction: "Make them again",
  emptiedTitle: (/** @type {string} */ label) => `Take the missing files of “${label}” out of the gallery?`,
  emptiedText: (/** @type {string} */ path) =>
    `${path} is empty on the disk, so its files are still listed in case its drive is not connected. Tags and ratings are kept for 30 days.`,
  emptiedAction: "Take them out",
  sync: "Synchronise now",
  clean: "Clean thumbnails",
  statistics: "Thumbnail statistics",
  thumbStats: (/** @type {any} */ s) =>
    [
      `${count(s.generated_thumbnails_count ?? 0)} of ${plural(s.total_db_count ?? 0, "thumbnail")} made`,
      s.failed_count ? `${count(s.failed_count)} failed` : "",
      s.store_bytes ? `${bytes(s.store_bytes)} on disk` : "",
    ]
      .filter(Boolean)
      .join(", "),
  started: (/** @type {string} */ what) => `${what}: started`,
  done: (/** @type {string} */ what, /** @type {string} */ result) => (result ? `${what}: ${result}` : `${what}: done`),
  thumbsMade: (/** @type {any} */ result) =>
    result?.queued !== undefined
      ? `${plural(result.queued, "thumbnail")} being made`
      : [
          `${plural(result?.total ?? 0, "thumbnail")} made again`,
          result?.failed ? `${count(result.failed)} failed` : "",
        ]
          .filter(Boolean)
          .join(", "),
  cleaned: (/** @type {any} */ result) =>
    result?.removed
      ? `${plural(result.removed, "thumbnail")} removed, ${bytes(result.freed_bytes ?? 0)} freed`
      : `nothing to remove, ${count(result?.kept ?? 0)} in use`,
  synced: (/** @type {number} */ total) => `${plural(total, "item")} in the gallery`,
  cancelled: (/** @type {string} */ what) => `${what}: cancelled`,
  interrupted: (/** @type {string} */ what) => `${what}: the server was restarted before it was done`,
  taskFailed: (/** @type {string} */ what, /** @type {string} */ why) => `${what} failed: ${why}`,
};
