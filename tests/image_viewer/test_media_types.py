"""What a file is by its name and by its content, and what may be shown inline."""

import pytest
from holaf.holaf_image_viewer_backend import media_types
from holaf.holaf_image_viewer_backend.headers import read_header
from media_files import save_every_format, save_picture


def test_every_extension_names_a_format_with_a_kind_and_a_mime_type():
    for name, format_name in media_types.EXTENSIONS.items():
        assert name == name.lower()
        assert media_types.kind_of(format_name) in ("image", "video", "audio")
        assert media_types.mime_of(format_name).startswith(
            {"image": "image/", "video": "video/", "audio": "audio/"}[
                media_types.kind_of(format_name)
            ]
        )


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("A.PNG", "PNG"),
        (b"\xff.JpEg", "JPEG"),
        ("a.b.webm", "WEBM"),
        ("a.txt", None),
        (".png", None),
        ("png", None),
        ("a.png.exe", None),
        ("", None),
    ],
)
def test_the_last_extension_decides_in_any_case(name, format_name):
    assert media_types.format_of(name) == format_name


def test_the_content_of_every_format_is_recognised(tmp_path):
    for name, path in save_every_format(tmp_path).items():
        head = path.read_bytes()[:64]
        claimed = media_types.format_of(name)
        assert media_types.agrees(claimed, media_types.sniff(head)), name
        assert media_types.may_show_inline(name, head), name


def test_a_wrong_extension_is_said_and_the_content_decides(tmp_path):
    path = save_picture(tmp_path / "a.jpg").rename(tmp_path / "a.png")
    header = read_header(str(path), path.name)
    assert (header.format, header.width) == ("JPEG", 64)
    assert header.error == "The name says PNG, the content is JPEG."


def test_a_text_with_a_media_name_is_no_media(tmp_path):
    for name in ("a.png", "a.mp4", "a.mp3"):
        path = tmp_path / name
        path.write_bytes(b"<html><script>alert(1)</script></html>")
        header = read_header(str(path), name)
        assert header.format == media_types.format_of(name)
        assert "not a" in header.error
        assert header.width is None


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xml", "a.js", "a.css", "a", "a.png.html"])
def test_a_file_that_a_browser_would_run_is_never_shown_inline(name):
    assert media_types.may_show_inline(name) is False


@pytest.mark.parametrize(
    "head", [b"<svg xmlns=", b"  <!DOCTYPE html>", b"\xef\xbb\xbf<?xml version", b"<ScRiPt>"]
)
def test_a_page_named_like_a_picture_is_never_shown_inline(head):
    assert media_types.may_show_inline("a.png", head) is False
