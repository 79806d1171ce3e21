"""Which files beside a media file belong to it, and what XMP says."""

import pytest
from holaf.holaf_image_viewer_backend.sidecars import (
    Sidecars,
    find,
    names_beside,
    parse_xmp,
    read_text,
)
from media_files import XMP


def test_a_sidecar_named_for_the_whole_file_name_belongs_to_it():
    names = {"a.png", "a.png.txt", "a.png.json", "a.png.xmp"}
    assert find("a.png", names, {"a.png.edt"}) == Sidecars(
        "a.png.txt", "a.png.json", "a.png.xmp", "a.png.edt"
    )


def test_an_old_name_counts_where_no_other_media_file_claims_it():
    assert find("a.png", {"a.png", "a.txt", "a.json"}) == Sidecars("a.txt", "a.json")
    assert find("a.png", {"a.png"}, {"a.edt"}).edit == "a.edt"


@pytest.mark.parametrize("other", ["a.mp4", "a.PNG", "a.webp"])
def test_an_old_name_that_two_files_could_claim_belongs_to_neither(other):
    names = {"a.png", other, "a.txt", "a.json", "a.xmp", "a.edt"}
    assert find("a.png", names, {"a.edt"}) == Sidecars()


def test_the_new_name_wins_over_the_old_one():
    assert find("a.png", {"a.png", "a.txt", "a.png.txt"}).prompt == "a.png.txt"


def test_an_edit_beside_the_file_is_found_as_the_oldest_versions_wrote_it():
    assert find("a.png", {"a.png", "a.edt"}).edit == "../a.edt"


def test_the_names_beside_one_file_are_found_on_disk(tmp_path):
    for name in ("a.png", "a.mp4", "a.png.txt", "a.json", "b.txt"):
        (tmp_path / name).touch()
    (tmp_path / "edit").mkdir()
    (tmp_path / "edit" / "a.png.edt").touch()
    siblings, edits = names_beside(str(tmp_path / "a.png"))
    assert siblings == {"a.png", "a.mp4", "a.png.txt", "a.json"}
    assert edits == {"a.png.edt"}


def test_a_sidecar_is_read_in_the_encodings_that_editors_write(tmp_path):
    for data in ("fée".encode(), b"\xef\xbb\xbf" + "fée".encode(), "fée".encode("utf-16")):
        (tmp_path / "a.txt").write_bytes(data + b"")
        assert read_text(str(tmp_path), "a.txt") == "fée"
    (tmp_path / "a.txt").write_bytes(b"")
    assert read_text(str(tmp_path), "a.txt") is None
    assert read_text(str(tmp_path), "gone.txt") is None


def test_tags_and_rating_of_xmp_are_read():
    assert parse_xmp(XMP) == (["fox", "snow"], 4)


def test_a_rating_as_an_element_is_read_too():
    text = XMP.replace(' xmp:Rating="4">', "><xmp:Rating>5</xmp:Rating>")
    assert parse_xmp(text.encode())[1] == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<x",
        "no xml",
        '<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>',
        XMP.replace('"4"', '"many"').replace("dc:subject", "dc:other"),
        "\ud800",
    ],
)
def test_damaged_or_dangerous_xmp_says_nothing(text):
    assert parse_xmp(text) == ([], None)
