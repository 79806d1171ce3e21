/** What the large view says of a file that the browser cannot show, and what can be done about it. */
import { ApiError, getJson, postJson, send, url } from "../core/api.js";
import { h, icon } from "../core/dom.js";
import { events } from "../core/events.js";
import { strings } from "./large_strings.js";

/** @typedef {import("./rows_cache.js").Row} Row */

/**
 * Why a file did not come; null when it did, and it is the browser that cannot show it.
 *
 * @param {number} id @param {AbortSignal} signal
 * @returns {Promise<{gone: boolean, text: string} | null>}
 */
async function whyAbsent(id, signal) {
  try {
    await send(`images/full?id=${id}`, { headers: { Range: "bytes=0-0" }, signal });
    return null;
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 0;
    // An empty file has no first byte.
    return status === 416 ? null : { gone: status === 404, text: error.message };
  }
}

/**
 * @param {object} options
 * @param {Row} options.row
 * @param {import("../core/scope.js").Scope} options.scope ends when another picture is shown
 * @param {() => void} options.again
 * @param {(source: string) => void} options.play a version of it that the browser can play
 * @returns {HTMLElement}
 */
export function createTrouble({ row, scope, again, play }) {
  const said = h("p", { class: "holaf-large-said", role: "status" });
  const hint = h("p", { class: "holaf-large-hint" });
  const actions = h("div", { class: "holaf-large-actions" });
  const element = h("div", { class: "holaf-large-failed" }, icon("image-off", 28), said, hint, actions);
  const download = () =>
    h(
      "a",
      { class: "holaf-button", href: url("images/full", { id: row.id }), download: row.filename },
      icon("download"),
      strings.download(row),
    );
  const button = (/** @type {string} */ text, /** @type {() => void} */ onclick, primary = false) =>
    h("button", { type: "button", class: ["holaf-button", primary && "holaf-primary"], onclick }, text);

  async function explain() {
    const absent = await whyAbsent(row.id, scope.signal);
    if (scope.disposed) {
      return;
    }
    if (absent) {
      said.textContent = absent.gone ? strings.gone : strings.unreachable;
      hint.textContent = absent.gone ? strings.goneHint : absent.text;
      actions.replaceChildren(...(absent.gone ? [] : [button(strings.tryAgain, again)]));
      return;
    }
    said.textContent = row.kind === "image" ? strings.unshown(row) : strings.unplayed(row);
    actions.replaceChildren(download());
    if (row.kind === "video") {
      await offer();
    }
  }

  async function offer() {
    const found = await getJson(`images/playable?id=${row.id}`, scope.signal).catch(() => null);
    if (scope.disposed || !found) {
      return;
    }
    if (found.state === "ready") {
      play(url("images/playable/file", { id: row.id, v: found.version }));
    } else if (found.state === "making") {
      follow(found.task);
    } else if (found.reason) {
      hint.textContent = found.reason;
    } else {
      hint.textContent = strings.playableHint;
      actions.replaceChildren(
        button(strings.makePlayable, () => void make(), true),
        download(),
      );
    }
  }

  async function make() {
    try {
      const { task } = await postJson("images/playable", { id: row.id }, scope.signal);
      if (task) {
        follow(task);
      } else {
        await offer();
      }
    } catch (error) {
      if (!scope.disposed) {
        hint.textContent = error.message;
      }
    }
  }

  /** @param {number} task */
  function follow(task) {
    const watching = scope.child();
    const progress = h("progress", { max: "1", "aria-label": strings.making });
    hint.textContent = strings.making;
    actions.replaceChildren(
      progress,
      button(
        strings.cancel,
        () => void postJson("utilities/tasks/cancel", { id: task }).catch(() => end(strings.interrupted)),
      ),
      download(),
    );

    /** @param {string} text why it is over without a version */
    function end(text) {
      watching.dispose();
      void offer().then(() => {
        hint.textContent = text;
      });
    }

    /** @param {any} data @param {boolean} [asked] what was said before it began does not know it */
    function take(data, asked = false) {
      const now = data?.tasks?.find((/** @type {any} */ one) => one?.id === task);
      if (watching.disposed) {
        return;
      }
      if (!now) {
        if (asked) {
          end(strings.interrupted);
        }
      } else if (now.state === "running") {
        if (now.total) {
          progress.value = now.done / now.total;
        }
        hint.textContent = now.message || strings.making;
      } else if (now.state === "done") {
        watching.dispose();
        void offer();
      } else {
        end(now.state === "cancelled" ? strings.cancelled : now.error);
      }
    }
    const ask = () =>
      getJson("utilities/tasks", watching.signal).then(
        (data) => take(data, true),
        () => {},
      );
    events.on("tasks", (data) => take(data), watching.signal);
    events.onState((state) => {
      if (state === "open") {
        void ask();
      }
    }, watching.signal);
    void ask();
  }

  void explain();
  return element;
}
