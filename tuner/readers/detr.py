"""log.txt of DETR and its descendants: one JSON line an epoch, train_ and test_ before every name.

The losses are train_loss and test_loss; the objective is the first number of test_coco_eval_bbox, the AP, or that of
the masks. Where no evaluation was logged it is the loss of the test set. A file that was appended to
holds several runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuner.readers import records
from tuner.readers.run import Run, reading, runs_of

EVALUATED = ("test_coco_eval_masks", "test_coco_eval_bbox")
METRICS = {f"{name}/AP": "max" for name in EVALUATED} | {f"{name}/AP50": "max" for name in EVALUATED}


def matches(head: bytes, path: Path) -> bool:
    return records.first(
        head, lambda r: {"train_loss", "epoch"} <= r.keys() and bool({"train_lr", "n_parameters"} & r.keys())
    )


def _runs(path: Path, finished: bool) -> list[Run]:
    table = records.table(path, _rows(path, finished))
    objective = next((f"{name}/AP" for name in EVALUATED if f"{name}/AP" in table.columns), None)
    options = {"train_loss": "train_loss", "val_loss": "test_loss", "metrics": METRICS, "learning_rate": "train_lr"}
    return runs_of(table, single=True, options=options, objective=objective)


def _rows(path: Path, finished: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, record in records.objects(path, finished):
        yield line, {key: value for key, value in record.items() if not key.endswith("_unscaled")} | _evaluated(record)


def _evaluated(record: records.Record) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in EVALUATED:
        values = record.get(name)
        if isinstance(values, list) and len(values) >= 2:
            found |= {f"{name}/AP": values[0], f"{name}/AP50": values[1]}
    return found


read, read_all = reading(_runs)
