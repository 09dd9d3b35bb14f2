"""Any history in one JSON document: lists of numbers under names, or a list of records with their epoch or step.

Several histories in one document are several runs. Lists of records beside lists of numbers count as lists named
``outer/inner``. What is neither a loss nor numbered is taken for no history. What a column is comes from its name.
"""

from __future__ import annotations

from pathlib import Path

from tuner.readers import history
from tuner.readers.run import Run, reading, runs_of


def matches(head: bytes, path: Path) -> bool:
    return history.looks_so(head)


def _runs(path: Path, finished: bool) -> list[Run]:
    return [run for table in history.tables(path, history.document(path, finished)) for run in runs_of(table)]


read, read_all = reading(_runs)
