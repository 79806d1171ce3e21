"""How many of ComfyUI's own workflow templates give their prompt."""

from __future__ import annotations

import sys

from harness import SUPPORT, Options, Row, bench, load_pack

sys.path.append(str(SUPPORT))


@bench("viewer.templates")
def templates(options: Options) -> list[Row]:
    load_pack()
    import workflow_templates

    results = [workflow_templates.traced(path) for path in workflow_templates.files()]
    if not results:
        raise FileNotFoundError(f"{workflow_templates.PACKAGE} is not installed")
    asked = [each for each in results if each.encodes]
    found = [each for each in asked if each.found]
    certain = sum(each.certain for each in found)
    failed = [each for each in results if each.failed]
    for each in failed:
        print(f"  failed: {each.name}: {each.failed}", file=sys.stderr)
    for each in asked:
        if not each.found:
            print(f"  no positive prompt: {each.name}", file=sys.stderr)
    graphs = sum(each.kind == "ui" for each in results)
    return [
        Row("viewer.templates_read", "UI graphs among them", graphs, "", (">=", 600)),
        Row("viewer.templates_failed", "of all, an exception", len(failed), "", ("<=", 0)),
        Row(
            "viewer.templates",
            f"positive prompt found ({certain} certain) of {len(asked)} with encoder and sampler",
            100 * len(found) / len(asked),
            "%",
            (">=", 90),
        ),
    ]
