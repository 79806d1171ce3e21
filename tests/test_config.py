"""The settings file, and the security switches beside it."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import pytest
from holaf.holaf_config import Config
from holaf.holaf_core.errors import BadRequest, Unavailable
from holaf.holaf_core.security import Security, parse_security


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def config(data, tmp_path):
    return Config(data, tmp_path / "system")


def test_saved_settings_are_there_after_a_restart_and_listeners_hear_them(config, data, tmp_path):
    heard = []
    config.on_change(heard.append)
    config.save({"gallery": {"tile_size": 300}, "appearance": {"theme": "dark"}})
    again = Config(data, tmp_path / "system").settings
    assert (again.gallery.tile_size, again.appearance.theme) == (300, "dark")
    assert again.gallery.layout == "justified"
    assert heard == [again]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"gallery": {"tile_size": 79}}, "gallery.tile_size"),
        ({"gallery": {"tile_size": 513}}, "gallery.tile_size"),
        ({"gallery": {"tile_size": 100.5}}, "gallery.tile_size"),
        ({"gallery": {"tile_size": True}}, "gallery.tile_size"),
        ({"gallery": {"tile_size": "200"}}, "gallery.tile_size"),
        ({"gallery": {"tile_size": 10**400}}, "gallery.tile_size"),
        ({"indexing": {"poll_seconds": float("nan")}}, "indexing.poll_seconds"),
        ({"gallery": {"layout": "spiral"}}, "gallery.layout"),
        ({"gallery": {"layout": "square\r\n[tools]\nterminal = yes"}}, "gallery.layout"),
        ({"gallery": {"layout": None}}, "gallery.layout"),
        ({"indexing": {"watch": 1}}, "indexing.watch"),
        ({"gallery": {"nonsense": 1}}, "gallery.nonsense"),
        ({"nonsense": {}}, "nonsense"),
        ({"terminal": {"enabled": True}}, "terminal"),
        ({"gallery": 7}, "gallery"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_saved(config, data, changes, field):
    with pytest.raises(BadRequest) as refused:
        config.save({"appearance": {"theme": "dark"}, **changes})
    assert refused.value.details == {"field": field}
    assert config.settings.appearance.theme == "system"
    assert not (data / "settings.json").exists()


def test_a_damaged_file_is_kept_aside_and_said(data, tmp_path, caplog):
    (data / "settings.json").write_text('{"gallery": {"tile')
    config = Config(data, tmp_path / "system")
    assert config.settings.gallery.tile_size == 200
    assert (data / "settings.json.broken").read_text() == '{"gallery": {"tile'
    assert "settings.json.broken" in caplog.text


def test_a_file_that_cannot_be_read_is_put_aside_rather_than_written_over(data, tmp_path):
    (data / "settings.json").mkdir()
    (data / "settings.json" / "kept").touch()
    config = Config(data, tmp_path / "system")
    config.save({"gallery": {"tile_size": 100}})
    assert Config(data, tmp_path / "system").settings.gallery.tile_size == 100
    assert (data / "settings.json.broken" / "kept").exists()


def test_one_wrong_value_in_the_file_takes_its_default_and_newer_settings_stay(data, tmp_path):
    stored = {"gallery": {"tile_size": 9, "layout": "square", "newer": 1}, "later": {"x": 2}}
    (data / "settings.json").write_text(json.dumps(stored))
    config = Config(data, tmp_path / "system")
    assert (config.settings.gallery.tile_size, config.settings.gallery.layout) == (200, "square")
    config.save({"appearance": {"theme": "light"}})
    kept = json.loads((data / "settings.json").read_text())
    assert kept["later"] == {"x": 2}
    assert kept["gallery"]["newer"] == 1


def test_an_earlier_config_ini_is_read_once_and_left_as_it_was(data, tmp_path):
    earlier = "[ImageViewerUI]\nthumbnail_size = 900\nthumbnail_fit = contain\n"
    earlier += "[Security]\npassword_hash = 00$11\n[Terminal]\nshell_command = sh\n"
    (data / "config.ini").write_text(earlier)
    config = Config(data, tmp_path / "system")
    assert (config.settings.gallery.tile_size, config.settings.gallery.layout) == (512, "contain")
    assert config.security == Security()
    assert (data / "config.ini").read_text() == earlier
    config.save({"gallery": {"tile_size": 100}})
    assert Config(data, tmp_path / "system").settings.gallery.tile_size == 100


def test_every_setting_describes_itself(config):
    schema = config.describe()
    assert schema["gallery"]["tile_size"] == {
        "type": "integer",
        "default": 200,
        "min": 80,
        "max": 512,
        "choices": None,
        "label": "Tile size",
        "help": "Height of a tile in pixels.",
    }
    assert all(about["label"] for keys in schema.values() for about in keys.values())


def test_a_disk_that_refuses_leaves_the_settings_as_they_were(config, data):
    data.rmdir()
    data.write_text("a file where the folder was")
    with pytest.raises(Unavailable):
        config.save({"gallery": {"tile_size": 100}})
    assert config.settings.gallery.tile_size == 200


def test_the_first_start_writes_a_commented_security_file(config, tmp_path):
    file = tmp_path / "system" / "security.ini"
    assert parse_security(file.read_text()) == Security() == config.security
    assert file.read_text().startswith("# Holaf Utilities")
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700


def test_security_is_read_again_on_reload(config, tmp_path):
    file = tmp_path / "system" / "security.ini"
    file.write_text("[tools]\nterminal = yes\n")
    assert not config.security.terminal
    assert config.reload().terminal
    assert config.security.terminal


def test_the_security_file_is_understood():
    found = parse_security(
        "\ufeff[access]\nallowed_hosts = Photos.Example.com, nas:8188\n"
        "allowed_origins = https://photos.example.com\n"
        "trusted_proxies = 127.0.0.1 10.0.0.0/8\n"
        "[roots]\nphotos = /mnt/photos # 2024\n".lstrip("\ufeff")
    )
    assert found.allowed_hosts == ("photos.example.com", "nas")
    assert [str(origin) for origin in found.allowed_origins] == ["https://photos.example.com"]
    assert [str(network) for network in found.trusted_proxies] == ["127.0.0.1/32", "10.0.0.0/8"]
    assert found.extra_roots == {"photos": Path("/mnt/photos # 2024")}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[access]\nsign_in_for_everything = perhaps", Security(sign_in_for_everything=True)),
        ("[access]\nallowed_hosts = *", Security()),
        ("[access]\nallowed_origins = null", Security()),
        ("[access]\ntrusted_proxies = 0.0.0.0/0", Security()),
        ("[access]\ntrusted_proxies = proxy.local", Security()),
        ("[tools]\nterminal = yes please", Security()),
        ("[tools]\nterminal = yes\nterminal = no", Security()),
        ("[access]\nterminal = yes", Security()),
        ("[tools]\nterminal", Security()),
        ("[roots]\noutput = /x", Security()),
        ("[roots]\nphotos = relative/path", Security()),
        ("[roots]\nc = /x", Security()),
        ("[roots]\n2024 = /x", Security()),
    ],
)
def test_a_line_that_is_not_understood_is_named_and_takes_the_safe_side(line, expected, caplog):
    with caplog.at_level(logging.ERROR, "holaf.access"):
        assert parse_security(line) == expected
    assert f"line {line.count(chr(10)) + 1}" in caplog.text
