"""What every trial has logged and what is seen on it, cut to what a small chart can show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuner.config import StudyConfig
from tuner.curve import Curve, FloatArray, Series
from tuner.diagnosis import Symptom, diagnose
from tuner.plot import Line, is_log
from tuner.record import Record
from tuner.registry import SYMPTOMS
from tuner.spec import LogError

MOST_POINTS = 120
"""A small chart is some 300 pixels wide: more points than this are not seen."""


@dataclass(frozen=True)
class Seen:
    """The curve of a trial, empty where no log can be read, and its symptoms up to the ending, the primary first."""

    curve: Curve
    symptoms: tuple[Symptom, ...] = ()

    @property
    def verdict(self) -> Symptom | None:
        return self.symptoms[0] if self.symptoms else None

    def of(self, name: str) -> Symptom | None:
        return next((s for s in self.symptoms if s.name == name), None)


def look(config: StudyConfig, record: Record) -> Seen:
    """Return what is seen on a trial; never raises for what its log holds."""
    try:
        curve = config.read_log(record.number, record.planned_epochs)
    except (LogError, OSError):
        return Seen(Curve({}))
    ended = record.ending.epoch if record.ending else None
    judged = curve if ended is None else curve.until(ended)
    return Seen(curve, diagnose(judged, SYMPTOMS, config.symptom_options).symptoms)


def lines(curve: Curve) -> list[dict[str, Any]]:
    """Return the losses and the score as the page's script draws them; a value that is not finite is None."""
    drawn = [("train", "loss", curve.train_loss), ("val", "loss", curve.val_loss)]
    if curve.score is not None and all(curve.score is not s for _, _, s in drawn):
        drawn.append(("score", "score", curve.score))
    return [{"kind": kind, "panel": panel, **points(s)} for kind, panel, s in drawn if s is not None and len(s)]


def log_loss(curve: Curve) -> bool:
    """Return whether the losses are better read on a logarithmic axis."""
    losses = [Line(s.name, s, "") for s in (curve.train_loss, curve.val_loss) if s is not None and len(s.finite)]
    return bool(losses) and is_log(losses)


def points(series: Series) -> dict[str, Any]:
    """Return epochs and values, at most ``MOST_POINTS`` of them."""
    kept = thinned(series.values)
    epochs = [int(e) for e in series.epochs[kept]]
    even = len(epochs) > 2 and epochs == list(range(epochs[0], epochs[0] + len(epochs)))
    where = {"from": epochs[0]} if even else {"epochs": epochs}
    return {**where, "values": [rounded(float(v)) for v in series.values[kept]]}


def thinned(values: FloatArray) -> list[int]:
    """Return which values to draw: both ends, and the lowest and highest of each of equal stretches."""
    n = len(values)
    if n <= MOST_POINTS:
        return list(range(n))
    size = -(-n // (MOST_POINTS // 2 - 1))
    starts = np.arange(0, n, size)
    padding = np.full(len(starts) * size - n, np.nan)
    stretches = np.concatenate([values, padding]).reshape(len(starts), size)
    finite = np.isfinite(stretches)
    lows = starts + np.where(finite, stretches, np.inf).argmin(axis=1)
    highs = starts + np.where(finite, stretches, -np.inf).argmax(axis=1)
    return sorted({0, n - 1, *(int(i) for i in (*lows, *highs))})


def rounded(value: float | None) -> float | None:
    """Return ``value`` to 5 significant digits, None where it is not finite."""
    return float(f"{value:.5g}") if value is not None and math.isfinite(value) else None
