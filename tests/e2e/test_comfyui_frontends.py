"""The pack inside ComfyUI's real frontends: one page per version, used by every test in turn."""

from __future__ import annotations

import contextlib
import gzip
import re
from pathlib import Path

import pytest
import running_server
from comfy_page import ComfyPage
from e2e_pictures import WIDTHS, save_pictures
from media_files import workflow
from playwright.sync_api import expect
from running_server import ROOT, RunningServer, frontend_static

VERSIONS = ["1.27.10", "1.49.6", "1.58.1"]
HOST = Path(running_server.__file__).with_name("frontend_host.py")
SMALL = 8 * 1024
PAGES = ("comfy", "elsewhere")
COMMANDS = {"Holaf.OpenGallery", "Holaf.OpenPage", "Holaf.OpenSettings"}


@pytest.fixture(scope="module")
def host(request, tmp_path_factory):
    """`with host(version, *options) as server`: a frontend over a dozen pictures."""

    @contextlib.contextmanager
    def start(version: str, *options: str):
        folder_of_all = request.config.getoption("--frontends")
        static = frontend_static(folder_of_all, version)
        if static is None:
            pytest.skip(f"no frontend {version} in {folder_of_all}: run `run.py test` once")
        folder = tmp_path_factory.mktemp("frontend")
        save_pictures(folder / "output", 12)
        with RunningServer(
            HOST, static, folder / "output", folder / "data", *options, name="frontend host"
        ) as server:
            yield server

    return start


@pytest.fixture(scope="module", params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture(scope="module")
def comfy(host, chromium, version):
    """ComfyUI's page under its strict policy, dark; nothing of ours was opened in it yet."""
    with host(version, "--strict") as server:
        comfy = ComfyPage(chromium, server.url)
        comfy.open()
        yield comfy
        comfy.close()


@pytest.fixture(scope="module")
def elsewhere(host, chromium, version):
    """ComfyUI's page in its light theme, behind a proxy's path, in a folder with an odd name."""
    options = ("--light", "--prefix", "/some/proxy", "--name", "holaf.v1 (copy) é 漢")
    with host(version, *options) as server:
        comfy = ComfyPage(chromium, server.url)
        comfy.open()
        yield comfy
        comfy.close()


@pytest.fixture
def gallery(comfy):
    """The gallery's floating panel; closed after the test."""
    comfy.open_gallery(6)
    yield comfy.page.locator(".holaf-panel")
    comfy.close_panels()


@pytest.fixture(autouse=True)
def clean(request):
    """Whatever a test does, the console must not complain about us."""
    used = [request.getfixturevalue(one) for one in request.fixturenames if one in PAGES]
    yield
    complaints = [line for comfy in used for line in comfy.complaints()]
    for comfy in used:
        comfy.console.clear()
        comfy.tidy()
    assert complaints == []


@pytest.fixture
def keep(request, version):
    folder = request.config.getoption("--shots")
    return lambda comfy, name: comfy.shot(folder, f"comfyui-{version}-{name}")


def test_before_anything_is_opened_the_page_loads_one_small_file(comfy):
    assert comfy.ours_requested() == ["/extensions/ComfyUI-Holaf-Utilities/holaf.js"]
    assert [path.name for path in (ROOT / "js" / "comfyui").rglob("*.*")] == ["holaf.js"]
    assert len(gzip.compress((ROOT / "js" / "comfyui" / "holaf.js").read_bytes())) <= SMALL


def test_the_commands_and_the_tab_are_registered(comfy):
    known = comfy.page.evaluate("() => app.extensionManager.command.commands.map(({ id }) => id)")
    assert COMMANDS | {"Workspace.ToggleSidebarTab.holaf.gallery"} <= set(known)
    tabs = comfy.page.evaluate("() => app.extensionManager.getSidebarTabs().map(({ id }) => id)")
    assert tabs.count("holaf.gallery") == 1


def test_the_menu_has_our_entries_and_opens_the_gallery(comfy, keep):
    page = comfy.page
    page.locator(".comfyui-logo").first.click()
    page.get_by_role("menuitem", name="Holaf").hover()
    entry = page.get_by_role("menuitem", name="Gallery", exact=True)
    if entry.count() == 0:
        page.get_by_role("menuitem", name="Holaf").click()
    expect(page.get_by_role("menuitem", name="Gallery in a new tab")).to_be_visible()
    keep(comfy, "menu")
    entry.click()
    comfy.wait_for_pictures(6, ".holaf-panel")
    comfy.close_panels()


def test_the_gallery_s_panel_shows_the_pictures(comfy, gallery, keep):
    expect(gallery).to_have_role("dialog")
    expect(gallery.locator(".holaf-status-shown")).to_have_text("12 items")
    keep(comfy, "panel-dark-1600")


def test_axe_finds_nothing_in_the_panel(comfy, gallery, axe):
    gallery.locator(".holaf-tile").first.click()
    expect(gallery.get_by_role("complementary", name="Details")).to_contain_text("lighthouse")
    assert axe(comfy.page, ".holaf-panel") == []


def test_two_pictures_are_compared_and_measured_in_the_panel(comfy, gallery, keep):
    tiles = gallery.locator(".holaf-tile:not([hidden])")
    for place in (1, 2):
        gallery.locator(f".holaf-tile[aria-posinset='{place}']").click(modifiers=["Control"])
    expect(tiles.and_(gallery.locator("[aria-selected=true]"))).to_have_count(2)
    gallery.get_by_role("listbox").press("c")
    window = gallery.get_by_role("dialog", name="Compare 2 pictures")
    expect(window).to_contain_text("Seed")
    window.get_by_role("button", name="Difference").click()
    # By a worker, which ComfyUI's policy allows.
    comfy.page.wait_for_function(
        "() => document.querySelector('.holaf-compare')?.textContent.includes('of the pixels')"
    )
    keep(comfy, "compare-dark-1600")
    comfy.page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    expect(gallery.get_by_role("listbox")).to_be_focused()


def test_the_pack_s_own_settings_open_over_comfyuis_dialog(comfy, axe, keep):
    page = comfy.page
    comfy.run("Comfy.ShowSettingsDialog")
    page.get_by_text("Holaf", exact=True).last.click()
    for text in ("Open the gallery as", "Show the gallery in the sidebar"):
        expect(page.get_by_text(text)).to_be_visible()
    keep(comfy, "settings-dialog")
    page.get_by_role("button", name="Open", exact=True).click()
    panel = page.locator(".holaf-panel")
    expect(panel.locator("input, select").first).to_be_visible()
    keep(comfy, "settings-panel")
    # It is of no use behind the dialog's glass: it takes clicks and keeps the focus.
    field = panel.locator("input:visible, select:visible, button:visible").last
    field.click(trial=True)
    comfy.close_panels()
    expect(page.get_by_text("Open the gallery as")).to_have_count(0)


def test_comfyui_s_shortcuts_work_outside_our_panel_and_not_inside(comfy, gallery):
    page = comfy.page
    nodes = "() => (app.rootGraph ?? app.graph).nodes.length"
    page.evaluate("() => app.canvas.selectItems([(app.rootGraph ?? app.graph).nodes[0]])")
    assert page.evaluate("() => app.canvas.selectedItems.size") == 1
    comfy.sent.clear()
    search = gallery.get_by_role("combobox", name="Search")
    for place in (gallery.get_by_role("listbox"), search):
        place.focus()
        for key in ("w", "n", "r", "q", "p", ".", "Delete", "Control+s"):
            page.keyboard.press(key)
    page.keyboard.press("Control+Enter")
    gallery.get_by_role("button", name="More actions").click()
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.type("wnq")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.locator(".holaf-dialog")).to_be_visible()
    page.keyboard.type("wnq")
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    expect(page.locator(".holaf-dialog")).to_have_count(0)
    assert comfy.active_tab() is None
    assert page.evaluate(nodes) == 1
    assert [one for one in comfy.sent if "/holaf/" not in one] == []
    expect(search).to_have_value("wnrqp.")
    search.fill("")

    page.locator("#graph-canvas").focus()
    page.keyboard.press("w")
    page.wait_for_function("() => app.extensionManager.sidebarTab.activeSidebarTabId")
    assert comfy.active_tab() == "workflows"
    comfy.toggle_tab("workflows")


def test_a_focus_that_is_lost_with_its_element_stays_in_the_panel(comfy, gallery):
    # In one go: an answer that came between would hide the list before it has the focus.
    gallery.evaluate(
        """(panel) => {
            const search = panel.querySelector("[role=combobox]");
            search.focus();
            search.value = "nothing is called this";
            search.dispatchEvent(new Event("input", { bubbles: true }));
            panel.querySelector("[role=listbox]").focus();
        }"""
    )
    expect(gallery.get_by_role("button", name="Clear filters")).to_be_visible()
    expect(gallery.locator(".holaf-images")).to_be_focused()
    comfy.page.keyboard.press("w")
    assert comfy.active_tab() is None
    gallery.get_by_role("button", name="Clear filters").click()
    expect(gallery.locator(".holaf-status-shown")).to_have_text("12 items")


def test_the_button_in_the_panel_s_header_opens_a_tab_of_its_own(comfy, gallery):
    with comfy.context.expect_page() as opened:
        gallery.get_by_role("button", name="new tab").or_(
            gallery.locator(".holaf-panel-header button:has(use[href*='external-link'])")
        ).first.click()
    tab = opened.value
    assert tab.url == f"{comfy.url}/holaf/view"
    expect(tab.locator(".holaf-tile.holaf-ready")).to_have_count(12)
    tab.close()
    expect(comfy.page.locator(".holaf-panel")).to_have_count(0)


def test_the_sidebar_s_tab_comes_and_goes_leaving_nothing(comfy, axe, keep):
    page = comfy.page
    for _ in range(2):
        comfy.toggle_tab()
        comfy.wait_for_pictures(4, ".holaf-embedded")
        expect(page.locator(".holaf-embedded")).to_have_count(1)
        place = page.locator(".holaf-embedded").bounding_box()
        assert place["height"] > 500, "it is as high as the sidebar"
        keep(comfy, "sidebar-dark-1600")
        assert axe(page, ".holaf-embedded") == []
        comfy.toggle_tab()
        expect(page.locator(".holaf-embedded")).to_have_count(0)


def test_the_tab_is_taken_away_by_its_setting_and_comes_back(comfy):
    page = comfy.page
    there = "() => app.extensionManager.getSidebarTabs().some(({ id }) => id === 'holaf.gallery')"
    page.evaluate("() => app.extensionManager.setting.set('Holaf.Sidebar', false)")
    page.wait_for_function(f"() => !({there})()")
    page.evaluate("() => app.extensionManager.setting.set('Holaf.Sidebar', true)")
    page.wait_for_function(there)


@pytest.mark.parametrize("way", ["sidebar", "tab"])
def test_the_command_opens_the_gallery_as_the_user_chose(comfy, way):
    page = comfy.page
    choose = "(way) => app.extensionManager.setting.set('Holaf.OpenGallery', way)"
    page.evaluate(choose, way)
    if way == "sidebar":
        comfy.run("Holaf.OpenGallery")
        comfy.wait_for_pictures(4, ".holaf-embedded")
        comfy.toggle_tab()
    else:
        with comfy.context.expect_page() as opened:
            comfy.run("Holaf.OpenGallery")
        assert opened.value.url == f"{comfy.url}/holaf/view"
        opened.value.close()
    page.evaluate(choose, "panel")


def test_a_finished_picture_appears_in_the_open_panel(comfy, gallery):
    prompt = {
        "1": {"class_type": "EmptyImage", "inputs": {}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}},
    }
    comfy.page.request.post(f"{comfy.url}/api/prompt", data={"prompt": prompt})
    new = gallery.get_by_role("option", name=re.compile("ComfyUI_00001_"))
    expect(new.locator("img")).to_have_js_property("complete", True)
    expect(new).to_have_class(re.compile("holaf-ready"))
    expect(gallery.locator(".holaf-status-shown")).to_have_text("13 items")


def test_a_tab_of_ours_reaches_comfyui_s_page_before_anything_was_opened_in_it(elsewhere):
    before = elsewhere.ours_requested()
    assert [path for path in before if "/extensions/" not in path] == []
    tab = elsewhere.context.new_page()
    tab.goto(f"{elsewhere.url}/holaf/view")
    expect(tab.locator(".holaf-tile.holaf-ready")).to_have_count(12)
    # The first message wakes it up, which takes a moment.
    answer = tab.wait_for_function(
        """async () => {
            const { channel } = await import(new URL("js/core/channel.js", location.href).href);
            return channel.request("comfyui.ping").catch(() => null);
        }"""
    ).json_value()
    assert "ComfyUI" in answer["title"] or "Workflow" in answer["title"]
    assert elsewhere.page.locator(".holaf-panel").count() == 0
    tab.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_it_is_looked_at_in_every_width(comfy, keep, width):
    page = comfy.page
    page.set_viewport_size({"width": width, "height": 900})
    comfy.open_gallery(1)
    box = page.locator(".holaf-panel").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    keep(comfy, f"panel-dark-{width}")
    comfy.close_panels()
    if width > 360:
        comfy.toggle_tab()
        comfy.wait_for_pictures(1, ".holaf-embedded")
        keep(comfy, f"sidebar-dark-{width}")
        comfy.toggle_tab()
    page.set_viewport_size({"width": 1600, "height": 900})


LOADER = """() => app.loadGraphData({
    last_node_id: 1, last_link_id: 0, links: [], groups: [], config: {}, version: 0.4,
    extra: {ds: {scale: 1, offset: [0, 0]}},
    nodes: [{id: 1, type: "LoadImage", pos: [0, 0], size: [300, 320], flags: {}, order: 0, mode: 0,
        inputs: [], outputs: [], properties: {}, widgets_values: ["example.png"]}]})"""
TABS = "() => app.extensionManager.workflow.openWorkflows.map(({filename}) => filename)"


def drag(page, name: str, x: float, y: float) -> None:
    page.get_by_role("option", name=name).hover()
    page.mouse.down()
    page.mouse.move(x, y, steps=6)
    page.mouse.up()


def test_a_workflow_is_loaded_sent_and_dragged_onto_the_canvas_and_into_a_node(comfy, gallery):
    page = comfy.page
    nodes = "() => (app.rootGraph ?? app.graph).nodes"
    page.evaluate(LOADER)
    before = page.evaluate(TABS)
    # Left of the panel nothing lies over the canvas.
    left = gallery.bounding_box()["x"] - 70
    page.evaluate(
        """([x, y]) => {
            const [node] = (app.rootGraph ?? app.graph).nodes;
            const at = app.canvas.convertEventToCanvasOffset({clientX: x, clientY: y});
            node.pos = [at[0] - node.size[0] / 2, at[1] - node.size[1] + 10];
        }""",
        [left, 300],
    )
    widget = f"({nodes})()[0].widgets[0].value"
    drag(page, "holaf_00003_", left, 300)
    page.wait_for_function(f"() => {widget} === 'holaf_00003_.png'")
    assert page.evaluate(TABS) == before, "ComfyUI's own handling of a drop ran too"

    gallery.get_by_role("option", name="holaf_00005_").click()
    details = gallery.get_by_role("complementary", name="Details")
    expect(details.locator(".holaf-info-name")).to_contain_text("holaf_00005_")
    details.get_by_role("button", name="Send to input").click()
    page.wait_for_function(f"() => {widget} === 'holaf_00005_.png'")

    drag(page, "holaf_00006_", left, 620)
    asked = page.get_by_role("alertdialog", name="Replace what is on the canvas?")
    asked.get_by_role("button", name="Open in a new workflow tab").click()
    active = "app.extensionManager.workflow.activeWorkflow.filename"
    page.wait_for_function(f"() => {active} === 'holaf_00006_'")
    expect(page.locator(".holaf-toast", has_text="is on the canvas")).to_be_visible()
    assert page.evaluate(TABS) == [*before, "holaf_00006_"]
    types = page.evaluate(f"() => ({nodes})().map(({{type}}) => type)")
    assert set(types) == {one["type"] for one in workflow()["nodes"]}

    details.get_by_role("button", name="Load workflow", exact=True).click()
    page.wait_for_function(f"() => {active} === 'holaf_00005_'")
    expect(page.locator(".holaf-toast", has_text="“holaf_00005_” is on")).to_be_visible()
    page.wait_for_function(
        f"(wanted) => String(({TABS})()) === wanted", arg=f"{','.join(before)},holaf_00005_"
    )


def test_a_path_prefix_and_an_odd_folder_name_change_nothing(elsewhere):
    elsewhere.open_gallery(6)
    ours = [url for url in elsewhere.requests if "olaf" in url]
    assert [url for url in ours if not url.startswith(f"{elsewhere.url}/")] == []
    assert (
        elsewhere.page.evaluate(
            "() => performance.getEntriesByType('resource').filter((one) =>"
            " one.name.includes('/holaf/') && one.responseStatus >= 400).map((one) => one.name)"
        )
        == []
    )
    with elsewhere.context.expect_page() as opened:
        elsewhere.run("Holaf.OpenPage")
    assert opened.value.url == f"{elsewhere.url}/holaf/view"
    expect(opened.value.locator(".holaf-tile.holaf-ready")).to_have_count(12)
    opened.value.close()
    elsewhere.close_panels()


@pytest.mark.parametrize("width", [900, 1600])
def test_the_light_theme_is_followed(elsewhere, axe, keep, width):
    page = elsewhere.page
    page.set_viewport_size({"width": width, "height": 900})
    elsewhere.open_gallery(6)
    assert page.evaluate("() => document.body.dataset.holafTheme") == "light"
    page.locator(".holaf-panel .holaf-tile").first.click()
    keep(elsewhere, f"panel-light-{width}")
    assert axe(page, ".holaf-panel") == []
    elsewhere.close_panels()
    elsewhere.toggle_tab()
    elsewhere.wait_for_pictures(4, ".holaf-embedded")
    keep(elsewhere, f"sidebar-light-{width}")
    elsewhere.toggle_tab()


def test_a_palette_chosen_meanwhile_is_followed_at_once(elsewhere):
    page = elsewhere.page
    elsewhere.open_gallery(1)
    for palette in ("dark", "light"):
        page.evaluate("(id) => app.extensionManager.setting.set('Comfy.ColorPalette', id)", palette)
        page.wait_for_function("(theme) => document.body.dataset.holafTheme === theme", arg=palette)
    elsewhere.close_panels()
