/** What else can be done with what is shown: the file itself, and its workflow. */
import { url } from "../core/api.js";
import { h } from "../core/dom.js";
import { openMenu } from "../ui/menu.js";
import { strings } from "./large_strings.js";
import { workflowActions } from "./workflow_actions.js";

/** @param {import("./index.js").Gallery} gallery @param {Element} anchor @param {import("./rows_cache.js").Row | undefined} row */
export function openLargeMenu(gallery, anchor, row) {
  if (!row) {
    return;
  }
  const workflow = workflowActions(gallery, row.id);
  openMenu(
    anchor,
    [
      {
        label: strings.download(row),
        icon: "download",
        action: () => h("a", { href: url("images/full", { id: row.id }), download: row.filename }).click(),
      },
      workflow.length > 0 && { separator: true },
      ...workflow,
    ],
    { label: strings.moreOf(row.filename) },
  );
}
