import { strings } from "./strings.js";

// This file is served at <base>/holaf/js/core/api.js, or with a stamp at …/js/v-0123456789ab/core/api.js: the API is
// beside js. So it is found behind a path prefix too, and nothing here knows a folder's name.
const base = new URL(/\/v-\w+\/core\/[^/]*$/.test(import.meta.url) ? "../../../" : "../../", import.meta.url);

/** What a request failed with. `status` is 0 when the server was not reached; `data` its JSON. */
export class ApiError extends Error {
  /**
   * @param {string} message for the user
   * @param {number} [status]
   * @param {Record<string, any>} [data]
   */
  constructor(message, status = 0, data = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.data = data;
  }
}

/**
 * The address of `path` below /holaf, wherever the pack is served from.
 *
 * @param {string} path such as "images/list"
 * @param {Record<string, string | number | boolean | null | undefined>} [query] nothing is left out
 */
export function url(path, query = {}) {
  const address = new URL(path, base);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) {
      address.searchParams.set(name, String(value));
    }
  }
  return address.href;
}

/** @type {((error: ApiError) => Promise<boolean>) | null} */
let askToSignIn = null;
/** @type {Promise<boolean> | null} */
let asking = null;
let declined = false;

/**
 * Registers what is asked when a request needs a sign-in, or the password once more (then
 * `error.data.prove` is set): it answers whether the request is worth repeating. Requests that
 * come while it is open share its answer.
 *
 * @param {(error: ApiError) => Promise<boolean>} handler
 * @returns {() => void} takes it away again
 */
export function onSignIn(handler) {
  askToSignIn = handler;
  declined = false;
  return () => {
    askToSignIn = askToSignIn === handler ? null : askToSignIn;
  };
}

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export const getJson = async (path, signal) => (await send(path, { signal })).json();

/**
 * @param {string} path
 * @param {object} [data]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export const postJson = async (path, data, signal) => (await send(path, post(data, signal))).json();

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 */
export const getBytes = async (path, signal) => (await send(path, { signal })).arrayBuffer();

/**
 * @param {string} path
 * @param {object} [data]
 * @param {AbortSignal} [signal]
 */
export const postBytes = async (path, data, signal) => (await send(path, post(data, signal))).arrayBuffer();

/**
 * Was this thrown because its signal was aborted? Then there is nothing to tell anyone.
 * @param {any} error
 */
export const isAbort = (error) => error?.name === "AbortError";

/**
 * @param {object} [data]
 * @param {AbortSignal} [signal]
 * @returns {RequestInit}
 */
const post = (data = {}, signal) => ({
  method: "POST",
  body: JSON.stringify(data),
  headers: { "Content-Type": "application/json" },
  signal,
});

/**
 * The answer of a request that succeeded; throws `ApiError` for one that did not.
 *
 * @param {string} path
 * @param {RequestInit} [options]
 */
export async function send(path, options = {}) {
  try {
    return await sendOnce(path, options);
  } catch (error) {
    // What the dialog itself sends must not wait for the dialog.
    if (!(error instanceof ApiError) || /^auth\/(?!sessions)/.test(path) || !(await mayRepeat(error))) {
      throw error;
    }
  }
  options.signal?.throwIfAborted();
  return sendOnce(path, options);
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function sendOnce(path, options) {
  let response;
  try {
    response = await fetch(url(path), options);
  } catch (error) {
    if (options.signal?.aborted || isAbort(error)) {
      throw error;
    }
    throw new ApiError(strings.unreachable);
  }
  if (response.ok) {
    return response;
  }
  const data = await response.json().catch(() => ({}));
  const message = data?.error || strings.refused(response.status, response.statusText);
  throw new ApiError(message, response.status, data ?? {});
}

/** @param {ApiError} error */
async function mayRepeat(error) {
  if (!askToSignIn || !(error.data.sign_in || error.data.prove)) {
    return false;
  }
  if (declined) {
    return false;
  }
  asking ??= askToSignIn(error)
    .then((repeat) => {
      if (repeat) {
        sessionChanged();
      } else {
        rest();
      }
      return repeat;
    })
    .finally(() => {
      asking = null;
    });
  return asking;
}

/** Nobody who said no is asked again for what the page sends by itself: not until they do something. */
function rest() {
  declined = true;
  const done = new AbortController();
  for (const type of ["pointerdown", "keydown"]) {
    globalThis.addEventListener?.(
      type,
      () => {
        declined = false;
        done.abort();
      },
      { capture: true, signal: done.signal },
    );
  }
}

/** Call it after signing in or out: what was opened as someone else is then opened again. */
export const sessionChanged = () => globalThis.dispatchEvent?.(new Event("holaf-session"));
