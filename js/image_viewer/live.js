/** Follows what the server says about the library, its thumbnails and its settings. */
import { events } from "../core/events.js";

// A blink of the connection is not worth showing.
const BLINK_MS = 2500;
const OPTIONS_MS = 700;

/** @param {import("./index.js").Gallery} gallery */
export function followLibrary(gallery) {
  const { scope, store, view, rows, thumbs, grid } = gallery;
  const { signal } = scope;
  let optionsTimer = () => {};
  events.on(
    "images.changed",
    ({ version }) => {
      gallery.newest = version;
      if (view.loaded && version !== view.version) {
        void view.refresh();
      }
      optionsTimer();
      optionsTimer = scope.after(OPTIONS_MS, () => void gallery.readOptions());
    },
    signal,
  );
  events.on(
    "images.index",
    (index) => {
      store.update({ index });
      gallery.states.draw(gallery.error);
      gallery.banner.draw();
    },
    signal,
  );
  events.on("settings.changed", ({ settings }) => gallery.takeDefaults(settings?.gallery), signal);
  events.on("thumbnails.status", (thumbnails) => store.update({ thumbnails }), signal);
  events.on(
    "images.thumbs",
    ({ ready = [], failed = [] }) => {
      for (const [id, reason] of failed) {
        const row = rows.get(id);
        if (row) {
          row.thumbnail_error = reason;
        }
        thumbs.fail(id);
      }
      for (const [id, hash, placeholder] of ready) {
        const row = rows.get(id);
        if (row) {
          row.thumb_hash = hash;
          row.placeholder = placeholder;
          row.thumbnail_status = 2;
        }
      }
      thumbs.renew(ready.map((/** @type {any[]} */ one) => one[0]));
    },
    signal,
  );
  events.onResync(() => {
    void view.refresh();
    thumbs.renew(grid.cells.used.keys());
  }, signal);
  /** @type {(() => void) | null} */
  let stop = null;
  let missed = false;
  events.onState((state) => {
    if (state === "waiting") {
      missed = true;
      stop ??= scope.after(BLINK_MS, () => gallery.banner.connected(false));
    } else if (state === "open") {
      stop?.();
      stop = null;
      gallery.banner.connected(true);
      if (gallery.error) {
        void gallery.reopen();
      } else if (missed) {
        // Rows that were asked for meanwhile did not come.
        grid.render();
      }
      missed = false;
    }
  }, signal);
  scope.listen(window, "holaf-session", () => {
    void (gallery.error || !view.loaded ? gallery.reopen() : view.refresh());
    void gallery.readOptions();
  });
}
