"""What the page says of work on the server when the server goes away."""

from __future__ import annotations

import re

import running_server
from playwright.sync_api import expect
from running_server import RunningServer


def start(folder, data, port=0) -> RunningServer:
    return RunningServer(
        running_server.ROOT, "--folder", folder, "--data-dir", data, "--port", port, "--no-browser"
    )


def test_work_that_a_restart_ended_is_said_to_have_ended(new_page, pictures, tmp_path):
    page = new_page(width=900, reduced_motion="reduce")
    with start(pictures, tmp_path / "data") as server:
        page.goto(f"{server.url}/holaf/view")
        page.locator('[aria-posinset="1"]').click()
        page.route("**/regenerate-thumbnail", lambda route: route.fulfill(json={"task": 7}))
        page.get_by_role("button", name="Make thumbnails again").click()
        expect(page.locator(".holaf-toast-progress")).to_be_visible()
    with start(pictures, tmp_path / "data", server.url.rpartition(":")[2]):
        said = page.locator(".holaf-toast")
        expect(said).to_contain_text("the server was restarted", timeout=15_000)
        expect(said).to_have_count(1)
        expect(page.locator(".holaf-toast-progress")).to_have_count(0)


def test_a_selection_of_all_leaves_out_what_comes_later(new_page, serve, pictures):
    page = new_page(reduced_motion="reduce")
    page.goto(f"{serve(pictures).url}/holaf/view")
    expect(page.locator(".holaf-status-shown")).to_have_text("12 items")
    page.locator('[aria-posinset="1"]').click()
    page.keyboard.press("Control+a")
    page.locator('[aria-posinset="2"]').click(modifiers=["ControlOrMeta"])
    chosen = page.locator(".holaf-selected-count")
    expect(chosen).to_have_text("11 selected")
    source = next(pictures.rglob("*.png"))
    (source.parent / "later.png").write_bytes(source.read_bytes())
    expect(page.locator(".holaf-status-shown")).to_have_text("13 items")
    expect(chosen).to_have_text("11 selected")
    asked = []

    def answer(route):
        asked.append(route.request.post_data_json)
        route.fulfill(json={"queued": 11})

    page.route("**/regenerate-thumbnail", answer)
    page.get_by_role("button", name="Make thumbnails again").click()
    expect(page.locator(".holaf-toast")).to_contain_text(re.compile("11 thumbnails"))
    later = page.get_by_role("option", name=re.compile("^later.png")).get_attribute("data-id")
    assert len(asked[0]["ids"]) == 11
    assert int(later) not in asked[0]["ids"]
