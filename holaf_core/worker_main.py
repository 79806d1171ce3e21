"""Runs a worker program: `python -s worker_main.py PROGRAM PARENT_PID NICE [ARGUMENTS]`.

Only `processes.WorkerProcess` starts it. PROGRAM is a module of the pack with
`main(channel, arguments)`. It can import its neighbours relatively, as in the server, while the
packages' own `__init__` files (and with them aiohttp and all tools) are not run: a worker starts
in a tenth of a second.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Python put this folder first, where our json.py and http.py would shadow Python's own.
    HERE = __file__.replace("\\", "/").rpartition("/")[0]
    sys.path[:] = [entry for entry in sys.path if entry.replace("\\", "/") != HERE]

import importlib  # noqa: E402
from pathlib import Path  # noqa: E402
from types import ModuleType  # noqa: E402

PACK = "holaf"


def bare_packages(root: Path) -> None:
    """Make the pack in `root` importable as `holaf`, without running any package's `__init__`."""
    add_package(PACK, root)
    for folder in root.iterdir():
        if (folder / "__init__.py").is_file():
            add_package(f"{PACK}.{folder.name}", folder)


def add_package(name: str, folder: Path) -> None:
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package


def module_name(program: Path, root: Path) -> str:
    """
    >>> module_name(Path("/pack/tool/worker.py"), Path("/pack"))
    'holaf.tool.worker'
    """
    return ".".join([PACK, *program.relative_to(root).with_suffix("").parts])


def run(program: str, parent: str, nice: str, *arguments: str) -> None:
    root = Path(__file__).resolve().parents[1]
    bare_packages(root)
    side = importlib.import_module(f"{PACK}.holaf_core.worker_side")
    channel = side.begin(int(parent), int(nice))
    path = Path(program).resolve()
    try:
        name = module_name(path, root)
    except ValueError:  # not one of the pack's own: a test's
        sys.path.insert(0, str(path.parent))
        name = path.stem
    importlib.import_module(name).main(channel, list(arguments))


if __name__ == "__main__":
    run(*sys.argv[1:])
