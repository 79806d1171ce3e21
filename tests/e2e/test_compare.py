"""Pictures held against each other, by keyboard, mouse and finger."""

from __future__ import annotations

import io
import json
import re

import media_files
import numpy as np
import pytest
import running_server
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import expect

LONG = "a very long name of a picture " * 6
FOX = "a {} fox in the snow, evening light, 35mm film{}"
SHARP = """(count) => {
    const cells = [...document.querySelectorAll(".holaf-compare-cell:not([hidden])")];
    return cells.length === count && cells.every((cell) => cell.dataset.state === "sharp");
}"""
# The file itself, or what the server draws of it.
WHOLE = re.compile("/images/(full|rendered)")
# Left, top, width and height of the pictures that are shown, within the stage.
PLACES = """() => {
    const stage = document.querySelector(".holaf-compare-stage")?.getBoundingClientRect();
    const shown = document.querySelectorAll(".holaf-compare-cell:not([hidden])");
    return [...shown].map((cell) => cell.firstChild.getBoundingClientRect())
        .map(({left, top, width, height}) => [left - stage.left, top - stage.top, width, height]);
}"""


def save(folder, name: str, size=(512, 512), shade: int = 0, texts: dict | None = None) -> None:
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    ring = ((x - width * 0.55) ** 2 + (y - height * 0.45) ** 2 < (min(size) * 0.3) ** 2) * 90
    red, green = x * 200 // width, y * 200 // height
    rgb = np.dstack([(red + ring) % 256, (green + shade) % 256, np.full_like(red, 120)])
    info = PngInfo()
    for key, value in (texts or {}).items():
        info.add_text(key, value)
    Image.fromarray(rgb.astype(np.uint8)).save(folder / f"{name}.png", pnginfo=info)


def made(seed: int, cfg: float, colour: str, more: str = "") -> dict[str, str]:
    graph = media_files.text_to_image(positive=FOX.format(colour, more), seed=seed)
    graph["3"]["inputs"]["cfg"] = cfg
    if seed > 1:
        graph["10"] = media_files.node(
            "LoraLoader",
            lora_name="film_grain.safetensors",
            strength_model=seed / 10,
            strength_clip=seed / 10,
            model=["4", 0],
            clip=["4", 1],
        )
        graph["3"]["inputs"]["model"] = ["10", 0]
    return {"prompt": json.dumps(graph)}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare") / "pictures"
    folder.mkdir()
    save(folder, "fox_1", shade=0, texts=made(1, 7, "red"))
    save(folder, "fox_2", shade=9, texts=made(2, 4.5, "blue", ", grain"))
    for number in range(3, 8):
        save(folder, f"fox_{number}", shade=4 * number, texts=made(number, 7, "red"))
    save(folder, "fox_8", size=(640, 400), shade=40, texts=made(8, 3, "white"))
    save(folder, "fox_9", texts=made(9, 7, "red"))
    save(folder, "bare", size=(400, 640))
    save(folder, LONG, size=(1024, 1024), texts=made(1, 7, "red"))
    save(folder, "vanishes", texts=made(4, 7, "red"))
    Image.new("1", (12_000, 9_000), 1).save(folder / "huge.png", compress_level=1)
    Image.new("RGB", (300, 200), "teal").save(folder / "scan.tiff")
    media_files.save_video(folder / "one.webm", {}, "libvpx-vp9", size=(320, 180), frames=16)
    media_files.save_video(folder / "two.webm", {}, "libvpx-vp9", size=(320, 180), frames=24)
    return folder


@pytest.fixture(scope="module")
def server(library, tmp_path_factory):
    with running_server.standalone(library, tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def compare(new_page, server):
    """`compare(*names)`: a page where these, in this order by name, are compared."""

    def start(*names: str, before=lambda page: None, **options):
        page = new_page(**{"reduced_motion": "reduce", **options})
        before(page)
        page.goto(f"{server.url}/holaf/view?sort=name_asc")
        press = {"modifiers": ["Control"]}
        for name in names:
            page.get_by_role("option", name=re.compile(re.escape(name))).click(**press)
        expect(page.get_by_role("option", selected=True)).to_have_count(len(names))
        page.get_by_role("listbox").press("c")
        return page

    return start


def window(page):
    return page.get_by_role("dialog", name=re.compile("Compare"))


def mode(page, name: str):
    return page.get_by_role("group", name="Way of comparing").get_by_role("button", name=name)


def parameters(page):
    return page.get_by_role("complementary", name="Parameters")


def places(page) -> list[list[float]]:
    return page.evaluate(PLACES)


def says(page, text: str) -> None:
    """It may take a while: something is measured, or heard of from the disk."""
    page.wait_for_function(
        "(text) => document.querySelector('.holaf-compare')?.textContent.includes(text)", arg=text
    )


def sized(page, condition: str, arg=None) -> None:
    """Waits until it holds of `all`, the places of the pictures that are shown."""
    page.wait_for_function(f"(arg) => {{ const all = ({PLACES})(); return {condition}; }}", arg=arg)


def middle(page) -> tuple[float, float]:
    box = page.locator(".holaf-compare-stage").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_two_pictures_are_compared_in_four_ways_and_nine_or_one_are_not(compare, shot):
    page = compare("fox_1", "fox_2")
    page.wait_for_function(SHARP, arg=2)
    says(page, "the same")
    expect(parameters(page)).to_contain_text(re.compile("Seed1→2.*CFG7→4.5"))
    expect(parameters(page)).to_contain_text("film_grainnot used→0.20")
    assert parameters(page).locator("mark").all_text_contents() == ["red", "blue", ", grain"]
    expect(parameters(page).get_by_text("Steps")).to_be_hidden()
    parameters(page).get_by_text("the same").click()
    expect(parameters(page).get_by_text("Steps")).to_be_visible()

    divider = page.get_by_role("slider", name="Divider")
    expect(divider).to_have_attribute("aria-valuenow", "50")
    window(page).press("ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "52")
    box = divider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 300, steps=3)
    page.mouse.up()
    expect(divider).to_have_attribute("aria-valuenow", re.compile("6[5-9]"))
    shot(page, "compare slider")

    window(page).press("m")
    expect(mode(page, "Side by side")).to_have_attribute("aria-pressed", "true")
    sized(page, "all[0][0] < all[1][0]")
    whole = places(page)
    page.mouse.move(whole[0][0] + 60, middle(page)[1])
    page.mouse.wheel(0, -400)
    sized(page, "all.every((each) => each[2] > arg)", whole[0][2])
    one, two = places(page)
    assert one[1:] == pytest.approx(two[1:])
    page.get_by_role("button", name="Zoom and move together").click()
    page.keyboard.press("z")
    sized(page, "all[0][2] <= arg + 1 && all[1][2] > arg + 1", whole[0][2])
    page.keyboard.press("l")
    page.wait_for_function(
        f"() => {{ const [one, two] = ({PLACES})(); return one[2] === two[2]; }}"
    )
    shot(page, "compare side by side")

    window(page).press("m")
    behind = page.locator(".holaf-compare-cell.holaf-behind img")
    expect(behind).to_have_attribute("alt", "fox_2.png")
    page.keyboard.down(" ")
    expect(behind).to_have_attribute("alt", "fox_1.png")
    page.keyboard.up(" ")
    expect(behind).to_have_attribute("alt", "fox_2.png")
    page.get_by_role("button", name="Change by itself").click()
    expect(behind).to_have_attribute("alt", "fox_1.png")
    expect(behind).to_have_attribute("alt", "fox_2.png")
    page.get_by_role("button", name="Stop changing").click()

    mode(page, "Difference").click()
    says(page, "100 % of the pixels differ, by 9 of 255 at most.")
    page.get_by_role("slider", name="Amplify").fill("5")
    stage = page.locator(".holaf-compare-layer")
    expect(stage).to_have_css("filter", "brightness(32)")
    # What is seen is the difference, amplified: 9 of 255 in one colour.
    at = page.locator(".holaf-compare-cell").first.bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    pixel = page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})
    red, green, blue = Image.open(io.BytesIO(pixel)).convert("RGB").getpixel((0, 0))
    assert max(red, blue) < 8 < 230 < green
    shot(page, "compare difference")

    page.keyboard.press("Escape")
    expect(window(page)).to_have_count(0)
    expect(page.get_by_role("listbox")).to_be_focused()

    for number in range(3, 10):
        page.get_by_role("option", name=f"fox_{number}").click(modifiers=["Control"])
    page.get_by_role("listbox").press("c")
    expect(page.get_by_text("9 are selected. Compare takes 2 to 8")).to_be_visible()
    page.get_by_role("option", name="fox_3").click()
    page.get_by_role("listbox").press("c")
    expect(page.get_by_text("Select 2 to 8 pictures or videos")).to_be_visible()
    expect(window(page)).to_have_count(0)


def test_up_to_eight_are_compared_in_a_grid_of_which_two_can_be_looked_at_alone(compare, shot):
    page = compare(*(f"fox_{number}" for number in range(1, 9)))
    page.wait_for_function(SHARP, arg=8)
    says(page, "the same")
    table = parameters(page).get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(
        ["Seed", "film_grain", "CFG", "Dimensions"]
    )
    expect(table.get_by_role("row")).to_have_count(9)
    expect(table.get_by_role("row").nth(2)).to_have_text("220.204.5512 × 512")
    shot(page, "compare grid")

    before = places(page)
    page.mouse.move(*middle(page))
    page.mouse.wheel(0, -300)
    sized(page, "all.every((each) => each[2] > arg)", max(place[2] for place in before))
    names = page.get_by_role("group", name="Pictures")
    window(page).press("ArrowRight")
    expect(names.get_by_role("button", name=re.compile("2 ?fox_2.png"))).to_have_attribute(
        "aria-pressed", "true"
    )
    with page.expect_response("**/images/judge") as rated:
        page.keyboard.press("4")
    assert rated.value.ok, rated.value.text()

    page.keyboard.press("p")
    expect(window(page)).to_contain_text("2 is the first of the pair")
    page.get_by_role("button", name="Compare 8 with another").click()
    page.wait_for_function(SHARP, arg=2)
    expect(window(page)).to_contain_text("Compare 2 and 8")
    expect(parameters(page)).to_contain_text("CFG4.5→3")
    expect(window(page)).to_contain_text("Their sizes differ: 512 × 512 and 640 × 400.")
    page.keyboard.press("Escape")
    page.wait_for_function(SHARP, arg=8)
    for left in (7, 6, 5, 4, 3):
        page.keyboard.press("x")
        page.wait_for_function(SHARP, arg=left)
    page.get_by_role("button", name="Take out of the comparison").last.click()
    # Of two there are other ways to compare.
    expect(mode(page, "Slider")).to_be_visible()
    page.keyboard.press("x")
    expect(page.get_by_text("Two are left")).to_be_visible()
    page.wait_for_function(SHARP, arg=2)


def test_a_phone_compares_odd_sizes_long_names_and_one_without_metadata(compare, axe, shot):
    page = compare(LONG, "bare", width=360, height=720, has_touch=True, bypass_csp=True)
    page.wait_for_function(SHARP, arg=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(window(page)).to_contain_text("Their sizes differ: 1024 × 1024 and 400 × 640.")
    expect(parameters(page)).to_be_hidden()
    page.get_by_role("button", name="Show or hide the parameters").click()
    says(page, "bare.png says nothing of how it was made.")
    expect(parameters(page)).to_contain_text("Seed1→unknown")
    mode(page, "Difference").click()
    expect(window(page)).to_contain_text("stretched to the shape of the first, 1024 × 1024")
    one, two = places(page)
    assert one == pytest.approx(two)
    assert axe(page, ".holaf-compare") == []
    shot(page, "compare phone dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("body[data-holaf-theme=light]")).to_be_visible()
    assert axe(page, ".holaf-compare") == []
    mode(page, "Slider").click()
    x, y = middle(page)
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: float) -> None:
        points = [{"x": place, "y": y, "id": at} for at, place in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    fingers("Start", x)
    fingers("Move", x + 40)
    fingers("Move", x + 90)
    fingers("End")
    divider = page.get_by_role("slider", name="Divider")
    expect(divider).to_have_attribute("aria-valuenow", "75")
    widths = [place[2] for place in places(page)]
    fingers("Start", x - 40, x + 40)
    fingers("Move", x - 60, x + 60)
    fingers("Move", x - 80, x + 80)
    fingers("End")
    sized(page, "all.every((each, at) => each[2] > arg[at] * 1.5)", widths)
    expect(divider).to_have_attribute("aria-valuenow", "75")
    shot(page, "compare phone light")


def test_one_that_vanishes_while_it_is_compared_says_so_and_its_thumbnail_stays(compare, library):
    # What browsers cannot show is drawn by the server.
    page = compare("fox_1", "scan.tiff", "vanishes")
    page.wait_for_function(SHARP, arg=3)
    (library / "vanishes.png").unlink()
    says(page, "It is no longer in the list.")
    expect(page.locator(".holaf-compare-problem:visible")).to_have_count(1)
    expect(page.locator(".holaf-compare-cell").last).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_focused()


def test_one_that_went_before_it_was_loaded_shows_its_thumbnail_and_why(compare):
    page = compare("fox_1", "fox_9", before=lambda page: page.route(WHOLE, gone))
    says(page, "The file could not be shown. What you see is its thumbnail.")
    assert page.locator(".holaf-compare-thumb").count() == 2
    says(page, "Seed1→9")


def gone(route) -> None:
    route.fulfill(status=404, json={"error": "It has gone from the disk."})


def test_a_picture_of_a_hundred_megapixels_is_compared_with_a_small_one(compare):
    page = compare("fox_1", "huge")
    page.wait_for_function(SHARP, arg=2)
    mode(page, "Difference").click()
    expect(window(page)).to_contain_text("The second is 12000 × 9000")
    expect(window(page)).to_contain_text("Too large to be measured.")
    mode(page, "Side by side").click()
    expect(page.get_by_role("group", name="Pictures")).to_contain_text("huge.png")


def test_videos_are_played_in_step(compare):
    page = compare("one.webm", "two.webm")
    page.wait_for_function(SHARP, arg=2)
    page.get_by_role("slider", name="Place in the videos").fill("800")
    stands = """(places) => [...document.querySelectorAll("video")].every((video, at) =>
        Math.abs(video.currentTime - places[at]) < 0.05)"""
    # The shorter one, of 2 s, has begun again when the other is at 2.4 s.
    page.wait_for_function(stands, arg=[0.4, 2.4])
    window(page).press("Space")
    page.wait_for_function(
        "() => [...document.querySelectorAll('video')].every((each) => !each.paused)"
    )
    window(page).press("Space")
    page.wait_for_function(
        "() => [...document.querySelectorAll('video')].every((each) => each.paused)"
    )
