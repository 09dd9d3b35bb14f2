"""Write the bank: the curves by part, what was rejected, and the README."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.curve_bank.causes import LABELS
from scripts.curve_bank.halves import HALVES
from scripts.curve_bank.log import Row
from scripts.curve_bank.making import Made

COUNTS = "counts.{}.json"


def write(out: Path, half: str, label: str, made: Made) -> None:
    """Put the curves of a label into the file of its part, in place of those it holds of that label."""
    out.mkdir(parents=True, exist_ok=True)
    kept = [row for row in read_rows(out, half) if row["label"] != label] + made.rows
    kept.sort(key=lambda row: (list(LABELS).index(row["label"]), row["id"]))
    lines = (json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n" for row in kept)
    replace_text(out / f"{half}.jsonl", "".join(lines))
    counts = read_counts(out, half)
    counts[label] = {
        "accepted": len(made.rows),
        "rejected": dict(made.rejected.most_common()),
        "candidates": made.index,
        "seconds": round(made.seconds),
    }
    replace_text(out / COUNTS.format(half), json.dumps(counts, indent=1, ensure_ascii=False) + "\n")


def read(out: Path, half: str, label: str) -> Made:
    """Return what is made of a label so far."""
    count = read_counts(out, half).get(label)
    if not count:
        return Made()
    rows = [row for row in read_rows(out, half) if row["label"] == label]
    return Made(rows, Counter(count["rejected"]), count["candidates"], count["seconds"])


def read_rows(out: Path, half: str) -> list[Row]:
    path = out / f"{half}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def replace_text(path: Path, text: str) -> None:
    """Write so that a reader sees the old or the new file, never half of one."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def read_counts(out: Path, half: str) -> dict[str, Any]:
    path = out / COUNTS.format(half)
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def write_readme(out: Path) -> None:
    template = (Path(__file__).parent / "README.template.md").read_text(encoding="utf-8")
    replace_text(
        out / "README.md", template.replace("{{counts}}", table({half: read_counts(out, half) for half in HALVES}))
    )


def table(counts: dict[str, Any]) -> str:
    """Return a table of labels: accepted and rejected in each part."""
    halves = list(counts)
    lines = ["| label | " + " | ".join(f"{h} accepted | {h} rejected" for h in halves) + " |"]
    lines.append("|---|" + "--:|--:|" * len(halves))
    for label in LABELS:
        cells = []
        for half in halves:
            found = counts[half].get(label, {"accepted": 0, "rejected": {}})
            cells += [str(found["accepted"]), str(sum(found["rejected"].values()))]
        lines.append(f"| `{label}` | " + " | ".join(cells) + " |")
    totals = [str(sum(v["accepted"] for v in counts[h].values())) for h in halves]
    rejected = [str(sum(sum(v["rejected"].values()) for v in counts[h].values())) for h in halves]
    lines.append("| all | " + " | ".join(f"{a} | {r}" for a, r in zip(totals, rejected, strict=True)) + " |")
    return "\n".join(lines)
