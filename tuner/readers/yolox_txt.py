"""The text log of YOLOX: training lines of ``name: value`` pairs, and the COCO summary after each evaluation.

    2022-03-20 11:20:24 | INFO     | yolox.core.trainer:238 - epoch: 1/300, iter: 10/462, ..., total_loss: 16.3, ...

An evaluation belongs to the epoch of the training line before it. The planned length is the second number of ``epoch``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tuner.readers import phrases, records
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.text import whole_lines

WRITER = re.compile(r"^\d{4}-\d\d-\d\d [^\n]{0,100}epoch: \d+/\d+, iter: \d+/\d+, ", re.MULTILINE)
TRAINING = re.compile(r"epoch: (\d{1,9})/(\d{1,9}), iter: \d+/\d+, (.*)")
VOC_MAP = re.compile(rf"\bmap_5095: ({phrases.NUMBER})")


def matches(head: bytes, path: Path) -> bool:
    return phrases.has(head, WRITER)


def _runs(path: Path, finished: bool) -> list[Run]:
    table = records.table(path, _rows(path, finished))
    runs = runs_of(table, options={"metrics": {"bbox_mAP": "max"}}, objective="bbox_mAP")
    return [replace(run, planned_epochs=int(run.table.columns["last"].cells[-1])) for run in runs]


def _rows(path: Path, finished: bool) -> Iterator[tuple[int, dict[str, float]]]:
    epoch = None
    for line, text in whole_lines(path, finished):
        if found := TRAINING.search(text):
            epoch = float(found[1])
            yield line, {"epoch": epoch, "last": float(found[2]), **phrases.pairs(found[3])}
        elif epoch is not None and (ap := _ap(text)) is not None:
            yield line, {"epoch": epoch, "bbox_mAP": ap}


def _ap(line: str) -> float | None:
    found = VOC_MAP.search(line)
    return float(found[1]) if found else phrases.coco_ap(line)


read, read_all = reading(_runs)
