"""The pack inside a real ComfyUI: `--comfyui DIR` names a checkout whose requirements are met."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import real_comfyui
from comfy_page import ComfyPage
from playwright.sync_api import expect
from real_comfyui import Checkout, RealComfy, install, saved_files, until
from running_server import frontend_static

WORKFLOWS = Path(real_comfyui.__file__).with_name("workflows")
SAVING = [
    "image",
    "batch_two_saves",
    "animated_png",
    "animated_webp",
    "video",
    "video_graph",
    "webm",
    "audio",
]
GRAPH = json.loads((WORKFLOWS / "image_ui_1.58.1.json").read_text(encoding="utf-8"))
# How a browser, a careless script and an attacker may spell "the folder beside mine".
OUTSIDE = [
    "../__holaf/{}", "..%2F__holaf%2F{}", "%2e%2e%2f__holaf%2f{}", "..%252F__holaf%252F{}",
    "....//__holaf/{}", "..%5C__holaf%5C{}", "%2F..%2F__holaf%2F{}", "__holaf/{}",
    "__holaf%2F{}", "workflows%2F..%2F..%2F__holaf%2F{}", "%2e%2e/__holaf/{}", "{absolute}",
]  # fmt: skip


def prompt(name: str) -> dict:
    return json.loads((WORKFLOWS / f"{name}_api.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def checkout(request):
    folder = request.config.getoption("--comfyui")
    if not folder:
        pytest.skip("no ComfyUI: give its checkout with --comfyui DIR")
    return Checkout(Path(folder).resolve())


@pytest.fixture(scope="module", params=["1.27.10", "1.49.6", "1.58.1"])
def static(request, checkout):
    """The files of a frontend that is used with a ComfyUI of this age; None: the installed one."""
    if request.param not in checkout.frontends():
        pytest.skip(f"ComfyUI {checkout.version} is not used with frontend {request.param}")
    return frontend_static(request.config.getoption("--frontends"), request.param)


@pytest.fixture(scope="module")
def base(static, tmp_path_factory):
    base = tmp_path_factory.mktemp("comfyui")
    install(base)
    return base


@pytest.fixture(scope="module")
def real(checkout, base, static):
    with RealComfy(checkout, base, static) as server:
        # Its own greetings would lie over everything.
        settings = {"Comfy.TutorialCompleted": True, "Comfy.InstalledVersion": "9.9.9"}
        assert server.ask("/settings", settings)[0] == 200
        yield server


@pytest.fixture(scope="module")
def comfy(real, chromium):
    """ComfyUI's page with the gallery's panel open in it."""
    comfy = ComfyPage(chromium, real.url)
    page = comfy.open()
    comfy.run("Holaf.OpenGallery")
    page.wait_for_selector(".holaf-panel .holaf-images")
    yield comfy
    comfy.close()


@pytest.fixture(scope="module")
def view(real, comfy):
    """The gallery as a page of its own, in another tab of the same browser."""
    page = comfy.context.new_page()
    page.goto(f"{real.url}/holaf/view")
    return page


@pytest.fixture(autouse=True)
def no_complaints(request):
    yield
    if "comfy" in request.fixturenames:
        assert request.getfixturevalue("comfy").complaints() == []


def test_it_is_imported_without_a_word_and_its_time_is_known(real, capsys):
    imported = real_comfyui.IMPORTED.search(real.log)
    assert imported is not None, real.log
    assert imported.group(2) is None, real.log
    took = real_comfyui.TOOK.search(real.log)
    assert took is not None
    with capsys.disabled():
        sys.stdout.write(f"[imported in {took.group(1)} ms, the first time]")
    assert "Traceback" not in real.log


def test_an_empty_output_folder_says_what_will_come(comfy, view):
    for page in (comfy.page, view):
        state = re.compile(r"[Nn]othing|[Ee]mpty|[Nn]o ")
        expect(page.locator(".holaf-images")).to_contain_text(state)


@pytest.mark.parametrize("name", SAVING)
def test_what_a_queued_workflow_saves_appears_in_the_open_galleries(real, comfy, view, name):
    history = real.finished(real.queue(prompt(name), GRAPH))
    assert history["status"]["status_str"] == "success", history["status"]
    files = saved_files(history)
    assert files
    for file in files:
        for page in (comfy.page, view):
            tile = page.get_by_role("option", name=re.compile(re.escape(Path(file).name)))
            expect(tile).to_have_class(re.compile("holaf-ready"), timeout=30_000)
            page.wait_for_function(
                "(image) => image.complete && image.naturalWidth > 0",
                arg=tile.locator("img").element_handle(),
            )
        made = real.json(f"/holaf/images/metadata?path_canon={quote(file)}")
        assert made["workflow"], made
        texts = real.json(f"/holaf/images/metadata?raw=1&path_canon={quote(file)}")
        kept = {key.lower(): json.loads(text) for key, text in texts.items() if text[:1] == "{"}
        assert kept["prompt"] == prompt(name)
        assert kept["workflow"]["nodes"] == GRAPH["nodes"]


def test_the_details_say_how_it_was_made(checkout, static, comfy, view, shot):
    for name, page in (("panel", comfy.page), ("view", view)):
        page.locator(".holaf-tile").first.click()
        details = page.get_by_role("complementary", name="Details")
        if not details.is_visible():
            page.keyboard.press("i")
        expect(details.locator(".holaf-info-name")).to_be_visible()
        expect(details).to_contain_text("Workflow")
        shot(page, f"real {checkout.version} {static and static.parts[-3]} {name}")


LOADER = """() => app.loadGraphData({
    last_node_id: 2, last_link_id: 1, groups: [], config: {}, extra: {}, version: 0.4,
    links: [[1, 1, 0, 2, 0, "IMAGE"]],
    nodes: [
        {id: 1, type: "LoadImage", pos: [60, 120], size: [300, 320], flags: {}, order: 0, mode: 0,
            inputs: [], properties: {}, widgets_values: ["none.png", "image"],
            outputs: [{name: "IMAGE", type: "IMAGE", links: [1]},
                {name: "MASK", type: "MASK", links: null}]},
        {id: 2, type: "SaveImage", pos: [460, 120], size: [300, 320], flags: {}, order: 1, mode: 0,
            inputs: [{name: "images", type: "IMAGE", link: 1}], outputs: [], properties: {},
            widgets_values: ["sent"]}]})"""


def test_a_workflow_goes_back_to_the_canvas_and_a_picture_into_a_prompt_that_runs(
    real, comfy, view
):
    page = comfy.page
    graph = "(app.rootGraph ?? app.graph)"
    types = f"() => {graph}.nodes.map(({{type}}) => type).sort().join()"
    wanted = ",".join(sorted(one["type"] for one in GRAPH["nodes"]))
    page.evaluate(LOADER)

    def act(where, name):
        where.get_by_role("option", name=re.compile("^img_")).first.click()
        details = where.get_by_role("complementary", name="Details")
        if not details.is_visible():
            where.keyboard.press("i")
        details.get_by_role("button", name=name, exact=True).click()

    # From this page's own panel, and from the gallery in another tab.
    act(page, "Send to input")
    page.wait_for_function(f"() => /^img_/.test({graph}.getNodeById(1).widgets[0].value)")
    value = page.evaluate(f"() => {graph}.getNodeById(1).widgets[0].value")
    assert (real.base / "input" / value).is_file()
    queued = page.evaluate("async () => (await app.graphToPrompt()).output")
    assert queued["1"]["inputs"]["image"] == value
    history = real.finished(real.queue(queued))
    assert history["status"]["status_str"] == "success", history["status"]
    assert re.match("sent_", saved_files(history)[0])

    act(view, "Load workflow")
    asked = view.get_by_role("alertdialog", name="Replace what is on the canvas?")
    asked.get_by_role("button", name="Open in a new workflow tab").click()
    expect(view.locator(".holaf-toast", has_text="is on the canvas")).to_be_visible()
    assert page.evaluate(types) == wanted


def test_a_preview_is_no_picture_of_the_library(real):
    before = real.list()["total_count"]
    preview = {
        "1": {
            "class_type": "EmptyImage",
            "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 65535},
        },
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    real.finished(real.queue(preview))
    assert real.list()["total_count"] == before


def test_while_the_processor_runs_a_prompt_the_gallery_answers_and_holds_back(real, comfy):
    comfy.page.evaluate(
        """async () => {
            const { events } = await import("/holaf/js/core/events.js");
            globalThis.heard = [];
            events.on("thumbnails.status", (status) => globalThis.heard.push(status));
        }"""
    )
    running = real.queue(prompt("slow_cpu"))
    answers = 0
    for _ in until(180, "the slow prompt to end"):
        assert real.list()["total_count"] > 0
        assert real.ask("/holaf/view")[0] == 200
        answers += 1
        if running in real.json("/history"):
            break
    assert answers > 2, "it was over before anything was asked"
    assert real.finished(running)["status"]["status_str"] == "success"
    heard = "(paused) => globalThis.heard.some((one) => one.paused === paused)"
    comfy.page.wait_for_function(heard, arg=True)
    said = comfy.page.evaluate("() => globalThis.heard.find((one) => one.paused).message")
    assert "prompt is running" in said
    comfy.page.wait_for_function("() => globalThis.heard.at(-1).paused === false")
    tile = comfy.page.get_by_role("option", name=re.compile("slow_00001_"))
    expect(tile).to_have_class(re.compile("holaf-ready"))


def secrets_of(base: Path) -> dict[str, bytes]:
    folder = base / "user" / "__holaf"
    assert folder.stat().st_mode & 0o077 == 0
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert {"security.ini", "access.sqlite"} <= set(files)
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    return files


def reach_for_secrets(server: RealComfy, headers: dict[str, str]) -> None:
    before = secrets_of(server.base)
    marks = [before["security.ini"][:24], b"SQLite format 3"]
    for prefix in ("", "/api"):
        for name in before:
            absolute = quote(str(server.base / "user" / "__holaf" / name), safe="")
            for spelling in OUTSIDE:
                path = spelling.format(name, absolute=absolute)
                for method, data in (("GET", None), ("POST", b"x"), ("DELETE", None)):
                    url = f"{prefix}/userdata/{path}?overwrite=true"
                    _, body = server.ask(url, data, method, headers)
                    assert not any(mark in body for mark in marks), (method, url)
                move = f"{prefix}/userdata/{path}/move/stolen.txt"
                server.ask(move, b"", "POST", headers)
                over = f"{prefix}/userdata/x.txt/move/{path}?overwrite=true"
                server.ask(over, b"", "POST", headers)
                _, body = server.ask(f"{prefix}/userdata/stolen.txt", headers=headers)
                assert not any(mark in body for mark in marks), move
        for folder in ("..", "../__holaf", "__holaf", "..%2f__holaf", "/", ".", "..%252f__holaf"):
            for route in ("userdata?recurse=true&dir=", "v2/userdata?path="):
                _, body = server.ask(f"{prefix}/{route}{folder}", headers=headers)
                assert b"security.ini" not in body, (route, folder)
        for kind in ("output", "input", "temp"):
            for path in ("../user/__holaf/security.ini", "..%2Fuser%2F__holaf%2Fsecurity.ini"):
                _, body = server.ask(f"{prefix}/view?type={kind}&filename={path}", headers=headers)
                assert not any(mark in body for mark in marks)
                query = f"type={kind}&filename=security.ini&subfolder=../user/__holaf"
                _, body = server.ask(f"{prefix}/view?{query}", headers=headers)
                assert not any(mark in body for mark in marks)
    assert secrets_of(server.base) == before


def test_no_route_of_comfyui_reaches_our_secrets(real):
    real.ask("/userdata/x.txt", b"mine", "POST")
    reach_for_secrets(real, {})


def test_only_the_pack_s_own_files_are_written(real):
    pack = real.base / "custom_nodes" / "ComfyUI-Holaf-Utilities"
    new = [
        path.relative_to(pack)
        for path in pack.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        and not (real_comfyui.ROOT / path.relative_to(pack)).exists()
    ]  # fmt: skip
    assert new == []
    user = {path.name for path in (real.base / "user" / "default").iterdir()}
    assert "ComfyUI-Holaf-Utilities" in user


def test_control_c_ends_it_and_the_next_start_finds_everything(
    real, checkout, static, comfy, capsys
):
    def known(server: RealComfy) -> list:
        rows = server.json("/holaf/images/list", {"limit": 500})["images"]
        return sorted((row["path_canon"], row["id"], row["thumb_hash"]) for row in rows)

    for _ in until(60, "every thumbnail"):
        if real.json("/holaf/images/thumbnail-stats")["pending_count"] == 0:
            break
    before = known(real)
    stored = real.json("/holaf/images/thumbnail-stats")
    comfy.page.goto("about:blank")
    real.stop(signal.SIGINT, 20)
    assert real.process.returncode in (0, -signal.SIGINT, 130), real.log[-2000:]
    # ComfyUI has some of its own, for the requests of the test above.
    assert "custom_nodes/ComfyUI-Holaf-Utilities/holaf" not in real.log, real.log[-4000:]
    database = real.base / "user/default/ComfyUI-Holaf-Utilities/holaf_utilities.sqlite"
    with sqlite3.connect(database) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with RealComfy(checkout, real.base, static) as again:
        took = real_comfyui.TOOK.search(again.log)
        assert took is not None
        with capsys.disabled():
            sys.stdout.write(f"[imported in {took.group(1)} ms, the second time]")
        assert known(again) == before
        now = again.json("/holaf/images/thumbnail-stats")
        assert now["generated_thumbnails_count"] == stored["generated_thumbnails_count"]
        again.stop(signal.SIGINT, 20)


def test_with_many_users_nothing_needs_a_header_of_comfyuis(checkout, static, chromium, tmp_path):
    install(tmp_path)
    with RealComfy(checkout, tmp_path, static, "--multi-user") as server:
        user = server.json("/users", {"username": "ana"})
        headers = {"comfy-user": user}
        done = server.json("/prompt", {"prompt": prompt("image")}, headers=headers)
        file = saved_files(server.finished(done["prompt_id"]))[0]
        page = chromium.new_page()
        page.goto(f"{server.url}/holaf/view")
        tile = page.get_by_role("option", name=re.compile(re.escape(Path(file).name)))
        expect(tile).to_have_class(re.compile("holaf-ready"), timeout=30_000)
        page.close()
        assert server.list()["total_count"] == 1
        assert server.json("/api/holaf/images/list", {})["total_count"] == 1
        assert server.ask(f"/holaf/images/full?path_canon={quote(file)}")[0] == 200
        reach_for_secrets(server, headers)
        reach_for_secrets(server, {"comfy-user": "__holaf"})
        reach_for_secrets(server, {"comfy-user": "../__holaf"})
