"""The settings panel of a page of ours, against the real server."""

from __future__ import annotations

import pytest
from e2e_pictures import WIDTHS
from open_pack import OpenPack
from playwright.sync_api import expect

expect.set_options(timeout=20_000)

SHOWN = """(count) => [...document.querySelectorAll(".holaf img")]
    .filter((image) => image.complete && image.naturalWidth > 0).length >= count"""
THEME = "() => document.body.dataset.holafTheme"


@pytest.fixture
def server(pictures, tmp_path):
    with OpenPack(pictures, tmp_path / "open") as server:
        yield server


def view(server, page):
    page.goto(f"{server.url}/holaf/view")
    page.wait_for_function(SHOWN, arg=1)
    return page


def open_settings(server, page):
    view(server, page)
    button = page.get_by_role("button", name="Settings", exact=True)
    if button.is_visible():
        button.click()
    else:
        page.get_by_role("button", name="Tools").click()
        page.get_by_role("menuitem", name="Settings").click()
    panel = page.locator(".holaf-panel", has=page.get_by_role("heading", name="Settings"))
    expect(panel.get_by_text("No password is set")).to_be_visible()
    return panel


def saved(panel):
    return expect(panel.get_by_role("status").filter(has_text="Saved").first)


def settings(server):
    return server.pack.config.settings


def test_each_change_is_saved_at_once_and_is_there_after_a_reload(server, page):
    panel = open_settings(server, page)
    panel.get_by_label("Tile size", exact=True).fill("320")
    panel.get_by_label("Tile size", exact=True).press("Enter")
    saved(panel).to_be_visible()
    panel.get_by_label("Order", exact=True).select_option("Oldest first")
    panel.get_by_role("switch", name="Date headers").click()
    expect(panel.get_by_role("status").filter(has_text="Saved")).to_have_count(3)
    gallery = settings(server).gallery
    assert (gallery.tile_size, gallery.sort, gallery.show_date_headers) == (320, "mtime_asc", False)
    panel = open_settings(server, page)
    expect(panel.get_by_label("Tile size", exact=True)).to_have_value("320")
    expect(panel.get_by_label("Order", exact=True)).to_have_value("mtime_asc")
    expect(panel.get_by_role("switch", name="Date headers")).not_to_be_checked()
    panel.get_by_role("button", name="Tile size: Use the default").click()
    expect(panel.get_by_label("Tile size", exact=True)).to_have_value("200")
    expect(panel.get_by_label("Tile size", exact=True)).to_be_focused()
    assert settings(server).gallery.tile_size == 200


def test_a_value_out_of_range_is_said_beside_its_field_and_not_saved(server, page):
    panel = open_settings(server, page)
    field = panel.get_by_label("Tile size", exact=True)
    field.fill("9000")
    field.press("Enter")
    expect(panel.get_by_text("At most 512.")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    assert settings(server).gallery.tile_size == 200
    field.fill("200")
    field.press("Enter")
    expect(panel.get_by_text("At most 512.")).to_have_count(0)


def test_a_server_that_is_gone_loses_nothing_that_was_typed(server, page):
    panel = open_settings(server, page)
    page.route("**/save-all-settings", lambda route: route.abort())
    field = panel.get_by_label("Tile size", exact=True)
    field.fill("333")
    field.press("Enter")
    expect(panel.get_by_text("Not saved. The server could not be reached")).to_be_visible()
    expect(field).to_have_value("333")
    panel.get_by_role("switch", name="Watch folders").click()
    expect(panel.get_by_text("Not saved.")).to_have_count(2)
    expect(panel.get_by_role("switch", name="Watch folders")).to_be_checked()
    page.unroute("**/save-all-settings")
    field.fill("334")
    field.press("Enter")
    saved(panel).to_be_visible()
    assert settings(server).gallery.tile_size == 334


def test_the_theme_is_one_setting_and_followed_by_the_page_at_once(server, page):
    panel = open_settings(server, page)
    assert page.evaluate(THEME) == "dark"
    expect(panel.get_by_label("Theme", exact=True)).to_have_count(1)
    panel.get_by_label("Theme", exact=True).select_option("Light")
    page.wait_for_function("() => document.body.dataset.holafTheme === 'light'")
    page.locator(".holaf-page-bar").get_by_role("button", name="Theme").click()
    page.get_by_role("menuitemcheckbox", name="Dark").or_(
        page.get_by_role("menuitemradio", name="Dark")
    ).click()
    expect(panel.get_by_label("Theme", exact=True)).to_have_value("dark")
    assert page.evaluate(THEME) == "dark"
    assert settings(server).appearance.theme == "dark"


def test_the_switches_of_the_server_are_shown_with_their_lines(server, page):
    panel = open_settings(server, page)
    expect(panel.get_by_text("security.ini")).to_be_visible()
    expect(panel.get_by_text("sign_in_for_everything = yes")).to_be_visible()
    panel.get_by_role("button", name="Copy the line for Terminal").focus()
    expect(panel.get_by_role("button", name="Copy the line for Terminal")).to_be_focused()


def test_settings_that_cannot_be_read_say_so_and_are_tried_again(server, page):
    view(server, page)
    page.route("**/utilities/settings", lambda route: route.abort())
    page.get_by_role("button", name="Settings", exact=True).click()
    expect(page.get_by_text("The settings could not be read")).to_be_visible()
    page.unroute("**/utilities/settings")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_label("Tile size", exact=True)).to_be_visible()


def test_the_keyboard_alone_reaches_every_control(server, page):
    panel = open_settings(server, page)
    controls = panel.locator(
        ".holaf-settings :is(input, select, button:not(:disabled), summary, textarea)"
    )
    wanted = controls.count()
    panel.get_by_label("Tile size", exact=True).focus()
    reached = set()
    for _ in range(wanted + 2):
        reached.add(
            page.evaluate(
                """() => { const e = document.activeElement;
                    if (!e.closest(".holaf-settings-body")) return null;
                    const box = e.getBoundingClientRect();
                    const body = e.closest(".holaf-settings-body").getBoundingClientRect();
                    const seen = box.top >= body.top - 1 && box.bottom <= body.bottom + 1;
                    return seen ? e.id || e.getAttribute("aria-label") || e.textContent : null; }"""
            )
        )
        page.keyboard.press("Tab")
    assert len(reached - {None}) == wanted
    panel.get_by_label("Tile size", exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("256")
    page.keyboard.press("Tab")
    saved(panel).to_be_visible()
    assert settings(server).gallery.tile_size == 256


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_in_the_settings(server, new_page, axe, shot, theme, width):
    page = new_page(width=width, theme=theme, bypass_csp=True, reduced_motion="reduce")
    panel = open_settings(server, page)
    panel.get_by_label("Tile size", exact=True).fill("9000")
    panel.get_by_label("Tile size", exact=True).press("Enter")
    panel.get_by_role("switch", name="Date headers").click()
    saved(panel).to_be_visible()
    expect(panel.get_by_label("Tile size", exact=True)).to_have_value("9000")
    shot(page, f"settings {theme} {width}")
    assert axe(page, ".holaf-panel") == []
    page.evaluate("document.querySelector('.holaf-settings-account').scrollIntoView()")
    shot(page, f"settings account {theme} {width}")
