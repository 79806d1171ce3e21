// Figures as people read them. Words and dates follow the browser's language; units do not.

const THIN = "\u2009";
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/**
 * 12345 → "12 345", with thin spaces.
 * @param {number} value
 */
export function count(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, THIN);
}

/**
 * 1536 → "1.5 KiB".
 * @param {number} value
 */
export function bytes(value) {
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit && Math.abs(value) < 9.95 ? value.toFixed(1) : count(value)}${THIN}${UNITS[unit]}`;
}

/**
 * A length of time in seconds: "0.4 s", "12 s", "3:05", "1:02:03".
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 9.95) {
    return `${seconds.toFixed(1).replace(/\.0$/, "")}${THIN}s`;
  }
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole}${THIN}s` : clock(whole);
}

/**
 * A position in a film: "0:07", "3:05", "1:02:03".
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** @type {Map<string, any>} */
const formatters = new Map();

/**
 * Making a formatter costs far more than using it.
 * @param {"DateTimeFormat" | "RelativeTimeFormat"} kind
 * @param {object} options
 */
function formatter(kind, options) {
  const key = kind + JSON.stringify(options);
  if (!formatters.has(key)) {
    formatters.set(key, new Intl[kind](undefined, options));
  }
  return formatters.get(key);
}

/**
 * A moment: "3 minutes ago" under a day, else the date, with the time when it is wanted.
 *
 * @param {number} seconds since 1970
 * @param {number} [now] in milliseconds
 */
export function date(seconds, now = Date.now()) {
  const ago = now / 1000 - seconds;
  if (ago < -60 || ago >= 86400) {
    return formatter("DateTimeFormat", { dateStyle: "medium" }).format(seconds * 1000);
  }
  const relative = formatter("RelativeTimeFormat", { numeric: "auto" });
  if (ago < 60) {
    return relative.format(0, "second");
  }
  return ago < 3600
    ? relative.format(-Math.floor(ago / 60), "minute")
    : relative.format(-Math.floor(ago / 3600), "hour");
}

/**
 * A moment in full, for tooltips and tables.
 * @param {number} seconds since 1970
 */
export const dateTime = (seconds) =>
  formatter("DateTimeFormat", { dateStyle: "medium", timeStyle: "medium" }).format(seconds * 1000);

/**
 * "1 file", "3 files".
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;
