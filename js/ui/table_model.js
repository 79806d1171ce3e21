/**
 * What a table shows, apart from how: order of rows, CSV, widths.
 *
 * @template R
 * @typedef {object} Column
 * @property {string} id
 * @property {string} title
 * @property {(row: R) => any} value what it is sorted by, and what CSV has
 * @property {(row: R) => any} [draw] text or elements; by default the value
 * @property {boolean} [number] right-aligned figures
 * @property {(row: R) => number} [bar] from 0 to 1, drawn behind the figure
 * @property {number} [width] in pixels
 * @property {boolean} [hidden] until it is chosen
 * @property {boolean} [fixed] cannot be hidden
 */

/**
 * Rows in the order of a column; nothing is sorted last both ways, equal ones keep their order.
 *
 * @template R
 * @param {readonly R[]} rows
 * @param {(row: R) => any} value
 * @param {boolean} down
 * @returns {R[]}
 */
export function sortRows(rows, value, down) {
  const empty = (/** @type {any} */ one) => one === null || one === undefined || one === "" || Number.isNaN(one);
  const keyed = rows.map((row) => ({ row, key: value(row) }));
  keyed.sort((a, b) => {
    const [noA, noB] = [empty(a.key), empty(b.key)];
    if (noA || noB) {
      return Number(noA) - Number(noB);
    }
    const order =
      typeof a.key === "number" && typeof b.key === "number"
        ? a.key - b.key
        : String(a.key).localeCompare(String(b.key), undefined, { numeric: true, sensitivity: "base" });
    return down ? -order : order;
  });
  return keyed.map(({ row }) => row);
}

/**
 * As RFC 4180 wants it. A text that a spreadsheet would run as a formula gets an apostrophe.
 *
 * @template R
 * @param {readonly R[]} rows
 * @param {readonly Column<R>[]} columns
 */
export function toCsv(rows, columns) {
  const cell = (/** @type {any} */ value) => {
    const text = value === null || value === undefined ? "" : String(value);
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns.map(({ title }) => cell(title)), ...rows.map((row) => columns.map(({ value }) => cell(value(row))))]
    .map((cells) => cells.join(","))
    .join("\r\n");
}
