/**
 * What is asked for while the first of it is still coming is the same wish: a second click on a button whose menu is on
 * its way must not close that again.
 *
 * @template {any[]} T
 * @param {(...given: T) => Promise<any>} task
 * @returns {(...given: T) => Promise<void>}
 */
export function oneAtATime(task) {
  let busy = false;
  return async (...given) => {
    if (!busy) {
      busy = true;
      try {
        await task(...given);
      } finally {
        busy = false;
      }
    }
  };
}
