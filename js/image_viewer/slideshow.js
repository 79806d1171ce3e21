/** Shows one picture after the other by itself, in order or shuffled. */
import { h } from "../core/dom.js";
import { strings } from "./large_strings.js";
import { iconButton } from "./toolbar.js";

export const INTERVALS = [2, 3, 5, 8, 15, 30, 60];
const USUAL = { interval: 5, shuffle: false, loop: true };

/**
 * Cards of which each is drawn once before any comes again. What was not drawn yet is in no list: a library of a million
 * costs as much as what was shown of it.
 */
export class Deck {
  #count;
  #random;
  #drawn = 0;
  /** Where another one lies than at first. @type {Map<number, number>} */
  #moved = new Map();

  /** @param {number} count @param {() => number} [random] @param {number} [first] the one that lies open already */
  constructor(count, random = Math.random, first = -1) {
    this.#count = count;
    this.#random = random;
    if (first >= 0 && first < count) {
      this.#draw(first);
    }
  }

  /** @param {number} at */
  #draw(at) {
    const card = this.#moved.get(at) ?? at;
    this.#moved.set(at, this.#moved.get(this.#drawn) ?? this.#drawn);
    this.#moved.delete(this.#drawn);
    this.#drawn++;
    return card;
  }

  /** Null when all were drawn. */
  next() {
    const left = this.#count - this.#drawn;
    return left > 0 ? this.#draw(this.#drawn + Math.floor(this.#random() * left)) : null;
  }
}

/**
 * Where it goes on from a place; null: nowhere. Asked twice it says the same until it is gone there.
 *
 * @param {() => number} random
 */
export function courseOf(random = Math.random) {
  /** @type {Deck | null} */
  let deck = null;
  let of = -1;
  /** @type {number | null} */
  let drawn = null;
  let from = -1;
  return {
    /** @param {number} at @param {number} count @param {{shuffle: boolean, loop: boolean}} how */
    after(at, count, { shuffle, loop }) {
      if (!shuffle) {
        return at + 1 < count ? at + 1 : loop && count > 1 ? 0 : null;
      }
      if (!deck || of !== count) {
        deck = new Deck(count, random, at);
        of = count;
        from = -1;
      }
      if (from !== at) {
        from = at;
        drawn = deck.next();
        if (drawn === null && loop && count > 1) {
          deck = new Deck(count, random, at);
          drawn = deck.next();
        }
      }
      return drawn;
    },
  };
}

/**
 * @param {object} options
 * @param {import("../core/scope.js").Scope} options.scope
 * @param {import("../core/preferences.js").Preferences} options.preferences
 * @param {() => number} options.position
 * @param {() => number} options.count
 * @param {(position: number) => void} options.go
 * @param {() => void} options.changed it began, ended, or goes on elsewhere
 */
export function createSlideshow({ scope, preferences, position, count, go, changed }) {
  let course = courseOf();
  let running = false;
  let cancel = () => {};
  let shown = false;
  /** A video or a sound is shown to its end. */
  let toTheEnd = false;
  let how = { ...USUAL, .../** @type {any} */ (preferences.get("images.slideshow", {})) };

  const choice = h(
    "select",
    { "aria-label": strings.interval, onchange: () => change({ interval: Number(choice.value) }) },
    INTERVALS.map((seconds) => h("option", { value: String(seconds) }, strings.seconds(seconds))),
  );
  choice.value = String(INTERVALS.includes(how.interval) ? how.interval : USUAL.interval);
  const shuffle = iconButton("shuffle", strings.shuffle, () => change({ shuffle: !how.shuffle }));
  const loop = iconButton("repeat", strings.showAgain, () => change({ loop: !how.loop }));
  const bar = h(
    "div",
    { class: "holaf-show", role: "group", "aria-label": strings.slideshow, hidden: true },
    h("span", { class: "holaf-show-name" }, strings.slideshow),
    choice,
    shuffle,
    loop,
    iconButton("x", strings.stopSlideshow, () => stop()),
  );

  /** @param {Partial<typeof USUAL>} news */
  function change(news) {
    how = { ...how, ...news };
    preferences.set("images.slideshow", how);
    course = courseOf();
    draw();
    wait();
    changed();
  }

  function draw() {
    bar.hidden = !running;
    shuffle.setAttribute("aria-pressed", String(how.shuffle));
    loop.setAttribute("aria-pressed", String(how.loop));
  }

  const following = () => (running ? course.after(position(), count(), how) : null);

  function next() {
    const to = following();
    if (to === null) {
      stop();
    } else {
      go(to);
    }
  }

  /** Until the next one: counted from when this one could be seen, and not while nobody sees it. */
  function wait() {
    cancel();
    if (running && shown && !toTheEnd && !document.hidden) {
      cancel = scope.after(Number(choice.value) * 1000, next);
    }
  }

  function stop() {
    if (running) {
      cancel();
      running = false;
      draw();
      changed();
    }
  }

  scope.listen(document, "visibilitychange", wait);
  draw();

  return {
    bar,
    stop,
    get running() {
      return running;
    },
    get loop() {
      return how.loop;
    },
    start() {
      running = true;
      course = courseOf();
      draw();
      wait();
      changed();
    },
    /** What comes after the one that is shown: it is decoded meanwhile. */
    following,
    /** Another one is on its way. */
    coming() {
      shown = false;
      cancel();
    },
    /** It can be seen now. @param {boolean} [plays] for as long as it plays */
    arrived(plays = false) {
      shown = true;
      toTheEnd = plays;
      wait();
    },
    /** What played has come to its end, or cannot be played. */
    played() {
      toTheEnd = false;
      if (running && shown) {
        next();
      }
    },
  };
}
