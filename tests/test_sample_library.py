import datetime
import json

import av
import numpy as np
import pytest
from holaf import sample_library
from holaf.sample_library import contents, files, graphs, pictures
from PIL import Image


@pytest.mark.parametrize("kind", list(pictures.PAINTERS))
@pytest.mark.parametrize("size", [(96, 64), (64, 128)])
def test_every_painter_fills_any_shape_with_something_to_see(kind, size):
    picture = pictures.paint(kind, size, "dusk", 5)
    assert picture.size == size
    assert np.asarray(picture).std() > 5
    assert picture.tobytes() == pictures.paint(kind, size, "dusk", 5).tobytes()


def test_the_library_is_always_the_same_list_over_the_last_three_months():
    items = contents.items()
    assert items == contents.items()
    assert len({item.path for item in items}) == len(items)
    assert 60 <= len(items) <= 100
    assert {item.path[-4:] for item in items} == {".png", ".jpg", "webp"}
    assert max(item.age_days for item in items) > 60
    assert min(item.age_days for item in items) == 0


def test_no_file_is_from_the_future():
    now = datetime.datetime(2026, 3, 1, 0, 5)
    for name in ("a", "b", "c"):
        assert contents.moment(now, 0, name) <= now.timestamp()
        assert contents.moment(now, 3, name) == contents.moment(now, 3, name)


@pytest.mark.parametrize("build", [graphs.text_to_image, graphs.flux])
def test_every_link_of_a_workflow_joins_an_output_with_an_input_of_its_type(build):
    recipe = contents.items()[0].recipe
    workflow = build(recipe).workflow()
    nodes = {node["id"]: node for node in workflow["nodes"]}
    assert workflow["links"]
    for link, source, output, target, slot, kind in workflow["links"]:
        assert link in nodes[source]["outputs"][output]["links"]
        assert nodes[source]["outputs"][output]["type"] == kind
        assert nodes[target]["inputs"][slot]["link"] == link


@pytest.mark.parametrize("name", ["a.webp", "a.jpg"])
def test_a_picture_carries_its_graph_as_comfyui_writes_it(tmp_path, name):
    item = contents.items()[0]
    files.save_with_exif(tmp_path / name, Image.new("RGB", (8, 8)), graphs.flux(item.recipe))
    exif = Image.open(tmp_path / name).getexif()
    kind, _, prompt = exif[files.MODEL].partition(":")
    assert kind == "prompt"
    assert json.loads(prompt) == graphs.flux(item.recipe).nodes


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_a_video_carries_its_graph_as_comfyui_writes_it(tmp_path, name):
    graph = contents.graph_of(contents.items()[0].recipe)
    files.save_video(tmp_path / name, contents.pulse(64, 64, 4), 24, graph)
    with av.open(str(tmp_path / name)) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
        assert json.loads(tags["prompt"]) == graph.nodes
        assert sum(1 for _ in container.decode(video=0)) == 4


def test_a_finished_library_stays_as_its_user_left_it(tmp_path):
    (tmp_path / sample_library.DONE).touch()
    assert sample_library.ensure(tmp_path, lambda line: None) == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == [sample_library.DONE]
