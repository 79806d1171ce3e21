"""The timeline beside the pictures, a date to go to, and headers of every kind of group."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import running_server
from playwright.sync_api import expect
from running_server import RunningServer

TOTAL = 12_000
PER_DAY = 10
LAST = date(2026, 11, 20)
SERVER = Path(running_server.__file__).parent / "library_server.py"
READY = """() => {
    const area = document.querySelector(".holaf-grid-scroll");
    const {top, bottom} = area?.getBoundingClientRect() ?? {};
    const tiles = [...document.querySelectorAll(".holaf-tile:not([hidden])")].filter((tile) => {
        const box = tile.getBoundingClientRect();
        return box.bottom > top && box.top < bottom;
    });
    return tiles.length > 0 && tiles.every((tile) => tile.classList.contains("holaf-ready"));
}"""
# Positions, from 1, of what is on screen.
SHOWN = """() => {
    const area = document.querySelector(".holaf-grid-scroll");
    const {top, bottom} = area?.getBoundingClientRect() ?? {};
    return [...document.querySelectorAll(".holaf-tile:not([hidden])")].filter((tile) => {
        const box = tile.getBoundingClientRect();
        return box.bottom > top + 1 && box.top < bottom - 1;
    }).map((tile) => Number(tile.getAttribute("aria-posinset"))).sort((a, b) => a - b);
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """12,000 rows of three years and three months, ten a day; by turns of four models."""
    data = tmp_path_factory.mktemp("timeline")
    options = ("--rows", TOTAL, "--pictures", 40, "--per-day", PER_DAY, "--data-dir", data)
    options += (
        "--made-with",
        "models/m0.safetensors,models/m1.safetensors,models/m2.safetensors,models/m3.safetensors",
    )
    with RunningServer(SERVER, *options, name="library server") as server:
        yield server


@pytest.fixture
def open_gallery(new_page, server):
    def start(query: str = "", **options):
        page = new_page(**{"reduced_motion": "reduce", "locale": "en-GB", **options})
        page.goto(f"{server.url}/holaf/view{query}")
        page.wait_for_function(READY)
        expect(page.locator(".holaf-timeline:not(.holaf-partial)")).to_be_visible()
        return page

    return start


def slider(page):
    return page.get_by_role("slider", name="Place in the list")


def drag(page, to: float, *, release: bool = True) -> None:
    """Take the handle to a part of the bar."""
    box = slider(page).bounding_box()
    handle = page.locator(".holaf-timeline-handle").bounding_box()
    x = handle["x"] + handle["width"] / 2
    page.mouse.move(x, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(x, box["y"] + box["height"] * to, steps=6)
    if release:
        page.mouse.up()


def day_of(position: int) -> date:
    """Of a picture of the list in its usual order, to within one day."""
    return LAST - timedelta(days=(position - 1) / PER_DAY)


def said(text: str) -> date:
    """The date in a label such as "Fri, 7 March 2025"."""
    day, month, year = re.search(r"(\d+) (\w+) (\d{4})", text).groups()
    months = "January February March April May June July August September October November December"
    return date(int(year), months.split().index(month) + 1, int(day))


def test_years_stand_beside_their_months_and_no_two_touch(open_gallery, shot):
    page = open_gallery()
    years = page.locator(".holaf-timeline-years span")
    assert years.all_inner_texts() == ["2026", "2025", "2024", "2023"]
    boxes = [one.bounding_box() for one in years.all()]
    for above, below in zip(boxes, boxes[1:], strict=False):
        assert above["y"] + above["height"] <= below["y"]
    # 40 months, each as high as its part of the list: about a day's pictures a day.
    heights = [
        one.bounding_box()["height"] for one in page.locator(".holaf-timeline-months span").all()
    ]
    assert len(heights) == 40
    assert max(heights[1:-1]) - min(heights[1:-1]) < max(heights) / 4 + 2
    shot(page, "timeline 1600")


def test_a_drag_leads_to_any_date_and_the_label_says_which(open_gallery, shot):
    page = open_gallery()
    drag(page, 0.6, release=False)
    label = page.locator(".holaf-timeline-label")
    expect(label).to_have_css("opacity", "1")
    positions = page.evaluate(SHOWN)
    assert positions[0] == pytest.approx(0.6 * TOTAL, abs=0.03 * TOTAL)
    around = [day_of(positions[-1]) - timedelta(days=1), day_of(positions[0]) + timedelta(days=1)]
    assert around[0] <= said(label.inner_text()) <= around[1]
    page.wait_for_function(READY)
    shot(page, "timeline drag")
    page.mouse.up()
    # The months' own places: where 2025 stands is where it begins.
    year = page.locator(".holaf-timeline-years span", has_text="2025").bounding_box()
    page.mouse.click(slider(page).bounding_box()["x"] + 40, year["y"] + year["height"] / 2)
    page.wait_for_function(READY)
    days = [day_of(position) for position in page.evaluate(SHOWN)]
    assert min(days) <= date(2026, 1, 1) + timedelta(days=9)
    assert max(days) >= date(2025, 12, 31) - timedelta(days=9)


def test_the_pointer_over_the_timeline_says_where_a_click_would_lead(open_gallery):
    page = open_gallery()
    box = slider(page).bounding_box()
    page.mouse.move(box["x"] + box["width"] - 6, box["y"] + box["height"] * 0.4)
    label = page.locator(".holaf-timeline-label")
    expect(label).to_have_css("opacity", "1")
    offered = said(label.inner_text())
    page.mouse.down()
    page.mouse.up()
    days = [day_of(position) for position in page.evaluate(SHOWN)]
    assert min(days) - timedelta(days=1) <= offered <= max(days) + timedelta(days=1)
    page.mouse.move(20, 400)
    expect(label).to_have_css("opacity", "0")


@pytest.mark.parametrize("way", ["key", "button", "menu"])
def test_a_date_can_be_gone_to(open_gallery, shot, way):
    page = open_gallery(**({"width": 360, "height": 720} if way == "menu" else {}))
    if way == "key":
        page.keyboard.press("g")
    elif way == "menu":
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name="Go to a date").click()
    else:
        page.get_by_role("button", name="Go to a date (G)").click()
    dialog = page.get_by_role("dialog", name="Go to a date")
    dialog.get_by_label("Date").fill("2025-03-07")
    shot(page, "timeline date")
    dialog.get_by_role("button", name="Go there").click()
    focused = page.locator(".holaf-focused")
    expect(focused).to_be_in_viewport()
    expect(focused).to_have_attribute("aria-label", re.compile("7 Mar 2025"))
    position = int(focused.get_attribute("aria-posinset"))
    # The first of its day, and the keys go on from it.
    assert day_of(position - 1) > day_of(position)
    expect(page.get_by_role("listbox")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".holaf-focused")).to_have_attribute("aria-posinset", str(position + 1))


def test_the_newest_and_the_oldest_are_one_press_away(open_gallery):
    page = open_gallery()
    page.get_by_role("button", name="Go to the oldest").click()
    page.wait_for_function(f"() => ({SHOWN})().at(-1) === {TOTAL}")
    page.get_by_role("button", name="Go to the newest").click()
    page.wait_for_function(f"() => ({SHOWN})()[0] === 1")


def test_the_timeline_is_a_slider_that_keys_move_and_that_says_where_it_is(open_gallery):
    page = open_gallery()
    bar = slider(page)
    bar.focus()
    expect(bar).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("PageDown")
    expect(bar).to_have_attribute("aria-valuetext", re.compile("October 2026"))
    page.keyboard.press("PageDown")
    expect(bar).to_have_attribute("aria-valuetext", re.compile("September 2026"))
    page.keyboard.press("PageUp")
    expect(bar).to_have_attribute("aria-valuetext", re.compile("October 2026"))
    before = page.evaluate(SHOWN)[0]
    page.keyboard.press("ArrowDown")
    page.wait_for_function(f"() => ({SHOWN})()[0] > {before}")
    page.keyboard.press("End")
    expect(bar).to_have_attribute("aria-valuenow", "1000")
    page.wait_for_function(f"() => ({SHOWN})().at(-1) === {TOTAL}")
    page.keyboard.press("Home")
    page.wait_for_function(f"() => ({SHOWN})()[0] === 1")


def test_in_another_order_the_label_says_what_the_order_is_about(open_gallery):
    page = open_gallery("?sort=name_asc")
    drag(page, 0.5, release=False)
    # The name comes with the rows of that place.
    expect(page.locator(".holaf-timeline-label")).to_have_text(re.compile(r"^\w+_\d+_\.png$"))
    page.mouse.up()
    expect(page.get_by_role("button", name="Sort by date to go to a date")).to_be_disabled()
    expect(page.get_by_role("button", name="Go to the last")).to_be_visible()


@pytest.mark.parametrize(
    ("order", "label", "beside"),
    [
        ("name_desc", r"^[a-z]+_\d+_\.png$", ["V", "O", "M", "L", "H", "G", "C"]),
        ("size_asc", r"^1\.4.MiB$", []),
        ("resolution_asc", r"^(1.)?\d{3} × (1.)?\d{3}$", []),
        ("seed_desc", r"^Seed \d+$", []),
        ("rating_desc", r"^(\d stars?|Not rated)$", ["5 ★", "4 ★", "3 ★", "2 ★", "1 ★", "–"]),
        ("model_asc", r"^models/m\d$", []),
    ],
)
def test_the_label_says_at_once_what_every_order_is_about(open_gallery, shot, order, label, beside):
    page = open_gallery(f"?sort={order}")
    names = page.locator(".holaf-timeline-years span")
    expect(names).to_have_text(beside)
    # Rows come later, or not at all: the label does not wait for them.
    page.route("**/rows?*", lambda route: None)
    page.route(re.compile(r"/images/marks\?.*&at="), lambda route: None)
    said = page.locator(".holaf-timeline-label")
    # The marks of the whole list may still be on their way when it is taken for the first time.
    drag(page, 0.4, release=False)
    expect(said).to_have_text(re.compile(label))
    page.mouse.up()
    for to in (0.3, 0.9, 0.55):
        drag(page, to, release=False)
        assert re.search(label, said.inner_text()), said.inner_text()
        page.mouse.up()
    shot(page, f"timeline by {order}")


def test_the_label_of_a_seed_is_the_one_that_is_there(open_gallery):
    page = open_gallery("?sort=seed_asc&group=none")
    drag(page, 0.42)
    label = page.locator(".holaf-timeline-label")
    page.wait_for_function(READY)
    first = page.evaluate(SHOWN)
    ids = page.evaluate(
        """() => [...document.querySelectorAll(".holaf-tile:not([hidden])")]
            .map((tile) => [Number(tile.ariaPosInSet), Number(tile.dataset.id)])"""
    )
    seeds = {position: 7 * image_id for position, image_id in ids}
    page.wait_for_function(
        "([label, seeds]) => seeds.includes(document.querySelector(label).textContent)",
        arg=[".holaf-timeline-label", [f"Seed {seeds[one]}" for one in first]],
    )
    assert label.inner_text().startswith("Seed ")


def test_a_page_key_leads_to_the_next_model(open_gallery):
    page = open_gallery("?sort=model_asc")
    bar = slider(page)
    expect(page.locator(".holaf-timeline-months span")).to_have_count(4)
    bar.focus()
    for name in ("models/m1", "models/m2", "models/m3"):
        page.keyboard.press("PageDown")
        expect(bar).to_have_attribute("aria-valuetext", name)
    page.keyboard.press("PageUp")
    expect(bar).to_have_attribute("aria-valuetext", "models/m2")


def test_pictures_by_month_in_another_order_have_a_timeline_and_dates_to_go_to(open_gallery):
    page = open_gallery("?sort=name_asc&group=month")
    expect(page.locator(".holaf-timeline-years span")).to_have_text(
        ["2026", "2025", "2024", "2023"]
    )
    page.keyboard.press("g")
    dialog = page.get_by_role("dialog", name="Go to a date")
    dialog.get_by_label("Date").fill("2025-03-07")
    dialog.get_by_role("button", name="Go there").click()
    focused = page.locator(".holaf-focused")
    expect(focused).to_have_attribute("aria-label", re.compile("Mar 2025"))
    header = page.get_by_role("heading", name="March 2025")
    assert header.bounding_box()["y"] < focused.bounding_box()["y"]


def test_every_group_has_a_header_that_selects_its_pictures(open_gallery, shot):
    page = open_gallery("?group=folder")
    header = page.locator(".holaf-group").first
    expect(header.get_by_role("heading")).to_have_text(re.compile(r"^20\d\d-\d\d$"))
    count = header.locator(".holaf-group-count").inner_text()
    shot(page, "timeline groups")
    header.get_by_role("button", name=re.compile("^Select all of")).click()
    expect(page.locator(".holaf-selected-count")).to_have_text(f"{count} selected")
    header.get_by_role("button", name=re.compile("^Select all of")).click()
    expect(page.locator(".holaf-selected-count")).to_be_hidden()


def test_a_group_of_thousands_is_one_range_of_what_is_shown(open_gallery):
    page = open_gallery("?group=model")
    answers = [{"status": 404, "json": {"error": "gone", "expired": True}}, {"json": {"queued": 1}}]
    asked = []

    def answer(route):
        asked.append(route.request.post_data_json)
        route.fulfill(**answers[len(asked) - 1])

    page.route("**/regenerate-thumbnail", answer)
    header = page.locator(".holaf-group").first
    count = int(re.sub(r"\D", "", header.locator(".holaf-group-count").inner_text()))
    assert count > 2000
    header.get_by_role("button", name=re.compile("^Select all of")).click()
    page.locator('[aria-posinset="3"]').click(modifiers=["ControlOrMeta"])
    expect(page.locator(".holaf-selected-count")).to_have_text(
        re.compile(rf"^{count - 1:,} selected$".replace(",", "."))
    )
    page.get_by_role("button", name="Make thumbnails again").click()
    # What the server has forgotten is opened again, and said anew.
    expect(page.locator(".holaf-toast")).to_contain_text("1 thumbnail being made")
    assert [one["ranges"] for one in asked] == [[[0, 2], [3, count - 3]]] * 2
    assert all(one["view"] for one in asked)


def test_the_first_screen_is_there_before_the_rest_of_the_list(new_page, server):
    page = new_page(reduced_motion="reduce")
    held = []
    page.route("**/layout", lambda route: held.append(route))
    with page.expect_request("**/layout"):
        page.goto(f"{server.url}/holaf/view")
    page.wait_for_function(READY)
    expect(page.locator(".holaf-tile").first).to_have_attribute("aria-setsize", str(TOTAL))
    places = page.evaluate(SHOWN)
    held[0].continue_()
    expect(page.locator(".holaf-timeline-years span").first).to_be_visible()
    assert page.evaluate(SHOWN) == places
    drag(page, 1)
    page.wait_for_function(f"() => ({SHOWN})().at(-1) === {TOTAL}")


@pytest.mark.parametrize("way", ["key", "button", "key and back"])
def test_who_goes_to_the_end_before_the_list_is_here_is_led_there_with_it(new_page, server, way):
    page = new_page(reduced_motion="reduce")
    held = []
    page.route("**/layout", lambda route: held.append(route))
    with page.expect_request("**/layout"):
        page.goto(f"{server.url}/holaf/view")
    page.wait_for_function(READY)
    if way == "button":
        page.locator(".holaf-timeline button").last.dispatch_event("click")
    else:
        page.get_by_role("listbox").focus()
        page.keyboard.press("End")
        expect(page.locator(".holaf-focused")).to_have_attribute("aria-posinset", "400")
    if way == "key and back":
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".holaf-focused")).to_have_attribute("aria-posinset", "399")
    page.wait_for_function(f"() => ({SHOWN})().at(-1) === 400")
    held[0].continue_()
    expect(page.locator(".holaf-timeline-years span").first).to_be_visible()
    if way == "key and back":
        expect(page.locator(".holaf-focused")).to_have_attribute("aria-posinset", "399")
    else:
        page.wait_for_function(f"() => ({SHOWN})().at(-1) === {TOTAL}")


def test_on_a_phone_it_is_thin_until_it_is_touched(open_gallery, shot):
    page = open_gallery(width=360, height=720, has_touch=True)
    box = slider(page).bounding_box()
    assert box["width"] < 20
    year = page.locator(".holaf-timeline-years span").first
    expect(year).to_have_css("opacity", "0")
    # The finger rests: what it shows goes a moment after it, sooner than a busy machine looks.
    finger = page.context.new_cdp_session(page)
    at = {"x": box["x"] + 7, "y": box["y"] + box["height"] / 2}
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    expect(year).to_have_css("opacity", "1")
    page.wait_for_function(f"() => ({SHOWN})()[0] > {TOTAL} * 0.4")
    shot(page, "timeline 360")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(year).to_have_css("opacity", "0")


@pytest.mark.parametrize("width", [360, 1600])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_timeline(open_gallery, axe, shot, width, theme):
    page = open_gallery(width=width, theme=theme, bypass_csp=True)
    slider(page).focus()
    page.keyboard.press("PageDown")
    page.wait_for_function(READY)
    shot(page, f"timeline {width} {theme}")
    assert axe(page) == []
