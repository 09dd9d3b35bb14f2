"""Every plug-in there is. The key is the file name, the YAML key, the JSON value and the word in a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuner.diagnosis import SymptomPlugin
from tuner.executors.local import LocalExecutor
from tuner.policy import RemedyPlugin
from tuner.readers import (
    csv,
    detectron2,
    detectron2_txt,
    detr,
    hf,
    json,
    jsonl,
    keras_csv,
    keras_json,
    lightning,
    mmdet_json,
    mmdet_txt,
    paddle,
    tensorboard,
    ultralytics,
    yolo_txt,
    yolov5,
    yolox_txt,
)
from tuner.remedies import (
    larger_batch,
    larger_model,
    less_dropout,
    less_weight_decay,
    lower_learning_rate,
    more_dropout,
    more_weight_decay,
    other_optimizer,
    raise_learning_rate,
    smaller_batch,
    smaller_model,
    train_longer,
)
from tuner.spec import Reader
from tuner.symptoms import (
    converged,
    diverging,
    nan,
    not_learning,
    oscillating,
    overfitting,
    still_improving,
    stuck_after_first_epoch,
    too_early,
)
from tuner.trainers.script import ScriptTrainer
from tuner.trainers.torch import TorchTrainer

# In the order in which they are asked: the first sick one that is seen is the primary verdict.
SYMPTOMS: Mapping[str, SymptomPlugin] = {
    "nan": nan,
    "diverging": diverging,
    "not_learning": not_learning,
    "stuck_after_first_epoch": stuck_after_first_epoch,
    "oscillating": oscillating,
    "overfitting": overfitting,
    "converged": converged,
    "still_improving": still_improving,
    "too_early": too_early,
}

REMEDIES: Mapping[str, RemedyPlugin] = {
    "lower_learning_rate": lower_learning_rate,
    "raise_learning_rate": raise_learning_rate,
    "smaller_model": smaller_model,
    "larger_model": larger_model,
    "more_weight_decay": more_weight_decay,
    "less_weight_decay": less_weight_decay,
    "more_dropout": more_dropout,
    "less_dropout": less_dropout,
    "larger_batch": larger_batch,
    "smaller_batch": smaller_batch,
    "other_optimizer": other_optimizer,
    "train_longer": train_longer,
}

TRAINERS: Mapping[str, Any] = {"torch": TorchTrainer, "script": ScriptTrainer}

# In the order in which a file found somewhere is shown to them; the last three know any log with telling names.
READERS: Mapping[str, Reader] = {
    "tensorboard": tensorboard,
    "hf": hf,
    "mmdet_json": mmdet_json,
    "detectron2": detectron2,
    "detr": detr,
    "ultralytics": ultralytics,
    "yolov5": yolov5,
    "lightning": lightning,
    "keras_csv": keras_csv,
    "keras_json": keras_json,
    "yolo_txt": yolo_txt,
    "mmdet_txt": mmdet_txt,
    "detectron2_txt": detectron2_txt,
    "yolox_txt": yolox_txt,
    "paddle": paddle,
    "csv": csv,
    "jsonl": jsonl,
    "json": json,
}

EXECUTORS: Mapping[str, Any] = {"local": LocalExecutor}
