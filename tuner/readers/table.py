"""A log as a table of named columns, and the curve it becomes: the part that all formats share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tuner.curve import Curve, FloatArray, IntArray, Kind, Series
from tuner.readers import columns, splice
from tuner.readers.text import printable, shown, wrong
from tuner.spec import LogError

Cell = float | str
Numbers = tuple[IntArray, FloatArray]
"""The rows in which a column has a number, and the numbers."""


@dataclass
class Column:
    """The cells logged under one name: ``cells[i]`` stands in row ``rows[i]``; an empty cell is not there."""

    rows: Sequence[int] | IntArray = field(default_factory=list)
    cells: Sequence[Cell] | FloatArray = field(default_factory=list)


@dataclass
class Table:
    """A log: row ``i`` stands on line ``lines[i]``, counted from 1.

    ``complete`` says that there will be no other columns, as after a header; without one, more may come.
    """

    path: Path
    columns: Mapping[str, Column]
    lines: Sequence[int]
    complete: bool


def to_curve(
    table: Table,
    *,
    objective: str | None,
    higher_is_better: bool,
    planned_epochs: int | None,
    options: Mapping[str, Any],
) -> Curve:
    """Return the table as a curve, spliced where the run was resumed; raises LogError."""
    try:
        columns.check(options)
    except ValueError as error:
        raise LogError(f"{table.path}: {error}") from None
    if not table.lines:
        return Curve({}, objective=objective, planned_epochs=planned_epochs)
    numbers = _all_numbers(table)
    counter = columns.epoch_column(table.columns, options)
    rows, epochs = _epochs(table, numbers, counter)
    _check_names(table, numbers, epochs, objective, options)
    roles = columns.roles([name for name in numbers if name != counter], options)
    if objective in roles:
        roles[objective] = _of_objective(roles[objective], higher_is_better)
    series, repeated = _all_series(numbers, roles, rows, epochs, len(table.lines))
    remarks = _left_out(table, rows) + splice.remarks(epochs, [table.lines[row] for row in rows]) + repeated
    return Curve(series, objective=objective, planned_epochs=planned_epochs, remarks=tuple(remarks))


def _all_numbers(table: Table) -> dict[str, Numbers]:
    """Return every column that holds numbers; raises LogError where there is none."""
    found = {name: _numbers(table, name) for name in table.columns}
    numbers = {name: values for name, values in found.items() if values is not None}
    if not numbers:
        raise wrong(table.path, table.lines[-1], "a number in some column", f"none in {_names(table.columns)}")
    return numbers


def _numbers(table: Table, name: str) -> Numbers | None:
    """Return the numbers of a column; None for a column of text, LogError where text stands among numbers."""
    column = table.columns[name]
    if not len(column.cells):
        return None
    if isinstance(column.cells, np.ndarray):
        return np.asarray(column.rows, dtype=np.int64), column.cells
    try:
        values = np.fromiter(map(float, column.cells), dtype=np.float64, count=len(column.cells))
    except (ValueError, OverflowError):
        numeric = [_is_number(cell) for cell in column.cells]
        if not any(numeric):
            return None
        first = numeric.index(False)
        line, got = table.lines[column.rows[first]], shown(column.cells[first])
        raise wrong(table.path, line, f"a number in column {shown(name)}", got) from None
    return np.asarray(column.rows, dtype=np.int64), values


def _is_number(cell: Cell) -> bool:
    try:
        float(cell)
    except (ValueError, OverflowError):
        return False
    return True


def _epochs(table: Table, numbers: Mapping[str, Numbers], counter: str | None) -> tuple[IntArray, IntArray]:
    """Return the rows that belong to an epoch, and their epochs; without an epoch column all rows, counted from 1."""
    if counter is None:
        rows = np.arange(len(table.lines), dtype=np.int64)
        return rows, rows + 1
    if counter not in numbers:
        raise wrong(table.path, table.lines[0], f"numbers in the epoch column {shown(counter)}", "none")
    rows, values = numbers[counter]
    if (bad := splice.bad_epoch(values)) is not None:
        line = table.lines[rows[bad]]
        raise wrong(table.path, line, f"a whole epoch in column {shown(counter)}", f"{values[bad]:g}")
    return rows, values.astype(np.int64)


def _check_names(
    table: Table, numbers: Mapping[str, Numbers], epochs: IntArray, objective: str | None, options: Mapping[str, Any]
) -> None:
    """Raise LogError for a name that is no column, or a column of text.

    Without a header an epoch may log its validation a moment after its training, or only every few epochs: then a
    name is missed when a second epoch has begun, and never where the options speak of it.
    """
    said = columns.named(options)
    begun = table.complete or bool(np.any(epochs != epochs[0]))
    for name in sorted(said | ({objective} if objective is not None else set())):
        if name in numbers or (name in table.columns and not len(table.columns[name].cells)):
            continue
        if name in table.columns:
            raise wrong(table.path, table.lines[-1], f"numbers in column {shown(name)}", "text")
        if begun and (table.complete or name not in said):
            raise wrong(table.path, table.lines[-1], f"a column {shown(name)}", f"only {_names(table.columns)}")


def _names(names: Mapping[str, Column]) -> str:
    listed = ", ".join(map(shown, list(names)[:20]))
    return f"{listed}, ..." if len(names) > 20 else listed


def _of_objective(role: columns.Role, higher_is_better: bool) -> columns.Role:
    """Return the role of the objective: a loss or a metric, and the study says which direction is good."""
    is_loss = role.kind in (Kind.TRAIN_LOSS, Kind.VAL_LOSS)
    return columns.Role(role.kind if is_loss else Kind.METRIC, higher_is_better)


def _all_series(
    numbers: Mapping[str, Numbers],
    roles: Mapping[str, columns.Role],
    rows: IntArray,
    epochs: IntArray,
    n_rows: int,
) -> tuple[dict[str, Series], list[str]]:
    """Return the series of all columns, and a remark where one holds several values of an epoch."""
    epoch_of = np.full(n_rows, -1, dtype=np.int64)
    epoch_of[rows] = np.where(splice.kept_rows(epochs), epochs, -1)
    series, repeated = {}, set[int]()
    for name, role in roles.items():
        at, values = numbers[name]
        mine = epoch_of[at]
        mine, values = mine[mine >= 0], values[mine >= 0]
        last = splice.last_of_each(mine)
        repeated.update(mine[~last].tolist())
        if len(mine):
            title = printable(name)
            series[title] = Series(title, role.kind, mine[last], values[last], role.higher_is_better)
    first = f"{len(repeated)} epochs (first {min(repeated)})" if repeated else ""
    return series, [f"{first} logged more than once; later values kept"] if repeated else []


def _left_out(table: Table, rows: IntArray) -> list[str]:
    n = len(table.lines) - len(rows)
    return [f"{n} rows without an epoch left out"] if n else []
