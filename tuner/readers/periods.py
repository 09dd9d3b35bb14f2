"""The runs of a log, and the periods of a run: an epoch, or the steps up to an evaluation, as one row.

Detectors count in rows, so a row has to be a stretch of training of about the same length each time. Where a log has
whole epochs, they are the rows; where it counts steps only, the evaluations end them; and where there is neither,
blocks of steps do, and the rows carry the number of their last step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tuner.curve import FloatArray, IntArray, Kind
from tuner.readers import columns, splice
from tuner.readers.table import Cell, Column, Table
from tuner.spec import LogError

FEW_EPOCHS = 5
"""With fewer epochs than this, steps are looked at where they are finer: hardly any rule speaks about four rows."""

FINER = 4
"""Steps are finer than epochs where there are this many times as many."""

FEW_EVALUATIONS = 5
MAX_ROWS = 200
"""More distinct steps than this are read as blocks, at least 100 of them: about as many as epochs of a long run."""

MAX_RUNS = 1000
SCALE = 2.0**-32

MEANT = {Kind.TRAIN_LOSS, Kind.OTHER}
"""What is averaged over a period; of an evaluation, a rate or a clock the last value counts."""


class Rows(NamedTuple):
    """A table of one row a period, the column that numbers them, whether it holds epochs, and remarks."""

    table: Table
    counter: str | None
    by_epoch: bool
    remarks: list[str]


def numeric(table: Table) -> Table:
    """Return the table with numbers only: cells and columns of text are gone; what a header names may yet be empty."""
    found = {name: (_numbers(column), column) for name, column in table.columns.items()}
    kept = {
        name: new for name, (new, old) in found.items() if len(new.cells) or (table.complete and not len(old.cells))
    }
    return replace(table, columns=kept)


def _numbers(column: Column) -> Column:
    if isinstance(column.cells, np.ndarray):
        return Column(np.asarray(column.rows, dtype=np.int64), column.cells)
    try:
        values = np.fromiter(map(float, column.cells), dtype=np.float64, count=len(column.cells))
        return Column(np.asarray(column.rows, dtype=np.int64), values)
    except (ValueError, OverflowError):
        found = [
            (row, value)
            for row, cell in zip(column.rows, column.cells, strict=True)
            if (value := number(cell)) is not None
        ]
        return Column(
            np.array([r for r, _ in found], dtype=np.int64), np.array([v for _, v in found], dtype=np.float64)
        )


def number(cell: Cell) -> float | None:
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return None


def split(table: Table, options: Mapping[str, Any], *, single: bool = False) -> list[Table]:
    """Return the runs of a log of numbers: where the counter falls back to where it began, another run was appended.

    ``single`` says that the format writes one row an epoch, so that an epoch logged again also begins a run.
    """
    name, _ = _counter(table, options)
    if name is None or not table.lines:
        return [table]
    values = _filled(table, name)
    falls = values[1:] <= values[:-1] if single else values[1:] < values[:-1]
    starts = [0]
    for i in np.flatnonzero(falls) + 1:
        if values[i] <= values[starts[-1]]:
            starts.append(int(i))
        if len(starts) > MAX_RUNS:
            raise LogError(f"{table.path}: expected at most {MAX_RUNS} runs in one log, but got more")
    edges = [*starts, len(values)]
    return [take(table, np.arange(a, b)) for a, b in pairwise(edges)]


def take(table: Table, rows: IntArray) -> Table:
    """Return only these rows of a table of numbers."""
    place = np.full(len(table.lines), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    taken = {}
    for name, column in table.columns.items():
        at = place[np.asarray(column.rows)]
        if table.complete or (at >= 0).any():
            taken[name] = Column(at[at >= 0], np.asarray(column.cells, dtype=np.float64)[at >= 0])
    return replace(table, columns=taken, lines=[table.lines[row] for row in rows])


def thin(table: Table, options: Mapping[str, Any]) -> Rows:
    """Return one run as one row a period; rows that a resume gave up are gone."""
    name, by_epoch = _counter(table, options)
    if name is None or not table.lines:
        return Rows(table, None, True, [])
    counter = _filled(table, name)
    good = np.flatnonzero((counter >= 0) & (counter < splice.MAX_EPOCH) & (counter == np.floor(counter)))
    whole = counter[good].astype(np.int64)
    kept = good[splice.kept_rows(whole)] if len(good) else good
    remarks = splice.remarks(whole, [table.lines[row] for row in good.tolist()])
    remarks += [f"{len(counter) - len(good)} rows without an epoch left out"] if len(good) < len(counter) else []
    numbered, table = counter[kept].astype(np.int64), take(table, kept)
    kinds = {key: role.kind for key, role in columns.roles([c for c in table.columns if c != name], options).items()}
    edges = np.unique(numbered) if by_epoch else _edges(numbered, _evaluated(table, kinds))
    if not by_epoch:
        remarks.append(f"no whole epochs in the log: the {len(edges)} rows are numbered by {name!r}")
    return Rows(_grouped(table, kinds, numbered, edges, name), name, by_epoch, remarks)


def _counter(table: Table, options: Mapping[str, Any]) -> tuple[str | None, bool]:
    """Return the column that numbers the periods, and whether it holds epochs."""
    epoch, step = columns.epoch_column(table.columns, options), columns.step_column(table.columns)
    epoch = epoch if epoch is not None and _filled_in(table, epoch) else None
    step = step if step is not None and _filled_in(table, step) else None
    if epoch is None or step is None or "epoch" in options:
        return (epoch, True) if epoch is not None else (step, False)
    epochs, steps = np.unique(table.columns[epoch].cells), np.unique(table.columns[step].cells)
    fractional = bool(np.any(epochs != np.floor(epochs)))
    finer = len(epochs) < FEW_EPOCHS and len(steps) >= FINER * len(epochs)
    return (step, False) if fractional or finer else (epoch, True)


def _filled_in(table: Table, name: str) -> bool:
    return name in table.columns and len(table.columns[name].cells) > 0


def _filled(table: Table, name: str) -> FloatArray:
    """Return the counter at every row, shape [rows]: a row without one belongs where the log had come to."""
    column = table.columns[name]
    at = np.searchsorted(np.asarray(column.rows), np.arange(len(table.lines)), side="right") - 1
    filled: FloatArray = np.asarray(column.cells, dtype=np.float64)[np.maximum(at, 0)]
    return filled


def _evaluated(table: Table, kinds: Mapping[str, Kind]) -> IntArray:
    """Return the rows that hold an evaluation."""
    found = [np.asarray(table.columns[n].rows) for n, kind in kinds.items() if kind in (Kind.VAL_LOSS, Kind.METRIC)]
    return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)


def _edges(steps: IntArray, evaluated: IntArray) -> IntArray:
    """Return the last step of every period, increasing."""
    distinct, evaluations = np.unique(steps), np.unique(steps[evaluated])
    if FEW_EVALUATIONS <= len(evaluations) <= 5 * MAX_ROWS:
        distinct = evaluations
    elif len(distinct) > MAX_ROWS:
        size = len(distinct) // (MAX_ROWS // 2)
        distinct = distinct[size - 1 :: size]
    return np.union1d(distinct, steps[-1:])


def _grouped(table: Table, kinds: Mapping[str, Kind], counter: IntArray, edges: IntArray, name: str) -> Table:
    """Return the table with one row for every edge, where row i holds what was logged up to edges[i]."""
    group = np.searchsorted(edges, counter)
    found = {name: Column(np.arange(len(edges)), edges.astype(np.float64))}
    for other, kind in kinds.items():
        at = group[np.asarray(table.columns[other].rows)]
        values = np.asarray(table.columns[other].cells, dtype=np.float64)
        last = splice.last_of_each(at)
        found[other] = Column(at[last], _mean(at, values) if kind in MEANT else values[last])
    lines = np.asarray(table.lines)[np.searchsorted(group, np.arange(len(edges)), side="right") - 1]
    return replace(table, columns=found, lines=lines.tolist())


def _mean(group: IntArray, values: FloatArray) -> FloatArray:
    """Return the mean of the finite values of each group, or its last value where none is finite."""
    result = values[splice.last_of_each(group)].copy()
    _, place = np.unique(group, return_inverse=True)
    finite = np.isfinite(values)
    n = np.bincount(place[finite], minlength=len(result))
    weights = values[finite] * SCALE  # a power of two, so that nothing is lost and no sum overflows
    means = np.bincount(place[finite], weights=weights, minlength=len(result)) / np.maximum(n, 1)
    result[n > 0] = means[n > 0] / SCALE
    return result
