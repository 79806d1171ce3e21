import { whenAborted } from "./scope.js";

/**
 * Holds one state object; whoever watches a part of it hears when that part changes.
 *
 * @template {object} S
 * @param {S} initial
 */
export function createStore(initial) {
  /** @type {Readonly<S>} */
  let state = Object.freeze({ ...initial });
  /** @type {Set<() => void>} */
  const watchers = new Set();

  return {
    get: () => state,

    /** @param {Partial<S>} changes */
    update(changes) {
      state = Object.freeze({ ...state, ...changes });
      for (const watcher of [...watchers]) {
        // An earlier watcher of this round may have ended this one.
        if (watchers.has(watcher)) {
          watcher();
        }
      }
    },

    /**
     * Calls `react` with what `select` picks, now and whenever that changes.
     * @template T
     * @param {(state: Readonly<S>) => T} select
     * @param {(picked: T) => void} react
     * @param {AbortSignal} [signal] ends the watching
     */
    watch(select, react, signal) {
      if (signal?.aborted) {
        return;
      }
      let picked = select(state);
      const watcher = () => {
        const next = select(state);
        if (!Object.is(next, picked)) {
          picked = next;
          react(next);
        }
      };
      watchers.add(watcher);
      whenAborted(signal, () => watchers.delete(watcher));
      react(picked);
    },
  };
}
