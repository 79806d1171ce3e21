"""Ten clients scroll while files are indexed, come and go: every answer fits together."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from indexing import eventually, png
from running_server import standalone

CLIENTS = 10
SORTS = ("mtime_desc", "name_asc", "size_desc", "random_asc", "resolution_asc")


def fill(folder, numbers):
    for number in numbers:
        (folder / f"sub{number % 7}").mkdir(parents=True, exist_ok=True)
        path = folder / f"sub{number % 7}" / f"{number}.png"
        path.write_bytes(png(4 + number % 3, 4, shade=number))


def ask(server, path, body=None):
    """(status, data) of a JSON request."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(server.url + "/holaf/images/" + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def windows(server, view, total, starts, count=100):
    """The paths in those windows of a view; None when it was forgotten, as for any slow client."""
    found = []
    for start in starts:
        status, data = ask(server, f"rows?view={view}&from={start}&count={count}")
        if status == 404 and data.get("expired"):
            return None
        assert status == 200, data
        assert len(data["rows"]) == min(count, total - start)
        assert None not in data["rows"], "a window has a hole"
        found += [row["path_canon"] for row in data["rows"]]
    return found


def scroll(server, number, finished):
    """How many views were looked at; their totals only grow while no file goes."""
    looked, least = 0, 0
    while not finished.is_set() or not looked:
        asked = {"sort": SORTS[number % len(SORTS)], "random_seed": number}
        status, view = ask(server, "view", asked)
        assert status == 200, view
        assert view["total"] >= least
        least = total = view["total"]
        first = number * 97 % max(total - 250, 1)
        starts = [start for start in (first, first + 100) if start < total]
        found = windows(server, view["view"], total, starts)
        again = windows(server, view["view"], total, starts)
        if found is None or again is None:
            continue
        assert found == again, "a view changed"
        assert len(set(found)) == len(found), "a picture is there twice"
        looked += 1
    return looked


def test_ten_clients_that_scroll_during_an_index_get_answers_that_fit_together(tmp_path):
    folder, data = tmp_path / "pictures", tmp_path / "data"
    fill(folder, range(3000))
    finished = threading.Event()
    with standalone(folder, data) as server, ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(scroll, server, number, finished) for number in range(CLIENTS)]
        try:
            fill(folder, range(3000, 3300))
            eventually(lambda: total_of(server) == 3300, 120)
        finally:
            finished.set()
        assert all(client.result() for client in clients)
        for number in range(0, 3300, 11):
            (folder / f"sub{number % 7}" / f"{number}.png").unlink()
        eventually(lambda: total_of(server) == 3000, 60)
        eventually(lambda: ask(server, "index-status")[1]["state"] == "idle", 60)
        view = ask(server, "view", {"sort": "name_asc"})[1]
        listed = windows(server, view["view"], 3000, range(0, 3000, 100))
        assert sorted(listed) == sorted(
            path.relative_to(folder).as_posix() for path in folder.rglob("*.png")
        )
        assert "Traceback" not in "".join(server.lines)


def total_of(server):
    status, answer = ask(server, "list", {"limit": 1})
    assert status == 200, answer
    return answer["total_count"]
