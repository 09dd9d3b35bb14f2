"""metrics.csv of the Lightning CSVLogger: training and validation on rows of their own, often many rows an epoch.

An empty cell was not logged, while nan is a value. A training loss is averaged over the epoch; of a validation the last
value counts. A final test without any validation on its rows is no epoch of its own, and is left out. The names are
the user's, so what a column is comes from its name.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tuner.curve import IntArray
from tuner.readers import columns, delimited, periods
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.table import Table
from tuner.readers.text import beside

COUNTERS = {"epoch", "step"}
TRAINED = columns.TRAIN | (columns.VAL - columns.TEST)


def matches(head: bytes, path: Path) -> bool:
    return COUNTERS.issubset(delimited.header(head))


def _runs(path: Path, finished: bool) -> list[Run]:
    planned = beside(path, "hparams.yaml", "max_epochs")
    tables = [_without_tests(periods.numeric(table)) for table in delimited.tables(path, finished)]
    return [run for table in tables for run in runs_of(table, planned_epochs=planned)]


def _without_tests(table: Table) -> Table:
    """Leave out the rows of a test alone; they carry the epoch of the weights that were tested."""
    tested = _rows(table, columns.TEST)
    others = np.setdiff1d(np.arange(len(table.lines)), np.setdiff1d(tested, _rows(table, TRAINED)))
    return periods.take(table, others) if 0 < len(others) < len(table.lines) else table


def _rows(table: Table, words: set[str]) -> IntArray:
    """Return the rows in which something is logged under a name with one of these words."""
    found = [np.asarray(c.rows) for name, c in table.columns.items() if words & set(columns.words(name))]
    return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)


read, read_all = reading(_runs)
