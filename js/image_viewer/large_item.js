/** What the large view shows: a picture, a video, a sound, or why there is none of them. */
import { getJson, url } from "../core/api.js";
import { h, icon } from "../core/dom.js";
import { blend } from "./cells.js";
import { Ahead } from "./large_ahead.js";
import { createPlayer } from "./large_media.js";
import { createTrouble } from "./large_trouble.js";

// What was shown before stands for what neither has come nor has a thumbnail, but not for longer.
const STALE_MS = 250;
// A picture of so many pixels is drawn piece by piece: what stands for it stays below.
const LARGE = 24e6;

/** Formats of which this browser showed none, and the server did. @type {Set<string>} */
const drawnFormats = new Set();

/** @typedef {import("./rows_cache.js").Row} Row */

/**
 * @param {object} options
 * @param {import("./index.js").Gallery} options.gallery
 * @param {import("../core/scope.js").Scope} options.scope
 * @param {ReturnType<typeof import("./large_stage.js").createStage>} options.stage
 * @param {ReturnType<typeof import("./slideshow.js").createSlideshow>} options.show
 * @param {HTMLElement} options.foot where a player's bar goes
 * @param {() => Array<Row | undefined>} options.near the one that is shown, and what should be ready beside it
 */
export function createItem({ gallery, scope, stage, show, foot, near }) {
  const { rows, thumbs, preferences } = gallery;
  const ahead = new Ahead();
  /** Pictures that this browser cannot show: the server draws them. @type {Set<number>} */
  const drawn = new Set();
  /** The address of what is shown, or on its way. */
  let shown = "";
  /** Whose picture, or whose thumbnail, the stage shows. */
  let onStage = -1;
  /** Ends when something else is shown. */
  let one = scope.child();
  /** @type {ReturnType<typeof createPlayer> | null} */
  let player = null;
  /** A thumbnail has come. @type {(id: number) => void} */
  let thumbArrived = () => {};

  /** @param {number} id */
  function source(id) {
    const row = rows.get(id);
    const byServer = drawn.has(id) || (row && drawnFormats.has(row.format));
    return url(byServer ? "images/rendered" : "images/full", { id, v: row?.mtime });
  }

  /** Has the pictures around this one decoded, this one first. */
  function want() {
    const pictures = near().filter((row) => row?.kind === "image");
    ahead.want(
      pictures.map((/** @type {any} */ row) => ({ id: row.id, url: source(row.id), pixels: row.width * row.height })),
    );
  }

  /** What belongs to the one that was shown ends; it is seen until something else is. */
  function leave() {
    if (player) {
      stage.freeze(player.media);
      player = null;
    }
    one.dispose();
    one = scope.child();
    shown = "";
  }

  /** @param {Row} row */
  function put(row) {
    if (shown === source(row.id)) {
      want();
      return;
    }
    leave();
    shown = source(row.id);
    if (row.kind === "image") {
      void picture(row);
    } else {
      play(row);
    }
  }

  /** @param {Row} row */
  async function picture(row) {
    const mine = one;
    want();
    const coming = ahead.get(shown);
    if (!coming) {
      return;
    }
    if (!coming.settled && onStage !== row.id && !(show.running && stage.shows)) {
      await standIn(row, mine, coming);
    }
    await coming.ready;
    if (mine.disposed) {
      return;
    }
    if (coming.failed) {
      ahead.forget(coming.url);
      await trouble(row);
      return;
    }
    const { image } = coming;
    image.alt = row.filename;
    const size = { width: image.naturalWidth, height: image.naturalHeight };
    const large = size.width * size.height > LARGE;
    image.decoding = large ? "async" : "sync";
    if (large && onStage === row.id && !seeThrough(row.id)) {
      stage.cover(image, size);
    } else {
      stage.show(size, [image], { same: onStage === row.id });
      onStage = row.id;
    }
    show.arrived();
  }

  /** Only transparent pictures have thumbnails of this type. @param {number} id */
  const seeThrough = (id) => Boolean(thumbs.get(id)?.url.startsWith("data:image/webp"));

  /** @param {number} id */
  function small(id) {
    const src = thumbs.get(id)?.url;
    return src ? h("img", { class: "holaf-large-small", alt: "", src, draggable: "false" }) : null;
  }

  /**
   * Shows a thumbnail until the picture is decoded; until that has come, what was shown before.
   * @param {Row} row @param {import("../core/scope.js").Scope} mine @param {{settled: boolean}} coming
   */
  async function standIn(row, mine, coming) {
    const size = { width: row.width, height: row.height };
    const ground = row.placeholder ? blend(row.placeholder) : "";
    /** @param {HTMLImageElement | null} image */
    const stand = (image) => {
      if (!mine.disposed && !coming.settled) {
        stage.show(size, image ? [image] : [], { same: onStage === row.id, ground: image ? "" : ground });
        onStage = row.id;
      }
    };
    const come = async () => {
      const image = small(row.id);
      await image?.decode().catch(() => {});
      if (image || !stage.shows) {
        stand(image);
      }
      return Boolean(image);
    };
    if (!(await come()) && !mine.disposed) {
      thumbArrived = (of) => of === row.id && void come();
      mine.onDispose(() => {
        thumbArrived = () => {};
      });
      mine.after(STALE_MS, () => onStage !== row.id && stand(null));
    }
  }

  /** @param {Row} row @param {string} [from] another version of it, which this browser can play */
  function play(row, from) {
    const mine = one;
    const made = createPlayer({
      row,
      source: from ?? shown,
      preferences,
      scope: mine,
      sized: (size) => size.width && stage.resize(size),
      failed() {
        if (!mine.disposed) {
          const wanted = shown;
          leave();
          shown = wanted;
          void trouble(row, Boolean(from));
        }
      },
      ended: () => show.played(),
    });
    player = made;
    if (show.running) {
      made.media.loop = false;
    }
    if (row.has_edit_file) {
      getJson(`images/load-edits?id=${row.id}`, mine.signal).then(
        ({ edits }) => edits?.playbackRate && made.setRate(edits.playbackRate),
        () => {},
      );
    }
    const cover = small(row.id);
    if (row.kind === "audio") {
      stage.say(h("div", { class: "holaf-large-audio" }, cover ?? icon("music", 48), made.media));
    } else {
      stage.show({ width: row.width, height: row.height }, [...(cover ? [cover] : []), made.media]);
    }
    onStage = row.id;
    foot.prepend(made.bar);
    want();
    show.arrived(true);
  }

  /** @param {Row} row @param {boolean} [version] it was another version already */
  async function trouble(row, version = false) {
    const mine = one;
    if (row.kind === "image" && !drawn.has(row.id) && !drawnFormats.has(row.format)) {
      // The server may be able to draw it: a TIFF, for one.
      drawn.add(row.id);
      shown = source(row.id);
      want();
      const coming = ahead.get(shown);
      await coming?.ready;
      if (mine.disposed) {
        return;
      }
      if (coming && !coming.failed) {
        if (row.format === "TIFF") {
          // Of other formats it is this file alone.
          drawnFormats.add(row.format);
        }
        await picture(row);
        return;
      }
      ahead.forget(shown);
      drawn.delete(row.id);
      shown = source(row.id);
    }
    onStage = -1;
    stage.say(
      createTrouble({
        row,
        scope: mine,
        again() {
          leave();
          put(row);
        },
        play(from) {
          if (!version) {
            const wanted = shown;
            leave();
            shown = wanted;
            play(row, from);
          }
        },
      }),
    );
    show.arrived();
  }

  scope.onDispose(() => ahead.dispose());

  return {
    put,
    leave,
    want,
    get player() {
      return player;
    },
    thumbArrived: (/** @type {number} */ id) => thumbArrived(id),
  };
}
