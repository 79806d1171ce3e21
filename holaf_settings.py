"""The tool `settings`: what a user may change, and what only the server's owner may."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from .holaf_core.errors import BadRequest
from .holaf_core.events import EventBus
from .holaf_core.host import Host
from .holaf_core.http import Routes, Tier, body
from .holaf_core.tasks import Tasks
from .holaf_core.tool import Tool

TOPIC = "settings.changed"

# The switches that only a file on the server changes, with what each of them does.
SWITCHES: dict[str, tuple[str, str]] = {
    "terminal": ("Terminal", "A shell on the server, for whoever is signed in."),
    "allowed_hosts": ("Further names of this server", "Host names that browsers may use for it."),
    "allowed_origins": (
        "Further addresses of this server",
        "What browsers show where a proxy changes the Host header or the port.",
    ),
    "trusted_proxies": ("Trusted proxies", "Machines whose forwarding headers are believed."),
    "extra_roots": ("Further folders", "Folders beside output and input that the gallery shows."),
    "sign_in_for_everything": (
        "Sign-in for everything",
        "Nobody sees a picture without the password.",
    ),
}

# Where each stands in security.ini, when that is not under [access].
SECTION_OF = {"terminal": "tools", "extra_roots": "roots"}


def tool(
    *,
    config: Any,
    security: Any,
    tasks: Tasks,
    events: EventBus,
    host: Host,
    may_change: Callable[[web.Request], bool],
) -> Tool:
    """`config` is holaf_config.Config; `security` its frozen `Security`."""
    routes = Routes("/holaf/utilities")

    @routes.get("/settings", Tier.VIEW)
    async def settings(request: web.Request) -> Any:
        # Folders and names of this machine's network are not for everybody who may look.
        told = facts(security, host.system_dir / "security.ini") if may_change(request) else None
        return {
            "settings": plain(config.settings),
            "schema": config.describe(),
            "security": told,
            "host": {"kind": host.kind, "version": host.version},
        }

    @routes.post("/save-all-settings", Tier.CHANGE)
    async def save(request: web.Request) -> Any:
        changes = await body(request)
        for section, values in changes.items():
            if not isinstance(values, dict):
                raise BadRequest(
                    f"The section {section} must be an object of settings.", field=section
                )
        await asyncio.to_thread(config.save, changes)
        return {"settings": plain(config.settings)}

    @routes.get("/tasks", Tier.VIEW)
    async def list_tasks(request: web.Request) -> Any:
        return {"tasks": tasks.entries()}

    @routes.post("/tasks/cancel", Tier.CHANGE)
    async def cancel_task(request: web.Request) -> Any:
        task_id = (await body(request)).get("id")
        if not isinstance(task_id, int):
            raise BadRequest("Name the task by its number.", field="id")
        return {"task": vars(tasks.cancel(task_id))}

    def changed(*_: Any) -> None:
        events.publish(TOPIC, {"settings": plain(config.settings)}, keep=True)

    config.on_change(changed)
    changed()
    return Tool("settings", routes, stop=tasks.stop)


def plain(settings: Any) -> dict[str, Any]:
    """Settings as {section: {key: value}}, whether they are dataclasses or mappings."""
    sections = fields(settings)
    return {name: fields(section) for name, section in sections.items()}


def fields(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}


def facts(security: Any, file: Path) -> dict[str, Any]:
    """What the page shows of the security switches: their state, and the line that changes each.

    Only what is listed in SWITCHES is told, so that a secret can never slip in.
    """
    known = fields(security)
    switches = []
    for key, (label, help_text) in SWITCHES.items():
        if key not in known:
            continue
        value = known[key]
        switches.append(
            {
                "key": key,
                "label": label,
                "help": help_text,
                "state": state_text(value),
                "on": bool(value),
                "section": SECTION_OF.get(key, "access"),
                "line": line(key, value),
            }
        )
    return {"file": str(file), "switches": switches}


def state_text(value: Any) -> str:
    if isinstance(value, bool):
        return "On" if value else "Off"
    return ", ".join(names(value)) or "None"


def line(key: str, value: Any) -> str:
    """The line that turns a switch the other way, or adds to a list."""
    if isinstance(value, bool):
        return f"{key} = {'no' if value else 'yes'}"
    if key == "extra_roots":
        return "photos = /mnt/photos"
    examples = {
        "allowed_hosts": "gallery.example.org",
        "allowed_origins": "https://gallery.example.org",
        "trusted_proxies": "127.0.0.1",
    }
    return f"{key} = {', '.join([*names(value), examples.get(key, '…')])}"


def names(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{name} = {path}" for name, path in value.items()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [str(one) for one in value]
    return [str(value)] if value else []
