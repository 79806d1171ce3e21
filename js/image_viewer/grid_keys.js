/** What the keys do in the grid: move, choose, open. */
import { leadsTo, rowAt } from "./geometry.js";

/** @param {import("./grid.js").Grid} grid @param {import("./grid.js").GridOptions} options */
export function listenToKeys(grid, { view, selection, scope, open, focused, menu }) {
  let opened = false;
  scope.listen(grid.list, "keydown", (event) => {
    const mod = event.ctrlKey || event.metaKey;
    if (!view.ids.length || event.altKey) {
      return;
    }
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      const cell = grid.cells.get(view.ids[grid.focusPosition]);
      event.preventDefault();
      opened = true;
      if (cell) {
        menu(cell.element, cell.id);
      }
      return;
    }
    if (event.key === "Enter") {
      event.preventDefault();
      open(grid.focusPosition, { fullscreen: mod });
      return;
    }
    if (event.key === " ") {
      event.preventDefault();
      grid.focusOn(grid.focusPosition);
      selection.toggle(view.ids[grid.focusPosition]);
      return;
    }
    const { geometry } = grid;
    const first = grid.unfocused && !/^(Home|End)$/.test(event.key);
    const target = leadsTo(geometry, event.key, grid.focusPosition, grid.height);
    if (target === null) {
      return;
    }
    event.preventDefault();
    if (event.shiftKey && selection.anchor === null) {
      selection.anchor = view.ids[grid.focusPosition];
    }
    const move = () => {
      const end = event.key === "End";
      const position = first
        ? geometry.rowStart[rowAt(geometry, grid.top)]
        : Math.min(view.ids.length - 1, Math.max(0, end ? Infinity : target));
      grid.focusOn(position);
      if (event.key === "Home") {
        grid.scrollTo(0);
      } else if (end) {
        grid.scrollTo(Infinity);
      }
      if (event.shiftKey) {
        grid.range(position, mod);
      }
      focused(position);
    };
    if (event.key === "End") {
      grid.lead(move);
    } else {
      move();
    }
  });
  // The browser's own menu comes when such a key is pressed, or let go.
  scope.listen(grid.list, "contextmenu", (event) => opened && event.preventDefault());
  scope.listen(window, "pointerdown", () => {
    opened = false;
  });
}
