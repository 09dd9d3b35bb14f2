"""Ultralytics results.csv, of YOLOv8 and later: one row an epoch, for every task.

The losses are the sums of their components under train/ and val/. The objective is the mAP50-95 of the task itself
(masks before poses before boxes; the top-1 accuracy of a classifier). The planned length is the ``epochs`` of args.yaml
beside the log. Epochs count from 1, in the oldest versions from 0; a log that starts again holds several runs.
"""

from __future__ import annotations

from pathlib import Path

from tuner.readers import delimited, yolo
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.text import beside


def matches(head: bytes, path: Path) -> bool:
    names = delimited.header(head)
    return "lr/pg0" in names and yolo.is_yolo(names)


def _runs(path: Path, finished: bool) -> list[Run]:
    planned = beside(path, "args.yaml", "epochs")
    return [
        run
        for table in delimited.tables(path, finished)
        for run in runs_of(
            table,
            single=True,
            options=yolo.options(table.columns),
            objective=yolo.objective(table.columns),
            planned_epochs=planned,
        )
    ]


read, read_all = reading(_runs)
