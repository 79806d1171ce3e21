"""Takes the README's screenshots of the sample library. Run it with the Python of `.venv`:

    .venv/bin/python docs/screenshots/make.py

It needs what `python3 run.py test` installs (Playwright, Chromium).
"""

from __future__ import annotations

import runpy
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "tests" / "support"))
runpy.run_path(str(ROOT / "__main__.py"))["load_package"]("holaf")

from holaf import sample_library  # noqa: E402
from running_server import standalone  # noqa: E402


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        library = Path(scratch) / "Sample library"
        sample_library.ensure(library, print)
        with standalone(library, Path(scratch) / "data") as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            for name, width, theme, prepare in SHOTS:
                context = browser.new_context(
                    viewport={"width": width, "height": 900}, color_scheme=theme
                )
                page = context.new_page()
                page.goto(f"{server.url}/holaf/view")
                page.wait_for_function(ALL_SHOWN)
                prepare(page)
                page.screenshot(path=HERE / f"{name}.jpg", type="jpeg", quality=85)
                context.close()
            browser.close()


def nothing(page: Page) -> None:
    pass


def with_details(page: Page) -> None:
    page.locator(".holaf-tile").nth(2).click()
    page.locator(".holaf-info").get_by_text("Prompt", exact=True).wait_for()
    page.wait_for_timeout(500)


def with_settings(page: Page) -> None:
    page.get_by_role("button", name="Settings").first.click()
    page.locator(".holaf-settings").get_by_text("Thumbnails").first.wait_for()
    page.wait_for_timeout(500)


SHOTS: tuple[tuple[str, int, Literal["dark", "light"], Callable[[Page], None]], ...] = (
    ("gallery-dark", 1600, "dark", nothing),
    ("details-light", 1600, "light", with_details),
    ("settings-dark", 1200, "dark", with_settings),
)

ALL_SHOWN = """() => {
    const tiles = [...document.querySelectorAll(".holaf-tile")];
    return tiles.length > 8 && tiles.slice(0, 8).every((tile) => {
        const image = tile.querySelector("img");
        return image && image.naturalWidth > 0;
    });
}"""

if __name__ == "__main__":
    main()
