import { h, icon } from "../core/dom.js";
import { strings } from "./strings.js";

/**
 * What stands where there is nothing to show: why, and what to do next.
 *
 * @param {object} options
 * @param {string} [options.icon]
 * @param {string} options.title
 * @param {any} [options.text]
 * @param {Array<{ label: string, action: () => any, primary?: boolean, icon?: string }>} [options.buttons]
 * @param {string} [options.details] technical, one click away
 * @param {"empty" | "error" | "busy"} [options.kind]
 * @returns {HTMLElement}
 */
export function stateBlock({ icon: name, title, text, buttons = [], details, kind = "empty" }) {
  const busy = kind === "busy";
  const picture = name ?? { error: "circle-alert", busy: "loader-circle", empty: "circle-dot" }[kind];
  return h(
    "div",
    { class: `holaf-state holaf-state-${kind}`, role: kind === "error" ? "alert" : busy ? "status" : null },
    h("div", { class: "holaf-state-icon" }, icon(picture, 28)),
    h("p", { class: "holaf-state-title" }, title),
    text && h("div", { class: "holaf-state-text" }, text),
    buttons.length > 0 &&
      h(
        "div",
        { class: "holaf-state-buttons" },
        buttons.map(({ label, action, primary, icon: picture }) =>
          h(
            "button",
            { type: "button", class: ["holaf-button", primary && "holaf-primary"], onclick: action },
            picture && icon(picture),
            label,
          ),
        ),
      ),
    details &&
      h(
        "details",
        { class: "holaf-state-details" },
        h("summary", {}, strings.details),
        h("pre", { tabIndex: 0 }, details),
        h(
          "button",
          {
            type: "button",
            class: "holaf-button",
            onclick: async () => (await import("./clipboard.js")).copyText(details),
          },
          icon("copy"),
          strings.copy,
        ),
      ),
  );
}

/**
 * @param {unknown} error
 * @param {object} options
 * @param {string} options.title
 * @param {any} [options.text] instead of the error's own
 * @param {() => any} [options.retry]
 */
export function errorBlock(error, { title, text, retry }) {
  const problem = error instanceof Error ? error : new Error(String(error));
  return stateBlock({
    kind: "error",
    title,
    text: text ?? problem.message,
    details: [problem.stack ?? String(problem), `${location.href}`, navigator.userAgent].join("\n"),
    buttons: retry ? [{ label: strings.tryAgain, action: retry, primary: true, icon: "rotate-cw" }] : [],
  });
}
