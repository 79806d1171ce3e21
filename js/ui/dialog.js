import { h, fill, icon } from "../core/dom.js";
import { containKeys } from "../core/keys.js";
import { Scope } from "../core/scope.js";
import { focusable, focused, layer, refocus } from "./layer.js";
import { strings } from "./strings.js";

/**
 * @typedef {object} DialogButton
 * @property {string} label for the main one the verb: "Move 12 files"
 * @property {any} [value] what the dialog answers with
 * @property {boolean} [primary]
 * @property {boolean} [danger] destroys something: Enter alone does not press it
 * @property {() => any} [check] a promise or value; `false` keeps the dialog open
 *
 * @typedef {object} DialogOptions
 * @property {string} title the question
 * @property {any} [body] the consequence: text, or elements
 * @property {string} [icon]
 * @property {DialogButton[]} [buttons]
 * @property {number} [width] in pixels, 480 at most
 * @property {AbortSignal} [signal] closes it with null
 * @property {(control: DialogControl) => void} [onOpen]
 *
 * @typedef {object} DialogControl
 * @property {HTMLElement} element
 * @property {(value?: any) => void} close
 * @property {(text: string | null) => void} setError
 * @property {(busy: boolean) => void} setBusy
 */

let count = 0;

/**
 * Asks, and answers with the value of the button that was pressed; null after Escape.
 *
 * @param {DialogOptions} options
 * @returns {Promise<any>}
 */
export function dialog({
  title,
  body,
  icon: iconName,
  buttons = [{ label: strings.ok, primary: true, value: true }],
  width = 440,
  signal,
  onOpen,
}) {
  const scope = new Scope(signal);
  if (scope.disposed) {
    return Promise.resolve(null);
  }
  const before = focused();
  const number = ++count;
  const danger = buttons.some((button) => button.danger);

  return new Promise((resolve) => {
    const close = (value = null) => {
      if (!scope.disposed) {
        answer = value;
        scope.dispose();
      }
    };
    let answer = /** @type {any} */ (null);

    const error = h("p", { class: "holaf-dialog-error", role: "alert", hidden: true });
    /** @type {DialogControl} */
    const control = {
      get element() {
        return element;
      },
      close,
      setError(text) {
        fill(error, text);
        error.hidden = !text;
      },
      setBusy(busy) {
        element.setAttribute("aria-busy", String(busy));
        for (const button of element.querySelectorAll(".holaf-dialog-buttons button")) {
          button.disabled = busy;
        }
      },
    };

    /** @param {DialogButton} button */
    async function press(button) {
      if (element.getAttribute("aria-busy") === "true") {
        return;
      }
      let keep = false;
      if (button.check) {
        control.setBusy(true);
        control.setError(null);
        try {
          keep = (await button.check()) === false;
        } catch (problem) {
          keep = true;
          control.setError(problem instanceof Error ? problem.message : String(problem));
        } finally {
          control.setBusy(false);
        }
      }
      if (!keep) {
        close(button.value ?? null);
      }
    }

    const row = buttons.map((button) =>
      h(
        "button",
        {
          type: button.primary && !danger ? "submit" : "button",
          class: ["holaf-button", button.primary && "holaf-primary", button.danger && "holaf-danger"],
          dataset: button.primary ? { primary: "" } : {},
          onclick: (/** @type {Event} */ event) => {
            event.preventDefault();
            void press(button);
          },
        },
        button.label,
      ),
    );
    const bodyId = `holaf-dialog-${number}-body`;
    const titleId = `holaf-dialog-${number}-title`;
    const form = h(
      "form",
      {
        class: "holaf-dialog-form",
        novalidate: true,
        onsubmit: (/** @type {Event} */ event) => event.preventDefault(),
      },
      h("h2", { id: titleId, class: "holaf-dialog-title" }, iconName && icon(iconName, 18), h("span", {}, title)),
      body && h("div", { id: bodyId, class: "holaf-dialog-body" }, typeof body === "string" ? h("p", {}, body) : body),
      error,
      h("div", { class: "holaf-dialog-buttons" }, row),
    );
    /** @type {any} */
    const element = h(
      "div",
      {
        class: "holaf-dialog",
        role: danger ? "alertdialog" : "dialog",
        "aria-modal": "true",
        "aria-labelledby": titleId,
        "aria-describedby": body ? bodyId : null,
        tabIndex: -1,
        style: { "max-width": `${width}px` },
      },
      // A form: password managers know it, and Enter presses its submit button.
      form,
    );
    const scrim = h("div", { class: "holaf-scrim" }, element);
    // A press on the ground beside it is Cancel, but not the end of a text selection that ran out of the dialog.
    scrim.addEventListener("pointerdown", (/** @type {Event} */ event) => event.target === scrim && close());

    scope.listen(element, "keydown", (event) => {
      if (event.key === "Escape") {
        event.preventDefault();
        close();
      } else if (event.key === "Tab") {
        const stops = focusable(element);
        const edge = event.shiftKey ? stops[0] : stops.at(-1);
        if (document.activeElement === edge || document.activeElement === element) {
          event.preventDefault();
          (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
        }
      }
    });
    containKeys(scrim, scope.signal);
    // What is under it may be clicked by a script or reached by the browser's own search: bring the focus back.
    scope.listen(document, "focusin", (event) => {
      const over = event.target.closest?.(".holaf-layer-over");
      if (!over && [...layer("over").querySelectorAll(".holaf-scrim")].at(-1) === scrim) {
        (focusable(element)[0] ?? element).focus();
      }
    });
    scope.onDispose(() => {
      scrim.remove();
      refocus(before);
      resolve(answer);
    });

    layer("over").append(scrim);
    const field = element.querySelector(
      ".holaf-dialog-body input, .holaf-dialog-body textarea, .holaf-dialog-body select",
    );
    const cancel = row.find((_, index) => !buttons[index].primary);
    const primary = row.find((_, index) => buttons[index].primary);
    (field ?? (danger ? cancel : primary) ?? element).focus();
    onOpen?.(control);
  });
}

/**
 * @param {object} options
 * @param {string} options.title the question
 * @param {any} [options.body] the consequence
 * @param {string} options.action the verb on the button: "Delete 214 files for ever"
 * @param {boolean} [options.danger]
 * @param {string} [options.icon]
 * @param {AbortSignal} [options.signal]
 * @returns {Promise<boolean>}
 */
export async function confirm({ title, body, action, danger = false, icon: iconName, signal }) {
  const answer = await dialog({
    title,
    body,
    signal,
    icon: iconName ?? (danger ? "triangle-alert" : undefined),
    buttons: [{ label: strings.cancel }, { label: action, primary: true, danger, value: true }],
  });
  return answer === true;
}

/**
 * Asks for a line of text; null when it was cancelled.
 *
 * @param {object} options
 * @param {string} options.title
 * @param {any} [options.body]
 * @param {string} [options.label]
 * @param {string} [options.value]
 * @param {string} [options.placeholder]
 * @param {string} [options.action]
 * @param {(text: string) => string | null | undefined} [options.check] what is wrong with it
 * @param {AbortSignal} [options.signal]
 * @returns {Promise<string | null>}
 */
export async function prompt({
  title,
  body,
  label = title,
  value = "",
  placeholder = "",
  action = strings.ok,
  check,
  signal,
}) {
  const input = h("input", {
    class: "holaf-input",
    type: "text",
    value,
    placeholder,
    "aria-label": label,
    spellcheck: "false",
  });
  const answer = await dialog({
    title,
    body: [body && h("p", {}, body), input],
    signal,
    buttons: [
      { label: strings.cancel },
      {
        label: action,
        primary: true,
        value: true,
        check() {
          const problem = check?.(input.value);
          if (problem) {
            throw new Error(problem);
          }
        },
      },
    ],
    onOpen: () => input.select(),
  });
  return answer ? input.value : null;
}
