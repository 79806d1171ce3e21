"""The details of a picture: what searches, what is copied, and its JSON as a tree."""

from __future__ import annotations

import json
import re

import pytest
from e2e_pictures import WIDTHS
from media_files import png as make_png
from media_files import text_chunk, text_to_image
from playwright.sync_api import expect
from running_server import standalone

expect.set_options(timeout=20_000)

HACK = '<img src=x onerror="window.hacked=1">'
SMALL = {
    "nodes": [{"id": n, "type": "KSampler", "title": HACK, "note": "été"} for n in range(30)],
    "version": 0.4,
    "seed": 18446744073709551615,
}
REFUSED = """() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
    document.execCommand = () => false;
}"""


def large() -> str:
    """30 MB of a workflow, the last node of which is another one."""
    node = json.dumps({"id": 1, "type": "Note", "title": HACK, "widgets_values": ["x" * 200]})
    nodes = ",".join([node] * (30_000_000 // (len(node) + 1)))
    return f'{{"nodes":[{nodes},{{"id":2,"type":"The last one"}}],"version":0.4}}'


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("info")
    pictures = folder / "pictures"
    pictures.mkdir()
    prompt = json.dumps(text_to_image(positive="a castle, evening light", seed=7))
    small = [text_chunk("prompt", prompt), text_chunk("workflow", json.dumps(SMALL))]
    (pictures / "small.png").write_bytes(make_png(*small))
    (pictures / "large.png").write_bytes(make_png(text_chunk("workflow", large())))
    with standalone(pictures, folder / "data") as server:
        yield server


@pytest.fixture
def details(server, new_page):
    """`details(name, **page options)`: the page, and the details of one picture."""

    def open_one(name, **options):
        page = new_page(reduced_motion="reduce", **options)
        page.goto(f"{server.url}/holaf/view")
        tile = page.get_by_role("option", name=re.compile(f"^{name}"))
        expect(tile).to_have_class(re.compile("holaf-ready"))
        tile.focus()
        page.keyboard.press("i")
        tile.click(position={"x": 20, "y": 60}, modifiers=["Control"])
        pane = page.get_by_role("complementary", name="Details")
        expect(pane.locator(".holaf-info-name")).to_contain_text(name)
        return page, pane

    return open_one


def tree(pane, title="Workflow JSON"):
    pane.locator("summary", has_text=title).click()
    tree = pane.locator(".holaf-json-tree")
    expect(tree.get_by_role("treeitem").first).to_contain_text(title)
    return tree


def test_a_value_that_is_pressed_searches_and_the_pack_s_own_server_offers_no_canvas(details):
    page, pane = details("small.png")
    filters = page.get_by_role("group", name="Active filters")
    for value, chip, shown in (("1 × 1", "Size: 1x1", 2), ("7", "Seed: 7", 1)):
        pane.get_by_role("button", name=value, exact=True).click()
        expect(filters).to_contain_text(chip)
        expect(page.locator(".holaf-tile:visible")).to_have_count(shown)
        filters.get_by_role("button", name="Clear all").click()
        expect(page.locator(".holaf-tile:visible")).to_have_count(2)
    pane.get_by_role("button", name="Search for words of the prompt").click()
    page.get_by_role("menuitem", name="evening light").click()
    expect(filters).to_contain_text("evening light")
    expect(page.locator(".holaf-tile:visible")).to_have_count(1)
    with page.expect_download() as download:
        pane.get_by_role("button", name="Download workflow JSON").click()
    assert download.value.suggested_filename == "small.json"
    assert json.loads(download.value.path().read_text()) == SMALL
    for name in ("Load workflow", "Open in a new workflow tab", "Send to input"):
        expect(pane.get_by_role("button", name=name, exact=True)).to_have_count(0)


def test_the_json_is_a_tree_that_is_searched_and_copied_from(details, shot):
    page, pane = details("small.png", permissions=["clipboard-read", "clipboard-write"])
    json_tree = tree(pane)
    items = json_tree.get_by_role("treeitem")
    expect(items).to_have_text(
        [re.compile("^Workflow JSON"), re.compile("^nodes.30 items"), re.compile("^version0.4"),
         re.compile("^seed18446744073709551615")]
    )  # fmt: skip
    search = json_tree.get_by_role("searchbox")
    search.fill("ÉTÉ")
    count = json_tree.locator(".holaf-json-count")
    expect(count).to_have_text("1 of 30")
    expect(json_tree.locator(".holaf-json-path")).to_have_text("nodes[0].note")
    search.press("Enter")
    search.press("Enter")
    expect(count).to_have_text("3 of 30")
    expect(json_tree.locator(".holaf-json-path")).to_have_text("nodes[2].note")
    search.press("Shift+Enter")
    expect(json_tree.locator(".holaf-json-path")).to_have_text("nodes[1].note")
    expect(json_tree.locator(".holaf-hit")).to_contain_text("été")
    shot(page, "info json searched dark 1600")
    json_tree.get_by_role("button", name="Copy path").click()
    expect(page.locator(".holaf-toast")).to_contain_text("Path copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == "nodes[1].note"
    json_tree.get_by_role("button", name="Collapse all").click()
    expect(items).to_have_count(4)
    json_tree.get_by_role("button", name="Expand all").click()
    expect(items.nth(3)).to_contain_text("id")
    json_tree.get_by_role("tree").focus()
    page.keyboard.press("End")
    expect(json_tree.locator(".holaf-active")).to_contain_text("18446744073709551615")
    page.keyboard.press("Control+c")
    expect(page.locator(".holaf-toast", has_text="Value copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == "18446744073709551615"
    json_tree.get_by_role("button", name="Collapse all").click()
    expect(items).to_have_count(4)
    json_tree.get_by_role("tree").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(items).not_to_have_count(4)
    page.keyboard.press("ArrowLeft")
    expect(items).to_have_count(4)

    page.evaluate(REFUSED)
    json_tree.get_by_role("button", name="Copy value").click()
    by_hand = page.get_by_role("dialog", name="The browser did not allow copying")
    text = by_hand.get_by_role("textbox")
    expect(text).to_be_focused()
    shot(page, "info clipboard refused dark 1600")
    chosen = "(area) => area.value.slice(area.selectionStart, area.selectionEnd)"
    assert json.loads(text.evaluate(chosen)) == SMALL["nodes"]
    page.keyboard.press("Control+c")
    expect(by_hand).to_have_count(0)
    assert page.evaluate("() => window.hacked") is None


def test_thirty_megabytes_of_json_are_a_few_lines_in_the_page(details):
    page, pane = details("large.png")
    expect(pane).to_contain_text("too large to be followed")
    json_tree = tree(pane)
    search = json_tree.get_by_role("searchbox")
    search.fill("the last one")
    expect(json_tree.locator(".holaf-json-count")).to_have_text("1 of 1")
    expect(json_tree.locator(".holaf-hit")).to_contain_text("The last one")
    assert json_tree.get_by_role("treeitem").count() < 60
    search.fill("widgets")
    expect(json_tree.locator(".holaf-json-count")).to_contain_text("1 of")
    json_tree.get_by_role("button", name="Expand all").click()
    expect(json_tree).to_contain_text("Expanded as far as 50,000 lines")
    assert json_tree.get_by_role("treeitem").count() < 60
    assert page.evaluate("() => window.hacked") is None


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_is_looked_at_in_every_width(details, shot, axe, request, theme, width):
    if not request.config.getoption("--shots") and (theme, width) != ("light", 360):
        pytest.skip("only for the screenshots")
    page, pane = details("small.png", width=width, theme=theme, bypass_csp=True)
    json_tree = tree(pane)
    json_tree.get_by_role("searchbox").fill("sampler")
    expect(json_tree.locator(".holaf-json-count")).to_have_text("1 of 30")
    json_tree.scroll_into_view_if_needed()
    shot(page, f"info json {theme} {width}")
    assert axe(page, ".holaf-info") == []
