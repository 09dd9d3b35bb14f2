"""The text log of PaddleDetection: training lines of ``name: value`` pairs, and the COCO summary after each evaluation.

    [08/02 02:37:04] ppdet.engine INFO: Epoch: [1] [200/464] learning_rate: 0.000033 ... loss: 18.1 eta: ...

Of the several summaries of one evaluation (boxes, then keypoints) the first counts, and it is named bbox_mAP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tuner.readers import phrases, records
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.text import whole_lines

WRITER = re.compile(r"^\[\d\d/\d\d \d\d:\d\d:\d\d\] ppdet\.", re.MULTILINE)
TRAINING = re.compile(r"Epoch: \[(\d{1,9})\] \[ *\d+/\d+\] (.*)")


def matches(head: bytes, path: Path) -> bool:
    return phrases.has(head, WRITER)


def _runs(path: Path, finished: bool) -> list[Run]:
    return runs_of(
        records.table(path, _rows(path, finished)), options={"metrics": {"bbox_mAP": "max"}}, objective="bbox_mAP"
    )


def _rows(path: Path, finished: bool) -> Iterator[tuple[int, dict[str, float]]]:
    epoch, evaluated = None, False
    for line, text in whole_lines(path, finished):
        if found := TRAINING.search(text):
            epoch, evaluated = float(found[1]), False
            yield line, {"epoch": epoch, **phrases.pairs(found[2])}
        elif epoch is not None and not evaluated and (ap := phrases.coco_ap(text)) is not None:
            evaluated = True
            yield line, {"epoch": epoch, "bbox_mAP": ap}


read, read_all = reading(_runs)
