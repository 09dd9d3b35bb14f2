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

MODELS = ("mlp-xs", "mlp-s", "mlp-m", "cnn-s", "cnn-m", "cnn-l")
"""Smallest to largest."""

OPTIMIZERS = ("sgd", "rmsprop", "adam", "adamw")
LAST_FILE = "last.pt"
BEST_FILE = "best.pt"
LOG_FILE = "log.csv"
COLUMNS = ("epoch", "seconds", "learning_rate", "train/loss", "val/loss", "val/accuracy")
"""The header of the log."""


@dataclass(frozen=True)
class Parameters:
    """The hyperparameters of one training.

    ``momentum`` counts for sgd and rmsprop, the betas for adam and adamw; a ``grad_clip`` of 0 clips nothing.
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
    warmup_epochs: float = 0.0
    grad_clip: float = 0.0


KNOWN = tuple(f.name for f in fields(Parameters))
CHOICES = {"model": MODELS, "optimizer": OPTIMIZERS}
BELOW_ONE = ("dropout", "momentum", "beta1", "beta2")


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
    whole = {"batch": int(params["batch"])} if "batch" in params else {}
    return Parameters(**{**params, **whole})


def _check_value(name: str, value: Any) -> None:
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise ValueError(f"{name}: expected one of {', '.join(CHOICES[name])}, but got {value!r}")
    elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name}: expected a number, but got {value!r}")
    elif value < 0 or (name in BELOW_ONE and value >= 1):
        limit = "0 or more and below 1" if name in BELOW_ONE else "0 or more"
        raise ValueError(f"{name}: expected {limit}, but got {value!r}")
    elif name == "batch" and (value < 1 or value != int(value)):
        raise ValueError(f"batch: expected a whole number of 1 or more, but got {value!r}")
