/** Tiles that are dragged out of the gallery: onto ComfyUI's canvas, in this page or another, or anywhere else. */
import { url } from "../core/api.js";

/** Read by js/comfyui/holaf.js, which takes it before ComfyUI's own handling does. */
export const FILE_TYPE = "application/x-holaf-file";

/** @param {import("./grid.js").Grid} grid @param {import("./index.js").Gallery} gallery */
export function listenToDrag(grid, { scope, rows }) {
  const { list } = grid;
  // A finger that rests on a tile selects it, and moves the list.
  scope.listen(list, "pointerdown", (event) => {
    const tile = event.target.closest?.(".holaf-tile");
    if (tile) {
      tile.draggable = event.pointerType !== "touch";
    }
  });
  scope.listen(list, "dragstart", (event) => {
    const tile = event.target.closest?.(".holaf-tile");
    const row = tile && rows.get(Number(tile.dataset.id));
    if (!row) {
      event.preventDefault();
      return;
    }
    const { id, filename, kind, subfolder, size_bytes, has_workflow, has_prompt } = row;
    const address = url("images/full", { id });
    const file = { id, filename, kind, subfolder, size_bytes, root: row.root ?? "output", has_workflow, has_prompt };
    const { dataTransfer } = event;
    dataTransfer.effectAllowed = "copy";
    dataTransfer.setData(FILE_TYPE, JSON.stringify({ server: url(""), file }));
    // For other programs, and pages without us.
    dataTransfer.setData("text/uri-list", address);
    dataTransfer.setData("DownloadURL", `application/octet-stream:${filename.replaceAll(":", "_")}:${address}`);
  });
}
