"""Measures what the issues promise; `run.py bench` starts it."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from pathlib import Path

import browser  # noqa: F401 - registers its rows
import engine  # noqa: F401 - registers its rows
import gallery  # noqa: F401 - registers its rows
import golden  # noqa: F401 - registers its rows
import million  # noqa: F401 - registers its rows
import page_size  # noqa: F401 - registers its rows
import search  # noqa: F401 - registers its rows
import thumbs  # noqa: F401 - registers its rows
import viewer  # noqa: F401 - registers its rows
import viewer_judge  # noqa: F401 - registers its rows
import viewer_stage  # noqa: F401 - registers its rows
import viewer_templates  # noqa: F401 - registers its rows
from harness import BENCHES, Bench, Options, Row, machine


def main() -> int:
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="`gallery`, `gallery.first_index`")
    parser.add_argument("--rows", type=int, help="how many files or rows, instead of the default")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: a smoke test")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows here")
    parser.add_argument("--list", action="store_true", help="say which rows there are")
    parser.add_argument("--chromium", help=argparse.SUPPRESS)
    args = parser.parse_args()
    chosen = [bench for bench in BENCHES if selected(bench, args.names)]
    if args.list or not chosen:
        print("\n".join(bench.id for bench in BENCHES))
        return 0 if args.list else 2
    options = Options(rows=args.rows, quick=args.quick, chromium=args.chromium)
    rows: list[Row] = []
    failed = False
    for bench in chosen:
        print(f"… {bench.id}", file=sys.stderr, flush=True)
        started = time.monotonic()
        try:
            rows += bench.measure(options)
        except Exception:  # noqa: BLE001 - one row that cannot run must not hide the others
            failed = True
            traceback.print_exc()
        print(f"  {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    print(table(rows))
    if args.json:
        report = {"machine": machine(), "rows": [row.as_json() for row in rows]}
        args.json.write_text(json.dumps(report, indent=2), encoding="utf-8")
    return 1 if failed else 0


def selected(bench: Bench, names: list[str]) -> bool:
    return not names or any(bench.id == name or bench.id.startswith(f"{name}.") for name in names)


def table(rows: list[Row]) -> str:
    """The rows with their columns aligned."""
    lines = [("id", "value", "unit", "target", "floor", "ratio", "", "what")]
    for row in rows:
        found = row.as_json()
        lines.append(
            (
                row.id,
                number(row.value),
                row.unit,
                f"{row.target[0]} {number(row.target[1])}",
                "" if row.floor is None else number(row.floor),
                "" if found["ratio"] is None else f"{found['ratio']:.2f}",
                "ok" if found["ok"] else "MISSED",
                row.what,
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(7)]
    return "\n".join(
        "  ".join(
            (*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[7])
        )
        for line in lines
    )


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
