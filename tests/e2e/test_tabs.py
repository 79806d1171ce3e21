"""Two tabs of one person: one state, and requests from one to the other."""

from __future__ import annotations

import pytest
from open_pack import OpenPack
from playwright.sync_api import expect

expect.set_options(timeout=20_000)

CHANNEL = """async () => { window.channel =
    (await import(new URL("../core/channel.js", document.scripts[0].src).href)).channel; }"""
ASK = """([kind, payload, to]) => channel.request(kind, payload, {
    to: to ?? undefined, timeout: 5000}).then(
    (value) => ({value}),
    (error) => ({error: error.message, name: error.constructor.name,
        tabs: error.tabs?.map(({tab, title}) => ({tab, title}))}))"""
ANSWER = """(kind) => { window.heard ??= [];
    channel.answer(kind, (payload) => { heard.push(payload); return document.title; }); }"""
NO_BROADCAST = "delete globalThis.BroadcastChannel;"


@pytest.fixture
def server(pictures, tmp_path):
    with OpenPack(pictures, tmp_path / "open") as server:
        yield server


@pytest.fixture
def tabs(server, new_page):
    """`tabs(titles…, alone=False)`: pages of one browser, or each of a browser of its own."""

    def make(*titles, alone=False):
        first = new_page()
        pages = [first]
        for _ in titles[1:]:
            pages.append(new_page() if alone else first.context.new_page())
        for page, title in zip(pages, titles, strict=True):
            if alone:
                page.add_init_script(NO_BROADCAST)
            page.goto(f"{server.url}/holaf/view")
            expect(page.get_by_role("button", name="Sign in")).to_be_visible()
            page.evaluate("title => { document.title = title; }", title)
            page.evaluate(CHANNEL)
        return pages

    return make


def settings(page):
    page.get_by_role("button", name="Settings", exact=True).click()
    expect(page.get_by_label("Tile size", exact=True)).to_be_visible()
    return page


def test_two_tabs_agree_on_the_settings_and_on_the_theme(tabs):
    one, two = map(settings, tabs("one", "two"))
    one.get_by_label("Tile size", exact=True).fill("300")
    one.get_by_label("Tile size", exact=True).press("Enter")
    expect(two.get_by_label("Tile size", exact=True)).to_have_value("300")
    two.get_by_role("combobox", name="Theme").select_option("Light")
    one.wait_for_function("() => document.body.dataset.holafTheme === 'light'")
    expect(one.get_by_role("combobox", name="Theme")).to_have_value("light")


def test_what_is_being_typed_is_not_replaced_by_what_another_tab_saves(tabs):
    one, two = map(settings, tabs("one", "two"))
    one.get_by_label("Tile size", exact=True).fill("12")
    two.get_by_label("Tile size", exact=True).fill("300")
    two.get_by_label("Tile size", exact=True).press("Enter")
    two.get_by_label("Order", exact=True).select_option("Oldest first")
    expect(one.get_by_label("Order", exact=True)).to_have_value("mtime_asc")
    expect(one.get_by_label("Tile size", exact=True)).to_have_value("12")


@pytest.mark.parametrize("alone", [False, True], ids=["one browser", "through the server"])
def test_a_request_reaches_the_other_tab_once(tabs, alone):
    gallery, comfy = tabs("Gallery", "My graph", alone=alone)
    comfy.evaluate(ANSWER, "workflow.load")
    answer = gallery.evaluate(ASK, ["workflow.load", {"nodes": 3}, None])
    assert answer == {"value": "My graph"}
    assert gallery.evaluate(ASK, ["workflow.load", {"nodes": 4}, None]) == {"value": "My graph"}
    assert comfy.evaluate("heard") == [{"nodes": 3}, {"nodes": 4}]


@pytest.mark.parametrize("alone", [False, True], ids=["one browser", "through the server"])
def test_without_a_tab_that_can_take_it_a_request_is_refused_in_words(tabs, alone):
    gallery, other = tabs("Gallery", "Another gallery", alone=alone)
    answer = gallery.evaluate(ASK, ["workflow.load", {}, None])
    assert answer["name"] == "NoTab"
    assert answer["error"].startswith("No other open tab can take this.")
    # Also after the one that could was closed.
    other.evaluate(ANSWER, "workflow.load")
    assert gallery.evaluate(ASK, ["workflow.load", {}, None]) == {"value": "Another gallery"}
    other.close()
    gallery.wait_for_function("() => channel.tabs('workflow.load').length === 0")
    answer = gallery.evaluate(ASK, ["workflow.load", {}, None])
    assert answer["error"].startswith("No other open tab can take this.")


@pytest.mark.parametrize("alone", [False, True], ids=["one browser", "through the server"])
def test_of_two_tabs_the_caller_chooses_one_from_a_list(tabs, alone):
    gallery, one, two = tabs("Gallery", "First graph", "Second graph", alone=alone)
    for page in (one, two):
        page.evaluate(ANSWER, "workflow.load")
    answer = gallery.evaluate(ASK, ["workflow.load", {}, None])
    assert answer["name"] == "SeveralTabs"
    assert answer["error"] == "2 open tabs can take this. Choose one of them."
    assert sorted(tab["title"] for tab in answer["tabs"]) == ["First graph", "Second graph"]
    assert one.evaluate("heard") == two.evaluate("heard") == []
    chosen = next(tab["tab"] for tab in answer["tabs"] if tab["title"] == "Second graph")
    assert gallery.evaluate(ASK, ["workflow.load", 1, chosen]) == {"value": "Second graph"}
    assert (one.evaluate("heard"), two.evaluate("heard")) == ([], [1])
