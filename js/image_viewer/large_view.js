/** One picture, large, on black: the thumbnail at once, the original when it is decoded; arrows go through the whole list. */
import { url } from "../core/api.js";
import { h, icon } from "../core/dom.js";
import { strings } from "./large_strings.js";
import { iconButton } from "./toolbar.js";

/** A row that does not come, because the server is away, is asked for less and less often. */
const SOONEST_MS = 60;
const LATEST_MS = 2000;

/**
 * @param {import("./index.js").Gallery} gallery
 * @param {number} start position
 * @param {{fullscreen?: boolean}} [options]
 */
export function openLarge(gallery, start, { fullscreen = false } = {}) {
  const { view, rows, thumbs, grid, root } = gallery;
  const scope = gallery.scope.child();
  let position = start;
  let id = view.ids[position];
  let shownSource = "";
  let shownId = -1;
  let wait = SOONEST_MS;
  let stopWaiting = () => {};
  const place = h("span", { class: "holaf-large-place" });
  const name = h("span", { class: "holaf-large-name", dir: "auto", "aria-live": "polite" });
  const stage = h("div", { class: "holaf-large-stage" });
  const element = h(
    "div",
    // Not modal: the page's own bar, or the panel's, stays within reach.
    { class: "holaf-large", role: "dialog", "aria-label": strings.large, tabindex: "-1" },
    stage,
    h(
      "div",
      { class: "holaf-large-bar" },
      iconButton("arrow-left", strings.back, () => close()),
      name,
      place,
      h("span", { class: "holaf-spring" }),
      h(
        "a",
        {
          class: "holaf-icon-button",
          target: "_blank",
          rel: "noreferrer",
          "aria-label": strings.openOriginal,
          title: strings.openOriginal,
        },
        icon("external-link"),
      ),
    ),
    h(
      "button",
      {
        type: "button",
        class: "holaf-large-turn holaf-left",
        "aria-label": strings.previous,
        title: strings.previous,
        onclick: () => turn(-1),
      },
      icon("chevron-left", 24),
    ),
    h(
      "button",
      {
        type: "button",
        class: "holaf-large-turn holaf-right",
        "aria-label": strings.next,
        title: strings.next,
        onclick: () => turn(1),
      },
      icon("chevron-right", 24),
    ),
  );
  const link = /** @type {HTMLAnchorElement} */ (element.querySelector("a"));

  /** @param {number} of */
  const source = (of) => url("images/full", { id: of, v: rows.get(of)?.mtime });

  function show() {
    stopWaiting();
    id = view.ids[position];
    const row = rows.get(id);
    const same = id === shownId;
    shownId = id;
    place.textContent = strings.position(position + 1, view.ids.length);
    link.href = source(id);
    rows.want(view.id, view.ids, Math.max(0, position - 5), Math.min(view.ids.length - 1, position + 5));
    if (!row) {
      // Its row is on its way: then it is known what it is. One that was only changed stays until then.
      stopWaiting = scope.after(wait, show);
      wait = Math.min(LATEST_MS, wait * 2);
      if (!same) {
        name.textContent = "";
        shownSource = "";
        stage.replaceChildren();
      }
      return;
    }
    wait = SOONEST_MS;
    if (name.textContent !== row.filename) {
      name.textContent = row.filename;
    }
    if (same && shownSource === source(id)) {
      return;
    }
    shownSource = source(id);
    if (row.kind === "image") {
      showPicture(row, id, same);
    } else {
      const media = h(row.kind, {
        class: "holaf-large-media",
        controls: true,
        autoplay: true,
        src: shownSource,
        "aria-label": row.filename,
      });
      media.addEventListener("error", () => failed());
      stage.replaceChildren(row.kind === "audio" ? h("div", { class: "holaf-large-audio" }, cover(id), media) : media);
    }
    for (const near of [position + 1, position - 1]) {
      const other = view.ids[near];
      if (other !== undefined && rows.get(other)?.kind === "image") {
        new Image().src = source(other);
      }
    }
  }

  /** @param {number} of */
  const cover = (of) => (thumbs.get(of)?.url ? h("img", { src: thumbs.get(of)?.url, alt: "" }) : icon("music", 48));

  /** @param {any} row @param {number} of @param {boolean} again it was shown already, as it was before */
  function showPicture(row, of, again) {
    const size = row.width ? { width: String(row.width), height: String(row.height) } : {};
    const small = thumbs.get(of)?.url;
    const before = small ? h("img", { class: "holaf-large-picture", src: small, alt: row.filename, ...size }) : null;
    if (!again) {
      stage.replaceChildren(...(before ? [before] : []));
    }
    const full = h("img", { class: "holaf-large-picture", src: shownSource, alt: row.filename, ...size });
    const mine = shownSource;
    full.decode().then(
      () => shownSource === mine && stage.replaceChildren(full),
      () => shownSource === mine && !before && failed(),
    );
  }

  function failed() {
    stage.replaceChildren(h("p", { class: "holaf-large-failed" }, icon("image-off", 24), strings.largeFailed));
  }

  /** @param {number} by */
  function turn(by) {
    go(position + by);
  }

  /** @param {number} to */
  function go(to) {
    const next = Math.min(view.ids.length - 1, Math.max(0, to));
    if (next !== position) {
      position = next;
      wait = SOONEST_MS;
      show();
    }
  }

  function close() {
    if (scope.disposed) {
      return;
    }
    scope.dispose();
    element.remove();
    gallery.largeView = null;
    if (document.fullscreenElement === element) {
      void document.exitFullscreen();
    }
    setInert(false);
    grid.list.focus({ preventScroll: true });
    grid.focusOn(position);
  }

  scope.listen(element, "keydown", (event) => {
    const media = event.target.closest?.("video, audio");
    const turns = /** @type {Record<string, () => void>} */ ({
      ArrowLeft: () => turn(-1),
      ArrowRight: () => turn(1),
      ArrowUp: () => turn(-1),
      ArrowDown: () => turn(1),
      PageUp: () => turn(-10),
      PageDown: () => turn(10),
      Home: () => go(0),
      End: () => go(Infinity),
      Enter: () => (event.target.closest?.("button, a") ? null : event.ctrlKey ? full() : close()),
      Escape: () => close(),
    });
    const act = turns[event.key];
    if (act && !(media && event.key.startsWith("Arrow") && event.shiftKey)) {
      if (event.key === "Enter" && event.target.closest?.("button, a")) {
        return;
      }
      event.preventDefault();
      act();
    }
  });
  const full = () =>
    void (document.fullscreenElement ? document.exitFullscreen() : element.requestFullscreen?.().catch(() => {}));
  let resting = () => {};
  scope.listen(element, "pointermove", () => {
    element.classList.remove("holaf-rest");
    resting();
    resting = scope.after(2000, () => element.classList.add("holaf-rest"));
  });
  scope.listen(stage, "dblclick", () => close());
  scope.onDispose(() => element.remove());

  /** @param {boolean} inert */
  function setInert(inert) {
    for (const part of root.children) {
      /** @type {HTMLElement} */ (part).inert = inert;
    }
  }
  setInert(true);
  root.append(element);
  element.focus();
  show();
  if (fullscreen) {
    full();
  }
  return {
    element,
    close,
    listChanged() {
      const at = view.ids.indexOf(id);
      if (view.ids.length) {
        position = at >= 0 ? at : Math.min(position, view.ids.length - 1);
        show();
      } else {
        close();
      }
    },
  };
}
