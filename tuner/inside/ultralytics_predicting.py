"""What the best weights of a training by Ultralytics say about each image of a split."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from ultralytics import YOLO

from tuner import whole
from tuner.data import pictures
from tuner.data.doctor.dataset import Sample
from tuner.data.doctor.opened import open_set
from tuner.errors import ConfigError
from tuner.evidence import predictions
from tuner.inside import ultralytics_looking
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
    weights = Path(spec["folder"]) / BEST_FILE
    model = YOLO(str(weights), task=task)
    names = [str(name) for _, name in sorted(model.names.items())]
    samples = data.splits[split]
    given = {"imgsz": spec["arguments"]["imgsz"], "device": device_of(spec)}
    lines = [predictions.header(task, split, names), *_lines(model, samples, given)]
    out.parent.mkdir(exist_ok=True)
    whole.write(out, "\n".join(lines) + "\n")
    if task == "classify":
        ultralytics_looking.explain(weights, given["imgsz"], torch.device(given["device"]), out)


def of_weights(path: Path, task: str) -> tuple[list[str], Callable[[Sequence[Sample]], Iterator[str]]]:
    """Return the classes of a file of weights, and what says what they see in samples; raises ConfigError."""
    try:
        model = YOLO(str(path))
    except Exception as error:
        # What is no file of weights fails in torch, pickle or Ultralytics, each with its own errors.
        said = str(error).partition("\n")[0][:200] or type(error).__name__
        raise ConfigError(str(path), "", f"expected a file of weights, but it cannot be read ({said})") from None
    if model.task != task:
        raise ConfigError(str(path), "", f"expected weights for the data's task, {task}, but they are for {model.task}")
    given = {"imgsz": model.overrides.get("imgsz", 640), "device": device_of({"device": "auto"})}
    return [str(name) for _, name in sorted(model.names.items())], lambda samples: _lines(model, samples, given)


def _lines(model: YOLO, samples: Sequence[Sample], given: Mapping[str, Any]) -> Iterator[str]:
    # One at a time and in order: a list of all would be read into memory at once.
    for sample in samples:
        if not _readable(sample):
            continue
        (found,) = model.predict(sample.path, conf=LEAST, verbose=False, **given)
        path = os.path.abspath(sample.path)
        if found.probs is not None:
            yield predictions.of_probabilities(path, int(sample.objects[0, 0]), found.probs.data.tolist())
        else:
            yield predictions.line(path, sample.objects.tolist(), _boxes(found).tolist())


def _readable(sample: Sample) -> bool:
    try:
        pictures.size(sample.path)
    except ConfigError:
        return False
    return True


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
