"""One name for each file, and no way out of the roots."""

# Names that are no text need the functions that take bytes.
# ruff: noqa: PTH118, PTH123

from __future__ import annotations

import os
import sys

import pytest
from holaf.holaf_core.errors import NotFound
from holaf.holaf_core.host import Host
from holaf.holaf_image_viewer_backend.library_paths import (
    Library,
    Root,
    escape_name,
    escape_path,
    refused,
    roots_of,
    unescape_name,
    unescape_path,
)
from hypothesis import given
from hypothesis import strategies as st

posix_only = pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX only")

NAMES = st.binary(min_size=1, max_size=40).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
) | st.sampled_from(
    [b"%", b"%25", b"%FF", b"%3A", b"\xff", b"input:a", b"%2525", b"%\xff", b"a%C3"]
)


@pytest.fixture
def library(tmp_path):
    for name in ("output", "input"):
        (tmp_path / name).mkdir()
    return Library(
        [
            Root("output", "Output", tmp_path / "output"),
            Root("input", "Input", tmp_path / "input"),
        ]
    )


@posix_only
@given(NAMES)
def test_every_name_comes_back_from_its_canonical_form(name):
    raw = os.fsdecode(name)
    text = escape_name(raw)
    text.encode("utf-8")
    assert unescape_name(text) == raw


@posix_only
@given(NAMES, NAMES)
def test_two_names_never_share_a_canonical_form(one, other):
    if one != other:
        assert escape_name(os.fsdecode(one)) != escape_name(os.fsdecode(other))


@posix_only
@given(st.lists(NAMES, min_size=1, max_size=4))
def test_every_path_comes_back_and_names_exactly_one_root(names):
    raw = os.fsdecode(b"/".join(names))
    library = Library([Root("output", "", "/o"), Root("input", "", "/i"), Root("a", "", "/a")])
    for root in library.roots:
        canon = library.canon(root.id, raw)
        found, below = library.split(canon)
        assert (found.id, unescape_path(below)) == (root.id, raw)


@pytest.mark.parametrize(
    ("name", "canon"),
    [
        ("plain.png", "plain.png"),
        ("100%.png", "100%.png"),
        ("a%20b.png", "a%20b.png"),
        ("12:30.png", "12:30.png"),
        ("it's \n 🐈.png", "it's \n 🐈.png"),
        ("%FF.png", "%25FF.png"),
        ("%25.png", "%2525.png"),
        ("input:a.png", "input%3Aa.png"),
    ],
)
def test_ordinary_names_stay_as_they_are(name, canon):
    assert escape_name(name) == canon


@posix_only
def test_bytes_that_are_no_utf8_are_written_in_hexadecimal():
    assert escape_name(os.fsdecode(b"caf\xe9.png")) == "caf%E9.png"


@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes only UTF-8")
@pytest.mark.parametrize("name", [b"a\nb.png", b"it's.png", b"caf\xe9.png", b"%FF.png", b"input:x"])
def test_a_file_is_found_by_its_canonical_path(library, tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), b"output", name)
    with open(path, "wb") as file:
        file.write(b"x")
    canon = library.canon("output", name)
    assert os.fsencode(library.resolve(canon)) == path
    assert library.canon_of(os.fsdecode(path)) == canon


def test_a_root_other_than_output_is_named_before_the_path(library, tmp_path):
    (tmp_path / "input" / "sub").mkdir()
    (tmp_path / "input" / "sub" / "a.png").write_bytes(b"x")
    assert library.canon("input", "sub/a.png") == "input:sub/a.png"
    assert library.resolve("input:sub/a.png") == (tmp_path / "input/sub/a.png").resolve()


@pytest.mark.parametrize(
    "path",
    [
        "../secret.png",
        "sub/../../secret.png",
        "/etc/passwd",
        ".?./secret.png",
        "sub//a.png",
        "./a.png",
        "sub/.",
        "",
        "a\0.png",
        "nowhere:a.png",
        "\ud800.png",
        "missing.png",
        "%C3%A9.png",
        "a" * 5000,
    ],
)
def test_what_is_no_canonical_path_of_a_file_is_not_found(library, tmp_path, path):
    (tmp_path / "secret.png").write_bytes(b"x")
    (tmp_path / "output" / "sub").mkdir()
    (tmp_path / "output" / "sub" / "a.png").write_bytes(b"x")
    (tmp_path / "output" / "a.png").write_bytes(b"x")
    (tmp_path / "output" / "é.png").write_bytes(b"x")
    with pytest.raises(NotFound):
        library.resolve(path)


@posix_only
def test_links_that_lead_out_of_the_root_are_not_followed(library, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.png").write_bytes(b"x")
    (tmp_path / "output" / "real.png").write_bytes(b"x")
    (tmp_path / "output" / "out.png").symlink_to(tmp_path / "secret" / "a.png")
    (tmp_path / "output" / "folder").symlink_to(tmp_path / "secret")
    (tmp_path / "output" / "inside.png").symlink_to(tmp_path / "output" / "real.png")
    (tmp_path / "output" / "loop").symlink_to("loop")
    for path in ("out.png", "folder/a.png", "loop", "loop/a.png"):
        with pytest.raises(NotFound):
            library.resolve(path)
    assert library.resolve("inside.png").name == "real.png"


@posix_only
def test_a_root_may_itself_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "a.png").write_bytes(b"x")
    (tmp_path / "output").symlink_to(tmp_path / "disk")
    library = Library([Root("output", "", tmp_path / "output")])
    assert library.resolve("a.png") == tmp_path / "disk" / "a.png"
    assert library.canon_of(tmp_path / "output" / "a.png") == "a.png"
    assert library.canon_of(tmp_path / "disk" / "a.png") == "a.png"


def test_a_root_whose_name_begins_like_anothers_does_not_contain_it(tmp_path):
    (tmp_path / "output").mkdir()
    (tmp_path / "output2").mkdir()
    library = Library([Root("output", "", tmp_path / "output")])
    assert library.canon_of(tmp_path / "output2" / "a.png") is None


def test_of_two_nested_roots_the_inner_one_names_the_file(tmp_path):
    (tmp_path / "output" / "more").mkdir(parents=True)
    library = Library(
        [Root("output", "", tmp_path / "output"), Root("more", "", tmp_path / "output" / "more")]
    )
    assert library.canon_of(tmp_path / "output" / "more" / "a.png") == "more:a.png"


@pytest.mark.parametrize(
    "name",
    ["C:", "a.png:hidden", "nul", "NUL.png", "com1.txt", "COM¹", "a.", "a ", "a\\b", "a?", "x|y"],
)
def test_windows_names_with_another_meaning_are_refused(name):
    assert refused(name, windows=True)


@pytest.mark.parametrize("name", ["a.png", "nullify.png", "console.png", "com10.png", "ä.png"])
def test_ordinary_names_are_allowed_on_windows(name):
    assert not refused(name, windows=True)


def test_a_root_id_that_could_be_mistaken_is_refused(tmp_path):
    for root_id in ("", "A", "a:b", "a/b", "é", "1a"):
        with pytest.raises(ValueError, match="root id"):
            Root(root_id, "", tmp_path)
    with pytest.raises(ValueError, match="same id"):
        Library([Root("a", "", tmp_path), Root("a", "", tmp_path)])


def test_the_hosts_folders_come_first_and_cannot_be_replaced(tmp_path):
    host = Host("comfyui", tmp_path / "o", tmp_path, tmp_path, input_dir=tmp_path / "i")
    roots = roots_of(host, [("input", "x", tmp_path), ("more", "More", tmp_path / "m")])
    assert [(root.id, root.path.name) for root in roots] == [
        ("output", "o"),
        ("input", "i"),
        ("more", "m"),
    ]


def test_a_path_is_escaped_name_by_name():
    assert escape_path("a/%FF/input:b/c") == "a/%25FF/input%3Ab/c"
