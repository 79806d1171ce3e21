"""Standalone host: `python <this folder> --folder ~/pictures` serves /holaf/view over a folder."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent


def load_package(name: str = "holaf") -> ModuleType:
    """Make this folder importable as `name`, without running its ComfyUI entry point.

    ComfyUI gives the folder a module name of its own; nothing else does. The modules
    import each other relatively, so any name will do.
    """
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
        )
        assert spec is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
    return sys.modules[name]


if __name__ == "__main__":
    # Python put this folder first on sys.path, where our nodes/ would shadow ComfyUI's nodes.py.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
    load_package()
    from holaf.holaf_standalone import main

    main()
