"""What the comparing scripts share: outcomes kept between runs, mean differences with their intervals, tables."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scipy import stats

Outcome = dict[str, Any]


def read(path: Path | None, settings: dict[str, Any]) -> list[Outcome]:
    """Return the outcomes that ``path`` holds; raises SystemExit where they are of another setting."""
    if path is None or not path.exists():
        return []
    kept = json.loads(path.read_text())
    if kept["settings"] != settings:
        raise SystemExit(f"{path}: expected outcomes of {settings}, but got {kept['settings']}; choose another file")
    outcomes: list[Outcome] = kept["outcomes"]
    return outcomes


def write(path: Path | None, settings: dict[str, Any], ordered: Sequence[Outcome]) -> None:
    """Write settings and outcomes, a line each, so that a reader sees the old or the new file, never half of one."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    lines = ",\n".join(json.dumps(o) for o in ordered)
    part.write_text(f'{{"settings": {json.dumps(settings)}, "outcomes": [\n{lines}\n]}}\n')
    part.replace(path)


def interval(gaps: Sequence[float], digits: int = 3) -> str:
    """Return the mean of differences and its 95 % interval: Student's t over the pairs."""
    if not gaps:
        return "-"
    mean = statistics.mean(gaps)
    if len(gaps) < 2:
        return f"{mean:+.{digits}f}"
    half = float(stats.t.ppf(0.975, len(gaps) - 1)) * statistics.stdev(gaps) / math.sqrt(len(gaps))
    return f"{mean:+.{digits}f} [{mean - half:+.{digits}f}, {mean + half:+.{digits}f}]"


def markdown(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
