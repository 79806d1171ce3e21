"""ComfyUI's page in Chromium, with what it requested and what its console said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Request

WAIT_MS = 30_000
READY = """() => window.app?.extensionManager?.getSidebarTabs?.()
    .some((tab) => tab.id === "holaf.gallery")"""
SHOWN = """([root, count]) => [...document.querySelectorAll(`${root} img`)]
    .filter((image) => image.complete && image.naturalWidth > 0).length >= count"""
# A graph of the one node that every server here knows: no red nodes on the screenshots.
EMPTY_GRAPH = """() => app.loadGraphData({
    last_node_id: 1, last_link_id: 0, links: [], groups: [], config: {}, extra: {}, version: 0.4,
    nodes: [{id: 1, type: "EmptyImage", pos: [1200, 620], size: [270, 130], flags: {}, order: 0,
        mode: 0, inputs: [], outputs: [{name: "IMAGE", type: "IMAGE", links: null}],
        properties: {}, widgets_values: [512, 512, 1, 0]}]})"""


class ComfyPage:
    def __init__(
        self, browser: Browser, url: str, *, width: int = 1600, height: int = 900, **options: Any
    ) -> None:
        self.url = url
        self.requests: list[str] = []
        self.console: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        self.context.set_default_timeout(WAIT_MS)
        self.page: Page = self.context.new_page()
        self.sent: list[str] = []
        self.page.on("request", self.heard)
        self.page.on("pageerror", lambda error: self.console.append(f"{error} {error.stack}"))
        self.page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning")
                and self.console.append(f"{message.text} {message.location.get('url', '')}")
            ),
        )

    def heard(self, request: Request) -> None:
        self.requests.append(request.url)
        if request.method != "GET":
            self.sent.append(f"{request.method} {request.url.removeprefix(self.url)}")

    def open(self) -> Page:
        self.page.goto(f"{self.url}/")
        self.page.wait_for_function(READY)
        self.page.evaluate(EMPTY_GRAPH)
        return self.page

    def ours_requested(self) -> list[str]:
        """Paths of our files and routes that the page asked for."""
        return [url.removeprefix(self.url) for url in self.requests if "olaf" in url]

    def complaints(self) -> list[str]:
        """What the console says about us; ComfyUI's frontend has complaints of its own."""
        # The command of a tab stays when the tab is taken away: nothing comes of it.
        known = "ToggleSidebarTab.holaf.gallery already registered"
        return [line for line in self.console if "holaf" in line.lower() and known not in line]

    def run(self, command: str) -> None:
        self.page.evaluate("(id) => app.extensionManager.command.execute(id)", command)

    def open_gallery(self, count: int = 1) -> None:
        """As a floating panel, with the thumbnails of at least `count` pictures."""
        self.run("Holaf.OpenGallery")
        self.wait_for_pictures(count, ".holaf-panel")

    def wait_for_pictures(self, count: int, root: str = ".holaf") -> None:
        self.page.wait_for_function(SHOWN, arg=[root, count])

    def close_panels(self) -> None:
        close = ".holaf-panel-header > button:last-of-type"
        self.page.evaluate(
            f"() => document.querySelectorAll('{close}').forEach((one) => one.click())"
        )

    def tidy(self) -> None:
        """As it was opened, after a test that may have failed anywhere."""
        self.page.keyboard.press("Escape")
        self.close_panels()
        if tab := self.active_tab():
            self.toggle_tab(tab)

    def active_tab(self) -> str | None:
        return self.page.evaluate("() => app.extensionManager.sidebarTab.activeSidebarTabId")

    def toggle_tab(self, tab: str = "holaf.gallery") -> None:
        self.page.evaluate("(id) => app.extensionManager.sidebarTab.toggleSidebarTab(id)", tab)

    def shot(self, folder: str | None, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def close(self) -> None:
        self.context.close()
