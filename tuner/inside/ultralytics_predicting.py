"""What the best weights of a training by Ultralytics say about each image of a split."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ultralytics import YOLO

from tuner import whole
from tuner.data.doctor.dataset import Sample
from tuner.data.doctor.opened import open_set
from tuner.evidence import predictions
from tuner.inside.ultralytics_names import BEST_FILE
from tuner.inside.ultralytics_training import device_of

LEAST = 0.01
"""Boxes that are less sure are left out: below it a curve of precision over recall hardly moves, and files grow."""


def predict(spec: Mapping[str, Any], split: str, out: Path) -> None:
    """Write the predictions for ``split`` to ``out``; raises ValueError where the data set has no such split."""
    task = spec["task"]
    data, _ = open_set(Path(spec["arguments"]["data"]), task)
    if split not in data.splits:
        raise ValueError(f"split: expected one of {', '.join(data.splits)}, but got '{split}'")
    model = YOLO(str(Path(spec["folder"]) / BEST_FILE), task=task)
    names = [str(name) for _, name in sorted(model.names.items())]
    samples = data.splits[split]
    lines = [predictions.header(task, split, names), *_lines(model, spec, samples)]
    out.parent.mkdir(exist_ok=True)
    whole.write(out, "\n".join(lines) + "\n")


def _lines(model: YOLO, spec: Mapping[str, Any], samples: tuple[Sample, ...]) -> Iterator[str]:
    given = {"imgsz": spec["arguments"]["imgsz"], "device": device_of(spec), "conf": LEAST, "verbose": False}
    # One at a time and in order: a list of all would be read into memory at once.
    for sample in samples:
        (found,) = model.predict(sample.path, **given)
        path = os.path.abspath(sample.path)
        if found.probs is not None:
            yield predictions.of_probabilities(path, int(sample.objects[0, 0]), found.probs.data.tolist())
        else:
            yield predictions.line(path, sample.objects.tolist(), _boxes(found).tolist())


def _boxes(found: Any) -> NDArray[np.float32]:
    """Return class, confidence and the box around each object, as shares of the image."""
    if found.obb is not None:
        corners = found.obb.xyxyxyxyn.cpu().numpy().reshape(-1, 4, 2)
        low, high = corners.min(1), corners.max(1)
        box, own = np.hstack([(low + high) / 2, high - low]), found.obb
    else:
        box, own = found.boxes.xywhn.cpu().numpy(), found.boxes
    columns = [own.cls.cpu().numpy()[:, None], own.conf.cpu().numpy()[:, None], box]
    rows: NDArray[np.float32] = np.hstack(columns).astype(np.float32).round(5)
    return rows
