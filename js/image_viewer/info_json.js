/** The texts that are stored in a file, as trees that are read when somebody opens them. */
import { getBytes, isAbort } from "../core/api.js";
import { h } from "../core/dom.js";
import { strings } from "./info_strings.js";
import { bytes } from "./strings.js";

/** What else is stored are mostly texts for people. */
const GRAPHS = /** @type {const} */ (["workflow", "prompt"]);

/** @param {any} metadata @param {any} row @param {import("../core/scope.js").Scope} scope */
export function jsonSections(metadata, row, scope) {
  const stored = Object.entries(metadata.stored ?? {});
  return GRAPHS.map((key) => {
    const size = stored.find(([name]) => name.toLowerCase() === key)?.[1];
    return size === undefined ? null : section(key, Number(size), row, scope);
  }).filter(Boolean);
}

/** @param {"workflow" | "prompt"} key @param {number} size @param {any} row @param {import("../core/scope.js").Scope} scope */
function section(key, size, row, scope) {
  const title = strings.rawTitles[key];
  const place = h("div", { class: "holaf-json-place" });
  const details = h(
    "details",
    { class: "holaf-raw" },
    h("summary", {}, title, h("span", { class: "holaf-note" }, ` ${bytes(size)}`)),
    place,
  );
  let asked = false;
  details.addEventListener("toggle", async () => {
    if (!details.open || asked) {
      return;
    }
    asked = true;
    place.replaceChildren(h("p", { class: "holaf-note" }, strings.readingJson));
    try {
      const [answer, { createJsonTree }] = await Promise.all([
        getBytes(`images/metadata?raw=1&id=${row.id}`, scope.signal),
        import("./json_tree.js"),
      ]);
      if (!scope.disposed) {
        place.replaceChildren(createJsonTree(answer, key, title, scope).element);
      }
    } catch (error) {
      asked = false;
      if (!isAbort(error)) {
        place.replaceChildren(
          h("p", { class: "holaf-note" }, strings.metadataFailed(/** @type {Error} */ (error).message)),
        );
      }
    }
  });
  return h("section", { class: "holaf-passage" }, details);
}
