"""The JSON lines of MMDetection and its siblings: .log.json, and the scalars.json of MMEngine.

The first line of a .log.json may hold the environment and the configuration. In a scalars.json nothing but its keys
tells an evaluation from training, and its ``step`` is the epoch where the training lines have one. A program that
counts iterations only writes epoch 1 on every line, or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tuner.readers import mmdet, records
from tuner.readers.run import Run, reading, runs_of

ABSENT = -1
"""The COCO evaluation gives -1 where there is nothing of a size."""


def matches(head: bytes, path: Path) -> bool:
    return records.first(head, lambda r: "env_info" in r or _is_old(r) or _is_new(r))


def _is_old(record: records.Record) -> bool:
    return record.get("mode") in ("train", "val") and {"epoch", "iter"} <= record.keys()


def _is_new(record: records.Record) -> bool:
    return {"data_time", "time", "step"} <= record.keys()


def _runs(path: Path, finished: bool) -> list[Run]:
    # Read twice, because all records at once take thirty times the size of the file.
    head = islice(records.objects(path, finished), 5)
    config = next((str(r["config"]) for _, r in head if "config" in r), "")
    epochs = {str(record.get("epoch")) for _, record in records.objects(path, finished) if "epoch" in record}
    table = records.table(path, _rows(records.objects(path, finished), by_epoch=len(epochs) > 1))
    names = table.columns
    return runs_of(table, options=mmdet.options(names), objective=mmdet.objective(names), **mmdet.planned(config))


def _rows(lines: Iterable[tuple[int, dict[str, Any]]], by_epoch: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the records with one counter each: their epoch, or where there is but one, their iteration."""
    counter = 0.0
    for line, record in lines:
        trained = "loss" in record or record.get("mode") == "train"
        now = _counter(record, by_epoch, trained)
        if isinstance(now, int | float) and (trained or by_epoch or "mode" not in record):
            counter = now
        values = {
            k: v for k, v in record.items() if k not in ("epoch", "iter", "step", "seed") and not isinstance(v, str)
        }
        values = values if trained else {k: v for k, v in values.items() if v != ABSENT and k not in ("time", "lr")}
        if values and "env_info" not in record:
            yield line, {"epoch" if by_epoch else "step": counter, **values}


def _counter(record: records.Record, by_epoch: bool, trained: bool) -> Any:
    if by_epoch:
        return record.get("epoch", None if trained else record.get("step"))
    return record.get("step", record.get("iter"))


read, read_all = reading(_runs)
