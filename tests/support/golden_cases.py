"""Scores the metadata reader against tests/golden: see the README there for the rules.

`judge(case, answer)` compares what the info panel is told of a file with what a person read off
its graph. Each field is a `Verdict`: right, missed (unknown or partial where a value is expected)
or wrong (another value, and called certain).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import math
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media_files import chunk, png

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
# Where run.py puts those packages that are too large to be installed for a few small files.
TEMPLATES = ROOT / ".venv" / "templates"
RIGHT, MISSED, WRONG = "right", "missed", "wrong"


@dataclass(frozen=True)
class Case:
    name: str
    data: dict[str, Any]

    @property
    def by_others(self) -> bool:
        return bool(self.data["by_others"])

    def missing(self) -> str | None:
        """The package that the case needs and that is not here."""
        package = self.data.get("package")
        return package if package and template_folder(package) is None else None

    def texts(self) -> dict[str, str]:
        """The texts that the file carries, by key."""
        kind = self.data["kind"]
        if kind == "text":
            chunks = self.data["chunks"]
            return {key: t if isinstance(t, str) else json.dumps(t) for key, t in chunks.items()}
        graph = self.data.get("graph")
        if graph is None:
            folder = template_folder(self.data["package"])
            assert folder is not None
            graph = json.loads((folder / self.data["template"]).read_text(encoding="utf-8"))
        return {"prompt" if kind == "api" else "workflow": json.dumps(graph)}

    def write(self, folder: Path) -> Path:
        """A PNG with these texts. What decides which node saved it is its name."""
        path = folder / (Path(self.data.get("file_name") or "picture.png").stem + ".png")
        texts = self.texts().items()
        chunks = (
            chunk(b"iTXt", key.encode() + bytes(5) + text.encode("utf-8", "replace"))
            for key, text in texts
        )
        data = bytearray(png(*chunks))
        # Its size, not its pixels: only the header is read.
        struct.pack_into(">II", data, 16, self.data.get("width", 1), self.data.get("height", 1))
        path.write_bytes(data)
        return path


def cases() -> list[Case]:
    paths = sorted(GOLDEN.glob("*.json"))
    return [Case(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in paths]


def template_folder(package: str) -> Path | None:
    """Where the templates of a package such as "name==1.2" are: installed, or put by run.py."""
    name, _equals, version = package.partition("==")
    folders = [Path(os.environ.get("HOLAF_TEMPLATES", TEMPLATES)) / f"{name}-{version}"]
    try:
        if importlib.metadata.version(name) == version:
            found = importlib.util.find_spec(name.replace("-", "_"))
            inside = (found and found.submodule_search_locations) or ()
            folders += [Path(each) / "templates" for each in inside]
    except importlib.metadata.PackageNotFoundError:
        pass
    return next((each for each in folders if each.is_dir()), None)


@dataclass(frozen=True)
class Verdict:
    case: str
    field: str
    verdict: str
    expected: Any
    found: Any
    status: str

    def __str__(self) -> str:
        says = f"expected {self.expected!r}, found {self.found!r} ({self.status})"
        return f"{self.case}: {self.field}: {self.verdict}: {says}"


@dataclass
class Score:
    verdicts: list[Verdict]
    cases: int
    by_others: int
    skipped: int

    def of(self, verdict: str) -> list[Verdict]:
        return [each for each in self.verdicts if each.verdict == verdict]

    @property
    def percent(self) -> float:
        return 100 * len(self.of(RIGHT)) / len(self.verdicts) if self.verdicts else 0.0


def score(read: Callable[[str], dict[str, Any]], folder: Path) -> Score:
    """What `read(path)`, the pack's read_metadata, makes of every case."""
    verdicts: list[Verdict] = []
    skipped = counted = by_others = 0
    for case in cases():
        if case.missing():
            skipped += 1
            continue
        path = case.write(folder)
        verdicts += judge(case, read(str(path)))
        path.unlink()
        counted += 1
        by_others += case.by_others
    return Score(verdicts, counted, by_others, skipped)


def judge(case: Case, answer: dict[str, Any]) -> Iterator[Verdict]:
    """`answer`: what read_metadata says of the file."""
    for name, expected in case.data["expected"].items():
        if name == "samplers":
            yield from _passes(case, expected, answer["samplers"])
            continue
        if name in ("positive", "negative"):
            key = "prompt" if name == "positive" else "negative_prompt"
            value, status = answer[key], answer[f"{key}_status"]
            if value is None and status != "unknown":
                value = ""
        else:
            fact = answer["facts"].get(name) or {}
            value, status = fact.get("value"), fact.get("status", "unknown")
        yield _verdict(case, name, expected, value, status)


def _passes(case: Case, expected: list[dict[str, Any]], found: list[Any]) -> Iterator[Verdict]:
    if len(found) != len(expected):
        # A pass that did not make the picture is as wrong as a value that is not the picture's.
        verdict = WRONG if len(found) > len(expected) else MISSED
    else:
        verdict = RIGHT
    yield Verdict(case.name, "samplers", verdict, len(expected), len(found), "")
    for at, facts in enumerate(expected):
        given = found[at] if at < len(found) else {}
        for name, value in facts.items():
            fact = given.get(name) or {}
            field = f"samplers[{at}].{name}"
            said = fact.get("value"), fact.get("status", "unknown")
            yield _verdict(case, field, value, *said)


def _verdict(case: Case, field: str, expected: Any, value: Any, status: str) -> Verdict:
    if expected is None:
        verdict = WRONG if status == "ok" and value is not None else RIGHT
    elif status != "ok":
        verdict = MISSED
    else:
        verdict = RIGHT if same(expected, value) else WRONG
    return Verdict(case.name, field, verdict, expected, value, status)


def same(expected: Any, value: Any) -> bool:
    if isinstance(expected, bool) or expected is None:
        return expected is value
    if isinstance(expected, (int, float)):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and math.isclose(expected, value, rel_tol=1e-6, abs_tol=1e-9)
    if isinstance(expected, str):
        return isinstance(value, str) and expected.strip() == value.strip()
    if isinstance(expected, list):
        if not isinstance(value, list) or len(value) != len(expected):
            return False
        return all(same(*pair) for pair in zip(expected, value, strict=True))
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(
            same(each, value.get(key)) for key, each in expected.items()
        )
    return False
