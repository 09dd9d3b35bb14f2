"""Every plug-in there is. The key is the file name, the YAML key, the JSON value and the word in a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from tuner.diagnosis import SymptomPlugin
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
    clip_gradients,
    fewer_epochs,
    larger_batch,
    larger_model,
    less_augmentation,
    less_dropout,
    less_weight_decay,
    longer_warmup,
    lower_class_loss_weight,
    lower_learning_rate,
    more_augmentation,
    more_dropout,
    more_weight_decay,
    no_mixed_precision,
    other_optimizer,
    pretrained,
    raise_learning_rate,
    shorter_warmup,
    shuffle,
    smaller_batch,
    smaller_model,
    train_longer,
)
from tuner.spec import Reader
from tuner.symptoms import (
    class_loss_rising,
    converged,
    diverging,
    fine_tuning,
    generalization_gap,
    metric_stalled,
    nan,
    negative_loss,
    noisy_validation,
    not_learning,
    oscillating,
    overfitting,
    periodic,
    premature_convergence,
    slow_convergence,
    slow_start,
    still_improving,
    stuck_after_first_epoch,
    too_early,
)


class Lazy(Mapping[str, Any]):
    """Plug-ins that are imported when one is asked for; each is given as ``module:name``.

    What checks their options takes as long to load as a curve takes to be read and diagnosed.
    """

    def __init__(self, **places: str) -> None:
        self._places = places

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = self._places[name].partition(":")
        return getattr(import_module(module), attribute)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


# In the order in which they are asked: the first sick one that is seen is the primary verdict.
SYMPTOMS: Mapping[str, SymptomPlugin] = {
    "nan": nan,
    "negative_loss": negative_loss,
    "diverging": diverging,
    "not_learning": not_learning,
    "stuck_after_first_epoch": stuck_after_first_epoch,
    "periodic": periodic,
    "oscillating": oscillating,
    "class_loss_rising": class_loss_rising,
    "generalization_gap": generalization_gap,
    "overfitting": overfitting,
    "metric_stalled": metric_stalled,
    "slow_start": slow_start,
    "premature_convergence": premature_convergence,
    "slow_convergence": slow_convergence,
    "noisy_validation": noisy_validation,
    "fine_tuning": fine_tuning,
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
    "more_augmentation": more_augmentation,
    "less_augmentation": less_augmentation,
    "larger_batch": larger_batch,
    "smaller_batch": smaller_batch,
    "other_optimizer": other_optimizer,
    "longer_warmup": longer_warmup,
    "shorter_warmup": shorter_warmup,
    "clip_gradients": clip_gradients,
    "no_mixed_precision": no_mixed_precision,
    "lower_class_loss_weight": lower_class_loss_weight,
    "shuffle": shuffle,
    "pretrained": pretrained,
    "train_longer": train_longer,
    "fewer_epochs": fewer_epochs,
}

TRAINERS = Lazy(
    torch="tuner.trainers.torch:TorchTrainer",
    ultralytics="tuner.trainers.ultralytics:UltralyticsTrainer",
    script="tuner.trainers.script:ScriptTrainer",
)

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

EXECUTORS = Lazy(
    local="tuner.executors.local:LocalExecutor",
    ray="tuner.executors.ray:RayExecutor",
    slurm="tuner.executors.slurm:SlurmExecutor",
)
