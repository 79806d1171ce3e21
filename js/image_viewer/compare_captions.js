/** The names under compared pictures, with what can be done to each and why one is not shown. */
import { h, icon } from "../core/dom.js";
import { isOver } from "./compare_layout.js";
import { strings } from "./compare_strings.js";
import { iconButton } from "./toolbar.js";

/** @typedef {import("./compare_picture.js").ComparedPicture} ComparedPicture */

/** @param {import("./comparison.js").Comparison} comparison */
export function createCaptions(comparison) {
  const element = h("div", { class: "holaf-compare-captions", role: "group", "aria-label": strings.pictures });
  /** @type {Map<ComparedPicture, ReturnType<typeof caption>>} */
  const captions = new Map();

  /** @param {ComparedPicture} picture */
  function caption(picture) {
    const { id } = picture;
    const number = h("span", { class: "holaf-compare-number" });
    const name = h("span", { class: "holaf-compare-title", dir: "auto" });
    const choose = h(
      "button",
      { type: "button", class: "holaf-compare-name", onclick: () => comparison.choose(id) },
      number,
      name,
    );
    choose.addEventListener("focus", () => choose.matches(":focus-visible") && comparison.choose(id));
    const marks = h("span", { class: "holaf-compare-marks" });
    const pair = iconButton("columns-2", strings.pair(0), () => comparison.choosePair(id));
    const remove = iconButton("x", strings.remove, () => void comparison.remove(id));
    const problem = h("p", { class: "holaf-compare-problem", role: "status", hidden: true });
    const bar = h("div", { class: "holaf-compare-caption" }, choose, marks, pair, remove);
    const place = h("div", { class: "holaf-compare-place", dataset: { id: String(id) } }, problem, bar);
    let said = "";

    /** @param {import("./compare_layout.js").Box} box @param {number} at @param {boolean} over */
    function draw(box, at, over) {
      const which = comparison.numberOf(id);
      const { row } = picture;
      // Of pictures that lie over each other each has one half of the stage's lower edge.
      const half = over ? box.width / 2 : box.width;
      place.style.left = `${box.left + (over ? at * half : 0)}px`;
      place.style.top = `${box.top}px`;
      place.style.width = `${half}px`;
      place.style.height = `${box.height}px`;
      number.textContent = String(which);
      if (name.textContent !== row.filename) {
        name.textContent = row.filename;
        choose.title = row.filename;
      }
      choose.setAttribute("aria-pressed", String(comparison.active === id));
      const many = comparison.shown.length > 2;
      pair.hidden = !many;
      pair.title = strings.pair(which);
      pair.setAttribute("aria-label", strings.pair(which));
      pair.setAttribute("aria-pressed", String(comparison.half === id));
      remove.hidden = comparison.pictures.length <= 2;
      const why = picture.failed
        ? comparison.parameters.problemOf(id) || (picture.thumbShown ? strings.failed : strings.failedBare)
        : picture.gone
          ? strings.gone
          : "";
      if (why !== said) {
        said = why;
        problem.hidden = !why;
        problem.replaceChildren(...(why ? [icon("image-off"), h("span", {}, why)] : []));
      }
    }
    void comparison.gallery.showMarks(marks, picture.row);
    return { place, draw };
  }

  return {
    element,
    /** @param {import("./compare_layout.js").Box[]} boxes of those that are shown */
    draw(boxes) {
      const { shown, mode, pictures } = comparison;
      for (const [picture, { place }] of captions) {
        place.hidden = !shown.includes(picture);
        if (!pictures.includes(picture)) {
          place.remove();
          captions.delete(picture);
        }
      }
      for (const [at, picture] of shown.entries()) {
        let mine = captions.get(picture);
        if (!mine) {
          mine = caption(picture);
          captions.set(picture, mine);
          element.append(mine.place);
        }
        mine.draw(boxes[at], at, isOver(mode));
      }
    },
  };
}
