"""A real Chromium against real servers: ours alone, and ours in ComfyUI's real frontend."""

from __future__ import annotations

import contextlib
import itertools
import re
from pathlib import Path

import pytest
import running_server
from e2e_pictures import save_pictures
from playwright.sync_api import Page, sync_playwright
from running_server import RunningServer, frontend_static

SUPPORT = Path(running_server.__file__).parent
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 30_000
# What the axe rules are about; a rule that is left out is named here with its reason.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def chromium(request):
    path = request.config.getoption("--chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path or None, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium):
    """`new_page(width=…, height=…, theme=…, **options)`; our errors in a page fail the test."""
    errors: list[str] = []
    with contextlib.ExitStack() as open_contexts:

        def make(width: int = 1600, height: int = 900, theme: str = "dark", **options) -> Page:
            context = chromium.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, **options
            )
            open_contexts.callback(context.close)
            context.set_default_timeout(WAIT_MS)
            page = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            return page

        make.errors = errors
        yield make
    # ComfyUI's frontend has errors of its own; ours name a file of ours.
    assert [error for error in errors if "holaf" in error.lower()] == []


@pytest.fixture
def page(new_page):
    return new_page()


@pytest.fixture
def pictures(tmp_path):
    """A folder of a dozen real pictures in two sub-folders, as ComfyUI saves them."""
    folder = tmp_path / "pictures"
    save_pictures(folder, 12)
    return folder


@pytest.fixture
def serve(tmp_path):
    """`serve(folder)` starts a standalone server over it and returns it."""
    numbers = itertools.count()
    with contextlib.ExitStack() as servers:

        def start(folder: Path, data_dir: Path | None = None) -> RunningServer:
            data = data_dir or tmp_path / f"data{next(numbers)}"
            return servers.enter_context(running_server.standalone(folder, data))

        yield start


@pytest.fixture
def standalone(serve, pictures):
    """A running standalone server over `pictures`."""
    return serve(pictures)


@pytest.fixture
def frontend(request, tmp_path):
    """`frontend(version, folder, *options)`: ComfyUI's frontend with the pack in it."""
    folder_of_all = request.config.getoption("--frontends")
    numbers = itertools.count()
    with contextlib.ExitStack() as servers:

        def start(version: str, folder: Path, *options: str) -> RunningServer:
            static = frontend_static(folder_of_all, version)
            if static is None:
                pytest.skip(f"no frontend {version} in {folder_of_all}: run `run.py test` once")
            folder.mkdir(exist_ok=True)
            data = tmp_path / f"frontend{next(numbers)}"
            program = SUPPORT / "frontend_host.py"
            server = RunningServer(program, static, folder, data, *options, name="frontend host")
            return servers.enter_context(server)

        yield start


@pytest.fixture
def shot(request):
    """`shot(page, name)` keeps a screenshot where `run.py test --shots DIR` asks for them."""
    folder = request.config.getoption("--shots")

    def take(page: Page, name: str) -> None:
        if folder:
            path = Path(folder)
            path.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=path / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}.png")

    return take


@pytest.fixture
def axe(request):
    """`axe(page, selector)`: what axe-core finds, a line each. The page needs bypass_csp=True."""
    script = Path(request.config.getoption("--axe"))
    if not script.exists():
        pytest.skip("axe-core is not installed: run `run.py test` once")
    source = script.read_text(encoding="utf-8")

    def check(page: Page, selector: str = "body", *, without: tuple[str, ...] = ()) -> list[str]:
        if not page.evaluate("() => Boolean(window.axe)"):
            page.evaluate(source)
        found = page.evaluate(
            """([selector, tags, without]) => axe.run(selector, {
                runOnly: {type: "tag", values: tags},
                rules: Object.fromEntries(without.map((id) => [id, {enabled: false}])),
            }).then((result) => result.violations.map((violation) =>
                `${violation.id}: ${violation.help} — ` +
                violation.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")))""",
            [selector, AXE_TAGS, list(without)],
        )
        return found

    return check
