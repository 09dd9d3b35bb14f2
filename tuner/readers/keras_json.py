"""The history of Keras as JSON: an object of lists, one value an epoch, the epochs counted from 1.

The history may stand a level down. Lists of another length than the others count from the first epoch too. The
objective is the first metric of the validation, accuracy before others, else the validation loss.
"""

from __future__ import annotations

import re
from pathlib import Path

from tuner.readers import history
from tuner.readers.run import Run, reading, runs_of

NAMES = re.compile(rb'"(loss|val_loss|val_acc(uracy)?)"\s*:\s*\[\s*[-\dnNI]')


def matches(head: bytes, path: Path) -> bool:
    return head.lstrip()[:1] == b"{" and NAMES.search(head) is not None


def _runs(path: Path, finished: bool) -> list[Run]:
    return [run for table in history.tables(path, history.document(path, finished)) for run in runs_of(table)]


read, read_all = reading(_runs)
