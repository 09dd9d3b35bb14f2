"""TensorBoard event files, with scalars as plain values or as TensorFlow 2 tensors; a cut last record is left out.

The steps are the epochs where a tag named ``epoch`` or a YOLO program's tags say so, and steps otherwise. Files of
Keras stand in folders train/ and validation/: the name of the second says what the scalars in it are. Of a metric that
a YOLO program logged twice in its last epoch the first value counts; the second belongs to the best weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tuner.readers import columns, detectron2, events, mmdet, records, yolo
from tuner.readers.events import Scalar
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.text import MAX_CELLS, read_bytes

HF_SUMMARY = {"train/train_loss", "train/train_runtime", "train/total_flos"}
"""Means over the whole run, logged once at its end."""


def matches(head: bytes, path: Path) -> bool:
    return events.SIGNATURE in head[:100]


def _runs(path: Path, finished: bool) -> list[Run]:
    scalars = _renamed(path, list(islice(events.scalars(read_bytes(path)), MAX_CELLS + 1)))
    tags = {scalar.tag for scalar in scalars}
    is_yolo = yolo.is_yolo(tags)
    if is_yolo:
        scalars = _once(scalars)
    if _each_in_order(scalars):
        scalars.sort(key=lambda scalar: scalar.step)  # a program may write one series after the other
    rows = _rows(scalars, "epoch" if is_yolo else "step")
    options, objective = _known(tags, is_yolo)
    return runs_of(records.table(path, rows), options=options, objective=objective)


def _known(tags: set[str], is_yolo: bool) -> tuple[dict[str, Any], str | None]:
    """Return what the tags are in the words of the program that wrote them, and its objective."""
    names = sorted(tags)
    if is_yolo:
        return yolo.options(names), yolo.objective(names)
    if "total_loss" in tags:
        return dict(detectron2.options(names)), detectron2.objective(names)
    return (mmdet.options(names), mmdet.objective(names)) if mmdet.objective(names) else ({}, None)


def _renamed(path: Path, scalars: list[Scalar]) -> list[Scalar]:
    """Return the scalars under names that say which side they are of, without those that are no points of a curve."""
    kept = [scalar for scalar in scalars if scalar.tag not in HF_SUMMARY]
    if path.parent.name.lower() not in columns.VAL:
        return kept
    return [scalar if _has_side(scalar.tag) else scalar._replace(tag=f"val/{scalar.tag}") for scalar in kept]


def _has_side(tag: str) -> bool:
    return bool((columns.TRAIN | columns.VAL) & set(columns.words(tag)))


def _once(scalars: Iterable[Scalar]) -> list[Scalar]:
    seen: dict[str, int] = {}
    kept = []
    for scalar in scalars:
        if not (scalar.tag.startswith("metrics/") and seen.get(scalar.tag) == scalar.step):
            kept.append(scalar)
        seen[scalar.tag] = scalar.step
    return kept


def _each_in_order(scalars: Iterable[Scalar]) -> bool:
    last: dict[str, int] = {}
    for scalar in scalars:
        if scalar.step < last.get(scalar.tag, scalar.step):
            return False
        last[scalar.tag] = scalar.step
    return True


def _rows(scalars: Iterable[Scalar], counter: str) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield rows of scalars that share a step, as long as no tag repeats."""
    row: dict[str, float] = {}
    number = 1
    for scalar in scalars:
        tag = scalar.tag if scalar.tag != counter else f"{scalar.tag}_logged"
        if row and (row[counter] != scalar.step or tag in row):
            yield number, row
            number, row = number + 1, {}
        row |= {counter: float(scalar.step), tag: scalar.value}
    if row:
        yield number, row


read, read_all = reading(_runs)
