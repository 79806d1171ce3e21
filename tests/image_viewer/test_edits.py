"""The three shapes of `.edt`, and what somebody may have written by hand."""

import json

import pytest

USUAL = {"playbackRate": 1.0, "targetFps": None, "interpolate": False}


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({"brightness": 1.2, "playbackRate": 0.5, "targetFps": 30},
         {"playbackRate": 0.5, "targetFps": 30.0}),
        ({"controls": [{"id": 1, "type": "hue"}], "playbackRate": 2, "interpolate": True},
         {"playbackRate": 2.0, "interpolate": True}),
        ({"v": 2, "zones": {}, "crop": {"x": 0}, "playbackRate": 1.5}, {"playbackRate": 1.5}),
        ({"playbackRate": "2", "targetFps": True, "interpolate": "yes"}, {}),
        ({"playbackRate": 1e9, "targetFps": -3}, {}),
        ({}, {}),
    ],
)  # fmt: skip
def test_each_shape_says_how_to_play_and_a_wrong_value_counts_as_none(data, wanted):
    from holaf.holaf_image_viewer_backend import edits

    assert edits.read(json.dumps(data)) == USUAL | wanted


@pytest.mark.parametrize("text", ["", "[1]", "{", "nul", "[" * 100_000, '{"playbackRate": NaN'])
def test_what_is_no_object_is_no_edit(text):
    from holaf.holaf_image_viewer_backend import edits

    assert edits.read(text) is None


async def test_the_page_is_told_the_edits_of_a_file_old_place_and_new(folder, client, indexed):
    for name in ("a.png", "sub/b.png"):
        id = (await indexed(name))["id"]
        response = await client.get(f"/holaf/images/load-edits?id={id}")
        assert await response.json() == {"edits": None}
    (folder / "a.edt").write_text('{"playbackRate": 2}')
    (folder / "sub" / "edit").mkdir()
    (folder / "sub" / "edit" / "b.png.edt").write_text('{"v": 2, "playbackRate": 0.25}')
    for name, rate in (("a.png", 2.0), ("sub/b.png", 0.25)):
        response = await client.get("/holaf/images/load-edits", params={"path_canon": name})
        assert (await response.json())["edits"]["playbackRate"] == rate
    (folder / "sub" / "edit" / "b.png.edt").unlink()
    (folder / "sub" / "edit" / "b.png.edt").symlink_to("/etc/passwd")
    response = await client.get("/holaf/images/load-edits", params={"path_canon": "sub/b.png"})
    assert await response.json() == {"edits": None}
    assert (await client.get("/holaf/images/load-edits?id=999")).status == 404
