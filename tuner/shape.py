"""The shape of a curve in a few numbers, which the scorecards weigh."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tuner import shape_of_one
from tuner.curve import Curve, FloatArray, Kind, Series
from tuner.remarks import OF_CLASSES
from tuner.shape_of_one import LEAST, tail
from tuner.symptoms import trend

SERIES = {"train": "train loss", "val": "val loss", "score": "score"}

OF_ALL = {
    "gap": "val loss over train loss at the end",
    "gap_first": "val loss over train loss at first",
    "gap_growth": "logarithm of the gap at the end over that at first",
    "gap_best": "val loss over train loss where val loss was lowest",
    "train_since": "fall of train loss since val loss was lowest",
    "val_gain": "what val loss gained on the higher of the two first losses",
    "val_jumps": "jumps of val loss over those of train loss",
    "together": "how alike the steps of val loss and train loss are",
    "class_rise": "rise of the class loss over its lowest value",
    "other_rise": "rise of the other losses over their lowest value",
    "last_score": "last score",
    "score_gain": "last score less the first one",
    "score_moved": "change of the score over the last three fifths",
    "score_spread": "spread of the score over the last three fifths",
    "score_lost": "best score less the last one",
    "score_idle": "share of the rows since the score got better",
    "score_sure": "gain of the score in units of its noise",
    "train_idle": "fall of train loss since the score got better",
    "val_idle": "fall of val loss since the score got better",
    "rate_first": "power of ten of the first rate over its peak",
    "rate_peak": "share of the rows at which the rate was highest",
    "rate_quarter": "power of ten of the rate after a quarter of the rows over its peak",
    "rate_end": "power of ten of the rate at the end over its peak",
}
"""What is measured of the curve as a whole."""

KEYS = {s: {key: f"{s} {key}" for key in shape_of_one.NAMES} for s in SERIES}
OF_ONE = {KEYS[s][key]: name.format(of) for s, of in SERIES.items() for key, name in shape_of_one.NAMES.items()}
NAMES = OF_ONE | OF_ALL

FLOOR = 1e-6

GAIN = 0.015
"""What a score has to gain at least, as a share of 1, or of its level where it is none."""

FEWEST = 8
"""Values of a series of which it can be said since when it rests."""


def numbers(curve: Curve) -> Mapping[str, float]:
    """Return the numbers by their keys in ``NAMES``; what cannot be told is missing."""
    train, val = trend.clean(curve.train_loss), trend.clean(curve.val_loss)
    metric = trend.metric(curve)
    shares = trend.shares(metric)
    cost = -shares if len(shares) else trend.clean_cost(metric)
    found = _of_each({"train": train, "val": val, "score": cost})
    if len(train) >= LEAST and len(val) >= LEAST:
        found |= _of_both(train, val)
    if len(cost) >= FEWEST:
        least = GAIN * (1.0 if len(shares) else abs(trend.median(cost)))
        found |= _idle(cost, least, {"train": train, "val": val})
    return found | _of_score(shares) | _of_parts(curve) | _of_rate(curve)


def _of_each(costs: Mapping[str, FloatArray]) -> dict[str, float]:
    found: dict[str, float] = {}
    for length in {len(cost) for cost in costs.values() if len(cost) >= LEAST}:
        of_it = {series: cost for series, cost in costs.items() if len(cost) == length}
        measured = shape_of_one.numbers(np.stack(list(of_it.values())))
        for keys, numbers_of_one in zip((KEYS[series] for series in of_it), measured, strict=True):
            found.update((keys[key], value) for key, value in numbers_of_one.items())
    return found


def _of_both(train: FloatArray, val: FloatArray) -> dict[str, float]:
    first = max(float(train[0]), float(val[0]))
    low = int(trend.running_median(val, 3).argmin())
    at = min(len(train) - 1, low * len(train) // len(val))
    n = min(len(train), len(val))
    one, two = (loss[-n + 1 :] - loss[-n:-1] for loss in (val, train))
    power = math.sqrt(float(one @ one) * float(two @ two))
    gap = _over(trend.median(val[-5:]), trend.median(train[-5:]))
    return {
        "gap": gap,
        "gap_first": _over(float(val[0]), float(train[0])),
        "gap_growth": math.log(max(gap, FLOOR) / max(_over(trend.mean(val[:3]), trend.mean(train[:3])), FLOOR)),
        "gap_best": _over(float(val[low]), float(train[at])),
        "train_since": trend.ratio(float(train[at]) - trend.median(train[-5:]), abs(float(train[at]))),
        "val_gain": trend.ratio(first - trend.median(val[-5:]), abs(first)),
        "val_jumps": trend.ratio(_late_jumps(val), max(_late_jumps(train), 1e-4)),
        "together": float(one @ two) / power if power > 0 else 0.0,
    }


def _over(upper: float, lower: float) -> float:
    return trend.ratio(max(upper, FLOOR), max(lower, FLOOR))


def _late_jumps(loss: FloatArray) -> float:
    end = tail(loss)
    return trend.ratio(trend.jumps(end), abs(trend.median(end)))


def _of_score(score: FloatArray) -> dict[str, float]:
    """Return what is told by how good a score is, values [n] as shares of 1."""
    if len(score) < LEAST:
        return {}
    rest, fifth = score[2 * len(score) // 5 :], max(3, len(score) // 5)
    last = trend.median(score[-5:])
    return {
        "last_score": last,
        "score_gain": last - float(score[0]),
        "score_moved": trend.median(score[-fifth:]) - trend.median(rest[:fifth]),
        "score_spread": trend.deviation(rest),
        "score_lost": float(trend.running_median(score, 3).max()) - trend.median(score[-3:]),
    }


def _idle(score: FloatArray, least: float, losses: Mapping[str, FloatArray]) -> dict[str, float]:
    """Return since when a score, as a cost, has not got better, by how much it ever did, and what losses fell since."""
    n = len(score)
    smooth, noise = trend.running_median(score, 5), 2 * trend.jitter(score) + 1.01 * trend.one_sample(score)
    row = trend.last_gain(smooth, max(noise, least))
    gain = trend.ratio(float(score[0] - smooth.min()), max(noise / 2, least / 150))
    found = {"score_idle": (n - 1 - row) / n, "score_sure": max(-50.0, min(50.0, gain))}
    for key, loss in losses.items():
        if len(loss) >= FEWEST:
            at = row * len(loss) // n
            then, now = trend.median(loss[max(0, at - 1) : at + 2]), trend.median(loss[-3:])
            found[f"{key}_idle"] = max(-3.0, trend.ratio(then - now, max(abs(then), 1e-3 * abs(float(loss[0])), FLOOR)))
    return found


def _of_parts(curve: Curve) -> dict[str, float]:
    """Return how far the validation losses of the classes and of all else rose, where both are logged."""
    parts = [s for s in curve.of_kind(Kind.VAL_LOSS) if s is not curve.val_loss and len(s.finite) > 5]
    classes = [s for s in parts if OF_CLASSES.search(s.name)]
    others = [s for s in parts if s not in classes]
    if not classes or not others:
        return {}
    rises = [[_rise(s) for s in of if s.bounded.any()] for of in (classes, others)]
    return {"class_rise": max(rises[0]), "other_rise": max(rises[1])} if all(rises) else {}


def _rise(series: Series) -> float:
    smooth = trend.running_median(trend.clean(series), 3)
    lowest = float(smooth.min())
    return trend.ratio(trend.median(smooth[-3:]) - lowest, abs(lowest))


def _of_rate(curve: Curve) -> dict[str, float]:
    rates = [trend.clean(s) for s in curve.of_kind(Kind.LEARNING_RATE)]
    if not rates or len(rates[0]) < LEAST or rates[0].max() <= 0:
        return {}
    rate, peak = rates[0], float(rates[0].max())
    at = {"rate_first": rate[0], "rate_quarter": rate[len(rate) // 4], "rate_end": rate[-1]}
    found = {key: math.log10(max(float(value) / peak, 1e-12)) for key, value in at.items()}
    return found | {"rate_peak": float(rate.argmax()) / len(rate)}
