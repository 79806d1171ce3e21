"""The gallery's page: what it loads, and how long a browser may keep it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

JS = Path(__file__).resolve().parents[1] / "js"
PAGE = JS / "standalone" / "view.html"
IMPORT = re.compile(
    r"""^\s*(?:import|export)\b(?:[^;"'()=]*?\bfrom\s*)?\s["']([^"']+)["']""", re.MULTILINE
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def needed(*entries: Path) -> set[str]:
    """The entries and all that they import statically, as paths below js/."""
    found: set[Path] = set()
    waiting = list(entries)
    while waiting:
        file = waiting.pop().resolve()
        if file not in found:
            found.add(file)
            text = COMMENT.sub("", file.read_text(encoding="utf-8"))
            waiting += [file.parent / target for target in IMPORT.findall(text)]
    return {file.relative_to(JS).as_posix() for file in found}


def test_the_page_asks_for_every_module_of_the_gallery_at_once():
    pages = [JS / "standalone" / name for name in ("start.js", "first.js", "view.js")]
    wanted = needed(*pages, JS / "image_viewer" / "index.js")
    page = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r'"js/([\w/]+\.js)"', page))
    missing = "".join(
        f'    <link rel="modulepreload" href="js/{name}">\n' for name in sorted(wanted - named)
    )
    assert missing == "", f"{PAGE} lacks\n{missing}"
    assert named - wanted == set()


async def test_a_browser_keeps_the_modules_until_one_of_them_changes(client):
    answer = await client.get("/holaf/view")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    scripts = re.findall(r'(?:src|href)="(js/[^"]+)"', await answer.text())
    assert scripts
    for script in scripts:
        assert re.match(r"js/v-[0-9a-f]{12}/", script)
        kept = await client.get(f"/holaf/{script}")
        assert (kept.status, "immutable" in kept.headers["Cache-Control"]) == (200, True), script
    plain = await client.get("/holaf/js/main.js")
    assert plain.headers["Cache-Control"] == "no-cache"
    old = await client.get("/holaf/js/v-0123456789ab/main.js")
    assert (old.status, old.headers["Cache-Control"]) == (200, "no-cache")


def test_any_change_below_the_folder_gives_another_stamp(tmp_path):
    from holaf.holaf_core.stamped_files import StampedFiles

    (tmp_path / "core").mkdir()
    module = tmp_path / "core" / "dom.js"
    module.write_text("1")
    os.utime(module, (1, 1))
    files = StampedFiles(tmp_path)
    first = files.stamp()
    assert files.stamp() == first
    assert files.is_fixed(first, module)
    # What changes between the page and its scripts is not kept under the old address.
    os.utime(module, (2, 2))
    assert not files.is_fixed(first, module)
    second = files.stamp()
    (tmp_path / "new.js").write_text("")
    third = files.stamp()
    assert len({first, second, third}) == 3
    assert not files.is_fixed(second, module)
    assert files.is_fixed(third, module)


@pytest.mark.parametrize("path", ["v-0123456789ab/../../pack.txt", "v-0123456789ab//etc/passwd"])
async def test_a_stamp_leads_nowhere_else(client, path):
    from yarl import URL

    answer = await client.get(URL(f"/holaf/js/{path}".replace("/../", "/%2e%2e/"), encoded=True))
    assert answer.status == 404
