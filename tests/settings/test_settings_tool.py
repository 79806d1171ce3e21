"""The settings routes: what may be read, what is saved, and what never leaves the server."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web
from holaf.holaf_core.errors import BadRequest
from holaf.holaf_core.events import EventBus
from holaf.holaf_core.host import Host
from holaf.holaf_core.http import Tier, bind
from holaf.holaf_core.tasks import Tasks
from holaf.holaf_settings import facts, tool


@dataclass(frozen=True)
class Gallery:
    tile_size: int = 200
    scan_input: bool = True


@dataclass(frozen=True)
class Settings:
    gallery: Gallery = field(default_factory=Gallery)


@dataclass(frozen=True)
class Security:
    terminal: bool = False
    allowed_hosts: tuple[str, ...] = ("pc.lan",)
    sign_in_for_everything: bool = True
    signing_key: str = "do-not-tell"


class FakeConfig:
    """As much of holaf_config.Config as the tool uses."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.security = Security()
        self._listeners = []
        self.saved_on = None

    def on_change(self, listener) -> None:
        self._listeners.append(listener)

    def describe(self):
        return {"gallery": {"tile_size": {"type": "int", "default": 200, "label": "Tile size"}}}

    def save(self, changes) -> None:
        self.saved_on = threading.current_thread()
        if changes.get("gallery", {}).get("tile_size", 100) < 80:
            raise BadRequest("Tile size is at least 80.", field="gallery.tile_size")
        self.settings = Settings(replace(self.settings.gallery, **changes["gallery"]))
        for listener in self._listeners:
            listener(self.settings)


class OpenGate:
    async def admit(self, request, route):
        pass


@pytest.fixture
def config():
    return FakeConfig()


@pytest.fixture
def events():
    return EventBus()


@pytest.fixture
def tasks(events):
    tasks = Tasks(events)
    yield tasks
    tasks.stop()


@pytest.fixture
def settings_tool(config, events, tasks, tmp_path):
    host = Host("standalone", tmp_path / "out", tmp_path / "data", tmp_path / "system")
    return tool(
        config=config,
        security=config.security,
        tasks=tasks,
        events=events,
        host=host,
        may_change=lambda request: "X-May-Only-Look" not in request.headers,
    )


@pytest.fixture
async def page(settings_tool, aiohttp_client):
    app = web.Application()
    app.add_routes([bind(route, OpenGate()) for route in settings_tool.routes])
    return await aiohttp_client(app)


async def test_the_page_gets_settings_their_schema_and_the_switches(page, tmp_path):
    answer = await (await page.get("/holaf/utilities/settings")).json()
    assert answer["settings"] == {"gallery": {"tile_size": 200, "scan_input": True}}
    assert answer["schema"]["gallery"]["tile_size"]["label"] == "Tile size"
    assert answer["security"]["file"] == str(tmp_path / "system" / "security.ini")


async def test_who_may_only_look_learns_nothing_of_the_machine_s_switches(page, tmp_path):
    asked = await page.get("/holaf/utilities/settings", headers={"X-May-Only-Look": "1"})
    assert (await asked.json())["security"] is None
    assert str(tmp_path) not in await asked.text()


async def test_a_secret_beside_the_switches_is_never_told(page):
    text = await (await page.get("/holaf/utilities/settings")).text()
    assert "do-not-tell" not in text
    assert "signing_key" not in text


def test_each_switch_says_its_state_and_the_line_that_turns_it(tmp_path):
    switches = {one["key"]: one for one in facts(Security(), tmp_path)["switches"]}
    assert (switches["terminal"]["state"], switches["terminal"]["line"]) == (
        "Off",
        "terminal = yes",
    )
    assert switches["sign_in_for_everything"]["line"] == "sign_in_for_everything = no"
    hosts = switches["allowed_hosts"]
    assert hosts["state"] == "pc.lan"
    assert hosts["line"] == "allowed_hosts = pc.lan, gallery.example.org"
    assert "trusted_proxies" not in switches  # this Security has none


async def test_saving_answers_with_the_settings_and_tells_every_tab(page, config, events):
    assert events.latest("settings.changed")["settings"]["gallery"]["tile_size"] == 200
    answer = await page.post(
        "/holaf/utilities/save-all-settings", json={"gallery": {"tile_size": 320}}
    )
    assert (await answer.json())["settings"]["gallery"]["tile_size"] == 320
    assert events.latest("settings.changed")["settings"]["gallery"]["tile_size"] == 320
    assert config.saved_on is not threading.main_thread()


async def test_a_refused_value_names_its_field_and_changes_nothing(page, config):
    answer = await page.post(
        "/holaf/utilities/save-all-settings", json={"gallery": {"tile_size": 1}}
    )
    assert answer.status == 400
    assert await answer.json() == {
        "error": "Tile size is at least 80.",
        "field": "gallery.tile_size",
    }
    answer = await page.post("/holaf/utilities/save-all-settings", json={"gallery": 5})
    assert (answer.status, (await answer.json())["field"]) == (400, "gallery")
    assert config.settings == Settings()


async def test_tasks_are_listed_and_cancelled_by_number(page, tasks):
    started = threading.Event()

    def work(progress):
        started.set()
        progress.wait(60)

    task = tasks.start("k", "Count", work)
    assert started.wait(10)
    listed = (await (await page.get("/holaf/utilities/tasks")).json())["tasks"]
    assert [(one["title"], one["state"]) for one in listed] == [("Count", "running")]
    answer = await page.post("/holaf/utilities/tasks/cancel", json={"id": task.id})
    assert (await answer.json())["task"]["cancelling"] is True
    assert tasks.wait(task.id, 10).state == "cancelled"
    assert (await page.post("/holaf/utilities/tasks/cancel", json={"id": "x"})).status == 400
    assert (await page.post("/holaf/utilities/tasks/cancel", json={"id": 99})).status == 404


def test_reading_is_for_who_may_look_and_writing_for_who_may_change(settings_tool):
    assert {(route.method, route.path, route.tier) for route in settings_tool.routes} == {
        ("GET", "/holaf/utilities/settings", Tier.VIEW),
        ("POST", "/holaf/utilities/save-all-settings", Tier.CHANGE),
        ("GET", "/holaf/utilities/tasks", Tier.VIEW),
        ("POST", "/holaf/utilities/tasks/cancel", Tier.CHANGE),
    }


def test_an_empty_list_of_hosts_shows_an_example_line():
    switches = facts(replace(Security(), allowed_hosts=()), Path("x"))["switches"]
    hosts = next(one for one in switches if one["key"] == "allowed_hosts")
    assert (hosts["state"], hosts["line"]) == ("None", "allowed_hosts = gallery.example.org")


def test_the_real_configuration_fits_the_tool(tmp_path):
    from holaf.holaf_config import Config

    config = Config(tmp_path / "data", tmp_path / "system")
    host = Host("standalone", tmp_path / "out", tmp_path / "data", tmp_path / "system")
    events = EventBus()
    tool(
        config=config,
        security=config.security,
        tasks=Tasks(events),
        events=events,
        host=host,
        may_change=lambda request: True,
    )
    config.save({"gallery": {"tile_size": 320}})
    assert events.latest("settings.changed")["settings"]["gallery"]["tile_size"] == 320
    told = facts(config.security, host.system_dir / "security.ini")
    ini = (host.system_dir / "security.ini").read_text()
    assert told["file"] == str(host.system_dir / "security.ini")
    for one in told["switches"]:
        section = ini[ini.index(f"[{one['section']}]") :].split("\n[")[0]
        assert one["line"].split(" =")[0] in section
