"""What is selected stays selected: through filters and orders, and while the library grows."""

from __future__ import annotations

import re

import pytest
import running_server
from e2e_pictures import save_picture, save_pictures
from playwright.sync_api import expect

expect.set_options(timeout=20_000)

FIRST = 12
LARGE = 6000
LIBRARY = running_server.ROOT / "tests" / "support" / "library_server.py"


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    folder = tmp_path_factory.mktemp("selection") / "pictures"
    save_pictures(folder, FIRST)
    with running_server.standalone(folder, tmp_path_factory.mktemp("data")) as server:
        yield folder, server


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """More pictures than the first screen's answer names, and no file behind them."""
    data = tmp_path_factory.mktemp("large")
    options = ("--rows", LARGE, "--pictures", 20, "--made-with", "fox,owl", "--data-dir", data)
    with running_server.RunningServer(LIBRARY, *options, name="library") as server:
        yield server


def opened(page, server):
    page.goto(f"{server.url}/holaf/view")
    expect(page.locator(".holaf-tile.holaf-ready").first).to_be_visible()
    return page


def tile(page, number: int):
    return page.locator(f'.holaf-tile[aria-posinset="{number}"]')


def selected(page):
    return page.locator(".holaf-selected-count")


def items(page):
    return page.locator(".holaf-status-shown")


def search(page, text: str) -> None:
    """With a selection the bar has no search: the address leads there as well."""
    page.evaluate(
        """(text) => {
            history.pushState({}, "", text ? `?q=${encodeURIComponent(text)}` : "?");
            dispatchEvent(new PopStateEvent("popstate"));
        }""",
        text,
    )


def spaced(number: int) -> str:
    return f"{number:,}".replace(",", "\u2009")


def test_a_selection_goes_through_filters_orders_and_new_files(page, live):
    folder, server = live
    opened(page, server)
    page.keyboard.press("Tab")
    tile(page, 1).click()
    page.keyboard.press("Control+a")
    expect(selected(page)).to_have_text(f"{FIRST} selected")
    tile(page, 2).click(modifiers=["ControlOrMeta"])
    expect(selected(page)).to_have_text(f"{FIRST - 1} selected")
    left_out = tile(page, 2).get_attribute("data-id")

    # What comes while all is selected was not meant.
    save_picture(folder, FIRST + 1)
    expect(items(page)).to_have_text(f"{FIRST + 1} items")
    expect(selected(page)).to_have_text(f"{FIRST - 1} selected")
    expect(tile(page, 1)).to_have_attribute("aria-selected", "false")

    # Fewer match: those are selected still, and what is gone is not when it comes back.
    search(page, "folder:portraits")
    expect(items(page)).to_have_text(re.compile("of"))
    inside = page.locator('.holaf-tile:not([hidden])[aria-selected="true"]')
    kept = inside.count()
    assert 0 < kept < FIRST - 1
    expect(selected(page)).to_have_text(f"{kept} selected")
    search(page, "")
    expect(items(page)).to_have_text(f"{FIRST + 1} items")
    expect(selected(page)).to_have_text(f"{kept} selected")

    # In another order, the same ones.
    before = sorted(inside.evaluate_all("(all) => all.map((one) => one.dataset.id)"))
    page.evaluate("() => history.pushState({}, '', '?sort=name_asc')")
    page.evaluate("() => dispatchEvent(new PopStateEvent('popstate'))")
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("00001"))
    expect(selected(page)).to_have_text(f"{kept} selected")
    assert sorted(inside.evaluate_all("(all) => all.map((one) => one.dataset.id)")) == before
    page.locator(".holaf-tiles").focus()
    page.keyboard.press("Control+i")
    expect(selected(page)).to_have_text(f"{FIRST + 1 - kept} selected")
    expect(page.locator(f'.holaf-tile[data-id="{left_out}"]')).to_have_attribute(
        "aria-selected", "true"
    )
    page.keyboard.press("Escape")
    expect(selected(page)).to_be_hidden()


def test_ranges_reach_over_what_was_never_loaded_and_all_is_what_matches(page, large):
    opened(page, large)
    tile(page, 3).click()
    page.keyboard.press("Shift+End")
    expect(selected(page)).to_have_text(f"{spaced(LARGE - 2)} selected")
    page.keyboard.press("Control+a")
    expect(selected(page)).to_have_text(f"{spaced(LARGE)} selected")
    search(page, "model:fox")
    expect(selected(page)).to_have_text(f"{spaced(LARGE // 2)} selected")
    page.keyboard.press("Control+i")
    expect(selected(page)).to_be_hidden()
    page.keyboard.press("Control+a")
    search(page, "")
    expect(items(page)).to_have_text(f"{spaced(LARGE)} items")
    expect(selected(page)).to_have_text(f"{spaced(LARGE // 2)} selected")

    # All of them are rated, wherever they are, and get back what they had.
    marks = """async () => (await (await fetch("/holaf/images/list", {method: "POST",
        body: JSON.stringify({search: "rating:5 model:fox", limit: 1}),
        headers: {"Content-Type": "application/json"}})).json()).filtered_count"""
    before = page.evaluate(marks)
    page.keyboard.press("5")
    said = page.locator(".holaf-toast").filter(has_text="Rated 5 stars")
    with page.expect_response(lambda answer: answer.url.endswith("/judge/undo")):
        said.get_by_role("button", name="Undo").click()
    assert page.evaluate(marks) == before < LARGE // 2
