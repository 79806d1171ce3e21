/** Words of the parts that are loaded when somebody searches or filters. */
import { count, plural } from "../core/format.js";
import { dayLabel, folderLabel, modelLabel, monthLabel, spanLabel } from "./strings.js";

const facets = {
  model: "Model",
  lora: "LoRA",
  sampler: "Sampler",
  scheduler: "Scheduler",
  folder: "Folder",
  format: "Format",
  resolution: "Resolution",
  orientation: "Orientation",
  month: "Month",
  rating: "Rating",
  tag: "Tag",
  shape: "Workflow",
};
const orientations = { landscape: "Landscape", portrait: "Portrait", square: "Square" };
const switches = { workflow: "Workflow", prompt: "Prompt", edits: "Edits", tagged: "Tags" };

/** A value of a facet as it is read. @param {string} name @param {string} value @param {string} [label] the server's */
export function valueLabel(name, value, label = value) {
  switch (name) {
    case "rating":
      return value === "0" || !value ? "Not rated" : plural(Number(value), "star");
    case "month":
      return /^\d{4}-\d\d$/.test(value) ? monthLabel(value) : "No date";
    case "orientation":
      return orientations[/** @type {"square"} */ (value)] ?? words.unknown;
    case "folder":
      return folderLabel(value);
    case "resolution":
      return value ? value.replace("x", " × ") : words.unknown;
    case "shape":
      return label || words.unknown;
    case "tag":
      return value || words.none;
    case "lora":
      return value ? fileLabel(label) : words.none;
    case "model":
      return value ? fileLabel(label) : words.unknown;
    default:
      return label || words.unknown;
  }
}

/** @param {string} path of a model, in the folder of its kind */
const fileLabel = (path) => modelLabel(path.replace(/^.*[\\/]/, ""));

/** The folder that a model is in. @param {string} name @param {string} value */
export const folderOfValue = (name, value) =>
  name === "model" || name === "lora" ? (value.match(/^(.*)[\\/]/)?.[1] ?? "") : "";

export const words = {
  facets,
  unknown: "Unknown",
  none: "None",

  // The search box
  suggestions: "Suggestions",
  clearSearch: "Clear the search",
  stillShown: "What is shown is from before this mistake.",
  kinds: {
    field: "Field",
    word: "Word",
    prompt: "Prompt",
    neg: "Negative prompt",
    file: "File name",
    workflow: "Workflow",
    date: "Date",
    size: "Size",
    kind: "Kind",
    has: "Has",
    node: "Node",
  },
  prompts: (/** @type {number} */ n) => plural(n, "prompt"),
  workflows: (/** @type {number} */ n) => plural(n, "workflow"),

  collections: "Collections",
  hideFilters: "Hide filters",

  // Saved searches
  saved: "Saved searches",
  save: "Save this search",
  saveTitle: "Save this search",
  saveText: "Search, filters and order are saved together.",
  saveName: "Name",
  saveAction: "Save",
  nameMissing: "Give it a name.",
  nameTooLong: (/** @type {number} */ most) => `A name has at most ${count(most)} characters.`,
  replaced: (/** @type {string} */ name) => `“${name}” was replaced`,
  nothingToSave: "Search or filter first: then it can be saved under a name.",
  nothingSaved: "No saved searches yet.",
  savedAs: (/** @type {string} */ name) => `Saved as “${name}”`,
  renameSaved: (/** @type {string} */ name) => `Rename “${name}”`,
  renameTitle: "Rename this search",
  renameAction: "Rename",
  deleteSaved: (/** @type {string} */ name) => `Delete “${name}”`,
  deleted: (/** @type {string} */ name) => `“${name}” was deleted`,
  undo: "Undo",
  loading: "Loading",

  // Help
  help: "How to search",
  helpIntro: "Words must all be there, in any order, in the prompt, the file name or the workflow.",
  helpGroups: [
    {
      title: "Words",
      examples: [
        ["castle lake", "both words"],
        ['"red fox"', "exactly this"],
        ["castle -night", "without a word"],
        ["fox OR wolf", "one of them"],
        ["-(fog OR rain)", "none of them"],
        ["/port(rait|al)/", "a regular expression"],
      ],
    },
    {
      title: "Where",
      examples: [
        ["prompt:castle", "in the prompt"],
        ["neg:blurry", "in the negative prompt"],
        ["file:portrait", "in the file's name"],
        ["folder:portraits", "in a folder's name"],
        ["workflow:upscale", "in the workflow"],
        ["node:KSampler.denoise<0.5", "a node and its value"],
      ],
    },
    {
      title: "How it was made",
      examples: [
        ["model:flux", "its model"],
        ["lora:detail>=0.6", "a LoRA, and how strong"],
        ["sampler:euler,dpmpp", "one of several samplers"],
        ["scheduler:karras", "its scheduler"],
        ["steps:20..30", "from 20 to 30 steps"],
        ["cfg:<=4", "CFG up to 4"],
        ["seed:42", "its seed"],
      ],
    },
    {
      title: "The file",
      examples: [
        ["date:2025-03..", "from March 2025 on"],
        ["size:>1MP", "more than a megapixel"],
        ["width:>=1024", "its width"],
        ["duration:>5s", "longer videos and sounds"],
        ["kind:video", "image, video or audio"],
        ["rating:>=4", "4 or 5 stars"],
        ["tag:best", "a tag"],
        ["has:workflow", "has one: prompt, edits, tags, lora"],
      ],
    },
  ],
  insert: (/** @type {string} */ example) => `Search for ${example}`,

  // Chips
  clearAll: "Clear all",
  remove: (/** @type {string} */ what) => `Remove filter: ${what}`,
  excluded: (/** @type {string} */ what) => `Not ${what}`,
  chip: (/** @type {{kind: string, value: any}} */ { kind, value }, label = "") => {
    switch (kind) {
      case "folders":
        return plural(value, "folder");
      case "date":
        return value.from && value.to
          ? spanLabel(value.from, value.to)
          : value.from
            ? `From ${dayLabel(value.from)}`
            : `Until ${dayLabel(value.to)}`;
      case "tag":
        return value ? `#${value}` : "No tag";
      case "folder":
      case "format":
      case "month":
      case "rating":
      case "resolution":
        return valueLabel(kind, value);
      default:
        return kind.startsWith("has-")
          ? switches[/** @type {"edits"} */ (kind.slice(4))]
          : `${facets[/** @type {"model"} */ (kind)]}: ${valueLabel(kind, value, label || value)}`;
    }
  },
  /** What is not nothing, "" for what is something. */
  some: (/** @type {{kind: string, value: any}} */ { kind, value }) =>
    kind === "rating" && value === "0"
      ? "Rated"
      : value !== ""
        ? ""
        : kind === "tag" || kind === "lora"
          ? `With ${kind === "tag" ? "tags" : "LoRA"}`
          : kind in facets && kind !== "folder"
            ? `${facets[/** @type {"model"} */ (kind)]} known`
            : "",
  with: (/** @type {string} */ what) => `With ${what.toLowerCase()}`,
  without: (/** @type {string} */ what) => `Without ${what.toLowerCase()}`,

  // Facets
  leaveOut: (/** @type {string} */ what) => `Leave out ${what}`,
  leftOut: "left out",
  showThese: "Show these",
  onlyFolder: "Show only this folder",
  leaveOutHere: "Leave out",
  takeBack: "No longer choose this",
  leaveOutTip: "Leave out (Alt+click, or the minus key)",
  clearFacet: (/** @type {string} */ what) => `Clear ${what.toLowerCase()}`,
  more: "More",
  fewer: "Fewer",
  find: (/** @type {string} */ what) => `Find ${what.toLowerCase()}`,
  others: (/** @type {number} */ n) => `${count(n)} more: type to find them`,
  nothingFound: "Nothing of this name.",
  noValues: "Nothing to choose from.",
  facetFailed: "The counts could not be read. They are asked for again when something changes.",
  chosen: (/** @type {number} */ n) => `${count(n)} chosen`,

  // The rail
  folders: "Folders",
  allFolders: "All folders are shown",
  someFolders: (/** @type {number} */ n) => `${plural(n, "folder")} chosen`,
  all: "All",
  invert: "Invert",
  lock: (/** @type {string} */ name) => `Lock ${name}: All, None and Invert leave it as it is`,
  unlock: (/** @type {string} */ name) => `Unlock ${name}`,
  expand: (/** @type {string} */ name) => `Show the folders in ${name}`,
  noFolders: "No folders yet.",
  dates: "Dates",
  from: "From",
  to: "To",
  has: "Contents",
  switches,
  either: "Any",
  yes: "With",
  no: "Without",
  trashcan: "Trashcan",
  today: "Today",
  week: "7 days",
  month: "This month",
  lastMonth: "Last month",
  year: "This year",

  // Nothing found
  noMatches: "Nothing matches",
  noMatchesText: (/** @type {number} */ n) => `None of the ${plural(n, "item")} matches all of this.`,
  noneAlone: "No single one of them is to blame: take several away.",
  withoutIt: (/** @type {string} */ what) => `Without ${what}`,
  clearFilters: "Clear filters",

  // Order
  sortBy: "Sort by",
  sortKeys: {
    mtime: "Date",
    name: "Name",
    size: "File size",
    resolution: "Resolution",
    duration: "Duration",
    seed: "Seed",
    rating: "Rating",
    model: "Model",
    random: "Random",
  },
  shuffle: "Shuffle again",
  noSize: "No size known",
  noDuration: "No duration",
  noSeed: "No seed known",
  seedIs: (/** @type {string} */ seed) => `Seed ${seed}`,
  groupBy: "Group by",
  groups: {
    none: "None",
    day: "Day",
    month: "Month",
    folder: "Folder",
    model: "Model",
    prompt: "Prompt",
    workflow: "Workflow",
  },

  // More like this
  alike: "More like this",
  like: { prompt: "Same prompt", seed: "Same seed", workflow: "Same workflow" },
  filterBy: (/** @type {string} */ what) => `Search for ${what}`,
};
