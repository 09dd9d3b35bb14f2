"""What the OpenMMLab programs log, as JSON or as text: MMDetection, MMSegmentation, MMPose and the like."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tuner.readers import columns

MAX_EPOCHS = re.compile(r"\bmax_epochs *= *(\d{1,9})\b|\btotal_epochs *= *(\d{1,9})\b|\bmax: (\d{1,9}) epochs")
MAX_STEPS = re.compile(r"\bmax_iters *= *(\d{1,12})\b|\bmax: (\d{1,12}) iters")
OF_TRAINING = re.compile(r"(.*\.)?(acc|acc_seg|pos_recall|top\d_acc)(_\d)?|(s\d|decode|aux)\..*")
OBJECTIVES = (
    r"(coco/)?segm_mAP",
    r"(\w+/)?bbox_mAP",
    r"(\w+/)?mAP",
    r"(\w+/)?AP",
    r"mIoU",
    r"mDice",
    r"accuracy(_top-1|/top1)?",
    r"(\w+/)?PCK|AUC",
)


def options(names: Iterable[str]) -> dict[str, Any]:
    """Return which columns are metrics of an evaluation; accuracies under training are none."""
    names = list(names)
    guessed = {name: columns.guess(name) for name in names if not OF_TRAINING.fullmatch(name)}
    known = {n for n in names if any(re.fullmatch(p, n) for p in OBJECTIVES)} | {n for n in names if "mAP" in n}
    metrics = {n: "max" for n in names if n in known}
    metrics |= {n: "max" if r.higher_is_better else "min" for n, r in guessed.items() if r.kind == "metric"}
    return {"metrics": metrics}


def objective(names: Iterable[str]) -> str | None:
    """Return what such a run is judged by: masks before boxes, detection before segmentation."""
    names = list(names)
    return next((name for pattern in OBJECTIVES for name in names if re.fullmatch(pattern, name)), None)


def planned(text: str) -> dict[str, Any]:
    """Return the planned length that a configuration states, as a Run takes it."""
    epochs, steps = MAX_EPOCHS.search(text), MAX_STEPS.search(text)
    found: dict[str, Any] = {}
    if epochs:
        found["planned_epochs"] = int(next(filter(None, epochs.groups())))
    if steps:
        found["planned_steps"] = int(next(filter(None, steps.groups())))
    return found
