import re
from pathlib import Path

from holaf.holaf_core.http import Routes
from holaf.holaf_core.tool import Tool

ROOT = Path(__file__).resolve().parents[1]


def test_python_and_javascript_name_the_same_tools(pack):
    listed = re.findall(r'^    id: "(\w+)"', (ROOT / "js" / "tools.js").read_text("utf-8"), re.M)
    assert listed == [tool.id for tool in pack.tools]


def test_every_tool_has_its_style_sheet(pack):
    sheets = re.findall(r'css: "(\w+)"', (ROOT / "js" / "tools.js").read_text("utf-8"))
    assert sheets
    for sheet in sheets:
        assert (ROOT / "js" / "css" / f"{sheet}.css").is_file()


def test_a_tool_that_fails_to_stop_does_not_keep_the_others_running(pack, caplog):
    stopped = []

    def fail():
        raise RuntimeError("stuck")

    pack.tools += [
        Tool("first", Routes("/a"), stop=lambda: stopped.append("first")),
        Tool("bad", Routes("/b"), stop=fail),
    ]
    pack.stop()
    assert stopped == ["first"]
    assert "bad did not stop cleanly" in caplog.text


def test_a_tool_that_fails_to_start_does_not_keep_the_others_or_the_server_from_it(pack, caplog):
    started = []

    def fail():
        raise RuntimeError("no thread left")

    pack.services[:] = []
    pack.tools[:] = [
        Tool("bad", Routes("/b"), start=fail),
        Tool("last", Routes("/a"), start=lambda: started.append("last")),
    ]
    pack.start()
    assert started == ["last"]
    assert "bad did not start" in caplog.text
