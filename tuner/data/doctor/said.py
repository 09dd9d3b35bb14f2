"""Say what was found in a data set: lines for a terminal, and an object for programs."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tuner.data import told
from tuner.data.doctor.dataset import DataSet, lengths
from tuner.data.doctor.examine import Examined
from tuner.data.doctor.finding import Finding, Level

WIDTH = 100
FEW = 3
MARKS = {Level.MISTAKE: "✗", Level.WARNING: "!", Level.NOTE: "·"}


def lines(examined: Examined) -> Iterator[str]:
    """Yield the lines for a terminal."""
    data = examined.data
    plural = "" if len(data.names) == 1 else "es"
    yield f"{data.where}: {data.task}, {len(data.names)} class{plural} ({told.few(data.names)})"
    for row in splits(data):
        yield f"  {row['split']:<6}{row['images']:>8,} images {row['objects']:>8,} objects"
    for one in examined.findings:
        yield from _wrapped(one, data)
    yield counts(examined)


def counts(examined: Examined) -> str:
    """Return how many findings there are of each level."""
    found = [(sum(one.level is level for one in examined.findings), level) for level in Level]
    return ", ".join(f"{count} {level}{'' if count == 1 else 's'}" for count, level in found)


def short(path: str, data: DataSet) -> str:
    """Return a path as seen from where the data set is."""
    root = os.path.abspath(data.where if os.path.isdir(data.where) else os.path.dirname(data.where))
    return os.path.relpath(path, root) if os.path.abspath(path).startswith(f"{root}{os.sep}") else path


def _wrapped(one: Finding, data: DataSet) -> Iterator[str]:
    yield from textwrap.wrap(one.text, WIDTH, initial_indent=f"{MARKS[one.level]} ", subsequent_indent="  ")
    if one.level is Level.NOTE:
        return
    if one.advice:
        yield from textwrap.wrap(one.advice, WIDTH, initial_indent="    → ", subsequent_indent="      ")
    for i, group in enumerate(one.groups[:FEW]):
        note = f": {one.notes[i]}" if one.notes else ""
        yield f"      {' = '.join(short(path, data) for path in group)}{note}"
    if one.count > FEW:
        yield f"      … {one.count - FEW} more (--json, --html)"


def splits(data: DataSet) -> list[dict[str, Any]]:
    """Return the size of every split."""
    return [
        {"split": name, "images": len(samples), "objects": int(lengths(samples).sum())}
        for name, samples in data.splits.items()
    ]


def as_object(examined: Examined) -> dict[str, Any]:
    """Return all of it for a program."""
    data = examined.data
    return {
        "data": data.where,
        "task": data.task,
        "classes": list(data.names),
        "splits": splits(data),
        "objects": {split: {n: data.classes(split)[i] for i, n in enumerate(data.names)} for split in data.splits},
        "findings": [{**asdict(one), "groups": [list(group) for group in one.groups]} for one in examined.findings],
        "doubtful_labels": {
            split: [evidence.told(doubt) for doubt in evidence.doubtful] for split, evidence in examined.doubted.items()
        },
    }
