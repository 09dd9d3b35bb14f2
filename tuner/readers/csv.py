"""A table with a header: comma, semicolon or tab between the cells, one row an epoch.

An empty cell was not logged; nan and inf are real. Columns of text are passed over. Several rows of one epoch complete
each other; where the epochs repeat or fall back the run was resumed, and the later rows count. Without an epoch column
the rows are numbered from 1. What a column is comes from its name, or from the options of the log:

"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuner.curve import Curve, Kind
from tuner.readers import columns, delimited
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.table import Column, Table, to_curve
from tuner.readers.text import read_text, shown, wrong

__doc__ += columns.OPTIONS_MANUAL

DELIMITERS = ",;\t"
TELLING = (Kind.TRAIN_LOSS, Kind.VAL_LOSS, Kind.METRIC)


def read(
    path: Path, *, objective: str | None, higher_is_better: bool, planned_epochs: int | None, options: Mapping[str, Any]
) -> Curve:
    """Read the table at ``path`` as far as its lines are whole; raises LogError."""
    return to_curve(
        _table(path, read_text(path)),
        objective=objective,
        higher_is_better=higher_is_better,
        planned_epochs=planned_epochs,
        options=options,
    )


def matches(head: bytes, path: Path) -> bool:
    return _tells(delimited.header(head))


def _tells(names: list[str]) -> bool:
    """Tell whether a table with these columns is a curve: its rows are numbered, and it holds a loss or a metric."""
    counted = columns.epoch_column(names, {}) or columns.step_column(names)
    return bool(counted) and any(columns.guess(name).kind in TELLING for name in names)


def _runs(path: Path, finished: bool) -> list[Run]:
    tables = [table for table in delimited.tables(path, finished) if _tells(list(table.columns))]
    return [run for table in tables for run in runs_of(table)]


# A study's own log is held to one well-formed table; of a log found somewhere, what can be read is read.
_, read_all = reading(_runs)


def _table(path: Path, text: str) -> Table:
    rows, lines = _rows(path, text)
    if not rows:
        return Table(path, {}, [], complete=True)
    names = [name.strip() for name in rows[0]]
    _check_header(path, lines[0], names)
    body = [i for i in range(1, len(rows)) if rows[i] != rows[0]]  # a resumed program may write its header again
    for i in body:
        if len(rows[i]) != len(names):
            raise wrong(path, lines[i], f"{len(names)} cells", f"{len(rows[i])}")
    cells = zip(*(rows[i] for i in body), strict=True) if body else [()] * len(names)
    named = {name: _column(column) for name, column in zip(names, cells, strict=True) if name}
    return Table(path, named, [lines[i] for i in body], complete=True)


def _rows(path: Path, text: str) -> tuple[list[list[str]], list[int]]:
    """Return the rows that are not blank, the header first, and the line each ends on."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=header.count), strict=True)
    rows, lines = [], []
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise wrong(path, reader.line_num, "a row of cells", str(error)) from None
    return rows, lines


def _check_header(path: Path, line: int, names: list[str]) -> None:
    if any(names.count(name) > 1 for name in names if name):
        twice = next(name for name in names if name and names.count(name) > 1)
        raise wrong(path, line, "different names of columns", f"{shown(twice)} twice")
    if not any(name and not _is_number(name) for name in names):
        raise wrong(path, line, "the names of the columns", shown(",".join(names)))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _column(cells: tuple[str, ...]) -> Column:
    stripped = list(map(str.strip, cells))
    if all(stripped):
        return Column(range(len(stripped)), stripped)
    present = [i for i, cell in enumerate(stripped) if cell]
    return Column(present, [stripped[i] for i in present])
