"""One JSON object a line; objects inside it count as columns named ``outer/inner``.

null was not logged, and neither were true, false and lists; NaN and Infinity are real, also as text. Columns of text
are passed over, and so are lines without a number. Several lines of one epoch complete each other; where the epochs
repeat or fall back the run was resumed, and the later lines count. Without an epoch column the lines are numbered from
1. A column may first appear after some epochs; the objective is missed when the second epoch has begun without it,
unless the options name it. What a column is comes from its name, or from the options of the log:

"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tuner.curve import Curve, Kind
from tuner.readers import columns, records
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.table import Cell, Column, Table, to_curve
from tuner.readers.text import MAX_CELLS, read_text, shown, wrong

__doc__ += columns.OPTIONS_MANUAL

TELLING = (Kind.TRAIN_LOSS, Kind.VAL_LOSS, Kind.METRIC)


def read(
    path: Path, *, objective: str | None, higher_is_better: bool, planned_epochs: int | None, options: Mapping[str, Any]
) -> Curve:
    """Read the lines at ``path`` as far as they are whole; raises LogError."""
    return to_curve(
        _table(path, read_text(path)),
        objective=objective,
        higher_is_better=higher_is_better,
        planned_epochs=planned_epochs,
        options=options,
    )


def matches(head: bytes, path: Path) -> bool:
    return records.first(head, _tells)


def _tells(record: records.Record) -> bool:
    """Tell whether a line belongs to a curve: it is numbered, and holds a loss or a metric."""
    names = [name for name, value in records.cells(record) if not isinstance(value, str)]
    counted = columns.epoch_column(names, {}) or columns.step_column(names)
    return bool(counted) and any(columns.guess(name).kind in TELLING for name in names)


def _runs(path: Path, finished: bool) -> list[Run]:
    return runs_of(records.table(path, records.objects(path, finished)))


# A study's own log is held to well-formed lines; of a log found somewhere, what can be read is read.
_, read_all = reading(_runs)


def _table(path: Path, text: str) -> Table:
    named: dict[str, tuple[list[int], list[Cell]]] = {}
    lines = array("q")
    n_cells = 0
    for number, line in enumerate(_lines(text), 1):
        cells = dict(_cells(_parsed(path, number, line))) if line.strip() else {}
        if any(not isinstance(value, str) for value in cells.values()):
            row = len(lines)
            for name, value in cells.items():
                rows, values = named.setdefault(name, ([], []))
                rows.append(row)
                values.append(value)
            lines.append(number)
            n_cells += len(cells)
        if n_cells > MAX_CELLS or len(named) > records.MAX_NAMES:
            raise wrong(path, number, f"at most {MAX_CELLS} values under {records.MAX_NAMES} names", "more")
    return Table(path, {name: Column(*column) for name, column in named.items()}, lines, complete=False)


def _lines(text: str) -> Iterator[str]:
    return (found.group() for found in re.finditer(r"[^\n]*\n", text))


def _parsed(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise wrong(path, number, "a JSON object", shown(line.strip())) from None
    if not isinstance(value, dict):
        raise wrong(path, number, "a JSON object", shown(value))
    return value


def _cells(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Cell]]:
    for key, inner in value.items():
        name = prefix + key.strip()
        if isinstance(inner, dict):
            yield from _cells(inner, f"{name}/")
        elif isinstance(inner, int | float | str) and not isinstance(inner, bool) and inner != "":
            yield name, inner
