"""The table of the Keras CSVLogger: loss and metrics under their bare names, those of the validation under val_.

Without an epoch column the rows are numbered from 1. The objective is the first metric of the validation, accuracy
before others, else the validation loss.
"""

from __future__ import annotations

from pathlib import Path

from tuner.readers import delimited
from tuner.readers.run import Run, reading, runs_of


def matches(head: bytes, path: Path) -> bool:
    names = delimited.header(head)
    return "loss" in names and "step" not in names and ("val_loss" in names or "epoch" in names)


def _runs(path: Path, finished: bool) -> list[Run]:
    return [run for table in delimited.tables(path, finished) for run in runs_of(table, single=True)]


read, read_all = reading(_runs)
