"""The large view: zoom, full screen, slideshow, video and sound, files that will not be shown."""

from __future__ import annotations

import re

import media_files
import pytest
import running_server
from e2e_pictures import WIDTHS, save_pictures
from odd_media import save_odd_pictures, save_old_video
from playwright.sync_api import expect

SHOWN = """(count) => [...document.querySelectorAll(".holaf-tile img")].filter((image) =>
    image.checkVisibility({visibilityProperty: true}) && image.naturalWidth > 0).length === count"""
# The picture itself, decoded, where the name says so.
SHARP = """(name) => {
    const image = document.querySelector(".holaf-large-picture");
    return image?.complete && image.naturalWidth > 0 && image.alt === name;
}"""
WIDER = """(width) => {
    const frame = document.querySelector(".holaf-large-frame");
    return frame?.getBoundingClientRect().width >= width;
}"""
HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
PICTURES, MEDIA = 9, 3


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("viewer") / "pictures"
    save_pictures(folder, PICTURES)
    media = folder / "media"
    media.mkdir()
    media_files.save_video(media / "clip.webm", {}, "libvpx-vp9", size=(320, 180), frames=24)
    (media / "edit").mkdir()
    (media / "edit" / "clip.webm.edt").write_text('{"v": 2, "playbackRate": 0.5}')
    media_files.save_audio(media / "tone.flac", {}, "flac")
    save_old_video(media / "old.mov")
    (folder / "odd").mkdir()
    save_odd_pictures(folder / "odd")
    return folder


@pytest.fixture(scope="module")
def server(library, tmp_path_factory):
    with running_server.standalone(library, tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def opened(new_page, server):
    """`opened(query, count, **page options)`: the gallery of `count` thumbnails."""

    def start(query: str, count: int, **options):
        page = new_page(**{"reduced_motion": "reduce", **options})
        page.goto(f"{server.url}/holaf/view{query}")
        page.wait_for_function(SHOWN, arg=count)
        return page

    return start


def large(page):
    return page.locator(".holaf-large")


def open_first(page, key: str = "Enter") -> None:
    page.get_by_role("listbox").focus()
    page.keyboard.press("Home")
    page.keyboard.press(key)
    expect(large(page)).to_be_focused()


def name_of(page):
    return page.locator(".holaf-large-name")


def frame_of(page) -> dict[str, float]:
    box = page.locator(".holaf-large-frame").bounding_box()
    assert box is not None
    return box


def moves(page) -> bool:
    """Whether a spot of the picture, away from all bars, looks another way before long."""
    box = frame_of(page)
    spot = {"x": box["x"] + box["width"] / 4, "y": box["y"] + box["height"] / 2}
    clip = {**spot, "width": 8, "height": 8}
    first = page.screenshot(clip=clip)
    return any(page.screenshot(clip=clip) != first for _ in range(100))


def test_a_picture_is_zoomed_at_the_cursor_moved_and_left_where_it_is_in_the_grid(opened, shot):
    page = opened("?folder=landscapes&sort=name_asc", 6)
    tile = page.locator('[aria-posinset="3"]')
    tile.dblclick()
    page.wait_for_function(SHARP, arg="holaf_00005_.png")
    whole, zoom = frame_of(page), page.locator(".holaf-large-zoom")
    stage = page.locator(".holaf-large-stage").bounding_box()
    assert min(stage["width"] - whole["width"], stage["height"] - whole["height"]) < 1
    shot(page, "viewer fit")

    at = whole["x"] + whole["width"] * 0.25, whole["y"] + whole["height"] * 0.25
    page.mouse.move(*at)
    # Until it is wider than the view it stays in its middle.
    page.mouse.wheel(0, -480)
    page.mouse.wheel(0, -480)
    page.wait_for_function(WIDER, arg=whole["width"] * 2.6)
    wide = frame_of(page)
    for _ in range(12):
        page.mouse.wheel(0, -240)
    page.wait_for_function(WIDER, arg=whole["width"] * 29.9)
    near = frame_of(page)
    # Thirty times, no more, and the same point of the picture under the cursor.
    assert near["width"] == pytest.approx(whole["width"] * 30, rel=0.01)
    for side, length, place in (("x", "width", at[0]), ("y", "height", at[1])):
        before = (place - wide[side]) / wide[length]
        assert (place - near[side]) / near[length] == pytest.approx(before, abs=0.002)
    shot(page, "viewer zoomed")
    page.mouse.down()
    page.mouse.move(at[0] + 40, at[1] + 25, steps=4)
    page.mouse.up()
    moved = frame_of(page)
    assert moved["x"] - near["x"] == pytest.approx(40, abs=6)
    assert moved["y"] - near["y"] == pytest.approx(25, abs=6)
    page.mouse.dblclick(*at)
    assert frame_of(page) == pytest.approx(whole, abs=1)
    page.mouse.dblclick(*at)
    expect(zoom).to_have_text("100 %")
    page.keyboard.press("z")
    assert frame_of(page) == pytest.approx(whole, abs=1)
    page.keyboard.press("+")
    assert frame_of(page)["width"] == pytest.approx(whole["width"] * 1.5, abs=1)
    page.keyboard.press("-")
    assert frame_of(page) == pytest.approx(whole, abs=1)

    page.keyboard.press("ArrowRight")
    page.wait_for_function(SHARP, arg="holaf_00006_.png")
    page.keyboard.press("4")
    expect(page.locator(".holaf-large-marks").get_by_role("img")).to_have_count(1)
    page.get_by_role("button", name="More", exact=True).last.click()
    expect(page.get_by_role("menuitem", name=re.compile("^Download"))).not_to_have_count(0)
    shot(page, "viewer menu")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement?.classList.contains('holaf-large')")
    page.keyboard.press("Escape")
    page.wait_for_function("() => !document.fullscreenElement")
    expect(name_of(page)).to_have_text("holaf_00006_.png")
    page.keyboard.press("Escape")
    expect(large(page)).to_have_count(0)
    expect(page.locator(".holaf-focused")).to_have_attribute("aria-posinset", "4")


def test_control_and_enter_open_full_screen_with_the_details_at_hand_outside_of_it(opened):
    page = opened("?folder=landscapes&sort=name_asc", 6)
    open_first(page, "Control+Enter")
    page.wait_for_function("() => document.fullscreenElement?.classList.contains('holaf-large')")
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    details = page.get_by_role("complementary", name="Details")
    expect(details).to_contain_text("holaf_00002_.png")
    page.keyboard.press("ArrowRight")
    expect(details).to_contain_text("holaf_00003_.png")
    expect(details).to_be_in_viewport()


def test_fingers_pinch_swipe_and_pull_down(opened):
    page = opened("?folder=landscapes&sort=name_asc", 6, width=360, height=720, has_touch=True)
    phone = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        listed = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        phone.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": listed})

    page.locator('[aria-posinset="1"]').tap()
    page.wait_for_function(SHARP, arg="holaf_00002_.png")
    whole = frame_of(page)
    touch("touchStart", (160, 360), (200, 360))
    for far in (30, 60, 80):
        touch("touchMove", (160 - far, 360), (200 + far, 360))
    touch("touchEnd")
    assert frame_of(page)["width"] > whole["width"] * 3
    page.keyboard.press("z")

    def swipe(dx: float, dy: float) -> None:
        touch("touchStart", (180, 300))
        for part in (0.3, 0.7, 1):
            touch("touchMove", (180 + dx * part, 300 + dy * part))
        touch("touchEnd")

    swipe(-120, 5)
    page.wait_for_function(SHARP, arg="holaf_00003_.png")
    swipe(120, 5)
    page.wait_for_function(SHARP, arg="holaf_00002_.png")
    swipe(5, 140)
    expect(large(page)).to_have_count(0)


def test_a_slideshow_goes_on_by_itself_waits_while_it_is_not_seen_and_any_key_ends_it(opened, shot):
    page = opened("?folder=landscapes&sort=name_asc", 6)
    # Time goes on when it is told to, however slow this machine is.
    page.clock.install()
    page.clock.pause_at(page.evaluate("() => Date.now() + 1000"))
    open_first(page, "m")
    page.wait_for_function(SHARP, arg="holaf_00002_.png")
    bar = page.get_by_role("group", name="Slideshow")
    expect(bar).to_be_visible()
    bar.get_by_role("combobox").select_option("2")
    shot(page, "viewer slideshow")
    page.clock.run_for(2100)
    page.wait_for_function(SHARP, arg="holaf_00003_.png")
    page.evaluate(HIDE, True)
    page.clock.run_for(10_000)
    expect(name_of(page)).to_have_text("holaf_00003_.png")
    page.evaluate(HIDE, False)
    page.clock.run_for(2100)
    page.wait_for_function(SHARP, arg="holaf_00005_.png")
    # Shuffled, each comes once before any comes again; at the end it begins anew.
    bar.get_by_role("button", name="Shuffle").click()
    seen = ["holaf_00005_.png"]
    for _ in range(5):
        page.clock.run_for(2100)
        page.wait_for_function(
            "(last) => ![last, ''].includes(document.querySelector('.holaf-large-picture')?.alt)",
            arg=seen[-1],
        )
        seen.append(name_of(page).inner_text())
    assert len(set(seen)) == 6
    large(page).focus()
    page.keyboard.press("x")
    expect(bar).to_be_hidden()
    page.clock.run_for(5000)
    expect(name_of(page)).to_have_text(seen[-1])
    expect(large(page)).to_be_visible()


def test_a_video_plays_at_its_speed_by_frames_and_again_and_remembers_the_sound(opened, shot):
    page = opened("?folder=media&sort=name_asc", MEDIA)
    open_first(page)
    expect(name_of(page)).to_have_text("clip.webm")
    video = "document.querySelector('.holaf-large video')"
    page.wait_for_function(f"() => {video}?.currentTime > 0.05")
    player = page.get_by_role("group", name="Player")
    speed = player.get_by_role("combobox", name="Speed")
    # As its edits say.
    expect(speed).to_have_value("0.5")
    assert page.evaluate(f"() => {video}.playbackRate") == 0.5
    shot(page, "viewer video")
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {video}.paused")
    page.keyboard.press("Home")
    place = player.get_by_role("slider", name="Place")
    place.fill("0.3")
    page.wait_for_function(f"() => !{video}.seeking && {video}.currentTime === 0.3")
    page.keyboard.press(".")
    page.wait_for_function(f"() => !{video}.seeking && {video}.currentTime > 0.3")
    further = page.evaluate(f"() => {video}.currentTime")
    assert further < 0.3 + 2 / 8
    page.keyboard.press(",")
    page.wait_for_function(f"(from) => !{video}.seeking && {video}.currentTime < from", arg=further)
    speed.select_option("4")
    assert page.evaluate(f"() => {video}.playbackRate") == 4
    player.get_by_role("button", name="Mute").click()
    assert page.evaluate(f"() => {video}.loop && {video}.muted")
    large(page).focus()
    page.keyboard.press("End")
    expect(name_of(page)).to_have_text("tone.flac")
    audio = "document.querySelector('.holaf-large audio')"
    page.wait_for_function(f"() => {audio}?.currentTime > 0.05 && {audio}.muted")
    shot(page, "viewer audio")
    page.keyboard.press("m")
    assert not page.evaluate(f"() => {audio}.muted")


def test_a_video_plays_in_its_tile_where_the_mouse_rests_and_not_for_who_wants_less_motion(opened):
    page = opened("?folder=media&sort=name_asc", MEDIA, reduced_motion="no-preference")
    tile = page.get_by_role("option", name="clip.webm")
    tile.hover()
    video = page.locator(".holaf-tile-video")
    page.wait_for_function(
        """() => { const video = document.querySelector(".holaf-tile-video.holaf-playing");
            return video?.currentTime > 0.05 && video.muted && video.playbackRate === 0.5; }"""
    )
    page.get_by_role("option", name="tone.flac").hover()
    expect(video).to_have_count(0)
    page.emulate_media(reduced_motion="reduce")
    page.clock.install()
    tile.hover()
    page.clock.run_for(2000)
    expect(video).to_have_count(0)


def test_pictures_of_every_odd_kind_are_shown_and_one_of_100_megapixels_is_zoomed(opened, shot):
    odd = ["16 bit.png", "animated.avif", "animated.gif", "animated.png", "animated.webp",
           "cmyk.jpg", "grey.tif", "huge.png", "palette.png"]  # fmt: skip
    page = opened("?folder=odd&sort=name_asc", len(odd))
    open_first(page)
    for name in odd:
        page.wait_for_function(SHARP, arg=name)
        source = page.locator(".holaf-large-picture").get_attribute("src")
        # No browser but Safari shows a TIFF: the server draws it.
        assert ("/images/rendered" in source) == name.endswith(".tif")
        if name.startswith("animated"):
            assert moves(page), name
        if name == "huge.png":
            width = page.locator(".holaf-large-picture").evaluate("(one) => one.naturalWidth")
            assert width == 10_000
            page.keyboard.press("z")
            expect(page.locator(".holaf-large-zoom")).to_have_text("100 %")
            shot(page, "viewer huge")
        page.keyboard.press("ArrowRight")
    expect(page.locator(".holaf-large-place")).to_have_text(f"{len(odd)} of {len(odd)}")


def test_a_file_that_vanishes_is_said_to_be_gone_and_the_list_goes_on(opened, library, shot):
    page = opened("?folder=portraits&sort=name_asc", 3)
    gone = {"error": "It has gone from the disk."}
    file = re.compile(r"/images/(full|rendered)\?")
    page.route(file, lambda route: route.fulfill(status=404, json=gone))
    open_first(page)
    expect(large(page)).to_contain_text("This file is not there any more.")
    shot(page, "viewer gone")
    page.unroute_all()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(SHARP, arg="holaf_00004_.png")
    # Really: the next one takes its place.
    (library / "portraits" / "holaf_00004_.png").unlink()
    page.wait_for_function(SHARP, arg="holaf_00007_.png")
    expect(page.locator(".holaf-large-place")).to_have_text("2 of 2")


def test_the_large_view_looks_well_in_every_size_and_theme(opened, axe, shot):
    page = opened("?folder=media&sort=name_asc", MEDIA, bypass_csp=True)
    open_first(page)
    video = "document.querySelector('.holaf-large video')"
    page.wait_for_function(f"() => {video}?.currentTime > 0.05")
    page.keyboard.press("Space")
    show = page.get_by_role("group", name="Slideshow")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.mouse.move(150, 300 + width % 7)
            shot(page, f"viewer video {width} {theme}")
            page.keyboard.press("ArrowRight")
            expect(page.get_by_role("button", name="Make a version that plays")).to_be_visible()
            shot(page, f"viewer trouble {width} {theme}")
            if theme == "light" and width != 900:
                assert axe(page) == []
            page.keyboard.press("ArrowRight")
            page.keyboard.press("s")
            expect(show).to_be_visible()
            shot(page, f"viewer audio slideshow {width} {theme}")
            if theme == "light" and width != 900:
                assert axe(page) == []
            page.keyboard.press("x")
            page.keyboard.press("Home")
            expect(name_of(page)).to_have_text("clip.webm")


def test_a_video_that_the_browser_cannot_play_is_offered_for_download_and_made_playable(
    opened, shot
):
    page = opened("?folder=media&sort=name_asc", MEDIA)
    open_first(page)
    page.keyboard.press("ArrowRight")
    view = large(page)
    expect(view).to_contain_text("This browser cannot play this MOV file.")
    with page.expect_download() as download:
        view.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "old.mov"
    view.get_by_role("button", name="Make a version that plays").click()
    video = "document.querySelector('.holaf-large video')"
    page.wait_for_function(f"() => {video}?.currentTime > 0.05 && {video}.videoWidth === 160")
    assert "/images/playable/file" in page.evaluate(f"() => {video}.src")
    # It is there the next time.
    page.keyboard.press("ArrowRight")
    expect(name_of(page)).to_have_text(re.compile("tone"))
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"() => {video}?.currentTime > 0.05")
