/** Shows how far a task of the server is, and how it ended. */
import { ApiError, getJson, postJson } from "../core/api.js";
import { strings } from "./action_strings.js";

const AGAIN_MS = 3000;

/**
 * @param {object} options
 * @param {number} options.id
 * @param {string} options.what it does, in words
 * @param {(result: any) => string} options.result what came of it, in words
 * @param {typeof import("../ui/toast.js").toast} options.toast
 * @param {Pick<import("../core/events.js").Events, "on" | "onState">} options.events
 * @param {number} [options.again] milliseconds until a question that was not answered is asked again
 */
export function watchTask({ id, what, result, toast, events, again = AGAIN_MS }) {
  const watching = new AbortController();
  const { signal } = watching;
  const shown = toast({
    text: strings.started(what),
    progress: 0,
    onCancel: () => postJson("utilities/tasks/cancel", { id }).catch((error) => error.status === 404 && interrupted()),
  });

  /** @param {Parameters<typeof toast>[0]} said */
  function end(said) {
    if (!signal.aborted) {
      watching.abort();
      clearTimeout(timer);
      shown.close();
      toast(said);
    }
  }
  const interrupted = () => end({ text: strings.interrupted(what), kind: "warn" });

  /** When it began, as the server says: another one's tasks are counted from 1, too. @type {number | undefined} */
  let begun;
  /** @param {any} data */
  function take(data) {
    const task = data?.tasks?.find(
      (/** @type {any} */ one) => one?.id === id && one.started === (begun ?? one.started),
    );
    begun ??= task?.started;
    if (task?.state === "running") {
      shown.update({
        progress: task.total ? task.done / task.total : 0,
        text: task.message ? `${what}: ${task.message}` : what,
      });
    } else if (task?.state === "failed") {
      end({ text: strings.taskFailed(what, task.error || task.message), kind: "error" });
    } else if (task?.state === "cancelled") {
      end(strings.cancelled(what));
    } else if (task?.state === "done") {
      end({ text: strings.done(what, result(task.result)), kind: "good" });
    }
    return task;
  }
  events.on("tasks", take, signal);

  let away = false;
  /** @type {any} */
  let timer;
  /** After a time without a connection: is it still known? */
  async function look() {
    try {
      const tasks = await getJson("utilities/tasks", signal);
      if (!signal.aborted && !take(tasks)) {
        interrupted();
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
        // Nobody will say how it ends.
        interrupted();
      } else if (!away) {
        timer = setTimeout(look, again);
      }
    }
  }
  events.onState((state) => {
    const back = away && state === "open";
    away = state !== "open";
    clearTimeout(timer);
    if (back) {
      void look();
    }
  }, signal);
}
