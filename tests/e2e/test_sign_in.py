"""Looking, changing and signing in from another machine, in a browser."""

from __future__ import annotations

import re

import pytest
from e2e_pictures import WIDTHS
from open_pack import ELSEWHERE, OpenPack
from playwright.sync_api import expect

expect.set_options(timeout=20_000)

PASSWORD = "a long password"
SHOWN = """(count) => [...document.querySelectorAll(".holaf img")]
    .filter((image) => image.complete && image.naturalWidth > 0).length >= count"""
RUN = """async (data) => {
    const { postJson } = await import(new URL("../core/api.js", document.scripts[0].src).href);
    window.result = "waiting";
    postJson("test/run", data).then((answer) => { window.result = answer.ran; },
        (error) => { window.result = error.message; });
}"""


@pytest.fixture
def server(pictures, tmp_path):
    with OpenPack(pictures, tmp_path / "open") as server:
        yield server


@pytest.fixture
def closed(pictures, tmp_path):
    ini = "[access]\nsign_in_for_everything = yes\n"
    with OpenPack(pictures, tmp_path / "closed", ini) as server:
        yield server


@pytest.fixture
def elsewhere(new_page):
    """`elsewhere(server)` is the gallery's page on another machine."""

    def make(server, **options):
        page = new_page(extra_http_headers=ELSEWHERE, **options)
        page.goto(f"{server.url}/holaf/view")
        return page

    return make


def dialog(page, name):
    found = page.get_by_role("dialog", name=name)
    expect(found).to_be_visible()
    return found


def settings(page):
    open_settings = page.get_by_role("button", name="Settings", exact=True)
    if open_settings.is_visible():
        open_settings.click()
    else:
        page.get_by_role("button", name="Tools").click()
        page.get_by_role("menuitem", name="Settings").click()
    panel = page.locator(".holaf-panel", has=page.get_by_role("heading", name="Settings"))
    expect(panel.get_by_role("heading", name="Account")).to_be_visible()
    return panel


def sign_in(page, password=PASSWORD):
    asked = dialog(page, "Sign in")
    asked.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    expect(asked).to_have_count(0)


def theme_of(server):
    return server.pack.config.settings.appearance.theme


def test_from_elsewhere_one_looks_without_and_changes_with_a_password(server, elsewhere, shot):
    page = elsewhere(server)
    page.wait_for_function(SHOWN, arg=12)
    panel = settings(page)
    expect(panel.get_by_text("others may only look")).to_be_visible()
    # Whose folders and names these are is not for everybody.
    expect(panel.get_by_text("sign in above")).to_be_visible()
    assert "security.ini" not in panel.inner_text()
    panel.get_by_label("Theme", exact=True).select_option("dark")
    asked = dialog(page, "Choose a password")
    expect(asked.get_by_label("Code from the server's console")).to_be_focused()

    asked.get_by_role("button", name="Set the password").click()
    expect(asked.get_by_role("alert")).to_contain_text("Enter the code")
    asked.get_by_label("Code from").fill("AAAA-AAAA-AAAA-AAAA")
    asked.get_by_label("New password").fill("short")
    page.keyboard.press("Enter")
    expect(asked.get_by_role("alert")).to_contain_text("at least 10 characters")
    expect(asked.get_by_label("New password")).to_be_focused()
    asked.get_by_label("New password").fill(PASSWORD)
    asked.get_by_label("The same once more").fill("another password")
    page.keyboard.press("Enter")
    expect(asked.get_by_role("alert")).to_contain_text("not the same")
    asked.get_by_label("The same once more").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(asked.get_by_role("alert")).to_contain_text("code is wrong or has expired")
    expect(asked.get_by_label("Code from")).to_have_attribute("aria-invalid", "true")
    expect(asked.get_by_label("Code from")).to_be_focused()
    shot(page, "sign-in wrong code")
    assert theme_of(server) == "system"

    asked.get_by_label("Code from").fill(server.code.lower())
    page.keyboard.press("Enter")
    expect(asked).to_have_count(0)
    expect(panel.get_by_text("security.ini")).to_be_visible()
    expect(panel.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    assert theme_of(server) == "dark"
    expect(panel.get_by_text("You are signed in.")).to_be_visible()
    expect(panel.get_by_text("This browser")).to_be_visible()

    panel.get_by_role("button", name="Sign out").click()
    expect(panel.get_by_text("you may look, but change nothing")).to_be_visible()
    expect(page.get_by_text("You were signed out")).to_have_count(0)
    page.wait_for_function(SHOWN, arg=12)


def test_who_does_not_sign_in_changes_nothing_and_is_told(server, elsewhere):
    server.set_password(PASSWORD)
    page = elsewhere(server)
    panel = settings(page)
    panel.get_by_role("switch", name="Watch folders").click()
    dialog(page, "Sign in")
    page.keyboard.press("Escape")
    expect(panel.get_by_text("Not saved. Sign in to do this.")).to_be_visible()
    expect(panel.get_by_role("switch", name="Watch folders")).to_be_checked()
    assert server.pack.config.settings.indexing.watch is True


def test_a_printed_code_is_found_and_a_still_valid_one_is_not_printed_again(server, elsewhere):
    page = elsewhere(server)
    page.get_by_role("button", name="Sign in").click()
    asked = dialog(page, "Choose a password")
    printed = len(server.codes)
    asked.get_by_role("button", name="Print the code").click()
    expect(asked.get_by_role("status")).to_contain_text("more minutes")
    assert len(server.codes) == printed
    server.skew = 601
    asked.get_by_role("button", name="Print the code").click()
    expect(asked.get_by_role("status")).to_contain_text("Printed.")
    assert len(server.codes) == printed + 1


def test_wrong_passwords_are_refused_and_then_must_wait(server, elsewhere, shot):
    server.set_password(PASSWORD)
    page = elsewhere(server)
    page.get_by_role("button", name="Sign in").click()
    asked = dialog(page, "Sign in")
    for _ in range(5):
        asked.get_by_label("Password").fill("not this one")
        page.keyboard.press("Enter")
        expect(asked.get_by_role("alert")).to_contain_text("This is not the password")
        expect(asked.get_by_label("Password")).to_be_focused()
    page.keyboard.press("Enter")
    expect(asked.get_by_role("alert")).to_contain_text(re.compile(r"Wait \d+ seconds"))
    shot(page, "sign-in wait")
    # Even the right one must wait its turn.
    asked.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(asked.get_by_role("alert")).to_contain_text("Wait")
    server.skew = 31
    page.keyboard.press("Enter")
    expect(asked).to_have_count(0)


def test_a_password_set_elsewhere_meanwhile_is_asked_for(server, elsewhere):
    page = elsewhere(server)
    page.get_by_role("button", name="Sign in").click()
    asked = dialog(page, "Choose a password")
    code = server.code
    server.set_password(PASSWORD)
    asked.get_by_label("Code from").fill(code)
    asked.get_by_label("New password").fill("one of my own")
    asked.get_by_label("The same once more").fill("one of my own")
    page.keyboard.press("Enter")
    sign_in(page)


def test_a_session_ended_elsewhere_says_so_within_a_second(server, elsewhere):
    server.set_password(PASSWORD)
    first, second = elsewhere(server), elsewhere(server)
    for page in (first, second):
        page.get_by_role("button", name="Sign in").click()
        sign_in(page)
    panel = settings(first)
    expect(panel.get_by_role("listitem")).to_have_count(2)
    other = settings(second)
    expect(other.get_by_text("You are signed in.")).to_be_visible()
    second.evaluate(
        """() => {
            window.told = new Promise((resolve) => new MutationObserver((_, observer) => {
                if (document.body.innerText.includes("You were signed out")) {
                    observer.disconnect();
                    resolve(Date.now());
                }
            }).observe(document.body, {subtree: true, childList: true}));
        }"""
    )
    ended = first.evaluate("Date.now()")
    panel.get_by_role("button", name=re.compile("^Sign out Chrome")).click()
    told = second.evaluate("window.told")
    assert told - ended < 1000
    expect(panel.get_by_role("listitem")).to_have_count(1)
    expect(other.get_by_text("you may look, but change nothing")).to_be_visible()
    second.get_by_role("status").get_by_role("button", name="Sign in").click()
    sign_in(second)
    expect(other.get_by_text("You are signed in.")).to_be_visible()


def test_what_runs_code_asks_for_the_password_once_more_and_carries_on(server, elsewhere, shot):
    server.set_password(PASSWORD)
    page = elsewhere(server)
    page.evaluate(RUN, {"number": 1})
    sign_in(page)
    page.wait_for_function("() => window.result === 1")
    server.skew = 601
    page.evaluate(RUN, {"number": 2})
    asked = dialog(page, "Enter the password once more")
    asked.get_by_label("Password").fill("not this one")
    page.keyboard.press("Enter")
    expect(asked.get_by_role("alert")).to_contain_text("This is not the password")
    shot(page, "prove wrong")
    asked.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_function("() => window.result === 2")
    assert server.ran == [{"number": 1}, {"number": 2}]
    server.skew = 1300
    page.evaluate(RUN, {"number": 3})
    dialog(page, "Enter the password once more")
    page.keyboard.press("Escape")
    page.wait_for_function("() => window.result === 'Enter the password once more for this.'")
    assert len(server.ran) == 2


def test_a_server_closed_for_everyone_asks_at_once_and_then_shows(closed, elsewhere, new_page):
    closed.set_password(PASSWORD)
    here = new_page()
    here.goto(f"{closed.url}/holaf/view")
    for page in (elsewhere(closed), here):
        asked = dialog(page, "Sign in")
        assert page.locator(".holaf img").count() == 0
        page.keyboard.press("Escape")
        expect(asked).to_have_count(0)
        page.get_by_role("button", name="Try again").click()
        sign_in(page)
        page.wait_for_function(SHOWN, arg=12)


def test_the_password_is_changed_and_what_was_done_is_listed(server, elsewhere, axe, shot):
    server.set_password(PASSWORD)
    page = elsewhere(server, bypass_csp=True, reduced_motion="reduce")
    panel = settings(page)
    panel.get_by_role("button", name="Sign in").click()
    sign_in(page)
    panel.get_by_role("button", name="Change the password").click()
    asked = dialog(page, "Change the password")
    asked.get_by_label("Current password").fill("not this one")
    asked.get_by_label("New password").fill("yet another one")
    asked.get_by_label("The same once more").fill("yet another one")
    page.keyboard.press("Enter")
    expect(asked.get_by_role("alert")).to_contain_text("not the current password")
    expect(asked.get_by_label("Current password")).to_be_focused()
    asked.get_by_label("Current password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(asked).to_have_count(0)
    panel.get_by_text("What was done").click()
    records = panel.get_by_role("list", name="What was done").get_by_role("listitem")
    expect(records).to_have_count(3)
    expect(records.nth(0)).to_contain_text("Set password")
    expect(records.nth(1)).to_contain_text("refused")
    expect(records.nth(2)).to_contain_text("Sign in")
    panel.get_by_role("heading", name="Account").scroll_into_view_if_needed()
    shot(page, "settings signed in")
    assert axe(page, ".holaf-panel") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_in_the_dialogs(server, elsewhere, axe, shot, theme, width):
    options = {"width": width, "theme": theme, "bypass_csp": True, "reduced_motion": "reduce"}
    page = elsewhere(server, **options)
    page.get_by_role("button", name="Sign in").click()
    asked = dialog(page, "Choose a password")
    asked.get_by_role("button", name="Print the code").click()
    expect(asked.get_by_role("status")).to_contain_text("minutes")
    page.keyboard.press("Enter")
    expect(asked.get_by_role("alert")).to_be_visible()
    shot(page, f"first password {theme} {width}")
    assert axe(page, ".holaf-layer-over") == []
