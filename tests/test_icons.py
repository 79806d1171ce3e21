"""The sprite holds the icons that the scripts name and no other: a page parses it when it opens."""

from __future__ import annotations

import re
from pathlib import Path

JS = Path(__file__).resolve().parents[1] / "js"
SYMBOL = re.compile(r'<symbol id="([^"]+)"')
WORD = re.compile(r'"([a-z0-9-]+)"')
# Where a name stands by itself; others are chosen in an expression.
NAMED = re.compile(r'(?:\b(?:icon|iconButton|badge|button)\(\s*|\bicon: )"([a-z0-9-]+)"')


def scripts() -> str:
    files = sorted(path for path in JS.rglob("*.js") if "vendor" not in path.parts)
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def sprite() -> list[str]:
    return SYMBOL.findall((JS / "icons.svg").read_text(encoding="utf-8"))


def test_every_icon_that_a_script_names_is_in_the_sprite():
    named = set(NAMED.findall(scripts()))
    assert len(named) > 40
    assert named - set(sprite()) == set()


def test_no_icon_of_the_sprite_is_there_twice_or_named_nowhere():
    icons = sprite()
    assert len(icons) == len(set(icons))
    assert set(icons) - set(WORD.findall(scripts())) == set()
