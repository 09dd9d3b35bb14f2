"""results.txt of YOLOv5 (its first versions) and YOLOv7: one row an epoch, without a header.

    epoch/last  memory  box obj cls (more) total  labels size  P R mAP50 mAP50-95  val_box val_obj val_cls (more)

The planned length is the second number of the first field, plus 1. Forks log more losses; the two whole numbers of the
labels and the image size tell where they end. A row may end early, where nothing was validated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tuner.readers import records, yolo
from tuner.readers.periods import number
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.text import first_line, whole_lines

ROW = re.compile(r"\s*(\d{1,9})/(\d{1,9})\s+[\d.]{1,12}[GM]?B?\s+(\S.*)")
WHOLE = re.compile(r"\d{1,9}")
METRICS = ("metrics/precision", "metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95")
LOSSES = ("box_loss", "obj_loss", "cls_loss")
SMALLEST_IMAGE = 32
FEWEST_FIELDS = 5


def matches(head: bytes, path: Path) -> bool:
    return _record(first_line(head)) is not None


def _runs(path: Path, finished: bool) -> list[Run]:
    table = records.table(path, _rows(path, finished))
    names = table.columns
    runs = runs_of(table, single=True, options=yolo.options(names), objective=yolo.objective(names))
    return [replace(run, planned_epochs=int(run.table.columns["last"].cells[-1]) + 1) for run in runs]


def _rows(path: Path, finished: bool) -> Iterator[tuple[int, dict[str, float | str]]]:
    for line, text in whole_lines(path, finished):
        record = _record(text)
        if record is not None:
            yield line, record


def _record(line: str) -> dict[str, float | str] | None:
    """Return the fields of a row by their names; None where the line is no row."""
    row = ROW.fullmatch(line)
    fields = row[3].split() if row else []
    if row is None or len(fields) < FEWEST_FIELDS or any(number(field) is None for field in fields):
        return None
    record: dict[str, float | str] = {"epoch": row[1], "last": row[2]}
    size = next((i for i in range(3, len(fields)) if WHOLE.fullmatch(fields[i]) and int(fields[i]) >= SMALLEST_IMAGE
                 and WHOLE.fullmatch(fields[i - 1])), None)  # fmt: skip
    if size is None:
        return None
    record |= _losses("train", fields[: size - 2])
    record |= dict(zip(METRICS, fields[size + 1 : size + 5], strict=False))
    return record | _losses("val", fields[size + 5 :])


def _losses(side: str, fields: list[str]) -> dict[str, float | str]:
    extra = [f"loss_{i}" for i in range(len(LOSSES), len(fields))]
    return {f"{side}/{name}": field for name, field in zip([*LOSSES, *extra], fields, strict=False)}


read, read_all = reading(_runs)
