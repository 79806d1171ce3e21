"""The gallery opens, alone and in every frontend of ComfyUI that we name, and follows new files."""

import pytest
from e2e_pictures import WIDTHS, save_picture
from playwright.sync_api import expect

VERSIONS = ["1.27.10", "1.49.6", "1.58.1"]
SHOWN = """(count) => [...document.querySelectorAll(".holaf img")]
    .filter((image) => image.complete && image.naturalWidth > 0).length >= count"""


def test_every_picture_shows_its_thumbnail(standalone, page, shot):
    page.goto(f"{standalone.url}/holaf/view")
    page.wait_for_function(SHOWN, arg=12)
    shot(page, "gallery 12 items")


def test_a_panel_that_cannot_be_loaded_is_said(standalone, page):
    page.route("**/ui/panel.js", lambda route: route.abort())
    page.goto(f"{standalone.url}/holaf/view")
    page.get_by_role("button", name="Settings", exact=True).click()
    expect(page.locator(".holaf-toast")).to_contain_text("could not be read from the server")


def test_what_says_that_the_server_is_gone_is_there_before_it_goes(standalone, page):
    page.goto(f"{standalone.url}/holaf/view")
    page.wait_for_function(
        """() => ["toast", "menu", "panel"].every((name) => performance.getEntriesByType("resource")
            .some((one) => one.name.endsWith(`/ui/${name}.js`)))"""
    )
    page.context.set_offline(True)
    page.get_by_role("button", name="Settings", exact=True).click()
    expect(page.locator(".holaf-panel")).to_contain_text("Settings could not be opened")
    page.context.set_offline(False)


def test_a_second_click_while_the_menu_is_loaded_does_not_close_it(standalone, page):
    held = []
    page.route("**/ui/menu.js", lambda route: held.append(route))
    # The page asks for the menu by itself once the pictures are there: on a slow machine that is
    # before the click.
    with page.expect_request("**/ui/menu.js"):
        page.goto(f"{standalone.url}/holaf/view")
        page.get_by_role("button", name="Theme").click(click_count=2)
    page.wait_for_function(SHOWN, arg=12)
    expect(page.get_by_role("menu")).to_have_count(0)
    held[0].continue_()
    expect(page.get_by_role("menu")).to_be_visible()


def test_a_new_file_appears_by_itself(standalone, pictures, page):
    page.goto(f"{standalone.url}/holaf/view")
    page.wait_for_function(SHOWN, arg=12)
    save_picture(pictures, 13)
    page.wait_for_function(SHOWN, arg=13)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_in_the_gallery(standalone, new_page, axe, shot, theme, width):
    page = new_page(width=width, theme=theme, bypass_csp=True)
    page.goto(f"{standalone.url}/holaf/view")
    page.wait_for_function(SHOWN, arg=6)
    shot(page, f"gallery {theme} {width}")
    assert axe(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_an_empty_folder_says_what_to_do(serve, new_page, axe, shot, tmp_path, theme, width):
    (tmp_path / "empty").mkdir()
    page = new_page(width=width, theme=theme, bypass_csp=True)
    page.goto(f"{serve(tmp_path / 'empty').url}/holaf/view")
    page.wait_for_function("() => document.body.innerText.length > 40")
    page.wait_for_load_state("networkidle")
    shot(page, f"empty {theme} {width}")
    assert axe(page) == []


# Light and behind a prefix: test_comfyui_frontends.py.
@pytest.mark.parametrize("version", VERSIONS)
def test_comfyui_s_page_with_a_strict_policy_registers_the_pack(
    frontend, pictures, new_page, shot, version
):
    server = frontend(version, pictures, "--strict")
    page = new_page()
    page.goto(f"{server.url}/")
    page.wait_for_function(
        "() => window.app?.extensionManager?.command?.commands"
        "?.some((command) => command.id.startsWith('Holaf.'))"
    )
    shot(page, f"comfyui {version} strict")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_page_of_its_own_works_beside_comfyui(frontend, pictures, page, version):
    server = frontend(version, pictures, "--strict")
    page.goto(f"{server.url}/holaf/view")
    page.wait_for_function(SHOWN, arg=12)
