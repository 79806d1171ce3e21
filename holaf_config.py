"""The settings file, as typed sections: read once, validated whole, saved atomically."""

from __future__ import annotations

import configparser
import dataclasses
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .holaf_core import json
from .holaf_core.errors import BadRequest, Unavailable
from .holaf_core.fields import check, choice, describe, number, switch, whole
from .holaf_core.files import write_atomically
from .holaf_core.security import Security, read_security

__all__ = ["Config", "Security", "Settings"]

log = logging.getLogger("holaf.config")

# A member of settings.json beside the sections: the earlier file that was read already.
IMPORTED = "imported_from"


@dataclass(frozen=True)
class GallerySettings:
    tile_size: int = whole(200, 80, 512, "Tile size", "Height of a tile in pixels.")
    layout: str = choice("justified", ("justified", "square", "contain"), "Layout")
    sort: str = choice(
        "mtime_desc",
        ("mtime_desc", "mtime_asc", "name_asc", "name_desc", "size_desc", "size_asc"),
        "Order",
    )
    show_date_headers: bool = switch(True, "Date headers", "Only where files are in date order.")


@dataclass(frozen=True)
class ThumbnailSettings:
    background: bool = switch(
        True, "Make thumbnails in the background", "Off: only of what is on the screen."
    )
    workers: int = whole(0, 0, 16, "Worker processes", "0 chooses by the number of processors.")


@dataclass(frozen=True)
class IndexingSettings:
    watch: bool = switch(True, "Watch folders", "Off: look at their times again and again.")
    poll_seconds: float = number(
        5.0, 1.0, 3600.0, "Seconds between looks", "For folders that cannot be watched."
    )


@dataclass(frozen=True)
class AppearanceSettings:
    theme: str = choice("system", ("system", "light", "dark"), "Theme", "Outside ComfyUI.")


@dataclass(frozen=True)
class Settings:
    gallery: GallerySettings = field(default_factory=GallerySettings)
    thumbnails: ThumbnailSettings = field(default_factory=ThumbnailSettings)
    indexing: IndexingSettings = field(default_factory=IndexingSettings)
    appearance: AppearanceSettings = field(default_factory=AppearanceSettings)


SECTIONS: dict[str, type] = {
    item.name: item.default_factory  # type: ignore[misc]
    for item in dataclasses.fields(Settings)
}

Listener = Callable[[Settings], None]


class Config:
    """`settings` and `security` are whole values: read them when needed, keep no copy.

    `save` blocks on the disk, and calls the listeners on the caller's thread.
    """

    def __init__(self, data_dir: Path, system_dir: Path) -> None:
        self._path = data_dir / "settings.json"
        self._earlier = data_dir / "config.ini"
        self._system_dir = system_dir
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self.security = read_security(system_dir)
        # As in the file: sections and keys of a newer version stay in it.
        self._stored = self._read()
        if IMPORTED not in self._stored:
            self._import_earlier()
        self.settings = _settings(self._stored)

    def save(self, changes: Mapping[str, Any]) -> Settings:
        """Validate {section: {key: value}} as a whole, write it, tell the listeners.

        Raises BadRequest(field="section.key"); nothing is changed then. Raises Unavailable when
        the disk refuses.
        """
        checked = _checked(changes)
        with self._lock:
            stored = dict(self._stored)
            for section, values in checked.items():
                stored[section] = {**_section(stored, section), **values}
            try:
                write_atomically(self._path, json.dumps(stored))
            except OSError as error:
                raise Unavailable(f"The settings could not be saved: {error.strerror}.") from error
            self._stored = stored
            settings = self.settings = _settings(stored)
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(settings)
        return settings

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(settings)` after each save; call what this returns to remove it."""
        self._listeners.append(listener)

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return remove

    def describe(self) -> dict[str, dict[str, dict[str, Any]]]:
        """{section: {key: {type, default, min, max, choices, label, help}}}."""
        return {name: describe(section) for name, section in SECTIONS.items()}

    def reload(self) -> Security:
        """Read security.ini again."""
        self.security = read_security(self._system_dir)
        return self.security

    def _read(self) -> dict[str, Any]:
        try:
            stored = json.loads(self._path.read_bytes())
            if not isinstance(stored, dict):
                raise ValueError("it is not a JSON object")
            return stored
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError, OSError) as error:
            # Also what cannot be read: the next save would write over it.
            broken = self._path.with_name(self._path.name + ".broken")
            log.error(
                "%s cannot be read (%s): it is kept as %s, and the defaults are used",
                *(self._path, error, broken.name),
            )
            try:
                self._path.replace(broken)
            except OSError as problem:
                log.error("%s could not be put aside: %s", self._path, problem)
        return {}

    def _import_earlier(self) -> None:
        """Take over what an earlier version's config.ini says about the gallery.

        Nothing of its [Security] or [Terminal]: this folder can be written through ComfyUI's
        userdata routes, so a password or a switch in it may be anyone's.
        """
        if not self._earlier.is_file():
            return
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read(self._earlier, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError) as error:
            log.warning("the earlier %s could not be read: %s", self._earlier, error)
        found = _from_earlier(parser)
        for section, values in found.items():
            self._stored[section] = {**values, **_section(self._stored, section)}
        self._stored[IMPORTED] = self._earlier.name
        try:
            write_atomically(self._path, json.dumps(self._stored))
        except OSError as error:
            log.warning("the settings of %s could not be kept: %s", self._earlier, error)


def _from_earlier(parser: configparser.ConfigParser) -> dict[str, dict[str, Any]]:
    viewer = parser["ImageViewerUI"] if parser.has_section("ImageViewerUI") else {}
    found: dict[str, dict[str, Any]] = {}
    size = viewer.get("thumbnail_size", "")
    if size.isascii() and size.isdigit() and len(size) < 6:
        found.setdefault("gallery", {})["tile_size"] = min(512, max(80, int(size)))
    layout = {"cover": "square", "contain": "contain"}.get(viewer.get("thumbnail_fit", ""))
    if layout:
        found.setdefault("gallery", {})["layout"] = layout
    return found


def _checked(changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    checked: dict[str, dict[str, Any]] = {}
    for section, values in changes.items():
        if section not in SECTIONS:
            raise BadRequest("There is no such section of settings.", field=str(section))
        if not isinstance(values, Mapping):
            raise BadRequest(f"{section} must be an object of settings.", field=section)
        known = {item.name: item for item in dataclasses.fields(SECTIONS[section])}
        for key, value in values.items():
            name = f"{section}.{key}"
            if key not in known:
                raise BadRequest("There is no such setting.", field=name)
            checked.setdefault(section, {})[key] = check(name, known[key], value)
    return checked


def _settings(stored: Mapping[str, Any]) -> Settings:
    """What the file says; a value that someone wrote wrongly into it takes its default."""
    sections = {}
    for section, kind in SECTIONS.items():
        values = {}
        for item in dataclasses.fields(kind):
            saved = _section(stored, section)
            if item.name not in saved:
                continue
            try:
                values[item.name] = check(f"{section}.{item.name}", item, saved[item.name])
            except BadRequest as error:
                log.warning("settings.json: %s The default is used.", error)
        sections[section] = kind(**values)
    return Settings(**sections)


def _section(stored: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = stored.get(name)
    return section if isinstance(section, dict) else {}
