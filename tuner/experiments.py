"""The experiment table: what every trial reached and what it took, in columns that compare.

Columns are what the trials have: every metric at the epoch of the best score, F1 where there are precision and recall,
the size of the model (parameters in millions), its memory (GB), the time (minutes).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tuner.record import Record, repeats

PREFIX = re.compile(r"^(metrics|val)/")
HEAD = re.compile(r"\((?:B|M|P)\)$")
"""For which head of a YOLO a metric was logged: boxes, masks, poses."""
MILLION = 1e6


@dataclass(frozen=True)
class Table:
    """``rows`` holds a value, or None, for every one of ``columns``; ``trials`` are the trials of the rows."""

    columns: tuple[str, ...]
    trials: tuple[Record, ...]
    rows: tuple[tuple[float | str | None, ...], ...]


@dataclass(frozen=True)
class Repeat:
    """One setting trained with several seeds: the mean of its scores and their standard deviation (n − 1)."""

    trials: tuple[int, ...]
    mean: float
    spread: float


def table(records: Sequence[Record], objective: str = "") -> Table:
    """Return the table of all trials that have a score, with the metrics of the head that ``objective`` is of."""
    trials = [r for r in records if r.score is not None]
    named = dict.fromkeys(name for r in trials for name in r.metrics)
    head = HEAD.search(objective)
    names = [name for name in named if head is None or name.endswith(head[0])]
    short = {name: HEAD.sub("", PREFIX.sub("", name)) for name in names}
    if len(set(short.values())) < len(names):
        short = {name: name for name in names}
    columns: dict[str, Callable[[Record], float | str | None]] = {
        short[name]: lambda r, name=name: r.metrics.get(name)  # type: ignore[misc]
        for name in names
    }
    columns["F1"] = lambda r: f1({name: r.metrics[name] for name in names if name in r.metrics})
    columns["GFLOPs"] = lambda r: _number(r, "gflops")
    columns["Mparams"] = lambda r: _scaled(_number(r, "parameters"), MILLION)
    columns["epochs"] = lambda r: r.epochs
    columns["GB"] = lambda r: _number(r, "gpu_memory_gb")
    columns["min"] = lambda r: r.seconds / 60
    rows = [tuple(value(r) for value in columns.values()) for r in trials]
    kept = [i for i in range(len(columns)) if any(row[i] is not None for row in rows)]
    heads = tuple(columns)
    return Table(tuple(heads[i] for i in kept), tuple(trials), tuple(tuple(row[i] for i in kept) for row in rows))


def f1(metrics: Mapping[str, float]) -> float | None:
    """Return the harmonic mean of precision and recall where both were logged."""
    found = [next((v for name, v in metrics.items() if word in name.lower()), None) for word in ("precision", "recall")]
    precision, recall = found
    if precision is None or recall is None:
        return None
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def repeated(records: Sequence[Record]) -> list[Repeat]:
    """Return the settings that were trained with several seeds."""
    groups = [group for group in repeats(records) if len(group) > 1]
    return [_repeat(group) for group in groups]


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and standard deviation (n − 1; 0 for one value)."""
    mean = sum(values) / len(values)
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1))


def _repeat(group: Sequence[Record]) -> Repeat:
    return Repeat(tuple(r.number for r in group), *spread([r.score or 0.0 for r in group]))


def _number(record: Record, name: str) -> float | None:
    value = record.facts.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _scaled(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit
