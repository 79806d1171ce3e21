/** One picture, video or sound, large, on black; arrows go through the whole list. Puts the large view's parts together. */
import { url } from "../core/api.js";
import { h, icon } from "../core/dom.js";
import { loadSheet } from "../core/sheet.js";
import { around, blocksAround } from "./large_ahead.js";
import { createFullscreen } from "./large_fullscreen.js";
import { createItem } from "./large_item.js";
import { listenToLargeKeys } from "./large_keys.js";
import { createStage } from "./large_stage.js";
import { strings } from "./large_strings.js";
import { createSlideshow } from "./slideshow.js";
import { iconButton } from "./toolbar.js";

await loadSheet("large_view");

/** A row that does not come, because the server is away, is asked for less and less often. */
const SOONEST_MS = 60;
const LATEST_MS = 2000;
const REST_MS = 2000;

/**
 * @param {import("./index.js").Gallery} gallery
 * @param {number} start position
 * @param {{fullscreen?: boolean, slideshow?: boolean}} [options]
 */
export function openLarge(gallery, start, { fullscreen = false, slideshow = false } = {}) {
  const { view, rows, thumbs, grid, root } = gallery;
  const scope = gallery.scope.child();
  let position = start;
  let id = view.ids[position];
  let step = 1;
  let shownId = -1;
  let wait = SOONEST_MS;
  let stopWaiting = () => {};

  const place = h("span", { class: "holaf-large-place" });
  const name = h("span", { class: "holaf-large-name", dir: "auto", "aria-live": "polite" });
  const marks = h("span", { class: "holaf-large-marks" });
  const zoomButton = h("button", {
    type: "button",
    class: "holaf-large-zoom",
    title: strings.zoomTip,
    onclick: () => stage.toggle(),
  });
  const stage = createStage({
    scope,
    turn,
    leave: () => close(),
    pressed: () => item.player?.toggle(),
    zoomed(percent, whole) {
      zoomButton.hidden = percent === 0;
      zoomButton.textContent = strings.zoom(percent);
      zoomButton.classList.toggle("holaf-whole", whole);
    },
  });
  const show = createSlideshow({
    scope,
    preferences: gallery.preferences,
    position: () => position,
    count: () => view.ids.length,
    go,
    changed: showChanged,
  });
  const link = h(
    "a",
    {
      class: "holaf-icon-button",
      target: "_blank",
      rel: "noreferrer",
      "aria-label": strings.openOriginal,
      title: strings.openOriginal,
    },
    icon("external-link"),
  );
  const showButton = iconButton("monitor-play", strings.startSlideshow, () => toggleShow());
  const menuButton = iconButton("ellipsis", strings.moreActions, () => void openMenu(), { "aria-haspopup": "menu" });
  const foot = h("div", { class: "holaf-large-foot" }, show.bar);
  const element = h(
    "div",
    // Not modal: the page's own bar, or the panel's, stays within reach.
    { class: "holaf-large", role: "dialog", "aria-label": strings.large, tabindex: "-1" },
    stage.element,
    h(
      "div",
      { class: "holaf-large-bar" },
      iconButton("arrow-left", strings.back, () => close()),
      name,
      place,
      marks,
      h("span", { class: "holaf-spring" }),
      zoomButton,
      showButton,
      link,
      menuButton,
    ),
    turnButton("left", strings.previous, -1),
    turnButton("right", strings.next, 1),
    foot,
  );
  const screen = createFullscreen(element, scope);
  const item = createItem({ gallery, scope, stage, show, foot, near });
  link.before(screen.button);

  /** @param {"left" | "right"} side @param {string} label @param {number} by */
  function turnButton(side, label, by) {
    return h(
      "button",
      {
        type: "button",
        class: `holaf-large-turn holaf-${side}`,
        "aria-label": label,
        title: label,
        onclick: () => turn(by),
      },
      icon(`chevron-${side}`, 24),
    );
  }

  async function openMenu() {
    const { openLargeMenu } = await import("./large_menu.js");
    openLargeMenu(gallery, menuButton, rows.get(id));
  }

  /** This one, and what should be ready when it is turned to. */
  function near() {
    const next = show.following();
    const shown = next === null ? [position] : [position, next];
    const places = show.running ? shown : around(position, step, view.ids.length);
    return places.map((at) => rows.get(view.ids[at]));
  }

  function draw() {
    stopWaiting();
    id = view.ids[position];
    const row = rows.get(id);
    const same = id === shownId;
    shownId = id;
    if (!same) {
      show.coming();
      gallery.showInfo(id);
      thumbs.want(blocksAround(position, view.ids.length).map((at) => view.ids[at]));
    }
    place.textContent = strings.position(position + 1, view.ids.length);
    link.href = url("images/full", { id });
    rows.want(view.id, view.ids, Math.max(0, position - 5), Math.min(view.ids.length - 1, position + 5));
    if (!row) {
      // Its row is on its way: then it is known what it is.
      stopWaiting = scope.after(wait, draw);
      wait = Math.min(LATEST_MS, wait * 2);
      if (!same) {
        name.textContent = "";
        item.leave();
      }
      return;
    }
    wait = SOONEST_MS;
    if (name.textContent !== row.filename) {
      name.textContent = row.filename;
    }
    gallery.showMarks?.(marks, row);
    item.put(row);
    if (row.kind !== "image") {
      wake();
    }
  }

  /** @param {number} by */
  function turn(by) {
    go(position + by);
  }

  /** @param {number} to */
  function go(to) {
    const next = Math.min(view.ids.length - 1, Math.max(0, to));
    if (next !== position) {
      step = next < position ? -1 : 1;
      position = next;
      wait = SOONEST_MS;
      draw();
    }
  }

  function toggleShow() {
    if (show.running) {
      show.stop();
    } else {
      show.start();
    }
  }

  function showChanged() {
    element.classList.toggle("holaf-showing", show.running);
    showButton.setAttribute("aria-pressed", String(show.running));
    const media = item.player?.media;
    if (media) {
      media.loop = !show.running && gallery.preferences.get("images.loop", true);
    }
    if (show.running && stage.shows) {
      show.arrived(Boolean(media && !media.paused));
    }
    item.want();
    element.focus({ preventScroll: true });
  }

  function close() {
    if (scope.disposed) {
      return;
    }
    screen.leave();
    scope.dispose();
    element.remove();
    gallery.largeView = null;
    setInert(false);
    grid.list.focus({ preventScroll: true });
    grid.focusOn(position);
    // It asks again for what the pictures here came before.
    grid.render();
  }

  /** One step back. */
  function back() {
    if (show.running) {
      show.stop();
    } else if (screen.on) {
      screen.leave();
    } else {
      close();
    }
  }

  let resting = () => {};
  function wake() {
    element.classList.remove("holaf-rest");
    resting();
    resting = scope.after(REST_MS, () => element.classList.add("holaf-rest"));
  }
  for (const type of ["pointermove", "pointerdown", "focusin"]) {
    scope.listen(element, type, wake);
  }
  scope.onDispose(() => element.remove());

  /** @param {boolean} inert */
  function setInert(inert) {
    for (const part of root.children) {
      // The details may lie beside it.
      if (part !== gallery.info) {
        /** @type {HTMLElement} */ (part).inert = inert;
      }
    }
  }

  listenToLargeKeys({
    scope,
    element,
    stage,
    gallery,
    turn,
    go,
    back,
    close,
    toggleShow,
    toggleScreen: screen.toggle,
    toggleInfo() {
      gallery.toggleInfo();
      gallery.showInfo(id);
    },
    show,
    item,
    id: () => id,
  });
  setInert(true);
  root.append(element);
  stage.measure();
  element.focus();
  draw();
  wake();
  if (fullscreen) {
    screen.toggle();
  }
  if (slideshow) {
    show.start();
  }
  return {
    element,
    close,
    thumbArrived: item.thumbArrived,
    rowsArrived() {
      if (!scope.disposed && name.textContent === "") {
        draw();
      }
    },
    listChanged() {
      const at = view.ids.indexOf(id);
      if (view.ids.length) {
        position = at >= 0 ? at : Math.min(position, view.ids.length - 1);
        draw();
      } else {
        close();
      }
    },
  };
}
