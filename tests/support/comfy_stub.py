"""As much of ComfyUI as the pack touches, behaving as ComfyUI does."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

from aiohttp import web


class ComfyStub:
    """Install with `monkeypatch`, then `load` a custom node folder as ComfyUI loads it."""

    def __init__(self, monkeypatch, base: Path) -> None:
        self._monkeypatch = monkeypatch
        self.server = SimpleNamespace(routes=web.RouteTableDef(), app=web.Application())
        self._web_folders: dict[str, Path] = {}
        self._at_exit: list[Callable[[], None]] = []
        monkeypatch.setattr("atexit.register", self._at_exit.append)
        self._module("server", PromptServer=SimpleNamespace(instance=self.server))
        self._module(
            "folder_paths",
            get_output_directory=lambda: str(base / "output"),
            get_input_directory=lambda: str(base / "input"),
            get_user_directory=lambda: str(base / "user"),
        )
        self._module("nodes", NODE_CLASS_MAPPINGS={})

    def reserve_system_folders(self, base: Path) -> None:
        """What ComfyUI 0.3.76 added: folders that no user-data route reaches."""
        sys.modules["folder_paths"].get_system_user_directory = lambda name: str(base / f"__{name}")

    def load(self, folder: Path) -> ModuleType:
        """What nodes.load_custom_node does with a folder."""
        name = str(folder).replace(".", "_x_")
        spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
        module = importlib.util.module_from_spec(spec)
        self._monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        self._web_folders[folder.name] = folder / module.WEB_DIRECTORY
        return module

    def application(self) -> web.Application:
        """What PromptServer.add_routes makes of the table."""
        api = web.RouteTableDef()
        for route in self.server.routes:
            if isinstance(route, web.RouteDef):
                api.route(route.method, "/api" + route.path)(route.handler)
        self.server.app.add_routes(api)
        self.server.app.add_routes(self.server.routes)
        for name, folder in self._web_folders.items():
            self.server.app.add_routes([web.static("/extensions/" + name, folder)])
        return self.server.app

    def exit(self) -> None:
        """What Python does at the end of the process."""
        for handler in reversed(self._at_exit):
            handler()

    def _module(self, name: str, **members) -> None:
        module = ModuleType(name)
        vars(module).update(members)
        self._monkeypatch.setitem(sys.modules, name, module)
