/** Plays one video or sound, with a bar of its own: place, speed, loop, single frames, loudness. */
import { h, icon, setProp } from "../core/dom.js";
import { clock } from "../core/format.js";
import { playable, RATES } from "./large_rates.js";
import { strings } from "./large_strings.js";
import { iconButton } from "./toolbar.js";

const SEEK_S = 5;
// Until two frames have been seen: what most video models make.
const USUAL_FRAME_S = 1 / 24;
// A longer gap is no frame: it was paused, or the place was changed.
const LONGEST_FRAME_S = 0.5;

/**
 * Where to seek for the next or the previous frame: into its middle, as its very beginning may still be the one before.
 *
 * @param {number} shown seconds where the frame that is shown begins @param {number} frame seconds it lasts
 * @param {number} way 1 or -1 @param {number} duration
 */
export const besideFrame = (shown, frame, way, duration) =>
  Math.max(0, Math.min(shown + frame * (way > 0 ? 1.5 : -0.5), (duration || Infinity) - frame / 2));

/**
 * @param {object} options
 * @param {import("./rows_cache.js").Row} options.row
 * @param {string} options.source
 * @param {import("../core/preferences.js").Preferences} options.preferences
 * @param {import("../core/scope.js").Scope} options.scope ends with it
 * @param {(size: {width: number, height: number}) => void} options.sized
 * @param {() => void} options.failed
 * @param {() => void} options.ended it has come to its end and is not played again
 */
export function createPlayer({ row, source, preferences, scope, sized, failed, ended }) {
  const video = row.kind === "video";
  /** @type {HTMLVideoElement} */
  const media = h(row.kind, { class: "holaf-large-media", playsinline: true, "aria-label": row.filename });
  let frameS = 0;
  let shownAt = 0;
  let seeking = false;

  const playButton = iconButton("play", strings.play, () => toggle());
  const time = h("span", { class: "holaf-player-time" });
  const place = h("input", {
    type: "range",
    class: "holaf-slider holaf-player-place",
    min: "0",
    max: "1",
    step: "any",
    value: "0",
    "aria-label": strings.place,
    oninput: () => {
      seeking = true;
      media.currentTime = Number(place.value);
      tell();
    },
    onchange: () => {
      seeking = false;
    },
  });
  const loopButton = iconButton("repeat", strings.loop, () => setLoop(!media.loop));
  const muteButton = iconButton("volume-2", strings.mute, () => setMuted(!media.muted));
  const loudness = h("input", {
    type: "range",
    class: "holaf-slider holaf-player-loudness",
    min: "0",
    max: "1",
    step: "0.05",
    "aria-label": strings.loudness,
    oninput: () => {
      media.volume = Number(loudness.value);
      preferences.set("images.volume", media.volume);
      setMuted(media.volume === 0);
    },
  });
  const speed = h(
    "select",
    {
      class: "holaf-player-speed",
      "aria-label": strings.speed,
      title: strings.speed,
      onchange: () => setRate(Number(speed.value)),
    },
    RATES.map((rate) => h("option", { value: String(rate) }, strings.rate(rate))),
  );
  const bar = h(
    "div",
    { class: "holaf-player", role: "group", "aria-label": strings.player },
    playButton,
    video && iconButton("step-back", strings.frameBack, () => step(-1)),
    video && iconButton("step-forward", strings.frameOn, () => step(1)),
    place,
    time,
    speed,
    loopButton,
    muteButton,
    loudness,
  );

  function tell() {
    const total = Number.isFinite(media.duration) ? media.duration : row.duration || 0;
    place.max = String(total || 1);
    if (!seeking) {
      place.value = String(media.currentTime);
    }
    const now = clock(media.currentTime);
    time.textContent = total ? `${now} / ${clock(total)}` : now;
    place.setAttribute("aria-valuetext", time.textContent);
  }

  /** @param {HTMLElement} button @param {string} name @param {string} label @param {boolean} [pressed] */
  function face(button, name, label, pressed) {
    button.replaceChildren(icon(name));
    button.title = label;
    button.setAttribute("aria-label", label);
    if (pressed !== undefined) {
      button.setAttribute("aria-pressed", String(pressed));
    }
  }

  function toggle() {
    if (media.paused) {
      play();
    } else {
      media.pause();
    }
  }

  function play() {
    media.play().catch((error) => {
      // A page that nobody has touched may not make a noise.
      if (error?.name === "NotAllowedError" && !media.muted) {
        media.muted = true;
        drawMuted();
        media.play().catch(() => {});
      }
    });
  }

  /** @param {boolean} loop */
  function setLoop(loop) {
    media.loop = loop;
    preferences.set("images.loop", loop);
    face(loopButton, "repeat", strings.loop, loop);
  }

  /** @param {boolean} muted */
  function setMuted(muted) {
    media.muted = muted;
    preferences.set("images.muted", muted);
    drawMuted();
  }

  function drawMuted() {
    face(muteButton, media.muted ? "volume-x" : "volume-2", media.muted ? strings.unmute : strings.mute);
    loudness.value = String(media.muted ? 0 : media.volume);
  }

  /** @param {number} rate */
  function setRate(rate) {
    const wanted = playable(rate);
    media.defaultPlaybackRate = wanted;
    media.playbackRate = wanted;
    if (!RATES.includes(wanted) && ![...speed.options].some((option) => Number(option.value) === wanted)) {
      speed.append(h("option", { value: String(wanted) }, strings.rate(wanted)));
    }
    speed.value = String(wanted);
  }

  /** The next speed of the list. @param {number} way */
  function faster(way) {
    const next =
      way > 0 ? RATES.find((rate) => rate > media.playbackRate) : RATES.findLast((rate) => rate < media.playbackRate);
    setRate(next ?? media.playbackRate);
  }

  /** @param {number} way */
  function step(way) {
    media.pause();
    media.currentTime = besideFrame(
      video && frameS ? shownAt : media.currentTime,
      frameS || USUAL_FRAME_S,
      way,
      media.duration,
    );
  }

  if (video && media.requestVideoFrameCallback) {
    let count = 0;
    const seen = (
      /** @type {number} */ _now,
      /** @type {VideoFrameCallbackMetadata} */ { mediaTime, presentedFrames },
    ) => {
      const gap = (mediaTime - shownAt) / (presentedFrames - count);
      if (count && gap > 0.001 && gap < LONGEST_FRAME_S && !media.paused) {
        frameS = frameS ? Math.min(frameS, gap) : gap;
      }
      shownAt = mediaTime;
      count = presentedFrames;
      if (!scope.disposed) {
        media.requestVideoFrameCallback(seen);
      }
    };
    media.requestVideoFrameCallback(seen);
  }

  scope.listen(media, "loadedmetadata", () => {
    if (video && !media.videoWidth) {
      // Its sound can be played, its pictures cannot.
      failed();
      return;
    }
    sized({ width: media.videoWidth, height: media.videoHeight });
    tell();
  });
  scope.listen(media, "error", () => media.getAttribute("src") && failed());
  scope.listen(media, "timeupdate", tell);
  scope.listen(media, "seeked", tell);
  scope.listen(media, "durationchange", tell);
  scope.listen(media, "ended", ended);
  for (const type of ["play", "pause"]) {
    scope.listen(media, type, () =>
      face(playButton, media.paused ? "play" : "pause", media.paused ? strings.play : strings.pause),
    );
  }
  scope.onDispose(() => {
    media.pause();
    media.removeAttribute("src");
    media.load();
    bar.remove();
  });

  media.volume = preferences.get("images.volume", 1);
  media.muted = preferences.get("images.muted", false);
  setProp(media, "autoplay", false);
  setLoop(preferences.get("images.loop", true));
  setRate(1);
  drawMuted();
  tell();
  media.src = source;
  play();

  const keys = /** @type {Record<string, () => void>} */ ({
    " ": toggle,
    k: toggle,
    m: () => setMuted(!media.muted),
    l: () => setLoop(!media.loop),
    "<": () => faster(-1),
    ">": () => faster(1),
    ...(video && { ",": () => step(-1), ".": () => step(1) }),
  });

  return {
    media,
    bar,
    toggle,
    setRate,
    setLoop,
    /** @param {KeyboardEvent} event @returns {boolean} it was for the player */
    key(event) {
      if (event.shiftKey && /^Arrow(Left|Right)$/.test(event.key)) {
        media.currentTime += event.key === "ArrowLeft" ? -SEEK_S : SEEK_S;
        return true;
      }
      const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      act?.();
      return Boolean(act);
    },
  };
}
