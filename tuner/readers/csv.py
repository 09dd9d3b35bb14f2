"""A table with a header: comma, semicolon or tab between the cells, one row an epoch.

An empty cell was not logged; nan and inf are real. Columns of text are passed over. Several rows of one epoch complete
each other; where the epochs repeat or fall back the run was resumed, and the later rows count. Without an epoch column
the rows are numbered from 1. What a column is comes from its name, or from the options of the log:

"""

from __future__ import annotations

import csv
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tuner.curve import Curve, Kind
from tuner.readers import columns, delimited
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.table import Column, Table, to_curve
from tuner.readers.text import MAX_CELLS, MAX_LINE, read_text, shown, wrong

__doc__ += columns.OPTIONS_MANUAL

DELIMITERS = ",;\t"
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")
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
    tables = delimited.tables(path, finished)
    # Where no table tells by itself that it is a curve, somebody says what its columns are.
    telling = [table for table in tables if _tells(list(table.columns))] or tables
    return [run for table in telling for run in runs_of(table)]


# A study's own log is held to one well-formed table; of a log found somewhere, what can be read is read.
_, read_all = reading(_runs)


def _table(path: Path, text: str) -> Table:
    rows = _rows(path, text)
    line, header = next(rows, (0, []))
    if not header:
        return Table(path, {}, [], complete=True)
    names = [name.strip() for name in header]
    _check_header(path, line, names)
    cells: list[list[str]] = [[] for _ in names]
    lines = array("q")
    for line, row in rows:
        if row == header:  # a resumed program may write its header again
            continue
        if len(row) != len(names):
            raise wrong(path, line, f"{len(names)} cells", f"{len(row)}")
        lines.append(line)
        for column, cell in zip(cells, row, strict=True):
            column.append(cell.strip())
        if len(lines) * len(names) > MAX_CELLS:
            raise wrong(path, line, f"at most {MAX_CELLS} cells in all", "more")
    named = {name: _column(column) for name, column in zip(names, cells, strict=True) if name}
    return Table(path, named, lines, complete=True)


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, the header first, with the line each ends on."""
    header = next((line for line in _lines(path, text) if line.strip()), "")
    reader = csv.reader(_lines(path, text), delimiter=max(DELIMITERS, key=header.count), strict=True)
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                yield reader.line_num, row
    except csv.Error as error:
        raise wrong(path, reader.line_num, "a row of cells", str(error)) from None


def _lines(path: Path, text: str) -> Iterator[str]:
    for number, found in enumerate(LINE.finditer(text), 1):
        if found.end() - found.start() > MAX_LINE:
            raise wrong(path, number, f"at most {MAX_LINE} characters", "more")
        yield found.group()


def _check_header(path: Path, line: int, names: list[str]) -> None:
    if len(names) > delimited.MAX_COLUMNS:
        raise wrong(path, line, f"at most {delimited.MAX_COLUMNS} columns", f"{len(names)}")
    counts = Counter(names)
    twice = next((name for name in names if name and counts[name] > 1), None)
    if twice is not None:
        raise wrong(path, line, "different names of columns", f"{shown(twice)} twice")
    if not any(name and not _is_number(name) for name in names):
        raise wrong(path, line, "the names of the columns", shown(",".join(names)))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _column(cells: list[str]) -> Column:
    if all(cells):
        return Column(range(len(cells)), cells)
    present = [i for i, cell in enumerate(cells) if cell]
    return Column(present, [cells[i] for i in present])
