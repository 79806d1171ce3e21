import { h, icon } from "../core/dom.js";
import { copyText } from "../ui/clipboard.js";
import { strings } from "./strings.js";

/**
 * What the server's owner has switched on, and how to change it there.
 *
 * @param {null | { file: string, switches: Array<{ key: string, section: string, label: string, help: string, state: string, on: boolean, line: string }> }} security null: this visitor may only look
 * @param {AbortSignal} signal
 */
export function securitySection(security, signal) {
  if (security === null) {
    return h(
      "section",
      { class: "holaf-settings-section" },
      h("h3", {}, strings.security),
      h("p", { class: "holaf-settings-help" }, strings.securityHidden),
    );
  }
  return h(
    "section",
    { class: "holaf-settings-section" },
    h("h3", {}, strings.security),
    h("p", { class: "holaf-settings-help" }, strings.securityIntro),
    h(
      "div",
      { class: "holaf-settings-line" },
      h("code", {}, security.file),
      copyButton(strings.copyFile, security.file, signal),
    ),
    security.switches.map((one) =>
      h(
        "div",
        { class: "holaf-settings-fact" },
        h(
          "div",
          { class: "holaf-settings-fact-head" },
          h("span", {}, one.label),
          h("span", { class: "holaf-settings-state" }, one.state),
        ),
        h("p", { class: "holaf-settings-help" }, one.help, " ", strings.below(one.section)),
        h(
          "div",
          { class: "holaf-settings-line" },
          h("code", {}, one.line),
          copyButton(strings.copyLine(one.label), one.line, signal),
        ),
      ),
    ),
  );
}

/**
 * @param {string} label
 * @param {string} text
 * @param {AbortSignal} signal
 */
const copyButton = (label, text, signal) =>
  h(
    "button",
    {
      type: "button",
      class: "holaf-icon-button",
      "aria-label": label,
      title: label,
      signal,
      onclick: () => copyText(text),
    },
    icon("copy"),
  );
