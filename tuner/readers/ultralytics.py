"""Ultralytics results.csv, of YOLOv8 and later: one row an epoch, for every task.

The losses are the sums of their components under train/ and val/. The objective is the mAP50-95 of the task itself
(masks before poses before boxes; the top-1 accuracy of a classifier). The planned length is the ``epochs`` of args.yaml
beside the log. Epochs count from 1, in the oldest versions from 0; a log that starts again holds several runs.
"""

from __future__ import annotations

from pathlib import Path

from tuner.readers import delimited, yolo
from tuner.readers.run import reading


def matches(head: bytes, path: Path) -> bool:
    names = delimited.header(head)
    return "lr/pg0" in names and yolo.is_yolo(names)


read, read_all = reading(yolo.results("args.yaml"))
