"""The shape of a curve in a few numbers, which the scorecard weighs."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tuner.curve import Curve, FloatArray, Kind
from tuner.symptoms import trend

OF_ONE = {
    "fall": "fall of {} as a share of its first value",
    "rise": "rise of {} over its best value",
    "jumps": "jumps of {} as a share of its level",
    "spread": "spread of {} at the end as a share of its level",
    "half": "change of {} over the last half",
    "fifth": "change of {} over the last fifth",
    "first_step": "share of the change of {} that its first step made",
    "late": "share of the change of {} that was done at 90 % of the rows",
    "wait": "share of the rows before {} moved",
}
"""What is measured of each of the three series, by key."""

SERIES = {"train": "train loss", "val": "val loss", "score": "score"}

OF_ALL = {
    "gap": "val loss over train loss at the end",
    "val_jumps": "jumps of val loss over those of train loss",
    "rows": "rows",
    "first_score": "first score",
    "best_score": "best score",
    "rate_quarter": "power of ten of the rate after a quarter of the rows over its peak",
    "rate_end": "power of ten of the rate at the end over its peak",
}
"""What is measured of the curve as a whole."""

NAMES = {f"{series} {key}": name.format(of) for series, of in SERIES.items() for key, name in OF_ONE.items()} | OF_ALL

LEAST = 4
"""Values that a series must have to have a shape."""


def numbers(curve: Curve) -> Mapping[str, float]:
    """Return the numbers by their keys in ``NAMES``; what cannot be told is missing."""
    train, val = trend.clean(curve.train_loss), trend.clean(curve.val_loss)
    metric = trend.metric(curve)
    found: dict[str, float] = {"rows": float(curve.length)}
    for series, cost in (("train", train), ("val", val), ("score", trend.clean_cost(metric))):
        if len(cost) >= LEAST:
            found.update((f"{series} {key}", value) for key, value in of_one(cost).items())
    if len(train) >= LEAST and len(val) >= LEAST:
        found["gap"] = trend.ratio(trend.median(val[-5:]), abs(trend.median(train[-5:])))
        found["val_jumps"] = trend.ratio(_late_jumps(val), max(_late_jumps(train), 1e-4))
    score = trend.shares(metric)
    if len(score):
        found["first_score"], found["best_score"] = float(score[0]), float(score.max())
    return found | _rates(curve)


def of_one(cost: FloatArray) -> dict[str, float]:
    """Return the numbers of a series as something to minimise, values [n] with n >= ``LEAST``."""
    n, first = len(cost), float(cost[0])
    smooth = trend.running_median(cost, 3)
    last = trend.median(cost[-max(1, min(5, n // 10 + 1)) :])
    lowest, fall = float(cost.min()), first - last
    end = _end(cost)
    return {
        "fall": trend.ratio(fall, abs(first)),
        "rise": trend.ratio(last - lowest, abs(lowest)),
        "jumps": trend.ratio(trend.jumps(cost), abs(trend.median(cost))),
        "spread": trend.ratio(float(end.max() - end.min()), abs(trend.median(end))),
        "half": trend.share_of_change(cost[-max(5, n // 2) :]),
        "fifth": trend.share_of_change(cost[-max(5, n // 5) :]),
        "first_step": _done(smooth, 1, first, fall),
        "late": _done(smooth, int(0.9 * n), first, fall),
        "wait": _wait(smooth, first, fall),
    }


def _end(cost: FloatArray) -> FloatArray:
    return cost[-max(8, len(cost) // 3) :]


def _late_jumps(loss: FloatArray) -> float:
    end = _end(loss)
    return trend.ratio(trend.jumps(end), abs(trend.median(end)))


def _done(smooth: FloatArray, row: int, first: float, fall: float) -> float:
    """Return which share of the whole change is done at a row."""
    done = first - float(smooth[min(len(smooth) - 1, row)])
    return math.copysign(min(5.0, abs(done) / max(abs(fall), 1e-9)), done * fall)


def _wait(smooth: FloatArray, first: float, fall: float) -> float:
    """Return the share of the rows that passed before a tenth of the fall was done; 1 where nothing fell."""
    below = smooth < first - 0.1 * fall
    return float(np.argmax(below)) / len(smooth) if fall > 0 and below.any() else 1.0


def _rates(curve: Curve) -> dict[str, float]:
    rates = [trend.clean(s) for s in curve.of_kind(Kind.LEARNING_RATE)]
    if not rates or len(rates[0]) < LEAST or rates[0].max() <= 0:
        return {}
    rate, peak = rates[0], float(rates[0].max())
    at = {"rate_quarter": rate[len(rate) // 4], "rate_end": rate[-1]}
    return {key: math.log10(max(float(value) / peak, 1e-12)) for key, value in at.items()}
