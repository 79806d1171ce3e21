"""From the gallery onto ComfyUI's canvas: proved by what is in the real frontend afterwards."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import running_server
from comfy_page import READY, ComfyPage
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import expect
from running_server import RunningServer, frontend_static

expect.set_options(timeout=20_000)

VERSION = "1.58.1"  # the older ones are proved in test_comfyui_frontends.py
HOST = Path(running_server.__file__).with_name("frontend_host.py")
HACK = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
NODES = """() => (app.rootGraph ?? app.graph).nodes.map(({id, type, title, widgets}) => (
    {id: String(id), type, title, values: (widgets ?? []).map(({value}) => value)}))"""
TABS = "() => app.extensionManager.workflow.openWorkflows.map(({filename}) => filename)"
WORKFLOW = {
    "last_node_id": 2, "last_link_id": 1, "groups": [], "config": {}, "extra": {}, "version": 0.4,
    "links": [[1, 1, 0, 2, 0, "IMAGE"]],
    "nodes": [
        {"id": 1, "type": "EmptyImage", "pos": [100, 200], "size": [270, 130], "flags": {},
         "order": 0, "mode": 0, "inputs": [], "properties": {}, "title": HACK,
         "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}],
         "widgets_values": [640, 320, 1, 7]},
        {"id": 2, "type": "SaveImage", "pos": [500, 200], "size": [270, 130], "flags": {},
         "order": 1, "mode": 0, "properties": {}, "outputs": [],
         "inputs": [{"name": "images", "type": "IMAGE", "link": 1}],
         "widgets_values": ["from the gallery"]},
    ],
}  # fmt: skip
QUEUED = {
    "3": {"class_type": "EmptyImage", "inputs": {"width": 96, "height": 64}},
    "4": {
        "class_type": "SaveImage",
        "inputs": {"images": ["3", 0], "filename_prefix": "queued"},
    },
}
VALUES = """() => Object.fromEntries((app.rootGraph ?? app.graph).nodes.map(
    ({id, widgets}) => [id, widgets?.[0]?.value]))"""
ACTIVE = "() => app.extensionManager.workflow.activeWorkflow.filename"
LOADERS = """(types) => app.loadGraphData({
    last_node_id: 9, last_link_id: 0, links: [], groups: [], config: {}, version: 0.4,
    extra: {ds: {scale: 1, offset: [0, 0]}},
    nodes: types.map((type, at) => ({id: at + 1, type, pos: [60 + 420 * at, 120], size: [300, 320],
        flags: {}, order: at, mode: 0, inputs: [], outputs: [], properties: {},
        widgets_values: []}))})"""
# What the browser carries from one window to the other.
DRAGGED = """(tile) => {
    const dataTransfer = new DataTransfer();
    const at = {bubbles: true, cancelable: true, dataTransfer};
    tile.dispatchEvent(new PointerEvent("pointerdown", {bubbles: true, pointerType: "mouse"}));
    tile.dispatchEvent(new DragEvent("dragstart", at));
    return Object.fromEntries([...dataTransfer.types].map((t) => [t, dataTransfer.getData(t)]));
}"""
DROP = """([data, x, y]) => {
    const dataTransfer = new DataTransfer();
    Object.entries(data).forEach(([type, text]) => dataTransfer.setData(type, text));
    const at = {bubbles: true, cancelable: true, clientX: x, clientY: y, dataTransfer};
    const target = document.elementFromPoint(x, y);
    for (const type of ["dragenter", "dragover", "drop"]) {
        target.dispatchEvent(new DragEvent(type, at));
    }
}"""
# In the window, where the canvas is free.
FREE = (1000, 700)
ON_NODE = """(id) => {
    const node = (app.rootGraph ?? app.graph).getNodeById(id);
    const [x, y] = [node.pos[0] + node.size[0] / 2, node.pos[1] + node.size[1] - 8];
    const {ds, canvas} = app.canvas, box = canvas.getBoundingClientRect();
    return [box.left + (x + ds.offset[0]) * ds.scale, box.top + (y + ds.offset[1]) * ds.scale];
}"""


def save(path: Path, **texts) -> None:
    info = PngInfo()
    for key, value in texts.items():
        info.add_text(key, json.dumps(value))
    y, x = np.mgrid[0:120, 0:160]
    shade = sum(path.name.encode()) % 256
    pixels = np.dstack([x * 255 // 160, y * 255 // 120, np.full_like(x, shade)])
    Image.fromarray(pixels.astype(np.uint8)).save(path, pnginfo=info)


def make_library(folder: Path) -> None:
    folder.mkdir()
    save(folder / "graph.png", workflow=WORKFLOW)
    save(folder / "queued.png", prompt=QUEUED)
    save(folder / "plain.png")
    save(folder / "gone.png", workflow=WORKFLOW)


@pytest.fixture(scope="module")
def server(request, tmp_path_factory):
    static = frontend_static(request.config.getoption("--frontends"), VERSION)
    if static is None:
        pytest.skip(f"no frontend {VERSION}: run `run.py test` once")
    folder = tmp_path_factory.mktemp("canvas")
    make_library(folder / "output")
    with RunningServer(
        HOST, static, folder / "output", folder / "data", "--strict", name="frontend host"
    ) as server:
        server.folder = folder
        yield server


@pytest.fixture(scope="module")
def browser(server, chromium):
    """One browser; ComfyUI is not open in it yet."""
    browser = ComfyPage(chromium, server.url)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def comfy(browser):
    """ComfyUI's page with the gallery's panel."""
    if browser.page.url == "about:blank":
        browser.open()
    browser.page.bring_to_front()
    browser.open_gallery(4)
    return browser


@pytest.fixture
def view(browser):
    """The gallery's own page in another tab of that browser."""
    page = browser.context.new_page()
    page.goto(f"{browser.url}/holaf/view")
    expect(page.locator(".holaf-tile.holaf-ready")).to_have_count(4)
    yield page
    page.close()


def tile(page, name):
    return page.get_by_role("option", name=re.compile(rf"^{re.escape(name)}"))


def button(page, name, action):
    """A button of a picture's details."""
    tile(page, name).click()
    details = page.get_by_role("complementary", name="Details")
    expect(details.locator(".holaf-info-name")).to_contain_text(name)
    return details.get_by_role("button", name=action, exact=True)


def act(page, name, action):
    button(page, name, action).click()


def says(page, text):
    toast = page.locator(".holaf-toast", has_text=text)
    expect(toast).to_be_visible()
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)


def nodes(page):
    return {one["id"]: one for one in page.evaluate(NODES)}


# This comes first: until then ComfyUI is not open.
def test_from_a_tab_of_its_own_the_chosen_one_of_several_comfyui_tabs_loads_it(browser, view, shot):
    act(view, "graph.png", "Load workflow")
    nobody = view.get_by_role("dialog", name="ComfyUI is not open")
    expect(nobody.get_by_role("button", name="Open ComfyUI")).to_be_focused()
    shot(view, "canvas no tab light 1600")
    view.keyboard.press("Escape")

    one = browser.open()
    act(view, "graph.png", "Load workflow")
    says(view, "“graph” is on the canvas: 2 nodes, in the tab “")
    assert nodes(one)["2"]["values"] == ["from the gallery"]

    two = browser.context.new_page()
    two.goto(f"{browser.url}/")
    two.wait_for_function(READY)
    two.evaluate(LOADERS, ["EmptyImage"])
    act(view, "queued.png", "Load workflow")
    which = view.get_by_role("dialog", name="Which ComfyUI tab?")
    expect(which.get_by_role("radio")).to_have_count(2)
    expect(which).not_to_contain_text("asking")
    shot(view, "canvas which tab light 1600")
    which.get_by_role("radio", name=re.compile("^Unsaved")).check()
    which.get_by_role("button", name="Send to this tab").click()
    says(view, "“queued” is on the canvas")
    assert set(nodes(two)) == {"3", "4"}
    assert set(nodes(one)) == {"1", "2"}
    assert "queued" not in one.evaluate(TABS)

    act(view, "plain.png", "Send to input")
    which.get_by_role("radio", name=re.compile("^queued")).check()
    which.get_by_role("button", name="Send to this tab").click()
    says(view, "was added that loads “plain.png”")
    assert [one["values"][0] for one in nodes(two).values() if one["type"] == "LoadImage"] == [
        "plain.png"
    ]

    # It is closed while it works.
    two.evaluate("() => { app.loadGraphData = () => new Promise(() => { window.asked = true; }); }")
    act(view, "graph.png", "Open in a new workflow tab")
    which.get_by_role("radio", name=re.compile("^queued")).check()
    which.get_by_role("button", name="Send to this tab").click()
    two.wait_for_function("() => window.asked")
    two.close()
    says(view, "is no longer open")
    assert set(nodes(one)) == {"1", "2"}


def test_a_workflow_is_loaded_as_a_tab_or_in_place_and_titles_in_it_never_run(comfy, shot):
    page = comfy.page
    act(page, "graph.png", "Load workflow")
    says(page, re.compile("“graph.*” is on the canvas: 2 nodes"))
    first = page.evaluate(ACTIVE)
    assert nodes(page)["1"]["title"] == HACK
    assert nodes(page)["1"]["values"][:2] == [640, 320]
    # Only what would be queued is in this one.
    act(page, "queued.png", "Open in a new workflow tab")
    says(page, "“queued” is on the canvas")
    assert nodes(page)["4"]["values"] == ["queued"]
    assert page.evaluate(TABS)[-2:] == [first, "queued"]
    page.evaluate("() => (app.rootGraph ?? app.graph).getNodeById(3).widgets[0].value = 77")
    act(page, "graph.png", "Load workflow")
    dialog = page.get_by_role("alertdialog", name="Replace what is on the canvas?")
    expect(dialog).to_contain_text("“queued” has changes")
    shot(page, "canvas unsaved work dark 1600")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert nodes(page)["3"]["values"][0] == 77
    act(page, "graph.png", "Load workflow")
    dialog.get_by_role("button", name="Open in a new workflow tab").click()
    says(page, "is on the canvas")
    assert page.evaluate(TABS)[-3:-1] == [first, "queued"]
    assert page.evaluate(ACTIVE).startswith("graph")
    assert set(nodes(page)) == {"1", "2"}
    assert page.evaluate("() => window.hacked") is None


def test_a_file_is_sent_to_the_selected_node_the_only_one_a_chosen_one_or_a_new_one(
    comfy, server, shot
):
    page = comfy.page
    page.evaluate(LOADERS, ["EmptyImage"])
    act(page, "plain.png", "Send to input")
    says(page, "was added that loads “plain.png”")
    assert (server.folder / "input" / "plain.png").read_bytes() == (
        server.folder / "output" / "plain.png"
    ).read_bytes()
    (added,) = [one for one in nodes(page).values() if one["type"] == "LoadImage"]
    assert added["values"][0] == "plain.png"
    page.evaluate(LOADERS, ["LoadImage", "LoadVideo", "LoadImage"])
    act(page, "queued.png", "Send to input")
    dialog = page.get_by_role("dialog", name=re.compile("^Which node"))
    shot(page, "canvas which node dark 1600")
    dialog.get_by_role("radio", name=re.compile("#3")).check()
    page.keyboard.press("Enter")
    says(page, "loads “queued.png” now")
    assert page.evaluate(VALUES) == {"1": "example.png", "2": "example.mp4", "3": "queued.png"}
    page.evaluate("() => app.canvas.selectItems([(app.rootGraph ?? app.graph).getNodeById(1)])")
    act(page, "graph.png", "Send to input")
    says(page, "loads “graph.png” now")
    assert page.evaluate(VALUES) == {"1": "graph.png", "2": "example.mp4", "3": "queued.png"}


@pytest.mark.parametrize("status", [413, 500])
def test_an_upload_that_comfyui_refuses_is_said_and_changes_nothing(comfy, status):
    page = comfy.page
    page.evaluate(LOADERS, ["LoadImage"])
    page.route("**/upload/image", lambda route: route.fulfill(status=status), times=1)
    act(page, "plain.png", "Send to input")
    says(page, "larger than it takes" if status == 413 else "it answered 500")
    assert page.evaluate(VALUES) == {"1": "example.png"}


def test_without_a_workflow_the_buttons_say_so_and_a_file_that_is_gone_is_named(comfy, server):
    page = comfy.page
    page.evaluate(LOADERS, ["LoadImage"])
    load = button(page, "plain.png", "Load workflow")
    expect(load).to_have_attribute("aria-disabled", "true")
    load.press("Enter")
    expect(page.get_by_role("complementary", name="Details")).to_contain_text(
        "No workflow is stored in this file."
    )
    before = page.evaluate(TABS)

    def vanish(route):
        (server.folder / "output" / "gone.png").unlink()
        route.continue_()

    page.route("**/images/metadata?raw=1*", vanish, times=1)
    act(page, "gone.png", "Load workflow")
    says(page, re.compile("no file gone.png|gone.png has gone|not in the gallery"))
    assert page.evaluate(TABS) == before
    assert page.evaluate(VALUES) == {"1": "example.png"}
    save(server.folder / "output" / "gone.png", workflow=WORKFLOW)
    expect(tile(page, "gone.png")).to_be_visible()


def test_a_tile_is_dragged_from_another_window_onto_the_canvas_or_a_node(comfy, view):
    data = {name: tile(view, name).evaluate(DRAGGED) for name in ("graph.png", "plain.png")}
    assert data["plain.png"]["text/uri-list"].startswith("http://")
    comfy = comfy.page
    comfy.bring_to_front()
    comfy.locator(".holaf-panel-header > button").last.click()
    comfy.evaluate(LOADERS, ["LoadImage"])
    before = comfy.evaluate(TABS)
    comfy.evaluate(DROP, [data["plain.png"], *comfy.evaluate(ON_NODE, 1)])
    comfy.wait_for_function(
        "() => (app.rootGraph ?? app.graph).nodes[0].widgets[0].value[0] == 'p'"
    )
    assert re.fullmatch(r"plain( \(\d\))?.png", comfy.evaluate(VALUES)["1"])
    assert comfy.evaluate(TABS) == before
    comfy.evaluate(DROP, [data["graph.png"], *FREE])
    dialog = comfy.get_by_role("alertdialog", name="Replace what is on the canvas?")
    dialog.get_by_role("button", name="Open in a new workflow tab").click()
    says(comfy, "is on the canvas")
    assert nodes(comfy)["2"]["values"] == ["from the gallery"]
    # ComfyUI's own way with what is dropped did not run as well.
    assert comfy.evaluate(TABS) == [*before, comfy.evaluate(ACTIVE)]
    # One without a workflow becomes a node where it is dropped, as a file from the desktop does.
    comfy.evaluate(DROP, [data["plain.png"], *FREE])
    says(comfy, "was added that loads “plain.png”")
    elsewhere = json.loads(data["graph.png"]["application/x-holaf-file"])
    elsewhere["server"] = "http://127.0.0.1:1/holaf/"
    comfy.evaluate(DROP, [{"application/x-holaf-file": json.dumps(elsewhere)}, *FREE])
    says(comfy, "belongs to another server")
