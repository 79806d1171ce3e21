/** The bar of a comparison: ways of comparing, what belongs to each, zoom. */
import { h, icon } from "../core/dom.js";
import { PAIR_MODES } from "./compare_layout.js";
import { createMeasure } from "./compare_measure.js";
import { strings } from "./compare_strings.js";
import { createVideos } from "./compare_videos.js";
import { iconButton } from "./toolbar.js";

const ICONS = /** @type {Record<string, string>} */ ({
  slider: "square-split-horizontal",
  side: "columns-2",
  flicker: "layers-2",
  difference: "contrast",
});
const SECONDS = [0.5, 1, 2, 4];
const STRONGEST = 6;

/** @param {import("./comparison.js").Comparison} comparison */
export function createBar(comparison) {
  const { looks } = comparison;
  /** After a click keys go on from the pictures; who came by Tab stays. @param {() => void} act */
  const clicked = (act) => (/** @type {MouseEvent} */ event) => {
    act();
    if (event.detail) {
      comparison.element.focus({ preventScroll: true });
    }
  };
  const back = iconButton("arrow-left", strings.back, () => comparison.close());
  const title = h("h2", { class: "holaf-compare-heading" });
  const modes = PAIR_MODES.map((mode) =>
    h(
      "button",
      {
        type: "button",
        class: "holaf-compare-mode",
        title: strings.modeTip(strings.modes[mode]),
        "aria-label": strings.modes[mode],
        onclick: clicked(() => comparison.set({ mode })),
        dataset: { mode },
      },
      icon(ICONS[mode]),
      h("span", {}, strings.modes[mode]),
    ),
  );
  const choice = h("div", { class: "holaf-compare-modes", role: "group", "aria-label": strings.mode }, modes);

  const other = h(
    "button",
    {
      type: "button",
      class: "holaf-button holaf-small",
      title: strings.showOther,
      onclick: clicked(() => comparison.turn()),
    },
    strings.other,
  );
  const play = iconButton(
    "play",
    strings.play,
    clicked(() => comparison.play(!comparison.playing)),
  );
  const seconds = h(
    "select",
    {
      class: "holaf-select",
      "aria-label": strings.interval,
      title: strings.interval,
      onchange: () => comparison.set({ seconds: Number(seconds.value) }),
    },
    SECONDS.map((each) => h("option", { value: String(each) }, strings.seconds(each))),
  );
  const flicker = h("div", { class: "holaf-compare-tools" }, other, play, seconds);

  const amplify = h("input", {
    type: "range",
    class: "holaf-range",
    min: "0",
    max: String(STRONGEST),
    step: "1",
    "aria-label": strings.amplify,
    title: strings.amplify,
    oninput: () => comparison.set({ amplify: 2 ** Number(amplify.value) }),
  });
  const factor = h("span", { class: "holaf-compare-factor" });
  const measure = createMeasure(comparison);
  const videos = createVideos(comparison);
  const difference = h(
    "div",
    { class: "holaf-compare-tools" },
    h("span", { class: "holaf-compare-word" }, strings.amplify),
    amplify,
    factor,
  );

  const zoom = h("button", {
    type: "button",
    class: "holaf-compare-zoom",
    title: strings.zoomTip,
    onclick: clicked(() => looks.toggle(...looks.middle)),
  });
  const lock = h("button", {
    type: "button",
    class: "holaf-icon-button",
    onclick: clicked(() => looks.toggleLock()),
  });
  const parameters = iconButton(
    "sliders-horizontal",
    strings.parametersTip,
    clicked(() => comparison.toggleParameters()),
  );
  const said = h("p", { class: "holaf-compare-said", role: "status" });
  const element = h(
    "div",
    { class: "holaf-compare-bar" },
    back,
    title,
    choice,
    flicker,
    difference,
    videos.element,
    h("span", { class: "holaf-spring" }),
    zoom,
    lock,
    parameters,
  );

  let lockShown = /** @type {boolean | null} */ (null);
  let playShown = false;

  function draw() {
    const { shown, mode, pictures, pair, settings, playing } = comparison;
    const two = shown.length === 2;
    const label = pair ? strings.backToAll(pictures.length) : strings.back;
    back.title = label;
    back.setAttribute("aria-label", label);
    const [one, second] = shown.map(({ id }) => comparison.numberOf(id));
    put(title, pair ? strings.pairOf(one, second) : strings.compare(shown.length));
    choice.hidden = !two;
    for (const button of modes) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    flicker.hidden = mode !== "flicker";
    difference.hidden = mode !== "difference";
    if (playing !== playShown) {
      playShown = playing;
      play.replaceChildren(icon(playing ? "pause" : "play"));
      play.title = playing ? strings.pause : strings.play;
      play.setAttribute("aria-label", play.title);
    }
    seconds.value = String(settings.seconds);
    amplify.value = String(Math.round(Math.log2(settings.amplify)));
    put(factor, strings.amplifyBy(settings.amplify));
    put(zoom, strings.zoom(looks.percent));
    lock.hidden = mode !== "side" && mode !== "grid";
    if (looks.locked !== lockShown) {
      lockShown = looks.locked;
      lock.replaceChildren(icon(looks.locked ? "lock" : "lock-open"));
      lock.title = looks.locked ? strings.locked : strings.unlocked;
      lock.setAttribute("aria-label", strings.locked);
      lock.setAttribute("aria-pressed", String(looks.locked));
    }
    parameters.setAttribute("aria-pressed", String(comparison.parametersOpen));
    videos.draw();
    put(
      said,
      two ? told(shown, mode) : comparison.half === null ? "" : strings.pairFirst(comparison.numberOf(comparison.half)),
    );
    said.hidden = !said.textContent;
  }

  /** @param {import("./compare_picture.js").ComparedPicture[]} shown @param {string} mode */
  function told([one, second], mode) {
    const [first, other] = [one, second].map(({ size }) => `${size.width} × ${size.height}`);
    const alike = Math.abs(one.aspect / second.aspect - 1) < 0.005;
    if (mode === "difference") {
      const sizes = first === other ? "" : alike ? strings.scaled(first, other) : strings.stretched(first, other);
      return [sizes, measure.text()].filter(Boolean).join(" ");
    }
    return first === other || one.size.width === 1 || second.size.width === 1 ? "" : strings.otherSize(first, other);
  }

  return { element, said, videos, draw };
}

/** @param {HTMLElement} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
