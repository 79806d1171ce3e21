"""Listing and serving pictures over HTTP, as the gallery and outside clients do it."""

import asyncio
import struct

import numpy as np
import pytest
from library_rows import indexed_file

ROW = {
    "id",
    "path_canon",
    "filename",
    "subfolder",
    "format",
    "mtime",
    "size_bytes",
    "width",
    "height",
    "is_trashed",
    "has_edit_file",
    "has_workflow",
    "has_prompt",
    "has_tags",
    "thumb_hash",
    "thumbnail_status",
}


@pytest.fixture
def rows(pack):
    """Fills the library with rows that have no file."""

    async def fill(count, **changes):
        files = [indexed_file(n, **changes) for n in range(count)]
        return (await asyncio.to_thread(pack.images.store, files)).added_ids

    return fill


async def post(client, path, data):
    response = await client.post("/holaf/images/" + path, json=data)
    return response.status, await response.json()


async def test_a_list_has_the_shape_that_users_know(quiet_client, rows):
    await rows(3)
    status, data = await post(quiet_client, "list", {})
    assert status == 200
    assert (data["filtered_count"], data["total_count"]) == (3, 3)
    assert set(data["images"][0]) >= ROW


async def test_the_total_counts_everything_and_the_filtered_count_all_matches(quiet_client, rows):
    await rows(50)
    query = {"format_filters": ["png"], "limit": 2, "offset": 1}
    _, data = await post(quiet_client, "list", query)
    _, everything = await post(quiet_client, "list", {"format_filters": ["png"], "limit": 5000})
    assert data["total_count"] == 50
    assert data["filtered_count"] == len(everything["images"]) < 50
    assert data["images"] == everything["images"][1:3]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"offset": -1}, "offset"),
        ({"limit": -5}, "limit"),
        ({"colour_filter": ["red"]}, "colour_filter"),
        ({"bool_filters": []}, "bool_filters"),
    ],
)
async def test_a_query_that_means_nothing_is_refused_with_its_field(quiet_client, query, field):
    status, data = await post(quiet_client, "list", query)
    assert status == 400
    assert data["field"] == field
    assert data["error"]


async def test_a_limit_of_a_billion_is_cut_to_5000(quiet_client, rows):
    await rows(5100)
    _, data = await post(quiet_client, "list", {"limit": 10**9})
    assert len(data["images"]) == 5000


async def test_an_offset_behind_the_end_gives_an_empty_window(quiet_client, rows):
    await rows(5)
    _, data = await post(quiet_client, "list", {"offset": 10**12})
    assert (data["images"], data["filtered_count"]) == ([], 5)


async def test_a_view_its_layout_and_its_rows_agree(quiet_client, rows):
    await rows(300)
    asked = {"sort": "mtime_desc", "group": "day", "first": 40}
    _, view = await post(quiet_client, "view", asked)
    layout = await (await quiet_client.get(f"/holaf/images/view/{view['view']}/layout")).read()
    (count,) = struct.unpack_from("<I", layout)
    ids = np.frombuffer(layout, "<u4", count, 4).tolist()
    assert count == view["total"] == 300
    assert view["first"] == {"ids": ids[:40], "aspects": list(layout[4 + 4 * count :][:40])}
    assert sum(group["count"] for group in view["groups"]) == 300
    window = {"view": view["view"], "from": "250", "count": "100"}
    answer = await (await quiet_client.get("/holaf/images/rows", params=window)).json()
    assert [row["id"] for row in answer["rows"]] == ids[250:]
    where = {"view": view["view"], "id": str(ids[7])}
    found = await (await quiet_client.get("/holaf/images/locate", params=where)).json()
    assert found == {"position": 7}


async def test_a_row_that_went_away_leaves_its_place_empty(quiet_client, rows, pack):
    await rows(3)
    _, view = await post(quiet_client, "view", {})
    await asyncio.to_thread(pack.images.store, removed=[indexed_file(1).path_canon])
    window = {"view": view["view"], "from": "0", "count": "3"}
    answer = await (await quiet_client.get("/holaf/images/rows", params=window)).json()
    assert sum(row is None for row in answer["rows"]) == 1


async def test_a_change_comes_as_a_patch_of_the_view_the_page_has(quiet_client, rows, pack):
    await rows(20)
    _, old = await post(quiet_client, "view", {"group": "day"})
    newest = indexed_file(99, mtime_ns=2 * 10**18)
    (new_id,) = (await asyncio.to_thread(pack.images.store, [newest])).added_ids
    _, new = await post(quiet_client, "view", {"group": "day", "since": old["view"]})
    assert new["patch"]["from"] == old["view"]
    assert [one[:2] for one in new["patch"]["inserted"]] == [[0, new_id]]
    assert new["patch"]["groups"]["between"] == [["2033-05-18", "2033-05-18", 1]]
    assert "groups" not in new, "the page has them"


@pytest.mark.parametrize("first", [-1, 501, True, "3", None])
async def test_a_first_screen_that_is_none_is_refused(quiet_client, first):
    status, answer = await post(quiet_client, "view", {"first": first})
    assert (status, answer["field"]) == (400, "first")


@pytest.mark.parametrize("path", ["view/nosuch/layout", "rows?view=nosuch&from=0&count=1"])
async def test_an_expired_view_says_so(quiet_client, path):
    response = await quiet_client.get("/holaf/images/" + path)
    assert response.status == 404
    assert (await response.json())["expired"] is True


@pytest.mark.parametrize("query", ["from=-1&count=1", "from=0&count=501", "from=0&count=x", ""])
async def test_a_window_that_is_no_window_is_refused(quiet_client, rows, query):
    _, view = await post(quiet_client, "view", {})
    response = await quiet_client.get(f"/holaf/images/rows?view={view['view']}&{query}")
    assert response.status == 400


async def test_an_original_is_served_by_id_and_by_path_and_in_ranges(client, indexed, folder):
    row = await indexed("sub/b.png")
    whole = (folder / "sub" / "b.png").read_bytes()
    for query in (f"id={row['id']}", "path_canon=sub/b.png"):
        response = await client.get(f"/holaf/images/full?{query}")
        assert await response.read() == whole
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    part = await client.get(f"/holaf/images/full?id={row['id']}", headers={"Range": "bytes=8-15"})
    assert part.status == 206
    assert await part.read() == whole[8:16]


async def test_a_page_that_is_called_a_picture_is_sent_as_a_download(client, indexed, folder):
    (folder / "page.png").write_bytes(b"<!DOCTYPE html><script>alert(1)</script>")
    row = await indexed("page.png")
    response = await client.get(f"/holaf/images/full?id={row['id']}")
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "path",
    ["../secret.png", ".?./secret.png", "/etc/passwd", "x.html", "sub/../../secret.png", "%00", ""],
)
async def test_what_is_not_in_the_gallery_is_not_served(client, indexed, folder, path):
    (folder.parent / "secret.png").write_bytes(b"secret")
    (folder / "x.html").write_text("<script>alert(1)</script>")
    await indexed("a.png")
    response = await client.get("/holaf/images/full", params={"path_canon": path})
    assert response.status == 404


async def test_an_indexed_file_that_became_a_link_out_of_the_root_is_not_served(
    client, indexed, folder
):
    row = await indexed("a.png")
    (folder.parent / "secret.png").write_bytes(b"secret")
    (folder / "a.png").unlink()
    (folder / "a.png").symlink_to(folder.parent / "secret.png")
    assert (await client.get(f"/holaf/images/full?id={row['id']}")).status == 404


async def test_the_filter_options_count_folders_formats_and_roots(quiet_client, rows):
    await rows(40)
    data = await (await quiet_client.get("/holaf/images/filter-options")).json()
    assert sum(one["count"] for one in data["subfolders"]) == 40
    assert sum(one["count"] for one in data["formats"]) == 40
    assert {"output"} <= {root["id"] for root in data["roots"]}
    assert data["last_update_time"] > 0


async def test_every_folder_is_filtered_by_the_name_that_the_options_have(quiet_client, rows):
    await rows(40)
    data = await (await quiet_client.get("/holaf/images/filter-options")).json()
    folders = {one["path"]: one for one in data["subfolders"]}
    assert folders["root"]["folder"] == ""
    for path, one in folders.items():
        inside = [path, *(other for other in folders if other.startswith(f"{path}/"))]
        _, found = await post(quiet_client, "list", {"folder_filters": [path]})
        assert found["filtered_count"] == sum(folders[other]["count"] for other in inside), one


async def test_a_folder_called_root_is_another_one_than_the_output_folder_itself(
    pack, quiet_client
):
    folders = {"": 1, "root": 2, "root/x": 4, "roots": 8}
    all_of_them = [name for name, count in folders.items() for _ in range(count)]
    files = [indexed_file(number, folder=name) for number, name in enumerate(all_of_them)]
    await asyncio.to_thread(pack.images.store, files)
    data = await (await quiet_client.get("/holaf/images/filter-options")).json()
    names = {one["folder"]: one["path"] for one in data["subfolders"]}
    counts = {}
    for folder, path in names.items():
        _, found = await post(quiet_client, "list", {"folder_filters": [path]})
        counts[folder] = found["filtered_count"]
    assert counts == {"": 1, "root": 6, "root/x": 4, "roots": 8}


async def test_200_clients_at_once_all_get_their_window(quiet_client, rows):
    await rows(2000)
    answers = await asyncio.gather(
        *(post(quiet_client, "list", {"offset": n * 7, "limit": 50}) for n in range(200))
    )
    assert [status for status, _ in answers] == [200] * 200
    assert all(len(data["images"]) == 50 for _, data in answers)
