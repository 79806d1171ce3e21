"""Panels, menus, dialogs and toasts, by mouse and keyboard, in a page of ours."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

PANEL = """async ({id}) => {
    const { openPanel } = await import(new URL("../ui/panel.js", document.scripts[0].src).href);
    const { createHost } = await import(new URL("../standalone/host.js",
        document.scripts[0].src).href);
    const { h } = await import(new URL("../core/dom.js", document.scripts[0].src).href);
    openPanel({
        id, title: `Panel ${id}`, icon: "images", host: (window.host ??= createHost()),
        width: 500, height: 400,
        mount: (root) => root.append(h("button", { type: "button", class: "holaf-button" }, id)),
    });
}"""
PART = """async (name) => {
    window[name] = await import(new URL(`../ui/${name}.js`, document.scripts[0].src).href);
}"""


@pytest.fixture
def view(new_page, standalone):
    page = new_page(width=1200, height=800, bypass_csp=True, reduced_motion="reduce")
    page.goto(standalone.url)
    expect(page.locator(".holaf-page-main > *").first).to_be_visible()
    for name in ("menu", "dialog", "toast"):
        page.evaluate(PART, name)
    return page


def open_panel(page, id: str):
    page.evaluate(PANEL, {"id": id})
    panel = page.locator(f".holaf-panel:has(#holaf-panel-{id}-title)")
    expect(panel).to_be_visible()
    return panel


def test_a_panel_is_moved_resized_and_found_again_where_it_was(view):
    panel = open_panel(view, "one")
    start = panel.bounding_box()
    title = panel.locator("h2").bounding_box()
    view.mouse.move(title["x"] + 30, title["y"] + 8)
    view.mouse.down()
    view.mouse.move(title["x"] + 90, title["y"] + 58, steps=4)
    view.mouse.up()
    moved = panel.bounding_box()
    assert (moved["x"], moved["y"]) == (start["x"] + 60, start["y"] + 50)
    view.mouse.move(moved["x"] + moved["width"] + 1, moved["y"] + moved["height"] + 1)
    view.mouse.down()
    view.mouse.move(moved["x"] + moved["width"] + 41, moved["y"] + moved["height"] + 31, steps=4)
    view.mouse.up()
    assert panel.bounding_box()["width"] == moved["width"] + 40
    kept = panel.bounding_box()
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    assert open_panel(view, "one").bounding_box() == kept


def test_a_panel_is_in_view_after_the_window_shrank_and_a_sheet_on_a_phone(view):
    panel = open_panel(view, "one")
    view.set_viewport_size({"width": 640, "height": 420})
    box = panel.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 640
    assert box["y"] + box["height"] <= 420
    view.set_viewport_size({"width": 390, "height": 700})
    box = panel.bounding_box()
    assert (box["x"], box["width"], box["height"]) == (0, 390, 700)


def test_a_panel_opened_twice_is_one_and_comes_to_the_front(view):
    first = open_panel(view, "one")
    open_panel(view, "two")
    open_panel(view, "one")
    expect(view.locator(".holaf-panel")).to_have_count(2)
    expect(first).to_contain_class("holaf-front")


def test_keys_typed_in_a_panel_do_not_reach_the_page_around_it(view):
    view.evaluate("window.heard = []; addEventListener('keydown', e => heard.push(e.key))")
    open_panel(view, "one").get_by_role("button", name="one", exact=True).focus()
    view.keyboard.press("q")
    assert view.evaluate("heard") == []


def test_a_menu_is_used_by_keyboard_alone_and_gives_the_focus_back(view):
    panel = open_panel(view, "one")
    panel.get_by_role("button", name="one", exact=True).focus()
    view.evaluate(
        """() => { window.chosen = []; menu.openMenu({x: 20, y: 20}, [
            {label: "Alpha", action: () => chosen.push("alpha")},
            {label: "Beta", disabled: "Not now", action: () => chosen.push("beta")},
            {label: "Gamma", items: [{label: "Delta", action: () => chosen.push("delta")}]},
        ]); }"""
    )
    view.keyboard.press("b")
    expect(view.get_by_role("menuitem", name="Beta")).to_be_focused()
    view.keyboard.press("Enter")
    view.keyboard.press("ArrowDown")
    view.keyboard.press("ArrowRight")
    expect(view.get_by_role("menuitem", name="Delta")).to_be_focused()
    view.keyboard.press("Enter")
    assert view.evaluate("chosen") == ["delta"]
    expect(panel.get_by_role("button", name="one", exact=True)).to_be_focused()


def test_a_dialog_keeps_the_focus_and_enter_does_not_destroy(view, axe):
    view.evaluate(
        """() => { window.answer = "none"; dialog.confirm({title: "Delete 2 files for ever?",
            action: "Delete 2 files for ever", danger: true})
            .then(a => { window.answer = a; }); }"""
    )
    asked = view.get_by_role("alertdialog")
    expect(asked.get_by_role("button", name="Cancel")).to_be_focused()
    for _ in range(3):
        view.keyboard.press("Tab")
        assert view.evaluate("document.activeElement.closest('.holaf-dialog') !== null")
    assert axe(view, ".holaf-layer-over") == []
    asked.get_by_role("button", name="Cancel").focus()
    view.keyboard.press("Enter")
    expect(asked).to_have_count(0)
    assert view.evaluate("answer") is False


def test_never_more_than_three_toasts_and_the_one_with_progress_stays(view):
    view.evaluate(
        """() => { toast.toast({text: "busy", progress: 0.2, onCancel() {}});
            for (const text of ["1", "2", "3", "4"]) toast.toast(text); }"""
    )
    expect(view.locator(".holaf-toast")).to_have_count(3)
    expect(view.locator(".holaf-toast", has_text="busy")).to_be_visible()
    expect(view.locator(".holaf-toast", has_text="4")).to_be_visible()


def test_the_cancel_of_a_toast_stays_the_same_button_while_it_tells_its_progress(view):
    view.evaluate(
        """() => { window.given = [];
            window.busy = toast.toast(
                {text: "0 of 9", progress: 0, onCancel: () => given.push(1)}); }"""
    )
    cancel = view.locator(".holaf-toast").get_by_role("button", name="Cancel")
    box = cancel.bounding_box()
    view.mouse.move(box["x"] + 8, box["y"] + 8)
    view.mouse.down()
    view.evaluate("() => busy.update({text: '5 of 9', progress: 0.5})")
    expect(view.get_by_role("progressbar", name="5 of 9")).to_have_attribute("aria-valuenow", "50")
    view.mouse.up()
    assert view.evaluate("given") == [1]


def test_a_dialog_keeps_the_focus_also_after_a_toast_came(view):
    open_panel(view, "one")
    view.evaluate("() => { dialog.confirm({title: 'Sure?', action: 'Yes'}); toast.toast('done'); }")
    view.get_by_role("button", name="one", exact=True).focus()
    assert view.evaluate("document.activeElement.closest('.holaf-dialog') !== null")


TABLE = """async () => {
    const { openPanel } = await import(new URL("../ui/panel.js", document.scripts[0].src).href);
    const { createHost } = await import(new URL("../standalone/host.js",
        document.scripts[0].src).href);
    const { createTable } = await import(new URL("../ui/table.js", document.scripts[0].src).href);
    const { createTabs } = await import(new URL("../ui/tabs.js", document.scripts[0].src).href);
    const host = createHost();
    const rows = Array.from({length: 1000}, (_, size) => ({name: `file ${size}`, size}));
    window.chosen = [];
    openPanel({id: "files", title: "Files", host, width: 600, height: 420, mount(root, {scope}) {
        const table = createTable({
            id: "files", label: "Files", host, signal: scope.signal,
            columns: [
                {id: "name", title: "Name", value: (row) => row.name},
                {id: "size", title: "Size", number: true, value: (row) => row.size,
                    bar: (row) => row.size / 1000},
            ],
            onChoose: (row) => chosen.push(row.name),
        });
        const parts = [
            {id: "list", title: "List", mount: (place) => place.append(table.element)},
            {id: "other", title: "Other", mount: (place) => place.append("Nothing")},
        ];
        root.append(createTabs(parts, {label: "Parts"}).element);
        table.setRows(rows);
    }});
}"""


def test_a_table_of_any_length_is_sorted_read_and_used_by_keyboard(view, axe):
    view.evaluate(TABLE)
    grid = view.get_by_role("grid", name="Files")
    grid.focus()
    view.keyboard.press("End")
    expect(grid.get_by_role("row", selected=True)).to_contain_text("file 999")
    assert grid.locator(".holaf-virtual-row").count() < 40
    assert axe(view, ".holaf-panel") == []
    # Enter on a header sorts; it chooses nothing.
    grid.get_by_role("button", name="Size").focus()
    view.keyboard.press("Enter")
    expect(grid.get_by_role("columnheader", name="Size")).to_have_attribute(
        "aria-sort", "descending"
    )
    grid.focus()
    view.keyboard.press("Home")
    view.keyboard.press("Enter")
    assert view.evaluate("chosen") == ["file 999"]
    view.get_by_role("tab", name="List").focus()
    view.keyboard.press("ArrowRight")
    expect(view.get_by_role("tab", name="Other")).to_be_focused()
    expect(view.get_by_role("tabpanel", name="Other")).to_have_text("Nothing")
    expect(grid).to_be_hidden()


def test_text_is_never_markup(view):
    evil = "<img src=x onerror=window.ran=1>"
    view.evaluate(
        """text => { toast.toast(text); menu.openMenu({x: 9, y: 9}, [{label: text}]);
            dialog.confirm({title: text, body: text, action: text}); }""",
        evil,
    )
    expect(view.get_by_role("dialog").get_by_role("button", name=evil)).to_be_visible()
    assert view.locator(".holaf-layer-over img").count() == 0


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_on_a_panel(new_page, standalone, axe, theme):
    page = new_page(width=1200, height=800, theme=theme, bypass_csp=True, reduced_motion="reduce")
    page.goto(standalone.url)
    expect(page.locator(".holaf-page-main > *").first).to_be_visible()
    open_panel(page, "one")
    assert axe(page, ".holaf-panel") == []
