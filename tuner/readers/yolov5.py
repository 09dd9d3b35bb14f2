"""YOLOv5 results.csv, also as YOLOv9 writes it: one row an epoch, counted from 0, in columns of fixed width.

The losses are the sums of their components under train/ and val/. The objective is metrics/mAP_0.5:0.95, that of the
masks where there are any. The planned length is the ``epochs`` of opt.yaml beside the log.
"""

from __future__ import annotations

from pathlib import Path

from tuner.readers import delimited, yolo
from tuner.readers.run import reading


def matches(head: bytes, path: Path) -> bool:
    names = delimited.header(head)
    return "x/lr0" in names and yolo.is_yolo(names)


read, read_all = reading(yolo.results("opt.yaml"))
