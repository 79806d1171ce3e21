"""Who may import whom. A module imports only from lower layers; a tool never imports a tool."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

LAYERS = [
    ["holaf_core"],
    ["holaf_config", "holaf_database", "holaf_image_records", "holaf_image_schema"],
    ["holaf_auth", "holaf_image_viewer_backend", "holaf_settings", "nodes", "sample_library"],
    ["holaf_app"],
    ["holaf_comfy", "holaf_standalone"],
    ["__init__", "__main__"],
]
# Stores may stand on each other: the database is split by what it keeps.
STORES = {"holaf_config", "holaf_database", *(p.stem for p in ROOT.glob("holaf_image_*.py"))}
COMFYUI = {"server", "folder_paths", "execution", "comfy", "comfy_execution", "nodes"}
# Programs beside the pack: they start it, or load it under its name.
OUTSIDE = {"tests", "bench", "docs", "run", "node_modules"}

UNIT_LAYER = {unit: number for number, layer in enumerate(LAYERS) for unit in layer}
UNIT_LAYER |= dict.fromkeys(STORES, 1)


def unit_layer(unit):
    # What ComfyUI needs may take several modules; all of them are the one host.
    return UNIT_LAYER[unit if unit in UNIT_LAYER or not is_comfy(unit) else "holaf_comfy"]


def is_comfy(unit):
    return unit.startswith("holaf_comfy")


def sources():
    for path in sorted(ROOT.rglob("*.py")):
        unit = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if unit not in OUTSIDE and not unit.startswith("."):
            yield path, unit


SOURCES = [pytest.param(*s, id=str(s[0].relative_to(ROOT))) for s in sources()]


def imports(path):
    """(level, dotted module) for each thing that `path` imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module:
                yield node.level, node.module
            else:
                yield from ((node.level, alias.name) for alias in node.names)


def imported_units(path):
    """What `path` imports of the pack, as top-level names."""
    depth = len(path.relative_to(ROOT).parts)
    for level, module in imports(path):
        if level and level == depth:
            yield module.split(".")[0]


@pytest.mark.parametrize(("path", "unit"), SOURCES)
def test_imports_point_down(path, unit):
    for imported in imported_units(path):
        if imported != unit and not ({imported, unit} <= STORES):
            assert unit_layer(imported) < unit_layer(unit), f"{path} imports {imported}"


@pytest.mark.parametrize(("path", "unit"), SOURCES)
def test_only_the_adapter_imports_comfyui(path, unit):
    absolute = {module.split(".")[0] for level, module in imports(path) if level == 0}
    if not is_comfy(unit):
        assert not absolute & COMFYUI
    if unit != "__main__":
        assert not absolute & set(UNIT_LAYER), "import the pack's own modules relatively"


@pytest.mark.parametrize(("path", "unit"), SOURCES)
def test_only_one_module_starts_processes(path, unit):
    if path != ROOT / "holaf_core" / "processes.py":
        assert "subprocess" not in {module.split(".")[0] for _, module in imports(path)}


JS = ROOT / "js"
JS_LAYERS = [
    ["core", "vendor"],
    ["ui"],
    ["image_viewer", "settings"],
    ["tools.js"],
    ["main.js"],
    ["comfyui", "comfyui_host", "standalone"],
]
JS_LAYER = {unit: number for number, layer in enumerate(JS_LAYERS) for unit in layer}
HOST_ENTRIES = {"comfyui", "comfyui_host", "standalone"}
JS_IMPORT = re.compile(
    r"""^(?!\s*(?:\*|/[/*]))[^\n]*?(?:\bfrom\s|\bimport\s|\bimport\()\s*"([^"\n]+)\"""",
    re.MULTILINE,
)
JS_FILES = [path.relative_to(JS) for path in sorted(JS.rglob("*.js")) if "vendor" not in path.parts]


@pytest.mark.parametrize("file", JS_FILES, ids=str)
def test_javascript_imports_point_down(file):
    text = (JS / file).read_text(encoding="utf-8")
    for target in JS_IMPORT.findall(text):
        if file.parts[0] == "comfyui":
            # ComfyUI serves this folder elsewhere: the rest of js/ is under holaf/js there.
            assert target.startswith(("../../scripts/", "../../holaf/js/"))
            continue
        imported = (JS / file).parent.joinpath(target).resolve().relative_to(JS).parts[0]
        if imported != file.parts[0] and not {imported, file.parts[0]} <= HOST_ENTRIES:
            assert JS_LAYER[imported] < JS_LAYER[file.parts[0]], f"{file} imports {target}"


@pytest.mark.parametrize("file", JS_FILES, ids=str)
def test_every_imported_javascript_file_exists(file):
    for target in JS_IMPORT.findall((JS / file).read_text(encoding="utf-8")):
        if target.startswith("../../holaf/js/"):
            assert (JS / target.removeprefix("../../holaf/js/")).is_file(), target
        elif not target.startswith("../../scripts/"):
            assert (JS / file).parent.joinpath(target).is_file(), target
