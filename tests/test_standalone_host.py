import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from holaf.holaf_standalone import default_data_dir, listen, main, standalone_host
from running_server import standalone

ROOT = Path(__file__).resolve().parents[1]


async def test_the_view_page_and_its_modules_are_served(client):
    page = await client.get("/holaf/view")
    assert page.status == 200
    assert "/standalone/view.js" in await page.text()
    assert (await client.get("/holaf/js/standalone/view.js")).status == 200


async def test_the_root_leads_to_the_gallery(client):
    response = await client.get("/", allow_redirects=False)
    assert response.status == 302
    assert response.headers["Location"] == "holaf/view"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_program_serves_and_ends_cleanly_when_told_to(folder, tmp_path, how):
    before = sorted(folder.rglob("*"))
    with standalone(folder, tmp_path / "data") as server:
        with urllib.request.urlopen(f"{server.url}/holaf/view") as page:
            assert b"<html" in page.read()
        assert server.stop(how) == 0
    assert "Traceback" not in "".join(server.lines)
    assert sorted(folder.rglob("*")) == before


def test_a_port_in_use_names_the_next_free_one():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=rf"Port {port} is in use.*--port {port + 2}"):
            listen(port, lambda other: other > port + 1)


def test_data_never_lies_among_the_pictures(folder):
    with pytest.raises(ValueError, match="inside the picture folder"):
        standalone_host(folder, folder / "data")


def test_two_picture_folders_do_not_share_their_data(tmp_path):
    first = standalone_host(tmp_path / "a" / "pictures", tmp_path / "data")
    second = standalone_host(tmp_path / "b" / "pictures", tmp_path / "data")
    assert first.data_dir != second.data_dir
    assert standalone_host(tmp_path / "a" / "pictures", tmp_path / "data") == first


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, "/home/ann/.local/share/Holaf Utilities"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/Holaf Utilities"),
        ("darwin", {}, "/home/ann/Library/Application Support/Holaf Utilities"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/Holaf Utilities"),
    ],
)
def test_data_is_kept_where_the_platform_keeps_it(platform, environ, expected):
    assert default_data_dir(platform, environ, Path("/home/ann")) == Path(expected)


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_an_impossible_port_is_refused_with_a_sentence(port):
    with pytest.raises(SystemExit, match="0 to 65535"):
        main(["--port", port, "--no-browser"])


def test_a_file_is_no_folder(folder, tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT, "--folder", folder / "a.png", "--data-dir", tmp_path / "d"]
        + ["--port", "0", "--no-browser"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "is a file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_tilde_in_the_data_folder_is_the_users_home(tmp_path, monkeypatch):
    asked = []

    def stop_here(folder, say):
        asked.append(folder)
        raise ValueError("far enough")

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setattr("holaf.sample_library.ensure", stop_here)
    with pytest.raises(SystemExit, match="far enough"):
        main(["--data-dir=~/data", "--port", "0", "--no-browser"])
    assert asked == [tmp_path / "data" / "Sample library"]
