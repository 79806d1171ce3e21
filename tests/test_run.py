"""The launcher, without a network: what it decides, and what it tells the user."""

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run(monkeypatch, tmp_path):
    """The launcher as a module, its .venv in a folder of the test's, its commands recorded."""
    spec = importlib.util.spec_from_file_location("holaf_run", ROOT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    for name, value in {
        "ROOT": tmp_path,
        "VENV": venv,
        "PYTHON": venv / "bin" / "python",
        "NODE_FOLDER": venv / "node",
    }.items():
        monkeypatch.setattr(module, name, value)
    module.ran = []
    module.ran_in = []
    module.exit_code = 0

    def record(command, cwd=None):
        module.ran.append([str(part) for part in command])
        module.ran_in.append(cwd)
        return module.exit_code

    monkeypatch.setattr(module, "run", record)
    venv.mkdir()
    (tmp_path / "requirements.txt").write_text("aiohttp\n")
    return module


def test_the_launcher_imports_the_standard_library_only():
    tree = ast.parse((ROOT / "run.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            assert node.module.split(".")[0] in sys.stdlib_module_names


def test_an_older_python_can_read_the_launcher_as_far_as_the_sentence_about_it():
    text = (ROOT / "run.py").read_text(encoding="utf-8")
    assert text.index("sys.version_info") < text.index("import argparse")
    # 3.7 is the oldest grammar that this Python can still check.
    ast.parse(text, feature_version=(3, 7))


def test_requirements_are_installed_once_and_again_when_they_change(run):
    requirements = run.ROOT / "requirements.txt"
    run.install(requirements)
    run.install(requirements)
    assert len(run.ran) == 1
    requirements.write_text("aiohttp>=3.11\n")
    run.install(requirements)
    assert len(run.ran) == 2
    assert run.ran[1][-2:] == ["-r", str(requirements)]


def test_an_interrupted_installation_is_done_again(run):
    requirements = run.ROOT / "requirements.txt"
    run.exit_code = 1
    with pytest.raises(run.Problem, match="pip could not install requirements.txt"):
        run.install(requirements)
    run.exit_code = 0
    run.install(requirements)
    assert len(run.ran) == 2


def test_python_without_venv_says_what_to_install(run, monkeypatch):
    monkeypatch.setattr(run.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 1))
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(run.Problem, match="apt install python3-venv"):
        run.make_venv()
    assert not (run.VENV / "holaf.made").exists()


def test_virtualenv_stands_in_for_a_missing_venv(run, monkeypatch):
    monkeypatch.setattr(run.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 1))
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: name == "virtualenv" or None)
    run.make_venv()
    assert run.ran[0][:3] == [sys.executable, "-m", "virtualenv"]


def test_a_failed_step_fails_the_whole_and_the_others_still_run(run, monkeypatch, capsys):
    codes = iter([0, 1, 5])
    monkeypatch.setattr(run, "run", lambda command: next(codes))
    assert run.steps(("one", []), ("two", []), ("three", [], {5})) == 1
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "one: passed",
        "two: FAILED",
        "three: passed",
    ]


def test_a_problem_is_a_sentence_and_no_traceback(run, monkeypatch, capsys):
    def fail(argv):
        raise run.Problem("Install this first.")

    monkeypatch.setitem(run.COMMANDS, "lint", fail)
    assert run.main(["lint"]) == 1
    assert capsys.readouterr().err == "\nInstall this first.\n"


def test_what_is_not_a_command_is_for_the_server(run, monkeypatch):
    seen = []
    monkeypatch.setitem(run.COMMANDS, "serve", lambda argv: seen.append(argv) or 0)
    run.main(["--port", "9000"])
    run.main([])
    assert seen == [["--port", "9000"], []]


def test_a_relative_folder_is_below_the_users_own_folder(run, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    run.serve(["--folder", "pictures"])
    assert run.ran[-1][-2:] == ["--folder", "pictures"]
    assert run.ran_in[-1] == elsewhere


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
def test_whoever_ends_the_launcher_ends_what_it_started():
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    launcher = (
        "import runpy, sys\n"
        f"run = runpy.run_path({str(ROOT / 'run.py')!r})['run']\n"
        f"sys.exit(run([sys.executable, '-c', {child!r}]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", launcher], stdout=subprocess.PIPE, text=True
    ) as process:
        pid = int(process.stdout.readline())
        process.terminate()
        process.wait(30)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
