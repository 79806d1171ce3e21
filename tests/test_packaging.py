"""What the Comfy Registry and ComfyUI-Manager read."""

import re
import subprocess
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib")

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# What ComfyUI 0.3.64 and 0.33 ask for; nothing of ours may ask for more than the older does.
COMFYUI = {"aiohttp": (3, 11, 8), "numpy": (1, 25, 0), "av": (14, 2, 0), "Pillow": None}


def requirements():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_requirements_are_lower_bounds_only():
    for line in requirements():
        assert re.fullmatch(r"[A-Za-z0-9_-]+>=[0-9.]+", line), line


def test_requirements_move_nothing_that_comfyui_pins():
    wanted = dict(line.split(">=") for line in requirements())
    for name, bound in COMFYUI.items():
        if bound and name in wanted:
            ours = tuple(int(part) for part in wanted[name].split("."))
            assert ours <= bound, name


def test_the_project_asks_for_what_requirements_txt_installs():
    assert sorted(PROJECT["project"]["dependencies"]) == sorted(requirements())


def test_the_registry_finds_what_it_requires():
    project, comfy = PROJECT["project"], PROJECT["tool"]["comfy"]
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,99}", project["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", project["version"])
    assert (ROOT / project["license"]["file"]).is_file()
    assert project["urls"]["Repository"].startswith("https://github.com/")
    assert comfy["DisplayName"] == "Holaf Utilities"
    assert comfy["requires-comfyui"] == ">=0.3.45"
    # ComfyUI would serve the folder a second time.
    assert "web" not in comfy


def test_the_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", text, re.M).group(1) == PROJECT["project"]["version"]


def test_nothing_that_a_run_makes_is_tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for path in listed.stdout.splitlines():
        assert not re.search(r"(^|/)(\.venv|__pycache__|node_modules|\.pytest_cache)(/|$)", path)
