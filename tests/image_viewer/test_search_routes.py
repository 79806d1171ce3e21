"""Search over HTTP: suggestions, facets, saved searches, and mistakes that say where they are."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from library_rows import digest, indexed_file


@pytest.fixture
def library(pack):
    texts = ["a red castle", "red cat", "green cat", "castle wall"]
    models = ["flux.safetensors", "flux.safetensors", "sd xl.safetensors", None]
    pack.images.store(
        [
            indexed_file(
                number,
                filename=f"{number}.png",
                format="PNG",
                prompt_hash=digest(text),
                prompt_text=text,
                model=model,
                has_prompt=True,
            )
            for number, (text, model) in enumerate(zip(texts, models, strict=True))
        ]
    )
    return pack.images


async def answer(response, status=200):
    assert response.status == status, await response.text()
    return await response.json()


async def found(client, search):
    data = await answer(await client.post("/holaf/images/list", json={"search": search}))
    return sorted(one["filename"] for one in data["images"])


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("red -cat", ["0.png"]),
        ("/c(astl|a)/ -red", ["2.png", "3.png"]),
        ("file:/^[02]/", ["0.png", "2.png"]),
        ('model:"xl sd" OR wall', ["2.png", "3.png"]),
        ("model:=flux", ["0.png", "1.png"]),
        ('model:""', ["3.png"]),
    ],
)
async def test_the_list_is_searched_with_the_language(quiet_client, library, search, names):
    assert await found(quiet_client, search) == names


async def test_a_mistake_in_a_search_says_where_it_is(quiet_client):
    response = await quiet_client.post("/holaf/images/view", json={"search": "red modle:flux"})
    data = await answer(response, 400)
    assert (data["field"], data["start"], data["end"]) == ("search", 4, 10)
    assert "modle" in data["error"]
    assert "model:" in data["hint"]


async def test_an_expression_that_explodes_is_a_bad_request_with_a_hint(quiet_client, library):
    library.store(
        [indexed_file(9, prompt_hash=digest("aaa"), prompt_text="a" * 40 + "!", filename="9.png")]
    )
    response = await quiet_client.post("/holaf/images/view", json={"search": "/(a+)+$/"})
    data = await answer(response, 400)
    assert "takes too long" in data["error"]
    assert data["field"] == "search"
    assert data["too_slow"] is True
    assert data["hint"]
    assert await found(quiet_client, "/wal+/") == ["3.png"]


async def test_views_facets_and_suggestions_do_not_wait_for_an_expression_that_explodes(
    quiet_client, library, pack
):
    library.store(
        [indexed_file(9, prompt_hash=digest("aaa"), prompt_text="a" * 40 + "!", filename="9.png")]
    )
    pack.patterns._regex_limit_s = 600
    exploding = [
        asyncio.ensure_future(quiet_client.post(f"/holaf/images/{path}", json={"search": search}))
        for path, search in (
            ("view", "/(a+)+$/"),
            ("list", "cat /(a+)+$/"),
            ("facets", "/(a|aa)+$/"),
        )
    ]
    lane = pack.patterns._lanes["prompts"]
    deadline = time.monotonic() + 20
    while lane._running is None or not lane._waiting:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert await found(quiet_client, "red") == ["0.png", "1.png"]
    assert await found(quiet_client, "file:/^[02]/") == ["0.png", "2.png"]
    await answer(await quiet_client.post("/holaf/images/facets", json={"search": "red"}))
    await answer(await quiet_client.get("/holaf/images/suggest", params={"text": "model:"}))
    assert not any(one.done() for one in exploding)
    pack.patterns.stop()
    for one in exploding:
        await answer(await one, 503)


async def test_suggestions_name_what_the_library_has(quiet_client, library):
    response = await quiet_client.get("/holaf/images/suggest", params={"text": "x model:"})
    data = await answer(response)
    assert (data["start"], data["end"]) == (8, 8)
    assert [(one["label"], one["count"]) for one in data["items"]] == [
        ("flux.safetensors", 2),
        ("none", 1),
        ("sd xl.safetensors", 1),
    ]


async def test_suggested_names_find_as_many_pictures_as_they_promise(quiet_client, library):
    response = await quiet_client.get("/holaf/images/suggest", params={"text": "model:"})
    for one in (await answer(response))["items"]:
        assert len(await found(quiet_client, "model:" + one["insert"])) == one["count"]


async def test_words_of_prompts_are_suggested_once_they_are_counted(quiet_client, library):
    deadline = time.monotonic() + 20
    items = []
    while not items:
        assert time.monotonic() < deadline
        response = await quiet_client.get("/holaf/images/suggest", params={"text": "cas"})
        items = [one for one in (await answer(response))["items"] if one["kind"] == "word"]
    assert items == [{"insert": "castle", "label": "castle", "kind": "word", "count": 2}]


@pytest.mark.parametrize(
    "params",
    [{"text": "a" * 10_001}, {"text": "a", "at": "-1"}, {"text": "a", "at": "x"}],
)
async def test_a_question_for_suggestions_that_makes_no_sense_is_refused(quiet_client, params):
    response = await quiet_client.get("/holaf/images/suggest", params=params)
    assert response.status in (400, 414)


async def test_facets_count_what_the_grid_would_show(quiet_client, library):
    response = await quiet_client.post(
        "/holaf/images/facets", json={"search": "red OR green", "names": ["model"]}
    )
    data = await answer(response)
    assert data["total"] == 3
    values = {one["value"]: one["count"] for one in data["facets"]["model"]["values"]}
    assert values == {"flux.safetensors": 2, "sd xl.safetensors": 1}


async def test_a_facet_that_does_not_exist_is_refused(quiet_client):
    response = await quiet_client.post("/holaf/images/facets", json={"names": ["smell"]})
    assert response.status == 400


async def test_a_picture_is_found_by_the_values_of_its_workflows_nodes(client, indexed):
    await indexed("a.png")
    await indexed("sub/b.png")
    # The view engine hears of a commit a moment after it.
    deadline = time.monotonic() + 20
    while len(await found(client, "")) < 2:
        assert time.monotonic() < deadline
    assert await found(client, "node:KSampler.steps>0") == ["a.png", "b.png"]
    assert await found(client, "node:KSampler.steps<0") == []
    assert await found(client, "node:SaveImage -node:NoSuchNode") == ["a.png", "b.png"]


# --- saved searches -----------------------------------------------------------------------------


async def saved(client):
    return (await answer(await client.get("/holaf/images/saved-searches")))["searches"]


async def save(client, name, query, status=200):
    response = await client.post(
        "/holaf/images/saved-searches/save", json={"name": name, "query": query}
    )
    return await answer(response, status)


async def test_a_search_is_kept_under_its_name(quiet_client):
    first = await save(quiet_client, "  my   cats ", {"search": "cat"})
    await save(quiet_client, "Best", {"search": "rating:5", "sort": "name_asc"})
    assert [(one["name"], one["query"]) for one in await saved(quiet_client)] == [
        ("Best", {"search": "rating:5", "sort": "name_asc"}),
        ("my cats", {"search": "cat"}),
    ]
    assert (await saved(quiet_client))[1]["id"] == first["id"]


async def test_saving_under_the_same_name_replaces(quiet_client):
    first = await save(quiet_client, "Cats", {"search": "cat"})
    second = await save(quiet_client, "cats", {"search": "kitten"})
    assert first == second
    assert [(one["name"], one["query"]) for one in await saved(quiet_client)] == [
        ("cats", {"search": "kitten"})
    ]


async def test_a_renamed_search_is_the_same_one(quiet_client):
    made = await save(quiet_client, "Cats", {"search": "cat"})
    await save(quiet_client, "Dogs", {"search": "dog"})
    url = "/holaf/images/saved-searches/rename"
    await answer(await quiet_client.post(url, json={**made, "name": " CATS "}))
    assert [(one["id"], one["name"], one["query"]) for one in await saved(quiet_client)][0] == (
        made["id"],
        "CATS",
        {"search": "cat"},
    )
    taken = await quiet_client.post(url, json={**made, "name": "dogs"})
    assert (taken.status, "“Dogs”" in (await taken.json())["error"]) == (409, True)
    assert (await quiet_client.post(url, json={**made, "name": ""})).status == 400
    for number, status in ((1 << 63, 404), (99, 404), ("1", 400), (None, 400)):
        response = await quiet_client.post(url, json={"id": number, "name": "x"})
        assert response.status == status


async def test_a_deleted_search_is_gone(quiet_client):
    made = await save(quiet_client, "Cats", {"search": "cat"})
    await answer(await quiet_client.post("/holaf/images/saved-searches/delete", json=made))
    assert await saved(quiet_client) == []
    again = await quiet_client.post("/holaf/images/saved-searches/delete", json=made)
    assert again.status == 404


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("", {}, "name"),
        ("  ", {}, "name"),
        (None, {}, "name"),
        ("a" * 81, {}, "name"),
        ("a\x07b", {}, "name"),
        ("a", None, "query"),
        ("a", [], "query"),
        ("a", {"search": "x" * 40_000}, "query"),
    ],
)
async def test_a_saved_search_needs_a_short_name_and_a_query(quiet_client, name, query, field):
    assert (await save(quiet_client, name, query, 400))["field"] == field
    assert await saved(quiet_client) == []


@pytest.mark.parametrize("number", [None, "1", 1.5, True, 1 << 70])
async def test_only_numbers_of_saved_searches_can_be_deleted(quiet_client, number):
    response = await quiet_client.post("/holaf/images/saved-searches/delete", json={"id": number})
    assert response.status in (400, 404)


async def test_there_is_an_end_to_saved_searches(quiet_client, monkeypatch):
    monkeypatch.setattr("holaf.holaf_image_searches.MOST_SEARCHES", 2)
    for name in ("a", "b", "a"):
        await save(quiet_client, name, {})
    assert "Delete one first" in (await save(quiet_client, "c", {}, 409))["error"]


async def test_every_tab_hears_that_the_saved_searches_changed(quiet_client, pack):
    heard = []
    changed = threading.Event()

    def listen(topic, data):
        if topic == "images.saved-searches":
            heard.append(data)
            changed.set()

    pack.events.subscribe(listen)
    made = await save(quiet_client, "Cats", {})
    assert changed.wait(10)
    await quiet_client.post("/holaf/images/saved-searches/delete", json=made)
    assert len(heard) == 2
    assert heard[0]["changed_at"] <= heard[1]["changed_at"]
