"""Searching and filtering: the box, its suggestions and chips, the facets, saved searches."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import running_server
from media_files import node, text_to_image
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import expect

HOSTILE = '<img src=x onerror="window.hacked=1"> "q".safetensors'
MODELS = ["sd15.safetensors"] * 6 + ["flux/dev one.safetensors"] * 4 + [HOSTILE] * 2
SIZES = ((96, 64), (64, 96), (64, 64))
TOTAL = len(MODELS)
SHOWN = """(count) => [...document.querySelectorAll(".holaf-tile img")].filter((image) =>
    image.checkVisibility({visibilityProperty: true}) && image.naturalWidth > 0).length === count"""


def save(folder: Path, number: int) -> None:
    """Numbers 1 to 6 are castles, the others harbours; every third has a LoRA."""
    prompt = f"{'castle by a lake' if number <= 6 else 'harbour at night'}, number {number}"
    graph = text_to_image(positive=prompt, seed=1000 + number % 4)
    graph["4"] = node("CheckpointLoaderSimple", ckpt_name=MODELS[(number - 1) % TOTAL])
    graph["3"]["inputs"]["sampler_name"] = "euler" if number % 2 else "dpmpp_2m"
    if number % 3 == 0:
        graph["10"] = node(
            "LoraLoader",
            lora_name="detail.safetensors",
            strength_model=number / 10,
            strength_clip=1.0,
            model=["4", 0],
            clip=["4", 1],
        )
        graph["3"]["inputs"]["model"] = ["10", 0]
    texts = PngInfo()
    texts.add_text("prompt", json.dumps(graph))
    path = folder / ("old" if number % 2 else "new") / f"made_{number:03}_.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    picture = Image.new("RGB", SIZES[number % 3], (20 * number, 255 - 20 * number, 90))
    picture.save(part, "PNG", pnginfo=texts)
    part.rename(path)


def make_library(folder: Path) -> Path:
    for number in range(1, TOTAL + 1):
        save(folder, number)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = make_library(tmp_path_factory.mktemp("search") / "pictures")
    with running_server.standalone(folder, tmp_path_factory.mktemp("search-data")) as server:
        yield server


@pytest.fixture
def open_gallery(new_page, server):
    """`open_gallery(query, count, **page options)`: a page that shows `count` thumbnails."""

    def start(query: str = "", count: int = TOTAL, url: str = server.url, **options):
        page = new_page(**{"reduced_motion": "reduce", "bypass_csp": False, **options})
        page.goto(f"{url}/holaf/view{query}")
        page.wait_for_function(SHOWN, arg=count)
        return page

    return start


def box(page):
    return page.get_by_role("combobox", name="Search")


def items(page):
    return page.locator(".holaf-status-shown")


def shows(page, count: int) -> None:
    expect(items(page)).to_have_text(
        f"{TOTAL} items" if count == TOTAL else f"{count} of {TOTAL} items"
    )


def search(page, text: str) -> None:
    box(page).fill(text)
    box(page).press("Enter")


def chips(page):
    return page.get_by_role("group", name="Active filters").locator(".holaf-chip")


def suggestions(page):
    return page.get_by_role("listbox", name="Suggestions").get_by_role("option")


def facet(page, name: str):
    section = page.locator(f".holaf-filter[data-id={name}]")
    head = section.locator(".holaf-filter-head")
    if head.get_attribute("aria-expanded") == "false":
        head.click()
    return section


def open_filters(page):
    page.get_by_role("button", name="Show filters").first.click()


def value(page, name: str, label: str | re.Pattern[str]):
    return facet(page, name).get_by_role("checkbox", name=label)


def test_a_search_is_marked_as_it_is_read_and_every_term_is_a_chip_that_takes_it_away(
    open_gallery, shot
):
    page = open_gallery()
    search(page, 'castle -dpmpp_2m steps:1..30 "by a lake" -model:flux')
    shows(page, 3)
    marks = page.locator(".holaf-search-marks")
    expect(marks).to_have_text('castle -dpmpp_2m steps:1..30 "by a lake" -model:flux')
    expect(marks.locator(".holaf-mark-field")).to_have_text(["steps:", "model:"])
    expect(marks.locator(".holaf-mark-operator")).to_have_text([".."])
    expect(marks.locator(".holaf-mark-phrase")).to_have_text(['"by a lake"'])
    expect(marks.locator(".holaf-mark-excluded")).to_have_text(
        ["-", "dpmpp_2m", "-", "model:", "flux"]
    )
    expect(chips(page)).to_have_count(5)
    expect(page.locator(".holaf-chip.holaf-excluded")).to_have_count(2)
    shot(page, "search chips")
    page.get_by_role("button", name=re.compile("Remove filter: .*Steps")).click()
    expect(box(page)).to_have_value('castle -dpmpp_2m "by a lake" -model:flux')
    expect(chips(page)).to_have_count(4)
    page.get_by_role("button", name="Clear all").click()
    shows(page, TOTAL)
    expect(box(page)).to_have_value("")


def test_suggestions_are_chosen_by_keys_alone(open_gallery, shot):
    page = open_gallery()
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    page.keyboard.type("mod")
    expect(suggestions(page).first).to_contain_text("model:")
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    first = suggestions(page).first
    expect(first).to_have_attribute("aria-selected", "true")
    expect(box(page)).to_have_attribute("aria-activedescendant", first.get_attribute("id"))
    page.keyboard.press("Tab")
    expect(box(page)).to_have_value("model:")
    # The most frequent value first, with how many have it.
    expect(suggestions(page).first).to_contain_text("sd15")
    expect(suggestions(page).first).to_contain_text("6")
    shot(page, "search suggestions")
    page.keyboard.press("Escape")
    expect(suggestions(page)).to_have_count(0)
    expect(box(page)).to_have_value("model:")
    page.keyboard.type("fl")
    expect(suggestions(page)).to_have_count(1)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    shows(page, 4)
    expect(box(page)).to_have_value('model:="flux/dev one.safetensors" ')
    expect(box(page)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("listbox", name="Pictures")).to_be_focused()


def test_an_older_request_for_suggestions_is_given_up(open_gallery):
    page = open_gallery()
    given_up = []
    page.on("requestfailed", lambda one: given_up.append(one.url))
    box(page).focus()
    page.wait_for_function("() => document.querySelector('.holaf-marked')")
    page.route("**/images/suggest*", lambda route: None, times=1)
    with page.expect_request("**/images/suggest*"):
        page.keyboard.type("sam")
    page.keyboard.type("p")
    expect(suggestions(page).first).to_contain_text("sampler:")
    assert any("text=sam&" in url for url in given_up)


def test_what_was_chosen_stays_chosen_when_later_suggestions_come(open_gallery):
    page = open_gallery()
    box(page).focus()
    page.wait_for_function("() => document.querySelector('.holaf-marked')")
    late = []
    page.route("**/images/suggest?text=mod&*", lambda route: late.append(route))
    page.keyboard.type("mo")
    expect(suggestions(page).first).to_contain_text("model:")
    with page.expect_request("**/images/suggest?text=mod&*"):
        page.keyboard.type("d")
        page.keyboard.press("ArrowDown")
    chosen = page.get_by_role("option", name="model:", selected=True)
    expect(chosen).to_have_count(1)
    with page.expect_response("**/images/suggest?text=mod&*"):
        late[0].continue_()
    expect(suggestions(page).first.locator("b")).to_have_text("mod")
    expect(chosen).to_have_count(1)
    page.keyboard.press("Tab")
    expect(box(page)).to_have_value("model:")


def test_a_mistake_is_explained_where_it_stands_and_what_was_found_stays(open_gallery, shot):
    page = open_gallery()
    search(page, "castle")
    shows(page, 6)
    # Signs that are two units long in the browser, and one for the server.
    search(page, "🏰🏰 modle:flux castle")
    message = page.locator(".holaf-mistake")
    expect(message).to_contain_text("no field “modle”")
    expect(message).to_contain_text("model")
    expect(page.locator(".holaf-mark-mistake")).to_have_text("modle:")
    expect(box(page)).to_have_attribute("aria-invalid", "true")
    shows(page, 6)
    expect(chips(page)).to_have_text(["castle"])
    shot(page, "search mistake")
    # What else is asked for is done all the same.
    page.get_by_role("button", name="Sort by: Newest first").click()
    page.get_by_role("menuitemcheckbox", name="Name", exact=True).click()
    expect(page.get_by_role("button", name="Sort by: Name A–Z")).to_be_visible()
    shows(page, 6)
    expect(message).to_be_visible()
    search(page, "castle")
    expect(message).to_be_hidden()
    expect(box(page)).to_have_attribute("aria-invalid", "false")


def test_an_address_with_a_mistake_shows_the_library_and_says_what_is_wrong(open_gallery):
    page = open_gallery("?q=steps%3Amany")
    expect(page.locator(".holaf-mistake")).to_be_visible()
    expect(box(page)).to_have_value("steps:many")
    shows(page, TOTAL)


def test_a_value_of_a_facet_shows_exactly_as_many_as_it_says_and_alt_click_leaves_it_out(
    open_gallery, shot
):
    page = open_gallery()
    open_filters(page)
    flux = value(page, "model", "dev one")
    expect(flux).to_contain_text("4")
    flux.click()
    shows(page, 4)
    expect(flux).to_be_checked()
    # The other facets count what is left, this one what it could be instead.
    expect(value(page, "lora", "detail")).to_contain_text("1")
    expect(value(page, "model", "sd15")).to_contain_text("6")
    value(page, "model", "sd15").click(modifiers=["Alt"])
    expect(chips(page)).to_have_text([re.compile("dev one"), re.compile("Not Model: sd15")])
    shows(page, 4)
    flux.click()
    shows(page, TOTAL - 6)
    expect(page).to_have_url(re.compile(r"\?-model=sd15"))
    shot(page, "search facets")

    page.reload()
    page.wait_for_function(SHOWN, arg=TOTAL - 6)
    expect(value(page, "model", "sd15")).to_have_accessible_name(re.compile("left out"))
    page.go_back()
    shows(page, 4)
    page.go_back()
    shows(page, 4)
    page.go_back()
    shows(page, TOTAL)


def test_the_keyboard_goes_through_values_and_leaves_them_out(open_gallery):
    page = open_gallery()
    open_filters(page)
    sampler = facet(page, "sampler")
    expect(sampler.get_by_role("checkbox")).to_have_count(2)
    sampler.locator(".holaf-filter-head").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    last = sampler.get_by_role("checkbox").nth(1)
    expect(last).to_be_focused()
    page.keyboard.press("Space")
    expect(last).to_be_checked()
    shows(page, 6)
    page.keyboard.press("-")
    expect(last).to_have_accessible_name(re.compile("left out"))
    expect(last).to_be_focused()
    shows(page, 6)
    page.keyboard.press("-")
    shows(page, TOTAL)


def test_folders_are_left_out_like_other_values_and_their_counts_follow(open_gallery):
    page = open_gallery("?q=castle", 6)
    open_filters(page)
    row = page.locator(".holaf-folder[data-path=old]")
    expect(row.locator(".holaf-count")).to_have_text("3")
    row.locator("label").click(modifiers=["Alt"])
    shows(page, 3)
    expect(row.get_by_role("checkbox")).to_have_accessible_name(re.compile("left out"))
    page.get_by_role("checkbox", name="new").check()
    shows(page, 3)
    page.get_by_role("checkbox", name=re.compile("^old")).press("-")
    shows(page, 3)
    expect(chips(page)).to_have_text(["castle", "new"])


def test_a_facet_with_50_000_values_shows_few_and_finds_the_others(open_gallery, shot):
    page = open_gallery()
    asked = []

    def answer(route):
        data = route.request.post_data_json
        asked.append(data)
        find = data.get("find", {}).get("text", "")
        values = (f"merge {number:05} of many.safetensors" for number in range(50_000))
        found = [one for one in values if find in one]
        facets = {
            name: {
                "values": [
                    {"value": one, "label": one, "count": 3, "state": None}
                    for one in (found[: data["limit"]] if name == "model" else [])
                ],
                "distinct": 50_000 if name == "model" else 0,
                "shown": min(len(found), data["limit"]),
            }
            for name in data["names"]
        }
        route.fulfill(json={"version": 1, "total": 12, "facets": facets})

    page.route("**/images/facets", answer)
    open_filters(page)
    model = facet(page, "model")
    rows = model.get_by_role("checkbox")
    expect(rows).to_have_count(8)
    model.get_by_role("button", name="More: Model").click()
    expect(rows).to_have_count(50)
    model.get_by_role("button", name="More: Model").click()
    expect(rows).to_have_count(200)
    expect(model).to_contain_text("type to find them")
    model.get_by_role("searchbox", name="Find model").fill("merge 04321")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("merge 04321")
    shot(page, "search many values")
    assert max(one["limit"] for one in asked if "model" in one["names"]) <= 200
    # Nothing of it is more than the rail is wide.
    rail = page.locator(".holaf-rail-body")
    assert rail.evaluate("(rail) => rail.scrollWidth <= rail.clientWidth")


def test_names_from_files_are_text_everywhere(open_gallery):
    page = open_gallery()
    open_filters(page)
    value(page, "model", re.compile("onerror")).click()
    shows(page, 2)
    expect(chips(page)).to_contain_text(["onerror"])
    box(page).fill("model:onerr")
    expect(suggestions(page)).to_have_count(1)
    suggestions(page).click()
    shows(page, 2)
    expect(chips(page)).to_have_count(2)
    page.locator(".holaf-tile:visible").first.click()
    details = page.get_by_role("complementary", name="Details")
    details.get_by_role("button", name=re.compile("onerror")).click()
    shows(page, 2)
    assert page.evaluate("() => window.hacked") is None
    assert page.locator('img[src="x"]').count() == 0


def test_counts_follow_new_files_and_what_is_chosen_stays(new_page, serve, tmp_path):
    folder = make_library(tmp_path / "live")
    page = new_page(reduced_motion="reduce")
    page.goto(f"{serve(folder).url}/holaf/view?model=sd15.safetensors")
    page.wait_for_function(SHOWN, arg=6)
    open_filters(page)
    sd15 = value(page, "model", "sd15")
    expect(sd15).to_contain_text("6")
    sd15.focus()
    save(folder, TOTAL + 1)
    expect(items(page)).to_have_text(f"7 of {TOTAL + 1} items")
    expect(sd15).to_contain_text("7")
    expect(sd15).to_be_checked()
    expect(sd15).to_be_focused()


def test_a_search_is_saved_opened_deleted_and_taken_back(open_gallery, shot):
    page = open_gallery("?q=castle&lora=detail.safetensors&sort=name_asc", 2)
    box(page).focus()
    saved = page.get_by_role("button", name="Saved searches")
    saved.click()
    window = page.get_by_role("dialog", name="Saved searches")
    expect(window).to_contain_text("No saved searches yet.")
    window.get_by_role("button", name="Save this search").click()
    name = "Castles <b>with</b> detail"
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".holaf-toast")).to_contain_text(name)

    page.get_by_role("button", name="Clear all").click()
    shows(page, TOTAL)
    saved.click()
    shot(page, "search saved")
    window.get_by_role("button", name=name, exact=True).click()
    shows(page, 2)
    expect(chips(page)).to_have_text(["castle", "LoRA: detail"])
    expect(page.get_by_role("button", name="Sort by: Name A–Z")).to_be_visible()

    saved.click()
    window.get_by_role("button", name=f"Delete “{name}”").click()
    expect(window).to_contain_text("No saved searches yet.")
    page.get_by_role("button", name="Undo").click()
    expect(window.get_by_role("button", name=name, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)


def test_saved_searches_that_could_not_be_read_once_are_shown_when_they_are(open_gallery):
    page = open_gallery()
    box(page).focus()
    page.get_by_role("button", name="Saved searches").click()
    saved = page.get_by_role("dialog", name="Saved searches").locator(".holaf-saved")
    expect(saved).not_to_contain_text("Loading")
    before = saved.inner_text()
    page.route("**/images/saved-searches", lambda route: route.abort(), times=1)
    address = page.url.replace("/view", "/images/saved-searches")
    made = page.request.post(f"{address}/save", data={"name": "Forts", "query": {}})
    assert made.ok, made.text()
    expect(saved).to_contain_text("not be reached")
    # The very list that was shown before.
    gone = page.request.post(f"{address}/delete", data={"id": made.json()["id"]})
    assert gone.ok, gone.text()
    expect(saved).to_have_text(before)


def test_a_saved_search_is_renamed_and_every_tab_sees_it(open_gallery, shot):
    page, other = open_gallery("?q=castle", 6), open_gallery()
    for one in (page, other):
        box(one).focus()
        one.get_by_role("button", name="Saved searches").click()
    window = page.get_by_role("dialog", name="Saved searches")
    seen = other.get_by_role("dialog", name="Saved searches")
    expect(seen.get_by_role("button", name="Keeps", exact=True)).to_have_count(0)
    window.get_by_role("button", name="Save this search").click()
    page.get_by_role("textbox", name="Name").fill("Keeps")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(seen.get_by_role("button", name="Keeps", exact=True)).to_be_visible()
    seen.get_by_role("button", name="Keeps", exact=True).focus()
    page.get_by_role("button", name="Saved searches").click()
    window.get_by_role("button", name="Rename “Keeps”").click()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Keeps")
    page.get_by_role("textbox", name="Name").fill("Forts")
    page.get_by_role("button", name="Rename", exact=True).click()
    # Who looks at it stays where they are.
    expect(seen.get_by_role("button", name="Forts", exact=True)).to_be_focused()
    shot(other, "search saved elsewhere")
    other.keyboard.press("Tab")
    other.keyboard.press("Tab")
    expect(seen.get_by_role("button", name="Delete “Forts”")).to_be_focused()
    other.keyboard.press("Enter")
    expect(seen).not_to_contain_text("Forts")
    page.get_by_role("button", name="Saved searches").click()
    expect(window.get_by_role("button", name="Save this search")).to_be_visible()
    expect(window).not_to_contain_text("Forts")


@pytest.mark.parametrize("finger", [True, False])
def test_a_finger_that_rests_leaves_a_folder_or_a_value_out(open_gallery, shot, finger):
    page = open_gallery(has_touch=finger, **({"width": 400, "height": 800} if finger else {}))
    open_filters(page)

    def press(target) -> None:
        target.scroll_into_view_if_needed()
        if not finger:
            target.click(button="right")
            return
        at = target.bounding_box()
        point = {"x": at["x"] + 20, "y": at["y"] + at["height"] / 2}
        touch = page.context.new_cdp_session(page)
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
        expect(page.get_by_role("menu")).to_be_visible()
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    press(page.locator(".holaf-folder-name", has_text="old"))
    shot(page, f"search left out {'by finger' if finger else 'by menu'}")
    page.get_by_role("menuitem", name="Leave out").click()
    shows(page, 6)
    expect(page.locator(".holaf-folder.holaf-excluded")).to_have_count(1)
    press(value(page, "model", "dev one").locator(".holaf-value-text"))
    page.get_by_role("menuitem", name="Leave out").click()
    shows(page, 4)
    expect(value(page, "model", "dev one")).not_to_be_checked()
    press(value(page, "model", "dev one").locator(".holaf-value-text"))
    page.get_by_role("menuitem", name="No longer choose this").click()
    shows(page, 6)
    press(page.locator(".holaf-folder-name", has_text="old"))
    page.get_by_role("menuitem", name="Show only this folder").click()
    expect(page.locator(".holaf-folder input:checked")).to_have_count(1)


def test_an_empty_result_says_what_to_remove(open_gallery, shot):
    page = open_gallery()
    search(page, "castle model:flux file:made")
    blame = page.get_by_role("button", name=re.compile("^Without"))
    expect(blame).to_have_text(["Without Model: flux 6", "Without castle 4"])
    shot(page, "search nothing")
    blame.first.click()
    shows(page, 6)
    expect(box(page)).to_have_value("castle file:made")


def test_more_like_this_and_the_facts_of_a_picture_search(open_gallery, shot):
    page = open_gallery()
    page.get_by_role("option", name="made_004_").click()
    details = page.get_by_role("complementary", name="Details")
    details.get_by_role("button", name="Same seed").click()
    shows(page, 3)
    expect(chips(page)).to_contain_text(["Same seed"])
    expect(page).to_have_url(re.compile(r"q=like%3Aseed%3A\d+$"))
    shot(page, "search alike")
    details.get_by_role("button", name="sd15.safetensors", exact=True).click()
    shows(page, 1)
    expect(chips(page)).to_contain_text(["Same seed", "Model is sd15"])
    page.go_back()
    shows(page, 3)
    page.go_back()
    shows(page, TOTAL)
    # As it was sent to the server; there is no workflow of the canvas in these files.
    details.get_by_role("button", name="Same workflow").click()
    shows(page, sum(bool(number % 3) for number in range(1, TOTAL + 1)))


def test_guidance_is_a_fact_that_no_search_asks_for(open_gallery):
    page = open_gallery()
    facts = {"cfg": {"value": 1, "status": "ok"}, "guidance": {"value": 3.5, "status": "ok"}}
    page.route("**/images/metadata?id=*", lambda route: route.fulfill(json={"facts": facts}))
    page.get_by_role("option", name="made_004_").click()
    details = page.get_by_role("complementary", name="Details")
    guidance = details.locator("dt", has_text="Guidance").locator("xpath=following-sibling::dd[1]")
    expect(guidance).to_have_text("3.5")
    expect(guidance.get_by_role("button")).to_have_count(0)
    expect(details.get_by_role("button", name="1", exact=True)).to_be_visible()


def test_a_random_order_is_in_the_address_and_can_be_shuffled_again(open_gallery, shot):
    page = open_gallery()
    order = """() => [...document.querySelectorAll(".holaf-tile:not([hidden])")]
        .sort((a, b) => a.ariaPosInSet - b.ariaPosInSet).map((tile) => tile.dataset.id).join()"""
    newest = page.evaluate(order)
    page.locator(".holaf-sort").click()
    page.get_by_role("menuitemcheckbox", name="Random").click()
    expect(page).to_have_url(re.compile(r"sort=random_asc&shuffle=\d+"))
    # The address changes before the list has come.
    page.wait_for_function(f"(newest) => ({order})() !== newest", arg=newest)
    page.wait_for_function(SHOWN, arg=TOTAL)
    first = page.evaluate(order)
    page.reload()
    page.wait_for_function(SHOWN, arg=TOTAL)
    assert page.evaluate(order) == first
    address = page.url
    page.locator(".holaf-sort").click()
    shot(page, "search order")
    page.get_by_role("menuitem", name="Shuffle again").click()
    page.wait_for_function(f"(first) => ({order})() !== first", arg=first)
    assert page.url != address


def test_pictures_are_put_together_by_what_they_have_in_common(open_gallery):
    page = open_gallery()
    page.locator(".holaf-sort").click()
    page.get_by_role("menuitem", name="Group by").press("ArrowRight")
    page.get_by_role("menuitemcheckbox", name="Folder").click()
    expect(page).to_have_url(re.compile(r"\?group=folder"))
    expect(page.get_by_role("heading", name="new", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="old", exact=True)).to_be_visible()


def test_an_example_of_the_help_is_searched_for(open_gallery, shot):
    page = open_gallery()
    box(page).fill("castle")
    page.get_by_role("button", name="How to search").click()
    window = page.get_by_role("dialog", name="How to search")
    shot(page, "search help")
    window.get_by_role("button", name=re.compile("^sampler:euler,dpmpp")).click()
    expect(window).to_have_count(0)
    expect(box(page)).to_have_value("castle sampler:euler,dpmpp")
    shows(page, 6)


@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (900, "dark")])
def test_what_searching_needs_fits_and_can_be_used_by_all(open_gallery, axe, shot, width, theme):
    page = open_gallery(
        count=TOTAL,
        width=width,
        height=740,
        theme=theme,
        bypass_csp=True,
        has_touch=width == 360,
    )
    fits = "() => document.documentElement.scrollWidth <= innerWidth"
    box(page).focus()
    page.get_by_role("button", name="How to search").click()
    help_window = page.get_by_role("dialog", name="How to search")
    expect(help_window).to_be_visible()
    assert page.evaluate(fits)
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(help_window).to_have_count(0)
    page.get_by_role("listbox", name="Pictures").focus()
    open_filters(page)
    value(page, "model", "sd15").click()
    value(page, "model", "dev one").press("-")
    expect(chips(page)).to_have_count(2)
    shows(page, 6)
    shot(page, f"search {width} {theme} facets")
    box(page).focus()
    page.keyboard.type("model:")
    expect(suggestions(page)).to_have_count(3)
    assert box(page).bounding_box()["width"] > 180
    assert page.evaluate(fits)
    assert axe(page) == []
    shot(page, f"search {width} {theme} suggestions")
    box(page).fill("-castle modle:x OR")
    expect(page.locator(".holaf-mistake")).to_be_visible()
    assert page.evaluate(fits)
    assert axe(page) == []
    shot(page, f"search {width} {theme} mistake")
