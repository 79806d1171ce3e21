/** The timeline of a grid: what its places mean in the list that is shown. */
import { rowOf } from "./geometry.js";
import { placeLabel } from "./place_label.js";
import { strings } from "./strings.js";
import { createTimeline } from "./timeline.js";
import { segments, years } from "./timeline_marks.js";

// More groups than this would be a grey bar.
const MOST_MARKS = 400;

/**
 * @param {import("./grid.js").Grid} grid
 * @param {import("./grid.js").GridOptions} options
 * @param {import("./scroll_map.js").ScrollMap} map
 */
export function gridTimeline(grid, { view, rows, scope, jump }, map) {
  /** The picture that stands for a place: the last of the first row there, which has what begins in it. @param {number} top */
  function positionAt(top) {
    const { geometry } = grid;
    const first = grid.firstBelow(top);
    return geometry.rows && top < map.limit ? geometry.rowStart[rowOf(geometry, first) + 1] - 1 : geometry.count - 1;
  }

  /** Of an order that neither dates nor groups explain. @type {import("./place_marks.js").PlaceMarks | null} */
  let places = null;
  async function usePlaces() {
    const { createPlaceMarks } = await import("./place_marks.js");
    places ??= createPlaceMarks(view, scope, () => {
      mark();
      timeline.renew();
    });
    places.renew();
  }

  /** What has its own part of the bar. */
  function parts() {
    const { months, groups } = view;
    const found = months.length ? months : groups.length ? groups : (places?.parts ?? []);
    return found.length > MOST_MARKS ? [] : found;
  }

  const timeline = createTimeline({
    scope,
    jump,
    seek: (fraction) => grid.scrollTo(fraction * map.limit, true),
    goTo: (end) => grid.lead(() => grid.scrollTo(end * map.limit)),
    sized: () => mark(),
    labelAt(fraction) {
      const position = positionAt(fraction * map.limit);
      return view.total ? placeLabel(view, rows.get(view.ids[position]), position, places) : "";
    },
    keydown(event) {
      if (/^(Arrow|Page|Home$|End$)/.test(event.key)) {
        event.preventDefault();
        void import("./timeline_keys.js").then(({ leadAlong }) =>
          leadAlong(event.key, { grid, map, parts, positionAt }),
        );
      }
    },
  });

  function mark() {
    const { geometry } = grid;
    const { months, groups, filled, total } = view;
    const limit = Math.max(1, map.limit);
    /** @param {number} position */
    const placeOf = (position) => timeline.placeOf(Math.min(1, geometry.rowTop[rowOf(geometry, position)] / limit));
    const usable = filled && geometry.rows > 0;
    if (filled && total && !months.length && !groups.length) {
      void usePlaces();
    }
    const newestFirst = months.length ? months[0].key >= months[months.length - 1].key : null;
    timeline.element.classList.toggle("holaf-partial", !usable);
    timeline.mark(
      usable ? segments(parts(), placeOf, timeline.placeOf(1)) : [],
      usable ? years(months.length || groups.length ? months : (places?.named ?? []), placeOf, timeline.height) : [],
      { ...strings.ends(newestFirst), dated: months.length > 0 },
    );
  }

  return {
    element: timeline.element,
    renew: timeline.renew,
    mark,
    /** @param {boolean} moving */
    update(moving) {
      timeline.update(map.limit ? map.top / map.limit : 0, map.view / Math.max(1, map.content), moving);
    },
  };
}
