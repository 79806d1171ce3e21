"""How much JavaScript and CSS a page loads, compressed as a server or proxy would."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from pathlib import Path

from harness import ROOT, Options, Row, bench

JS = ROOT / "js"
# Static imports and re-exports; `import(…)` is what loads later.
IMPORT = re.compile(r"""^\s*(?:import|export)\b[^;"'()]*?["']([^"']+)["']""", re.MULTILINE)
CSS_IMPORT = re.compile(r"""@import\s+(?:url\()?["']([^"']+)["']""")
BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# What ComfyUI's page loads before a panel is opened.
PAGE = JS / "comfyui" / "holaf.js"


def modules(*entries: Path) -> set[Path]:
    """The entries and all that they import statically, of ours."""
    found: set[Path] = set()
    waiting = list(entries)
    while waiting:
        file = waiting.pop().resolve()
        if file in found or not file.is_file():
            continue
        found.add(file)
        text = BLOCK_COMMENT.sub("", file.read_text(encoding="utf-8"))
        for target in (IMPORT if file.suffix == ".js" else CSS_IMPORT).findall(text):
            waiting.append(located(file, target))
    return found


def located(file: Path, target: str) -> Path:
    # ComfyUI serves js/comfyui elsewhere: from there, our other modules are below holaf/js.
    if target.startswith("../../holaf/js/"):
        return JS / target.removeprefix("../../holaf/js/")
    return file.parent / target


def compressed(files: Sequence[Path] | set[Path]) -> float:
    return sum(len(gzip.compress(file.read_bytes(), 6)) for file in files) / 1024


@bench("gallery.page_js")
def page_js(options: Options) -> list[Row]:
    size = compressed(modules(PAGE))
    what = "JavaScript that ComfyUI's page loads before a panel opens, gzip"
    return [Row("gallery.page_js", what, size, "KB", ("<=", 8))]


@bench("gallery.gallery_js")
def gallery_js(options: Options) -> list[Row]:
    scripts = modules(PAGE, JS / "main.js", JS / "tools.js", JS / "image_viewer" / "index.js")
    size = compressed({file for file in scripts if file.suffix == ".js"})
    what = f"JavaScript with the gallery open, gzip ({len(scripts)} modules)"
    return [Row("gallery.gallery_js", what, size, "KB", ("<=", 80))]
