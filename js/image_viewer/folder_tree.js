/**
 * The folders as a tree, and which of them are ticked. A ticked folder brings everything below it; the filter that is
 * sent names only the topmost ticked ones.
 *
 * @typedef {object} Folder
 * @property {string} path as the filter names it: "root" is what lies directly in the output folder, "output:root" a
 *   real folder of that name
 * @property {string} name
 * @property {number} count of pictures, with those of sub-folders
 * @property {number} depth
 * @property {Folder[]} children
 */

import { DIRECTLY, OUTPUT, valueOfPath } from "./folder_names.js";

const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** The path above; "" at the top of a root. @param {string} path */
export function parentOf(path) {
  const slash = path.lastIndexOf("/");
  if (slash >= 0) {
    return path.slice(0, slash);
  }
  const colon = path.indexOf(":");
  const root = path.slice(0, colon + 1);
  return root === path || root === OUTPUT ? "" : root;
}

/** @param {string} path @param {string} above */
export const isBelow = (path, above) =>
  above.endsWith(":") ? path !== above && path.startsWith(above) : path.startsWith(`${above}/`);

/**
 * @param {ReadonlyArray<{path: string, count: number}>} subfolders with the number of pictures directly in each
 * @returns {Folder[]} the topmost folders; parents that are not in the list are made up
 */
export function buildTree(subfolders) {
  /** @type {Map<string, Folder>} */
  const byPath = new Map();
  /** @type {Folder[]} */
  const top = [];
  /** @param {string} path @returns {Folder} */
  const folder = (path) => {
    let found = byPath.get(path);
    if (!found) {
      const above = parentOf(path);
      const parent = above ? folder(above) : null;
      const name = above ? path.slice(above.length).replace(/^\//, "") : path === DIRECTLY ? path : valueOfPath(path);
      found = { path, name, count: 0, depth: parent ? parent.depth + 1 : 0, children: [] };
      byPath.set(path, found);
      (parent?.children ?? top).push(found);
    }
    return found;
  };
  for (const { path, count } of subfolders) {
    folder(path).count = count;
  }
  /** @param {Folder} folder @returns {number} */
  const sum = (folder) => {
    folder.count += folder.children.reduce((all, child) => all + sum(child), 0);
    return folder.count;
  };
  top.forEach(sum);
  for (const each of byPath.values()) {
    each.children.sort((a, b) => natural.compare(a.name, b.name));
  }
  const direct = (/** @type {Folder} */ one) => Number(one.path !== DIRECTLY);
  return top.sort((a, b) => direct(a) - direct(b) || natural.compare(a.name, b.name));
}

/** @param {readonly Folder[]} folders @returns {Iterable<Folder>} parents before children */
export function* walk(folders) {
  for (const folder of folders) {
    yield folder;
    yield* walk(folder.children);
  }
}

/**
 * @param {Folder} folder
 * @param {ReadonlySet<string>} ticked
 * @returns {"on" | "off" | "some"}
 */
export function stateOf(folder, ticked) {
  for (const path of ticked) {
    if (path === folder.path || isBelow(folder.path, path)) {
      return "on";
    }
  }
  for (const path of ticked) {
    if (isBelow(path, folder.path)) {
      return "some";
    }
  }
  return "off";
}

/**
 * Ticks or unticks one folder.
 * @param {readonly Folder[]} tree
 * @param {ReadonlySet<string>} ticked
 * @param {Folder} folder
 * @returns {Set<string>}
 */
export function toggle(tree, ticked, folder) {
  const next = new Set(ticked);
  if (stateOf(folder, ticked) !== "on") {
    for (const path of ticked) {
      if (isBelow(path, folder.path)) {
        next.delete(path);
      }
    }
    next.add(folder.path);
    return next;
  }
  if (next.delete(folder.path)) {
    return next;
  }
  // It is on because a folder above is: that one gives way to its other children.
  const above = [...walk(tree)].find((each) => next.has(each.path) && isBelow(folder.path, each.path));
  let level = above;
  if (above) {
    next.delete(above.path);
  }
  while (level) {
    const inside = level.children.find((child) => child.path === folder.path || isBelow(folder.path, child.path));
    for (const child of level.children) {
      if (child !== inside) {
        next.add(child.path);
      }
    }
    level = inside === folder ? undefined : inside;
  }
  return next;
}

/**
 * All, none or the other ones. Locked folders keep what they are.
 * @param {readonly Folder[]} tree
 * @param {ReadonlySet<string>} ticked
 * @param {ReadonlySet<string>} locked
 * @param {"all" | "none" | "invert"} how
 * @returns {Set<string>}
 */
export function tickMany(tree, ticked, locked, how) {
  /** @type {Set<string>} */
  const next = new Set();
  /** @param {Folder} folder */
  const visit = (folder) => {
    const hasLock = [...locked].some((path) => isBelow(path, folder.path));
    const state = stateOf(folder, ticked);
    if (locked.has(folder.path)) {
      if (state === "on") {
        next.add(folder.path);
      } else if (state === "some") {
        for (const path of ticked) {
          if (isBelow(path, folder.path)) {
            next.add(path);
          }
        }
      }
      return;
    }
    if (!hasLock && state !== "some") {
      if (how === "all" || (how === "invert" && state === "off")) {
        next.add(folder.path);
      }
      return;
    }
    if (how === "all" && !hasLock) {
      next.add(folder.path);
      return;
    }
    if (how === "none" && !hasLock) {
      return;
    }
    for (const child of folder.children) {
      visit(child);
    }
  };
  for (const folder of tree) {
    visit(folder);
  }
  return next;
}
