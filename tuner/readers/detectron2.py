"""metrics.json of Detectron2: JSON lines numbered by ``iteration``, an evaluation every so many of them.

total_loss is the training loss; the objective is segm/AP where masks are evaluated, else bbox/AP, in percent. Trainers
that go on in the same folder append to the file: each beginning of the iterations is a run of its own. The planned
length is the MAX_ITER of config.yaml beside the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tuner.readers import records
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.text import beside

OBJECTIVES = ("segm/AP", "keypoints/AP", "bbox/AP", "sem_seg/mIoU", "panoptic_seg/PQ")
METRIC = re.compile(r"(segm|keypoints|bbox|sem_seg|panoptic_seg)/(\w*AP\w*|mIoU|fwIoU|mACC|pACC|PQ|SQ|RQ)")
VAL_LOSS = ("validation_loss", "val_loss", "total_val_loss")


def matches(head: bytes, path: Path) -> bool:
    return records.first(head, lambda r: "iteration" in r and bool({"total_loss", "data_time", *OBJECTIVES} & r.keys()))


def _runs(path: Path, finished: bool) -> list[Run]:
    table = records.table(path, records.objects(path, finished))
    names = table.columns
    planned = beside(path, "config.yaml", "MAX_ITER")
    return runs_of(table, single=True, options=options(names), objective=objective(names), planned_steps=planned)


def options(names: Iterable[str]) -> Mapping[str, Any]:
    """Return what the columns are; accuracies of the network's heads are no metrics of an evaluation."""
    names = list(names)
    return {
        "train_loss": [name for name in names if name == "total_loss"],
        "val_loss": [name for name in names if name in VAL_LOSS],
        "metrics": {name: "max" for name in names if METRIC.fullmatch(name)},
    }


def objective(names: Iterable[str]) -> str | None:
    return next((name for name in OBJECTIVES if name in set(names)), None)


read, read_all = reading(_runs)
