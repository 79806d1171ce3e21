/** How the filter and the facets name folders. */

export const DIRECTLY = "root";
export const OUTPUT = "output:";

/** How the filter names a value of the facet "folder". @param {string} value */
export const pathOfValue = (value) =>
  value === "" ? DIRECTLY : `${value}/`.startsWith(`${DIRECTLY}/`) ? OUTPUT + value : value;

/** And back. @param {string} path */
export const valueOfPath = (path) =>
  path === DIRECTLY ? "" : path.startsWith(OUTPUT) ? path.slice(OUTPUT.length) : path;
