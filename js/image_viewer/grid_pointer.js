/** What the mouse and the fingers do in the grid. */

const LONG_PRESS_MS = 450;

/** @typedef {import("./grid.js").Grid} Grid @typedef {import("./grid.js").GridOptions} GridOptions */

/** @param {Grid} grid @param {Event} event @returns {import("./cells.js").Cell | undefined} */
function cellOf(grid, event) {
  const tile = /** @type {Element} */ (event.target).closest?.(".holaf-tile");
  return tile instanceof HTMLElement ? grid.cells.get(Number(tile.dataset.id)) : undefined;
}

/** @param {Grid} grid @param {GridOptions} options */
export function listenToPointer(grid, options) {
  const { scope, selection } = options;
  const { list, scroller } = grid;
  let pressed = () => {};
  let longPressed = false;
  let byTouch = false;
  /** What the first click of two hit: the details it opened may have moved another picture under the second. */
  let first = 0;
  scope.listen(list, "click", (event) => {
    const cell = cellOf(grid, event);
    if (!cell || longPressed) {
      longPressed = false;
      return;
    }
    const { rate, favourite } = event.target.closest("[data-rate], [data-favourite]")?.dataset ?? {};
    if (rate !== undefined || favourite !== undefined) {
      options.judge(cell.id, rate === undefined ? { favourite: favourite === "true" } : { rating: Number(rate) });
      grid.list.focus({ preventScroll: true });
      return;
    }
    const onCheck = Boolean(event.target.closest(".holaf-tile-check"));
    const mod = event.ctrlKey || event.metaKey;
    const plain = !onCheck && !mod && !event.shiftKey;
    if (plain && event.detail > 1 && !byTouch) {
      return;
    }
    first = plain ? cell.id : 0;
    if (plain) {
      // Perhaps the first of two, which open it.
      import("./large_view.js").catch(() => {});
    }
    if (event.shiftKey) {
      grid.range(cell.position, mod || onCheck);
    } else if (!plain || (byTouch && !selection.empty)) {
      selection.toggle(cell.id);
    } else if (byTouch) {
      options.open(cell.position);
    } else {
      selection.only(cell.id);
    }
    grid.take(cell);
  });
  scope.listen(list, "dblclick", (event) => {
    const onMarks = event.target.closest(".holaf-tile-marks");
    const position = first && !onMarks ? options.view.ids.indexOf(first) : -1;
    if (position >= 0 && !byTouch) {
      options.open(position);
    }
  });
  scope.listen(list, "pointerover", (event) => {
    const cell = cellOf(grid, event);
    const row = cell && options.rows.get(cell.id);
    cell?.hover(row);
    if (cell && row?.kind === "video" && event.pointerType !== "touch") {
      import("./hover_play.js").then(
        ({ hoverPlay }) => hoverPlay(cell, row, scope, scroller),
        () => {},
      );
    }
  });
  scope.listen(list, "pointerdown", (event) => {
    longPressed = false;
    byTouch = event.pointerType === "touch";
    const cell = cellOf(grid, event);
    if (cell && byTouch) {
      const id = cell.id;
      pressed = scope.after(LONG_PRESS_MS, () => {
        longPressed = true;
        selection.toggle(id);
      });
    }
  });
  for (const type of ["pointerup", "pointercancel", "pointermove"]) {
    scope.listen(list, type, (event) => {
      if (type !== "pointermove" || Math.hypot(event.movementX, event.movementY) > 6) {
        pressed();
      }
    });
  }
  scope.listen(list, "contextmenu", (event) => {
    const cell = cellOf(grid, event);
    if (longPressed) {
      event.preventDefault();
    } else if (cell && !byTouch && !event.defaultPrevented && !event.shiftKey) {
      event.preventDefault();
      options.menu({ x: event.clientX, y: event.clientY }, cell.id);
    }
  });
  scope.listen(scroller, "pointerdown", (event) => {
    const free = !cellOf(grid, event) && !event.target.closest("button");
    if (free && event.button === 0 && event.pointerType === "mouse") {
      event.preventDefault();
      list.focus({ preventScroll: true });
      // What the pointer does until this is here is not lost.
      const early = scope.child();
      /** @type {PointerEvent[]} */
      const moves = [];
      for (const type of ["pointermove", "pointerup", "pointercancel"]) {
        early.listen(window, type, (move) => moves.push(move));
      }
      void import("./grid_band.js").then(({ drawBand }) => {
        early.dispose();
        drawBand(grid, options, event, moves);
      });
    }
  });
}
