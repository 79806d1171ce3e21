/** The bar that says why what is shown may not be all: the connection first, then the index, then groups. */
import { fill, h, icon } from "../core/dom.js";
import { events } from "../core/events.js";
import { strings } from "./strings.js";

/** @param {import("./index.js").Gallery} gallery */
export function createBanner({ store, view }) {
  // Made at once: without a connection no icon could be loaded any more.
  const warning = icon("triangle-alert");
  const element = h("div", { class: "holaf-banner", role: "status", hidden: true }, warning);
  let disconnected = false;
  let shown = "";

  function draw() {
    const { index } = store.get();
    const broken = index?.state === "error" ? index.message : "";
    const many = view.groupsLeftOut ? strings.manyGroups(view.groupsLeftOut, view.request.group) : "";
    const text = disconnected ? strings.disconnected : broken || many;
    element.hidden = !text;
    if (shown !== text) {
      shown = text;
      fill(
        element,
        warning,
        h("span", {}, text),
        disconnected &&
          h(
            "button",
            { type: "button", class: "holaf-button holaf-small", onclick: () => events.retry() },
            strings.reconnect,
          ),
      );
    }
  }

  return {
    element,
    draw,
    /** @param {boolean} yes */
    connected(yes) {
      disconnected = !yes;
      draw();
    },
  };
}
