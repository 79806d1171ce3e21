"""The gallery while its folder changes, and where something is wrong."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3

import pytest
import running_server
from e2e_pictures import save_picture, save_pictures
from playwright.sync_api import expect

FIRST = 40
ON_SCREEN = """(name) => {
    const tile = [...document.querySelectorAll(".holaf-tile:not([hidden])")]
        .find((one) => one.getAttribute("aria-label").startsWith(name));
    return tile?.querySelector("img").naturalWidth > 0 && tile.classList.contains("holaf-ready");
}"""
PLACES = """() => {
    const area = document.querySelector(".holaf-grid-scroll");
    const {top, bottom} = area?.getBoundingClientRect() ?? {};
    return Object.fromEntries([...document.querySelectorAll(".holaf-tile:not([hidden])")]
        .map((one) => [one.dataset.id, one.getBoundingClientRect()])
        .filter(([, box]) => box.bottom > top && box.top < bottom)
        .map(([id, box]) => [id, Math.round(box.top)]));
}"""


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """(folder, server): 40 pictures to begin with; each test puts its own files in."""
    folder = tmp_path_factory.mktemp("live") / "pictures"
    save_pictures(folder, FIRST)
    with running_server.standalone(folder, tmp_path_factory.mktemp("data")) as server:
        yield folder, server


@pytest.fixture
def gallery(new_page, live):
    page = new_page(width=900, height=500, reduced_motion="reduce")
    page.goto(f"{live[1].url}/holaf/view")
    expect(page.locator(".holaf-tile.holaf-ready").first).to_be_visible()
    return page


def total(page) -> int:
    return page.evaluate(
        "() => fetch('/holaf/images/list', {method: 'POST', body: '{\"limit\": 1}',"
        " headers: {'Content-Type': 'application/json'}})"
        ".then((answer) => answer.json()).then((answer) => answer.total_count)"
    )


def tile(page, name: str):
    return page.get_by_role("option", name=name)


def name_of(number: int) -> str:
    return f"holaf_{number:05}_.png"


def test_a_new_picture_stands_at_the_top_with_its_thumbnail_in_every_tab(gallery, live, new_page):
    other = new_page(width=360, height=700)
    other.goto(gallery.url)
    expect(other.locator(".holaf-tile.holaf-ready").first).to_be_visible()
    save_picture(live[0], 101)
    for page in (gallery, other):
        page.wait_for_function(ON_SCREEN, arg=name_of(101))
        first = page.locator('[aria-posinset="1"]')
        expect(first).to_have_attribute("aria-label", f"{name_of(101)}, now")
    assert total(gallery) == total(other)


def test_scrolled_down_nothing_moves_and_a_pill_counts_what_is_new(gallery, live):
    gallery.locator(".holaf-tile").first.hover()
    gallery.mouse.wheel(0, 900)
    gallery.wait_for_function("() => document.querySelector('.holaf-grid-scroll').scrollTop > 600")
    gallery.wait_for_function(
        "() => document.querySelectorAll('.holaf-tile:not([hidden], .holaf-ready)').length === 0"
    )
    gallery.mouse.move(2, 2)
    before = gallery.evaluate(PLACES)
    for number in (111, 112, 113):
        save_picture(live[0], number)
    pill = gallery.get_by_role("button", name="3 new")
    expect(pill).to_be_visible()
    after = gallery.evaluate(PLACES)
    assert len(before) > 5
    assert after == before
    pill.click()
    gallery.wait_for_function(ON_SCREEN, arg=name_of(113))
    expect(pill).to_be_hidden()


def test_deleted_renamed_and_overwritten_files_follow(gallery, live):
    folder, _ = live
    path = save_picture(folder, 121)
    gallery.wait_for_function(ON_SCREEN, arg=name_of(121))
    tile(gallery, name_of(121)).click()
    identity = tile(gallery, name_of(121)).get_attribute("data-id")

    renamed = path.rename(path.with_name("renamed.png"))
    gallery.wait_for_function(ON_SCREEN, arg="renamed.png")
    expect(tile(gallery, name_of(121))).to_have_count(0)
    assert tile(gallery, "renamed.png").get_attribute("data-id") == identity
    expect(tile(gallery, "renamed.png")).to_have_attribute("aria-selected", "true")

    source = tile(gallery, "renamed.png").locator("img").get_attribute("src")
    part = renamed.with_suffix(".part")
    shutil.copyfile(save_picture(folder, 122), part)
    part.replace(renamed)
    gallery.wait_for_function(
        """(old) => { const image = document.querySelector('[aria-label^="renamed.png"] img');
            return image && image.src !== old && image.naturalWidth > 0; }""",
        arg=source,
    )
    renamed.unlink()
    expect(tile(gallery, "renamed.png")).to_have_count(0)
    expect(gallery.locator(".holaf-selected-count")).to_be_hidden()


def test_the_keys_begin_at_what_is_on_screen_also_after_a_change(gallery, live):
    gallery.mouse.move(400, 300)
    gallery.mouse.wheel(0, 900)
    gallery.wait_for_function("() => document.querySelector('.holaf-grid-scroll').scrollTop > 600")
    save_picture(live[0], 131)
    expect(gallery.get_by_role("button", name="1 new")).to_be_visible()
    gallery.get_by_role("listbox").focus()
    gallery.keyboard.press("ArrowRight")
    expect(gallery.locator(".holaf-focused")).to_be_in_viewport()
    assert gallery.evaluate("() => document.querySelector('.holaf-grid-scroll').scrollTop > 500")


def test_a_picture_that_is_overwritten_while_it_is_shown_large_is_shown_anew(gallery, live):
    path = save_picture(live[0], 141)
    gallery.wait_for_function(ON_SCREEN, arg=name_of(141))
    tile(gallery, name_of(141)).dblclick()
    expect(gallery.locator(".holaf-large-name")).to_have_text(name_of(141))
    picture = gallery.locator('.holaf-large-picture[src*="/full"]')
    expect(picture).to_be_visible()
    before = picture.get_attribute("src")
    part = path.with_suffix(".part")
    shutil.copyfile(save_picture(live[0], 142), part)
    part.replace(path)
    expect(picture).not_to_have_attribute("src", before)
    expect(gallery.locator(".holaf-large-name")).to_have_text(name_of(141))


def test_a_change_that_could_not_be_read_takes_nothing_away_and_is_read_later(gallery, live):
    gallery.route("**/images/view", lambda route: route.abort(), times=1)
    with gallery.expect_request("**/images/view"):
        save_picture(live[0], 151)
    gallery.wait_for_function(ON_SCREEN, arg=name_of(151))
    expect(gallery.get_by_text("could not be loaded")).to_have_count(0)


def test_a_lost_connection_is_said_and_what_was_missed_comes_with_the_next_one(
    new_page, tmp_path, shot
):
    folder, data = tmp_path / "pictures", tmp_path / "data"
    save_pictures(folder, 3)
    with running_server.standalone(folder, data) as server:
        port = server.url.rpartition(":")[2]
        page = new_page(width=900, height=600, reduced_motion="reduce")
        page.goto(f"{server.url}/holaf/view")
        page.wait_for_function(ON_SCREEN, arg=name_of(1))
        server.process.kill()
    banner = page.locator(".holaf-banner")
    expect(banner).to_contain_text("The connection was lost", timeout=15_000)
    shot(page, "gallery disconnected")
    # Trying in vain takes nothing away.
    page.get_by_role("button", name="Reconnect").click()
    expect(tile(page, name_of(1))).to_be_visible()
    expect(page.get_by_text("could not be loaded")).to_have_count(0)
    save_picture(folder, 4)
    again = running_server.RunningServer(
        running_server.ROOT, "--folder", folder, "--data-dir", data, "--port", port, "--no-browser"
    )  # fmt: skip
    with again:
        page.wait_for_function(ON_SCREEN, arg=name_of(4), timeout=30_000)
        expect(banner).to_be_hidden()


def test_an_empty_folder_and_one_that_goes_say_what_to_do(new_page, tmp_path, shot):
    folder = tmp_path / "pictures"
    folder.mkdir()
    with running_server.standalone(folder, tmp_path / "data") as server:
        page = new_page(width=900, height=600)
        page.goto(f"{server.url}/holaf/view")
        expect(page.get_by_text("No pictures yet")).to_be_visible()
        expect(page.get_by_text(str(folder))).to_be_visible()
        shot(page, "gallery empty")
        save_pictures(folder, 3)
        page.wait_for_function(ON_SCREEN, arg=name_of(3))
        folder.rename(tmp_path / "elsewhere")
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name="Synchronise now").click()
        # What is known is kept, and the bar says what is wrong.
        expect(page.locator(".holaf-status-index")).to_contain_text("not reachable")
        expect(page.locator(".holaf-status-shown")).to_have_text("3 items")
        shot(page, "gallery unreachable")


def test_an_emptied_folder_keeps_its_pictures_until_the_user_says_it_is_meant(new_page, tmp_path):
    folder = tmp_path / "pictures"
    save_pictures(folder, 3)
    with running_server.standalone(folder, tmp_path / "data") as server:
        page = new_page(width=1200)
        page.goto(f"{server.url}/holaf/view")
        expect(page.locator(".holaf-tile.holaf-ready")).to_have_count(3)
    # As an unmounted drive looks at the next start.
    shutil.rmtree(folder)
    folder.mkdir()
    with running_server.standalone(folder, tmp_path / "data") as server:
        page.goto(f"{server.url}/holaf/view")
        expect(page.locator(".holaf-tile")).to_have_count(3)
        expect(page.get_by_text("is not reachable").first).to_be_visible()
        for answer, left in (("Cancel", 3), ("Take them out", 0)):
            page.get_by_role("button", name="More actions").click()
            page.get_by_role("menuitem", name=re.compile("Synchronise")).click()
            page.get_by_role("alertdialog").get_by_role("button", name=answer).click()
            expect(page.locator(".holaf-tile:not([hidden])")).to_have_count(left)


def test_a_long_comparison_with_the_disk_is_told_and_no_count_is_read_aloud(new_page, live):
    page = new_page(width=1200)
    is_checking = True

    def as_if(message):
        """As the server says it of a library that is large, or lies on a slow disk."""
        told = json.loads(message)
        for one in told if isinstance(told, list) else [told]:
            if one.get("topic") == "images.index":
                one["data"]["checking"] = is_checking
        return json.dumps(told)

    def between(page_side):
        server = page_side.connect_to_server()
        server.on_message(lambda message: page_side.send(as_if(message)))

    page.route_web_socket(re.compile("/holaf/events"), between)
    page.goto(f"{live[1].url}/holaf/view")
    checking = page.get_by_role("status").filter(has_text="Checking for changes")
    expect(checking).to_be_visible()
    counting = page.locator(".holaf-status-index")
    assert counting.evaluate("(one) => one.closest('[aria-live], [role=status]')") is None
    is_checking = False
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Synchronise now").click()
    expect(page.locator(".holaf-status-checking")).to_have_text("")


def test_a_folder_that_was_never_there_says_so(new_page, tmp_path, shot):
    with running_server.standalone(tmp_path / "missing", tmp_path / "data") as server:
        page = new_page(width=900, height=600)
        page.goto(f"{server.url}/holaf/view")
        expect(page.get_by_text("The folder is not reachable")).to_be_visible()
        shot(page, "gallery missing folder")


def test_a_database_of_a_newer_version_is_shown_with_a_bar_that_says_why(new_page, tmp_path, shot):
    folder, data = tmp_path / "pictures", tmp_path / "data"
    save_pictures(folder, 3)
    with running_server.standalone(folder, data) as server:
        page = new_page(width=900, height=600)
        page.goto(f"{server.url}/holaf/view")
        page.wait_for_function(ON_SCREEN, arg=name_of(3))
        page.close()
        server.process.kill()
    (file,) = data.rglob("holaf_utilities.sqlite")
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 999")
    with running_server.standalone(folder, data) as server:
        page = new_page(width=900, height=600)
        page.goto(f"{server.url}/holaf/view")
        page.wait_for_function(ON_SCREEN, arg=name_of(3))
        expect(page.locator(".holaf-banner")).to_contain_text("newer version")
        shot(page, "gallery read-only")
