"""How much of tests/golden, read off by hand, the metadata reader gets right."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from harness import SUPPORT, Options, Row, bench, load_pack

sys.path.append(str(SUPPORT))
import golden_cases  # noqa: E402


@bench("gallery.golden")
def golden(options: Options) -> list[Row]:
    load_pack()
    from holaf.holaf_image_viewer_backend.metadata import read_metadata

    with tempfile.TemporaryDirectory(prefix="holaf-bench-") as folder:
        score = golden_cases.score(read_metadata, Path(folder))
    wrong = score.of(golden_cases.WRONG)
    for verdict in wrong + score.of(golden_cases.MISSED):
        print(f"  {verdict}"[:300], file=sys.stderr)
    of = f"{score.cases} graphs and texts"
    if score.skipped:
        of += f" ({score.skipped} more need a package that is not here)"
    return [
        Row(
            "gallery.golden_right",
            f"fields right of {len(score.verdicts)} in {of}",
            score.percent,
            "%",
            (">=", 98),
        ),
        Row("gallery.golden_wrong", "fields wrong, and called certain", len(wrong), "", ("<=", 0)),
        Row("gallery.golden_others", "of them made by others", score.by_others, "", (">=", 20)),
        Row("gallery.golden_cases", "graphs and texts read", score.cases, "", (">=", 60)),
    ]
