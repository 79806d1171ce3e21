/**
 * The scrollbar of the gallery, beside its right edge: a handle, the months as high as they have pictures, their years,
 * and where one is while it moves or the pointer is over it.
 */
import { fill, h, icon } from "../core/dom.js";
import { strings } from "./strings.js";

const LABEL_ROOM = 14;
const SMALLEST_HANDLE = 28;

/**
 * @typedef {object} TimelineOptions
 * @property {(fraction: number) => void} seek 0 .. 1
 * @property {(fraction: number) => string} labelAt
 * @property {(event: KeyboardEvent) => void} keydown
 * @property {() => void} sized the bar is higher or lower than before
 * @property {(end: 0 | 1) => void} goTo one of the ends
 * @property {() => void} jump asks for a date
 * @property {import("../core/scope.js").Scope} scope
 */

/** @param {TimelineOptions} options */
export function createTimeline({ seek, labelAt, keydown, sized, goTo, jump, scope }) {
  const bubble = h("span", { class: "holaf-timeline-label", "aria-hidden": "true" });
  const handle = h("span", { class: "holaf-timeline-handle" });
  const months = h("span", { class: "holaf-timeline-months", "aria-hidden": "true" });
  const years = h("span", { class: "holaf-timeline-years", "aria-hidden": "true" });
  const bar = h(
    "div",
    {
      class: "holaf-timeline-bar",
      role: "slider",
      tabindex: "0",
      "aria-orientation": "vertical",
      "aria-label": strings.timeline,
      "aria-valuemin": "0",
      "aria-valuemax": "1000",
      "aria-valuenow": "0",
    },
    months,
    years,
    handle,
    bubble,
  );
  /** @param {string} name @param {() => void} onclick */
  const button = (name, onclick) =>
    h("button", { type: "button", class: "holaf-icon-button", onclick }, icon(name, 14));
  const toFirst = button("arrow-up-to-line", () => goTo(0));
  const toLast = button("arrow-down-to-line", () => goTo(1));
  const toDate = button("calendar-days", jump);
  const element = h("div", { class: "holaf-timeline" }, toFirst, bar, toDate, toLast);
  let dragging = false;
  let size = 0;
  let grabbed = 0;
  let height = 1;
  let fraction = 0;
  let shown = "";
  /** What the label was about last. @type {[number, boolean]} */
  let told = [0, true];
  let stopShowing = () => {};

  const observer = new ResizeObserver(() => {
    height = bar.clientHeight || 1;
    sized();
    draw();
  });
  observer.observe(bar);
  scope.onDispose(() => observer.disconnect());

  const room = () => Math.max(1, height - size);

  function draw() {
    handle.style.height = `${size}px`;
    handle.style.transform = `translateY(${Math.round(fraction * room())}px)`;
  }

  /** Says where that is, for a moment or while the pointer is there. @param {number} at 0 .. 1 @param {boolean} [itself] the list is there */
  function tell(at, itself = true) {
    told = [at, itself];
    const text = labelAt(at);
    bubble.textContent = text;
    const y = at * room() + size / 2;
    bubble.style.transform = `translateY(${Math.round(Math.min(height - LABEL_ROOM, Math.max(LABEL_ROOM, y)))}px)`;
    element.classList.add("holaf-moving");
    stopShowing();
    if (itself) {
      bar.setAttribute("aria-valuetext", text);
      stopShowing = scope.after(900, () => element.classList.toggle("holaf-moving", dragging));
    }
  }

  /** @param {PointerEvent} event */
  const toFraction = (event) => {
    const y = event.clientY - bar.getBoundingClientRect().top - grabbed;
    return Math.min(1, Math.max(0, y / room()));
  };

  scope.listen(bar, "pointerdown", (event) => {
    if (event.button === 0) {
      event.preventDefault();
      bar.setPointerCapture(event.pointerId);
      dragging = true;
      const onHandle = event.target === handle;
      grabbed = onHandle ? event.clientY - handle.getBoundingClientRect().top : size / 2;
      if (!onHandle) {
        seek(toFraction(event));
      }
      tell(fraction);
    }
  });
  scope.listen(bar, "pointermove", (event) => {
    if (dragging) {
      seek(toFraction(event));
    } else if (event.pointerType === "mouse") {
      grabbed = size / 2;
      tell(toFraction(event), false);
    }
  });
  scope.listen(bar, "pointerleave", () => {
    if (!dragging) {
      stopShowing();
      element.classList.remove("holaf-moving");
    }
  });
  for (const type of ["pointerup", "pointercancel"]) {
    scope.listen(bar, type, () => {
      if (dragging) {
        dragging = false;
        tell(fraction);
      }
    });
  }
  scope.listen(bar, "keydown", keydown);

  return {
    element,

    /** The pixel of the bar that leads to a place. @param {number} at 0 .. 1 */
    placeOf: (at) => at * room() + size / 2,

    get height() {
      return height;
    },

    /**
     * @param {number} at 0 .. 1
     * @param {number} seen the part of all that is on screen
     * @param {boolean} moving the user scrolls: say where they are
     */
    update(at, seen, moving) {
      fraction = at;
      size = Math.round(Math.min(height, Math.max(SMALLEST_HANDLE, seen * height)));
      element.classList.toggle("holaf-still", seen >= 1);
      bar.setAttribute("aria-valuenow", String(Math.round(at * 1000)));
      draw();
      if (seen < 1 && (moving || dragging)) {
        tell(at);
      } else if (!bar.hasAttribute("aria-valuetext")) {
        bar.setAttribute("aria-valuetext", labelAt(at));
      }
    },

    /** More is known now: a day, a name. */
    renew() {
      if (element.classList.contains("holaf-moving")) {
        tell(...told);
      }
    },

    /**
     * @param {import("./timeline_marks.js").Mark[]} marks
     * @param {import("./timeline_marks.js").YearMark[]} named
     * @param {{first: string, last: string, dated: boolean}} ends
     */
    mark(marks, named, { first, last, dated }) {
      const key = JSON.stringify([marks, named]);
      if (key !== shown) {
        shown = key;
        fill(
          months,
          marks.map(({ from, to }) =>
            h("span", { style: { top: `${from.toFixed(1)}px`, height: `${Math.max(1, to - from - 1).toFixed(1)}px` } }),
          ),
        );
        fill(
          years,
          named.map(({ at, label }) => h("span", { style: { top: `${at.toFixed(1)}px` } }, label)),
        );
      }
      for (const [one, text] of [
        [toFirst, first],
        [toLast, last],
        [toDate, dated ? strings.jump : strings.jumpUndated],
      ]) {
        one.title = text;
        one.setAttribute("aria-label", text);
      }
      toDate.disabled = !dated;
    },
  };
}
