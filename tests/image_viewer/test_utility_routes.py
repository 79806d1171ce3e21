"""The index over HTTP."""

from __future__ import annotations

import pytest
from aiohttp import web
from holaf.holaf_core.errors import Unavailable
from holaf.holaf_core.http import Tier, bind
from holaf.holaf_database import ImageDatabase
from holaf.holaf_image_viewer_backend.routes import utility_routes

STATUS = {"state": "idle", "found": 3}


class OpenGate:
    async def admit(self, request, route):
        pass


class FakeIndexer:
    def __init__(self):
        self.asked = []
        self.error = None

    def status(self):
        return STATUS

    def sync_now(self, *, confirm_empty=False):
        self.asked.append(confirm_empty)
        if self.error:
            raise self.error


@pytest.fixture
def indexer():
    return FakeIndexer()


@pytest.fixture
def database(tmp_path):
    database = ImageDatabase(tmp_path / "db.sqlite", clock=lambda: 1234.5)
    yield database
    database.close()


@pytest.fixture
async def index_client(aiohttp_client, indexer, database):
    app = web.Application()
    app.add_routes([bind(route, OpenGate()) for route in utility_routes.routes(indexer, database)])
    return await aiohttp_client(app)


async def test_synchronise_now_answers_at_once_with_the_status(index_client, indexer):
    response = await index_client.post("/holaf/images/maintenance/sync-database")
    assert await response.json() == STATUS
    await index_client.post("/holaf/images/maintenance/sync-database", json={"confirm_empty": True})
    assert indexer.asked == [False, True]


async def test_a_confirmation_that_is_no_boolean_is_refused(index_client, indexer):
    response = await index_client.post(
        "/holaf/images/maintenance/sync-database", json={"confirm_empty": "yes"}
    )
    assert response.status == 400
    assert (await response.json())["field"] == "confirm_empty"
    assert indexer.asked == []


async def test_an_index_that_does_not_run_is_said_so(index_client, indexer):
    indexer.error = Unavailable("The index is not running.")
    response = await index_client.post("/holaf/images/maintenance/sync-database")
    assert response.status == 503


async def test_the_index_tells_how_far_it_is(index_client):
    response = await index_client.get("/holaf/images/index-status")
    assert await response.json() == STATUS


async def test_the_time_of_the_last_change_is_known(index_client, database):
    url = "/holaf/images/last-update-time"
    assert await (await index_client.get(url)).json() == {"last_update": 0.0}
    database.store([], [], [])
    assert await (await index_client.get(url)).json() == {"last_update": 1234.5}


def test_reading_needs_the_view_tier_and_synchronising_the_change_tier(indexer, database):
    tiers = {route.path: route.tier for route in utility_routes.routes(indexer, database)}
    assert tiers == {
        "/holaf/images/maintenance/sync-database": Tier.CHANGE,
        "/holaf/images/index-status": Tier.VIEW,
        "/holaf/images/last-update-time": Tier.VIEW,
    }
