/**
 * What the gallery is asked to show, as the request and as the address of the page.
 *
 * @typedef {{any: readonly string[], none: readonly string[]}} Choice values of which one is wanted, and none may be
 *
 * @typedef {object} Filters
 * @property {string[]} folders with what is below them; none: not filtered
 * @property {Record<string, Choice>} facets what was chosen, by the facet's name; empty choices are not kept
 * @property {string} from YYYY-MM-DD or ""
 * @property {string} to YYYY-MM-DD or ""
 * @property {boolean | null} workflow has one, has none, either
 * @property {boolean | null} prompt
 * @property {boolean | null} edits
 * @property {boolean | null} tagged
 * @property {string} search
 * @property {string} sort
 * @property {number} shuffle which of the random orders
 * @property {string} group "auto": days where pictures are in the order of their dates
 */

export const TRASHCAN = "trashcan";
export const DEFAULT_SORT = "mtime_desc";
export const SORTS = ["mtime", "name", "size", "resolution", "duration", "seed", "rating", "model", "random"];
export const GROUPS = ["none", "day", "month", "folder", "model", "prompt", "workflow"];
export const FACETS = [
  "model",
  "lora",
  "sampler",
  "scheduler",
  "folder",
  "format",
  "resolution",
  "orientation",
  "month",
  "rating",
  "tag",
  "shape",
];
/** @type {Array<"workflow" | "prompt" | "edits" | "tagged">} */
export const SWITCHES = ["workflow", "prompt", "edits", "tagged"];
const LONGEST_SEARCH = 10_000;
const MOST_VALUES = 200;

/** @type {Readonly<Filters>} */
export const NO_FILTERS = Object.freeze({
  folders: [],
  facets: {},
  from: "",
  to: "",
  workflow: null,
  prompt: null,
  edits: null,
  tagged: null,
  search: "",
  sort: DEFAULT_SORT,
  shuffle: 0,
  group: "auto",
});

/** By what the pictures are put together, or null. @param {Filters} filters */
export const groupOf = ({ group, sort }) =>
  group === "auto" ? (sort.startsWith("mtime") ? "day" : null) : group === "none" ? null : group;

/**
 * The body of POST view. Absent means not filtered.
 * @param {Filters} filters
 * @returns {Record<string, any>}
 */
export function toRequest(filters) {
  /** @type {Record<string, any>} */
  const body = { sort: filters.sort, group: groupOf(filters) };
  if (filters.sort.startsWith("random")) {
    body.random_seed = filters.shuffle;
  }
  if (filters.folders.length) {
    body.folder_filters = filters.folders;
  }
  if (Object.keys(filters.facets).length) {
    body.facets = filters.facets;
  }
  if (filters.from) {
    body.startDate = filters.from;
  }
  if (filters.to) {
    body.endDate = filters.to;
  }
  if (filters.workflow !== null) {
    body.workflow_sources = filters.workflow ? ["embedded", "sidecar"] : ["none"];
  }
  /** @type {Record<string, boolean>} */
  const flags = {};
  for (const [name, flag] of /** @type {const} */ ([
    ["prompt", "has_prompt"],
    ["edits", "has_edits"],
    ["tagged", "has_tags"],
  ])) {
    const wanted = filters[name];
    if (wanted !== null) {
      flags[flag] = wanted;
    }
  }
  if (Object.keys(flags).length) {
    body.bool_filters = flags;
  }
  // What stands before it stays: the server says by numbers where a term is.
  const search = filters.search.trimEnd();
  if (search) {
    body.search = search;
  }
  return body;
}

/** @param {Filters} filters @returns {URLSearchParams} only what is not the default */
export function toQuery(filters) {
  const query = new URLSearchParams();
  /** @param {string} name @param {string | number} value @param {string | number} [otherwise] */
  const put = (name, value, otherwise = "") => value !== otherwise && query.set(name, String(value));
  put("q", filters.search.trim());
  for (const folder of filters.folders) {
    query.append("folder", folder);
  }
  for (const [name, { any, none }] of Object.entries(filters.facets)) {
    for (const value of any) {
      query.append(name, value);
    }
    for (const value of none) {
      query.append(`-${name}`, value);
    }
  }
  put("from", filters.from);
  put("to", filters.to);
  for (const name of SWITCHES) {
    if (filters[name] !== null) {
      put(name, filters[name] ? "yes" : "no");
    }
  }
  put("sort", filters.sort, DEFAULT_SORT);
  put("shuffle", filters.shuffle, 0);
  put("group", filters.group, "auto");
  return query;
}

/** Reads an address; what it does not know it leaves out. @param {URLSearchParams} query @returns {Filters} */
export function fromQuery(query) {
  const text = (/** @type {string} */ name) => query.get(name) ?? "";
  const day = (/** @type {string} */ name) => (isDay(text(name)) ? text(name) : "");
  /** @param {string} name */
  const list = (name) => [...new Set(query.getAll(name).filter((value) => value.length < 4096))].slice(0, MOST_VALUES);
  /** @type {Record<string, Choice>} */
  const facets = {};
  for (const name of FACETS) {
    // A folder is wanted by the tree, which knows what is below it.
    const any = name === "folder" ? [] : list(name);
    const none = list(`-${name}`).filter((value) => !any.includes(value));
    if (any.length || none.length) {
      facets[name] = { any, none };
    }
  }
  const [key, way] = text("sort").split("_");
  const filters = {
    ...NO_FILTERS,
    folders: list("folder").filter(Boolean),
    facets,
    from: day("from"),
    to: day("to"),
    search: scoped(text("in"), text("q")).slice(0, LONGEST_SEARCH),
    sort: SORTS.includes(key) && /^(a|de)sc$/.test(way) ? `${key}_${way}` : DEFAULT_SORT,
    shuffle: Number(text("shuffle").match(/^\d{1,9}$/)?.[0] ?? 0),
    group: GROUPS.includes(text("group")) ? text("group") : "auto",
  };
  for (const name of SWITCHES) {
    const value = query.get(name);
    filters[name] = value === "yes" ? true : value === "no" ? false : null;
  }
  return filters;
}

/** Addresses of version 2 said beside the words where they are looked for. @param {string} place @param {string} words */
function scoped(place, words) {
  const field = { name: "file", prompt: "prompt", workflow: "workflow" }[place];
  return field && words ? `${field}:(${words})` : words;
}

/** What was remembered, by this version or an older one. @param {any} kept @returns {Filters} */
export function remembered(kept) {
  const { formats = [], tags = [], facets = {}, scope, ...rest } = kept ?? {};
  /** @type {Record<string, Choice>} */
  const chosen = { ...facets };
  for (const [name, any] of [
    ["format", formats],
    ["tag", tags],
  ]) {
    if (any.length) {
      chosen[name] = { any, none: [] };
    }
  }
  return { ...NO_FILTERS, ...rest, facets: chosen, search: "" };
}

/** @param {string} value */
export const isDay = (value) => /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(`${value}T00:00:00Z`));

/** Is there anything that keeps pictures away? @param {Filters} filters */
export const isFiltered = (filters) =>
  Object.keys(toRequest(filters)).some((name) => !["sort", "group", "random_seed"].includes(name));

/** @param {Filters} filters without what is not their order @returns {Filters} */
export const cleared = ({ sort, shuffle, group }) => ({ ...NO_FILTERS, sort, shuffle, group });
