/** Every word of the gallery. */
import { bytes, count, date, duration, plural } from "../core/format.js";
import { pathOfValue, valueOfPath } from "./folder_names.js";

export { bytes, count, date, duration };

/** Each takes milliseconds to make. @param {Intl.DateTimeFormatOptions} options */
const formatOf = (options) => {
  const key = JSON.stringify(options);
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(undefined, options);
    formats.set(key, format);
  }
  return format;
};
/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {Date} when @param {Intl.DateTimeFormatOptions} options */
const formatted = (when, options) => formatOf(options).format(when);

/** @param {string} key YYYY-MM or YYYY-MM-DD */
const toDate = (key) => {
  const [year, month, day = 1] = key.split("-").map(Number);
  return new Date(year, month - 1, day);
};

/** @param {string} key */
export const dayLabel = (key) => {
  const when = toDate(key);
  const today = new Date();
  const away = Math.round(
    (new Date(today.getFullYear(), today.getMonth(), today.getDate()).getTime() - when.getTime()) / 864e5,
  );
  if (away === 0 || away === 1) {
    return away ? "Yesterday" : "Today";
  }
  return formatted(when, { weekday: "short", day: "numeric", month: "long", year: "numeric" });
};

/** @param {string} from @param {string} to */
export const spanLabel = (from, to) => {
  if (from === to) {
    return dayLabel(from);
  }
  const [first, last] = from < to ? [from, to] : [to, from];
  const options = /** @type {Intl.DateTimeFormatOptions} */ ({ day: "numeric", month: "long", year: "numeric" });
  return formatOf(options).formatRange(toDate(first), toDate(last));
};

/** @param {string} key */
export const monthLabel = (key) => formatted(toDate(key), { month: "long", year: "numeric" });

/** @param {number} seconds since 1970 @returns {string} YYYY-MM-DD where the user is */
export const isoDay = (seconds) => {
  const when = new Date(seconds * 1000);
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  return `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
};

/** @param {string} kind what it is a group of @param {import("./groups.js").Header} group */
export const groupLabel = (kind, { key, to = key, label = "" }) => {
  switch (kind) {
    case "day":
      return key ? spanLabel(key, to) : strings.noDate;
    case "month":
      return key ? monthLabel(key) : strings.noDate;
    case "folder":
      return label || folderLabel(pathOfValue(key));
    case "model":
      return modelLabel(label || key) || strings.nothing.model;
    default:
      return label || key || strings.nothing[/** @type {"model"} */ (kind)] || strings.unknown;
  }
};

/** With its folder, by which models are sorted. @param {string} path */
export const modelLabel = (path) => path.replace(/\.(?:safetensors|sft|ckpt|pth?|bin|gguf)$/i, "");

/** @param {string} path */
export const folderLabel = (path) =>
  path === "root"
    ? "Directly in output"
    : path === "trashcan"
      ? "Trashcan"
      : path.endsWith(":")
        ? path.slice(0, -1)
        : valueOfPath(path);

export const strings = {
  gallery: "Gallery",
  pictures: "Pictures",
  filters: "Filters",
  showFilters: "Show filters",
  info: "Details",
  toggleInfo: "Show or hide details (I)",
  more: "More actions",
  viewOptions: "Sort and size",
  close: "Close",
  search: "Search",
  sort: "Sort by",
  sorts: {
    mtime_desc: "Newest first",
    mtime_asc: "Oldest first",
    name_asc: "Name A–Z",
    name_desc: "Name Z–A",
    size_desc: "Largest files first",
    size_asc: "Smallest files first",
    resolution_desc: "Most pixels first",
    resolution_asc: "Fewest pixels first",
    duration_desc: "Longest first",
    duration_asc: "Shortest first",
    seed_asc: "Seed, lowest first",
    seed_desc: "Seed, highest first",
    rating_desc: "Best rated first",
    rating_asc: "Worst rated first",
    model_asc: "Model A–Z",
    model_desc: "Model Z–A",
    random_asc: "Random order",
    random_desc: "Random order",
  },
  size: "Picture size",
  mode: "Layout",
  modes: { justified: "Justified rows", square: "Squares", contain: "Whole pictures in squares" },

  folders: "Folders",
  dates: "Dates",
  models: "Models and LoRAs",
  ratings: "Ratings and tags",
  activeFilters: "Active filters",

  selected: (/** @type {number} */ n) => `${count(n)} selected`,
  counting: "Counting the selection",
  selectAll: "Select all",
  clearSelection: "Clear selection",
  selectGroup: (/** @type {string} */ group) => `Select all of ${group}`,
  manyGroups: (/** @type {number} */ n, /** @type {string} */ kind) =>
    `${count(n)} ${kind}s are too many for a header each: choose fewer pictures to see them.`,
  noDate: "No date",
  unknown: "Unknown",
  nothing: { model: "No model known", prompt: "No prompt", workflow: "No workflow" },
  large: "Large view",
  shown: (/** @type {number} */ shown, /** @type {number} */ total) =>
    shown === total ? plural(total, "item") : `${count(shown)} of ${plural(total, "item")}`,
  newItems: (/** @type {number} */ n) => `${count(n)} new`,
  toTop: "Go to the newest",
  tile: (/** @type {any} */ row) =>
    row
      ? [row.filename, row.kind === "image" ? "" : row.kind, date(row.mtime), strings.marks.text(row)]
          .filter(Boolean)
          .join(", ")
      : "Loading",
  marks: {
    stars: (/** @type {number} */ n) => (n ? plural(n, "star") : "No rating"),
    favourite: "Favourite",
    makeFavourite: "Make a favourite",
    labelled: (/** @type {string} */ label) => `${label[0].toUpperCase()}${label.slice(1)} label`,
    text: (/** @type {any} */ row) =>
      [
        row.rating ? strings.marks.stars(row.rating) : "",
        row.favourite ? strings.marks.favourite : "",
        row.label ? strings.marks.labelled(row.label) : "",
      ]
        .filter(Boolean)
        .join(", "),
  },
  thumbFailed: (/** @type {string} */ reason) => `No thumbnail: ${reason || "the file could not be read"}`,
  timeline: "Place in the list",
  ends: (/** @type {boolean | null} */ newestFirst) =>
    newestFirst === null
      ? { first: "Go to the first", last: "Go to the last" }
      : newestFirst
        ? { first: "Go to the newest", last: "Go to the oldest" }
        : { first: "Go to the oldest", last: "Go to the newest" },
  jump: "Go to a date (G)",
  jumpUndated: "Sort by date to go to a date",
  position: (/** @type {number} */ n, /** @type {number} */ of) => `${count(n)} of ${count(of)}`,

  indexing: (/** @type {any} */ s) =>
    [
      `Indexing: ${count(s.done ?? 0)} of ${count(s.found ?? 0)}`,
      s.per_second ? `${count(s.per_second)} per second` : "",
      s.remaining_s != null ? `${duration(s.remaining_s)} left` : "",
    ]
      .filter(Boolean)
      .join(" · "),
  starting: "Starting to index",
  checking: "Checking for changes",
  watching: "Watching",
  watchingTip: "New, changed and deleted files show up by themselves.",
  polling: (/** @type {string} */ message) => message || "Checking for new files regularly",
  unreachable: (/** @type {string} */ label) => `“${label}” is not reachable`,
  makingThumbs: (/** @type {number} */ n) => `${plural(n, "thumbnail")} to make`,
  pausedThumbs: "Only thumbnails in view are made",

  loading: "Loading pictures",
  empty: "No pictures yet",
  emptyText: "Pictures, videos and sounds that ComfyUI saves show up here by themselves. This folder is watched:",
  synchronise: "Look for files now",
  firstIndex: "Reading your library",
  firstIndexText: "Pictures appear as they are found. You can go on working meanwhile.",
  gone: "The folder is not reachable",
  goneText: (/** @type {string} */ path) =>
    `${path} is missing or not mounted. Nothing was forgotten: its pictures come back with the folder.`,
  failed: "The gallery could not be loaded",
  failedText: (/** @type {string} */ why) => `${why.replace(/\.?$/, ".")} Your files are untouched.`,
  disconnected: "The connection was lost. What you see may be out of date.",
  reconnect: "Reconnect",
};
