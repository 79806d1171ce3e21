"""The gallery of a library that no screen, request or element could hold at once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import running_server
from playwright.sync_api import expect
from slow_network import slow_line

STORED = 20_000
MILLIONS = 2_000_000
MONTHS = 40
# All of the list is here, not only its first screen.
WHOLE = ".holaf-timeline:not(.holaf-partial)"
SHOWN_FROM = """(position) => {
    const tiles = [...document.querySelectorAll(".holaf-tile:not([hidden])")];
    return tiles.length > 10 && tiles.every((one) => one.classList.contains("holaf-ready"))
        && tiles.some((one) => Number(one.getAttribute("aria-posinset")) >= position);
}"""
# Places, from 1, of what can be seen.
SEEN = """() => {
    const area = document.querySelector(".holaf-grid-scroll");
    const {top, bottom} = area?.getBoundingClientRect() ?? {};
    return [...document.querySelectorAll(".holaf-tile:not([hidden])")].filter((tile) => {
        const box = tile.getBoundingClientRect();
        return box.bottom > top + 1 && box.top < bottom - 1;
    }).map((tile) => Number(tile.getAttribute("aria-posinset"))).sort((a, b) => a - b);
}"""
# What can be seen is there, and lies between these two places.
BETWEEN = """([from, to]) => {
    const area = document.querySelector(".holaf-grid-scroll");
    const {top, bottom} = area?.getBoundingClientRect() ?? {};
    const tiles = [...document.querySelectorAll(".holaf-tile:not([hidden])")].filter((tile) => {
        const box = tile.getBoundingClientRect();
        return box.bottom > top + 1 && box.top < bottom - 1;
    });
    return tiles.length > 2 && tiles.every((tile) => {
        const place = Number(tile.getAttribute("aria-posinset"));
        return place >= from && place <= to && tile.classList.contains("holaf-ready");
    });
}"""


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A server over 20,000 rows without a file behind them."""
    data = tmp_path_factory.mktemp("many")
    program = Path(running_server.__file__).with_name("library_server.py")
    command = (program, "--rows", 20_000, "--pictures", 40, "--data-dir", data / "library")
    with running_server.RunningServer(*command, name="library server") as server:
        yield server


def test_any_depth_of_a_large_library_is_shown_with_few_elements(new_page, many, shot):
    page = new_page(width=1600, height=900, reduced_motion="reduce")
    page.goto(f"{many.url}/holaf/view")
    expect(page.locator(".holaf-status-shown")).to_have_text(re.compile(r"20\D000 items"))
    expect(page.locator(WHOLE)).to_be_visible()
    for fraction in (0.9, 0.31, 1, 0.5):
        page.evaluate(
            """(fraction) => { const area = document.querySelector('.holaf-grid-scroll');
                area.scrollTop = fraction * area.scrollHeight; }""",
            fraction,
        )
        page.wait_for_function(SHOWN_FROM, arg=int(fraction * 19_000))
        assert page.locator(".holaf-tile").count() <= 400
        assert page.locator(".holaf-tile *").count() <= 800
    shot(page, "gallery many")
    page.get_by_role("listbox").focus()
    page.keyboard.press("End")
    expect(page.locator(".holaf-focused")).to_have_attribute("aria-posinset", "20000")


def test_a_list_that_the_server_forgot_is_opened_again_at_the_same_place(new_page, many):
    page = new_page(width=1600, height=900, reduced_motion="reduce")
    page.goto(f"{many.url}/holaf/view")
    expect(page.locator(".holaf-status-shown")).to_have_text(re.compile(r"20\D000 items"))
    expect(page.locator(WHOLE)).to_be_visible()
    # Other tabs, and every word that is searched for, open lists too.
    for number in range(40):
        answer = page.request.post(
            f"{many.url}/holaf/images/view", data={"search": f"word{number}"}
        )
        assert answer.ok, answer.text()
    with page.expect_response(lambda answer: "/images/rows" in answer.url and answer.status == 404):
        page.evaluate(
            """() => { const area = document.querySelector('.holaf-grid-scroll');
                area.scrollTop = 0.5 * area.scrollHeight; }"""
        )
    # The rows come with the new list, and it is where the old one was.
    page.wait_for_function(
        """() => { const tiles = [...document.querySelectorAll(".holaf-tile:not([hidden])")];
            return tiles.length > 10
                && tiles.every((one) => one.getAttribute("aria-label") !== "Loading"); }"""
    )
    page.wait_for_function(SHOWN_FROM, arg=9_000)


def test_the_large_view_goes_to_the_end_of_a_list_whose_rows_are_not_here(new_page, many):
    page = new_page(width=1600, height=900, reduced_motion="reduce")
    page.goto(f"{many.url}/holaf/view")
    expect(page.locator(".holaf-status-shown")).to_have_text(re.compile(r"20\D000 items"))
    expect(page.locator(WHOLE)).to_be_visible()
    page.get_by_role("listbox").focus()
    page.keyboard.press("Enter")
    name, place = page.locator(".holaf-large-name"), page.locator(".holaf-large-place")
    expect(name).to_have_text(re.compile("."))
    page.keyboard.press("End")
    expect(place).to_have_text(re.compile(r"20\D000 of 20\D000"))
    expect(name).to_have_text(re.compile("."))
    # These rows have no file: each is said to be gone, and the keys go on.
    expect(page.locator(".holaf-large")).to_contain_text("This file is not there any more.")
    page.keyboard.press("PageUp")
    expect(place).to_have_text(re.compile(r"19\D990 of 20\D000"))
    page.keyboard.press("Escape")
    expect(page.locator(".holaf-focused")).to_have_attribute("aria-posinset", "19990")
    expect(page.locator(".holaf-focused")).to_be_in_viewport()
    page.wait_for_function(SHOWN_FROM, arg=19_900)


@pytest.fixture
def wi_fi(many):
    """The address of `many` over a phone's weak Wi-Fi."""
    port = int(many.url.rsplit(":", 1)[1])
    with slow_line(port, delay_s=0.02, bytes_per_s=10_000_000 / 8) as slow:
        yield f"http://127.0.0.1:{slow}"


@pytest.fixture
def millions(many):
    """`millions(page)`: the page is told of two million pictures, those of `many` over and over."""

    def opened(route) -> None:
        asked = route.request.post_data_json
        answer = route.fetch()
        found = answer.json()
        each = MILLIONS // MONTHS
        months = [
            {"key": f"{2026 - n // 12}-{12 - n % 12:02}", "start": n * each, "count": each}
            for n in range(MONTHS)
        ]
        if "since" not in asked:
            found |= {"total": MILLIONS, "total_count": MILLIONS, "groups": [], "months": months}
        route.fulfill(response=answer, body=json.dumps(found))

    def layout(route) -> None:
        answer = route.fetch()
        body = answer.body()
        count = int.from_bytes(body[:4], "little")
        again = MILLIONS // count
        ids = np.frombuffer(body, "<u4", count, 4)
        aspects = np.frombuffer(body, np.uint8, count, 4 + 4 * count)
        parts = (np.uint32([MILLIONS]), np.tile(ids, again), np.tile(aspects, again))
        route.fulfill(response=answer, body=b"".join(part.tobytes() for part in parts))

    def rows(route) -> None:
        place = int(re.search(r"from=(\d+)", route.request.url)[1])
        url = route.request.url.replace(f"from={place}", f"from={place % STORED}")
        route.continue_(url=url)

    def tell(page) -> None:
        page.route("**/images/view", opened)
        page.route("**/images/view/*/layout", layout)
        page.route("**/images/rows?*", rows)

    return tell


def slider(page):
    return page.get_by_role("slider", name="Place in the list")


def test_two_million_pictures_are_scrubbed_through_to_the_last_one(new_page, many, millions, shot):
    page = new_page(width=1600, height=900, reduced_motion="reduce")
    millions(page)
    page.goto(f"{many.url}/holaf/view")
    expect(page.locator(".holaf-status-shown")).to_have_text(re.compile(r"2\D000\D000 items"))
    expect(page.locator(WHOLE)).to_be_visible()
    box = slider(page).bounding_box()
    handle = page.locator(".holaf-timeline-handle").bounding_box()
    page.mouse.move(handle["x"] + 4, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    for fraction in (0.75, 0.2, 0.5):
        page.mouse.move(handle["x"] + 4, box["y"] + box["height"] * fraction, steps=4)
        around = [MILLIONS * (fraction - 0.03), MILLIONS * (fraction + 0.03)]
        page.wait_for_function(BETWEEN, arg=around)
    page.mouse.up()
    # One row further, not one of a million: the scrollbar's places are coarser than the rows.
    before = page.evaluate(SEEN)
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 240)
    page.wait_for_function(f"() => ({SEEN})()[0] > {before[0]}")
    assert page.evaluate(SEEN)[0] <= before[-1]
    shot(page, "gallery two million")
    # The smallest tiles are the most.
    page.get_by_role("slider", name="Picture size").fill("80")
    page.get_by_role("listbox").focus()
    page.keyboard.press("End")
    expect(page.locator(".holaf-focused")).to_have_attribute("aria-posinset", str(MILLIONS))
    page.wait_for_function(BETWEEN, arg=[MILLIONS - 400, MILLIONS])
    assert page.locator(".holaf-tile").count() <= 400


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_slow_phone_on_wi_fi_opens_scrolls_and_scrubs_and_gives_up_what_it_left(
    new_page, wi_fi, shot, theme
):
    page = new_page(
        width=360, height=720, theme=theme, has_touch=True, is_mobile=True, reduced_motion="reduce"
    )
    phone = page.context.new_cdp_session(page)
    phone.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(f"{wi_fi}/holaf/view")
    page.wait_for_function(BETWEEN, arg=[1, 40])
    shot(page, f"gallery phone {theme}")
    expect(page.locator(WHOLE)).to_be_visible()
    for y in (600, 500, 400, 300, 200, 100):
        touch(phone, "touchStart" if y == 600 else "touchMove", 150, y)
    touch(phone, "touchEnd")
    page.wait_for_function(f"() => ({SEEN})()[0] > 1")
    page.wait_for_function(BETWEEN, arg=[2, 400])

    # Its thumbnails never come: the finger must not wait for them elsewhere.
    page.route("**/images/thumbnails", lambda route: None, times=1)
    box = slider(page).bounding_box()
    x, given_up = box["x"] + box["width"] - 5, []
    page.on("requestfailed", lambda one: given_up.append(one.url.rsplit("/", 1)[1]))
    with page.expect_request("**/images/thumbnails"):
        touch(phone, "touchStart", x, box["y"] + box["height"] * 0.2)
        touch(phone, "touchMove", x, box["y"] + box["height"] * 0.3)
    touch(phone, "touchMove", x, box["y"] + box["height"] * 0.8)
    touch(phone, "touchEnd")
    page.wait_for_function(BETWEEN, arg=[STORED * 0.75, STORED * 0.85])
    assert "thumbnails" in given_up
    shot(page, f"gallery phone scrubbed {theme}")


def touch(phone, kind: str, x: float = 0, y: float = 0) -> None:
    points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
    phone.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
