"""What the built-in classifier can be told, hyperparameters with their defaults and limits, and what it leaves behind.

Imports neither torch nor pydantic, so that the driver can check a search space with it and a trial's process can
refuse a wrong one within milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from tuner.errors import did_you_mean

RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101")
MODELS = ("mlp-xs", "mlp-s", "mlp-m", "cnn-s", "cnn-m", "cnn-l", *RESNETS)
"""Smallest to largest."""

OPTIMIZERS = ("sgd", "rmsprop", "adam", "adamw")
SCHEDULES = ("cosine", "constant", "step")
DIGITS = "digits"
LAST_FILE = "last.pt"
BEST_FILE = "best.pt"
LOG_FILE = "log.csv"
METRICS = ("val/accuracy", "val/balanced_accuracy", "val/f1")
LOSSES = ("train/loss", "train/regulariser", "train/total", "val/loss")
COLUMNS = ("epoch", "seconds", "learning_rate", *LOSSES, *METRICS)
"""The header of the log."""


@dataclass(frozen=True)
class Parameters:
    """The hyperparameters of one training.

    ``momentum`` counts for sgd and rmsprop, the betas for adam and adamw; a ``grad_clip`` of 0 clips nothing.
    ``head_epochs`` train the last layer alone, ``ema`` is the decay of the averaged weights that are scored (0: none).
    From 0 to 1: ``oversample`` (1: all classes equally often), ``class_weights`` (1: all count the same in the loss),
    ``augmentation``. ``pretrained`` counts where there are weights to start from.
    """

    lr: float = 0.1
    batch: int = 64
    weight_decay: float = 1e-4
    model: str = "mlp-s"
    dropout: float = 0.0
    optimizer: str = "sgd"
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    schedule: str = "cosine"
    warmup_epochs: float = 0.0
    head_epochs: int = 0
    grad_clip: float = 0.0
    ema: float = 0.0
    label_smoothing: float = 0.0
    class_weights: float = 0.0
    oversample: float = 0.0
    augmentation: float = 0.0
    pretrained: bool = True


KNOWN = tuple(f.name for f in fields(Parameters))
CHOICES = {"model": MODELS, "optimizer": OPTIMIZERS, "schedule": SCHEDULES}
BELOW_ONE = ("dropout", "momentum", "beta1", "beta2", "ema", "label_smoothing")
UP_TO_ONE = ("class_weights", "oversample", "augmentation")
WHOLE = {"batch": 1, "head_epochs": 0}
"""Whole numbers, with the smallest that makes sense."""


def check_names(names: Iterable[str]) -> None:
    """Raise ValueError where a name is not among the known parameters."""
    for name in sorted(set(names) - set(KNOWN)):
        hint = did_you_mean(name, KNOWN)
        known = "" if "known:" in hint else f" (known: {', '.join(KNOWN)})"
        raise ValueError(f"unknown parameter '{name}'{hint}{known}")


def parse(params: Mapping[str, Any]) -> Parameters:
    """Return ``params`` with defaults filled in; raises ValueError naming the parameter that cannot be used."""
    check_names(params)
    for name, value in params.items():
        _check_value(name, value)
    return Parameters(**{**params, **{name: int(params[name]) for name in WHOLE if name in params}})


def _check_value(name: str, value: Any) -> None:
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise ValueError(f"{name}: expected one of {', '.join(CHOICES[name])}, but got {value!r}")
    elif name == "pretrained":
        if not isinstance(value, bool):
            raise ValueError(f"{name}: expected true or false, but got {value!r}")
    elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name}: expected a number, but got {value!r}")
    elif name in WHOLE:
        if value < WHOLE[name] or value != int(value):
            raise ValueError(f"{name}: expected a whole number of {WHOLE[name]} or more, but got {value!r}")
    elif limit := _broken_limit(name, value):
        raise ValueError(f"{name}: expected {limit}, but got {value!r}")


def _broken_limit(name: str, value: float) -> str:
    """Return in words the limits of a parameter that ``value`` does not keep; nothing where it keeps them."""
    if name in BELOW_ONE:
        return "" if 0 <= value < 1 else "0 or more and below 1"
    if name in UP_TO_ONE:
        return "" if 0 <= value <= 1 else "a number from 0 to 1"
    return "" if value >= 0 else "0 or more"
