/** Full screen of the large view; what floats above the page comes along. */
import { icon } from "../core/dom.js";
import { layer } from "../ui/layer.js";
import { strings } from "./large_strings.js";
import { iconButton } from "./toolbar.js";

/** @param {HTMLElement} element @param {import("../core/scope.js").Scope} scope */
export function createFullscreen(element, scope) {
  const button = iconButton("maximize", strings.fullscreen, () => toggle());
  const isOn = () => document.fullscreenElement === element;

  function toggle() {
    if (isOn()) {
      leave();
    } else {
      // Refused without a click or a key: then it stays as it is.
      element.requestFullscreen?.().catch(() => {});
    }
  }

  function leave() {
    if (isOn()) {
      document.body.append(layer("over"));
      void document.exitFullscreen().catch(() => {});
    }
  }

  scope.listen(document, "fullscreenchange", () => {
    const on = isOn();
    // Dialogs and toasts would be open, and unseen.
    (on ? element : document.body).append(layer("over"));
    const label = on ? strings.leaveFullscreen : strings.fullscreen;
    button.replaceChildren(icon(on ? "minimize" : "maximize"));
    button.title = label;
    button.setAttribute("aria-label", label);
  });

  return {
    button,
    toggle,
    leave,
    get on() {
      return isOn();
    },
  };
}
