/**
 * What the page remembers for its user: places of panels, sizes, filters.
 *
 * @typedef {object} Preferences
 * @property {<T>(key: string, fallback?: T) => T} get
 * @property {(key: string, value: any) => void} set `undefined` forgets it
 * @property {() => void} flush writes now what still waits
 * @property {Promise<void>} ready when what the host keeps has been read
 */

/**
 * Answers at once from memory; writes a little later, each key by itself, so that two tabs keep
 * each other's. A storage that is full, blocked or absent only means that nothing is remembered.
 *
 * @param {object} [options]
 * @param {string} [options.name] whose they are: part of each key in the browser's storage
 * @param {() => Promise<Record<string, any>>} [options.load] what the host kept
 * @param {(key: string, value: any) => any} [options.save] keeps one in the host
 * @param {Storage | null} [options.storage] the browser's, by default
 * @param {number} [options.delay] in milliseconds
 * @returns {Preferences}
 */
export function createPreferences({ name = "default", load, save, storage = ownStorage(), delay = 400 } = {}) {
  /** @type {Map<string, any>} */
  const values = new Map();
  /** @type {Set<string>} */
  const waiting = new Set();
  /** @type {any} */
  let timer;
  const place = (/** @type {string} */ key) => `holaf:${name}:${key}`;

  /** @param {string} key */
  function recall(key) {
    if (!values.has(key)) {
      values.set(key, quietly(() => JSON.parse(storage?.getItem(place(key)) ?? "null")) ?? undefined);
    }
    return values.get(key);
  }

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    for (const key of waiting) {
      const value = values.get(key);
      quietly(() =>
        value === undefined ? storage?.removeItem(place(key)) : storage?.setItem(place(key), JSON.stringify(value)),
      );
      quietly(() => Promise.resolve(save?.(key, value ?? null)).catch(() => {}));
    }
    waiting.clear();
  }

  const ready = Promise.resolve(quietly(() => load?.()))
    .then((kept) => {
      for (const [key, value] of Object.entries(kept ?? {})) {
        // What the user did meanwhile is newer than what the host remembers.
        if (!waiting.has(key)) {
          values.set(key, value ?? undefined);
        }
      }
    })
    .catch(() => {});

  globalThis.addEventListener?.("pagehide", flush);

  return {
    get: (key, fallback) => recall(key) ?? fallback,
    set(key, value) {
      values.set(key, value ?? undefined);
      waiting.add(key);
      timer ??= setTimeout(flush, delay);
    },
    flush,
    ready,
  };
}

/** Reading the property itself throws where the browser blocks storage. */
const ownStorage = () => quietly(() => globalThis.localStorage) ?? null;

/**
 * @template T
 * @param {() => T} attempt
 * @returns {T | undefined}
 */
function quietly(attempt) {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}
