"""The gallery over a library that stays as it is: looking, searching, selecting, opening."""

from __future__ import annotations

import re
from pathlib import Path

import media_files
import pytest
import running_server
from e2e_pictures import save_pictures
from PIL import Image
from playwright.sync_api import expect

HOSTILE = (
    "a" * 40 + "ü" * 40 + ".png",
    "🦊🌲 fuchs 🏔️.png",
    "صورة جميلة جدا.png",
    """<img src=x onerror="window.hacked=1">'quote'.png""",
    "100% & more; #1?.png",
)
TOTAL = 12 + len(HOSTILE) + 3
SHOWN = """(count) => [...document.querySelectorAll(".holaf-tile img")].filter((image) =>
    image.checkVisibility({visibilityProperty: true}) && image.naturalWidth > 0).length === count"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery") / "pictures"
    save_pictures(folder, 12)
    odd = folder / "odd"
    odd.mkdir()
    for number, name in enumerate(HOSTILE):
        Image.new("RGB", (96, 64), (40 * number, 90, 200)).save(odd / name)
    media = folder / "media"
    media.mkdir()
    media_files.save_video(media / "clip.webm", {}, "libvpx-vp9", size=(320, 180), frames=16)
    media_files.save_video(media / "clip.mp4", {}, size=(320, 180), frames=16)
    media_files.save_audio(media / "tone.flac", {}, "flac")
    return folder


@pytest.fixture(scope="module")
def server(library, tmp_path_factory):
    with running_server.standalone(library, tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def open_gallery(new_page, server):
    """`open_gallery(query, count, **page options)`: a page that shows `count` thumbnails."""

    def start(query: str = "", count: int = TOTAL, **options):
        page = new_page(**{"reduced_motion": "reduce", "bypass_csp": False, **options})
        page.goto(f"{server.url}/holaf/view{query}")
        page.wait_for_function(SHOWN, arg=count)
        return page

    return start


def tile(page, name: str):
    return page.get_by_role("option", name=name)


def items(page):
    return page.locator(".holaf-status-shown")


def test_the_bar_counts_and_a_click_shows_how_a_picture_was_made(open_gallery, shot):
    page = open_gallery()
    expect(items(page)).to_have_text(f"{TOTAL} items")
    tile(page, "holaf_00003_").click()
    details = page.get_by_role("complementary", name="Details")
    expect(details).to_contain_text("holaf_00003_.png")
    expect(details).to_contain_text("lighthouse number 3, evening light")
    expect(tile(page, "holaf_00003_")).to_have_attribute("aria-selected", "true")
    shot(page, "gallery details")


def test_control_shift_and_the_check_build_a_selection_and_escape_clears_it(open_gallery, shot):
    page = open_gallery()
    count = page.locator(".holaf-selected-count")
    page.locator('[aria-posinset="1"]').click()
    page.locator('[aria-posinset="4"]').click(modifiers=["Shift"])
    expect(count).to_have_text("4 selected")
    page.locator('[aria-posinset="2"]').click(modifiers=["ControlOrMeta"])
    expect(count).to_have_text("3 selected")
    page.locator('[aria-posinset="6"]').hover()
    page.locator('[aria-posinset="6"] .holaf-tile-check').click()
    expect(count).to_have_text("4 selected")
    shot(page, "gallery selection")
    page.keyboard.press("Control+a")
    expect(count).to_have_text(f"{TOTAL} selected")
    page.locator('[aria-posinset="2"]').click(modifiers=["ControlOrMeta"])
    expect(count).to_have_text(f"{TOTAL - 1} selected")
    page.keyboard.press("Escape")
    expect(count).to_be_hidden()


def test_a_search_is_in_the_address_survives_a_reload_and_the_back_button_undoes_it(open_gallery):
    page = open_gallery()
    page.get_by_role("combobox", name="Search").fill('"number 7"')
    page.wait_for_function(SHOWN, arg=1)
    expect(page).to_have_url(re.compile(r"[?&]q=%22number"))
    page.reload()
    page.wait_for_function(SHOWN, arg=1)
    expect(page.get_by_role("combobox", name="Search")).to_have_value('"number 7"')
    page.go_back()
    page.wait_for_function(SHOWN, arg=TOTAL)
    expect(page.get_by_role("combobox", name="Search")).to_have_value("")


def test_typing_asks_once_it_rests_and_gives_up_what_is_on_its_way(open_gallery):
    page = open_gallery()
    asked, given_up = [], []
    page.on("request", lambda one: asked.append(one) if one.url.endswith("/view") else None)
    page.on("requestfailed", lambda one: given_up.append(one.url))

    # The first answer never comes: typing on must not wait for it.
    page.route("**/images/view", lambda route: None, times=1)
    field = page.get_by_role("combobox", name="Search")
    field.focus()
    page.wait_for_selector(".holaf-marked")
    # Key by key, but in one go: on a busy machine the keys of a test rest as long as a person.
    keys = """(field, text) => {
        for (const one of text) {
            field.value += one;
            field.dispatchEvent(new InputEvent("input", { bubbles: true, data: one }));
        }
    }"""
    with page.expect_request("**/images/view"):
        field.evaluate(keys, "light")
    with page.expect_request("**/images/view"):
        field.evaluate(keys, "house")
    page.wait_for_function(SHOWN, arg=12)
    searches = [one.post_data_json["search"] for one in asked]
    assert searches == ["light", "lighthouse"]
    assert any(url.endswith("/images/view") for url in given_up)


def test_filters_in_the_address_and_in_the_rail_are_the_same(open_gallery, shot):
    page = open_gallery("?folder=odd", len(HOSTILE))
    expect(items(page)).to_have_text(f"{len(HOSTILE)} of {TOTAL} items")
    page.get_by_role("button", name="Show filters").first.click()
    expect(page.get_by_role("checkbox", name="odd")).to_be_checked()
    page.get_by_role("checkbox", name="media").check()
    expect(items(page)).to_have_text(f"{len(HOSTILE) + 3} of {TOTAL} items")
    page.get_by_role("checkbox", name=re.compile("^WEBM")).click()
    expect(items(page)).to_have_text(f"1 of {TOTAL} items")
    shot(page, "gallery filters")
    page.go_back()
    expect(items(page)).to_have_text(f"{len(HOSTILE) + 3} of {TOTAL} items")
    page.get_by_role("button", name="Clear all").click()
    expect(items(page)).to_have_text(f"{TOTAL} items")


def test_what_matches_nothing_says_so_and_offers_the_way_back(open_gallery, shot):
    page = open_gallery()
    page.get_by_role("combobox", name="Search").fill("no such words")
    expect(page.get_by_text(f"None of the {TOTAL} items matches")).to_be_visible()
    shot(page, "gallery no matches")
    page.get_by_role("button", name="Clear filters").click()
    page.wait_for_function(SHOWN, arg=TOTAL)


def test_details_that_could_not_be_loaded_come_with_the_next_picture(open_gallery):
    page = open_gallery("?folder=odd", len(HOSTILE))
    page.route("**/image_viewer/info_rail.js", lambda route: route.abort(), times=1)
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Show or hide details").click()
    tile(page, HOSTILE[0]).click()
    details = page.get_by_role("complementary", name="Details")
    expect(details.locator(".holaf-info-name")).to_contain_text(HOSTILE[0])


def test_hostile_names_are_text_and_fit(open_gallery, shot):
    page = open_gallery("?folder=odd", len(HOSTILE))
    page.get_by_role("button", name="Show or hide details").click()
    details = page.get_by_role("complementary", name="Details")
    for name in HOSTILE:
        tile(page, name).click()
        expect(details.locator(".holaf-info-name")).to_contain_text(name)
        # Neither the tile nor the rail is wider than it may be.
        assert details.evaluate("(rail) => rail.scrollWidth <= rail.clientWidth")
    tile(page, HOSTILE[0]).click()
    shot(page, "gallery hostile names")
    tile(page, HOSTILE[3]).dblclick()
    expect(page.locator(".holaf-large-name")).to_have_text(HOSTILE[3])
    assert page.evaluate("() => window.hacked") is None
    assert page.locator('img[src="x"]').count() == 0


def test_arrows_go_through_all_that_matches_and_back_to_the_grid(open_gallery, shot):
    page = open_gallery("?folder=landscapes&sort=name_asc", 8)
    page.get_by_role("listbox").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    place = page.locator(".holaf-large-place")
    seen = []
    for number in range(1, 9):
        expect(place).to_have_text(f"{number} of 8")
        picture = page.locator(".holaf-large-picture")
        expect(picture).to_have_js_property("complete", True)
        seen.append(page.locator(".holaf-large-name").inner_text())
        page.keyboard.press("ArrowRight")
    expect(place).to_have_text("8 of 8")
    assert len(set(seen)) == 8
    shot(page, "gallery large")
    page.keyboard.press("ArrowLeft")
    expect(place).to_have_text("7 of 8")
    page.keyboard.press("Escape")
    expect(page.locator(".holaf-large")).to_have_count(0)
    expect(page.get_by_role("listbox")).to_be_focused()


@pytest.mark.parametrize("name", ["clip.webm", "clip.mp4", "tone.flac"])
def test_videos_and_sounds_play_large_under_our_policy(open_gallery, name):
    page = open_gallery("?folder=media", 3)
    refused = []
    page.on("console", lambda line: refused.append(line.text) if "Policy" in line.text else None)
    tile(page, name).dblclick()
    page.wait_for_function(
        "() => [...document.querySelectorAll('video, audio')].some((one) => one.currentTime > 0.05)"
    )
    assert refused == []


def test_the_keyboard_goes_everywhere(open_gallery):
    page = open_gallery("?sort=name_asc")
    page.get_by_role("listbox").focus()
    focused = page.locator(".holaf-focused")
    for key, position in (("Home", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", TOTAL)):
        page.keyboard.press(key)
        expect(focused).to_have_attribute("aria-posinset", str(position))
    page.keyboard.press("ArrowUp")
    assert int(focused.get_attribute("aria-posinset") or 0) < TOTAL
    page.keyboard.press("Space")
    expect(page.locator(".holaf-selected-count")).to_have_text("1 selected")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Search")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_contain_text("Select all that match")


def test_the_keys_work_before_anything_was_clicked(open_gallery):
    page = open_gallery("?sort=name_asc")
    expect(page.get_by_role("listbox")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Search")).to_be_focused()


def test_who_filters_by_keyboard_keeps_their_place(open_gallery):
    page = open_gallery()
    page.get_by_role("button", name="Show filters").first.click()
    webm = page.get_by_role("checkbox", name=re.compile("^WEBM"))
    webm.focus()
    page.keyboard.press("Enter")
    expect(items(page)).to_have_text(f"1 of {TOTAL} items")
    expect(webm).to_be_focused()
    page.get_by_role("button", name="Remove filter: WEBM").focus()
    page.keyboard.press("Enter")
    expect(items(page)).to_have_text(f"{TOTAL} items")
    expect(page.get_by_role("combobox", name="Search")).to_be_focused()
    page.get_by_role("button", name="Hide filters").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".holaf-rail-strip button").first).to_be_focused()


def test_a_double_click_opens_what_its_first_click_hit(open_gallery):
    page = open_gallery()
    expect(page.get_by_role("option", name="Loading")).to_have_count(0)
    # Far right: there the details will lie that the first click opens.
    last = page.evaluate(
        """() => [...document.querySelectorAll(".holaf-tile:not([hidden])")]
            .map((one) => ({name: one.getAttribute("aria-label"),
                ...one.getBoundingClientRect().toJSON()}))
            .filter(({top}) => top < 200).sort((a, b) => b.left - a.left)[0]"""
    )
    # Two clicks that no time lies between.
    page.clock.install()
    page.clock.pause_at(page.evaluate("() => Date.now() + 1000"))
    page.mouse.dblclick(last["left"] + last["width"] / 2, last["top"] + last["height"] / 2)
    page.clock.resume()
    expect(page.locator(".holaf-large-name")).to_have_text(last["name"].split(",")[0])
    page.keyboard.press("Escape")
    expect(page.locator('.holaf-tile[aria-selected="true"]')).to_have_attribute(
        "aria-label", last["name"]
    )


def test_filters_that_were_remembered_are_in_the_address_and_back_leads_to_them(
    open_gallery, server
):
    page = open_gallery()
    page.get_by_role("button", name="Show filters").first.click()
    page.get_by_role("checkbox", name="odd").check()
    expect(items(page)).to_have_text(f"{len(HOSTILE)} of {TOTAL} items")
    page.wait_for_function("() => localStorage.getItem('holaf:page:images.filters')")
    page.goto(f"{server.url}/holaf/view")
    expect(items(page)).to_have_text(f"{len(HOSTILE)} of {TOTAL} items")
    expect(page).to_have_url(re.compile("[?&]folder=odd"))
    page.get_by_role("checkbox", name="media").check()
    expect(items(page)).to_have_text(f"{len(HOSTILE) + 3} of {TOTAL} items")
    page.go_back()
    expect(items(page)).to_have_text(f"{len(HOSTILE)} of {TOTAL} items")


def test_a_rail_that_a_narrow_window_closed_comes_back_with_the_room(open_gallery):
    page = open_gallery()
    page.get_by_role("button", name="Show filters").first.click()
    expect(page.get_by_role("heading", name="Folders")).to_be_visible()
    page.set_viewport_size({"width": 500, "height": 800})
    expect(page.get_by_role("heading", name="Folders")).to_be_hidden()
    page.set_viewport_size({"width": 1600, "height": 900})
    expect(page.get_by_role("heading", name="Folders")).to_be_visible()


def test_what_is_selected_is_what_the_list_shows(open_gallery):
    page = open_gallery("?sort=name_asc")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    tile(page, "tone.flac").click(modifiers=["ControlOrMeta"])
    expect(page.locator(".holaf-selected-count")).to_have_text("2 selected")
    page.get_by_role("button", name="Show filters").first.click()
    page.get_by_role("checkbox", name=re.compile("^FLAC")).click()
    expect(page.locator(".holaf-selected-count")).to_have_text("1 selected")


def test_the_menu_makes_thumbnails_again_cleans_and_synchronises(open_gallery):
    page = open_gallery()
    toasts = page.locator(".holaf-toasts")

    def choose(name: str, said: str) -> None:
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name=name).click()
        expect(toasts).to_contain_text(said)

    choose("Thumbnail statistics", f"{TOTAL} of {TOTAL} thumbnails made")
    choose("Clean thumbnails", f"nothing to remove, {TOTAL} in use")
    choose("Synchronise now", f"{TOTAL} items in the gallery")
    page.locator('[aria-posinset="1"]').click()
    page.keyboard.press("Control+a")
    page.locator('[aria-posinset="2"]').click(modifiers=["ControlOrMeta"])
    choose("Make thumbnails again", f"{TOTAL - 1} thumbnails made again")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Make all thumbnails again").click()
    page.get_by_role("button", name="Make them again").click()
    expect(toasts).to_contain_text(f"{TOTAL} thumbnails made again")
    page.wait_for_function(SHOWN, arg=TOTAL)


def test_long_work_shows_how_far_it_is_and_is_cancelled_on_the_server(open_gallery):
    page = open_gallery()
    page.route("**/regenerate-thumbnail", lambda route: route.fulfill(json={"task": 7}))
    page.route("**/tasks/cancel", lambda route: route.fulfill(json={"task": {}}))
    page.locator('[aria-posinset="1"]').click()
    page.get_by_role("button", name="Make thumbnails again").click()
    expect(page.locator(".holaf-toast-progress")).to_be_visible()
    with page.expect_request("**/holaf/utilities/tasks/cancel") as asked:
        page.locator(".holaf-toasts").get_by_role("button", name="Cancel").click()
    assert asked.value.post_data_json == {"id": 7}


def test_who_has_chosen_nothing_sees_what_the_settings_say(open_gallery, server):
    def save(page, **gallery) -> None:
        answer = page.request.post(
            f"{server.url}/holaf/utilities/save-all-settings", data={"gallery": gallery}
        )
        assert answer.ok, answer.text()

    page = open_gallery()
    usual = page.request.get(f"{server.url}/holaf/utilities/settings").json()["settings"]
    page.get_by_role("radio", name="Squares", exact=True).click()
    save(page, layout="contain", tile_size=120, sort="name_desc", show_date_headers=False)
    try:
        # At once in the open page, too: but its layout was chosen by the user.
        expect(page.get_by_role("button", name="Sort by: Name Z–A")).to_be_visible()
        expect(page.get_by_role("radio", name="Squares", exact=True)).to_be_checked()
        other = open_gallery()
        expect(other.get_by_role("radio", name="Whole pictures in squares")).to_be_checked()
        expect(other.get_by_role("slider", name="Picture size")).to_have_value("120")
        expect(other.locator(".holaf-group")).to_have_count(0)
    finally:
        save(page, **usual["gallery"])


def test_a_layout_once_chosen_is_remembered(open_gallery):
    page = open_gallery()
    page.get_by_role("radio", name="Squares", exact=True).click()
    size = page.get_by_role("slider", name="Picture size")
    size.fill("96")
    box = page.locator('[aria-posinset="1"]').bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(box["height"], abs=1)
    page.wait_for_function("() => localStorage.getItem('holaf:page:images.look')?.includes('96')")
    page.reload()
    page.wait_for_function(SHOWN, arg=TOTAL)
    expect(page.get_by_role("radio", name="Squares", exact=True)).to_be_checked()
    expect(size).to_have_value("96")


def test_only_what_is_used_is_loaded_and_it_is_small(open_gallery):
    page = open_gallery()
    loaded = page.evaluate(
        "() => performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)"
    )
    names = {Path(one).name for one in loaded if one.endswith(".js")}
    later = {"filter_panel.js", "large_view.js", "info_rail.js", "actions.js", "dialog.js"}
    assert names & later == set()


@pytest.mark.parametrize("width", [360, 1600])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(open_gallery, axe, shot, width, theme):
    page = open_gallery("?folder=odd", len(HOSTILE), width=width, theme=theme, bypass_csp=True)
    shot(page, f"gallery {width} {theme}")
    assert axe(page) == []
    page.get_by_role("button", name="Show filters").first.click()
    expect(page.get_by_role("heading", name="Folders")).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("f")
    tile(page, HOSTILE[1]).click()
    page.locator(".holaf-info:not([hidden])").or_(
        page.locator(".holaf-selection-bar")
    ).first.wait_for()
    assert axe(page) == []
    tile(page, HOSTILE[1]).dblclick()
    expect(page.locator(".holaf-large-picture")).to_be_visible()
    assert axe(page) == []
