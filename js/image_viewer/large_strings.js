/** Words of the large view, its player and its slideshow. */
import { bytes } from "../core/format.js";
import { strings as common } from "./strings.js";

export const strings = {
  ...common,
  previous: "Previous",
  next: "Next",
  back: "Back to the gallery (Esc)",
  openOriginal: "Open the original file",
  zoomTip: "Fit or 100 % (Z)",
  /** @param {number} percent */
  zoom: (percent) => `${percent} %`,
  fullscreen: "Full screen (F)",
  leaveFullscreen: "Leave full screen (F)",
  details: "Show or hide details (I)",

  moreActions: "More",
  /** @param {string} name */
  moreOf: (name) => `More for ${name}`,

  play: "Play (Space)",
  pause: "Pause (Space)",
  player: "Player",
  place: "Place",
  loop: "Play again and again (L)",
  mute: "Mute (M)",
  unmute: "Sound on (M)",
  loudness: "Loudness",
  speed: "Speed",
  frameBack: "One frame back (,)",
  frameOn: "One frame on (.)",
  /** @param {number} rate */
  rate: (rate) => `${Number(rate.toFixed(2))}×`,

  slideshow: "Slideshow",
  startSlideshow: "Slideshow (S)",
  stopSlideshow: "End the slideshow (Esc)",
  interval: "Time for each picture",
  shuffle: "Shuffle",
  showAgain: "Begin again at the end",
  /** @param {number} seconds */
  seconds: (seconds) => `${seconds} s`,

  gone: "This file is not there any more.",
  goneHint: "It was moved or deleted while the gallery was open. The others are still here.",
  unshown: (/** @type {any} */ row) => `This browser cannot show this ${row.format} file.`,
  unplayed: (/** @type {any} */ row) => `This browser cannot play this ${row.format} file.`,
  unreachable: "The file could not be loaded.",
  tryAgain: "Try again",
  download: (/** @type {any} */ row) => `Download (${bytes(row.size_bytes)})`,
  playableHint: "A version that plays here can be made. The file itself stays as it is.",
  makePlayable: "Make a version that plays",
  making: "Making a version that plays",
  waiting: "Waiting to be told how far it is",
  cancel: "Cancel",
  cancelled: "Cancelled. Nothing was kept.",
  keys: [
    { keys: ["ArrowLeft", "ArrowRight"], text: "Previous, next" },
    { keys: ["Z"], text: "Fit or 100 %" },
    { keys: ["+", "-"], text: "Closer, farther" },
    { keys: "Shift+ArrowRight", text: "Move a picture that is zoomed; 5 seconds on" },
    { keys: "F", text: "Full screen" },
    { keys: "S", text: "Slideshow" },
    { keys: "I", text: "Show or hide details" },
    { keys: "Space", text: "Play or pause" },
    { keys: [",", "."], text: "One frame back, on" },
    { keys: ["<", ">"], text: "Slower, faster" },
    { keys: "L", text: "Play again and again" },
    { keys: "M", text: "Sound on or off" },
    { keys: "Enter", text: "Back to the gallery" },
    { keys: "Escape", text: "One step back" },
  ],
  interrupted: "The server has forgotten this work. Begin again.",
};
