"""Rating, labels, tags, notes and collections: by keyboard and mouse, alone or beside a page."""

from __future__ import annotations

import re

import pytest
import running_server
from e2e_pictures import save_pictures
from open_pack import ELSEWHERE, OpenPack
from playwright.sync_api import expect

expect.set_options(timeout=20_000)

COUNT = 14
PASSWORD = "a long password"
HOSTILE = ('say "cheese", please', "🦊 fuchs", "<img src=x onerror=window.hacked=1>", "a: b|c -d")
API = """async ([path, data]) => {
    const options = data === null ? {} : {method: "POST", body: JSON.stringify(data),
        headers: {"Content-Type": "application/json"}};
    return (await fetch(`/holaf/images/${path}`, options)).json();
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge") / "pictures"
    save_pictures(folder, COUNT)
    with running_server.standalone(folder, tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def open_gallery(new_page, server):
    """A page of a gallery in which nothing is judged yet."""

    def start(path: str = "", **options):
        page = new_page(**{"reduced_motion": "reduce", **options})
        page.goto(f"{server.url}/holaf/view{path}")
        expect(page.locator(".holaf-tile.holaf-ready").first).to_be_visible()
        return page

    return start


@pytest.fixture
def page(new_page, open_gallery, server):
    ask = new_page().context.request

    def send(path: str, data: dict | None = None):
        url = f"{server.url}/holaf/images/{path}"
        return (ask.get(url) if data is None else ask.post(url, data=data)).json()

    for tag in send("tags")["tags"]:
        send("tags/delete", {"name": tag["name"]})
    for one in send("collections")["collections"]:
        send("collections/delete", {"id": one["id"]})
    ids = send("view", {"first": COUNT})["first"]["ids"]
    send("judge", {"ids": ids, "rating": 0, "favourite": False, "label": "", "note": ""})
    return open_gallery()


def api(page, path: str, data: dict | None = None):
    return page.evaluate(API, [path, data])


def tile(page, number: int):
    """The one at a place of the list, from 1."""
    return page.locator(f'.holaf-tile[aria-posinset="{number}"]')


def judged(page, number: int) -> dict:
    return api(page, f"judged?id={tile(page, number).get_attribute('data-id')}")


def until_judged(page, number: int, name: str, value) -> None:
    """Until the server has it, too."""
    page.wait_for_function(
        """async ([id, name, value]) =>
            (await (await fetch(`/holaf/images/judged?id=${id}`)).json())[name] === value""",
        arg=[tile(page, number).get_attribute("data-id"), name, value],
    )


def said(page, text: str):
    return page.locator(".holaf-toast").filter(has_text=text)


def undo(page, text: str) -> None:
    said(page, text).get_by_role("button", name="Undo").click()


def selected(page):
    return page.locator(".holaf-selected-count")


def looks(page, shot, name: str, again=lambda: None) -> None:
    """At every width, dark and light; `again` brings back what another size has closed."""
    for width in (1600, 900, 360):
        page.set_viewport_size({"width": width, "height": 800})
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            again()
            shot(page, f"{name} {width} {theme}")
    page.set_viewport_size({"width": 1600, "height": 900})
    page.emulate_media(color_scheme="dark")


def test_keys_and_the_pointer_rate_the_focused_picture_or_all_that_are_selected(page, shot):
    tile(page, 1).click()
    page.keyboard.press("4")
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("4 stars"))
    # The arrows go on: the keys mean the picture that they have come to.
    page.keyboard.press("ArrowRight")
    page.keyboard.press("b")
    expect(tile(page, 2)).to_have_attribute("aria-label", re.compile("Favourite"))
    page.keyboard.press("6")
    expect(tile(page, 2)).to_have_attribute("aria-label", re.compile("Favourite, Red label"))
    expect(tile(page, 1)).not_to_have_attribute("aria-label", re.compile("Favourite"))
    until_judged(page, 2, "label", "red")
    assert judged(page, 1)["rating"] == 4
    assert judged(page, 2)["favourite"] is True

    tile(page, 3).hover()
    tile(page, 3).locator(".holaf-tile-star").nth(2).click()
    expect(tile(page, 3)).to_have_attribute("aria-label", re.compile("3 stars"))
    tile(page, 5).hover()
    shot(page, "judge tiles")

    page.keyboard.press("Control+a")
    expect(selected(page)).to_have_text(f"{COUNT} selected")
    page.get_by_role("button", name="Rate (0–5)").click()
    page.get_by_role("menuitem", name="2 stars").click()
    expect(tile(page, 14)).to_have_attribute("aria-label", re.compile("2 stars"))
    undo(page, f"Rated 2 stars: {COUNT} items")
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("4 stars"))
    expect(tile(page, 14)).not_to_have_attribute("aria-label", re.compile("star"))
    until_judged(page, 1, "rating", 4)
    assert judged(page, 14)["rating"] == 0

    looks(page, shot, "judge selection bar")
    # Of one picture alone, what stood there before can come back, too.
    page.keyboard.press("Escape")
    tile(page, 1).click()
    page.keyboard.press("1")
    undo(page, "Rated 1 star")
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("4 stars"))


def test_tags_of_any_spelling_are_given_to_many_renamed_merged_and_deleted(page, shot):
    tile(page, 1).click()
    tile(page, 3).click(modifiers=["Shift"])
    page.keyboard.press("t")
    asked = page.get_by_role("dialog", name="Tags of 3 items")
    field = asked.get_by_role("combobox", name="Add a tag")
    for tag in HOSTILE:
        field.fill(tag)
        field.press("Enter")
        expect(asked.get_by_role("listitem").filter(has_text=tag)).to_have_count(1)
    asked.get_by_role("button", name="Save tags of 3 items").click()
    undo_line = said(page, "3 items")
    expect(undo_line).to_be_visible()
    assert {tag["name"] for tag in judged(page, 2)["tags"]} == set(HOSTILE)

    # One more picture: now some have them.
    tile(page, 4).click(modifiers=["ControlOrMeta"])
    page.keyboard.press("t")
    asked = page.get_by_role("dialog", name="Tags of 4 items")
    some = asked.get_by_role("button", name="🦊 fuchs").first
    expect(some).to_contain_text("3 of 4")
    asked.get_by_role("combobox").fill("fu")
    expect(asked.get_by_role("option", name="🦊 fuchs")).to_contain_text("3")
    looks(page, shot, "judge tags dialog")
    asked.get_by_role("combobox").press("Escape")
    asked.get_by_role("combobox").fill("")
    some.click()
    asked.get_by_role("button", name=f"Remove the tag “{HOSTILE[2]}”").click()
    asked.get_by_role("button", name="Save tags of 4 items").click()
    expect(asked).to_have_count(0)
    assert {tag["name"] for tag in judged(page, 4)["tags"]} == {HOSTILE[1]}
    assert HOSTILE[2] not in {tag["name"] for tag in judged(page, 1)["tags"]}

    # Everywhere: one becomes another, which is there already.
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Tags…").click()
    page.get_by_role("dialog", name="Tags of 4").get_by_role("button", name="Manage tags").click()
    all_tags = page.get_by_role("dialog", name="Tags", exact=True)
    all_tags.get_by_role("button", name=f"Rename “{HOSTILE[3]}”").click()
    page.get_by_role("textbox", name="Tag", exact=True).fill(HOSTILE[1])
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Merge").click()
    expect(all_tags.get_by_role("listitem").filter(has_text=HOSTILE[3])).to_have_count(0)
    all_tags.get_by_role("button", name=f"Delete the tag “{HOSTILE[0]}” everywhere").click()
    expect(all_tags.get_by_role("listitem").filter(has_text=HOSTILE[0])).to_have_count(0)
    undo(page, f"The tag “{HOSTILE[0]}” was deleted")
    expect(all_tags.get_by_role("listitem").filter(has_text=HOSTILE[0])).to_have_count(1)
    looks(page, shot, "judge manage tags")
    assert page.evaluate("() => window.hacked") is None


def test_collections_are_filled_by_hand_shown_renamed_and_deleted_with_a_way_back(page, shot):
    tile(page, 1).click()
    tile(page, 4).click(modifiers=["Shift"])
    page.get_by_role("button", name="Add to collection").click()
    page.get_by_role("menuitem", name="New collection…").click()
    page.get_by_role("textbox", name="Name").fill('Best "of" 🌲')
    page.get_by_role("button", name="Create with 4 items").click()
    expect(said(page, "4 items")).to_be_visible()
    page.get_by_role("button", name="Clear selection").click()
    page.get_by_role("button", name="Show filters").first.click()
    rail = page.get_by_role("complementary", name="Filters")
    entry = rail.get_by_role("button", name=re.compile('^Best "of" 🌲'))
    expect(entry).to_contain_text("4")
    entry.click()
    expect(page.locator(".holaf-status-shown")).to_have_text(f"4 of {COUNT} items")
    rail.get_by_role("button", name="Save as live collection…").click()
    page.get_by_role("textbox", name="Name").fill("Live one")
    page.keyboard.press("Enter")
    expect(rail.get_by_role("button", name=re.compile("^Live one"))).to_be_visible()
    looks(page, shot, "judge collections")

    tile(page, 1).click()
    rail.get_by_role("button", name='Actions of “Best "of" 🌲”').click()
    page.get_by_role("menuitem", name="Take 1 item out").click()
    expect(page.locator(".holaf-status-shown")).to_have_text(f"3 of {COUNT} items")
    undo(page, "Taken out")
    expect(page.locator(".holaf-status-shown")).to_have_text(f"4 of {COUNT} items")
    entry.click()
    expect(page.locator(".holaf-status-shown")).to_have_text(f"{COUNT} items")
    rail.get_by_role("button", name='Actions of “Best "of" 🌲”').click()
    page.get_by_role("menuitem", name="Rename…").click()
    page.get_by_role("textbox", name="Name").fill("Better")
    page.keyboard.press("Enter")
    expect(rail.get_by_role("button", name=re.compile("^Better"))).to_be_visible()
    rail.get_by_role("button", name="Actions of “Better”").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(rail.get_by_role("button", name=re.compile("^Better"))).to_have_count(0)
    undo(page, "was deleted; its pictures stay")
    expect(rail.get_by_role("button", name=re.compile("^Better"))).to_contain_text("4")


def test_two_pages_see_each_others_ratings_and_no_note_is_lost(page, open_gallery):
    other = open_gallery()
    tile(page, 1).click()
    page.keyboard.press("3")
    expect(tile(other, 1)).to_have_attribute("aria-label", re.compile("3 stars"))
    tile(other, 1).click()
    other.keyboard.press("5")
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("5 stars"))

    here, there = (
        one.get_by_role("complementary", name="Details").get_by_role("textbox", name="Note")
        for one in (page, other)
    )
    expect(here).to_be_enabled()
    expect(there).to_be_enabled()
    here.fill("mine")
    there.fill("theirs")
    there.blur()
    until_judged(page, 1, "note", "theirs")
    here.blur()
    conflict = page.get_by_role("alert").filter(has_text="This note was changed elsewhere")
    expect(conflict).to_contain_text("theirs")
    expect(conflict).to_contain_text("mine")
    conflict.get_by_role("button", name="Keep both").click()
    expect(conflict).to_be_hidden()
    expect(there).to_have_value("theirs\n\nmine")


@pytest.mark.parametrize("status", [403, 503])
def test_what_the_server_refuses_is_put_back_and_said(page, status):
    tile(page, 1).click()
    page.keyboard.press("2")
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("2 stars"))
    page.route(
        "**/images/judge",
        lambda route: route.fulfill(status=status, json={"error": "The disk is read-only."}),
    )
    page.keyboard.press("5")
    expect(said(page, "put back as it was: The disk is read-only.")).to_be_visible()
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("2 stars"))
    details = page.get_by_role("complementary", name="Details")
    expect(details.get_by_role("radio", name="2 stars")).to_be_checked()
    page.unroute("**/images/judge")


def test_the_menu_of_a_tile_opens_from_mouse_and_keyboard_and_acts_on_what_it_names(page, shot):
    def open_menu():
        tile(page, 2).click(button="right", position={"x": 30, "y": 60})
        expect(menu).to_be_visible()

    menu = page.get_by_role("menu", name=re.compile("^Actions of holaf_"))
    looks(page, shot, "judge tile menu", open_menu)
    open_menu()
    menu.get_by_role("menuitem", name="Label").press("ArrowRight")
    page.get_by_role("menuitem", name="Blue").click()
    expect(tile(page, 2)).to_have_attribute("aria-label", re.compile("Blue label"))
    expect(selected(page)).to_be_hidden()

    page.keyboard.press("Home")
    page.keyboard.press("Shift+F10")
    menu = page.get_by_role("menu", name=re.compile("^Actions of holaf_"))
    menu.get_by_role("menuitem", name="Select all from this folder").click()
    folder = api(page, "view", {"first": COUNT})
    row = api(page, f"rows?view={folder['view']}&from=0&count=1")["rows"][0]
    inside = api(page, "list", {"folder_filters": [row["subfolder"]]})["filtered_count"]
    assert 0 < inside < COUNT
    expect(selected(page)).to_have_text(f"{inside} selected")
    tile(page, 1).click(button="right")
    menu = page.get_by_role("menu", name=f"Actions of {inside} selected")
    menu.get_by_role("menuitem", name="Select all of this day").click()
    expect(selected(page)).to_have_text(f"{COUNT} selected")
    page.keyboard.press("Control+i")
    expect(selected(page)).to_be_hidden()


def test_who_may_only_look_is_asked_to_sign_in_and_what_waits_for_that_is_put_back_without(
    new_page, pictures, tmp_path
):
    with OpenPack(pictures, tmp_path / "open") as server:
        server.set_password(PASSWORD)
        page = new_page(extra_http_headers=ELSEWHERE, reduced_motion="reduce")
        page.goto(f"{server.url}/holaf/view")
        expect(page.locator(".holaf-tile.holaf-ready").first).to_be_visible()
        tile(page, 1).click()
        page.keyboard.press("4")
        asked = page.get_by_role("dialog", name="Sign in")
        expect(asked).to_be_visible()
        expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("4 stars"))
        page.keyboard.press("Escape")
        expect(said(page, "put back as it was")).to_be_visible()
        expect(tile(page, 1)).not_to_have_attribute("aria-label", re.compile("star"))
        tile(page, 1).click()
        page.keyboard.press("5")
        asked.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(asked).to_have_count(0)
        until_judged(page, 1, "rating", 5)
        expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("5 stars"))


def test_ratings_and_tags_are_written_beside_the_pictures_and_the_dialog_says_what_is_missing(
    page, server, shot
):
    tile(page, 1).click()
    page.keyboard.press("3")
    tile(page, 2).click(modifiers=["ControlOrMeta"])
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Write to XMP…").click()
    asked = page.get_by_role("dialog", name="Write rating and tags of 2 items to XMP?")
    shot(page, "judge xmp")
    page.route(
        "**/images/xmp/write",
        lambda route: route.fulfill(status=400, json={"error": "Exempi was not found."}),
    )
    asked.get_by_role("radio", name=re.compile("Into the files")).check()
    asked.get_by_role("button", name="Write 2 items").click()
    expect(asked.get_by_role("alert")).to_have_text("Exempi was not found.")
    page.unroute("**/images/xmp/write")
    asked.get_by_role("radio", name=re.compile("beside each")).check()
    asked.get_by_role("button", name="Write 2 items").click()
    expect(asked).to_have_count(0)
    expect(said(page, "Write to XMP: 1 item written")).to_be_visible()


# The last one: taking so many tags away again would cost more than it does.
def test_the_details_judge_and_stay_usable_with_a_thousand_tags(page, shot):
    first = tile(page, 1).get_attribute("data-id")
    for start in range(0, 1000, 100):
        names = [f"tag {number:04}" for number in range(start, start + 100)]
        api(page, "judge", {"ids": [int(first)], "add_tags": names})
    tile(page, 1).click()
    details = page.get_by_role("complementary", name="Details")
    expect(details.get_by_role("button", name="Show all 1 000")).to_be_visible()
    details.get_by_role("combobox", name="Add a tag").fill("one more")
    page.keyboard.press("Enter")
    expect(said(page, "1,000 are the most")).to_be_visible()
    details.get_by_role("radio", name="5 stars").click()
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("5 stars"))
    details.get_by_role("button", name="Favourite").click()
    details.get_by_role("button", name="Green").click()
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("5 stars, Favourite, Green"))
    details.get_by_role("textbox", name="Note").fill("The light\nof the evening")
    tile(page, 2).click()
    until_judged(page, 1, "note", "The light\nof the evening")
    tile(page, 1).click()
    expect(details.get_by_role("textbox", name="Note")).to_have_value("The light\nof the evening")
    looks(page, shot, "judge details")
    details.get_by_role("button", name="Remove the tag “tag 0003”").click()
    expect(details.get_by_role("button", name="Show all 999")).to_be_visible()
    tile(page, 1).click()
    page.keyboard.press("t")
    asked = page.get_by_role("dialog", name="Tags")
    expect(asked.get_by_role("button", name="Show all 999")).to_be_visible()
    shot(page, "judge thousand tags")
    page.keyboard.press("Escape")
    details.get_by_role("button", name="Show all 999").click()
    expect(details.locator(".holaf-tag")).to_have_count(999)
