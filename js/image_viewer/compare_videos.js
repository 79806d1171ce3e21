/** Compared videos play in step: one leads, the others are put where it is. */
import { h, icon } from "../core/dom.js";
import { clock } from "../core/format.js";
import { strings } from "./compare_strings.js";
import { iconButton } from "./toolbar.js";

const STEP_MS = 200;
// Less than this nobody sees, and putting a video elsewhere makes it stutter.
const APART_S = 0.12;

/**
 * Where one stands while another that is longer plays: shorter ones begin again.
 * @param {number} at @param {number} duration
 */
export const placeAt = (at, duration) => (duration > 0 ? at % duration : 0);

/** @param {import("./comparison.js").Comparison} comparison */
export function createVideos(comparison) {
  const { scope } = comparison;
  let playing = false;
  const button = iconButton("play", strings.playVideos, () => play(!playing));
  const range = h("input", {
    type: "range",
    class: "holaf-range",
    min: "0",
    max: "1000",
    step: "1",
    "aria-label": strings.videoPlace,
    oninput: () => {
      const at = (Number(range.value) / 1000) * (leader()?.duration ?? 0);
      for (const video of videos()) {
        video.currentTime = placeAt(at, video.duration);
      }
    },
  });
  const time = h("span", { class: "holaf-compare-factor" });
  const element = h("div", { class: "holaf-compare-tools", hidden: true }, button, range, time);

  const videos = () =>
    /** @type {HTMLVideoElement[]} */ (comparison.shown.map(({ video }) => video).filter((video) => video !== null));
  /** The longest. */
  const leader = () => videos().sort((one, other) => other.duration - one.duration)[0];

  /** @param {boolean} on */
  function play(on) {
    playing = on && videos().length > 0;
    follow(0);
    for (const { video } of comparison.pictures) {
      if (playing && video && videos().includes(video)) {
        // A browser may refuse; then it stands still, as the button says.
        video.play().catch(() => !scope.disposed && play(false));
      } else {
        video?.pause();
      }
    }
    draw();
  }

  /** @param {number} apart seconds */
  function follow(apart) {
    const first = leader();
    for (const video of videos()) {
      const at = placeAt(first.currentTime, video.duration);
      if (video !== first && Math.abs(video.currentTime - at) > apart) {
        video.currentTime = at;
      }
    }
  }

  scope.every(STEP_MS, () => {
    if (playing) {
      follow(APART_S);
      drawPlace();
    }
  });

  function drawPlace() {
    const first = leader();
    if (first?.duration > 0) {
      range.value = String(Math.round((first.currentTime / first.duration) * 1000));
      time.textContent = clock(first.currentTime);
    }
  }

  let shown = false;
  function draw() {
    const seen = videos();
    element.hidden = seen.length === 0;
    for (const { video } of comparison.pictures) {
      if (video && !video.paused && !seen.includes(video)) {
        video.pause();
      }
    }
    if (playing !== shown) {
      shown = playing;
      button.replaceChildren(icon(playing ? "pause" : "play"));
      button.title = playing ? strings.pauseVideos : strings.playVideos;
      button.setAttribute("aria-label", button.title);
    }
    drawPlace();
  }

  return {
    element,
    draw,
    toggle: () => play(!playing),
    get any() {
      return videos().length > 0;
    },
  };
}
