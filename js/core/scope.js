/**
 * Owns whatever something switched on — listeners, timers, requests — so that one call switches
 * all of it off.
 */
export class Scope {
  #controller = new AbortController();

  /** @param {AbortSignal} [outer] disposes this scope too when it ends */
  constructor(outer) {
    if (outer) {
      whenAborted(outer, () => this.dispose(), this.signal);
    }
  }

  /** Give this to `fetch`, `addEventListener` and `store.watch`. */
  get signal() {
    return this.#controller.signal;
  }

  get disposed() {
    return this.signal.aborted;
  }

  /** A scope inside this one: it ends at the latest when this one does. */
  child() {
    return new Scope(this.signal);
  }

  /**
   * @param {EventTarget} target
   * @param {string} type
   * @param {(event: any) => void} listener
   * @param {AddEventListenerOptions} [options]
   */
  listen(target, type, listener, options = {}) {
    target.addEventListener(type, listener, { ...options, signal: this.signal });
  }

  /**
   * @param {number} milliseconds
   * @param {() => void} task
   */
  every(milliseconds, task) {
    const timer = setInterval(task, milliseconds);
    this.onDispose(() => clearInterval(timer));
  }

  /**
   * Runs `task` once, later, unless the scope ends first.
   * @param {number} milliseconds
   * @param {() => void} task
   * @returns {() => void} call it to give up the task
   */
  after(milliseconds, task) {
    const done = new AbortController();
    const cancel = () => {
      clearTimeout(timer);
      done.abort();
    };
    const timer = setTimeout(() => {
      done.abort();
      task();
    }, milliseconds);
    whenAborted(this.signal, cancel, done.signal);
    return cancel;
  }

  /** @param {() => void} cleanup */
  onDispose(cleanup) {
    whenAborted(this.signal, cleanup);
  }

  dispose() {
    this.#controller.abort();
  }
}

/**
 * Calls `react` when `signal` is aborted, at once when it already is.
 *
 * @param {AbortSignal | undefined} signal
 * @param {() => void} react
 * @param {AbortSignal} [until] stops the waiting
 */
export function whenAborted(signal, react, until) {
  if (signal?.aborted) {
    react();
  } else {
    signal?.addEventListener("abort", react, { once: true, signal: until });
  }
}
